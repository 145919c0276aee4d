"""toon-bench sustained: runs a model for minutes, to see whether the device throttles."""

from __future__ import annotations

import argparse
from pathlib import Path

from facetoon.benchmarks.commands.foreign_arguments import add_foreign, read_foreign
from facetoon.edge_runtime.sessions.runtimes import RUNTIMES

HELP = "run a model for minutes and record rate, temperature and clock: does the device throttle?"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--minutes", type=float, default=15, help="default: %(default)s")
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="default: %(default)s")
    parser.add_argument("--runtime", default="litert", choices=tuple(RUNTIMES), help="default: %(default)s")
    parser.add_argument("--out", type=Path, metavar="OUT.json", help="write the figures of every second")
    parser.add_argument("--plot", type=Path, metavar="OUT.svg", help="draw rate, temperature and clock")
    add_foreign(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the model, write --out and --plot, and print the verdict; return 0."""
    from facetoon.benchmarks.measuring.sustained import run_sustained
    from facetoon.benchmarks.opening.variant import Variant
    from facetoon.benchmarks.results.heat_record import judge_heat
    from facetoon.benchmarks.results.result_file import check_destination, write_output
    from facetoon.benchmarks.results.result_page import sustained_plot

    for path in filter(None, (arguments.out, arguments.plot)):
        check_destination(path)
    has_xnnpack = RUNTIMES[arguments.runtime].has_xnnpack
    variant = Variant(arguments.runtime, arguments.threads, True if has_xnnpack else None)
    record = run_sustained(arguments.file, variant, read_foreign(arguments), arguments.minutes * 60)
    if arguments.out:
        write_output(arguments.out, record.to_json() + "\n")
    if arguments.plot:
        write_output(arguments.plot, sustained_plot(record))
    print(judge_heat(record.slices, record.threads).text())
    return 0
