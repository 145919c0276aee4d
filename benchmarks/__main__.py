"""toon-bench: measure how fast a model file runs on this device, stage by stage."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from edge_runtime.errors import InputError
from edge_runtime.session import RUNTIMES

EXAMPLES = """examples:
  toon-bench run anime-64.tflite
  toon-bench run anime-64.tflite --threads 4 --json pi4.json
  toon-bench run anime-64.tflite --runtime tflite-runtime --runs 200 --seconds 10 --json - | jq .stages
"""


def build_parser() -> argparse.ArgumentParser:
    """Build the command line of toon-bench."""
    parser = argparse.ArgumentParser(
        prog="toon-bench", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="measure one model file: p50, p95 and p99 of every stage")
    run.add_argument("file", type=Path, metavar="FILE", help="model file (.tflite)")
    run.add_argument("--threads", type=int, default=2, metavar="N", help="of the runtime (default: %(default)s)")
    run.add_argument("--runtime", default="litert", choices=RUNTIMES, help="default: %(default)s")
    run.add_argument("--runs", type=int, default=50, metavar="N", help="at least so many (default: %(default)s)")
    run.add_argument("--seconds", type=float, default=3, metavar="S", help="at least so long (default: %(default)s)")
    run.add_argument("--json", metavar="OUT", help="write the result to this file; - is standard output, and no table")
    return parser


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0 on success, 2 on bad input, 130 when interrupted."""
    arguments = build_parser().parse_args(argv)
    try:
        return _run(arguments)
    except InputError as error:
        print(f"toon-bench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("toon-bench: interrupted; nothing was written.", file=sys.stderr)
        return 130


def _run(arguments: argparse.Namespace) -> int:
    from benchmarks.measure import check_destination, measure, write_result  # late: --help needs no OpenCV
    from benchmarks.table import markdown_header, markdown_row, stage_table

    out = None if arguments.json in (None, "-") else Path(arguments.json)
    if out:
        check_destination(out)
    result = measure(arguments.file, arguments.runtime, arguments.threads, arguments.runs, arguments.seconds)
    if arguments.json == "-":
        print(result.to_json())
        return 0
    if out:
        write_result(out, result)
    print(stage_table(result), markdown_header() + "\n" + markdown_row(result), sep="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
