"""Markdown tables from results, and their places in documents."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from facetoon.benchmarks.device.device_facts import UNKNOWN
from facetoon.benchmarks.results.result_file import read_result
from facetoon.benchmarks.results.result_schema import BenchResult
from facetoon.edge_runtime.errors import InputError

BEGIN, END = "<!-- toon-bench table: begin -->", "<!-- toon-bench table: end -->"
EMULATED = "emulated: not a speed"
COLUMNS = (
    *("device", "model", "px", "runtime", "delegate", "threads"),
    *("infer p50 ms", "best round", "p95 ms", "frame p50 ms"),
    *("live frames/s", "peak MB", "roofline", "mJ", "°C", "others' cores", "date"),
)
TEXT_COLUMNS = ("device", "model", "runtime", "delegate", "date")


def markdown_header() -> str:
    """Return the header of the Markdown table: the column names, and the rule below them."""
    rule = " | ".join("---" if name in TEXT_COLUMNS else "---:" for name in COLUMNS)
    return f"| {' | '.join(COLUMNS)} |\n| {rule} |"


def cells(result: BenchResult) -> list[str]:
    """Return texts in the order of COLUMNS for the fastest variant. An emulated device shows no times."""
    best, times = result.fastest, result.fastest.stages["infer"]
    frame = result.pipeline.stages["frame"].p50_ms if result.pipeline else None
    speeds = [
        f"{times.p50_ms:.2f}",
        f"{times.best_round_p50_ms:.2f}",
        f"{times.p95_ms:.2f}",
        optional_text(frame, ".2f"),
    ]
    speeds.append(optional_text(result.pipeline.live_frames_per_s if result.pipeline else None, ".0f"))
    share, heat = optional_text(best.roofline_share, ".0%"), optional_text(result.after.temperature_c, ".0f")
    if result.device.emulated:
        speeds, share = [EMULATED, "-", "-", "-", "-"], "-"
    return [
        f"{device_name(result)}, {result.device.cores} cores",
        f"{result.model.name} ({result.model.recipe})",
        str(result.model.size_px),
        best.runtime,
        best.delegate,
        str(best.threads),
        *speeds,
        f"{best.peak_memory_mb:.0f}",
        share,
        "-" if result.device.emulated else optional_text(result.energy_mj_per_inference, ".2f"),
        heat,
        optional_text(result.other_cores, ".2f"),
        result.when[:10],
    ]


def markdown_row(result: BenchResult) -> str:
    """Return the Markdown row of one result."""
    return f"| {' | '.join(_cell(text) for text in cells(result))} |"


def markdown_table(results: list[BenchResult]) -> str:
    """Return the Markdown table with its header."""
    return "\n".join([markdown_header(), *(markdown_row(result) for result in results)])


def insert_table(path: Path, results: list[BenchResult]) -> str:
    """Return a file's text with the table between its markers. Raises InputError without one pair of markers."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise InputError(f'{path} needs one "{BEGIN}" and one "{END}" after it.')
    head, tail = text.split(BEGIN)[0], text.split(END)[1]
    return f"{head}{BEGIN}\n{markdown_table(results)}\n{END}{tail}"


def read_results(folder: Path, tell: Callable[[str], None]) -> list[BenchResult]:
    """Read the results of a folder, sorted by device and model. Other files are reported and left out."""
    results = []
    for path in sorted(folder.glob("*/*.json")):
        try:
            results.append(read_result(path))
        except InputError as error:
            tell(str(error))
    if not results:
        raise InputError(f"There are no results in {folder}.")
    return sorted(results, key=lambda result: (result.device.emulated, result.device.slug(), result.model.name))


def device_name(result: BenchResult) -> str:
    """Return the known names of board and processor."""
    names = [name for name in (result.device.board, result.device.cpu) if name != UNKNOWN]
    return ", ".join(names) or f"unknown {result.device.architecture}"


def optional_text(value: float | str | None, form: str = "") -> str:
    """Format a value, or return a dash for None."""
    return "-" if value is None else format(value, form)


def _cell(value: str) -> str:
    """Join the text into one line, and escape bars, which would end the cell."""
    return " ".join(value.split()).replace("|", "\\|")
