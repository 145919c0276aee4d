from __future__ import annotations

import numpy as np
import pytest

from facetoon.convert.judge.sample_checks import check_samples, distance
from facetoon.convert.sources.samples import Sample
from facetoon.edge_runtime.errors import InputError


def pictures(count: int, seed: int, low: int = 0, high: int = 256) -> np.ndarray:
    """Of a few coarse fields each, with levels of low..high."""
    fields = np.random.default_rng(seed).integers(low, high, (count, 4, 4, 3), np.uint8)
    return fields.repeat(8, 1).repeat(8, 2)


def sample(images: np.ndarray) -> Sample:
    return Sample(images, "0" * 64)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("counts", [(2, 2), (8, 3), (32, 6), (200, 200)])
def test_pictures_of_one_kind_are_alike(seed, counts):
    check_samples(sample(pictures(counts[0], seed)), sample(pictures(counts[1], seed + 99)))


def test_the_same_picture_many_times_is_one_picture():
    """Two pictures in ten styles each are too few to tell that they are of another kind."""
    check_samples(sample(pictures(8, 1)), sample(pictures(2, 2, 110, 150).repeat(20, 0)))


def test_black_pictures_judge_nothing():
    black = np.zeros((300, 32, 32, 3), np.uint8)
    with pytest.raises(InputError, match=r"300 of the 300 calibration pictures are of one colour"):
        check_samples(sample(black), sample(pictures(60, 1)))
    with pytest.raises(InputError, match=r"60 of the 60 test pictures are of one colour"):
        check_samples(sample(pictures(240, 1)), sample(black[:60]))


def test_a_few_black_pictures_do_no_harm():
    mixed = pictures(40, 1)
    mixed[:10] = 0
    check_samples(sample(mixed), sample(pictures(40, 2)))


@pytest.mark.parametrize(("low", "high", "what"), [(0, 40, "brightness"), (110, 150, "contrast")])
def test_unlike_calibration_is_named(low, high, what):
    with pytest.raises(InputError, match=rf"unlike the test pictures: their {what} is mostly \d+ to \d+ grey levels"):
        check_samples(sample(pictures(100, 1, low, high)), sample(pictures(50, 2)))


def test_distance_of_distributions():
    assert distance(np.arange(4.0), np.arange(4.0)) == 0
    assert distance(np.arange(4.0), np.arange(4.0) + 2) == 0.5
    assert distance(np.arange(4.0), np.arange(4.0) + 9) == 1
