"""Data preparation: any folder of pictures becomes a clean, split data set with a manifest and a report.

folders and zips -> judge (faces, crop, scores) -> sort out (repeats, grey share, split) -> place -> report
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.spec import read_model
from facetoon.edge_runtime.whole_file import disk_faults
from facetoon.training.pictures.images import PictureFile, list_pictures
from facetoon.training.prepare import manifest, prepare_report
from facetoon.training.prepare.crops import Record
from facetoon.training.prepare.journal import Workspace
from facetoon.training.prepare.panel import Panel, judge_all
from facetoon.training.prepare.selection import Past, Row, sort_out
from facetoon.training.recipes.recipe import Prepare
from tqdm import tqdm

DOMAINS = {"A": "photographs", "B": "cartoons"}


@dataclass(frozen=True)
class Sources:
    """Folders and zip files of each domain, with an optional '#pattern'; a domain without any is left out."""

    photos: list[str]
    cartoons: list[str]

    def files(self) -> list[tuple[str, PictureFile]]:
        """(domain, file) for every picture, photographs first; one that two sources name is taken once."""
        named = (("A", self.photos), ("B", self.cartoons))
        found = [(domain, file) for domain, sources in named for source in sources for file in list_pictures(source)]
        return list(dict.fromkeys(found))


def prepare(sources: Sources, out: Path, panel: Panel, jobs: int) -> list[Row]:
    """Make or bring up to date the data set `out`; the rows of its manifest.

    Interrupted at any moment, the same call goes on. Raises InputError for unusable sources, a folder that is another's
    or was made with other settings, a full disk, and when no picture of a domain is usable.
    """
    files = sources.files()
    _refuse_own_crops(files, out)
    with disk_faults(out), Workspace(out, _settings(panel)) as workspace:
        records = _judged(files, workspace, panel, jobs)
        rows = _sorted_out(records, panel.settings, manifest.read_past(out))
        _refuse_empty(rows, [domain for domain, given in (("A", sources.photos), ("B", sources.cartoons)) if given])
        for domain in DOMAINS:
            workspace.place(domain, {row.name: row.place for row in rows if row.place.endswith(domain) and row.place})
        manifest.write(out / "manifest.csv", rows)
        prepare_report.write(out, rows, panel.settings, lambda row: (out / row.place / row.name).read_bytes())
        workspace.finish()
    return rows


def _refuse_own_crops(files: list[tuple[str, PictureFile]], out: Path) -> None:
    """A later run would take the crops of this one for new pictures."""
    for folder in sorted({file.container for _, file in files}):
        if out.resolve().is_relative_to(Path(folder).resolve()):
            raise InputError(f"{out} lies inside the source {folder}; choose a folder elsewhere.")


def framed_for(settings: Prepare, model: Path) -> Prepare:
    """The settings with the framing that a model file's spec names; raises InputError for a file without one."""
    framing = read_model(model)[1].framing
    return dataclasses.replace(settings, face_height=framing.face_height, face_centre_y=framing.face_centre_y)


def _settings(panel: Panel) -> dict[str, object]:
    """What the journal's records depend on."""
    values: dict[str, object] = dataclasses.asdict(panel.settings)
    return values | {
        "detector": panel.detector,
        "detector_model": panel.detector_model and panel.detector_model.name,
        "cartoon_detector": panel.cartoon_detector and panel.cartoon_detector.name,
    }


def _judged(files: list[tuple[str, PictureFile]], workspace: Workspace, panel: Panel, jobs: int) -> list[Record]:
    """A record for every file, in their order: from the journal where it has one."""
    known = {key: record for key in files if (record := workspace.record(*key)) is not None}
    todo = [key for key in files if key not in known]
    with tqdm(total=len(files), initial=len(known), unit="picture", smoothing=0.05) as bar:
        verdicts = judge_all(todo, panel, jobs)
        try:
            for key, (record, crops) in zip(todo, verdicts, strict=True):
                workspace.add(record, crops)
                known[key] = record
                bar.update()
        finally:
            verdicts.close()  # type: ignore[attr-defined]  # a generator
    return [known[key] for key in files]


def _sorted_out(records: list[Record], settings: Prepare, past: dict[str, Past]) -> list[Row]:
    return [
        row
        for domain in DOMAINS
        for row in sort_out((r for r in records if r.domain == domain), settings, past[domain])
    ]


def _refuse_empty(rows: list[Row], domains: list[str]) -> None:
    for domain in domains:
        of_domain = [row for row in rows if row.record.domain == domain]
        if not any(row.place for row in of_domain):
            reasons = Counter(row.reason for row in of_domain).most_common(4)
            told = ", ".join(f"{count} {reason}" for reason, count in reasons)
            raise InputError(f"None of {len(of_domain)} {DOMAINS[domain]} is usable ({told}); no data set was made.")


def summary(rows: list[Row]) -> str:
    """A line for each domain: how many were kept where, and why the others were not."""
    lines = []
    for domain, what in DOMAINS.items():
        of_domain = [row for row in rows if row.record.domain == domain]
        if of_domain:
            places = Counter(row.place for row in of_domain if row.place)
            kept = ", ".join(f"{count} in {place}" for place, count in sorted(places.items(), reverse=True))
            reasons = Counter(row.reason for row in of_domain if row.reason).most_common()
            dropped = ", ".join(f"{count} {reason}" for reason, count in reasons)
            files = len({row.record.file for row in of_domain})
            lines.append(f"{files} {what}: {kept or 'none kept'}" + (f"; not kept: {dropped}" if dropped else ""))
    return "\n".join(lines)
