"""Checks a result against the requirements of the table, and writes the text of its pull request."""

from __future__ import annotations

import dataclasses
import getpass
import re
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from facetoon.benchmarks.device.device_state import BUSY_SHARE, SINCE_BOOT
from facetoon.benchmarks.results.result_schema import BenchResult
from facetoon.benchmarks.results.result_table import markdown_header, markdown_row

ABSOLUTE_PATH = re.compile(r"(?<![\w.)])(?:~?/[\w.@-]+(?:/[\w.@ -]+)*|[A-Za-z]:\\\S+)")
COMMON_NAMES = ("", "root", "pi", "user", "admin", "debian", "ubuntu", "localhost", "raspberrypi", "raspberry", "linux")
FEWEST_RUNS, FEWEST_ROUNDS, SHORTEST_S = 50, 5, 3.0


def faults(result: BenchResult) -> list[str]:
    """Return a sentence for each reason that keeps a result out of the table."""
    sentences = []
    for variant in result.variants:
        times = variant.stages["infer"]
        spent_s = times.count * times.p50_ms / 1000
        if times.count < FEWEST_RUNS or len(times.round_p50_ms) < FEWEST_ROUNDS or spent_s < 0.8 * SHORTEST_S:
            sentences.append(
                f"{variant.label}: {times.count} runs in {len(times.round_p50_ms)} rounds and {spent_s:.1f} s; the "
                f"table needs at least {FEWEST_RUNS}, {FEWEST_ROUNDS} and {SHORTEST_S:.0f} s."
            )
    if result.device.emulated:
        return sentences  # it only shows that the model runs, so neither load nor heat matters
    if result.other_cores is not None and result.other_cores > BUSY_SHARE:
        sentences.append(f"Other processes kept {result.other_cores:.2f} cores busy: close them and measure again.")
    limits = [bit for bit in result.after.throttled or () if not bit.endswith(SINCE_BOOT)]
    if limits:
        sentences.append(f"The board was limited at the end ({', '.join(limits)}): mend power or cooling first.")
    if result.overhead_share > 0.01:
        sentences.append(f"The instruments add {100 * result.overhead_share:.1f} % to the inference time.")
    return sentences


def private_fields(result: BenchResult, names: Sequence[str]) -> list[str]:
    """Return a sentence for each text in the result that holds one of `names` as a word, or an absolute path."""
    sentences = []
    for where, text in _texts(dataclasses.asdict(result), ""):
        hits = [name for name in names if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)]
        hits += [match[0] for match in ABSOLUTE_PATH.finditer(text)]
        sentences += [f'{where} names your machine or a folder: "{hit}". Take it out of the file.' for hit in hits]
    return sentences


def own_names() -> list[str]:
    """Return host and user name of this machine, without common names."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = ""
    host = socket.gethostname()
    return [name for name in dict.fromkeys((host, host.partition(".")[0], user)) if name not in COMMON_NAMES]


def _texts(value: Any, where: str) -> Iterator[tuple[str, str]]:
    """Yield every string in a JSON tree, keys included, with its place."""
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
    """Return the file to commit and the text of the pull request."""
    place = result.place(results)
    return (
        f"The result is fit. Put it at {place} (toon-bench run --save has done so), then:\n\n"
        "  toon-bench table --into docs/BENCHMARKS.md\n\n"
        f"Title: Benchmark: {result.model.name} on {result.device.board}, {result.device.cpu}\n\n"
        f"{markdown_header()}\n{markdown_row(result)}\n\n"
        f"Cooling: {result.device.cooling or 'please say how the board is cooled and powered'}"
    )
