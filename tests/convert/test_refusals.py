"""Errors of libraries are refusals: a row of the table, a sentence, an exit status, and no file that looks current."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="needs pip install 'facetoon[convert]'")

from facetoon.convert.__main__ import main
from facetoon.convert.debug.ranking import OperatorError, worst_first
from facetoon.convert.debug.ranking_report import ranking_plot
from facetoon.convert.quiet import refusing
from facetoon.edge_runtime.errors import InputError

NAME = "student.static_wi8_ai8.tflite"


@pytest.fixture
def broken(monkeypatch):
    """A function that makes one recipe's step raise as a library does."""

    def fail(step: str) -> None:
        import facetoon.convert.material as material

        real = getattr(material, step)

        def raising(first: object, *more: object, **named: object) -> object:
            if NAME in str(first) or (more and getattr(more[0], "name", "") == "static_wi8_ai8"):
                raise RuntimeError("\nnode number 7 (RSQRT) failed to prepare.\nmore words")
            return real(first, *more, **named)

        monkeypatch.setattr(material, step, raising)

    return fail


@pytest.mark.parametrize("step", ["to_tflite", "open_session"])
def test_a_library_that_raises_gives_a_row_and_the_rest_goes_on(run, few, tmp_path, capfd, broken, step):
    (tmp_path / NAME).write_bytes(b"an older build")
    broken(step)
    assert main(["build", str(run), "--all", "--out", str(tmp_path), *few]) in (1, 2)
    rows = capfd.readouterr().out.splitlines()[2:]
    assert len(rows) == 11
    (row,) = (row for row in rows if row.startswith(f"| {NAME} "))
    assert "refused: " in row
    assert "node number 7 (RSQRT) failed to prepare. |" in row
    assert not (tmp_path / NAME).exists()
    assert (tmp_path / NAME.replace(".tflite", ".previous")).read_bytes() == b"an older build"


def test_a_refused_file_is_status_2(run, few, tmp_path, capfd, broken):
    broken("to_tflite")
    assert main(["build", str(run), "--out", str(tmp_path / NAME), *few]) == 2
    printed = capfd.readouterr().err
    assert printed.startswith(
        "toon-convert: The generator small cannot become static_wi8_ai8 in .tflite: node number 7"
    )
    assert printed.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_faults_of_the_disk_and_our_own_sentences_pass():
    with pytest.raises(OSError, match="full"), refusing("what"):
        raise OSError("full")
    with pytest.raises(InputError, match=r"^Bad\.$"), refusing("what"):
        raise InputError("Bad.")
    with pytest.raises(InputError, match=r"^what: ValueError$"), refusing("what"):
        raise ValueError


def kit_function(body):
    """A function of a module of the kit."""
    namespace = {"__name__": "facetoon.convert.some_module", "json": json, "np": np}
    exec(f"def work():\n    {body}", namespace)
    return namespace["work"]


@pytest.mark.parametrize("body", ["None + 1", "json.loads(wrong=1)", "np.zeros(3) @ np.zeros(4)"])
def test_a_defect_of_the_kit_keeps_its_traceback(body):
    with pytest.raises((TypeError, ValueError)) as caught, refusing("what"):
        kit_function(body)()
    assert caught.traceback[-1].name == "work"


@pytest.mark.parametrize(("body", "words"), [("json.loads('{')", "Expecting"), ("raise MemoryError", "MemoryError")])
def test_an_error_of_a_library_that_the_kit_calls_is_a_refusal(body, words):
    with pytest.raises(InputError, match=f"^what: {words}"), refusing("what"):
        kit_function(body)()


def test_operators_that_give_no_numbers_come_first_and_are_drawn():
    errors = worst_first([OperatorError("ADD", "a", 5.0), OperatorError("RSQRT", "b", math.nan)])
    assert [error.operator for error in errors] == ["RSQRT", "ADD"]
    assert ranking_plot(errors).shape[0] > 50
