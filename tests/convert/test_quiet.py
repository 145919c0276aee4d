from __future__ import annotations

import os
import sys

import pytest

from facetoon.convert.quiet import quiet
from facetoon.edge_runtime.errors import InputError


def chatter() -> None:
    print("from Python")
    print("to standard error", file=sys.stderr)
    os.write(1, b"from C++\n")
    os.write(2, b"C++ to standard error\n")


def test_nothing_is_seen_and_afterwards_everything_again(capfd):
    with quiet():
        chatter()
    assert capfd.readouterr() == ("", "")
    chatter()
    assert capfd.readouterr().out.splitlines() == ["from Python", "from C++"]


def test_a_defect_carries_what_was_printed(capfd):
    def fail() -> None:
        chatter()
        raise RuntimeError("defect")

    with pytest.raises(RuntimeError, match="defect") as caught, quiet():
        fail()
    (note,) = caught.value.__notes__
    assert "from Python" in note
    assert "C++ to standard error" in note
    assert capfd.readouterr() == ("", "")


def test_a_sentence_for_the_user_stays_bare():
    with pytest.raises(InputError) as caught, quiet():
        raise InputError("Bad.")
    assert not hasattr(caught.value, "__notes__")
