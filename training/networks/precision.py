"""The number format of the networks' arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from facetoon.training.recipes.recipe import Recipe


@contextmanager
def precision(recipe: Recipe) -> Iterator[None]:
    """Make networks that are built in the block compute in the recipe's precision. Their weights stay float32."""
    earlier_policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if recipe.compute.precision == "bfloat16" else "float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(earlier_policy)
