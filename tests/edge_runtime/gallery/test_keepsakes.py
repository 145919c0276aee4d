from __future__ import annotations

import io
import os
import time
import zipfile

import numpy as np
import pytest

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.gallery.keepsakes import DAY_S, NAME, PRUNE_EVERY_S, Album, described
from facetoon.edge_runtime.gallery.zipped import zipped

JPEG = pixels.encode_jpeg(np.full((480, 640, 3), 90, np.uint8))


@pytest.fixture
def album(tmp_path):
    return Album(tmp_path)


def test_a_name_says_when_and_in_which_style_and_no_two_are_alike(album):
    entry = album.add(JPEG, "Ink & Wash", "jpg")
    assert NAME.fullmatch(entry.name)
    assert (entry.style, entry.kind) == ("ink-wash", "photo")
    assert time.strptime(entry.taken, "%Y-%m-%dT%H:%M:%S")
    keys = {album.new_path("ink", "jpg").stem[-22:] for _ in range(100)}
    assert len(keys) == 100


def test_it_lists_the_newest_first_and_leaves_other_files_alone(album, tmp_path):
    for name in ("20260101-120000", "20260301-120000", "20260201-120000"):
        (tmp_path / f"{name}_ink_{22 * 'k'}.jpg").write_bytes(JPEG)
    (tmp_path / "holiday.jpg").write_bytes(JPEG)
    assert [entry.taken[:10] for entry in album.newest_first()] == ["2026-03-01", "2026-02-01", "2026-01-01"]
    assert album.path("holiday.jpg") is None
    assert not album.remove("holiday.jpg")
    assert album.path(f"../{tmp_path.name}/20260101-120000_ink_{22 * 'k'}.jpg") is None


def test_a_thumbnail_is_drawn_once_and_goes_with_its_picture(album, tmp_path):
    entry = album.add(JPEG, "ink", "jpg")
    small = album.thumbnail(entry.name)
    assert pixels.picture_size(small.read_bytes())[:2] == (320, 240)
    drawn = small.stat().st_mtime_ns
    assert album.thumbnail(entry.name).stat().st_mtime_ns == drawn
    assert album.remove(entry.name)
    assert not small.exists()
    assert album.thumbnail(entry.name) is None
    broken = album.add(b"no picture", "ink", "jpg")
    assert album.thumbnail(broken.name) is None


def test_a_strip_has_a_sharp_thumbnail_of_its_upper_square(album):
    strip = album.add(pixels.encode_jpeg(np.full((2040, 660, 3), 90, np.uint8)), "ink", "jpg")
    assert pixels.picture_size(album.thumbnail(strip.name).read_bytes())[:2] == (320, 320)


def test_a_film_has_a_thumbnail(album, film):
    path = album.new_path("ink", "mp4")
    path.write_bytes(film.read_bytes())
    assert described(path.name).kind == "recording"
    assert pixels.picture_size(album.thumbnail(path.name).read_bytes())[:2] == (320, 240)


def test_what_is_too_old_or_too_much_is_removed_with_its_thumbnail(tmp_path):
    now_s = time.time()
    album = Album(tmp_path, keep_days=2, keep_mb=1, clock=lambda: now_s)
    names = [album.add(bytes(400_000), "ink", "jpg").name for _ in range(4)]
    for age_days, name in zip((3, 1, 0.5, 0), names, strict=True):
        os.utime(tmp_path / name, (now_s - age_days * DAY_S,) * 2)
    assert album.path(names[0]) is None  # at once, not at the next pruning
    (tmp_path / ".thumbnails").mkdir()
    lost = tmp_path / ".thumbnails" / f"{names[0]}.jpg"
    lost.write_bytes(JPEG)
    for name, day in zip(names, (1, 2, 3, 4), strict=True):
        (tmp_path / name).rename(tmp_path / f"2026010{day}{name[8:]}")
    album.tend()
    assert [entry.taken[:10] for entry in album.newest_first()] == ["2026-01-04", "2026-01-03"]
    assert not lost.exists()


def test_it_is_pruned_after_an_addition_and_once_a_minute(tmp_path, monkeypatch):
    now_s = [1000.0]
    album = Album(tmp_path, keep_mb=1, clock=lambda: now_s[0])
    pruned = []
    monkeypatch.setattr(album, "_prune", lambda: pruned.append(now_s[0]))
    album.tend()
    album.tend()
    album.add(JPEG, "ink", "jpg")
    album.tend()
    now_s[0] += PRUNE_EVERY_S
    album.tend()
    assert pruned == [1000, 1000, 1000 + PRUNE_EVERY_S]


def test_a_folder_that_does_not_exist_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match=r"The folder .*nowhere for the gallery does not exist"):
        Album(tmp_path / "nowhere")


def test_a_zip_is_whole_and_leaves_out_what_is_gone(album, tmp_path):
    names = [album.add(JPEG + bytes([number]) * 600_000, "ink", "jpg").name for number in range(3)]
    (tmp_path / names[1]).unlink()
    chunks = list(zipped(tmp_path / name for name in names))
    assert max(map(len, chunks)) < 400_000  # nothing is held in memory
    with zipfile.ZipFile(io.BytesIO(b"".join(chunks))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [names[0], names[2]]
        assert archive.read(names[2]) == (tmp_path / names[2]).read_bytes()


def test_a_full_disk_is_said_at_the_start(tmp_path, full_disk):
    with pytest.raises(InputError, match="for the gallery cannot be written: File too large"):
        Album(tmp_path)
