from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from facetoon.training.__main__ import main


@pytest.mark.slow
def test_a_killed_run_goes_on(photos, tmp_path, prepare, loose):
    """A run is killed and leaves half a line in its journal; the second run crops only the missing files."""
    out = tmp_path / "out"
    command = [sys.executable, "-m", "facetoon.training", "prepare", "--jobs", "1", "--photos", str(photos)]
    process = subprocess.Popen([*command, "--out", str(out), *loose], stderr=subprocess.DEVNULL)
    journal = out / ".prepare" / "journal.jsonl"
    deadline = time.monotonic() + 180
    while not (journal.exists() and journal.read_bytes().count(b"\n") >= 3):
        assert time.monotonic() < deadline, "no two pictures in three minutes"
        assert process.poll() is None, "it ended by itself"
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:3]) + lines[2][:40])
    assert prepare("--photos", photos, "--out", out, *loose) == 0
    lines = journal.read_bytes().splitlines()
    assert len(lines) == 7
    assert len({json.loads(line)["file"]["member"] for line in lines[1:]}) == 6
    assert len(list(out.glob("t*A/*.png"))) == 6


def test_a_crop_cut_short_is_made_again(photos, tmp_path, prepare, loose):
    out = tmp_path / "out"
    prepare("--photos", photos, "--out", out, *loose)
    crop = next(out.glob("t*A/*.png"))
    whole = crop.read_bytes()
    crop.write_bytes(whole[:100])
    assert prepare("--photos", photos, "--out", out, *loose) == 0
    assert crop.read_bytes() == whole


def test_a_full_disk_is_one_sentence_and_the_next_run_goes_on(photos, tmp_path, monkeypatch, capsys, prepare, loose):
    out, replace, left = tmp_path / "out", os.replace, [2]

    def full(source, target):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    assert prepare("--photos", photos, "--out", out, *loose) == 2
    assert "is full" in capsys.readouterr().err
    assert not list(out.glob("**/.partial-*"))
    assert main(["cyclegan", "--dataset", str(out), "--run", str(tmp_path / "run")]) == 2
    assert "not finished" in capsys.readouterr().err
    monkeypatch.undo()
    assert prepare("--photos", photos, "--out", out, *loose) == 0
    assert len(list(out.glob("t*A/*.png"))) == 6


def test_other_settings_are_refused(photos, tmp_path, capsys, prepare, loose):
    prepare("--photos", photos, "--out", tmp_path / "out", *loose)
    assert prepare("--photos", photos, "--out", tmp_path / "out", *loose, "--set", "prepare.size_px=64") == 2
    assert "other settings (size_px 128 there, 64 asked for)" in capsys.readouterr().err


def test_what_a_killed_run_left_half_written_goes(photos, tmp_path, prepare, loose):
    """Partial files have the present name or the name of facetoon 0.1."""
    out = tmp_path / "out"
    prepare("--photos", photos, "--out", out, *loose)
    leftovers = [out / "trainA" / ".partial-a.png", out / ".prepare" / "cropsA" / "b.png.partial"]
    for path in leftovers:
        path.write_bytes(b"half")
    assert prepare("--photos", photos, "--out", out, *loose) == 0
    assert not [path for path in leftovers if path.exists()]
