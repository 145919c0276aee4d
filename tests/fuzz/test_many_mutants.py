"""The long run over mutants of model files, for a few of them: it goes on where its journal ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path


def test_a_run_goes_on_where_its_journal_ends(tmp_path):
    journal = tmp_path / "models.jsonl"
    for mutants in (5, 15):
        command = [sys.executable, Path(__file__).with_name("many_mutants.py"), "--mutants", str(mutants)]
        done = subprocess.run([*command, "--journal", journal], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert f"| all | {mutants} |" in done.stdout
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [line["number"] for line in lines] == list(range(15))
    assert {"session", "sentence"} >= {line["fate"] for line in lines}
    assert any("trial" in line for line in lines)


def test_a_crash_in_the_journal_fails_the_run(tmp_path):
    journal = tmp_path / "models.jsonl"
    journal.write_text(json.dumps({"number": 0, "fate": "crash", "text": "status -11"}) + "\n")
    command = [sys.executable, Path(__file__).with_name("many_mutants.py"), "--mutants", "1", "--journal", journal]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "| all | 1 | 0 | 0 | 0 | 1 | 0 |" in done.stdout
