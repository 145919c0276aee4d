"""Writes the files of a conversion, all of them or none."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from facetoon.convert.formats.quantization import TFLITE
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.whole_file import replacing


def report_paths(out: Path) -> dict[str, Path]:
    """Return the paths of the report's files for the model file `out`."""
    suffixes = {"json": ".report.json", "markdown": ".report.md", "worst": ".worst.png"}
    return {part: out.with_name(_stem(out) + suffix) for part, suffix in suffixes.items()}


def rejected_path(out: Path) -> Path:
    """Return the path of a file that failed its verdict. No runtime opens its suffix by mistake."""
    return out.with_name(_stem(out) + ".rejected")


def _stem(out: Path) -> str:
    """The name without .tflite. An .onnx keeps its suffix, so that two formats of one name have two reports."""
    return out.name.removesuffix(TFLITE)


def check_destination(out: Path) -> None:
    """Raise InputError before minutes of work when `out` cannot be written."""
    if out.is_dir():
        raise InputError(f"The destination {out} is a folder.")
    check_folder(out.parent)


def check_folder(folder: Path) -> None:
    """Raise InputError unless the folder exists and can be written to."""
    if not folder.is_dir():
        raise InputError(f"The folder {folder} of the destination does not exist.")
    if not os.access(folder, os.W_OK):
        raise InputError(f"The folder {folder} of the destination cannot be written to.")


@contextmanager
def write_faults(out: Path) -> Iterator[None]:
    """Turn an error of the file system into one sentence that names `out`."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror or error}.") from None


def deliver(out: Path, model: bytes, report: Mapping[str, bytes], accepted: bool) -> None:
    """Write the report, keyed as in report_paths, and the model: to `out`, or beside it as .rejected.

    Every file is complete before the first takes its place. An accepted model removes an older rejected one.
    """
    place = out if accepted else rejected_path(out)
    contents = {place: model, **{path: report[part] for part, path in report_paths(out).items()}}
    with write_faults(out), ExitStack() as files:  # exits in reverse, so the model takes its place last
        for path, content in contents.items():
            files.enter_context(replacing(path)).write_bytes(content)
    if accepted:
        rejected_path(out).unlink(missing_ok=True)
