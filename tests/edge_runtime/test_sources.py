from __future__ import annotations

import cv2
import numpy as np
import pytest

from edge_runtime import sources
from edge_runtime.errors import InputError
from edge_runtime.sources import CameraSource, open_source


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
    again = sources.DemoSource()
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


class FlakyCapture:
    """Stands in for cv2.VideoCapture: two frames, then two failures to reopen, then frames again."""

    opened = 0

    def __init__(self, device):
        FlakyCapture.opened += 1
        self._frames = 2
        self._works = FlakyCapture.opened not in (2, 3)

    def isOpened(self):
        return self._works

    def set(self, *_):
        return True

    def get(self, _):
        return 30.0

    def read(self):
        self._frames -= 1
        return (True, np.full((360, 480, 3), 99, np.uint8)) if self._frames >= 0 else (False, None)

    def release(self):
        pass


def test_a_lost_camera_shows_no_video_and_comes_back(monkeypatch):
    """Two frames, two failed attempts to reopen with a growing wait between them, then two frames again."""
    now = [0.0]
    monkeypatch.setattr(FlakyCapture, "opened", 0)
    monkeypatch.setattr(sources.cv2, "VideoCapture", FlakyCapture)
    monkeypatch.setattr(sources.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    monkeypatch.setattr(sources.time, "monotonic", lambda: now[0])
    camera = CameraSource("0")
    frames = [camera.read() for _ in range(20)]
    assert {frame.shape for frame in frames} == {(360, 480, 3)}  # what the camera grants, not what was asked for
    shown = [(frame == 99).all() for frame in frames]
    assert shown[:3] == [True, True, False]
    first_back = shown.index(True, 2)
    assert 1.0 <= 0.1 * (first_back - 2) <= 2.0  # 0.5 s after the first failure, 1 s after the second
    assert shown[first_back : first_back + 2] == [True, True]
