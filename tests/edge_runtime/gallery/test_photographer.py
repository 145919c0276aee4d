from __future__ import annotations

import threading

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.gallery.booth import WATCHED_S, Booth
from facetoon.edge_runtime.gallery.keepsakes import Album
from facetoon.edge_runtime.gallery.photographer import Photographer


def grey(level):
    return np.full((480, 640, 3), level, np.uint8)


@pytest.fixture
def photographer(sink, tmp_path):
    return Photographer(sink, Album(tmp_path), lambda: {"model": "styles", "style": {"ink": 0.3, "anime": 0.7}})


def test_a_photo_is_the_newest_frame_to_the_last_byte(photographer, sink, tmp_path):
    with pytest.raises(InputError, match="no frame yet"):
        photographer.photo()
    sink.write(grey(10))
    sink.write(grey(200))
    entry = photographer.photo()
    assert entry.style == "anime"
    assert (tmp_path / entry.name).read_bytes() == sink.newest().data


def test_a_model_of_one_look_names_the_photo(sink, tmp_path):
    sink.write(grey(1))
    photographer = Photographer(sink, Album(tmp_path), lambda: {"model": "baked_look", "style": {}})
    assert photographer.photo().style == "baked-look"


def test_a_strip_shows_four_photos_in_their_order_and_takes_their_place(photographer, sink, tmp_path):
    names = []
    for level in (40, 90, 140, 190):
        sink.write(grey(level))
        names.append(photographer.photo().name)
    strip = photographer.strip(names)
    picture = cv2.imread(str(tmp_path / strip.name))
    assert picture.shape == (4 * 480 + 120, 660, 3)
    assert [round(float(picture[30 + 225 + step * 480, 330].mean()), -1) for step in range(4)] == [40, 90, 140, 190]
    assert picture[-1].mean() > 250
    assert [entry.name for entry in photographer.album.newest_first()] == [strip.name]
    with pytest.raises(InputError, match="made of photos of the gallery"):
        photographer.strip(names)


@pytest.mark.parametrize("suffix", ["webp", "gif"])
def test_a_boomerang_runs_forwards_and_backwards_for_two_seconds(photographer, sink, tmp_path, suffix):
    done = threading.Event()

    def play():
        level = 0
        while not done.wait(0.02):
            level = min(level + 1, 250)
            sink.write(grey(level))

    player = threading.Thread(target=play)
    player.start()
    try:
        entry = photographer.boomerang(suffix)
    finally:
        done.set()
        player.join()
    assert entry.kind == "boomerang"
    ok, film = cv2.imreadanimation(str(tmp_path / entry.name))
    assert ok
    levels = [float(frame[..., :3].mean()) for frame in film.frames]
    top = int(np.argmax(levels))
    assert 0 < top < len(levels) - 1
    assert levels[:top] == sorted(levels[:top])
    assert levels[top:] == sorted(levels[top:], reverse=True)
    assert film.frames[0].shape[1] == {"webp": 480, "gif": 320}[suffix]
    assert list(tmp_path.iterdir()) == [tmp_path / entry.name]  # no half-written file stays


def test_without_new_frames_there_is_no_boomerang(photographer, sink, tmp_path):
    sink.write(grey(1))
    sink.close()
    with pytest.raises(InputError, match="no new frames"):
        photographer.boomerang("webp")
    assert not list(tmp_path.iterdir())


class FakeTiles:
    def ask(self):
        return ()


def test_a_press_goes_to_the_open_page_and_without_one_takes_a_photo(photographer, sink, caplog):
    now_s = [0.0]
    booth = Booth(FakeTiles(), photographer, clock=lambda: now_s[0])
    booth.press()  # before the first frame
    assert "no photo was taken: There is no frame yet" in caplog.text
    sink.write(grey(1))
    booth.press()
    assert len(photographer.album.newest_first()) == 1
    booth.watch()
    booth.press()
    assert (booth.presses, len(photographer.album.newest_first())) == (1, 1)
    now_s[0] += WATCHED_S + 1
    booth.press()
    assert (booth.presses, len(photographer.album.newest_first())) == (1, 2)
    Booth(FakeTiles(), None).press()
    assert "without --gallery nothing is kept" in caplog.text


def test_an_opencv_without_a_writer_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("cv2.haveImageWriter", lambda _: False)
    with pytest.raises(InputError, match=r"writes no \.gif files"):
        pixels.write_animation(tmp_path / "a.gif", [grey(1), grey(2)], 100)
