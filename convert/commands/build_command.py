"""toon-convert build."""

from __future__ import annotations

import argparse
from pathlib import Path

from facetoon.convert.commands.printed_verdict import print_verdict
from facetoon.convert.commands.request_arguments import add_request_arguments, request_fields, tell
from facetoon.convert.destination import write_faults
from facetoon.convert.formats.quantization import RECIPES
from facetoon.convert.improve.methods import IMPROVEMENTS, find_improvements
from facetoon.convert.quiet import quiet
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.whole_file import write_whole
from facetoon.training.engine.backend import select_backend

HELP = "convert a run's generator and compare the file with it"
DEFAULT = "static_wi8_ai8"
MOST_DB = 60  # what float32 files reach


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    parser.add_argument(
        "run", type=Path, metavar="RUN", help="run directory, or another project's model (docs/CONVERT.md)"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help=".tflite or .onnx; with --all a folder")
    parser.add_argument("--recipe", default="", help=f"{', '.join(RECIPES)} (default: {DEFAULT})")
    parser.add_argument("--all", action="store_true", help="every recipe in every format, with a table of verdicts")
    parser.add_argument(
        "--target-db",
        type=float,
        metavar="DB",
        help="try recipes, improvements and finer operators, and keep the fastest file of at least this mean PSNR",
    )
    parser.add_argument("--style", default="", metavar="MIX", help="bake a mix such as anime:0.6,comic:0.4")
    parser.add_argument(
        "--improve",
        default="",
        metavar="A,B",
        help=f"try to adapt the weights to int8 by {', '.join(IMPROVEMENTS)}, and keep the best file (docs/CONVERT.md)",
    )
    parser.add_argument("--dynamic-batch", action="store_true", help="float .onnx only: any number of pictures at once")
    parser.add_argument(
        "--npu",
        action="store_true",
        help="space-to-depth and depth-to-space as convolutions of equal values, for Ethos-U and Edge TPU",
    )
    parser.add_argument("--name", default="", help="the model's name (default: the file's name)")
    parser.add_argument("--author", default="", metavar="TEXT", help="who made the model, kept in the file")
    parser.add_argument("--licence", default="", metavar="TEXT", help="the model's licence, kept in the file")
    parser.add_argument(
        "--data-source", action="append", default=[], metavar="TEXT", help="where the data came from; repeatable"
    )
    parser.add_argument(
        "--keeps-shape",
        nargs="+",
        default=[],
        metavar="NAME",
        help="styles that leave every feature where it is, if the run does not say so (a single look: the file's name)",
    )
    parser.add_argument("--keep", action="store_true", help="write FILE.tflite even when the verdict is fail")
    add_request_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Build; return 0 when every verdict is pass, 1 when one is fail, and 2 when one file could not be made."""
    improve = find_improvements(arguments.improve)
    if arguments.target_db is not None:
        _check_target(arguments)
    select_backend("tensorflow")
    with quiet():  # TensorFlow prints on its first import
        from facetoon.convert.build import build, build_all, latencies_of
        from facetoon.convert.choosing import build_to_target
        from facetoon.convert.judge.conversion_report import table_of_all
        from facetoon.convert.material import Request

    request = Request(
        out=arguments.out,
        recipe=arguments.recipe or DEFAULT,
        target_db=arguments.target_db,
        name=arguments.name,
        licence=arguments.licence,
        author=arguments.author,
        data_sources=tuple(arguments.data_source),
        style=arguments.style,
        keeps_shape=tuple(arguments.keeps_shape),
        improve=improve,
        dynamic_batch=arguments.dynamic_batch,
        npu=arguments.npu,
        keep=arguments.keep,
        **request_fields(arguments),
    )
    if not arguments.all:
        report = build(request) if arguments.target_db is None else build_to_target(request, tell)
        return print_verdict(report, arguments.out, arguments.keep)
    results = build_all(request, tell)
    table = table_of_all(results, latencies_of(arguments.out, results))
    with write_faults(arguments.out):
        write_whole(arguments.out / "table.md", table)
    print(table, end="")
    verdicts = {getattr(result, "verdict", "refused") for result in results.values()}
    return 1 if "fail" in verdicts else 2 if "refused" in verdicts else 0


def _check_target(arguments: argparse.Namespace) -> None:
    if arguments.all or arguments.recipe or arguments.dynamic_batch:
        raise InputError("--target-db chooses the recipe itself: leave out --recipe, --all and --dynamic-batch.")
    if not 0 < arguments.target_db <= MOST_DB:
        raise InputError(f"--target-db takes a mean PSNR above 0 and up to {MOST_DB} dB, not {arguments.target_db:g}.")
