from __future__ import annotations

import errno
import os
import subprocess
import sys

import pytest

from facetoon.edge_runtime.command_line import Program, add_picture_limit
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.picture_files import LIMIT_VARIABLE, OPENCV_LIMIT_VARIABLE, most_pixels


class FakeCommand:
    """A command with one flag. It records its arguments, and ends with the given result."""

    def __init__(self, help="do something", ends=0):
        self.HELP, self.ends, self.ran_with = help, ends, None

    def add_arguments(self, parser):
        parser.add_argument("--level", type=int, default=1)

    def run(self, arguments):
        self.ran_with = arguments
        if isinstance(self.ends, BaseException):
            raise self.ends
        return self.ends


def program(default=None, **commands):
    return Program("toon-fake", "A program.", "examples:", commands, extras={"keras": "train"}, default=default)


def test_a_command_gets_its_flags_and_the_command_line_and_its_status_is_the_programs():
    command = FakeCommand(ends=7)
    assert program(work=command, other=FakeCommand()).main(["work", "--level", "3"]) == 7
    assert (command.ran_with.level, command.ran_with.argv) == (3, ["work", "--level", "3"])


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (InputError("There is no such file."), 2, "There is no such file."),
        (FloatingPointError("The loss is not a number."), 1, "The loss is not a number."),
        (KeyboardInterrupt(), 130, "interrupted; nothing was written."),
        (ModuleNotFoundError(name="keras"), 2, "keras is missing: pip install 'facetoon[train]' brings it."),
        (ModuleNotFoundError(name="keras.layers"), 2, "keras is missing: pip install 'facetoon[train]' brings it."),
    ],
)
def test_what_the_user_can_mend_is_one_sentence(capsys, error, status, sentence):
    assert program(work=FakeCommand(ends=error)).main(["work"]) == status
    assert capsys.readouterr().err == f"toon-fake: {sentence}\n"


def test_what_a_file_says_moves_no_cursor(capsys):
    error = InputError("No style \x1b[2J\u202e is here:\n  - a\n  + " + 10_000 * "b")
    assert program(work=FakeCommand(ends=error)).main(["work"]) == 2
    sentence = capsys.readouterr().err
    assert sentence.startswith(r"toon-fake: No style \x1b[2J\u202e is here:" + "\n  - a\n")
    assert len(sentence) < 4100


class PictureCommand(FakeCommand):
    """A command that reads pictures, and records the limits under which it runs."""

    def add_arguments(self, parser):
        add_picture_limit(parser)

    def run(self, arguments):
        self.limits = most_pixels(), os.environ[OPENCV_LIMIT_VARIABLE]
        return 0


def test_a_flag_or_variable_sets_the_limit_of_pictures_for_every_reader(monkeypatch, capsys):
    monkeypatch.setenv(OPENCV_LIMIT_VARIABLE, "")  # monkeypatch puts both back at the end
    monkeypatch.setenv(LIMIT_VARIABLE, "50")
    command = PictureCommand()
    assert program(work=command).main(["work"]) == 0
    assert command.limits == (50_000_000, "50000000")
    assert program(work=command).main(["work", "--max-megapixels", "7"]) == 0
    assert command.limits == (7_000_000, "7000000")
    monkeypatch.setenv(LIMIT_VARIABLE, "many")
    assert program(work=command).main(["work"]) == 2
    assert "FACETOON_MAX_MEGAPIXELS is 'many'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.EFBIG, "File too large", "out.png"), "out.png cannot be used: File too large."),
        (OSError(errno.EACCES, "Permission denied", "in"), "in cannot be used: Permission denied."),
        (OSError(errno.ENOSPC, "No space left on device"), "The output cannot be used: No space left on device."),
    ],
)
def test_a_fault_of_the_disk_is_one_sentence(capsys, error, sentence):
    assert program(work=FakeCommand(ends=error)).main(["work"]) == 2
    assert capsys.readouterr().err == f"toon-fake: {sentence}\n"


PRINTING = """
import sys
from types import SimpleNamespace as Names
from facetoon.edge_runtime.command_line import Program
work = Names(HELP="print", add_arguments=lambda parser: None, run=lambda arguments: print(100_000 * "line\\n") or 0)
sys.exit(Program("toon-fake", None, "", {"work": work}).main(["work"]))
"""


@pytest.mark.parametrize(
    ("output", "status", "sentence"),
    [
        ("/dev/full", 2, "The output cannot be used: No space left on device."),
        ("pipe", 1, "nobody reads the output any more."),
    ],
)
def test_a_full_or_closed_output_is_one_sentence(output, status, sentence):
    if output == "pipe":
        reader, number = os.pipe()
        os.close(reader)
    else:
        number = os.open(output, os.O_WRONLY)
    done = subprocess.run([sys.executable, "-c", PRINTING], stdout=number, stderr=subprocess.PIPE, text=True)
    os.close(number)
    assert (done.returncode, done.stderr) == (status, f"toon-fake: {sentence}\n")


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_closed_streams_are_no_fault(tmp_path, closed):
    """A file that is opened later must not get the number of a closed stream."""
    work = PRINTING.replace(
        'print(100_000 * "line\\n") or 0', f"print(1) or 9 * (open('{tmp_path}/a', 'w').fileno() < 3)"
    )
    assert "fileno" in work
    assert subprocess.run(["sh", "-c", f'exec "$0" -c "$1" {closed}', sys.executable, work]).returncode == 0


@pytest.mark.parametrize("error", [ModuleNotFoundError(name="colorsys2"), ModuleNotFoundError(), KeyError("defect")])
def test_a_defect_of_the_kit_keeps_its_traceback(error):
    with pytest.raises(type(error)) as raised:
        program(work=FakeCommand(ends=error)).main(["work"])
    assert raised.value is error


@pytest.mark.parametrize("argv", [[], ["nothing"], ["work", "--level", "high"], ["work", "--flag"]])
def test_a_wrong_command_line_is_status_2(capsys, argv):
    with pytest.raises(SystemExit, match="2"):
        program(work=FakeCommand()).main(argv)
    assert "toon-fake" in capsys.readouterr().err.splitlines()[-1]


def test_help_lists_every_command_with_its_line(capsys):
    text = program(work=FakeCommand("work hard"), rest=FakeCommand("do nothing")).parser().format_help()
    for line in ("work hard", "do nothing", "A program.", "examples:"):
        assert line in text
    with pytest.raises(SystemExit, match="0"):
        program(work=FakeCommand("work hard")).main(["work", "--help"])
    assert "Work hard." in capsys.readouterr().out


class TestDefault:
    def test_it_runs_without_a_command_word_and_its_flags_are_the_programs(self):
        default, other = FakeCommand(), FakeCommand()
        assert program(default, other=other).main(["--level", "4"]) == 0
        assert (default.ran_with.level, default.ran_with.argv, other.ran_with) == (4, ["--level", "4"], None)
        assert program(default, other=other).main([]) == 0

    def test_another_command_has_flags_of_its_own(self):
        default, other = FakeCommand(), FakeCommand()
        assert program(default, other=other).main(["other", "--level", "5"]) == 0
        assert (default.ran_with, other.ran_with.level) == (None, 5)

    def test_flags_before_a_command_are_refused_instead_of_lost(self, capsys):
        with pytest.raises(SystemExit, match="2"):
            program(FakeCommand(), other=FakeCommand()).main(["--level", "4", "other"])
        assert "the command comes first: toon-fake other" in capsys.readouterr().err

    def test_help_shows_its_flags_and_the_other_commands(self):
        text = program(FakeCommand("live"), other=FakeCommand("do nothing")).parser().format_help()
        for line in ("--level", "without one: live", "do nothing"):
            assert line in text
