"""Writes and reads manifest.csv: a line for each face of each input file, with its place or reason, and its scores."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.whole_file import write_whole
from facetoon.training.prepare.selection import EarlierRun, Row

SCORES = (
    *("probability", "turn", "cut", "outside", "sharpness", "brightness", "contrast", "chroma"),
    *("red", "green", "blue"),
)
HEADER = (
    *("domain", "source", "file", "place", "crop", "reason", "detail", "like", "differing_bits"),
    *("sha256", "phash", "width_px", "height_px"),
    *("face_x_px", "face_y_px", "face_height_px", "face_roll_deg"),
    *SCORES,
)


def write(path: Path, rows: list[Row]) -> None:
    """Write the manifest, whole or not at all."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(HEADER)
    lines.writerows(_line(row) for row in rows)
    write_whole(path, text.getvalue().encode("utf-8", "surrogateescape"))


def _line(row: Row) -> list[object]:
    record, crop = row.record, row.crop
    box = crop.box if crop and crop.box else ("",) * 4
    scores = crop.scores if crop else {}
    return [
        *(record.domain, _text(record.file.container), _text(record.file.member), row.place),
        *(crop.name if crop else "", row.reason, _text(record.detail), _text(row.like), row.bits if row.like else ""),
        *(record.sha256, crop.phash if crop else "", record.width_px or "", record.height_px or ""),
        *box,
        *(scores.get(name, "") for name in SCORES),
    ]


def _text(name: str) -> str:
    """Return a name that no spreadsheet takes for a formula."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@", "\t", "\r")) else name


def read_earlier_run(dataset: Path) -> dict[str, EarlierRun]:
    """Read the decisions of an earlier manifest for each domain, "A" and "B"; without a manifest they are empty."""
    path, earlier = dataset / "manifest.csv", {"A": EarlierRun(), "B": EarlierRun()}
    if not path.exists():
        return earlier
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        lines = list(csv.DictReader(file))
    if lines and not {"domain", "crop", "place", "like"} <= lines[0].keys():
        raise InputError(f"{path} is no manifest of toon-train prepare.")
    for line in (line for line in lines if line["place"] and line["domain"] in earlier):
        earlier[line["domain"]].kept[line["crop"]] = line["place"]
    for line in (line for line in lines if line["crop"] and line["like"] and line["domain"] in earlier):
        of_domain = earlier[line["domain"]]
        if line["like"] in of_domain.kept and line["crop"] not in of_domain.kept:
            of_domain.repeats[line["crop"]] = of_domain.kept[line["like"]]
    return earlier
