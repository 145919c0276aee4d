"""toon-bench run: measures model files, several of them side by side."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from facetoon.benchmarks.commands.foreign_arguments import add_foreign, read_foreign
from facetoon.benchmarks.results import RESULTS
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.runtimes import RUNTIMES
from facetoon.edge_runtime.sessions.session import model_file, shipped_generators

if TYPE_CHECKING:
    from facetoon.benchmarks.measuring.bench_plan import Plan
    from facetoon.benchmarks.results.result_schema import BenchResult

HELP = "measure model files: stages, variants side by side, memory, roofline share"
MOST_THREADS = 16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    parser.add_argument(
        "files",
        type=model_file,
        nargs="*",
        metavar="FILE",
        help="model file (.tflite or .onnx) or name of a shipped one; several files share the interleaved rounds",
    )
    parser.add_argument(
        "--adopt",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="another project's model, beside the others in the same rounds; repeatable. Its ranges come from its "
        "metadata or from --range; a last table sets all files side by side at equal size",
    )
    parser.add_argument("--shipped", action="store_true", help="every generator that facetoon ships")
    parser.add_argument(
        "--threads", type=int, nargs="+", metavar="N", help="default: 1 and every power of 2 up to cores"
    )
    parser.add_argument("--runtime", nargs="+", choices=tuple(RUNTIMES), help="default: all installed ones")
    parser.add_argument("--runs", type=int, default=50, metavar="N", help="least number of runs (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=3, metavar="S", help="least time (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="interleaved rounds (default: %(default)s)")
    parser.add_argument("--profile", action="store_true", help="add a table of operators, each measured alone")
    parser.add_argument("--e2e", type=Path, metavar="VIDEO", help="time the pipeline on this video, not on the demo")
    parser.add_argument(
        "--json", metavar="OUT", help="write one file's result here; - writes to standard output, without a table"
    )
    parser.add_argument("--save", action="store_true", help=f"write to {RESULTS}/<device>/<model>.json")
    parser.add_argument("--cooling", default="", help='noted in the result, such as "passive, closed case"')
    parser.add_argument("--emulated", action="store_true", help="mark the result: times under qemu are no speeds")
    add_foreign(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure, print and write; return 0 when every file was measured, else 2."""
    from facetoon.benchmarks.measuring.measure import measure
    from facetoon.benchmarks.results.regression import equal_size, side_by_side
    from facetoon.benchmarks.results.result_file import check_destination
    from facetoon.benchmarks.results.result_table import markdown_header, markdown_row
    from facetoon.benchmarks.results.result_text import result_text

    shipped = shipped_generators() if arguments.shipped else []
    if arguments.adopt and shipped:
        raise InputError("--adopt measures beside named files; --shipped measures one after another: name the files.")
    named = arguments.files + arguments.adopt
    files = named + shipped
    if not files:
        raise InputError("Name a model file, or take --shipped.")
    if arguments.json and len(files) > 1:
        raise InputError("--json takes one model file; --save takes several.")
    if arguments.json not in (None, "-"):
        check_destination(Path(arguments.json))
    plan = _plan(arguments)
    # Named files run side by side. Shipped files run one after another, so that any number of them fits the memory.
    groups = ([named] if named else []) + [[path] for path in shipped]
    rows, measured = [], 0
    for group in groups:
        results = measure(group, plan, lambda text: print(f"toon-bench: {text}", file=sys.stderr))
        measured += len(results)
        for result in results:
            _write(result, arguments)
            if arguments.json != "-":
                print(result_text(result), end="\n\n")
                rows.append(markdown_row(result))
        if len(results) > 1:
            print(side_by_side(results), equal_size(results), sep="\n\n", end="\n\n")
    if rows:
        print(markdown_header(), *rows, sep="\n")
    return 0 if measured == len(files) else 2


def _write(result: BenchResult, arguments: argparse.Namespace) -> None:
    from facetoon.benchmarks.results.result_file import write_output

    if arguments.json == "-":
        print(result.to_json())
        return
    if arguments.save:
        write_output(result.place(RESULTS), result.to_json() + "\n")
    if arguments.json:
        write_output(Path(arguments.json), result.to_json() + "\n")


def _plan(arguments: argparse.Namespace) -> Plan:
    from facetoon.benchmarks.measuring.bench_plan import Plan

    if arguments.e2e and not arguments.e2e.is_file():
        raise InputError(f"The video {arguments.e2e} does not exist.")
    return Plan(
        runtimes=tuple(arguments.runtime or RUNTIMES),
        is_default_runtimes=not arguments.runtime,
        threads=tuple(arguments.threads or _default_threads()),
        runs=arguments.runs,
        seconds=arguments.seconds,
        rounds=arguments.rounds,
        video=arguments.e2e,
        profile=arguments.profile,
        cooling=arguments.cooling,
        emulated=arguments.emulated,
        foreign=read_foreign(arguments),
    )


def _default_threads() -> list[int]:
    cores = min(os.cpu_count() or 1, MOST_THREADS)
    return sorted({count for count in (1, 2, 4, 8, 16) if count <= cores} | {cores})
