"""The sound of a film in its recording, packet by packet."""

from __future__ import annotations

import logging
import subprocess

import av
import pytest

from facetoon.edge_runtime.sinks.recording import open_recording
from facetoon.edge_runtime.sources.source import open_source


@pytest.fixture
def film_with(needs_program, tmp_path):
    """Make a film of two seconds with a sound of this codec."""
    program = needs_program("ffmpeg", "ffmpeg")

    def make(codec, name):
        inputs = "-f lavfi -i testsrc=size=64x48:rate=25:duration=2 -f lavfi -i sine=duration=2:sample_rate=48000"
        command = [program, "-v", "error", *inputs.split(), "-c:v", "mpeg4", *codec.split(), str(tmp_path / name)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        return tmp_path / name

    return make


def packets_of(path):
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return []
        packets = [packet for packet in container.demux(audio=0) if packet.size]
        return [(float(packet.pts * packet.time_base), bytes(packet)) for packet in packets]


def record(film, out, skip=0, **options):
    source = open_source(str(film))
    sink = open_recording(out, source.rate_hz, sound=source.sound, **options)
    while (frame := source.read()) is not None:
        if source.time_s >= skip / 25:
            sink.write(frame, source.time_s)
    sink.close()
    source.close()


CODECS = [("-c:a aac", "film.mp4"), ("-c:a libmp3lame", "film.avi"), ("-c:a libopus", "film.mkv"),
          ("-c:a flac", "film.mkv"), ("-c:a ac3", "film.ts")]  # fmt: skip


@pytest.mark.parametrize(("codec", "name"), CODECS)
def test_the_sound_is_copied_unchanged(film_with, tmp_path, codec, name):
    film, out = film_with(codec, name), tmp_path / "out.mp4"
    record(film, out)
    before, after = packets_of(film), packets_of(out)
    assert len(after) >= len(before) - 3  # the encoder's run-in before time 0, and what outlasts the picture
    assert {data for _, data in after} <= {data for _, data in before}
    assert after[-1][0] == pytest.approx(1.97, abs=0.06)


def test_a_recording_from_mid_film_has_the_sound_of_its_own_time(film_with, tmp_path):
    film, out = film_with("-c:a aac", "film.mp4"), tmp_path / "out.mp4"
    record(film, out, skip=25)
    times_s = {data: time_s for time_s, data in packets_of(film)}
    shifts = [times_s[data] - time_s for time_s, data in packets_of(out)]
    assert len(shifts) > 40
    assert shifts == pytest.approx([1.0] * len(shifts), abs=0.005)


def test_every_rotated_file_has_its_part_of_the_sound(film_with, tmp_path):
    record(film_with("-c:a aac", "film.mp4"), tmp_path / "out.mp4", minutes=1 / 60)
    first, second = (packets_of(tmp_path / f"out-0000{number}.mp4") for number in (1, 2))
    assert len(first) > 40
    assert len(second) > 40
    assert not {data for _, data in first[1:]} & {data for _, data in second[1:]}


def test_a_sound_that_no_mp4_holds_is_named_in_one_line(film_with, tmp_path, caplog):
    film, out = film_with("-c:a pcm_s16le", "film.avi"), tmp_path / "out.mp4"
    with caplog.at_level(logging.WARNING):
        record(film, out)
    assert caplog.messages == ["The sound of film.avi is left out: an MP4 cannot hold pcm_s16le."]
    assert packets_of(out) == []
