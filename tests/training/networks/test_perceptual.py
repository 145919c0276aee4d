from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.training.networks import perceptual, vgg, vgg_weights


@pytest.fixture(scope="module")
def weights(vgg_file):
    return vgg_weights.load_weights(str(vgg_file))


def test_merged_styles_have_merged_gram_matrices(weights):
    encoder = vgg.build_encoder(weights, ("relu1_1",))
    styles = [np.random.default_rng(seed).integers(0, 256, (32, 24, 3), np.uint8) for seed in (0, 1)]
    each = [perceptual.style_grams(encoder, [style], [1.0], ["relu1_1"])["relu1_1"] for style in styles]
    both = perceptual.style_grams(encoder, styles, [0.25, 0.75], ["relu1_1"])["relu1_1"]
    assert not np.allclose(each[0], each[1], rtol=1e-3)
    assert np.allclose(both, 0.25 * each[0] + 0.75 * each[1], rtol=1e-5)
