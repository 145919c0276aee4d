"""toon-live cameras: lists the cameras of this machine."""

from __future__ import annotations

import argparse

HELP = "list the cameras of this machine with their names, sizes and rates, and the --source of each"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare no flags."""


def run(arguments: argparse.Namespace) -> int:
    """Print the cameras; return 0, or 1 when there is none."""
    from facetoon.edge_runtime.sources.camera_list import listed_cameras, pi_cameras

    cameras = [*listed_cameras(), *pi_cameras()]
    for camera in cameras:
        print("\n    ".join([f"--source {camera.source}  {camera.name}", *camera.modes]))
    if not cameras:
        print("There is no camera that this machine knows.")
    return 0 if cameras else 1
