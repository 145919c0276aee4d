"""Quantization recipes, named by their bits. Each has the scores that its files must reach."""

from __future__ import annotations

from dataclasses import dataclass

from facetoon.edge_runtime.errors import InputError

TFLITE, ONNX = ".tflite", ".onnx"
WIDEST = "widest"
ONNX_RANGES = (WIDEST, "mean", "percentile")
"""How ranges of tensors are measured over the pictures; for .tflite they are recipes of their own."""
MATTE_ERROR = "matte_error_share"
"""The one score of which less is better."""


@dataclass(frozen=True)
class Thresholds:
    """The scores of a file that passes, against the float generator on pictures outside the calibration.

    They hold over all pictures and in each pure style. All are the least that is allowed, but the matte's is the most.
    """

    psnr_mean_db: float
    psnr_5th_percentile_db: float
    ssim_mean: float
    matte_error_share: float = 0.02

    @staticmethod
    def of_target(psnr_mean_db: float) -> Thresholds:
        """The thresholds of a mean PSNR that the user names. SSIM misses 1 as the recipes' thresholds below do."""
        return Thresholds(psnr_mean_db, psnr_mean_db - 4, 1 - 0.015 * 10 ** ((40 - psnr_mean_db) / 20))


@dataclass(frozen=True)
class Quantization:
    """A recipe: how weights and activations are stored. `wi8_ai8` reads "weights int8, activations int8"."""

    name: str
    weight_bits: int
    activation_bits: int
    thresholds: Thresholds
    formats: tuple[str, ...] = (TFLITE,)
    is_static: bool = False
    """Whether activations are integers, with ranges measured on calibration pictures."""


INT8 = Thresholds(40.0, 36.0, 0.985)
RECIPES = {
    recipe.name: recipe
    for recipe in (
        # Only the order of summation differs, which rounding to grey levels nearly hides. A lower score means that
        # the converter changed the network, not its precision.
        Quantization("float32", 32, 32, Thresholds(60.0, 55.0, 0.999), (TFLITE, ONNX)),
        # Weights keep 11 bits and arithmetic stays float: one grey level of error on a minority of pixels.
        Quantization("float16", 16, 32, Thresholds(50.0, 46.0, 0.995), (TFLITE, ONNX)),
        # The activations of each picture get their own range while the model runs, so no calibration can be wrong.
        # Sound generators, those with InstanceNorm too, measure 45 to 53 dB.
        Quantization("dynamic_wi8_afp32", 8, 32, Thresholds(38.0, 35.0, 0.98)),
        # The same, with depthwise convolutions in float on int8 weights: XNNPACK takes no dynamic ones.
        Quantization("hybrid_wi8_afp32", 8, 32, Thresholds(38.0, 35.0, 0.98)),
        # A sound generator with BatchNorm and ReLU6 measures 40 to 43 dB; 40 dB is 2.5 grey levels of error. Flat areas
        # of a cartoon begin to show bands at 35 dB. The percentile guards single faces that a mean would hide.
        Quantization("static_wi8_ai8", 8, 8, INT8, (TFLITE, ONNX), is_static=True),
        # The same by ai-edge-quantizer, which averages the ranges over the pictures: better where outliers widen them.
        Quantization("static_wi8_ai8_mean", 8, 8, INT8, is_static=True),
        # The same without the outermost values of each picture: for outliers of single pixels.
        Quantization("static_wi8_ai8_percentile", 8, 8, INT8, is_static=True),
        # 256 times finer activations: only the rounding of the weights is left. Slow, since no delegate takes it.
        Quantization("static_wi8_ai16", 8, 16, Thresholds(45.0, 42.0, 0.99), is_static=True),
    )
}


def find_recipe(name: str, suffix: str = TFLITE) -> Quantization:
    """Return the recipe `name` for files that end in `suffix`; raise InputError with the known names."""
    if suffix not in (TFLITE, ONNX):
        raise InputError(f"The destination must end in {TFLITE} or {ONNX}, not in {suffix or 'nothing'}.")
    known = [recipe.name for recipe in RECIPES.values() if suffix in recipe.formats]
    if name not in known:
        raise InputError(f"There is no quantization recipe {name} for {suffix}; known ones are: {', '.join(known)}.")
    return RECIPES[name]
