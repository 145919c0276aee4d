"""Arm's Ethos-U: its compiler Vela (PyPI ethos-u-vela) places the operators and estimates their cycles."""

from __future__ import annotations

import csv
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

from facetoon.convert.targets.placement import CPU, PlacedOperator
from facetoon.edge_runtime.errors import InputError

NPU = "NPU"
CONFIGURATIONS = {"ethos-u55": "ethos-u55-128", "ethos-u65": "ethos-u65-256"}


def place_on_ethos_u(model: bytes, target: str, name: str) -> tuple[list[PlacedOperator], str]:
    """Compile flatbuffer bytes for a target of CONFIGURATIONS; return Vela's operators and a note on its estimate.

    Vela splits some operators, so there are more than in the file. Raises ModuleNotFoundError without Vela, and
    InputError when it refuses the model.
    """
    if importlib.util.find_spec("ethosu") is None:
        raise ModuleNotFoundError("No module named 'ethosu'", name="ethosu")
    configuration = CONFIGURATIONS[target]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "model.tflite").write_bytes(model)
        command = [sys.executable, "-m", "ethosu.vela", "model.tflite", "--accelerator-config", configuration]
        options = ["--output-dir", ".", "--verbose-performance"]
        done = subprocess.run([*command, *options], cwd=folder, capture_output=True, text=True, errors="replace")
        if done.returncode:
            lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
            raise InputError(f"Vela refuses {name} for {configuration}: {(lines or ['no reason given'])[-1]}")
        layers, (summary,) = (_rows(Path(folder), part) for part in ("per-layer", "summary"))
    placed = [
        PlacedOperator(row["Original Operator"], row["Name"], row["Target"], int(float(row["Op Cycles"])))
        for row in layers
    ]
    cycles, clock_hz = float(summary["cycles_total"]), float(summary["core_clock"])
    note = (
        f"Vela estimates {cycles / 1e6:.2f} million cycles on {configuration}, {cycles / clock_hz * 1000:.1f} ms at "
        f"{clock_hz / 1e6:.0f} MHz, with its default system {summary['system_config']}; work of the {CPU} is not in it."
    )
    return placed, note


def _rows(folder: Path, part: str) -> list[dict[str, str]]:
    (path,) = folder.glob(f"model_{part}*.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
