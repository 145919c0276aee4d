"""Draws results: a page with a table and bars, and the plot of a sustained run."""

from __future__ import annotations

from facetoon.benchmarks.results.charts import Bars, bars_svg, lines_svg, render
from facetoon.benchmarks.results.heat_record import Sustained, judge_heat
from facetoon.benchmarks.results.result_schema import BenchResult
from facetoon.benchmarks.results.result_table import COLUMNS, TEXT_COLUMNS, cells, device_name


def html_page(results: list[BenchResult]) -> str:
    """Return a self-contained page with the table, and bars of the times on real devices."""
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
            f"{result.model.file} on {device_name(result)}",
            (
                result.fastest.stages["infer"].p50_ms,
                result.pipeline.stages["frame"].p50_ms if result.pipeline else None,
            ),
        )
        for result in results
    ]
    return bars_svg("Median time", ("inference", "whole frame"), groups, "ms") if groups else ""


def sustained_plot(record: Sustained) -> str:
    """Draw rate, temperature and clock over time, and the start of throttling, as SVG."""
    slices, verdict = record.slices, judge_heat(record.slices, record.threads)
    unit, unit_s = ("minutes", 60) if slices[-1].at_s > 180 else ("seconds", 1)
    names = {"rate_hz": "runs/s", "temperature_c": "temperature, °C", "clock_mhz": "clock, MHz"}
    panels = {}
    for field, name in names.items():
        readings = [(second.at_s / unit_s, getattr(second, field)) for second in slices]
        if points := [(at, float(value)) for at, value in readings if value is not None]:
            panels[name] = points
    began = verdict.throttled_at_s
    marks = [] if began is None else [(began / unit_s, f"throttling ({verdict.by})")]
    return lines_svg(f"{record.model}, {record.variant}, on {record.device.cpu}", panels, unit, marks)
