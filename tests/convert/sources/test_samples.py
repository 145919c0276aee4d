from __future__ import annotations

import numpy as np

from facetoon.convert.sources.samples import Sample, draw, varied
from facetoon.training.pictures.images import ImageSet


def image_set(counts: list[int]) -> ImageSet:
    source = np.repeat(np.arange(len(counts)), counts)
    images = np.stack([np.full((12, 12, 3), number, np.uint8) for number in range(len(source))])
    return ImageSet(images, source, "0123456789abcdef")


def test_calibration_is_even_over_sources_as_far_as_they_last():
    images = image_set([50, 3, 50])
    drawn = images.source[draw(images, 21, seed=1).images[:, 0, 0, 0]]
    assert np.bincount(drawn).tolist() == [9, 3, 9]
    everything = draw(images, 1000, seed=1).images[:, 0, 0, 0]
    assert sorted(everything) == list(range(103))


def test_few_pictures_come_again_so_that_no_style_lacks_them():
    sample = draw(image_set([4, 3]), 200, seed=1, styles=2, fewest=40)
    assert len(sample.images) == len(sample.styles) == 40
    assert (sample.styles == 1).sum(0).tolist() == [10, 10]
    assert sorted(set(sample.images[:, 0, 0, 0])) == list(range(7))
    assert np.array_equal(sample.images[:7], draw(image_set([4, 3]), 200, seed=1).images)
    assert len(draw(image_set([50, 3]), 50, seed=1, styles=2, fewest=40).images) == 50


def test_calibration_depends_on_the_seed_alone():
    images = image_set([30, 30])
    first, again, other = (draw(images, 10, seed).describe() for seed in (1, 1, 2))
    assert first == again
    assert first["sha256"] != other["sha256"]
    assert first["images"] == 10


def test_calibration_is_varied_as_training_varies_pictures():
    slope = np.broadcast_to(np.arange(50, 114, 2, dtype=np.uint8)[:, None], (40, 32, 32, 3))
    given = varied(Sample(slope, "0" * 64), seed=1).images
    is_mirrored = given[:, 0, 0, 0] > given[:, 0, -1, 0]
    levels = given.mean((1, 2, 3))
    assert 10 < is_mirrored.sum() < 30
    assert 10 < (levels == slope.mean()).sum() < 30
    assert np.abs(levels / slope.mean() - 1).max() < 0.21
    assert np.array_equal(given, varied(Sample(slope, "0" * 64), seed=1).images)
