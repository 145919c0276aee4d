import pytest

from facetoon.benchmarks.measuring import subject
from facetoon.benchmarks.measuring.bench_plan import Plan
from facetoon.benchmarks.measuring.notes import Notes
from facetoon.benchmarks.measuring.subject import Subject
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.runtimes import RUNTIMES


class FakeWorker:
    """A process that only LiteRT can have."""

    def __init__(self, path, variant, foreign):
        if variant.runtime != "litert":
            raise InputError(f"{path} meets a {variant.runtime} that is not there.")

    def close(self):
        pass


@pytest.mark.parametrize(("is_default", "is_missing", "notes"), [(True, True, 0), (True, False, 1), (False, True, 1)])
def test_a_missing_runtime_is_noted_only_where_the_user_named_it(
    tiny_model, monkeypatch, is_default, is_missing, notes
):
    monkeypatch.setattr(subject, "Worker", FakeWorker)
    monkeypatch.setattr(type(RUNTIMES["litert"]), "is_installed", property(lambda _: not is_missing))
    told = []
    opened = Subject(tiny_model, Plan(("litert", "tflite-runtime"), is_default_runtimes=is_default), told.append)
    assert len(opened.workers) == 2
    assert len(told) == notes
    assert opened.notes.texts == told
    assert str(tiny_model.parent) not in "".join(told)


def test_a_file_that_nothing_runs_is_refused(tiny_model, monkeypatch):
    monkeypatch.setattr(subject, "Worker", FakeWorker)
    with pytest.raises(InputError, match="that is not there"):
        Subject(tiny_model, Plan(("tflite-runtime",)), lambda _: None)


def test_an_attempt_notes_what_stood_against_it():
    told = []
    notes = Notes(told.append)

    def refuse():
        raise InputError("No.")

    assert notes.attempt(lambda: 3) == 3
    assert notes.attempt(refuse) is None
    assert notes.texts == told == ["No."]
