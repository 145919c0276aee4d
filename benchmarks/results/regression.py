"""Two results against each other, and one result against what the table asks for."""

from __future__ import annotations

import dataclasses
import getpass
import re
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from facetoon.benchmarks.device.device_state import BUSY_SHARE
from facetoon.benchmarks.results.intervals import REGRESSION, ratio_interval, verdict
from facetoon.benchmarks.results.result_file import BenchResult
from facetoon.benchmarks.results.result_table import markdown_header, markdown_row
from facetoon.edge_runtime.errors import InputError

ABSOLUTE_PATH = re.compile(r"(?<![\w.)])(?:~?/[\w.@-]+(?:/[\w.@ -]+)*|[A-Za-z]:\\\S+)")
COMMON_NAMES = ("", "root", "pi", "user", "admin", "debian", "ubuntu", "localhost", "raspberrypi", "raspberry", "linux")
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
        judged = verdict(low, high, tolerance)
        regressed |= judged == REGRESSION
        lines.append(f"{a.label:<34} infer x {ratio:.3f} (95 %: {low:.3f} to {high:.3f})  {judged}")
    if max(before.other_cores or 0, after.other_cores or 0) > BUSY_SHARE:
        lines.append("One of the two was measured on a busy machine: repeat it before believing a regression.")
    return "\n".join(lines), regressed


def side_by_side(results: Sequence[BenchResult]) -> str:
    """Lines for files measured in the same rounds: the fastest variant of each, over that of the first."""
    first = results[0].fastest.stages["infer"].round_p50_ms
    lines = [f"side by side, infer of each file's fastest variant over that of {results[0].model.file}:"]
    for result in results[1:]:
        ratio, low, high = ratio_interval(first, result.fastest.stages["infer"].round_p50_ms)
        spread = f"x {ratio:.3f} (95 %: {low:.3f} to {high:.3f})"
        lines.append(f"{result.model.file:<34} {spread:<34} {result.fastest.label}")
    return "\n".join(lines)


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


def private_fields(result: BenchResult, names: Sequence[str]) -> list[str]:
    """A sentence for each text in the result that holds one of `names` as a word, or an absolute path."""
    found = []
    for where, text in _texts(dataclasses.asdict(result), ""):
        hits = [name for name in names if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)]
        hits += [match[0] for match in ABSOLUTE_PATH.finditer(text)]
        found += [f'{where} tells of your machine: "{hit}". Take it out of the file.' for hit in hits]
    return found


def own_names() -> list[str]:
    """Host and user name of this machine, but not such as half of all machines have."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = ""
    host = socket.gethostname()
    return [name for name in dict.fromkeys((host, host.partition(".")[0], user)) if name not in COMMON_NAMES]


def _texts(value: Any, where: str) -> Iterator[tuple[str, str]]:
    """Every string in a tree of JSON, keys included, with the place where it stands."""
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield f"{where}.{key}".lstrip("."), str(key)
            yield from _texts(item, f"{where}.{key}".lstrip("."))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _texts(item, f"{where}[{index}]")


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
