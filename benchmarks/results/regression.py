"""Compares the inference times of two or more results."""

from __future__ import annotations

from collections.abc import Sequence

from facetoon.benchmarks.device.device_state import BUSY_SHARE
from facetoon.benchmarks.results.intervals import REGRESSION, ratio_interval, verdict
from facetoon.benchmarks.results.result_schema import BenchResult
from facetoon.edge_runtime.errors import InputError


def compare(before: BenchResult, after: BenchResult, tolerance: float) -> tuple[str, bool]:
    """Return a line for each variant that both results have, and whether any of them regressed.

    Raises InputError for results that cannot be compared, and for a tolerance out of range.
    """
    if not 0 <= tolerance < 10:
        raise InputError(f"The tolerance {tolerance} must be from 0 to below 10; 0.05 is 5 %.")
    if before.device.emulated != after.device.emulated or before.device.slug() != after.device.slug():
        raise InputError(f"{before.device.slug()} and {after.device.slug()} are two devices, so no ratio holds.")
    pairs = [(a, b) for a in before.variants for b in after.variants if a.label == b.label]
    if not pairs:
        raise InputError("The two results have no variant in common.")
    lines, regressed = [], False
    for a, b in pairs:
        ratio, low, high = ratio_interval(a.stages["infer"].round_p50_ms, b.stages["infer"].round_p50_ms)
        judgement = verdict(low, high, tolerance)
        regressed |= judgement == REGRESSION
        lines.append(f"{a.label:<34} infer x {ratio:.3f} (95 %: {low:.3f} to {high:.3f})  {judgement}")
    if max(before.other_cores or 0, after.other_cores or 0) > BUSY_SHARE:
        lines.append("One of the two results is from a busy machine: measure again before you believe a regression.")
    return "\n".join(lines), regressed


def side_by_side(results: Sequence[BenchResult]) -> str:
    """Return lines for files of the same rounds: each file's fastest variant over the first file's fastest variant."""
    first = results[0].fastest.stages["infer"].round_p50_ms
    lines = [f"side by side, infer of each file's fastest variant over that of {results[0].model.file}:"]
    for result in results[1:]:
        ratio, low, high = ratio_interval(first, result.fastest.stages["infer"].round_p50_ms)
        spread = f"x {ratio:.3f} (95 %: {low:.3f} to {high:.3f})"
        lines.append(f"{result.model.file:<34} {spread:<34} {result.fastest.label}")
    return "\n".join(lines)
