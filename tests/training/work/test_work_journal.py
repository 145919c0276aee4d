from __future__ import annotations

from contextlib import closing

import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.training.work.work_journal import WorkJournal


@pytest.fixture
def journal_of(tmp_path):
    """A function: settings to the lines that earlier runs left in the journal, after this one's are noted too."""

    def run(settings, *lines):
        def check(there, here):
            if there != here:
                raise InputError("other settings")

        def recall(values):
            earlier.append(values["name"])

        earlier = []
        journal = WorkJournal(tmp_path / "out" / ".work" / "journal.jsonl", "toon-train work", settings, check, recall)
        for line in lines:
            journal.add(line)
        journal.close()
        journal.close()
        return earlier

    return run


def test_lines_of_earlier_runs_come_back(journal_of):
    assert journal_of({"size": (1, 2)}, {"name": "a"}) == []
    assert journal_of({"size": (1, 2)}, {"name": "é\udcff"}) == ["a"]
    assert journal_of({"size": (1, 2)}) == ["a", "é\udcff"]


def test_a_folder_has_one_journal_at_a_time(tmp_path):
    def opened():
        return WorkJournal(tmp_path / ".work" / "journal.jsonl", "toon-train work", {}, lambda *_: None, lambda _: None)

    with closing(opened()), pytest.raises(InputError, match=r"is in use by .*, process \d+ on "):
        opened()
    opened().close()
    assert [path.name for path in (tmp_path / ".work").iterdir()] == ["journal.jsonl"]


@pytest.mark.parametrize("damage", [b'{"name": "b', b'{"nam": "b"}\n{"name": "c"}\n', b"nonsense\n"])
def test_what_follows_a_damaged_line_does_not_count(journal_of, tmp_path, damage):
    journal_of({}, {"name": "a"})
    with (tmp_path / "out" / ".work" / "journal.jsonl").open("ab") as file:
        file.write(damage)
    assert journal_of({}, {"name": "d"}) == ["a"]
    assert journal_of({}) == ["a", "d"]


def test_half_written_files_go(journal_of, tmp_path):
    journal_of({})
    for name in (".partial-a.png", "b.png.partial"):
        (tmp_path / "out" / name).touch()
    journal_of({})
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".work"]


def test_other_settings_and_other_folders_are_refused(journal_of, tmp_path):
    journal_of({"size": 1})
    with pytest.raises(InputError, match="other settings"):
        journal_of({"size": 2})
    (tmp_path / "out" / ".work" / "journal.jsonl").unlink()
    (tmp_path / "out" / "a.png").touch()
    with pytest.raises(InputError, match="is not empty, and toon-train work did not begin it"):
        journal_of({})
