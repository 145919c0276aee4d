from __future__ import annotations

import csv
import errno
import json
import os
import signal
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from facetoon.edge_runtime.framing import Framing
from facetoon.training.__main__ import main
from facetoon.training.pictures.headers import picture_size
from facetoon.training.pictures.images import load_dataset

ROOT = Path(__file__).parents[3]


def variants(portrait, count):
    """So many different photographs of the same face: moved, tilted, lit and with another background."""
    random = np.random.default_rng(3)
    for number in range(count):
        turn = cv2.getRotationMatrix2D((224, 128), random.uniform(-12, 12), random.uniform(0.8, 1.1))
        turn[:, 2] += random.uniform(20, 60, 2)
        shade = tuple(random.integers(40, 200, 3).tolist())
        picture = cv2.warpAffine(portrait, turn, (420, 360), borderValue=shade)
        stripe = int(random.integers(0, 300))
        picture[stripe : stripe + 60] = np.clip(picture[stripe : stripe + 60] * random.uniform(0.5, 1.5), 0, 255)
        yield number, np.clip(picture * random.uniform(0.7, 1.2), 0, 255).astype(np.uint8)


def turned(portrait, degrees):
    """The face as if the head were an ellipsoid that turned, to the right of the picture for positive degrees."""
    y, x = np.mgrid[: portrait.shape[0], : portrait.shape[1]].astype(np.float64)
    half_px, angle = 55.0, np.radians(degrees)
    right, down = (x - 222) / half_px, (y - 112) / 81
    depth = 1 - right**2 - down**2
    from_right = right * np.cos(angle) - np.sqrt(depth.clip(0)) * np.sin(angle)
    places = x + (depth * 6).clip(0, 1) * (from_right - right) * half_px
    return cv2.remap(portrait, places.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR)


@pytest.fixture(scope="session")
def photos(portrait, tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepare") / "Fotos mit Lücke 顔"
    folder.mkdir()
    for number, picture in variants(portrait, 6):
        (folder / f"é {number}.jpg").write_bytes(cv2.imencode(".jpg", picture)[1])
    return folder


def prepare(*options):
    return main(["prepare", "--jobs", "1", *map(str, options)])


def read_manifest(out):
    with (out / "manifest.csv").open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        return list(csv.DictReader(file))


def reasons(out):
    return {Path(line["file"]).name: line["reason"] for line in read_manifest(out)}


# The same face six times is what near-duplicates are, and the drawn heads are small: most tests take both.
LOOSE = (
    *("--set", "prepare.duplicate_bits=0"),
    *("--set", "prepare.test_share=0.5"),
    *("--set", "prepare.min_side_px=32"),
)


def test_photographs_and_cartoons_become_a_data_set(photos, drawn, tmp_path, capsys):
    out = tmp_path / "out"
    assert prepare("--photos", photos, "--cartoons", drawn / "cartoons", "--out", out, *LOOSE) == 0
    printed = capsys.readouterr().out
    assert "6 photographs" in printed
    lines = read_manifest(out)
    assert len(lines) == 30
    assert {line["reason"] for line in lines if line["domain"] == "A"} == {""}
    for line in lines:
        if line["place"]:
            assert cv2.imread(str(out / line["place"] / line["crop"])).shape == (128, 128, 3)
    report = (out / "report.html").read_text("utf-8")
    assert "http" not in report.replace("http-equiv", "")  # self-contained
    assert json.loads((out / "report.json").read_text("utf-8"))["domains"]["A"]["files"] == 6
    assert not list(out.glob("**/*.partial"))
    assert not (out / ".prepare" / "unfinished").exists()


def test_crops_are_framed_as_the_device_frames_them(photos, tmp_path):
    from facetoon.training.detectors import open_detector

    prepare("--photos", photos, "--out", tmp_path / "out", *LOOSE)
    framing, detector = Framing(), open_detector("device")
    crops = [cv2.imread(str(path)) for path in (tmp_path / "out").glob("t*A/*.png")]
    assert len(crops) == 6
    for crop in crops:
        (found, *_) = detector.detect(crop)
        assert found.face.centre_x_px == pytest.approx(63.5, abs=8)
        assert found.face.centre_y_px == pytest.approx(128 * framing.face_centre_y, abs=8)
        assert found.face.height_px == pytest.approx(128 * framing.face_height, rel=0.12)
        assert abs(found.face.roll_deg) < 6


def test_the_framing_may_be_a_models(photos, tiny_model, tmp_path):
    from facetoon.edge_runtime.spec import read_model

    framing = read_model(tiny_model)[1].framing
    assert prepare("--photos", photos, "--out", tmp_path / "out", *LOOSE, "--framing-of", tiny_model) == 0
    settings = json.loads((tmp_path / "out" / "report.json").read_text())["settings"]
    assert (settings["face_height"], settings["face_centre_y"]) == (framing.face_height, framing.face_centre_y)


def test_every_fault_has_its_reason(portrait, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    face = portrait[:300, 60:400]
    pictures = {
        "good.png": face,
        "plain.png": np.full((200, 200, 3), 128, np.uint8),
        "tiny.png": cv2.resize(face, (40, 40)),
        "small face.png": cv2.resize(face, (100, 90), interpolation=cv2.INTER_AREA),
        "dark.png": (face * 0.27).astype(np.uint8),
        "blurred.png": cv2.GaussianBlur(face, (0, 0), 6),
        "copy.jpg": cv2.resize(face, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA),
    }
    for name, picture in pictures.items():
        cv2.imwrite(str(folder / name), picture)
    (folder / "words.jpg").write_text("no picture")
    (folder / "half.jpg").write_bytes(cv2.imencode(".jpg", face)[1].tobytes()[:9000])
    (folder / "half.png").write_bytes((folder / "good.png").read_bytes()[:90000])
    odd = os.fsdecode(b"copy \xff.jpg")  # no UTF-8, as old archives have them
    (folder / "copy.jpg").rename(folder / odd)
    (folder / "empty.png").write_bytes(b"")
    (folder / "again.png").write_bytes((folder / "good.png").read_bytes())
    (folder / "__MACOSX").mkdir()
    (folder / "__MACOSX" / "._good.png").write_bytes(b"\0\5\x16\7")  # what macOS adds to zip files; no picture
    out = tmp_path / "out"
    assert prepare("--photos", folder, "--out", out) == 0
    found = reasons(out)
    assert found.pop("again.png") + found.pop("good.png") == "duplicate"  # either may be the first
    assert found == {
        "plain.png": "no face",
        "tiny.png": "too small",
        "small face.png": "face too small",
        "dark.png": "too dark",
        "blurred.png": "blurred",
        odd: "near-duplicate",
        "half.jpg": "unreadable",
        "half.png": "unreadable",
        "words.jpg": "unreadable",
        "empty.png": "unreadable",
    }


@pytest.mark.parametrize("turn_deg", [-50, 60])
def test_a_face_that_looks_aside_is_a_profile(portrait, tmp_path, turn_deg):
    """At 50 degrees the device's detector finds the face, and its turn is measured; at 60 it finds none.

    A bent photograph lacks the far side of a real head, so the limits are lower than the recipe's.
    """
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name, degrees in (("ahead", 0), ("a little", -20 if turn_deg < 0 else 20), ("aside", turn_deg)):
        cv2.imwrite(str(folder / f"{name}.png"), turned(portrait, degrees)[:300, 60:400])
    limits = ("--set", "prepare.max_turn=0.18", "--set", "prepare.profile_hits=6")
    assert prepare("--photos", folder, "--out", out, "--set", "prepare.duplicate_bits=0", *limits) == 0
    assert reasons(out) == {"ahead.png": "", "a little.png": "", "aside.png": "profile"}
    measured = {Path(line["file"]).stem: line["turn"] for line in read_manifest(out)}
    assert float(measured["a little"]) * turn_deg > 0
    assert (measured["aside"] == "") == (turn_deg == 60)


def test_one_crop_for_each_face_or_none_for_several(portrait, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    face = portrait[:300, 60:400]
    smaller = cv2.copyMakeBorder(cv2.resize(face, (306, 270)), 0, 30, 0, 0, cv2.BORDER_REPLICATE)
    cv2.imwrite(str(folder / "two.png"), np.hstack([face, smaller]))
    loose = ("--set", "prepare.duplicate_bits=0")
    assert prepare("--photos", folder, "--out", tmp_path / "all", "--set", "prepare.faces=all", *loose) == 0
    lines = read_manifest(tmp_path / "all")
    assert [bool(line["place"]) for line in lines] == [True, True]
    assert len({line["place"] for line in lines}) == 1  # one picture, one side
    assert prepare("--photos", folder, "--out", tmp_path / "one") == 0
    assert len(read_manifest(tmp_path / "one")) == 1
    assert prepare("--photos", folder, "--out", tmp_path / "single", "--set", "prepare.faces=single") == 2


def test_the_split_holds_when_files_are_added(photos, portrait, tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for path in sorted(photos.iterdir())[:3]:
        (folder / path.name).write_bytes(path.read_bytes())
    prepare("--photos", folder, "--out", out, *LOOSE)
    before = {line["sha256"]: line["place"] for line in read_manifest(out)}
    for path in sorted(photos.iterdir())[3:]:
        (folder / path.name).write_bytes(path.read_bytes())
    assert prepare("--photos", folder, "--out", out, *LOOSE) == 0
    after = {line["sha256"]: line["place"] for line in read_manifest(out)}
    assert len(after) == 6
    assert before.items() <= after.items()
    prepare("--photos", folder, "--out", tmp_path / "fresh", *LOOSE)
    assert after == {line["sha256"]: line["place"] for line in read_manifest(tmp_path / "fresh")}


def test_a_person_is_on_one_side(photos, tmp_path):
    options = ("--set", "prepare.identity_pattern='^(.)'")
    prepare("--photos", photos, "--out", tmp_path / "out", *LOOSE, *options)
    assert len({line["place"] for line in read_manifest(tmp_path / "out")}) == 1


@pytest.mark.slow
def test_a_killed_run_goes_on(photos, tmp_path):
    """Killed in the middle, and with half a line in its journal; the second run judges only what is missing."""
    out = tmp_path / "out"
    command = [
        sys.executable,
        "-m",
        "facetoon.training",
        "prepare",
        "--jobs",
        "1",
        "--photos",
        str(photos),
        "--out",
        str(out),
    ]
    process = subprocess.Popen([*command, *LOOSE], cwd=ROOT, stderr=subprocess.DEVNULL)
    journal = out / ".prepare" / "journal.jsonl"
    deadline = time.monotonic() + 60
    while not (journal.exists() and journal.read_bytes().count(b"\n") >= 3) and time.monotonic() < deadline:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:3]) + lines[2][:40])
    assert prepare("--photos", photos, "--out", out, *LOOSE) == 0
    lines = journal.read_bytes().splitlines()
    assert len(lines) == 7
    assert len({json.loads(line)["file"]["member"] for line in lines[1:]}) == 6
    assert len(list(out.glob("t*A/*.png"))) == 6


def test_a_crop_cut_short_is_made_again(photos, tmp_path):
    out = tmp_path / "out"
    prepare("--photos", photos, "--out", out, *LOOSE)
    crop = next(out.glob("t*A/*.png"))
    whole = crop.read_bytes()
    crop.write_bytes(whole[:100])
    assert prepare("--photos", photos, "--out", out, *LOOSE) == 0
    assert crop.read_bytes() == whole


def test_a_full_disk_is_one_sentence_and_the_next_run_goes_on(photos, tmp_path, monkeypatch, capsys):
    out, replace, left = tmp_path / "out", os.replace, [2]

    def full(source, target):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    assert prepare("--photos", photos, "--out", out, *LOOSE) == 2
    assert "is full" in capsys.readouterr().err
    assert not list(out.glob("**/*.partial"))
    assert main(["cyclegan", "--dataset", str(out), "--run", str(tmp_path / "run")]) == 2
    assert "not finished" in capsys.readouterr().err
    monkeypatch.undo()
    assert prepare("--photos", photos, "--out", out, *LOOSE) == 0
    assert len(list(out.glob("t*A/*.png"))) == 6


def test_processes_give_the_same_as_one(photos, tmp_path):
    prepare("--photos", photos, "--out", tmp_path / "one", *LOOSE)
    assert main(["prepare", "--jobs", "2", "--photos", str(photos), "--out", str(tmp_path / "two"), *LOOSE]) == 0
    one, two = (tmp_path / name for name in ("one", "two"))
    assert (one / "manifest.csv").read_bytes() == (two / "manifest.csv").read_bytes()


def test_a_huge_picture_is_refused_or_read_small(tmp_path, photos):
    """100 megapixels: a PNG header that says so, and a baseline JPEG, which shrinks while it is decoded."""
    folder = tmp_path / "in"
    folder.mkdir()
    header = b"IHDR" + struct.pack(">IIBBBBB", 10_000, 10_000, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    (folder / "huge.png").write_bytes(png)
    (folder / "large.jpg").write_bytes(cv2.imencode(".jpg", np.full((2000, 2000, 3), 90, np.uint8))[1])
    (folder / "face.jpg").write_bytes(next(photos.iterdir()).read_bytes())
    out = tmp_path / "out"
    assert prepare("--photos", folder, "--out", out, "--set", "prepare.max_megapixels=1.0") == 0
    assert reasons(out) == {"huge.png": "too large", "large.jpg": "no face", "face.jpg": ""}
    large = next(line for line in read_manifest(out) if line["file"] == "large.jpg")
    assert (large["width_px"], large["height_px"]) == ("2000", "2000")


@pytest.mark.parametrize("kind", [".jpg", ".png", ".webp"])
def test_headers_tell_the_size(kind):
    data = cv2.imencode(kind, np.zeros((33, 57, 3), np.uint8))[1].tobytes()
    assert picture_size(data)[:2] == (57, 33)
    assert picture_size(data[:12]) is None
    lossless = cv2.imencode(".webp", np.zeros((33, 57, 3), np.uint8), (cv2.IMWRITE_WEBP_QUALITY, 101))[1].tobytes()
    assert picture_size(lossless)[:2] == (57, 33)


def broken_zip(tmp_path):
    path = tmp_path / "broken.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", b"x" * 1000)
    path.write_bytes(path.read_bytes()[:500])
    return path


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (lambda p: ["--photos", p / "none", "--out", p / "out"], "neither a folder nor a zip"),
        (lambda p: ["--photos", broken_zip(p), "--out", p / "out"], "is damaged"),
        (
            lambda p: ["--photos", p / "cartoons", "--out", p / "out"],
            "None of 24 photographs is usable \\(24 too small",
        ),
        (lambda p: ["--photos", p / "cartoons", "--out", p], "is not empty"),
        (lambda p: ["--photos", p, "--out", p / "out"], "lies inside the source"),
        (lambda p: ["--photos", p / "cartoons", "--out", p / "picture.png" / "out"], "cannot be written"),
        (lambda p: ["--out", p / "out"], "Give --photos or --cartoons"),
        (lambda p: ["--check", p / "cartoons"], "has no folder trainA"),
        (lambda p: ["--photos", p / "cartoons", "--out", p / "out", "--detector", "yunet"], "needs its file"),
        (lambda p: ["--photos", p / "cartoons", "--out", p / "o", "--detector-model", "x"], "takes no model file"),
        (
            lambda p: [
                "--photos",
                p / "cartoons",
                "--out",
                p / "o",
                "--detector",
                "yunet",
                "--detector-model",
                p / "x.onnx",
            ],
            "not an ONNX file|onnx is missing",
        ),
        (
            lambda p: ["--cartoons", p / "cartoons", "--out", p / "o", "--cartoon-detector", p / "x.xml"],
            "is no cascade",
        ),
        (
            lambda p: ["--photos", p / "cartoons", "--out", p / "o", "--set", "prepare.faces=some"],
            "prepare.faces must be",
        ),
        (
            lambda p: ["--photos", p / "cartoons", "--out", p / "o", "--set", "prepare.identity_pattern='('"],
            "is no pattern",
        ),
    ],
)
def test_bad_input_is_one_sentence(drawn, tmp_path, capfd, options, message):
    import re

    (tmp_path / "cartoons").symlink_to(drawn / "cartoons")
    (tmp_path / "picture.png").write_bytes(next((drawn / "cartoons").iterdir()).read_bytes())
    assert prepare(*options(tmp_path)) == 2
    error = capfd.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("toon-train: ")
    assert re.search(message, error)


def test_other_settings_are_refused(photos, tmp_path, capsys):
    prepare("--photos", photos, "--out", tmp_path / "out", *LOOSE)
    assert prepare("--photos", photos, "--out", tmp_path / "out", *LOOSE, "--set", "prepare.size_px=64") == 2
    assert "other settings (size_px 128 there, 64 asked for)" in capsys.readouterr().err


def test_grey_pictures_are_kept_up_to_their_share(drawn, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number, path in enumerate(sorted((drawn / "cartoons").iterdir())[:12]):
        picture = cv2.imread(str(path))
        grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        cv2.imwrite(str(folder / path.name), cv2.resize(grey if number < 6 else picture, (96, 96)))
    options = ("--set", "prepare.duplicate_bits=0", "--set", "prepare.max_grey_share=0.25")
    assert prepare("--cartoons", folder, "--out", tmp_path / "out", *options) == 0
    assert sorted(reasons(tmp_path / "out").values()).count("grey beyond the share") == 4


def layout(folder, photos):
    for part in ("train", "test"):
        (folder / f"{part}A").mkdir(parents=True)
    for number, path in enumerate(sorted(photos.glob("t*A/*.png"))):
        (folder / ("testA" if number < 2 else "trainA") / path.name).write_bytes(path.read_bytes())


def test_check_names_a_leak_and_changes_nothing(photos, tmp_path, capsys):
    prepare("--photos", photos, "--out", tmp_path / "out", *LOOSE)
    layout(tmp_path / "set", tmp_path / "out")
    leak = next((tmp_path / "set" / "testA").iterdir())
    picture = cv2.imread(str(leak))
    cv2.imwrite(str(tmp_path / "set" / "trainA" / "leak.png"), cv2.convertScaleAbs(picture, alpha=0.95, beta=4))
    before = sorted(tmp_path.glob("set/*/*"))
    options = ("--set", "prepare.duplicate_bits=10")
    assert prepare("--check", tmp_path / "set", "--out", tmp_path / "judged", *options) == 1
    assert "1 near-duplicate across the split" in capsys.readouterr().out
    assert sorted(tmp_path.glob("set/*/*")) == before
    assert reasons(tmp_path / "judged")["leak.png"] == "near-duplicate across the split"
    (tmp_path / "set" / "trainA" / "leak.png").unlink()
    assert prepare("--check", tmp_path / "set", *options) == 0
    assert "Faces fill 0.7" in capsys.readouterr().out


def test_a_data_set_is_read_as_it_is_split(photos, tmp_path):
    out = tmp_path / "out"
    prepare("--photos", photos, "--out", out, *LOOSE)
    train, test = load_dataset(str(out), "A", 32)
    assert len(train) == len(list(out.glob("trainA/*.png")))
    assert len(test) == len(list(out.glob("testA/*.png")))
    assert train.images.shape[1:] == (32, 32, 3)


@pytest.mark.slow
def test_cyclegan_takes_a_prepared_data_set(photos, drawn, tmp_path, small, capsys):
    out, run = tmp_path / "out", tmp_path / "run"
    prepare("--photos", photos, "--cartoons", drawn / "cartoons", "--out", out, *LOOSE)
    arguments = ["cyclegan", "--dataset", str(out), "--run", str(run), *small, "--set", "steps=2"]
    assert main(arguments) == 0
    data = json.loads((run / "config.json").read_text())["data"]
    assert data["photos"]["train_images"] == len(list(out.glob("trainA/*.png")))
    assert main([*arguments, "--photos", str(photos)]) == 2
    assert "but not both" in capsys.readouterr().err


@pytest.mark.shared_data
def test_yunet_prepares_too(shared_data, photos, tmp_path):
    yunet = ("--detector", "yunet", "--detector-model", shared_data / "nets" / "yunet_n_dynamic.onnx")
    assert prepare("--photos", photos, "--out", tmp_path / "out", *LOOSE, *yunet) == 0
    lines = read_manifest(tmp_path / "out")
    assert all(line["place"] for line in lines)
    assert all(abs(float(line["turn"])) < 0.3 for line in lines)
