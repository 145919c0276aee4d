"""toon-live service: installs the live cartoonizer as a systemd service."""

from __future__ import annotations

import argparse
from pathlib import Path

from facetoon.edge_runtime.service import systemd_unit

HELP = "run the live cartoonizer as a systemd service, from boot on and again after every failure"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags of toon-live service."""
    add = parser.add_argument
    add("action", choices=("install", "uninstall", "show"), help="show prints the unit and changes nothing")
    config, units = Path("/etc/facetoon.toml"), Path("/etc/systemd/system")
    add("--config", type=Path, default=config, metavar="FILE", help="configuration to run with (default: %(default)s)")
    add("--user", default="facetoon", help="user to run as; created when missing (default: %(default)s)")
    add("--memory", default="400M", metavar="SIZE", help="restart above this much memory (default: %(default)s)")
    add("--units", type=Path, default=units, metavar="FOLDER", help="folder of the unit (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Install, remove or show the unit; return 0."""
    if arguments.action == "uninstall":
        systemd_unit.uninstall(arguments.units, say=print)
        return 0
    text = systemd_unit.unit_text(arguments.config, arguments.user, arguments.memory)
    if arguments.action == "show":
        print(text, end="")
    else:
        systemd_unit.install(arguments.units, text, arguments.config, arguments.user, say=print)
    return 0
