"""toon-live as its users run it: a real process, real files, real signals."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.__main__ import main
from facetoon.edge_runtime.service import logs


@pytest.fixture
def run(patience_s):
    """Run toon-live to its end."""

    def run_to_end(*flags):
        command = [sys.executable, "-m", "facetoon.edge_runtime", *map(str, flags)]
        return subprocess.run(command, capture_output=True, text=True, timeout=patience_s)

    return run_to_end


def frames_of(path):
    video = cv2.VideoCapture(str(path))
    frames = []
    while (read := video.read())[0]:
        frames.append(read[1])
    return frames


def test_headless_run_records_every_frame_with_its_face_replaced(run, tmp_path, film, demo_frames):
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


@pytest.mark.parametrize("further", [[], ["--overwrite"]])
def test_a_film_is_never_recorded_onto_itself(run, tmp_path, film, further):
    copy = tmp_path / "party.mp4"
    copy.write_bytes(film.read_bytes())
    (tmp_path / "link.mp4").symlink_to(copy)
    for out in (copy, tmp_path / "link.mp4"):
        done = run("--source", copy, "--headless", "--record", out, *further)
        assert done.returncode == 2
        assert "which is read here" in done.stderr
        assert copy.read_bytes() == film.read_bytes()


def test_an_older_recording_stays_beside_the_new_one(run, tmp_path, film, tiny_model):
    out = tmp_path / "out.mp4"
    out.write_text("the recording that survived a power cut")
    flags = ("--source", film, "--model", tiny_model, "--headless", "--frames", 3, "--record", out)
    done = run(*flags)
    assert f"{out} exists and stays; the recording is {tmp_path / 'out-2.mp4'}." in done.stderr
    assert out.read_text() == "the recording that survived a power cut"
    assert len(frames_of(tmp_path / "out-2.mp4")) == 3
    assert run(*flags, "--overwrite").returncode == 0
    assert len(frames_of(out)) == 3


def test_the_small_faces_of_every_picture_of_a_folder_are_drawn(run, tmp_path, tiny_model, portrait):
    """The second picture shows a group of eight. The first shows nobody, so no search in it may delay the next."""
    empty = np.full((1080, 1920, 3), 90, np.uint8)
    group, person = empty.copy(), cv2.resize(portrait[:260, 90:350], (230, 230), interpolation=cv2.INTER_AREA)
    corners = [(top, left) for top in (100, 600) for left in (100, 560, 1020, 1480)]
    for top, left in corners:
        group[top : top + 230, left : left + 230] = person
    for name, picture in (("a.png", empty), ("b.png", group)):
        (tmp_path / name).write_bytes(pixels.encode_png(pixels.swap_red_blue(picture)))
    flags = ("--model", tiny_model, "--headless", "--faces", 8, "--smallest-face", 100)
    done = run("--source", tmp_path, *flags, "--pictures", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    first, second = (cv2.imread(str(path)) for path in sorted((tmp_path / "out").iterdir()))
    assert cv2.absdiff(first, empty).mean() < 1
    for top, left in corners:
        face = slice(top + 70, top + 150), slice(left + 80, left + 160)
        assert cv2.absdiff(second[face], group[face]).mean() > 15


def test_a_face_that_is_too_small_to_ask_for_is_one_sentence(run, tiny_model):
    done = run("--model", tiny_model, "--headless", "--smallest-face", 10)
    assert done.returncode == 2
    assert "Faces of 10 px are too small to be found; the least height is 24 px." in done.stderr


def test_frame_limit_ends_the_endless_demo(run):
    done = run("--headless", "--frames", 12)
    assert done.returncode == 0, done.stderr
    assert "12 frames in" in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_under_a_viewer_and_the_recording_plays(start_live, tmp_path, number, patience_s):
    out = tmp_path / "out.mp4"
    live = start_live("--port", 0, "--record", out)
    live.shows(4)
    with urllib.request.urlopen(f"{live.url}/stream.mjpg", timeout=patience_s) as viewer:
        viewer.read(1000)
        output, log = live.end(number)
    assert live.process.returncode == 0, log
    assert "Traceback" not in log
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
def test_bad_input_is_one_sentence_and_status_2(run, tmp_path, film, tiny_model, case):
    arguments, message = bad_cases(tmp_path, film, tiny_model)[case]
    before = sorted(tmp_path.rglob("*"))
    done = run(*arguments)
    assert done.returncode == 2
    lines = done.stderr.strip().splitlines()
    assert message in lines[-1]
    assert lines[-1].startswith("toon-live: ")
    assert len(lines) == 1 or lines[0].startswith("usage:")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_port_in_use_is_one_sentence_and_status_2(run):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run("--port", taken.getsockname()[1])
    assert done.returncode == 2
    assert "Address already in use" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_picture_that_breaks_in_mid_run_is_one_sentence(run, tmp_path, demo_frames):
    cv2.imwrite(str(tmp_path / "a.png"), demo_frames[0])
    (tmp_path / "b.png").write_text("words")
    done = run("--source", tmp_path, "--headless")
    assert done.returncode == 2
    assert "b.png is not a picture" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.shared_data
@pytest.mark.slow
def test_every_frame_of_a_real_talking_face_is_replaced(run, tmp_path, shared_data):
    """The face is found in each of 1,689 frames, lowered and tilted ones too: the region around it changes.

    Manga changes it most: comic keeps a face's tones, and a dim one's change is not far from the codec's noise.
    """
    source = shared_data / "video" / "talking-320.mp4"
    done = run("--source", source, "--headless", "--style", "manga", "--record", tmp_path / "out.mp4")
    assert done.returncode == 0, done.stderr
    assert "0 dropped" in done.stdout
    before, after = frames_of(source), frames_of(tmp_path / "out.mp4")
    assert len(before) == len(after) == 1689
    changed = [cv2.GaussianBlur(cv2.absdiff(a, b), (0, 0), 3).max() for a, b in zip(before, after, strict=True)]
    untouched = [number for number, change in enumerate(changed) if change < 40]
    assert untouched == []


def test_an_open_address_prints_a_token_of_its_own_making(start_live):
    live = start_live("--host", "0.0.0.0", "--port", 0)
    assert re.match(r"Open http://\S+:\d+/\?token=\S{32} ", live.greeting)
    check_token(live, live.url.partition("?token=")[2])


def test_an_open_address_keeps_a_given_token_to_itself(start_live):
    live = start_live("--host", "0.0.0.0", "--port", 0, "--token", "x" * 20)
    assert re.match(r"Open http://\S+:\d+ ", live.greeting)
    check_token(live, "x" * 20)


def check_token(live, token):
    """The token opens the preview, nothing else does, and it is not printed again."""
    state = f"http://127.0.0.1:{re.search(r':([0-9]+)', live.url)[1]}/api/state"
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(state, timeout=60)
    with urllib.request.urlopen(f"{state}?token={token}", timeout=60) as answer:
        assert answer.status == 200
    output, log = live.end()
    assert live.process.returncode == 0, log
    assert token not in output + log


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--token", "short"), "16 ASCII characters"),
        (("--key", "key.pem"), "--key needs --certificate"),
        (("--certificate", "missing.pem"), "No such file"),
    ],
)
def test_a_wrong_security_flag_is_one_sentence(run, flags, message):
    done = run(*flags)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_looks_are_given_on_the_command_line_and_several_models_are_loaded(run, tmp_path, film, tiny_model):
    styled = tiny_model.with_name("tiny-32-styles.tflite")
    common = ["--source", film, "--headless", "--frames", 10, "--record", tmp_path / "out.mp4"]
    looks = ["--random-style", 7, "--split", 0.5, "--colour-match", 0.4, "--background", "#ff8800", "--budget-ms", 30]
    done = run(*common, "--model", styled, "--model", tiny_model, *looks)
    assert done.returncode == 0, done.stderr
    assert len(frames_of(tmp_path / "out.mp4")) == 10
    for arguments, message in (
        (["--model", styled, "--style", "watercolour"], "There is no style 'watercolour'"),
        (["--strength", "2"], "strength must be a number from 0 to 1"),
        (["--background", "pink"], "a picture's file, not 'pink'"),
        (["--model", tiny_model, "--model", tiny_model], "Two models are called tiny-32"),
        (["--size", "big"], "must look like 640x480"),
    ):
        done = run(*common, *arguments)
        assert done.returncode == 2
        assert message in done.stderr


@pytest.mark.parametrize(
    ("module", "flags", "extra"),
    [
        ("pyvirtualcam", ["--virtual-camera"], "virtual-camera"),
        ("onnxruntime", ["--model", "tiny-32.onnx"], "onnx"),
        ("tflite_runtime", ["--runtime", "tflite-runtime"], "tflite-runtime"),
    ],
)
def test_what_needs_an_extra_names_it_on_the_base_install(tiny_model, patience_s, module, flags, extra):
    code = (
        f"import sys; sys.modules[{module!r}] = None; from facetoon.edge_runtime.__main__ import main; "
        f"sys.exit(main({['--headless', *flags]}))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=patience_s, cwd=tiny_model.parent)
    assert done.returncode == 2
    assert re.fullmatch(rf"toon-live: .*pip install 'facetoon\[{extra}\]'.*\n", done.stderr)


def test_a_window_on_an_opencv_without_windows_names_the_extra(monkeypatch, capsys):
    monkeypatch.setattr(cv2, "getBuildInformation", lambda: "GUI: NONE")
    monkeypatch.setattr(logs, "set_up", lambda style: None)  # it would take pytest's own handlers off
    assert main(["--headless", "--window"]) == 2
    assert "pip install 'facetoon[gui]'" in capsys.readouterr().err


def test_another_commands_word_comes_first(run):
    done = run("--headless", "tune")
    assert done.returncode == 2
    assert "the command comes first: toon-live tune" in done.stderr.splitlines()[-1]
