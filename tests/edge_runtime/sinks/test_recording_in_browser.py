"""Recordings play in a real browser."""

from __future__ import annotations

import subprocess

import pytest

from facetoon.edge_runtime.sinks.recording import open_recording
from facetoon.edge_runtime.sources.source import open_source

pytestmark = pytest.mark.browser


@pytest.fixture
def film(needs_program, tmp_path):
    """Three seconds with sound, and a pause of a second and a half."""
    inputs = "-f lavfi -i testsrc=size=320x240:rate=20:duration=1.5 -f lavfi -i sine=duration=3"
    pause = "setpts='(N+30*gte(N\\,10))/20/TB'"
    command = [needs_program("ffmpeg", "ffmpeg"), "-v", "error", *inputs.split(), "-vf", pause, "-vsync", "vfr"]
    subprocess.run([*command, "-c:a", "aac", str(tmp_path / "film.mkv")], check=True, stdin=subprocess.DEVNULL)
    return tmp_path / "film.mkv"


def test_a_recording_plays_with_its_sound_and_its_length(browser, film, tmp_path, wait_until):
    source = open_source(str(film))
    sink = open_recording(tmp_path / "out.mp4", source.rate_hz, sound=source.sound)
    while (frame := source.read()) is not None:
        sink.write(frame, source.time_s)
    sink.close()
    source.close()
    browser.get((tmp_path / "out.mp4").as_uri())
    script = """const v = document.querySelector("video"); v.pause();
        return [v.readyState, v.videoWidth, v.videoHeight, v.duration, v.error && v.error.message]"""
    wait_until(lambda: browser.execute_script(script)[0] == 4)
    assert browser.execute_script(script) == [4, 320, 240, pytest.approx(3, rel=0.02), None]
    browser.execute_script("document.querySelector('video').currentTime = 2.4")
    ready = "const v = document.querySelector('video'); return [v.seeking, v.webkitAudioDecodedByteCount > 0]"
    wait_until(lambda: browser.execute_script(ready) == [False, True])
