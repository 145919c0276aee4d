"""The command table, dispatch and exit statuses of the four programs."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from facetoon.edge_runtime.errors import InputError, escaped_lines
from facetoon.edge_runtime.picture_files import LIMIT_FLAG, LIMIT_VARIABLE, MOST_MEGAPIXELS, allow_megapixels
from facetoon.edge_runtime.whole_file import FORBIDDEN, FULL


class Command(Protocol):
    """A module of a `commands` room. It imports nothing heavy at its top, so that --help stays quick on a Pi."""

    HELP: str
    """One line for the program's --help."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's flags."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do the work; return the exit status. `arguments.argv` is the whole original command line."""


@dataclass(frozen=True)
class Program:
    """A program such as toon-train, and its commands by name."""

    name: str
    description: str | None
    examples: str
    commands: Mapping[str, Command]
    extras: Mapping[str, str] = field(default_factory=dict)
    """The extra that installs a top-level module: "keras" -> "train"."""
    interrupted: str = "interrupted; nothing was written."
    default: Command | None = None
    """The command that runs without a command word; its flags are the program's own."""

    def parser(self) -> argparse.ArgumentParser:
        """Return the parser of the whole command line."""
        parser = argparse.ArgumentParser(
            prog=self.name,
            usage=f"{self.name} [FLAGS]\n       {self.name} COMMAND ..." if self.default else None,
            description=self.description,
            epilog=self.examples,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if self.default:
            self.default.add_arguments(parser)
        commands = parser.add_subparsers(
            title="commands",
            prog=self.name,
            description=f"without one: {self.default.HELP}" if self.default else None,
            dest="command",
            metavar="COMMAND",
            required=self.default is None,
        )
        for name, command in self.commands.items():
            sentence = f"{command.HELP[:1].upper()}{command.HELP[1:].rstrip('.')}."
            command.add_arguments(commands.add_parser(name, help=command.HELP, description=sentence))
        return parser

    def main(self, argv: list[str] | None = None) -> int:
        """Parse and run; return 2 on bad input, 1 for a diverged training, 130 when interrupted, else run's status."""
        _open_standard_streams()
        argv = sys.argv[1:] if argv is None else argv
        parser = self.parser()
        arguments = parser.parse_args(argv)
        arguments.argv = argv
        if self.default and arguments.command is None:
            return self.run(self.default, arguments)
        if self.default and arguments.command != argv[0]:  # flags before it belong to the default and would be lost
            parser.error(f"the command comes first: {self.name} {arguments.command} ...")
        return self.run(self.commands[arguments.command], arguments)

    def run(self, command: Command, arguments: argparse.Namespace) -> int:
        """Run one command; turn errors that the user can mend into one sentence on standard error."""
        try:
            allow_megapixels(getattr(arguments, "max_megapixels", None))
            status = command.run(arguments)
            print(end="", flush=True)  # noqa: T201  a full disk or a closed pipe shows here at the latest
            return status
        except InputError as error:
            return self._fail(str(error), 2)
        except FloatingPointError as error:
            return self._fail(str(error), 1)
        except ModuleNotFoundError as error:
            missing = (error.name or "").partition(".")[0]
            if missing not in self.extras:
                raise  # a defect of the kit, not of the installation
            return self._fail(f"{missing} is missing: pip install 'facetoon[{self.extras[missing]}]' brings it.", 2)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # Python would fail again when it ends
            return self._fail("nobody reads the output any more.", 1)
        except OSError as error:
            if error.errno not in (*FULL, *FORBIDDEN):
                raise
            return self._fail(f"{error.filename or 'The output'} cannot be used: {error.strerror}.", 2)
        except KeyboardInterrupt:
            return self._fail(self.interrupted, 130)

    def _fail(self, sentence: str, status: int) -> int:
        print(f"{self.name}: {escaped_lines(sentence)}", file=sys.stderr)  # noqa: T201  what a command says when it fails
        return status


def _open_standard_streams() -> None:
    """Open /dev/null for a closed standard stream. The next file would get its number, and a library's words."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", closefd=False))


def add_picture_limit(parser: argparse.ArgumentParser) -> None:
    """Add the flag for the largest picture to a command that reads pictures."""
    limit_help = f"refuse pictures of more than N megapixels (default: ${LIMIT_VARIABLE}, or {MOST_MEGAPIXELS})"
    parser.add_argument(LIMIT_FLAG, type=_megapixels, metavar="N", help=limit_help)


def _megapixels(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 6 and int(text)):
        raise argparse.ArgumentTypeError("must be a number from 1 to 99999")
    return int(text)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: 1 frame, 2 frames."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
