"""toon-bench compare: judges a result against an earlier one of the same device."""

from __future__ import annotations

import argparse
from pathlib import Path

HELP = "ratio of two results with its interval; exit status 1 on a regression"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument(
        "--tolerance",
        type=float,
        default=0.05,
        help="what two runs of the same code may differ by (default: %(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the ratios; 1 on a regression."""
    from facetoon.benchmarks.results.regression import compare
    from facetoon.benchmarks.results.result_file import read_result

    text, regressed = compare(read_result(arguments.before), read_result(arguments.after), arguments.tolerance)
    print(text)
    return int(regressed)
