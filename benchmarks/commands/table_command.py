"""toon-bench table: turns the results of a folder into Markdown tables and a page."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from facetoon.benchmarks.results import RESULTS

HELP = "write tables between markers, and a page with plots, from all results"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    parser.add_argument("--results", type=Path, default=RESULTS, help="default: %(default)s")
    parser.add_argument("--into", type=Path, nargs="*", default=[], metavar="FILE.md", help="files with the markers")
    parser.add_argument("--html", type=Path, metavar="OUT.html", help="a self-contained page")


def run(arguments: argparse.Namespace) -> int:
    """Write the tables and the page; without --into and --html, print the table. Return 0."""
    from facetoon.benchmarks.results.result_file import write_output
    from facetoon.benchmarks.results.result_page import html_page
    from facetoon.benchmarks.results.result_table import insert_table, markdown_table, read_results

    results = read_results(arguments.results, lambda text: print(f"toon-bench: {text}", file=sys.stderr))
    for path in arguments.into:
        write_output(path, insert_table(path, results))
    if arguments.html:
        write_output(arguments.html, html_page(results))
    if not arguments.into and not arguments.html:
        print(markdown_table(results))
    return 0
