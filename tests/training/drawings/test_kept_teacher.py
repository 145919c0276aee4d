from __future__ import annotations

import numpy as np
import pytest

from facetoon.training.drawings.kept_teacher import KeptTeacher
from facetoon.training.drawings.picture_teacher import PictureTeacher


class Slow(PictureTeacher):
    """Inverts photographs, sees no face in dark ones, counts what it draws, and stops after `patience`."""

    name, size_px, digest = "slow", 8, "0123456789abcdef" * 4

    def __init__(self, patience=100):
        self.drawn, self.patience = 0, patience

    def cartoons(self, photos):
        for photo in photos:
            if self.drawn == self.patience:
                raise KeyboardInterrupt
            self.drawn += 1
            yield 255 - photo if photo.mean() > 10 else None


@pytest.fixture
def photos():
    made = np.random.default_rng(1).integers(0, 256, (5, 8, 8, 3), np.uint8)
    made[3] //= 100
    return made


def test_a_killed_run_goes_on_where_it_was(photos, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        KeptTeacher(Slow(patience=4), tmp_path).draw(photos)
    again = Slow()
    cartoons, is_face = KeptTeacher(again, tmp_path).draw(photos)
    assert again.drawn == 1
    assert is_face.tolist() == [True, True, True, False, True]
    assert np.array_equal(cartoons[is_face], 255 - photos[is_face])
    third = Slow()
    assert np.array_equal(KeptTeacher(third, tmp_path).draw(photos[::-1])[0], cartoons[::-1])
    assert third.drawn == 0


def test_another_teacher_or_size_has_cartoons_of_its_own(photos, tmp_path):
    KeptTeacher(Slow(), tmp_path).draw(photos)
    other = Slow()
    other.digest = "f" * 64
    for asked in (photos, photos[:, :4, :4]):
        KeptTeacher(other, tmp_path).draw(np.ascontiguousarray(asked))
    assert other.drawn == 10


def test_a_damaged_file_is_drawn_again(photos, tmp_path):
    kept = KeptTeacher(Slow(), tmp_path)
    cartoons, _ = kept.draw(photos)
    first, second, *_ = sorted((tmp_path / "lesson").glob("*/*.png"))
    first.write_bytes(first.read_bytes()[:40])
    second.write_bytes(b"")
    again = Slow()
    assert np.array_equal(KeptTeacher(again, tmp_path).draw(photos)[0], cartoons)
    assert again.drawn == 2
