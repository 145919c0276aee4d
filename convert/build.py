"""The main path: run directory in; model file, report and verdict out."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from facetoon.convert.formats.calibration import FEWEST, Sample, load_samples
from facetoon.convert.formats.quantization import ONNX, RECIPES, TFLITE, Recipe, find_recipe
from facetoon.convert.formats.quiet import quiet
from facetoon.convert.judge.comparison import Comparison, check_range, compare, file_pictures, score
from facetoon.convert.judge.conversion_report import Report, rounded, shortfalls, versions, write_report
from facetoon.convert.judge.delegation import delegation
from facetoon.convert.sources.generator_source import Source, read_source
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.spec import ModelSpec, write_model
from facetoon.edge_runtime.styles import parse_mix, to_vector
from numpy.typing import NDArray

AGREEMENT_PICTURES = 40  # on which the files of two disjoint calibration halves are held to each other
ERRORS_OF_TWO_DB = 3.0  # files that both just pass, each by errors of its own, differ by twice the squared error


@dataclass(frozen=True)
class Request:
    """What to build. `photos` says where the pictures lie now; empty means where they lay in training."""

    run: Path
    out: Path
    """The file; its suffix chooses the format."""
    recipe: str = "static_wi8_ai8"
    direction: str = "ab"
    photos: tuple[str, ...] = ()
    calibration_images: int = 200
    test_images: int = 200
    name: str = ""
    licence: str = ""
    author: str = ""
    data_sources: tuple[str, ...] = ()
    style: str = ""
    """A mix to bake, such as "anime:0.6,comic:0.4"; empty keeps a style input."""
    style_names: tuple[str, ...] = ()
    improve: tuple[str, ...] = ()
    """Methods of recipes.IMPROVEMENTS, in that order, for recipes with int8 weights."""
    qat_steps: int = 300
    dynamic_batch: bool = False
    seed: int = 1
    keep: bool = False


@dataclass(frozen=True)
class Material:
    """What every file of one source shares."""

    source: Source
    calibration: Sample
    test: Sample
    style: NDArray[np.float32] | None
    """The style to bake, float32 (styles,)."""
    improved: Any = None
    """What becomes int8: the generator, or a copy that was improved for it."""


def build(request: Request) -> Report:
    """Convert, measure, and put the file at `request.out`, or, when the verdict is fail, beside it as .rejected.

    Raises InputError, and then leaves nothing behind, for anything that cannot be used or written.
    """
    recipe = find_recipe(request.recipe, request.out.suffix)
    _check_destination(request.out)
    return build_file(request, recipe, load_material(request))


def build_all(request: Request, tell: Callable[[str], None]) -> dict[str, Report | InputError]:
    """Every recipe in every format, as NAME.RECIPE.FORMAT in the folder `request.out`; what refuses has its reason.

    `tell` is given one line before and one after each file.
    """
    check_folder(request.out)
    material = load_material(request)
    name = request.name or request.run.stem
    wanted = [(recipe, suffix) for suffix in (TFLITE, ONNX) for recipe in RECIPES.values() if suffix in recipe.formats]
    done: dict[str, Report | InputError] = {}
    for number, (recipe, suffix) in enumerate(wanted, 1):
        out = request.out / f"{name}.{recipe.name}{suffix}"
        tell(f"[{number}/{len(wanted)}] {out.name} ...")
        start = time.perf_counter()
        try:
            done[out.name] = build_file(replace(request, out=out, recipe=recipe.name, name=name), recipe, material)
        except InputError as error:
            done[out.name] = error
        tell(f"[{number}/{len(wanted)}] {_summary(done[out.name])}, {time.perf_counter() - start:.0f} s")
    return done


def load_material(request: Request) -> Material:
    """Generator and pictures; raises InputError where they cannot be used."""
    with quiet():  # the first import of TensorFlow prints as well
        source = read_source(request.run, request.direction, request.photos, request.style_names)
    style = None
    if request.style:
        if not source.styles:
            raise InputError(f"{request.run} has no styles to bake; --style is for a generator with a style input.")
        style, strength = to_vector(parse_mix(request.style, source.styles), source.styles)
        if strength < 1:
            raise InputError(f"The share of photo in {request.style} is a blend after the model; it cannot be baked.")
    calibration, test = load_samples(source, (request.calibration_images, request.test_images), request.seed)
    if style is not None:
        calibration, test = (replace(s, styles=np.tile(style, (len(s.images), 1))) for s in (calibration, test))
    check_range(source.generator, test.images, test.styles if source.styles else None)
    improved = source.generator
    with quiet():
        from facetoon.convert.formats.fold import has_style_affines
        from facetoon.convert.improve.improvements import improve

        if request.improve or (style is None and has_style_affines(improved)):
            improved = improve(improved, request.improve, calibration, style, request.qat_steps, request.seed)
    return Material(source, calibration, test, style, improved)


def convert(material: Material, recipe: Recipe, suffix: str, calibration: Sample, dynamic_batch: bool = False) -> bytes:
    """Model bytes without a spec."""
    with quiet():
        from facetoon.convert.formats.bake import batch_of_one
        from facetoon.convert.formats.to_onnx import to_onnx
        from facetoon.convert.formats.to_tflite import to_tflite
    generator = material.improved if recipe.weight_bits == 8 else material.source.generator
    fixed = batch_of_one(generator, material.style, None if dynamic_batch else 1)
    return (to_onnx if suffix == ONNX else to_tflite)(fixed, recipe, calibration)


def build_file(request: Request, recipe: Recipe, material: Material) -> Report:
    """One file with its report and verdict."""
    from facetoon.convert.formats.tflite_metadata import with_metadata
    from facetoon.convert.judge.kid import kid_change  # brings Keras in, which load_material has done quietly

    source, test, out = material.source, material.test, request.out
    if request.dynamic_batch and (out.suffix != ONNX or recipe.is_static):
        raise InputError(f"A dynamic batch is for float .onnx files, not for {recipe.name} in {out.suffix}.")
    fewest = FEWEST * max(1, len(source.styles))
    if recipe.is_static and len(material.calibration.images) < fewest:
        raise InputError(f"{recipe.name} calibrates on at least {fewest} pictures, in two halves that must agree.")
    model = convert(material, recipe, out.suffix, material.calibration, request.dynamic_batch)
    with _staging(out) as folder:
        staged = folder / out.name
        spec = _spec(request, recipe, material)
        if out.suffix == TFLITE:
            model = with_metadata(model, spec)
        write_model(staged, model, spec)
        comparison = measure(staged, material)
        is_coarse = recipe.activation_bits == 8  # 16 bits forgive 256 times wider ranges, and are slow to try
        agreement = _agreement(folder, request, recipe, material) if is_coarse else {}
        scored = replace(spec, scores=rounded(comparison.scores) | {"test": test.describe()})
        report = Report(
            spec=write_model(staged, model, scored),
            thresholds=recipe.thresholds,
            shortfalls=shortfalls(comparison.scores, recipe.thresholds) + _disagreement(agreement, recipe),
            test=test.describe(),
            sizes_bytes={"file": staged.stat().st_size, "model": len(model), "float generator": source.float_bytes},
            versions=versions(open_session(staged).runtime),
            percentiles_db=comparison.percentiles_db,
            kid=kid_change(comparison),
            agreement=agreement,
            delegation=delegation(model) if out.suffix == TFLITE else {},
        )
        write_report(report, comparison, report_paths(staged))
        _deliver(folder, out, accepted=report.verdict == "pass" or request.keep)
    return report


def measure(path: Path, material: Material) -> Comparison:
    """The file at `path` through the shipped runtime against the float generator, on the test pictures."""
    test = material.test
    styles = test.styles if material.source.styles else None
    return compare(open_session(path), material.source.generator, test.images, styles, material.style is not None)


def _spec(request: Request, recipe: Recipe, material: Material) -> ModelSpec:
    source, name = material.source, request.name or request.out.stem
    is_live = bool(source.styles) and material.style is None
    return ModelSpec(
        name=name,
        direction=source.direction,
        recipe="+".join((recipe.name, *(request.improve if recipe.weight_bits == 8 else ()))),
        framing=source.framing,
        styles=source.styles if is_live else (request.style or name,),
        calibration=material.calibration.describe() if recipe.is_static else {},
        run=source.sha256,
        data_sources=request.data_sources,
        licence=request.licence,
        author=request.author,
    )


def _agreement(folder: Path, request: Request, recipe: Recipe, material: Material) -> dict[str, float]:
    """How alike two files are, each calibrated on one half of the pictures: the scores of one against the other."""
    is_live = bool(material.source.styles) and material.style is None
    inputs = material.test.images[:AGREEMENT_PICTURES]
    styles = material.test.styles[:AGREEMENT_PICTURES] if is_live else None
    made: list[Any] = []
    for odd in (0, 1):
        path = folder / f"half-{odd}{request.out.suffix}"
        model = convert(material, recipe, request.out.suffix, material.calibration.half(odd))
        write_model(path, model, _spec(request, recipe, material))
        made.append(file_pictures(open_session(path), inputs, styles))
    return rounded(score(inputs, made[0], made[1]).scores)


def _disagreement(agreement: dict[str, float], recipe: Recipe) -> tuple[str, ...]:
    least = recipe.thresholds.psnr_mean_db - ERRORS_OF_TWO_DB
    if not agreement or agreement["psnr_mean_db"] >= least:
        return ()
    return (
        f"Two files calibrated on disjoint halves of the pictures agree by {agreement['psnr_mean_db']:.4g} dB, "
        f"at least {least:g} is wanted: more pictures, or another recipe.",
    )


def _summary(result: Report | InputError) -> str:
    if isinstance(result, InputError):
        return f"refused: {result}"
    scores = result.spec.scores
    return f"{result.verdict}: {scores['psnr_mean_db']:.1f} dB, worst {scores['psnr_min_db']:.1f} dB"


def report_paths(out: Path) -> dict[str, Path]:
    """Where the report of the model file `out` lies."""
    suffixes = {"json": ".report.json", "markdown": ".report.md", "worst": ".worst.png"}
    return {what: out.with_name(_stem(out) + suffix) for what, suffix in suffixes.items()}


def rejected_path(out: Path) -> Path:
    """Where a file that failed its verdict lies; the suffix keeps every runtime from opening it by mistake."""
    return out.with_name(_stem(out) + ".rejected")


def _stem(out: Path) -> str:
    """An .onnx keeps its suffix, so that its report does not meet that of a .tflite of the same name."""
    return out.name.removesuffix(TFLITE)


def _check_destination(out: Path) -> None:
    """Refuse before minutes of work what could not be written after them."""
    if out.is_dir():
        raise InputError(f"The destination {out} is a folder.")
    check_folder(out.parent)


def check_folder(folder: Path) -> None:
    """Raises InputError unless the folder exists and can be written to."""
    if not folder.is_dir():
        raise InputError(f"The folder {folder} of the destination does not exist.")
    if not os.access(folder, os.W_OK):
        raise InputError(f"The folder {folder} of the destination cannot be written to.")


@contextmanager
def _staging(out: Path) -> Iterator[Path]:
    """A temporary folder beside `out`, gone afterwards: what is not moved out of it was never there."""
    try:
        with tempfile.TemporaryDirectory(prefix=f".{out.stem}-", dir=out.parent) as folder:
            yield Path(folder)
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror or error}.") from None


def _deliver(folder: Path, out: Path, accepted: bool) -> None:
    """Move the files to their places, the model last; an older build's rejected file gives way to an accepted one."""
    for staged, place in zip(report_paths(folder / out.name).values(), report_paths(out).values(), strict=True):
        os.replace(staged, place)
    os.replace(folder / out.name, out if accepted else rejected_path(out))
    if accepted:
        rejected_path(out).unlink(missing_ok=True)
