"""Estimates a range of times for a board that nobody measured. It never enters the table.

The model and two MobileNets run under qemu-user. The ratio of their user times is close to a ratio of instruction
counts. Each MobileNet's published time on the board, times that ratio, gives one estimate. (QEMU's
instruction-counting plugin would be exact, but Debian does not package it.) A second kind of estimate divides the
model's multiply-accumulates by the published rates of int8 nets on the board.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from facetoon.benchmarks.boards.anchor_nets import mobilenet_v1, mobilenet_v2
from facetoon.benchmarks.measuring.bench_plan import SPEED_ONLY
from facetoon.benchmarks.opening.model_opening import network_of
from facetoon.benchmarks.roofline.operator_counts import count_ops
from facetoon.edge_runtime.errors import InputError


@dataclass(frozen=True)
class Anchor:
    """A published int8 time of a MobileNet on a board."""

    net: str
    """"v1" or "v2"."""
    ms: float
    source: str


XNNPACK = "XNNPACK README, 4 threads"
NCNN = "ncnn benchmark README, 4 threads, another runtime than ours"
ANCHORS = {
    "pi4": (Anchor("v1", 24, XNNPACK), Anchor("v2", 17, XNNPACK)),
    "pi3b+": (Anchor("v1", 46, XNNPACK), Anchor("v2", 30, XNNPACK)),
    "pi5": (Anchor("v1", 8.74, NCNN),),
    "zero2w": (
        Anchor("v1", 64.4, f"{XNNPACK}, Pi 3B+ at 1.4 GHz scaled to 1.0 GHz"),
        Anchor("v2", 42, f"{XNNPACK}, Pi 3B+ at 1.4 GHz scaled to 1.0 GHz"),
        Anchor("v1", 91, NCNN),
    ),
}
QEMU_CPU = {"pi5": "cortex-a76", "pi4": "cortex-a72", "pi3b+": "cortex-a53", "zero2w": "cortex-a53"}
"""The core that qemu-user emulates: XNNPACK chooses its kernels by it, and a Pi 4 has no dot product."""
GMAC_PER_S = {"pi5": (40.0, 65.0), "pi4": (12.0, 23.7), "pi3b+": (10.0, 12.4), "zero2w": (4.0, 7.1)}
"""Lowest and highest rate of published int8 nets with 4 threads: MobileNets through XNNPACK and ncnn."""


def estimates(board: str, ratios: dict[str, float], macs: int) -> list[tuple[float, str]]:
    """Return estimates in ms, each with its origin. `ratios` are the model's user time over each MobileNet's."""
    by_anchor = [
        (
            ratios[anchor.net] * anchor.ms,
            f"{ratios[anchor.net]:.3f} x MobileNet{anchor.net.upper()} int8, {anchor.ms:g} ms ({anchor.source})",
        )
        for anchor in ANCHORS[board]
    ]
    by_rate = [
        (macs / rate / 1e6, f"{macs / 1e6:.1f} MMAC at {rate:g} GMAC/s (published int8 MobileNets)")
        for rate in GMAC_PER_S[board]
    ]
    return sorted(by_anchor + by_rate)


def project(path: Path, board: str, python: str) -> str:
    """Return the estimated range with its anchors, as text. Raises InputError unless the model is an int8 .tflite."""
    if path.suffix != ".tflite" or not path.is_file():
        raise InputError(f"{path} is not a .tflite file; projections are anchored on TFLite int8 figures.")
    ops = count_ops(*network_of(path, SPEED_ONLY))
    if sum(op.macs for op in ops if op.dtype == "int8") < 0.5 * sum(op.macs for op in ops):
        raise InputError(f"{path} is not an int8 model; the published anchors are int8.")
    ratios = _ratios(path, python, QEMU_CPU[board])
    rows = estimates(board, ratios, sum(op.macs for op in ops))
    return "\n".join(
        [
            f"Estimated, not measured: {path.name} on {board}, 4 threads, inference alone: "
            f"{rows[0][0]:.1f} to {rows[-1][0]:.1f} ms",
            "Anchors:",
            *(f"  {ms:8.2f} ms = {origin}" for ms, origin in rows),
            "User time under qemu-user stands for instruction counts, without caches, memory and clock. A small "
            "network gains less from 4 threads than a MobileNet.",
        ]
    )


def _ratios(path: Path, python: str, cpu: str) -> dict[str, float]:
    """Measure the model's user time over each MobileNet's user time, in the emulated Python."""
    with tempfile.TemporaryDirectory() as folder:
        nets = {"v1": mobilenet_v1(), "v2": mobilenet_v2()}
        for name, model in nets.items():
            (Path(folder) / f"{name}.tflite").write_bytes(model)
        files = [str(path.resolve()), *(f"{folder}/{name}.tflite" for name in nets)]
        script = Path(__file__).with_name("guest_time.py")
        try:
            process = subprocess.run(
                [*shlex.split(python), str(script), *files],
                env=os.environ | {"QEMU_CPU": cpu},
                capture_output=True,
                text=True,
                check=False,
            )
        except OSError as error:
            raise InputError(f"The emulated Python cannot be started: {error.strerror}.") from None
    if process.returncode:
        last = (process.stderr.strip().splitlines() or ["no message"])[-1]
        raise InputError(f"The emulated Python ended with status {process.returncode}: {last}")
    seconds = json.loads(process.stdout.splitlines()[-1])
    return {name: seconds[files[0]] / seconds[file] for name, file in zip(nets, files[1:], strict=True)}
