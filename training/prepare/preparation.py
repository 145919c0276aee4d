"""Data preparation: turns folders of pictures into a clean, split data set with a manifest and a report.

folders and zips -> crop and score -> select (repeats, grey share, split) -> place -> report
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.spec import read_model
from facetoon.edge_runtime.whole_file import disk_faults
from facetoon.training.pictures.images import PictureFile, list_others, list_pictures
from facetoon.training.prepare import manifest, prepare_report
from facetoon.training.prepare.crop_pool import CropSetup, crop_all
from facetoon.training.prepare.crops import Record
from facetoon.training.prepare.journal import Workspace
from facetoon.training.prepare.selection import EarlierRun, Row, select_crops
from facetoon.training.recipes.parts import PrepareRecipe

DOMAINS = {"A": "photographs", "B": "cartoons"}


@dataclass(frozen=True)
class Sources:
    """Folders and zip files of each domain, each with an optional '#pattern'. A domain may have none."""

    photos: list[str]
    cartoons: list[str]

    def files(self) -> list[tuple[str, PictureFile]]:
        """List (domain, file) for every picture, photographs first. A file in two sources comes once."""
        named = (("A", self.photos), ("B", self.cartoons))
        files = [(domain, file) for domain, sources in named for source in sources for file in list_pictures(source)]
        return list(dict.fromkeys(files))

    def left_out(self) -> list[Record]:
        """Return a record for each other file there, with the reason why it is not taken. A file comes once."""
        named = (("A", self.photos), ("B", self.cartoons))
        records = [
            Record(domain, file, reason=reason)
            for domain, places in named
            for source in places
            for file, reason in list_others(source)
        ]
        return list(dict.fromkeys(records))


def prepare(sources: Sources, out: Path, setup: CropSetup, jobs: int) -> list[Row]:
    """Make the data set `out`, or bring it up to date, and return the rows of its manifest.

    To continue after an interruption, repeat the call. Raises InputError for unusable sources, for a folder with other
    content or other settings, for a full disk, and when no picture of a domain is usable.
    """
    files = sources.files()
    _refuse_own_crops(files, out)
    with disk_faults(out), Workspace(out, _settings(setup)) as workspace:
        records = _cropped(files, workspace, setup, jobs)
        rows = _selected(records + sources.left_out(), setup.settings, manifest.read_earlier_run(out))
        _refuse_empty(rows, [domain for domain, named in (("A", sources.photos), ("B", sources.cartoons)) if named])
        for domain in DOMAINS:
            workspace.place(domain, {row.name: row.place for row in rows if row.place.endswith(domain) and row.place})
        manifest.write(out / "manifest.csv", rows)
        prepare_report.write(out, rows, setup.settings, lambda row: (out / row.place / row.name).read_bytes())
        workspace.finish()
    return rows


def _refuse_own_crops(files: list[tuple[str, PictureFile]], out: Path) -> None:
    """Refuse an output folder inside a source, because a later run would take the crops for new pictures."""
    for folder in sorted({file.container for _, file in files}):
        if out.resolve().is_relative_to(Path(folder).resolve()):
            raise InputError(f"{out} lies inside the source {folder}; choose a folder elsewhere.")


def framed_for(settings: PrepareRecipe, model: Path) -> PrepareRecipe:
    """Return the settings with the framing of a model file's spec. Raises InputError for a file without a spec."""
    framing = read_model(model)[1].framing
    return dataclasses.replace(settings, face_height=framing.face_height, face_centre_y=framing.face_centre_y)


def _settings(setup: CropSetup) -> dict[str, object]:
    """Return all settings that the journal's records depend on."""
    values: dict[str, object] = dataclasses.asdict(setup.settings)
    return values | {
        "detector": setup.detector,
        "detector_model": setup.detector_model and setup.detector_model.name,
        "cartoon_detector": setup.cartoon_detector and setup.cartoon_detector.name,
    }


def _cropped(files: list[tuple[str, PictureFile]], workspace: Workspace, setup: CropSetup, jobs: int) -> list[Record]:
    """Return a record for every file, in order: from the journal if it has one, else by cropping the file now."""
    records = {key: record for key in files if (record := workspace.record(*key)) is not None}
    todo = [key for key in files if key not in records]
    with tqdm(total=len(files), initial=len(records), unit="picture", smoothing=0.05) as bar:
        cropped = crop_all(todo, setup, jobs)
        try:
            for key, (record, crops) in zip(todo, cropped, strict=True):
                workspace.add(record, crops)
                records[key] = record
                bar.update()
        finally:
            cropped.close()  # type: ignore[attr-defined]  # a generator
    return [records[key] for key in files]


def _selected(records: list[Record], settings: PrepareRecipe, earlier: dict[str, EarlierRun]) -> list[Row]:
    return [
        row
        for domain in DOMAINS
        for row in select_crops((r for r in records if r.domain == domain), settings, earlier[domain])
    ]


def _refuse_empty(rows: list[Row], domains: list[str]) -> None:
    for domain in domains:
        of_domain = [row for row in rows if row.record.domain == domain]
        if not any(row.place for row in of_domain):
            reasons = Counter(row.reason for row in of_domain).most_common(4)
            counts = ", ".join(f"{count} {reason}" for reason, count in reasons)
            raise InputError(f"None of {len(of_domain)} {DOMAINS[domain]} is usable ({counts}); no data set was made.")


def summary(rows: list[Row]) -> str:
    """Return a line for each domain: the number of pictures in each part, and the reasons to drop the others."""
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
