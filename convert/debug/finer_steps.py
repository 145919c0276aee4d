"""Measures each operator's error in a static file, and the gain from finer numbers for the worst operators."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from facetoon.convert.build import NPU_MARK, judge_and_deliver
from facetoon.convert.debug.onnx_ranking import rank_onnx
from facetoon.convert.debug.ranking import MakeFiner, OperatorError
from facetoon.convert.debug.tflite_ranking import rank_tflite
from facetoon.convert.formats.quantization import ONNX, ONNX_RANGES, WIDEST, Quantization, find_recipe
from facetoon.convert.improve.methods import IMPROVEMENTS
from facetoon.convert.judge.comparison import Comparison
from facetoon.convert.judge.conversion_report import Report
from facetoon.convert.judge.latency import latencies_ms
from facetoon.convert.material import Material, Request, fixed_network, load_material, measure
from facetoon.convert.quiet import quiet, refusing
from facetoon.convert.sources.samples import Sample
from facetoon.convert.trials import Way
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.model_files.tailed_file import format_of
from facetoon.edge_runtime.spec import ModelSpec, read_model, write_model


@dataclass(frozen=True)
class Step:
    """A file whose `count` worst operators are finer than int8."""

    count: int
    finer: str
    model: bytes
    comparison: Comparison
    latency_ms: float
    """Median on one thread; ratios between steps mean more than the figure."""


@dataclass(frozen=True)
class Debugging:
    """A static file under study: its operators by error, and the files with the worst of them made finer."""

    path: Path
    request: Request
    recipe: Quantization
    material: Material
    spec: ModelSpec
    errors: list[OperatorError]
    """The worst first."""
    make_finer: MakeFiner
    steps: list[Step]

    def apply(self, count: int, finer: str, out: Path) -> Report:
        """Judge and write the file whose `count` worst operators are finer, as a build does.

        Its recipe's name ends in the number of finer operators and their type.
        """
        tensors = [error.tensor for error in self.errors[:count]]
        way = finer_way(self.recipe, self.material, out.suffix, tensors, finer, self.make_finer)
        way = replace(way, marks=(*self.spec.recipe.split("+")[1:], *way.marks))
        spec = replace(self.spec, calibration=self.material.calibration.describe())
        return judge_and_deliver(way, spec, replace(self.request, out=out))


def finer_way(
    recipe: Quantization, material: Material, suffix: str, worst: list[str], finer: str, make_finer: MakeFiner
) -> Way:
    """Return the way to a static file whose operators with the outputs `worst` are finer: "float" or "int16".

    `make_finer` is that of `rank` for the material.
    """

    def make(calibration: Sample) -> bytes:
        if calibration is material.calibration:
            return made_finer(make_finer, worst, finer)
        _, of_a_half = rank(replace(material, calibration=calibration), recipe, suffix)
        return made_finer(of_a_half, worst, finer)

    return Way(recipe, (f"{len(worst)}{finer}",), make, material)


def debug(path: Path, request: Request, finer: str, counts: Sequence[int], tell: Callable[[str], None]) -> Debugging:
    """Rank the operators of a static file, accepted or rejected, and measure a step for each of `counts`.

    Raises InputError for any other file, and when `request.run` is not the file's run.
    """
    _, spec = read_model(path)
    suffix = format_of(path)
    recipe = find_recipe(spec.recipe.partition("+")[0], suffix)
    if recipe.name != "static_wi8_ai8":
        raise InputError(f"{path} is {recipe.name}; debug takes only static_wi8_ai8.")
    # The file's improvements are repeated; the request sets the number of steps of "qat".
    improve = tuple(name for name in spec.recipe.split("+") if name in IMPROVEMENTS)
    marks = spec.recipe.split("+")
    material = load_material(replace(request, improve=improve, npu=NPU_MARK in marks))
    material = replace(material, ranges=next((kind for kind in ONNX_RANGES if kind in marks), WIDEST))
    if material.source.sha256 != spec.run:
        raise InputError(f"{path} was made from run {spec.run[:12]}, not from {material.source.sha256[:12]}.")
    tell("measuring every operator ...")
    errors, make_finer = rank(material, recipe, suffix)
    steps = []
    for count in (count for count in counts if count < len(errors)):  # the debugger needs one int8 operator
        tell(f"{count} operators in {finer} ...")
        model = made_finer(make_finer, [error.tensor for error in errors[:count]], finer)
        steps.append(_step(count, finer, model, suffix, material, spec))
    return Debugging(path, request, recipe, material, spec, errors, make_finer, steps)


def made_finer(make_finer: MakeFiner, tensors: list[str], finer: str) -> bytes:
    """Return the model with these tensors' operators in "float" or "int16". Raises InputError if a library refuses."""
    with quiet(), warnings.catch_warnings(), refusing(f"{len(tensors)} operators cannot be in {finer}"):
        warnings.simplefilter("ignore")
        return make_finer(tensors, finer)


def rank(material: Material, recipe: Quantization, suffix: str) -> tuple[list[OperatorError], MakeFiner]:
    """Rank the operators of the material's static file, worst first; also return a MakeFiner for them."""
    with quiet(), warnings.catch_warnings(), refusing("The operators cannot be ranked"):
        warnings.simplefilter("ignore")  # TensorFlow's own interpreter is deprecated
        fixed = fixed_network(material, recipe)
        if suffix == ONNX:
            return rank_onnx(fixed, material.calibration, material.ranges)
        return rank_tflite(fixed, material.calibration, recipe)


def _step(count: int, finer: str, model: bytes, suffix: str, material: Material, spec: ModelSpec) -> Step:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"step{suffix}"
        write_model(path, model, spec)
        comparison = measure(path, material)
        latency_ms = latencies_ms({"step": path})["step"]
    return Step(count, finer, model, comparison, latency_ms)
