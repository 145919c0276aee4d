"""Writes the files of a conversion, all of them or none."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from facetoon.convert.formats.quantization import ONNX, TFLITE
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.model_files.tailed_file import REJECTED
from facetoon.edge_runtime.whole_file import replacing


def report_paths(out: Path) -> dict[str, Path]:
    """Return the paths of the report's files for the model file `out`."""
    suffixes = {"json": ".report.json", "markdown": ".report.md", "worst": ".worst.png"}
    return {part: out.with_name(stem(out) + suffix) for part, suffix in suffixes.items()}


def rejected_path(out: Path) -> Path:
    """Return the path of a file that failed its verdict. No runtime opens its suffix by mistake."""
    return out.with_name(stem(out) + REJECTED)


def previous_path(out: Path) -> Path:
    """Return the path of an accepted file after a later build of it has failed."""
    return out.with_name(stem(out) + ".previous")


def stem(out: Path) -> str:
    """Return the name without .tflite. An .onnx keeps its suffix, so that two formats of one name have two reports."""
    return out.name.removesuffix(REJECTED).removesuffix(TFLITE)


def with_mark(model: Path, mark: str, suffix: str) -> str:
    """Return the name of a file made from `model`: toon.onnx or toon.onnx.rejected, 4float -> toon.4float.onnx."""
    return f"{stem(model).removesuffix(ONNX)}.{mark}{suffix}"


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

    Every file is complete before the first takes its place. An accepted model removes an older rejected one, and an
    older accepted one becomes .previous when the new one fails, so that no file looks newer than it is.
    """
    place = out if accepted else rejected_path(out)
    contents = {place: model, **{path: report[part] for part, path in report_paths(out).items()}}
    with write_faults(out), ExitStack() as files:  # exits in reverse, so the model takes its place last
        for path, content in contents.items():
            files.enter_context(replacing(path)).write_bytes(content)
        if accepted:
            rejected_path(out).unlink(missing_ok=True)
        elif out.exists():
            out.replace(previous_path(out))


def withdraw(out: Path) -> None:
    """Take an older build out of the way of a refused one: its model becomes .previous, its report goes."""
    with write_faults(out):
        if out.exists():
            out.replace(previous_path(out))
        for path in (rejected_path(out), *report_paths(out).values()):
            path.unlink(missing_ok=True)
