"""Draws plots as SVG with jinja2, which flask brings: bars, and lines over time."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

TEMPLATES = Path(__file__).with_name("templates")
WIDTH_PX, LEFT_PX, RIGHT_PX = 860, 70, 20
PANEL_PX, PANEL_STEP_PX, TOP_PX = 130, 175, 70
BAR_PX, BAR_GAP_PX, LABEL_PX = 18, 14, 20
COLOURS = ("#1f5fa8", "#d9822b", "#4b8b3b")
Point = tuple[float, float]


@dataclass(frozen=True)
class Bars:
    """A group of bars, one for each series. A value of None leaves its bar out."""

    label: str
    values: tuple[float | None, ...]


def bars_svg(title: str, series: Sequence[str], groups: Sequence[Bars], unit: str) -> str:
    """Draw horizontal bars from 0, each with its number: the bar of a fast device is too short to be read."""
    most = max(value for group in groups for value in group.values if value is not None)
    scale = (WIDTH_PX - 110) / most  # the number stands to the right of its bar
    rows: list[dict[str, Any]] = []
    y = TOP_PX
    for group in groups:
        rows.append({"label": group.label, "y": y + LABEL_PX - 6, "bars": []})
        y += LABEL_PX
        for colour, value in zip(COLOURS, group.values, strict=False):
            if value is not None:
                bar = {"y": y, "width": max(value * scale, 1), "colour": colour, "text": f"{value:.3g} {unit}"}
                rows[-1]["bars"].append(bar)
                y += BAR_PX
        y += BAR_GAP_PX
    legend = list(zip(COLOURS, series, strict=False))
    return render("bars.svg", title=title, legend=legend, rows=rows, width=WIDTH_PX, height=y, bar_px=BAR_PX - 3)


def lines_svg(title: str, panels: dict[str, list[Point]], x_name: str, marks: Sequence[tuple[float, str]] = ()) -> str:
    """Draw a panel for each quantity, one above another over the same time axis. `marks` are times with a label.

    Scales begin at 0, so that a small wobble looks small.
    """
    last = max(x for points in panels.values() for x, _ in points) or 1.0
    inner = WIDTH_PX - LEFT_PX - RIGHT_PX

    def x_px(x: float) -> float:
        return round(LEFT_PX + inner * x / last, 1)

    rows: list[dict[str, Any]] = []
    for number, (name, points) in enumerate(panels.items()):
        top = TOP_PX + number * PANEL_STEP_PX
        steps = ticks(min(0.0, *(y for _, y in points)), max(y for _, y in points))
        low, high = steps[0], steps[-1]
        y_px = {y: round(top + PANEL_PX * (high - y) / (high - low), 1) for y in {*steps, *(y for _, y in points)}}
        rows.append(
            {
                "name": name,
                "top": top,
                "ticks": [(y_px[y], f"{y:g}") for y in steps],
                "points": " ".join(f"{x_px(x)},{y_px[y]}" for x, y in points),
                "colour": COLOURS[number % len(COLOURS)],
            }
        )
    bottom = rows[-1]["top"] + PANEL_PX
    return render(
        "lines.svg",
        title=title,
        panels=rows,
        x_ticks=[(x_px(x), f"{x:g}") for x in ticks(0, last, 8) if x <= last],
        x_name=x_name,
        marks=[(x_px(x), text, "end" if x > last / 2 else "start") for x, text in marks],
        bottom=bottom,
        width=WIDTH_PX,
        left=LEFT_PX,
        right=WIDTH_PX - RIGHT_PX,
        panel=PANEL_PX,
        top=TOP_PX,
    )


def ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Return round numbers, 1, 2 or 5 times a power of ten apart, that enclose `low` and `high`."""
    least_step = (high - low) / about or 1.0
    power = 10.0 ** math.floor(math.log10(least_step))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least_step * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(n * step, 9) for n in range(first, max(last, first + 1) + 1)]


def render(name: str, **values: Any) -> str:
    """Fill one of our templates; text is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name).render(**values)
