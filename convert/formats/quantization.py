"""Quantization recipes, named by their bits, each with the scores below which its result is not shipped."""

from __future__ import annotations

from dataclasses import dataclass

from facetoon.edge_runtime.errors import InputError

TFLITE, ONNX = ".tflite", ".onnx"
IMPROVEMENTS = (
    "equalize",
    "bn",
    "bias",
    "qat",
)  # in the order that they are made in; see facetoon.convert.improve.improvements


@dataclass(frozen=True)
class Thresholds:
    """The least that a shipped file must reach against the float generator, over unseen pictures."""

    psnr_mean_db: float
    psnr_5th_percentile_db: float
    ssim_mean: float


@dataclass(frozen=True)
class Recipe:
    """How weights and activations are stored; `wi8_ai8` reads "weights int8, activations int8"."""

    name: str
    weight_bits: int
    activation_bits: int
    thresholds: Thresholds
    formats: tuple[str, ...] = (TFLITE,)
    is_static: bool = False
    """Whether activations are stored as integers, whose ranges are measured on calibration pictures."""


RECIPES = {
    recipe.name: recipe
    for recipe in (
        # Only summation order differs, which rounding to grey levels nearly hides: a lower score means that the
        # converter changed the network, not its precision.
        Recipe("float32", 32, 32, Thresholds(60.0, 55.0, 0.999), (TFLITE, ONNX)),
        # Weights keep 11 bits and arithmetic stays float: one grey level of error on a minority of pixels.
        Recipe("float16", 16, 32, Thresholds(50.0, 46.0, 0.995), (TFLITE, ONNX)),
        # Each picture's activations get their own range while it runs, so no calibration can be wrong: sound
        # generators, InstanceNorm too, measure 45 to 53 dB.
        Recipe("dynamic_wi8_afp32", 8, 32, Thresholds(38.0, 35.0, 0.98)),
        # The same with depthwise convolutions in float on int8 weights: those would fall out of XNNPACK otherwise.
        Recipe("hybrid_wi8_afp32", 8, 32, Thresholds(38.0, 35.0, 0.98)),
        # A sound BatchNorm and ReLU6 generator measures 40 to 43 dB. 35 dB is 4.5 grey levels of error, about where
        # flat cartoon areas begin to show bands; the percentile guards single faces that a mean would hide.
        Recipe("static_wi8_ai8", 8, 8, Thresholds(35.0, 32.0, 0.97), (TFLITE, ONNX), is_static=True),
        # The same by ai-edge-quantizer, which averages ranges over the pictures: better where outliers spoil them.
        Recipe("static_wi8_ai8_mean", 8, 8, Thresholds(35.0, 32.0, 0.97), is_static=True),
        # 256 times finer activations: what is left is the weights' rounding. Slow: no delegate takes it.
        Recipe("static_wi8_ai16", 8, 16, Thresholds(45.0, 42.0, 0.99), is_static=True),
    )
}


def find_improvements(text: str) -> tuple[str, ...]:
    """The methods of a list such as "equalize,bias"; raises InputError naming the known ones."""
    names = tuple(filter(None, text.split(",")))
    for name in names:
        if name not in IMPROVEMENTS:
            raise InputError(f"There is no improvement {name}; known ones are: {', '.join(IMPROVEMENTS)}.")
    return tuple(known for known in IMPROVEMENTS if known in names)


def find_recipe(name: str, suffix: str = TFLITE) -> Recipe:
    """The recipe of that name for files that end in `suffix`; raises InputError naming the known ones."""
    if suffix not in (TFLITE, ONNX):
        raise InputError(f"The destination must end in {TFLITE} or {ONNX}, not in {suffix or 'nothing'}.")
    known = [recipe.name for recipe in RECIPES.values() if suffix in recipe.formats]
    if name not in known:
        raise InputError(f"There is no quantization recipe {name} for {suffix}; known ones are: {', '.join(known)}.")
    return RECIPES[name]
