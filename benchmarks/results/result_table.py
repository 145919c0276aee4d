"""Results as text: one measurement for a terminal, Markdown tables between markers, a page with plots."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from facetoon.benchmarks.device.device_facts import UNKNOWN
from facetoon.benchmarks.measuring.sustained import Sustained, verdict
from facetoon.benchmarks.results.charts import Bars, bars_svg, lines_svg, render
from facetoon.benchmarks.results.result_file import BenchResult, Measured, read_result
from facetoon.edge_runtime.errors import InputError

BEGIN, END = "<!-- toon-bench table: begin -->", "<!-- toon-bench table: end -->"
EMULATED = "emulated: not a speed"
COLUMNS = (
    *("device", "model", "px", "runtime", "threads", "infer p50 ms", "best round", "p95 ms", "frame p50 ms"),
    *("live frames/s", "peak MB", "roofline", "mJ", "°C", "others' cores", "date"),
)
TEXT_COLUMNS = ("device", "model", "runtime", "date")


def markdown_header() -> str:
    """Two lines: the names of the columns, and the rule below them."""
    rule = " | ".join("---" if name in TEXT_COLUMNS else "---:" for name in COLUMNS)
    return f"| {' | '.join(COLUMNS)} |\n| {rule} |"


def cells(result: BenchResult) -> list[str]:
    """One row in the order of COLUMNS: the fastest variant. An emulated one shows no time at all."""
    best, times = result.fastest, result.fastest.stages["infer"]
    frame = result.pipeline.stages["frame"].p50_ms if result.pipeline else None
    speeds = [f"{times.p50_ms:.2f}", f"{times.best_round_p50_ms:.2f}", f"{times.p95_ms:.2f}", _told(frame, ".2f")]
    speeds.append(_told(result.pipeline.live_frames_per_s if result.pipeline else None, ".0f"))
    share, heat = _told(best.roofline_share, ".0%"), _told(result.after.temperature_c, ".0f")
    if result.device.emulated:
        speeds, share = [EMULATED, "-", "-", "-", "-"], "-"
    return [
        f"{_device_name(result)}, {result.device.cores} cores",
        f"{result.model.name} ({result.model.recipe})",
        str(result.model.size_px),
        best.runtime + (", XNNPACK off" if best.xnnpack is False else ""),
        str(best.threads),
        *speeds,
        f"{best.peak_memory_mb:.0f}",
        share,
        "-" if result.device.emulated else _told(result.energy_mj_per_inference, ".2f"),
        heat,
        _told(result.other_cores, ".2f"),
        result.when[:10],
    ]


def markdown_row(result: BenchResult) -> str:
    """One line for one measurement."""
    return f"| {' | '.join(_cell(text) for text in cells(result))} |"


def markdown_table(results: list[BenchResult]) -> str:
    """Header and rows."""
    return "\n".join([markdown_header(), *(markdown_row(result) for result in results)])


def insert_table(path: Path, results: list[BenchResult]) -> str:
    """The file's text with the table between its markers; InputError without a pair of them."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise InputError(f'{path} needs one "{BEGIN}" and one "{END}" after it.')
    head, tail = text.split(BEGIN)[0], text.split(END)[1]
    return f"{head}{BEGIN}\n{markdown_table(results)}\n{END}{tail}"


def read_all(folder: Path, tell: Callable[[str], None]) -> list[BenchResult]:
    """Every result of a folder, by device and model; what is none is told and left out."""
    results = []
    for path in sorted(folder.glob("*/*.json")):
        try:
            results.append(read_result(path))
        except InputError as error:
            tell(str(error))
    if not results:
        raise InputError(f"There are no results in {folder}.")
    return sorted(results, key=lambda result: (result.device.emulated, result.device.slug(), result.model.name))


def result_text(result: BenchResult) -> str:
    """Everything of one measurement, for a terminal."""
    device, model, best = result.device, result.model, result.fastest
    macs = "" if model.macs is None else f", {model.macs / 1e6:.1f} MMAC"
    told = f", greys from {model.value_range[0]:g} to {model.value_range[1]:g}" if model.foreign else ""
    lines = [
        *([EMULATED.upper()] if device.emulated else []),
        f"device   {device.board}, {device.cpu}, {device.cores} cores, {_told(device.memory_mb)} MB, {device.os}",
        f"model    {model.name}, {model.recipe}, {model.size_px} px, {model.file_bytes / 1024:.0f} KiB{macs}{told}",
        f"state    {_told(result.before.temperature_c)} C before, {_told(result.during.temperature_c)} during, "
        f"{_told(result.after.temperature_c)} after; clock {_told(result.during.clock_mhz)} MHz, governor "
        f"{_told(result.during.governor)}; others' cores {_told(result.other_cores)}",
        f"harness  adds {100 * result.overhead_share:.3f} % to infer; seen from outside "
        f"{100 * result.overhead_whole_share:+.1f} %",
        "",
        f"{'variant':<39}{'p50 ms':>9}{'best':>9}{'p95':>9}{'p99':>9}{'load':>8}{'first':>8}{'MB':>7}{'roof':>6}",
        *(_variant_line(one) for one in result.variants),
    ]
    stages = result.pipeline.stages if result.pipeline else best.stages
    lines += ["", f"{'stage':<12}{'runs':>7}{'p50 ms':>9}{'p95':>9}{'p99':>9}"]
    lines += [f"{n:<12}{t.count:>7}{t.p50_ms:>9.3f}{t.p95_ms:>9.3f}{t.p99_ms:>9.3f}" for n, t in stages.items()]
    if result.pipeline:
        lines.append(f"live loop, {result.pipeline.source}: {result.pipeline.live_frames_per_s:.1f} frames/s")
    if result.profile:
        lines += ["", f"{'op':<24}{'shape':<20}{'MMAC':>8}{'alone ms':>10}{'roof':>6}"]
        lines += [
            f"{row['op']:<24}{'x'.join(map(str, row['shape'])):<20}{row['macs'] / 1e6:>8.2f}{row['alone_ms']:>10.4f}"
            f"{row['roofline_share']:>6.0%}"
            for row in result.profile
        ]
    return "\n".join(lines)


def _variant_line(one: Measured) -> str:
    times = one.stages["infer"]
    return (
        f"{one.label:<39}{times.p50_ms:>9.3f}{times.best_round_p50_ms:>9.3f}{times.p95_ms:>9.3f}{times.p99_ms:>9.3f}"
        f"{one.load_ms:>8.1f}{one.first_inference_ms:>8.2f}{one.peak_memory_mb:>7.0f}"
        f"{_told(one.roofline_share, '.0%'):>6}"
    )


def html_page(results: list[BenchResult]) -> str:
    """A page that needs no other file: the table, and bars of inference and frame time of what is no emulation."""
    kinds = [name not in TEXT_COLUMNS for name in COLUMNS]
    return render(
        "page.html",
        columns=list(zip(COLUMNS, kinds, strict=True)),
        rows=[list(zip(cells(result), kinds, strict=True)) for result in results],
        chart=_bars([result for result in results if not result.device.emulated]),
    )


def _bars(results: list[BenchResult]) -> str:
    groups = [
        Bars(
            f"{result.model.file} on {_device_name(result)}",
            (
                result.fastest.stages["infer"].p50_ms,
                result.pipeline.stages["frame"].p50_ms if result.pipeline else None,
            ),
        )
        for result in results
    ]
    return bars_svg("Median time", ("inference", "whole frame"), groups, "ms") if groups else ""


def sustained_plot(record: Sustained) -> str:
    """An SVG of its own: rate, temperature and clock over time, and when throttling began."""
    slices, found = record.slices, verdict(record.slices)
    unit, unit_s = ("minutes", 60) if slices[-1].at_s > 180 else ("seconds", 1)
    names = {"rate_hz": "runs/s", "temperature_c": "temperature, °C", "clock_mhz": "clock, MHz"}
    told = {name: [(one.at_s / unit_s, getattr(one, field)) for one in slices] for field, name in names.items()}
    known = {name: [(at, float(value)) for at, value in all_ if value is not None] for name, all_ in told.items()}
    panels = {name: points for name, points in known.items() if points}
    marks = [] if found.throttled_at_s is None else [(found.throttled_at_s / unit_s, f"throttling ({found.by})")]
    return lines_svg(f"{record.model}, {record.variant}, on {record.device.cpu}", panels, unit, marks)


def _device_name(result: BenchResult) -> str:
    known = [name for name in (result.device.board, result.device.cpu) if name != UNKNOWN]
    return ", ".join(known) or f"unknown {result.device.architecture}"


def _told(value: float | str | None, form: str = "") -> str:
    return "-" if value is None else format(value, form)


def _cell(value: str) -> str:
    """One line, with no bar that would end the cell."""
    return " ".join(value.split()).replace("|", "\\|")
