"""The main path: adapts a generator's weights to int8, without changing the function they compute in float.

All methods work on the folded network and on calibration pictures, towards the float generator's values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from facetoon.convert.improve.channel_statistics import match_statistics
from facetoon.convert.improve.condition import condition
from facetoon.convert.improve.equalization import equalize
from facetoon.convert.improve.finetune import finetune
from facetoon.convert.improve.fold import Values, fold, has_style_affines
from facetoon.convert.improve.layer_values import model_inputs, some
from facetoon.convert.improve.methods import IMPROVEMENTS
from facetoon.convert.improve.residual import equalize_sums
from facetoon.convert.sources.samples import Sample
from facetoon.edge_runtime.errors import InputError


def improve(
    generator: Any, names: Sequence[str], calibration: Sample, style: Values | None, qat_steps: int, seed: int
) -> Any:
    """Return a folded copy of the generator, improved by the methods `names`, in the order of IMPROVEMENTS.

    With `style`, float32 (styles,), StyleAffine layers are folded in too; live ones are conditioned first. Raises
    InputError for a network that is not a graph of layers used once, or that hides its convolutions, as a SavedModel
    does.
    """
    folded = fold(generator, style)
    if not folded.convolutions:
        raise InputError(f"The generator {generator.name} shows no convolution that could be improved.")
    inputs = model_inputs(folded.model, calibration)
    few = some(inputs)
    if style is None and has_style_affines(generator):
        folded = condition(folded, few)
    for name in (name for name in IMPROVEMENTS if name in names):
        if name == "equalize":
            equalize(folded, few)
            folded = equalize_sums(folded, few)
        elif name == "qat":
            finetune(folded, generator, inputs, qat_steps, seed)
        else:
            is_bn = name == "bn"
            match_statistics(folded, few, folded.normalized if is_bn else folded.convolutions, variance=is_bn)
    return folded.model
