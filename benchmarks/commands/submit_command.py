"""toon-bench submit: checks whether a result is fit for the table, and prints the pull request."""

from __future__ import annotations

import argparse
from pathlib import Path

from facetoon.benchmarks.results import RESULTS

HELP = "check a result, and print its pull request"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    parser.add_argument("file", type=Path, metavar="RESULT.json")


def run(arguments: argparse.Namespace) -> int:
    """Print the faults and return 1, or print the pull request and return 0."""
    from facetoon.benchmarks.results.result_file import read_result
    from facetoon.benchmarks.results.submission import faults, own_names, private_fields, pull_request

    result = read_result(arguments.file)
    sentences = faults(result) + private_fields(result, own_names())
    if sentences:
        print("This result is not fit for the table yet:", *(f"- {sentence}" for sentence in sentences), sep="\n")
        return 1
    print(pull_request(result, RESULTS))
    return 0
