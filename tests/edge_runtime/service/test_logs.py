from __future__ import annotations

import json
import logging

import pytest

from facetoon.edge_runtime.service import logs


def test_a_log_line_is_json():
    record = logging.LogRecord("facetoon.x", logging.WARNING, "f", 1, "lost %s", ("Kamera ä",), None)
    line = json.loads(logs.JsonLines().format(record))
    assert (line["level"], line["logger"], line["message"]) == ("warning", "facetoon.x", "lost Kamera ä")
    assert line["time"].endswith("+00:00")


def test_what_a_file_says_is_one_line_that_moves_no_cursor():
    record = logging.LogRecord(
        "facetoon.x", logging.WARNING, "f", 1, "lost %s", ("\x1b[2J\n\u202e" + 9000 * "x",), None
    )
    line = logs.TextLines().format(record)
    assert line.isprintable()
    assert r" WARNING lost \x1b[2J\n\u202exxx" in line
    assert len(line) < 2100
    assert json.loads(logs.JsonLines().format(record))["message"].isprintable()


@pytest.fixture
def untouched_logging(monkeypatch):
    """Takes pytest's handlers off for a test, and puts handlers and levels back."""
    root, ours = logging.getLogger(), logging.getLogger("facetoon")
    levels = root.level, ours.level
    monkeypatch.setattr(root, "handlers", [])
    yield
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


def test_our_own_modules_are_heard_from_info_up_and_others_from_warning_up(untouched_logging, capsys):
    logs.set_up("text")
    logging.getLogger(logs.__name__).info("our news")
    logging.getLogger("another.library").info("their news")
    logging.getLogger("another.library").warning("their trouble")
    ours, theirs = capsys.readouterr().err.splitlines()
    assert ours.endswith(" INFO our news")
    assert theirs.endswith(" WARNING their trouble")
