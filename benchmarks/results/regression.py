"""Compares two or more results: time of inference, and of two results also p95, load, memory and pipeline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from facetoon.benchmarks.device.device_state import BUSY_SHARE
from facetoon.benchmarks.results.intervals import REGRESSION, ratio_interval, verdict
from facetoon.benchmarks.results.result_schema import BenchResult, Measured
from facetoon.edge_runtime.errors import InputError


@dataclass(frozen=True)
class Figure:
    """A figure of a result that has one value and no rounds. More of it is worse."""

    name: str
    tolerance: float
    """Its difference between two runs of the same code on a quiet machine, with a margin."""
    of: Callable[[Measured], float]


FIGURES = (
    Figure("p95", 0.25, lambda variant: variant.stages["infer"].p95_ms),
    Figure("load", 0.5, lambda variant: variant.load_ms),
    Figure("peak memory", 0.1, lambda variant: variant.peak_memory_mb),
)
PIPELINE_TOLERANCE = 0.15


def compare(
    before: BenchResult, after: BenchResult, tolerance: float, between_models: bool = False
) -> tuple[str, bool]:
    """Return lines for each variant that both results have, and whether anything regressed.

    Raises InputError for results that cannot be compared, for two models unless `between_models`, and for a tolerance
    out of range.
    """
    if not 0 <= tolerance < 10:
        raise InputError(f"The tolerance {tolerance} must be from 0 to below 10; 0.05 is 5 %.")
    if before.device.emulated != after.device.emulated or before.device.slug() != after.device.slug():
        raise InputError(f"{before.device.slug()} and {after.device.slug()} are two devices, so no ratio holds.")
    if before.model.sha256 != after.model.sha256 and not between_models:
        raise InputError(
            f"{before.model.file} and {after.model.file} are two model files, by their hashes: --between-models "
            "compares them all the same."
        )
    pairs = [(a, b) for a in before.variants for b in after.variants if a.label == b.label]
    if not pairs:
        raise InputError("The two results have no variant in common.")
    is_busy = max(before.other_cores or 0, after.other_cores or 0) > BUSY_SHARE
    lines = [line for a, b in pairs for line in _variant_lines(a, b, tolerance, is_busy)]
    lines += _pipeline_lines(before, after, max(tolerance, PIPELINE_TOLERANCE), is_busy)
    if is_busy:
        lines.append("One of the two results is from a busy machine: measure again before you believe a regression.")
    return "\n".join(lines), any(REGRESSION in line for line in lines)


def _variant_lines(a: Measured, b: Measured, tolerance: float, is_busy: bool) -> list[str]:
    ratio, low, high = ratio_interval(a.stages["infer"].round_p50_ms, b.stages["infer"].round_p50_ms)
    spread = f"x {ratio:.3f} (95 %: {low:.3f} to {high:.3f})"
    return [
        f"{a.label:<34} infer {spread}  {verdict(low, high, tolerance)}",
        *(_single(each.name, each.of(b) / each.of(a), max(tolerance, each.tolerance), is_busy) for each in FIGURES),
    ]


def _pipeline_lines(before: BenchResult, after: BenchResult, tolerance: float, is_busy: bool) -> list[str]:
    """The whole pipeline, where both results measured the same source."""
    a, b = before.pipeline, after.pipeline
    if a is None or b is None or a.source != b.source:
        return []
    frame = b.stages["frame"].p50_ms / a.stages["frame"].p50_ms
    live = a.live_frames_per_s / b.live_frames_per_s
    return [
        f"pipeline, {a.source}",
        _single("frame p50", frame, tolerance, is_busy),
        _single("time of a live frame", live, tolerance, is_busy),
    ]


def _single(name: str, ratio: float, tolerance: float, is_busy: bool) -> str:
    """A line for figures without rounds. Other work moves all of them but the memory, so then they are not judged."""
    judgement = verdict(ratio, ratio, tolerance)
    if is_busy and name != "peak memory":
        judgement = "not judged on a busy machine"
    return f"{'':<34} {name} x {ratio:.3f} (tolerance {tolerance:.0%})  {judgement}"


def side_by_side(results: Sequence[BenchResult]) -> str:
    """Return lines for files of the same rounds: each file's fastest variant over the first file's fastest variant."""
    first = results[0].fastest.stages["infer"].round_p50_ms
    lines = [f"side by side, infer of each file's fastest variant over that of {results[0].model.file}:"]
    for result in results[1:]:
        ratio, low, high = ratio_interval(first, result.fastest.stages["infer"].round_p50_ms)
        spread = f"x {ratio:.3f} (95 %: {low:.3f} to {high:.3f})"
        lines.append(f"{result.model.file:<34} {spread:<34} {result.fastest.label}")
    return "\n".join(lines)


def equal_size(results: Sequence[BenchResult]) -> str:
    """Return a Markdown table of files of the same rounds, with their time for a million pixels.

    A convolutional network's time grows with its pixels, so this sets networks of different sizes side by side.
    """
    rows = [(result, result.fastest.stages["infer"].best_round_p50_ms) for result in results]
    per_pixel = {result.model.file: 1e6 * ms / result.model.size_px**2 for result, ms in rows}
    least = min(per_pixel.values())
    lines = [
        "| model | computes in | px | runtime | delegate | threads | MMAC | ms, best round | ms a megapixel | ratio |",
        "| --- | --- | ---: | --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for result, ms in rows:
        best, model = result.fastest, result.model
        macs = "not known" if model.macs is None else f"{model.macs / 1e6:.0f}"
        cost = per_pixel[model.file]
        lines.append(
            f"| {model.name} | {model.recipe} | {model.size_px} | {best.runtime} | {best.delegate} | {best.threads} "
            f"| {macs} | {ms:.2f} | {cost:.0f} | x {cost / least:.1f} |"
        )
    return "\n".join(lines)
