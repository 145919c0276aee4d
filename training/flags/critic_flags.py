"""The flags for the files that a projected critic and its guides need."""

from __future__ import annotations

import argparse
from pathlib import Path

from facetoon.edge_runtime.errors import InputError

FILES = {
    "features": ("FILE.npz", "frozen features for a projected critic (docs/CRITIC.md)"),
    "segments": ("FILE.tflite", "for a projected critic: finds skin and hair, 256 px"),
    "landmarks": ("FILE.tflite", "for a projected critic: face mesh of 468 points, 192 px"),
}


def add_critic(parser: argparse.ArgumentParser) -> None:
    """The three files, and the folder for the guides made with them."""
    for name, (metavar, meaning) in FILES.items():
        parser.add_argument(f"--{name}", type=Path, metavar=metavar, help=meaning)
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keeps masks and drawings of the photographs")


def check_critic(arguments: argparse.Namespace) -> None:
    """Raises InputError with the flags that a projected critic lacks."""
    if missing := [f"--{name} FILE" for name in FILES if getattr(arguments, name) is None]:
        raise InputError(f"A recipe with a projected critic needs files of its own: give {' and '.join(missing)}.")
