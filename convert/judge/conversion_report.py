"""The report of a conversion: its scores, its test pictures and its verdict."""

from __future__ import annotations

import dataclasses
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

import cv2
import numpy as np

from facetoon.convert.formats.quantization import MATTE_ERROR, Thresholds
from facetoon.convert.judge.comparison import Comparison, Fidelity
from facetoon.convert.judge.delegation import describe_delegation
from facetoon.convert.judge.instruction_sets import instruction_sets
from facetoon.edge_runtime import __version__, pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.spec import ModelSpec

WORST = 6  # pictures in the sheet
AMPLIFIED = 8
FINE = ("ssim_mean", MATTE_ERROR)  # shares, which are rounded to 4 digits
LABELS = {
    "psnr_mean_db": "PSNR, mean (dB)",
    "psnr_5th_percentile_db": "PSNR, 5th percentile (dB)",
    "psnr_min_db": "PSNR, worst picture (dB)",
    "ssim_mean": "SSIM, mean",
    "largest_error_levels": "largest error (grey levels)",
    MATTE_ERROR: "error of the matte (share)",
}
TRIED = {
    "way": "way",
    "psnr_mean_db": LABELS["psnr_mean_db"],
    "psnr_min_db": LABELS["psnr_min_db"],
    "ssim_mean": LABELS["ssim_mean"],
    "kB": "kB",
    "latency_ms": "ms",
    "result": "result",
}


@dataclass(frozen=True)
class Report:
    """All facts about one conversion, for people and for later builds."""

    spec: ModelSpec
    thresholds: Thresholds
    shortfalls: tuple[str, ...]
    """Why the verdict is fail; empty when it is pass."""
    test: dict[str, Any]
    sizes_bytes: dict[str, int]
    versions: dict[str, str]
    percentiles_db: dict[str, float] = field(default_factory=dict)
    """PSNR of single pictures, by percentile."""
    agreement: dict[str, float] = field(default_factory=dict)
    """Scores of two files against each other, each calibrated on one half of the pictures; empty when not static."""
    delegation: dict[str, Any] = field(default_factory=dict)
    """From delegation.delegation; empty for ONNX."""
    is_run: bool = True
    """Whether a training run tells what the generator is and what it was trained on; a bare model file does not."""
    tried: tuple[Mapping[str, Any], ...] = ()
    """All ways that were tried, this file's own among them, as trials.Trial.row describes them; empty for one way."""

    @property
    def verdict(self) -> str:
        """Either pass or fail."""
        return "fail" if self.shortfalls else "pass"

    def to_json(self) -> str:
        """Return JSON text; the same report gives the same bytes."""
        values = {"verdict": self.verdict, **dataclasses.asdict(self)}
        return json.dumps(values, indent=2, sort_keys=True) + "\n"

    def to_markdown(self) -> str:
        """Return one Markdown page for a person."""
        spec, limits = self.spec, dataclasses.asdict(self.thresholds)
        measured = {"all pictures": spec.scores, **spec.scores.get("styles", {})}
        labels = {key: label for key, label in LABELS.items() if key in spec.scores}
        scores = [
            [label, *(scores[key] for scores in measured.values()), _bound(key, limits)]
            for key, label in labels.items()
        ]
        calibration = [[f"calibration {key}", value] for key, value in spec.calibration.items()]
        facts = [
            *([["direction", spec.direction]] if self.is_run else []),
            ["recipe", spec.recipe],
            ["run" if self.is_run else "source sha256", spec.run],
            ["model sha256", spec.sha256],
            *(calibration or [["calibration", "none: this recipe measures no ranges"]]),
            *([f"test {key}", value] for key, value in self.test.items()),
            *([f"{what}, bytes", size] for what, size in self.sizes_bytes.items()),
            *([what, version] for what, version in self.versions.items()),
        ]
        parts = [
            f"# {spec.name}: {self.verdict}",
            "\n".join(f"- {reason}" for reason in self.shortfalls) or f"Every score of {spec.recipe} is reached.",
            f"The shipped file against the float generator, both as uint8, on test pictures that {self._seen()}. It "
            f"ran on {self.versions['processor']}; the int8 kernels of other processors may round differently.",
            _table(["score", *measured, "wanted"], scores),
            _table([f"{p}th percentile" for p in self.percentiles_db], [list(self.percentiles_db.values())]),
            *self._more(),
            _table(["what", "value"], facts),
        ]
        return "\n\n".join(parts) + "\n"

    def tried_table(self) -> str:
        """Return a Markdown table with a line for each way."""
        keys = [key for key in TRIED if any(key in row for row in self.tried)]
        return _table([TRIED[key] for key in keys], [[row.get(key, "") for key in keys] for row in self.tried])

    def _seen(self) -> str:
        if self.is_run:
            return "neither training nor calibration has seen"
        return "calibration has not seen; whether the generator was trained on them, the source does not tell"

    def _more(self) -> list[str]:
        parts = []
        if self.tried:
            parts.append("Ways that were tried, on these same pictures; the last column says which one this file is:")
            parts.append(self.tried_table())
        if self.agreement:
            rows = [[LABELS[key], value] for key, value in self.agreement.items()]
            parts.append("Two files calibrated on disjoint halves, one against the other:")
            parts.append(_table(["score", "value"], rows))
        if self.delegation:
            parts.append(describe_delegation(self.delegation))
        return parts


def shortfalls(comparison: Comparison, thresholds: Thresholds) -> tuple[str, ...]:
    """Return a sentence for every score, over all pictures or in a pure style, that misses its threshold.

    NaN misses it too.
    """
    measured = {"": comparison.scores, **{f"{name}: ": scores for name, scores in comparison.by_style.items()}}
    return tuple(
        f"{style}{LABELS[key]} is {value:.4g}, {_bound(key, limits)} is wanted."
        for limits in [dataclasses.asdict(thresholds)]
        for style, scores in measured.items()
        for key in limits
        if (value := getattr(scores, key)) is not None and not _holds(key, value, limits)
    )


def _holds(key: str, value: float, limits: dict[str, float]) -> bool:
    return value <= limits[key] if key == MATTE_ERROR else value >= limits[key]


def _bound(key: str, limits: dict[str, float]) -> str:
    return f"at {'most' if key == MATTE_ERROR else 'least'} {limits[key]:g}" if key in limits else ""


def all_rounded(comparison: Comparison) -> dict[str, Any]:
    """Return the rounded scores over all pictures, and, under "styles", in each pure style where there are any."""
    styles = {name: rounded(scores) for name, scores in comparison.by_style.items()}
    return rounded(comparison.scores) | ({"styles": styles} if styles else {})


def rounded(scores: Fidelity) -> dict[str, float]:
    """Round scores for people and files; the verdict uses unrounded scores."""
    values = dataclasses.asdict(scores)
    return {key: round(value, 4 if key in FINE else 2) for key, value in values.items() if value is not None}


def versions(runtime: str) -> dict[str, str]:
    """Versions and machine that wrote and measured the file. Kernels and scores differ between processor families."""
    libraries = {name: metadata.version(name) for name in ("keras", "numpy")}
    import tensorflow  # its distribution goes by several names

    return {
        "facetoon": __version__,
        "tensorflow": tensorflow.__version__,
        **libraries,
        "runtime": runtime,
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}",
        "processor": instruction_sets(),
    }


def report_files(report: Report, comparison: Comparison) -> dict[str, bytes]:
    """The contents of the report's files: "json", "markdown", and "worst", a PNG of the worst cases."""
    return {
        "json": report.to_json().encode(),
        "markdown": report.to_markdown().encode(),
        "worst": pixels.encode_png(worst_sheet(comparison)),
    }


def worst_sheet(comparison: Comparison) -> Image:
    """Draw a row for each of the worst pictures: input, float, model file, their difference times 8. RGB uint8.

    The last three again for the matte, if there is one.
    """
    expected, actual = comparison.expected[:WORST], comparison.actual[:WORST]
    difference = cv2.absdiff(expected, actual).astype(np.int32) * AMPLIFIED
    drawn = (expected, actual, np.minimum(difference, 255).astype(np.uint8))
    columns = [comparison.inputs[:WORST], *(column[..., :3] for column in drawn)]
    if expected.shape[-1] > 3:
        columns += [column[..., 3:].repeat(3, -1) for column in drawn]
    return np.hstack([np.vstack(list(column)) for column in columns])


def table_of_all(results: Mapping[str, Report | InputError], times_ms: Mapping[str, float]) -> str:
    """Return a Markdown table with a line for each file; a refused file's line has the reason."""
    rows: list[list[Any]] = []
    for name, result in results.items():
        if isinstance(result, InputError):
            rows.append([name, f"refused: {result}", "", "", "", "", "", ""])
            continue
        scores, counts = result.spec.scores, result.delegation
        undelegated = ", ".join(f"{count} {op}" for op, count in counts["left"].items()) or "none" if counts else ""
        kilobytes = f"{result.sizes_bytes['file'] / 1000:.0f}"
        figures = [f"{scores[key]:.1f}" for key in ("psnr_mean_db", "psnr_min_db")] + [f"{scores['ssim_mean']:.4f}"]
        rows.append([name, result.verdict, *figures, kilobytes, f"{times_ms[name]:.2f}", undelegated])
    head = ["file", "verdict", "PSNR, mean (dB)", "PSNR, worst (dB)", "SSIM, mean", "kB", "ms", "left by XNNPACK"]
    return _table(head, rows) + "\n"


def _table(head: list[str], rows: list[list[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)
