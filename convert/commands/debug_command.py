"""toon-convert debug."""

from __future__ import annotations

import argparse
from pathlib import Path

from facetoon.convert.commands.printed_verdict import print_verdict
from facetoon.convert.commands.request_arguments import add_request_arguments, request_fields, tell
from facetoon.convert.destination import check_folder, stem, with_mark, write_faults
from facetoon.convert.quiet import quiet
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.whole_file import write_whole
from facetoon.training.engine.backend import select_backend

HELP = "rank a static file's operators by their error; try the worst in float or int16"
STEPS = (0, 1, 2, 4, 8)  # numbers of worst operators to make finer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    parser.add_argument("file", type=Path, metavar="FILE", help="static_wi8_ai8 by toon-convert build, also .rejected")
    parser.add_argument("--run", type=Path, required=True, metavar="RUN", help="run directory, .keras or SavedModel")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for table, plot and finer file")
    parser.add_argument("--apply", type=int, metavar="N", help="write the file with the N worst made finer")
    parser.add_argument(
        "--finer",
        default="float",
        choices=("float", "int16"),
        help="type of the worst operators (default: float); int16 is slow, since no delegate takes it",
    )
    parser.add_argument("--style", default="", metavar="MIX", help="the mix that FILE was baked with")
    add_request_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the table, the plot and, with --apply, the file; return 0, or 1 when that file fails its verdict."""
    check_folder(arguments.out)
    if arguments.apply is not None and arguments.apply not in STEPS:
        raise InputError(f"--apply takes one of {', '.join(map(str, STEPS))}, not {arguments.apply}.")
    select_backend("tensorflow")
    with quiet():  # TensorFlow prints on its first import
        from facetoon.convert.debug.finer_steps import debug
        from facetoon.convert.debug.ranking_report import ranking_plot, ranking_table
        from facetoon.convert.material import Request
        from facetoon.edge_runtime.model_files.tailed_file import format_of
        from facetoon.edge_runtime.pixels import encode_png

    request = Request(out=arguments.file, style=arguments.style, **request_fields(arguments))
    study = debug(arguments.file, request, arguments.finer, STEPS, tell)
    table, name = ranking_table(study.errors, study.steps), stem(arguments.file)
    with write_faults(arguments.out):
        write_whole(arguments.out / f"{name}.debug.md", table)
        write_whole(arguments.out / f"{name}.debug.png", encode_png(ranking_plot(study.errors)))
    print(table, end="")
    if arguments.apply not in [step.count for step in study.steps]:
        return 0
    print()
    mark = f"{arguments.apply}{arguments.finer}"
    out = arguments.out / with_mark(arguments.file, mark, format_of(arguments.file))
    return print_verdict(study.apply(arguments.apply, arguments.finer, out), out, keep=False)
