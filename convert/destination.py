"""Where the files of a conversion go, all of them or none."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from facetoon.convert.formats.quantization import TFLITE
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.whole_file import replacing


def report_paths(out: Path) -> dict[str, Path]:
    """Where the report of the model file `out` lies."""
    suffixes = {"json": ".report.json", "markdown": ".report.md", "worst": ".worst.png"}
    return {what: out.with_name(_stem(out) + suffix) for what, suffix in suffixes.items()}


def rejected_path(out: Path) -> Path:
    """Where a file that failed its verdict lies; the suffix keeps every runtime from opening it by mistake."""
    return out.with_name(_stem(out) + ".rejected")


def _stem(out: Path) -> str:
    """An .onnx keeps its suffix, so that its report does not replace that of a .tflite of the same name."""
    return out.name.removesuffix(TFLITE)


def check_destination(out: Path) -> None:
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
def write_faults(out: Path) -> Iterator[None]:
    """Turns an error of the file system into one sentence that names `out`."""
    try:
        yield
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror or error}.") from None


def deliver(out: Path, model: bytes, report: Mapping[str, bytes], accepted: bool) -> None:
    """Write the report, by the keys of report_paths, and the model: at `out`, or as .rejected beside it.

    Every file is complete before the first takes its place. An accepted model removes an older rejected one.
    """
    place = out if accepted else rejected_path(out)
    contents = {place: model, **{path: report[what] for what, path in report_paths(out).items()}}
    with write_faults(out), ExitStack() as files:  # it leaves in reverse, so the model takes its place last
        for path, content in contents.items():
            files.enter_context(replacing(path)).write_bytes(content)
    if accepted:
        rejected_path(out).unlink(missing_ok=True)
