"""toon-bench compare: compares a result with an earlier result of the same device."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "print the ratio of two results with its interval; exit status 1 on a regression"


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


def run(arguments: argparse.Namespace) -> int:
    """Print the ratios; return 1 on a regression, else 0."""
    from facetoon.benchmarks.results.regression import compare
    from facetoon.benchmarks.results.result_file import read_result

    text, regressed = compare(read_result(arguments.before), read_result(arguments.after), arguments.tolerance)
    print(text)
    return int(regressed)
