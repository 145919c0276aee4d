from __future__ import annotations

import re
import shlex
import signal
import sys

import pytest

from facetoon.edge_runtime.sessions import model_trial
from facetoon.edge_runtime.sessions.model_trial import run_trial, try_model
from facetoon.edge_runtime.sessions.runtimes import RUNTIMES
from facetoon.edge_runtime.spec import read_model


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def trials(monkeypatch):
    """The arguments of every trial, which still runs."""
    calls = []

    def counted(*arguments):
        calls.append(arguments)
        return run_trial(*arguments)

    monkeypatch.setattr(model_trial, "run_trial", counted)
    return calls


def test_a_model_that_passed_is_remembered(cache, trials, tiny_model):
    model, _ = read_model(tiny_model)
    runtime = next(name for name, row in RUNTIMES.items() if row.suffix == ".tflite" and row.is_installed)
    for _ in range(2):
        try_model(model, tiny_model, runtime)
    assert len(trials) == 1
    assert len(list((cache / "facetoon" / "tried-models").iterdir())) == 1


def test_a_home_without_rights_costs_no_more_than_the_trial(tmp_path, monkeypatch, tiny_model):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    try_model(read_model(tiny_model)[0], tiny_model, "litert")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (f"import os; os.kill(os.getpid(), {int(signal.SIGSEGV)})", "it ends the library by SIGSEGV"),
        (f"import os; os.kill(os.getpid(), {int(signal.SIGXCPU)})", "takes more than 15 s of the processor"),
        ("import time; time.sleep(60)", r"takes more than 0\.5 s"),
        ("print('no\\x1b[2J kernel.'); raise SystemExit(3)", r"^no\\x1b\[2J kernel\.$"),
        ("raise SystemExit(1)", "it needs more than 500 MB"),
    ],
)
def test_how_a_child_ends_is_told(tmp_path, monkeypatch, code, reason):
    fake = tmp_path / "python"
    fake.write_text(f"#!/bin/sh\nexec {shlex.quote(sys.executable)} -c {shlex.quote(code)}\n")
    fake.chmod(0o755)
    monkeypatch.setattr(model_trial.sys, "executable", str(fake))
    monkeypatch.setattr(model_trial, "LONGEST_S", 0.5 if "sleep" in code else 60)
    assert re.search(reason, run_trial(["model"], b"", 500_000_000))
