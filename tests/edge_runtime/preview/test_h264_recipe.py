"""The recipe of docs/BOOTH.md: FFmpeg turns the bare stream into H.264."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import av

RECIPE = Path(__file__).parents[3] / "docs" / "BOOTH.md"


def recipe():
    """The command of the document, as words."""
    (block,) = re.findall(r"```sh\n(ffmpeg .*?)```", RECIPE.read_text("utf-8"), re.DOTALL)
    return shlex.split(block.replace("\\\n", " "))


def test_ffmpeg_makes_h264_of_the_bare_stream(needs_program, start_live, tmp_path, patience_s):
    live = start_live("--port", 0)
    words = recipe()
    words[0] = needs_program("ffmpeg", "ffmpeg")
    words[words.index("-i") + 1] = f"{live.url}/stream.mjpg?bare"
    # A limit on frames, so that the command ends; the segments stay to be read.
    words[-1:] = ["-frames:v", "60", "-hls_list_size", "0", str(tmp_path / "toon.m3u8")]
    subprocess.run(words, check=True, capture_output=True, timeout=patience_s)
    with av.open(str(tmp_path / "toon.m3u8")) as film:
        (stream,) = film.streams.video
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 640, 480)
        frames = [frame.to_ndarray(format="gray") for frame in film.decode(stream)]
    assert len(frames) == 60
    assert frames[-1].std() > 30  # a picture, not a blank
    assert abs(frames[0].astype(int) - frames[-1]).mean() > 2  # that moves
