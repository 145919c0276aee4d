"""What `toon-train score` tells of each generator: a row of a Markdown table, and fields of scores.json."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from facetoon.training.score import measures
from facetoon.training.score.likeness import ColoursKept, FaceKept


@dataclass(frozen=True)
class Judged:
    """All that was measured on one generator's pictures; None where it was not measured."""

    name: str
    scores: measures.Scores
    sharpness: float
    """Gradient energy over that of the target pictures."""
    face: FaceKept | None = None
    colours: ColoursKept | None = None
    shift_levels: float | None = None
    """Mean grey levels by which the output changes, shifted back, when the input shifts by one of its own pixels."""
    cycle_levels: float | None = None
    """Mean grey levels between a picture and its copy that both generators translated there and back."""

    def as_json(self) -> dict[str, Any]:
        """Return the fields for scores.json with the normalized distances. NaN becomes null."""
        fields = _finite(asdict(self))
        scores = fields.pop("scores")
        for name in measures.MEASURES:
            measure = getattr(self.scores, name)
            scores[name]["normalized"] = _number(measure.normalized)
            scores[name]["normalized_interval"] = [_number(x) for x in measure.normalized_interval]
        return fields | scores


def _kid(one: Judged) -> str:
    low, high = one.scores.kid.normalized_interval
    return f"{one.scores.kid.normalized:.2f} ({low:.2f} to {high:.2f})"


COLUMNS: dict[str, Callable[[Judged], str | None]] = {
    "KID, normalized (95 %)": _kid,
    "sharpness": lambda one: f"{one.sharpness:.2f}",
    "face found": lambda one: f"{100 * one.face.found:.0f} %" if one.face else None,
    "face moved": lambda one: f"{one.face.moved:.3f}" if one.face else None,
    "skin": lambda one: f"{one.colours.skin:.1f}" if one.colours else None,
    "hair": lambda one: f"{one.colours.hair:.1f}" if one.colours else None,
    "1 px shift": lambda one: None if one.shift_levels is None else f"{one.shift_levels:.1f}",
    "there and back": lambda one: None if one.cycle_levels is None else f"{one.cycle_levels:.1f}",
}
"""Heading and cell of each column. A column without any value is left out."""
NEEDS = {"face found": "--landmarks FILE", "skin": "--segments FILE"}


def table(judged: list[Judged]) -> Iterator[str]:
    """Yield Markdown lines: a row for each generator, and what the missing columns need."""
    cells = {heading: [cell(one) for one in judged] for heading, cell in COLUMNS.items()}
    shown = {heading: values for heading, values in cells.items() if any(values)}
    yield " | ".join(["| generator", *shown]) + " |"
    yield "|---|" + "---:|" * len(shown)
    for number, one in enumerate(judged):
        yield " | ".join([f"| {one.name}", *(values[number] or "" for values in shown.values())]) + " |"
    missing = [needed for heading, needed in NEEDS.items() if heading not in shown]
    if missing:
        what = {"--landmarks FILE": "the face", "--segments FILE": "colours of skin and hair"}
        left_out = " and ".join(f"{what[needed]} ({needed})" for needed in missing)
        yield f"Not measured, for want of a network: {left_out}."


def notes(encoder: str, size_px: int, sources: int, targets: int) -> Iterator[str]:
    """Yield the circumstances of the table."""
    yield (
        f"{sources} pictures against {targets} at {size_px} px, through {encoder}. KID: 0 as other real pictures of "
        "the target, 1 as the photographs."
    )
    if min(sources, targets // 2) < measures.FEW_PICTURES:
        yield "These are few pictures: models differ only if their intervals do not overlap."


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    return _number(value) if isinstance(value, float) else value


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
