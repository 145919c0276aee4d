"""toon-bench compare: compares a result with an earlier result of the same device."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "print the ratios of two results: times, memory and pipeline; exit status 1 on a regression"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument(
        "--tolerance",
        type=float,
        default=0.05,
        help="difference allowed between two runs of the same code (default: %(default)s)",
    )
    parser.add_argument("--between-models", action="store_true", help="compare two different model files")


def run(arguments: argparse.Namespace) -> int:
    """Print the ratios; return 1 on a regression, else 0."""
    from facetoon.benchmarks.results.regression import compare
    from facetoon.benchmarks.results.result_file import read_result

    before, after = read_result(arguments.before), read_result(arguments.after)
    text, regressed = compare(before, after, arguments.tolerance, arguments.between_models)
    print(text)
    return int(regressed)
