"""`--config FILE`: a TOML file whose keys are toon-live's flags. A flag on the command line wins over the file."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from facetoon.edge_runtime.errors import InputError

EXAMPLE = """# Flags of toon-live, without their dashes: toon-live --help lists them all.
source = "0"              # the first camera; "picamera" for the Raspberry Pi's own
host = "127.0.0.1"        # another address demands a token
port = 8000
# token = "..."           # without it, every start makes a new one and prints it
# style = "anime"
# target-fps = 25
"""


def with_config(parser: argparse.ArgumentParser, argv: Sequence[str]) -> argparse.Namespace:
    """Parse the command line, and take the flags that it does not set from its `--config` file.

    Raises InputError for a file that cannot be read or holds anything but the parser's flags.
    """
    only_config = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    only_config.add_argument("--config", type=Path)
    path = only_config.parse_known_args(argv)[0].config
    if path is None:
        return parser.parse_args(argv)
    overridden = {word.partition("=")[0] for word in argv if word.startswith("--")}
    return parser.parse_args([*_command_line(path, parser, overridden), *argv])


def _command_line(path: Path, parser: argparse.ArgumentParser, overridden: set[str]) -> list[str]:
    """Return the file as command line words, without `overridden` flags: a repeatable flag would add to both."""
    words: list[str] = []
    for key, value in _read(path).items():
        action = parser._option_string_actions.get(f"--{key}")
        if action is None or key in ("help", "version", "config"):
            raise InputError(f"{path} sets {key!r}, which is no flag of toon-live.")
        if f"--{key}" not in overridden:
            words += _words(path, key, value, action)
    return words


def _words(path: Path, key: str, value: Any, action: argparse.Action) -> list[str]:
    if action.nargs == 0:
        if not isinstance(value, bool):
            raise InputError(f"{path} sets {key!r} to {value!r}; it takes true or false.")
        return [f"--{key}"] if value else []
    repeats = isinstance(action, argparse._AppendAction)
    values = value if isinstance(value, list) and repeats else [value]
    if not all(isinstance(item, str | int | float) and not isinstance(item, bool) for item in values):
        wanted = "text or a number, or a list of them" if repeats else "text or a number"
        raise InputError(f"{path} sets {key!r} to {value!r}; it takes {wanted}.")
    return [f"--{key}={item}" for item in values]


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"The configuration {path} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"The configuration {path} is not valid TOML: {error}.") from None
