from __future__ import annotations

import cv2
import numpy as np
import pytest

from facetoon.training.prepare.near_duplicates import keep_one_of_each, near_pairs, perceptual_hash


@pytest.fixture
def grey(portrait):
    return cv2.cvtColor(portrait[40:220, 130:310], cv2.COLOR_BGR2GRAY)


def bits_between(a, b):
    pairs = list(near_pairs([perceptual_hash(a), perceptual_hash(b)], 256))
    return pairs[0][2]


@pytest.mark.parametrize(
    "change",
    [
        lambda g: cv2.imdecode(cv2.imencode(".jpg", g, [1, 40])[1], cv2.IMREAD_GRAYSCALE),
        lambda g: cv2.resize(g, (90, 90), interpolation=cv2.INTER_AREA),
        lambda g: np.clip(g * 0.8 + 30, 0, 255).astype(np.uint8),
        lambda g: cv2.GaussianBlur(g, (0, 0), 1.5),
    ],
)
def test_copies_are_near(grey, change):
    assert bits_between(grey, change(grey)) <= 16


def test_other_pictures_are_far(grey, portrait):
    other = cv2.cvtColor(portrait[250:430, 130:310], cv2.COLOR_BGR2GRAY)
    assert bits_between(grey, other) > 80
    assert bits_between(grey, np.ascontiguousarray(grey[:, ::-1])) > 60


def test_pairs_are_exact_over_blocks():
    random = np.random.default_rng(1)
    bits = random.integers(0, 2, (1200, 256), np.uint8)
    bits[1100] = bits[3]
    bits[1100, :7] ^= 1
    hashes = [np.packbits(row).tobytes().hex() for row in bits]
    assert list(near_pairs(hashes, 20)) == [(3, 1100, 7)]
    assert list(near_pairs([], 20)) == []


def test_what_stays_has_no_like_among_what_stays():
    """A chain 0 - 1 - 2: 1 falls to 0, and then 2, which is like 1 alone, may stay."""
    assert keep_one_of_each([(0, 1, 5), (1, 2, 6)]) == {1: (0, 5)}
    assert keep_one_of_each([(0, 1, 5), (1, 2, 6), (0, 2, 9)]) == {1: (0, 5), 2: (0, 9)}
