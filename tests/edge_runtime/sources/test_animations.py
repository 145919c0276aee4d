"""Animated pictures, made with ffmpeg."""

from __future__ import annotations

import logging
import subprocess

import pytest

from facetoon.edge_runtime.sources.source import open_source

ENCODERS = {"five.webp": "libwebp_anim", "five.png": "apng", "five.gif": "gif"}


@pytest.fixture
def animation(needs_program, tmp_path):
    program = needs_program("ffmpeg", "ffmpeg")

    def make(name, count=5):
        inputs = f"-f lavfi -i testsrc=size=64x48:rate=10:duration={count / 10}"
        encoder = ["-c:v", ENCODERS[name], "-f", "apng"] if name.endswith("png") else ["-c:v", ENCODERS[name]]
        command = [program, "-v", "error", *inputs.split(), *encoder, str(tmp_path / name)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        return tmp_path / name

    return make


@pytest.mark.parametrize("name", ENCODERS)
@pytest.mark.parametrize("count", [5, 33])
def test_an_animation_plays_all_its_frames_at_their_times(animation, name, count):
    source = open_source(str(animation(name, count)))
    times_s, frames = [], []
    while (frame := source.read()) is not None:
        times_s.append(source.time_s)
        frames.append(frame)
    assert {frame.shape for frame in frames} == {(48, 64, 3)}
    assert times_s == pytest.approx([number / 10 for number in range(count)])
    assert (frames[0] != frames[-1]).any()
    assert source.read() is None
    assert source.fault == ""
    source.close()


def test_in_a_folder_only_the_first_frame_is_taken_and_that_is_said(animation, tmp_path, caplog):
    animation("five.webp")
    with caplog.at_level(logging.WARNING):
        source = open_source(str(tmp_path))
        assert source.read() is not None
    assert source.read() is None
    assert "only its first frame is taken" in caplog.text
