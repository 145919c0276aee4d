"""toon-bench: how fast a model file runs on this device, whether it stays so, and which one to run here."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.session import model_file, shipped_generators

if TYPE_CHECKING:
    from facetoon.benchmarks.measuring.foreign_models import Foreign
    from facetoon.benchmarks.measuring.measure import Plan

RUNTIMES = ("litert", "tflite-runtime", "onnxruntime")
RESULTS = Path("benchmarks/results")
EXAMPLES = """examples:
  toon-bench run --shipped --cooling "active cooler" --save
  toon-bench run mine.tflite mine.onnx other.onnx --range=-1,1 --threads 1 2 4 --runtime litert onnxruntime
  toon-bench run mine.tflite --profile --e2e party.mp4
  toon-bench sustained mine.tflite --minutes 15 --out heat.json --plot heat.svg
  toon-bench compare before.json after.json --tolerance 0.05
  toon-bench table --into README.md docs/BENCHMARKS.md --html results.html
"""


def build_parser() -> argparse.ArgumentParser:
    """Build the command line of toon-bench. Imports nothing heavy."""
    parser = argparse.ArgumentParser(
        prog="toon-bench", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="measure model files: stages, variants side by side, memory, roofline share")
    run.add_argument(
        "files",
        type=model_file,
        nargs="*",
        metavar="FILE",
        help="model file (.tflite or .onnx), or the name of one that ships; several: in the same interleaved rounds",
    )
    run.add_argument("--shipped", action="store_true", help="every generator that facetoon ships")
    run.add_argument("--threads", type=int, nargs="+", metavar="N", help="default: 1 and every power of 2 up to cores")
    run.add_argument("--runtime", nargs="+", choices=RUNTIMES, help="default: all that are installed")
    run.add_argument("--runs", type=int, default=50, metavar="N", help="at least so many (default: %(default)s)")
    run.add_argument("--seconds", type=float, default=3, metavar="S", help="at least so long (default: %(default)s)")
    run.add_argument("--rounds", type=int, default=7, metavar="N", help="interleaved rounds (default: %(default)s)")
    run.add_argument("--profile", action="store_true", help="a table of operators, each measured alone")
    run.add_argument("--e2e", type=Path, metavar="VIDEO", help="the whole pipeline on this video, not on the demo")
    run.add_argument("--json", metavar="OUT", help="write one file's result here; - is standard output, and no table")
    run.add_argument("--save", action="store_true", help=f"write to {RESULTS}/<device>/<model>.json")
    run.add_argument("--cooling", default="", help='noted in the result, such as "passive, closed case"')
    run.add_argument("--emulated", action="store_true", help="mark the result: under qemu nothing is a speed")
    _add_foreign(run)
    sustained = commands.add_parser("sustained", help="rate, temperature and clock over minutes: does it throttle?")
    sustained.add_argument("file", type=Path, metavar="FILE")
    sustained.add_argument("--minutes", type=float, default=15, help="default: %(default)s")
    sustained.add_argument("--threads", type=int, default=1, metavar="N", help="default: %(default)s")
    sustained.add_argument("--runtime", default="litert", choices=RUNTIMES, help="default: %(default)s")
    sustained.add_argument("--out", type=Path, metavar="OUT.json", help="write every slice of time")
    sustained.add_argument("--plot", type=Path, metavar="OUT.svg", help="draw rate, temperature and clock")
    _add_foreign(sustained)
    table = commands.add_parser("table", help="tables between markers, and a page with plots, from all results")
    table.add_argument("--results", type=Path, default=RESULTS, help="default: %(default)s")
    table.add_argument("--into", type=Path, nargs="*", default=[], metavar="FILE.md", help="files with the markers")
    table.add_argument("--html", type=Path, metavar="OUT.html", help="a self-contained page")
    compare = commands.add_parser(
        "compare", help="ratio of two results with its interval; exit status 1 on a regression"
    )
    compare.add_argument("before", type=Path)
    compare.add_argument("after", type=Path)
    compare.add_argument(
        "--tolerance",
        type=float,
        default=0.05,
        help="what two runs of the same code may differ by (default: %(default)s)",
    )
    submit = commands.add_parser("submit", help="check a result, and say what to put into a pull request")
    submit.add_argument("file", type=Path, metavar="RESULT.json")
    project = commands.add_parser("project", help="an estimated range for a board that nobody measured")
    project.add_argument("file", type=Path, metavar="FILE.tflite")
    project.add_argument("--board", required=True, choices=("pi5", "pi4", "pi3b+", "zero2w"))
    project.add_argument(
        "--python", required=True, metavar="COMMAND", help="starts an emulated arm64 Python with LiteRT"
    )
    return parser


def _add_foreign(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--range", metavar="LOW,HIGH", help="another project's model: what grey 0 and 255 become")
    parser.add_argument("--output-range", metavar="LOW,HIGH", help="the same of its output (default: as its input)")
    parser.add_argument("--size", type=int, metavar="PX", help="another project's model of variable size: its side")


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0 on success, 1 on a regression or an unfit result, 2 on bad input, 130 when interrupted."""
    arguments = build_parser().parse_args(argv)
    try:
        return int(globals()[f"_{arguments.command}"](arguments))
    except InputError as error:
        print(f"toon-bench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("toon-bench: interrupted; nothing was written.", file=sys.stderr)
        return 130


def _run(arguments: argparse.Namespace) -> int:
    from facetoon.benchmarks.measuring.measure import measure
    from facetoon.benchmarks.results.regression import side_by_side  # late: --help needs no OpenCV
    from facetoon.benchmarks.results.result_file import check_destination, write_text
    from facetoon.benchmarks.results.result_table import markdown_header, markdown_row, result_text

    shipped, measured = shipped_generators() if arguments.shipped else [], 0
    files = arguments.files + shipped
    if not files:
        raise InputError("Name a model file, or take --shipped.")
    if arguments.json and len(files) > 1:
        raise InputError("--json takes one model file; --save takes several.")
    out = None if arguments.json in (None, "-") else Path(arguments.json)
    if out:
        check_destination(out)
    plan, rows = _plan(arguments), []
    # Named files go side by side; shipped ones, which only grow in number, one after another, to fit into any memory.
    for group in ([arguments.files] if arguments.files else []) + [[path] for path in shipped]:
        results = measure(group, plan, _say)
        for result in results:
            if arguments.json == "-":
                print(result.to_json())
                continue
            if arguments.save:
                place = result.place(RESULTS)
                place.parent.mkdir(parents=True, exist_ok=True)
                write_text(place, result.to_json() + "\n")
            if out:
                write_text(out, result.to_json() + "\n")
            print(result_text(result), end="\n\n")
            rows.append(markdown_row(result))
        if len(results) > 1:
            print(side_by_side(results), end="\n\n")
        measured += len(results)
    if rows:
        print(markdown_header(), *rows, sep="\n")
    return 0 if measured == len(files) else 2


def _plan(arguments: argparse.Namespace) -> Plan:
    from facetoon.benchmarks.measuring.measure import Plan

    if arguments.e2e and not arguments.e2e.is_file():
        raise InputError(f"The video {arguments.e2e} does not exist.")
    return Plan(
        runtimes=tuple(arguments.runtime or RUNTIMES),
        is_default_runtimes=not arguments.runtime,
        threads=tuple(arguments.threads or _all_threads()),
        runs=arguments.runs,
        seconds=arguments.seconds,
        rounds=arguments.rounds,
        video=arguments.e2e,
        profile=arguments.profile,
        cooling=arguments.cooling,
        emulated=arguments.emulated,
        foreign=_foreign(arguments),
    )


def _all_threads() -> list[int]:
    import os

    cores = os.cpu_count() or 1
    return sorted({count for count in (1, 2, 4, 8, 16) if count <= cores} | {min(cores, 16)})


def _foreign(arguments: argparse.Namespace) -> Foreign:
    from facetoon.benchmarks.measuring.foreign_models import Foreign

    if arguments.size is not None and not 1 <= arguments.size <= 8192:
        raise InputError(f"--size {arguments.size} is no side of a picture.")
    given = _range("--range", arguments.range), _range("--output-range", arguments.output_range)
    return Foreign(*given, arguments.size)


def _range(option: str, text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    try:
        low, high = map(float, text.split(","))
    except ValueError:
        raise InputError(f"{option} {text} is not two numbers, such as -1,1.") from None
    if not -1e6 < low < high < 1e6:
        raise InputError(f"{option} {text} must rise, and be finite.")
    return low, high


def _sustained(arguments: argparse.Namespace) -> int:
    from facetoon.benchmarks.measuring.sustained import run_sustained, verdict
    from facetoon.benchmarks.measuring.variants import Variant
    from facetoon.benchmarks.results.result_file import check_destination, write_text
    from facetoon.benchmarks.results.result_table import sustained_plot

    for path in filter(None, (arguments.out, arguments.plot)):
        check_destination(path)
    variant = Variant(arguments.runtime, arguments.threads, True if arguments.runtime != "onnxruntime" else None)
    record = run_sustained(arguments.file, variant, _foreign(arguments), arguments.minutes * 60)
    if arguments.out:
        write_text(arguments.out, record.to_json() + "\n")
    if arguments.plot:
        write_text(arguments.plot, sustained_plot(record))
    print(verdict(record.slices).text())
    return 0


def _table(arguments: argparse.Namespace) -> int:
    from facetoon.benchmarks.results.result_file import write_text
    from facetoon.benchmarks.results.result_table import html_page, insert_table, read_all

    results = read_all(arguments.results, _say)
    for path in arguments.into:
        write_text(path, insert_table(path, results))
    if arguments.html:
        write_text(arguments.html, html_page(results))
    if not arguments.into and not arguments.html:
        from facetoon.benchmarks.results.result_table import markdown_table

        print(markdown_table(results))
    return 0


def _compare(arguments: argparse.Namespace) -> int:
    from facetoon.benchmarks.results.regression import compare
    from facetoon.benchmarks.results.result_file import read_result

    text, regressed = compare(read_result(arguments.before), read_result(arguments.after), arguments.tolerance)
    print(text)
    return int(regressed)


def _submit(arguments: argparse.Namespace) -> int:
    from facetoon.benchmarks.results.regression import faults, own_names, private_fields, pull_request
    from facetoon.benchmarks.results.result_file import read_result

    result = read_result(arguments.file)
    found = faults(result) + private_fields(result, own_names())
    if found:
        print("This result is not fit for the table yet:", *(f"- {fault}" for fault in found), sep="\n")
        return 1
    print(pull_request(result, RESULTS))
    return 0


def _project(arguments: argparse.Namespace) -> int:
    from facetoon.benchmarks.boards.projection import project

    print(project(arguments.file, arguments.board, arguments.python))
    return 0


def _say(text: str) -> None:
    print(f"toon-bench: {text}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
