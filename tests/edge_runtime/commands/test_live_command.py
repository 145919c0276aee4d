"""toon-live as its users run it: a real process, real files, real signals."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import cv2
import pytest

PATIENCE = float(os.environ.get("PATIENCE", "1"))  # an emulated processor takes many times as long
TOON_LIVE = [sys.executable, "-m", "facetoon.edge_runtime"]


def run(*arguments, **options):
    command = [*TOON_LIVE, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60 * PATIENCE, **options)


def frames_of(path):
    video = cv2.VideoCapture(str(path))
    frames = []
    while (read := video.read())[0]:
        frames.append(read[1])
    return frames


def test_headless_run_records_every_frame_with_its_face_replaced(tmp_path, film, demo_frames):
    out = tmp_path / "out.mp4"
    done = run("--source", film, "--headless", "--record", out)
    assert done.returncode == 0, done.stderr
    assert "60 frames in" in done.stdout
    assert "0 dropped" in done.stdout
    for stage in ("decode", "detect", "crop", "to_tensor", "infer", "to_image", "steady", "paste", "encode", "latency"):
        assert re.search(rf"^{stage} +\d+\.\d+ +\d+\.\d+$", done.stdout, re.MULTILINE), stage
    recorded = frames_of(out)
    assert len(recorded) == 60
    for before, after in zip(demo_frames, recorded, strict=True):
        difference = cv2.absdiff(before, after).mean(axis=2)
        assert difference.max() > 60  # the face
        assert difference[400:, :100].mean() < 6  # a corner that no face reaches: codec noise alone


def test_frame_limit_ends_the_endless_demo():
    done = run("--headless", "--frames", 12)
    assert done.returncode == 0, done.stderr
    assert "12 frames in" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_within_a_second_and_the_recording_plays(tmp_path, number):
    out = tmp_path / "out.mp4"
    process = subprocess.Popen(
        [*TOON_LIVE, "--port", "0", "--record", str(out)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        url = re.search(r"http://\S+", process.stdout.readline())[0]
        frames = 0
        while frames < 4:
            with urllib.request.urlopen(f"{url}/api/state", timeout=10) as answer:
                frames = json.load(answer)["frames"]
        with urllib.request.urlopen(f"{url}/stream.mjpg", timeout=10) as viewer:
            viewer.read(1000)
            process.send_signal(number)
            output, errors = process.communicate(timeout=3 * PATIENCE)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    frames = int(re.search(r"(\d+) frames in", output)[1])
    assert len(frames_of(out)) == frames > 3


def bad_cases(tmp_path, film, tiny_model):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "cut.tflite").write_bytes(tiny_model.read_bytes()[:900])
    (tmp_path / "foreign.tflite").write_bytes(b"\x1c\x00\x00\x00TFL3" + bytes(500))
    flipped = bytearray(tiny_model.read_bytes())
    flipped[1000] ^= 4
    (tmp_path / "flipped.tflite").write_bytes(flipped)
    return {
        "camera": (["--source", "97"], "no camera 97"),
        "missing": (["--source", tmp_path / "no.mp4"], "does not exist"),
        "empty video": (["--source", tmp_path / "empty.mp4"], "not a video that can be read"),
        "no pictures": (["--source", tmp_path / "empty"], "holds no pictures"),
        "truncated model": (["--model", tmp_path / "cut.tflite"], "carries no facetoon spec"),
        "foreign model": (["--model", tmp_path / "foreign.tflite"], "carries no facetoon spec"),
        "hash": (["--model", tmp_path / "flipped.tflite"], "hash differs"),
        "record": (["--source", film, "--headless", "--record", tmp_path / "no" / "x.mp4"], "does not exist"),
        "record kind": (["--source", film, "--headless", "--record", tmp_path / "x.gif"], "is an .mp4 file"),
        "port": (["--port", "70000"], "from 0 to 65535"),
        "host": (["--host", "203.0.113.7", "--port", "0"], "cannot listen on 203.0.113.7:0"),
        "frames": (["--frames", "0"], "must be 1 or more"),
    }


CASES = ("camera", "missing", "empty video", "no pictures", "truncated model", "foreign model", "hash", "record",
         "record kind", "port", "host", "frames")  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_one_sentence_and_status_2(tmp_path, film, tiny_model, case):
    arguments, message = bad_cases(tmp_path, film, tiny_model)[case]
    before = sorted(tmp_path.rglob("*"))
    done = run(*arguments)
    assert done.returncode == 2
    lines = done.stderr.strip().splitlines()
    assert message in lines[-1]
    assert lines[-1].startswith("toon-live: ")
    assert len(lines) == 1 or lines[0].startswith("usage:")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_port_in_use_is_one_sentence_and_status_2():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run("--port", taken.getsockname()[1])
    assert done.returncode == 2
    assert "Address already in use" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_picture_that_breaks_in_mid_run_is_one_sentence(tmp_path, demo_frames):
    cv2.imwrite(str(tmp_path / "a.png"), demo_frames[0])
    (tmp_path / "b.png").write_text("words")
    done = run("--source", tmp_path, "--headless")
    assert done.returncode == 2
    assert "b.png is not a picture" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.shared_data
@pytest.mark.slow
def test_every_frame_of_a_real_talking_face_is_replaced(tmp_path, shared_data):
    """The face is found in each of 1,689 frames, lowered and tilted ones too: the region around it changes.

    Anime changes it most: comic keeps a face's tones, and a dim one's change is not far from the codec's noise.
    """
    source = shared_data / "video" / "talking-320.mp4"
    done = subprocess.run(
        [*TOON_LIVE, "--source", str(source), "--headless", "--style", "anime", "--record", str(tmp_path / "out.mp4")],
        capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    assert "0 dropped" in done.stdout
    before, after = frames_of(source), frames_of(tmp_path / "out.mp4")
    assert len(before) == len(after) == 1689
    changed = [cv2.GaussianBlur(cv2.absdiff(a, b), (0, 0), 3).max() for a, b in zip(before, after, strict=True)]
    untouched = [number for number, change in enumerate(changed) if change < 40]
    assert untouched == []


def test_an_open_address_prints_a_token_and_keeps_a_given_one_to_itself():
    for flags, pattern in (
        ((), r"Open http://\S+:\d+/\?token=\S{32} "),
        (("--token", "x" * 20), r"Open http://\S+:\d+ "),
    ):
        process = subprocess.Popen(
            [*TOON_LIVE, "--host", "0.0.0.0", "--port", "0", *flags],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        with process:
            line = process.stdout.readline()
            assert re.match(pattern, line), line
            url = re.search(r"http://\S+", line)[0]
            port = re.search(r":(\d+)", url)[1]
            with pytest.raises(urllib.error.HTTPError, match="401"):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/api/state", timeout=10)
            query = url.partition("?")[2] or f"token={'x' * 20}"
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/state?{query}", timeout=10) as answer:
                assert answer.status == 200
            process.send_signal(signal.SIGTERM)
            output, errors = process.communicate(timeout=5 * PATIENCE)
        assert process.returncode == 0
        assert query.partition("=")[2] not in output + errors


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--token", "short"), "16 ASCII characters"),
        (("--key", "key.pem"), "--key goes with --certificate"),
        (("--certificate", "missing.pem"), "No such file"),
    ],
)
def test_a_wrong_security_flag_is_one_sentence(flags, message):
    done = run(*flags)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_looks_are_given_on_the_command_line_and_several_models_are_loaded(tmp_path, film, tiny_model):
    styled = tiny_model.with_name("tiny-32-styles.tflite")
    common = ["--source", film, "--headless", "--frames", 10, "--record", tmp_path / "out.mp4"]
    looks = ["--random-style", 7, "--split", 0.5, "--colour-match", 0.4, "--background", "blur", "--budget-ms", 30]
    done = run(*common, "--model", styled, "--model", tiny_model, *looks)
    assert done.returncode == 0, done.stderr
    assert len(frames_of(tmp_path / "out.mp4")) == 10
    for arguments, message in (
        (["--model", styled, "--style", "watercolour"], "There is no style 'watercolour'"),
        (["--strength", "2"], "strength must be a number from 0 to 1"),
        (["--model", tiny_model, "--model", tiny_model], "Two models are called tiny-32"),
        (["--size", "big"], "must look like 640x480"),
    ):
        done = run(*common, *arguments)
        assert done.returncode == 2
        assert message in done.stderr
