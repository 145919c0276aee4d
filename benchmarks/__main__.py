"""toon-bench: measures how fast model files run on this device, whether they stay fast, and which one to run here."""

from __future__ import annotations

import argparse
import sys

from facetoon.benchmarks.commands import (
    compare_command,
    project_command,
    run_command,
    submit_command,
    sustained_command,
    table_command,
)
from facetoon.edge_runtime.command_line import Program

EXAMPLES = """examples:
  toon-bench run --shipped --cooling "active cooler" --save
  toon-bench run mine.tflite mine.onnx other.onnx --range=-1..1 --threads 1 2 4 --runtime litert onnxruntime
  toon-bench run mine.tflite --profile --e2e party.mp4
  toon-bench sustained mine.tflite --minutes 15 --out heat.json --plot heat.svg
  toon-bench compare before.json after.json --tolerance 0.05
  toon-bench table --into docs/BENCHMARKS.md --html results.html
"""
PROGRAM = Program(
    name="toon-bench",
    description=__doc__,
    examples=EXAMPLES,
    commands={
        "run": run_command,
        "sustained": sustained_command,
        "table": table_command,
        "compare": compare_command,
        "submit": submit_command,
        "project": project_command,
    },
)


def build_parser() -> argparse.ArgumentParser:
    """Return the command-line parser of toon-bench."""
    return PROGRAM.parser()


def main(argv: list[str] | None = None) -> int:
    """Run the command; return 0 on success, 1 on a regression or unfit result, 2 on bad input, 130 when interrupted."""
    return PROGRAM.main(argv)


if __name__ == "__main__":
    sys.exit(main())
