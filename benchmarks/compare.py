"""Two results against each other, and one result against what the table asks for."""

from __future__ import annotations

from pathlib import Path

from benchmarks.intervals import is_regression, ratio_interval
from benchmarks.result import BenchResult
from benchmarks.state import BUSY_SHARE
from benchmarks.table import markdown_header, markdown_row
from edge_runtime.errors import InputError

FEWEST_RUNS, FEWEST_ROUNDS, SHORTEST_S = 50, 5, 3.0


def compare(before: BenchResult, after: BenchResult, tolerance: float) -> tuple[str, bool]:
    """A line for each variant that both have, and whether any regressed.

    Raises InputError when nothing can be compared, or the tolerance means nothing.
    """
    if not 0 <= tolerance < 10:
        raise InputError(f"A tolerance of {tolerance} means nothing; 0.05 is 5 %.")
    if before.device.emulated != after.device.emulated or before.device.slug() != after.device.slug():
        raise InputError(f"{before.device.slug()} and {after.device.slug()} are two devices: their ratio says nothing.")
    pairs = [(a, b) for a in before.variants for b in after.variants if a.label == b.label]
    if not pairs:
        raise InputError("The two results have no variant in common.")
    lines, regressed = [], False
    for a, b in pairs:
        ratio, low, high = ratio_interval(a.stages["infer"].round_p50_ms, b.stages["infer"].round_p50_ms)
        is_worse = is_regression(ratio, low, tolerance)
        regressed |= is_worse
        verdict = "REGRESSION" if is_worse else "faster" if high < 1 else "slower" if low > 1 else "no difference seen"
        lines.append(f"{a.label:<34} infer x {ratio:.3f} (95 %: {low:.3f} to {high:.3f})  {verdict}")
    if max(before.other_cores or 0, after.other_cores or 0) > BUSY_SHARE:
        lines.append("One of the two was measured on a busy machine: repeat it before believing a regression.")
    return "\n".join(lines), regressed


def faults(result: BenchResult) -> list[str]:
    """What keeps a result out of the table, a sentence each."""
    found = []
    for variant in result.variants:
        times = variant.stages["infer"]
        spent_s = times.count * times.p50_ms / 1000
        if times.count < FEWEST_RUNS or len(times.round_p50_ms) < FEWEST_ROUNDS or spent_s < 0.8 * SHORTEST_S:
            found.append(
                f"{variant.label}: {times.count} runs in {len(times.round_p50_ms)} rounds and {spent_s:.1f} s; at "
                f"least {FEWEST_RUNS}, {FEWEST_ROUNDS} and {SHORTEST_S:.0f} s are asked for."
            )
    if result.device.emulated:
        return found  # it shows that the model runs; neither load nor heat matters
    if result.other_cores is not None and result.other_cores > BUSY_SHARE:
        found.append(f"Other processes kept {result.other_cores:.2f} cores busy: close them and measure again.")
    now = [bit for bit in result.after.throttled or () if not bit.endswith("since boot")]
    if now:
        found.append(f"The board was limited at the end ({', '.join(now)}): mend power or cooling first.")
    if result.overhead_share > 0.01:
        found.append(f"The instruments add {100 * result.overhead_share:.1f} % to what they measure.")
    return found


def pull_request(result: BenchResult, results: Path) -> str:
    """What to commit and what to write."""
    place = result.place(results)
    return (
        f"The result is fit. Put it at {place} (toon-bench run --save has done so), then:\n\n"
        "  toon-bench table --into README.md docs/BENCHMARKS.md\n\n"
        f"Title: Benchmark: {result.model.name} on {result.device.board}, {result.device.cpu}\n\n"
        f"{markdown_header()}\n{markdown_row(result)}\n\n"
        f"Cooling: {result.device.cooling or 'please say how the board is cooled and powered'}"
    )
