"""Why a static file is bad: the error of every operator against float, and what leaving the worst in float would buy.

For TFLite, TensorFlow's QuantizationDebugger runs the quantized network with every tensor's float value beside it; for
ONNX, see facetoon.convert.debug.onnx_errors.
"""

from __future__ import annotations

import csv
import io
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from facetoon.convert.build import Material, Request, load_material, measure
from facetoon.convert.formats.quantization import IMPROVEMENTS, ONNX, Recipe, find_recipe
from facetoon.convert.formats.quiet import quiet
from facetoon.convert.formats.tflite_metadata import with_metadata
from facetoon.convert.judge.comparison import Comparison
from facetoon.convert.judge.conversion_report import rounded
from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.spec import ModelSpec, read_model, write_model
from numpy.typing import NDArray

DEBUGGED = 24  # calibration pictures that the operators' errors are measured on
STEPS = (0, 1, 2, 4, 8)  # worst operators made finer
TIMED_RUNS = 30
FULL_BAR_DB = 60.0  # of the plot; operators that only move values have far more


@dataclass(frozen=True)
class OpError:
    """One operator's output, quantized, against what it would be in float."""

    operator: str
    tensor: str
    snr_db: float
    """Power of the float values over that of the error."""


Make = Callable[[list[str], str], bytes]
"""Tensors, and whether they or their operators become float or int16, to the model."""


@dataclass(frozen=True)
class Step:
    """A file whose `count` worst operators are finer than int8."""

    count: int
    finer: str
    model: bytes
    comparison: Comparison
    latency_ms: float
    """Median of one thread; a ratio between steps means more than the figure."""


def debug(
    path: Path, request: Request, finer: str, tell: Callable[[str], None]
) -> tuple[ModelSpec, list[OpError], list[Step]]:
    """Spec, operators with the worst first, and the steps of selective float or int16, for a static file of this kit.

    Raises InputError for any other file, and when `request.run` is not the run that it came from.
    """
    _, spec = read_model(path)
    recipe = find_recipe(spec.recipe.partition("+")[0], path.suffix)
    if recipe.name != "static_wi8_ai8":
        raise InputError(f"{path} is {recipe.name}; only static_wi8_ai8 has errors that single operators cause.")
    # What was improved before is ranked as it was improved; the steps of "qat" are those of the request.
    improve = tuple(name for name in spec.recipe.split("+") if name in IMPROVEMENTS)
    material = load_material(replace(request, improve=improve))
    if material.source.sha256 != spec.run:
        raise InputError(f"{path} was made from run {spec.run[:12]}, not from {material.source.sha256[:12]}.")
    tell("measuring every operator ...")
    with quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorFlow's own interpreter is deprecated
        errors, make = (_ranked_onnx if path.suffix == ONNX else _ranked)(material, recipe)
    steps = []
    for count in (step for step in STEPS if step < len(errors)):  # the debugger wants one that is left in int8
        tell(f"{count} operators in {finer} ...")
        with quiet(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = make([error.tensor for error in errors[:count]], finer)
        steps.append(_step(count, finer, model, path.suffix, material, spec))
    return spec, errors, steps


def apply(step: Step, spec: ModelSpec, out: Path) -> ModelSpec:
    """Write the file of that step; its recipe's name says how many operators became what."""
    scores = rounded(step.comparison.scores) | {"test": spec.scores.get("test", {})}
    applied = replace(spec, recipe=f"{spec.recipe}+{step.count}{step.finer}", scores=scores)
    model = step.model if out.suffix == ONNX else with_metadata(step.model, applied)
    return write_model(out, model, applied)


def table(errors: list[OpError], steps: list[Step]) -> str:
    """Markdown: the ranking, then what each step buys and costs."""
    lines = ["| operator | signal over error (dB) | output |", "| --- | --- | --- |"]
    lines += [f"| {error.operator} | {error.snr_db:.1f} | {error.tensor[-60:]} |" for error in errors]
    lines += [
        "",
        f"| in {steps[0].finer} | PSNR, mean (dB) | PSNR, worst (dB) | ms | kB |",
        "| --- | --- | --- | --- | --- |",
    ]
    for step in steps:
        scores = step.comparison.scores
        figures = f"{scores.psnr_mean_db:.1f} | {scores.psnr_min_db:.1f} | {step.latency_ms:.2f}"
        lines.append(f"| {step.count} | {figures} | {len(step.model) / 1000:.0f} |")
    return "\n".join(lines) + "\n"


def plot(errors: list[OpError]) -> Image:
    """Horizontal bars, worst on top: RGB uint8."""
    row_px, text_px, bar_px = 18, 260, 420
    image = np.full((row_px * (len(errors) + 1), text_px + bar_px + 80, 3), 255, np.uint8)
    for row, error in enumerate(errors):
        y = row * row_px + 14
        length = int(bar_px * min(max(error.snr_db, 0), FULL_BAR_DB) / FULL_BAR_DB)
        colour = (200, 60, 40) if error.snr_db < 30 else (60, 110, 180)
        cv2.putText(image, f"{row + 1:3d} {error.operator}", (6, y), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1)
        cv2.rectangle(image, (text_px, y - 11), (text_px + length, y + 1), colour, -1)
        end = (text_px + length + 6, y)
        cv2.putText(image, f"{error.snr_db:.1f} dB", end, cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1)
    return image


def _debugger(material: Material, recipe: Recipe) -> Any:
    import tensorflow as tf
    from facetoon.convert.formats.bake import batch_of_one
    from facetoon.convert.formats.to_tflite import make_converter

    fixed = batch_of_one(material.improved, material.style)
    few = replace(material.calibration, images=material.calibration.images[:DEBUGGED])
    order: list[str] = []  # of the file's inputs, known once it is made
    options = tf.lite.experimental.QuantizationDebugOptions(layer_direct_compare_metrics={"snr_db": _snr_db})
    debugger = tf.lite.experimental.QuantizationDebugger(
        converter=make_converter(fixed, recipe, material.calibration),
        debug_dataset=lambda: ([tensors[name] for name in order] for tensors in few.feeds()),
        debug_options=options,
    )
    # Its own interpreter keeps no tensor until the end, when it compares them.
    debugger._quant_interpreter = tf.lite.Interpreter(
        model_content=debugger.quant_model,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    inputs = debugger._quant_interpreter.get_input_details()
    order += [next(t.name for t in fixed.inputs if len(t.shape) == len(given["shape"])) for given in inputs]
    return debugger


def _snr_db(exact: NDArray[np.float32], levels: NDArray[np.int8], scale: float, zero_point: int) -> float:
    error = (levels.astype(np.float32) - zero_point) * scale - exact
    return 10 * float(np.log10((np.mean(exact**2) + 1e-12) / (np.mean(error**2) + 1e-12)))


def _ranked(material: Material, recipe: Recipe) -> tuple[list[OpError], Make]:
    """The debugger's own dump tells which tensor each statistic belongs to.

    The converter has 16-bit activations for whole files only, so files with single operators in int16 are
    ai-edge-quantizer's, with the converter's ranges.
    """
    import tensorflow as tf
    from facetoon.convert.formats.bake import batch_of_one
    from facetoon.convert.formats.to_tflite import float32, to_mixed, widest_ranges

    debugger = _debugger(material, recipe)
    debugger.run()
    text = io.StringIO()
    debugger.layer_statistics_dump(text)
    rows = csv.DictReader(io.StringIO(text.getvalue()))
    errors = [OpError(row["op_name"], row["tensor_name"], float(row["snr_db"])) for row in rows]
    operators = {error.tensor: error.operator for error in errors}

    @cache
    def measured() -> tuple[bytes, dict[str, Any]]:
        fixed = batch_of_one(material.improved, material.style)
        model = float32(fixed)
        return model, widest_ranges(model, fixed, material.calibration)

    def make(tensors: list[str], finer: str) -> bytes:
        if finer == "int16":
            return to_mixed(*measured(), [(operators[tensor], tensor) for tensor in tensors])
        debugger.options = tf.lite.experimental.QuantizationDebugOptions(denylisted_nodes=tensors)
        return bytes(debugger.get_nondebug_quantized_model())

    return sorted(errors, key=lambda error: error.snr_db), make


def _ranked_onnx(material: Material, recipe: Recipe) -> tuple[list[OpError], Make]:
    from facetoon.convert.debug.onnx_errors import rank
    from facetoon.convert.formats.bake import batch_of_one

    return rank(batch_of_one(material.improved, material.style), material.calibration)


def _step(count: int, finer: str, model: bytes, suffix: str, material: Material, spec: ModelSpec) -> Step:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"step{suffix}"
        write_model(path, model, spec)
        comparison = measure(path, material)
        session = open_session(path, threads=1)
    tensor = session.to_tensor(material.test.images[0])
    latency_ms = statistics.median(_timed(session, tensor) for _ in range(TIMED_RUNS))
    return Step(count, finer, model, comparison, latency_ms)


def _timed(session: Any, tensor: pixels.Tensor) -> float:
    start = time.perf_counter()
    session.infer(tensor)
    return (time.perf_counter() - start) * 1000
