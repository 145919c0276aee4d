from __future__ import annotations

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sources.source import DemoSource, open_source


@pytest.fixture
def folder(tmp_path, demo_frames):
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"bild {number} ß.png"), demo_frames[number])
    (tmp_path / "notes.txt").write_text("no picture")
    return tmp_path


@pytest.fixture(params=["demo", "video", "folder", "picture"])
def source(request, film, folder):
    paths = {"demo": "demo", "video": film, "folder": folder, "picture": folder / "bild 0 ß.png"}
    opened = open_source(str(paths[request.param]))
    yield opened
    opened.close()


class TestSource:
    """Every source passes these."""

    def test_frames_are_bgr_of_one_size(self, source):
        frames = [source.read() for _ in range(source.frames or 5)]
        assert all(frame.dtype == np.uint8 and frame.shape == (480, 640, 3) for frame in frames)

    def test_ends_where_it_says(self, source):
        if source.frames is None:
            pytest.skip("endless")
        for _ in range(source.frames):
            assert source.read() is not None
        assert source.read() is None
        assert source.read() is None

    def test_states_its_name_and_rate(self, source):
        assert source.name
        assert 1 <= source.rate_hz <= 120
        assert source.live is False


def test_video_frames_come_in_order_from_the_first(film, demo_frames):
    video = open_source(str(film))
    assert video.frames == 60
    assert video.rate_hz == pytest.approx(30)
    for expected in demo_frames[:3]:
        assert cv2.PSNR(video.read(), expected) > 28
    video.close()


def test_pictures_of_other_sizes_are_fitted_to_the_first(folder, portrait):
    cv2.imwrite(str(folder / "z.jpg"), portrait)
    source = open_source(str(folder))
    frames = [source.read() for _ in range(4)]
    assert frames[3].shape == (480, 640, 3)
    assert not frames[3][:, :70].any()  # a square picture leaves room on both sides


def test_the_demo_moves_and_repeats_itself_exactly(demo_frames):
    again = DemoSource()
    assert np.array_equal(again.read(), demo_frames[0])
    assert cv2.PSNR(demo_frames[0], demo_frames[30]) < 25


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: p / "missing.mp4", "does not exist"),
        (lambda p: (p / "empty.mp4").touch() or p / "empty.mp4", "not a video that can be read"),
        (lambda p: (p / "text.mp4").write_text("words") and p / "text.mp4", "not a video that can be read"),
        (lambda p: (p / "e").mkdir() or p / "e", "holds no pictures"),
        (lambda p: (p / "bad.png").write_text("words") and p / "bad.png", "is not a picture"),
        (lambda p: "97", "no camera 97"),
        (lambda p: "/dev/video97", "no camera /dev/video97"),
    ],
)
def test_bad_source_is_one_sentence(tmp_path, make, message):
    with pytest.raises(InputError, match=message) as caught:
        open_source(str(make(tmp_path)))
    assert "\n" not in str(caught.value)


def test_frames_come_as_people_count_and_at_the_rate_that_was_asked_for(tmp_path):
    for number in range(1, 13):
        cv2.imwrite(str(tmp_path / f"frame{number}.png"), np.full((8, 8, 3), 20 * number, np.uint8))
    source = open_source(str(tmp_path), rate_hz=25)
    levels, times_s = [], []
    while (frame := source.read()) is not None:
        levels.append(int(frame[0, 0, 0]))
        times_s.append(source.time_s)
    assert levels == list(range(20, 260, 20))
    assert times_s[-1] == pytest.approx(0.44)
    assert not source.unrelated
    assert open_source(str(tmp_path)).unrelated  # without a rate they are photographs


def test_what_is_hidden_in_a_folder_is_not_played(folder):
    (folder / "._bild 0.png").write_bytes(b"a resource fork of macOS")
    assert open_source(str(folder)).frames == 3
