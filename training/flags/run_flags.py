"""Flags of every command that writes a run directory."""

from __future__ import annotations

import argparse
from pathlib import Path

from facetoon.edge_runtime.command_line import add_picture_limit


def add_run_flags(parser: argparse.ArgumentParser, recipe: str) -> None:
    """Add the flags for recipe, run directory, back-end and workers. `recipe` is the command's default recipe."""
    parser.add_argument("--recipe", default=recipe, help="packaged name or .toml file (default: %(default)s)")
    parser.add_argument("--set", action="append", metavar="KEY=VALUE", help="override one recipe key; repeatable")
    parser.add_argument("--run", type=Path, help="run directory; an existing run is resumed")
    add_picture_limit(parser)
    parser.add_argument("--dry-run", action="store_true", help="measure its cost on this machine; writes nothing")
    parser.add_argument("--backend", default="tensorflow", choices=("tensorflow", "jax"))
    parser.add_argument("--coordinator", metavar="HOST:PORT", help="where worker 0 waits for the others (JAX)")
    parser.add_argument("--workers", type=int, default=1, help="processes that share every batch")
    parser.add_argument("--worker", type=int, default=0, help="number of this process, from 0")


def add_init(parser: argparse.ArgumentParser) -> None:
    """Add the flag for a run that gives the new run its first weights."""
    parser.add_argument("--init", type=Path, help="a run or .keras file; a new run begins with its networks")
