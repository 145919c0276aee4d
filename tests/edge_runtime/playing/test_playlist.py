from __future__ import annotations

from functools import partial

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.playing.playlist import HeldSource, Playlist
from facetoon.edge_runtime.sources.source import DemoSource, open_source


@pytest.fixture
def folders(tmp_path):
    """Two folders of pictures, of three and of two grey levels."""
    for name, levels in (("a", (10, 20, 30)), ("b", (100, 110))):
        (tmp_path / name).mkdir()
        for level in levels:
            cv2.imwrite(str(tmp_path / name / f"{level}.png"), np.full((16, 16, 3), level, np.uint8))
    return [partial(open_source, str(tmp_path / name), (640, 480), 10) for name in ("a", "b")]


def read(source, count):
    return [(int(frame[0, 0, 0]), round(source.time_s, 3), source.name) for _ in range(count)
            if (frame := source.read()) is not None]  # fmt: skip


def test_one_plays_after_another_and_time_goes_on(folders):
    source = Playlist(folders, loop=False)
    assert source.frames == 5
    assert read(source, 9) == [(10, 0, "a"), (20, 0.1, "a"), (30, 0.2, "a"), (100, 0.3, "b"), (110, 0.4, "b")]
    assert source.fault == ""
    source.close()


def test_a_loop_begins_again(folders):
    source = Playlist(folders[1:], loop=True)
    assert source.frames is None
    assert read(source, 5) == [(100, 0, "b"), (110, 0.1, "b"), (100, 0.2, "b"), (110, 0.3, "b"), (100, 0.4, "b")]
    source.close()


def test_films_keep_their_faults_and_their_lengths(film, tmp_path):
    cut = tmp_path / "cut.avi"
    writer = cv2.VideoWriter(str(cut), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for seed in range(20):
        writer.write(np.random.default_rng(seed).integers(0, 255, (48, 64, 3), np.uint8))
    writer.release()
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    source = Playlist([partial(open_source, str(path)) for path in (cut, film)], loop=False)
    frames = 0
    while source.read() is not None:
        frames += 1
    assert 60 < frames < 80
    assert "cut.avi is cut short" in source.fault
    source.close()


def test_what_cannot_play_is_told_at_the_start(folders, tmp_path):
    with pytest.raises(InputError, match=r"no\.mp4 does not exist"):
        Playlist([*folders, partial(open_source, str(tmp_path / "no.mp4"))], loop=False)

    class Camera(DemoSource):
        live = True

    with pytest.raises(InputError, match="demo has no end"):
        Playlist([Camera], loop=True)


def test_a_picture_stays_as_it_was(tmp_path, portrait):
    cv2.imwrite(str(tmp_path / "a.png"), portrait)
    source = HeldSource(open_source(str(tmp_path / "a.png")))
    for number in range(3):
        frame = source.read()
        assert np.array_equal(frame, portrait)
        assert source.time_s == pytest.approx(number / 5)
        frame[:] = 0  # as a cartoonizer draws over it
    assert source.frames is None
