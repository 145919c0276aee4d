"""The main path: run directory in; model file, report and verdict out."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from facetoon.convert.destination import check_destination, check_folder, deliver, withdraw, write_faults
from facetoon.convert.formats.quantization import ONNX, RECIPES, TFLITE, Quantization, find_recipe
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
from facetoon.convert.material import Material, Request, convert, load_material, measure
from facetoon.convert.quiet import refusing
from facetoon.convert.sources.foreign_source import is_model
from facetoon.convert.sources.samples import FEWEST, Sample
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.spec import ModelSpec, write_model

AGREEMENT_PICTURES = 40  # test pictures that compare the files of two calibration halves
# Two files of 35 dB with independent errors: at 35 dB flat areas begin to show bands, and two errors add up.
LEAST_AGREEMENT_DB = 32.0


def build(request: Request) -> Report:
    """Convert and measure; write the file to `request.out`, or beside it as .rejected when the verdict is fail.

    Raises InputError for input or a destination that cannot be used, and then leaves no file behind.
    """
    recipe = find_recipe(request.recipe, request.out.suffix)
    check_destination(request.out)
    return build_file(request, recipe, load_material(request))


def build_all(request: Request, tell: Callable[[str], None]) -> dict[str, Report | InputError]:
    """Build every recipe in every format into the folder `request.out`, as NAME.RECIPE.FORMAT.

    Returns a report or a refusal for each file name. `tell` gets one line before and one after each file.
    """
    check_folder(request.out)
    name = request.name or request.run.stem
    request = replace(request, name=name)
    material = load_material(request)
    kinds = [(recipe, suffix) for suffix in (TFLITE, ONNX) for recipe in RECIPES.values() if suffix in recipe.formats]
    results: dict[str, Report | InputError] = {}
    for number, (recipe, suffix) in enumerate(kinds, 1):
        out = request.out / f"{name}.{recipe.name}{suffix}"
        tell(f"[{number}/{len(kinds)}] {out.name} ...")
        start = time.perf_counter()
        try:
            results[out.name] = build_file(replace(request, out=out, recipe=recipe.name), recipe, material)
        except InputError as error:
            results[out.name] = error
        tell(f"[{number}/{len(kinds)}] {_summary(results[out.name])}, {time.perf_counter() - start:.0f} s")
    return results


def _summary(result: Report | InputError) -> str:
    if isinstance(result, InputError):
        return f"refused: {result}"
    scores = result.spec.scores
    return f"{result.verdict}: {scores['psnr_mean_db']:.1f} dB, worst {scores['psnr_min_db']:.1f} dB"


def build_file(request: Request, recipe: Quantization, material: Material) -> Report:
    """Build one file with its report and verdict."""
    _check_request(request, recipe, material)

    def model(calibration: Sample) -> bytes:
        return convert(material, recipe, request.out.suffix, calibration, request.dynamic_batch)

    return judge_and_deliver(model, _spec(request, recipe, material), request, recipe, material)


def judge_and_deliver(
    model: Callable[[Sample], bytes], spec: ModelSpec, request: Request, recipe: Quantization, material: Material
) -> Report:
    """Measure a file, and write it with its report: to `request.out`, or beside it as .rejected.

    `model` makes the file's bytes, without a spec, from calibration pictures. Raises InputError when a library refuses
    the file or the disk cannot take it. A refusal leaves no older file that looks current.
    """
    out = request.out
    with write_faults(out):
        try:
            with refusing(f"{out.name} cannot be judged"):
                file, report, comparison = _judged(model, spec, request, recipe, material)
        except InputError:
            withdraw(out)
            raise
    deliver(out, file, report_files(report, comparison), accepted=report.verdict == "pass" or request.keep)
    return report


def _judged(
    make: Callable[[Sample], bytes], spec: ModelSpec, request: Request, recipe: Quantization, material: Material
) -> tuple[bytes, Report, Comparison]:
    source, test, out = material.source, material.test, request.out
    model = make(material.calibration)
    if out.suffix == TFLITE:
        model = with_metadata(model, spec)
    with tempfile.TemporaryDirectory() as folder:
        staged = Path(folder) / out.name
        write_model(staged, model, spec)
        comparison = measure(staged, material)
        agreement = _agreement(make, staged, spec, recipe, material)
        scored = replace(spec, scores=all_rounded(comparison) | {"test": test.describe()})
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
    )
    return file, report, comparison


def _check_request(request: Request, recipe: Quantization, material: Material) -> None:
    if request.dynamic_batch and (request.out.suffix != ONNX or recipe.is_static):
        raise InputError(f"A dynamic batch is for float .onnx files, not for {recipe.name} in {request.out.suffix}.")
    fewest = FEWEST * max(1, len(material.source.styles))
    if recipe.is_static and len(material.calibration.images) < fewest:
        raise InputError(f"{recipe.name} calibrates on at least {fewest} pictures, in two halves that must agree.")


def _spec(request: Request, recipe: Quantization, material: Material) -> ModelSpec:
    source, look = material.source, (request.style or request.label,)
    return ModelSpec(
        name=request.label,
        direction=source.direction,
        recipe="+".join((recipe.name, *(request.improve if recipe.weight_bits == 8 else ()))),
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


def _agreement(
    make: Callable[[Sample], bytes], staged: Path, spec: ModelSpec, recipe: Quantization, material: Material
) -> dict[str, float]:
    """Score two files against each other, each calibrated on one half of the pictures.

    Only for 8-bit activations: 16-bit ones tolerate ranges 256 times too wide, and are slow to test.
    """
    if recipe.activation_bits != 8:
        return {}
    inputs = material.test.images[:AGREEMENT_PICTURES]
    styles = material.test.styles[:AGREEMENT_PICTURES] if material.is_live else None
    outputs = []
    for odd in (0, 1):
        path = staged.with_name(f"half-{odd}{staged.suffix}")
        write_model(path, make(material.calibration.half(odd)), spec)
        outputs.append(file_pictures(open_session(path), inputs, styles))
    return rounded(score(inputs, outputs[0], outputs[1]).scores)


def _disagreement(agreement: dict[str, float]) -> tuple[str, ...]:
    if not agreement or agreement["psnr_mean_db"] >= LEAST_AGREEMENT_DB:
        return ()
    return (
        f"Two files calibrated on disjoint halves of the pictures agree by {agreement['psnr_mean_db']:.4g} dB, "
        f"at least {LEAST_AGREEMENT_DB:g} is wanted: take more pictures or another recipe.",
    )
