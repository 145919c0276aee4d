from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.edge_runtime.errors import InputError
from facetoon.training.networks.teacher import build_generator
from facetoon.training.recipes.parts import GeneratorRecipe

RANDOM = np.random.default_rng(3)


IMAGES = RANDOM.uniform(-1, 1, (4, 16, 16, 3)).astype("float32")


@pytest.mark.parametrize("kind", ["resnet", "unet", "unet_shuffle"])
@pytest.mark.parametrize("norm", ["instance", "batch"])
def test_generators_keep_size_and_range(kind, norm):
    out = np.asarray(build_generator(GeneratorRecipe(kind, 4, 2, norm), 16, "g")(IMAGES * 9))
    assert out.shape == IMAGES.shape
    assert np.abs(out).max() <= 1


def test_a_size_that_cannot_be_halved_is_refused():
    with pytest.raises(InputError, match="multiple of 8"):
        build_generator(GeneratorRecipe("unet", 4, 3), 20, "g")
