"""The main path: run directory in; model file, report and verdict out."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from convert.calibration import load_samples
from convert.compare import compare
from convert.quiet import quiet
from convert.recipes import find_recipe
from convert.report import Report, rounded, shortfalls, versions, write_report
from edge_runtime.errors import InputError
from edge_runtime.framing import Framing
from edge_runtime.session import open_session
from edge_runtime.spec import ModelSpec, write_model
from training.checkpoint import DIRECTIONS, generator_path, load_generator

DOMAINS = {"ab": "photos", "ba": "cartoons"}  # what each direction takes


@dataclass(frozen=True)
class Request:
    """What to build. `photos` says where the pictures lie now; empty means where they lay in training."""

    run: Path
    out: Path
    recipe: str = "static_wi8_ai8"
    direction: str = "ab"
    photos: tuple[str, ...] = ()
    calibration_images: int = 200
    test_images: int = 200
    name: str = ""
    licence: str = ""
    data_sources: tuple[str, ...] = ()
    seed: int = 1
    keep: bool = False


def build(request: Request) -> Report:
    """Convert, measure, and put the file at `request.out`, or, when the verdict is fail, beside it as .rejected.

    Raises InputError, and then leaves nothing behind, for anything that cannot be used or written.
    """
    recipe = find_recipe(request.recipe)
    _check_destination(request.out)
    run = _read_run(request.run, request.direction)
    calibration, test = load_samples(
        list(request.photos) or run.sources,
        run.size_px,
        run.test_share,
        run.train_sha256,
        (request.calibration_images, request.test_images),
        request.seed,
    )
    with quiet():  # the first import of TensorFlow prints as well
        generator = load_generator(request.run, request.direction)
        from convert.to_tflite import to_tflite
    model = to_tflite(generator, recipe, calibration.images)

    spec = ModelSpec(
        name=request.name or request.out.stem,
        direction=DIRECTIONS[request.direction],
        recipe=recipe.name,
        framing=run.framing,
        styles=(request.name or request.out.stem,),
        calibration=calibration.describe() if recipe.is_static else {},
        run=run.sha256,
        data_sources=request.data_sources,
        licence=request.licence,
    )
    with _staging(request.out) as folder:
        staged = folder / request.out.name
        write_model(staged, model, spec)
        session = open_session(staged)
        comparison = compare(session, generator, test.images)
        scored = replace(spec, scores=rounded(comparison.scores) | {"test": test.describe()})
        report = Report(
            spec=write_model(staged, model, scored),
            thresholds=recipe.thresholds,
            shortfalls=shortfalls(comparison.scores, recipe.thresholds),
            test=test.describe(),
            sizes_bytes={
                "file": staged.stat().st_size,
                "flatbuffer": len(model),
                "float generator": run.generator_bytes,
            },
            versions=versions(session.runtime),
        )
        write_report(report, comparison, report_paths(staged))
        _deliver(folder, request.out, accepted=report.verdict == "pass" or request.keep)
    return report


def report_paths(out: Path) -> dict[str, Path]:
    """Where the report of the model file `out` lies."""
    suffixes = {"json": ".report.json", "markdown": ".report.md", "worst": ".worst.png"}
    return {what: out.with_suffix(suffix) for what, suffix in suffixes.items()}


def rejected_path(out: Path) -> Path:
    """Where a file that failed its verdict lies; the suffix keeps every runtime from opening it by mistake."""
    return out.with_suffix(".rejected")


@dataclass(frozen=True)
class _Run:
    """What a conversion needs to know of a run directory."""

    sources: list[str]
    size_px: int
    test_share: float
    train_sha256: str
    framing: Framing
    sha256: str
    """Of config.json and the generator: which run this was."""
    generator_bytes: int


def _read_run(run: Path, direction: str) -> _Run:
    if not run.is_dir():
        raise InputError(f"{run} is not a run directory (toon-train makes one).")
    generator = generator_path(run, direction).read_bytes()
    config_text, sources_text = _read_text(run / "config.json"), _read_text(run / "sources.json")
    try:
        config, sources = json.loads(config_text), json.loads(sources_text)
        recipe, domain = config["recipe"], DOMAINS[direction]
        return _Run(
            sources=list(sources[domain]),
            size_px=int(recipe["data"]["size_px"]),
            test_share=float(recipe["data"]["test_share"]),
            train_sha256=str(config["data"][domain]["train_sha256"]),
            framing=Framing(**recipe.get("framing", {})),
            sha256=hashlib.sha256(config_text.encode() + generator).hexdigest(),
            generator_bytes=len(generator),
        )
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(f"The configuration of the run {run} cannot be understood: {error}.") from None


def _read_text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}.") from None


def _check_destination(out: Path) -> None:
    """Refuse before minutes of work what could not be written after them."""
    if out.suffix != ".tflite":
        raise InputError(f"The destination {out} must end in .tflite.")
    if not out.parent.is_dir():
        raise InputError(f"The folder {out.parent} of the destination does not exist.")
    if out.is_dir():
        raise InputError(f"The destination {out} is a folder.")
    if not os.access(out.parent, os.W_OK):
        raise InputError(f"The folder {out.parent} of the destination cannot be written to.")


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
