"""The main path: run directory in; model file, report and verdict out."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from facetoon.convert.destination import (
    check_destination,
    check_folder,
    deliver,
    rejected_path,
    withdraw,
    write_faults,
)
from facetoon.convert.formats.quantization import ONNX, ONNX_RANGES, RECIPES, TFLITE, WIDEST, Quantization, find_recipe
from facetoon.convert.formats.tflite_metadata import with_metadata
from facetoon.convert.judge.comparison import Comparison, file_pictures, score
from facetoon.convert.judge.conversion_report import (
    Report,
    all_rounded,
    report_files,
    rounded,
    shortfalls,
    versions,
)
from facetoon.convert.judge.delegation import delegation
from facetoon.convert.judge.latency import latencies_ms
from facetoon.convert.material import Material, Request, convert, load_steps, measure
from facetoon.convert.quiet import refusing
from facetoon.convert.sources.foreign_source import is_model
from facetoon.convert.sources.samples import FEWEST
from facetoon.convert.trials import Way, as_tried, best, try_out
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.spec import ModelSpec, write_model

NPU_MARK = "npu"
"""In the recipe's name of a file that was built with --npu."""
AGREEMENT_PICTURES = 40  # test pictures that compare the files of two calibration halves
# Two files of 35 dB with independent errors: at 35 dB flat areas begin to show bands, and two errors add up.
LEAST_AGREEMENT_DB = 32.0


def build(request: Request) -> Report:
    """Convert and measure; write the file to `request.out`, or beside it as .rejected when the verdict is fail.

    Raises InputError for input or a destination that cannot be used, and then leaves no file behind.
    """
    recipe = find_recipe(request.recipe, request.out.suffix)
    check_destination(request.out)
    return build_file(request, recipe, load_steps(request))


def build_all(request: Request, tell: Callable[[str], None]) -> dict[str, Report | InputError]:
    """Build every recipe in every format into the folder `request.out`, as NAME.RECIPE.FORMAT.

    Returns a report or a refusal for each file name. `tell` gets one line before and one after each file.
    """
    check_folder(request.out)
    name = request.name or request.run.stem
    request = replace(request, name=name)
    steps = load_steps(request)
    kinds = [(recipe, suffix) for suffix in (TFLITE, ONNX) for recipe in RECIPES.values() if suffix in recipe.formats]
    results: dict[str, Report | InputError] = {}
    for number, (recipe, suffix) in enumerate(kinds, 1):
        out = request.out / f"{name}.{recipe.name}{suffix}"
        tell(f"[{number}/{len(kinds)}] {out.name} ...")
        start = time.perf_counter()
        try:
            results[out.name] = build_file(replace(request, out=out, recipe=recipe.name), recipe, steps)
        except InputError as error:
            results[out.name] = error
        tell(f"[{number}/{len(kinds)}] {_summary(results[out.name])}, {time.perf_counter() - start:.0f} s")
    return results


def latencies_of(folder: Path, results: Mapping[str, Report | InputError]) -> dict[str, float]:
    """Median milliseconds on one thread of the files that build_all wrote, rejected ones too."""
    with tempfile.TemporaryDirectory() as copies:
        files: dict[str, Path] = {}
        for name in (name for name, result in results.items() if not isinstance(result, InputError)):
            place = folder / name
            files[name] = Path(copies) / name  # no runtime opens a rejected file by its own name
            shutil.copy(place if place.exists() else rejected_path(place), files[name])
        return latencies_ms(files)


def _summary(result: Report | InputError) -> str:
    if isinstance(result, InputError):
        return f"refused: {result}"
    scores = result.spec.scores
    return f"{result.verdict}: {scores['psnr_mean_db']:.1f} dB, worst {scores['psnr_min_db']:.1f} dB"


def build_file(request: Request, recipe: Quantization, steps: Sequence[Material]) -> Report:
    """Build one file with its report and verdict.

    `steps` are the materials of load_steps. A recipe with int8 weights tries each, and keeps the best; int8 ONNX tries
    each kind of ranges as well.
    """
    suffix = request.out.suffix
    check_request(request, recipe, steps[0])
    ways = ways_of(recipe, steps, suffix, request.dynamic_batch)
    spec = spec_of(request, recipe, steps[0])
    if len(ways) == 1:
        return judge_and_deliver(ways[0], spec, request)
    with set_aside_on_refusal(request.out):
        trials = [try_out(way, suffix, spec) for way in ways]
    chosen = best(trials)
    return judge_and_deliver(as_tried(chosen), spec, request, [trial.row(trial is chosen) for trial in trials])


def ways_of(recipe: Quantization, steps: Sequence[Material], suffix: str, dynamic_batch: bool = False) -> list[Way]:
    """Return a way for each material that makes a difference to the recipe; for int8 ONNX also each of ONNX_RANGES."""

    def way(material: Material) -> Way:
        marks: tuple[str, ...] = (material.ranges,) if material.ranges != WIDEST else ()
        marks += material.improvements if recipe.weight_bits == 8 else ()
        marks += (NPU_MARK,) if material.npu else ()
        return Way(recipe, marks, lambda pictures: convert(material, recipe, suffix, pictures, dynamic_batch), material)

    kinds = ONNX_RANGES if suffix == ONNX and recipe.is_static else (WIDEST,)
    materials = steps if recipe.weight_bits == 8 else steps[:1]
    return [
        way(material if kind == WIDEST else replace(material, ranges=kind)) for material in materials for kind in kinds
    ]


def judge_and_deliver(way: Way, spec: ModelSpec, request: Request, tried: Sequence[Mapping[str, Any]] = ()) -> Report:
    """Measure a file, and write it with its report: to `request.out`, or beside it as .rejected.

    `tried` are rows of Trial for the report. Raises InputError when a library refuses the file or the disk cannot take
    it. A refusal leaves no older file that looks current.
    """
    out = request.out
    with set_aside_on_refusal(out), refusing(f"{out.name} cannot be judged"):
        file, report, comparison = _judged(way, replace(spec, recipe=way.label), request, tried)
    deliver(out, file, report_files(report, comparison), accepted=report.verdict == "pass" or request.keep)
    return report


@contextmanager
def set_aside_on_refusal(out: Path) -> Iterator[None]:
    """Take an older build of `out` out of the way when the block raises InputError."""
    with write_faults(out):
        try:
            yield
        except InputError:
            withdraw(out)
            raise


def _judged(
    way: Way, spec: ModelSpec, request: Request, tried: Sequence[Mapping[str, Any]]
) -> tuple[bytes, Report, Comparison]:
    recipe, material, out = way.recipe, way.material, request.out
    source, test = material.source, material.test
    model = way.make(material.calibration)
    if out.suffix == TFLITE:
        model = with_metadata(model, spec)
    with tempfile.TemporaryDirectory() as folder:
        staged = Path(folder) / out.name
        write_model(staged, model, spec)
        comparison = measure(staged, material)
        agreement = _agreement(way, staged, spec)
        target = {} if request.target_db is None else {"target_db": request.target_db}
        scored = replace(spec, scores=all_rounded(comparison) | {"test": test.describe()} | target)
        scored = write_model(staged, model, scored)
        file, runtime = staged.read_bytes(), open_session(staged).runtime
    report = Report(
        spec=scored,
        thresholds=recipe.thresholds,
        shortfalls=shortfalls(comparison, recipe.thresholds) + _disagreement(agreement),
        test=test.describe(),
        sizes_bytes={"file": len(file), "model": len(model), "float generator": source.float_bytes},
        versions=versions(runtime),
        percentiles_db=comparison.percentiles_db,
        agreement=agreement,
        delegation=delegation(model) if out.suffix == TFLITE else {},
        is_run=not is_model(request.run),
        tried=tuple(tried),
    )
    return file, report, comparison


def check_request(request: Request, recipe: Quantization, material: Material) -> None:
    """Raise InputError for a recipe that the request's options or pictures do not suit."""
    if request.dynamic_batch and (request.out.suffix != ONNX or recipe.is_static):
        raise InputError(f"A dynamic batch is for float .onnx files, not for {recipe.name} in {request.out.suffix}.")
    fewest = FEWEST * max(1, len(material.source.styles))
    if recipe.is_static and len(material.calibration.images) < fewest:
        raise InputError(f"{recipe.name} calibrates on at least {fewest} pictures, in two halves that must agree.")


def spec_of(request: Request, recipe: Quantization, material: Material) -> ModelSpec:
    """Describe the file as far as it is known before it is made."""
    source, look = material.source, (request.style or request.label,)
    return ModelSpec(
        name=request.label,
        direction=source.direction,
        recipe=recipe.name,
        framing=source.framing,
        styles=source.styles if material.is_live else look,
        matte=source.has_matte,
        keeps_shape=_keeping_shape(material, look),
        calibration=material.calibration.describe() if recipe.is_static else {},
        run=source.sha256,
        data_sources=request.data_sources,
        licence=request.licence,
        author=request.author,
    )


def _keeping_shape(material: Material, look: tuple[str, ...]) -> tuple[str, ...]:
    """The file's styles that keep the shape. A single look does if each style in its mix does."""
    source, style = material.source, material.style
    if material.is_live:
        return tuple(name for name in source.styles if name in source.keeps_shape)
    if style is None:
        return look if source.keeps_shape else ()
    return look if all(source.styles[i] in source.keeps_shape for i in np.flatnonzero(style)) else ()


def _agreement(way: Way, staged: Path, spec: ModelSpec) -> dict[str, float]:
    """Score two files against each other, each calibrated on one half of the pictures.

    Only for 8-bit activations: 16-bit ones tolerate ranges 256 times too wide, and are slow to test.
    """
    material = way.material
    if way.recipe.activation_bits != 8:
        return {}
    inputs = material.test.images[:AGREEMENT_PICTURES]
    styles = material.test.styles[:AGREEMENT_PICTURES] if material.is_live else None
    outputs = []
    for odd in (0, 1):
        path = staged.with_name(f"half-{odd}{staged.suffix}")
        write_model(path, way.make(material.calibration.half(odd)), spec)
        outputs.append(file_pictures(open_session(path), inputs, styles))
    return rounded(score(inputs, outputs[0], outputs[1]).scores)


def _disagreement(agreement: dict[str, float]) -> tuple[str, ...]:
    if not agreement or agreement["psnr_mean_db"] >= LEAST_AGREEMENT_DB:
        return ()
    return (
        f"Two files calibrated on disjoint halves of the pictures agree by {agreement['psnr_mean_db']:.4g} dB, "
        f"at least {LEAST_AGREEMENT_DB:g} is wanted: take more pictures or another recipe.",
    )
