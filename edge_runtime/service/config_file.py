"""`--config FILE`: a TOML file whose keys are toon-live's flags. A flag on the command line wins over the file."""

from __future__ import annotations

import argparse
import json
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from facetoon.edge_runtime.errors import InputError, shown
from facetoon.edge_runtime.whole_file import read_bounded

MOST_BYTES = 1_000_000
TUNED = "facetoon.toml"
"""The file in the present folder that `toon-live tune` writes unless told otherwise."""
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


def merged(text: str, values: Mapping[str, Any], name: str) -> str:
    """Return the configuration `text` with these values; all its other lines stay, comments too.

    Raises InputError, with the file's `name`, for a text that is not valid TOML, or has more than flags.
    """
    before = parsed(text, name)
    kept: list[str] = []
    lines = iter(text.splitlines())
    for line in lines:
        key = line.partition("=")[0].strip().strip("\"'")
        if key not in values or line.lstrip().startswith("#"):
            kept.append(line)
            continue
        while not _is_whole(line):  # a list over several lines
            line += "\n" + next(lines)
    kept += [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    result = "\n".join(kept) + "\n"
    if parsed(result, name) != {**before, **values}:
        raise InputError(f"The configuration {name} holds more than flags (a table, or a text of several lines).")
    return result


def _is_whole(statement: str) -> bool:
    try:
        tomllib.loads(statement)
    except ValueError:
        return False
    return True


def _command_line(path: Path, parser: argparse.ArgumentParser, overridden: set[str]) -> list[str]:
    """Return the file as command line words, without `overridden` flags: a repeatable flag would add to both."""
    words: list[str] = []
    for key, value in parsed(read_config(path), str(path)).items():
        action = parser._option_string_actions.get(f"--{key}")
        if action is None or key in ("help", "version", "config"):
            raise InputError(f"{path} sets {key!r}, which is no flag of toon-live.")
        if f"--{key}" not in overridden:
            words += _words(path, key, value, action)
    return words


def _words(path: Path, key: str, value: Any, action: argparse.Action) -> list[str]:
    if action.nargs == 0:
        if not isinstance(value, bool):
            raise InputError(f"{path} sets {key!r} to {_kind(value)}; it takes true or false.")
        return [f"--{key}"] if value else []
    repeats = isinstance(action, argparse._AppendAction)
    values = value if isinstance(value, list) and repeats else [value]
    if not all(isinstance(item, str | int | float) and not isinstance(item, bool) for item in values):
        wanted = "text or a number, or a list of them" if repeats else "text or a number"
        raise InputError(f"{path} sets {key!r} to {_kind(value)}; it takes {wanted}.")
    if any(isinstance(item, str) and not item.isprintable() for item in values):
        raise InputError(f"{path} sets {key!r} to text with a control character.")
    return [f"--{key}={item}" for item in values]


def _kind(value: Any) -> str:
    """Name the kind of a value: the value itself may hold a password."""
    kinds = {bool: "true or false", str: "text", list: "a list", dict: "a table", int: "a number", float: "a number"}
    return kinds.get(type(value), "a date")


def read_config(path: Path) -> str:
    """Return the text of a configuration. Raises InputError when it cannot be read."""
    try:
        return read_bounded(path, MOST_BYTES, "The configuration").decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"The configuration {path} is not valid TOML: {error}.") from None


def parsed(text: str, name: str) -> dict[str, Any]:
    """Return the values of a configuration. Raises InputError, with its `name`, when the text is not valid TOML."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise InputError(f"The configuration {name} is nested too deep.") from None
    except ValueError as error:  # a number of more digits than Python takes raises no TOMLDecodeError
        raise InputError(f"The configuration {name} is not valid TOML: {shown(error)}.") from None
