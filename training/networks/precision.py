"""The number format that networks compute in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras
from facetoon.training.recipes.recipe import Recipe


@contextmanager
def precision(recipe: Recipe) -> Iterator[None]:
    """Networks built inside compute in the recipe's precision; their weights are float32 in any case."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if recipe.compute.precision == "bfloat16" else "float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
