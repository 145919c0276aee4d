"""Work on several cores comes back in order, and its processes end with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.training.work.ordered_pool import in_order

# Workers live in a module on the path, since the processes of the pool import them anew.
WORKERS = """
import os, time
def squares():
    return lambda number: number * number
def killers():
    return lambda number: os.kill(os.getpid(), 9)
def sleepers():
    return lambda number: (time.sleep(0.05), os.getpid())[1]
"""
RUN = """
from workers import sleepers
from facetoon.training.work.ordered_pool import in_order
if __name__ == "__main__":
    for number in in_order(sleepers, range(100000), 2):
        print(number, flush=True)
"""


@pytest.fixture
def workers(tmp_path, monkeypatch):
    (tmp_path / "workers.py").write_text(WORKERS)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    sys.modules.pop("workers", None)
    import workers

    yield workers
    sys.modules.pop("workers", None)


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_order(workers, jobs):
    assert list(in_order(workers.squares, range(40), jobs)) == [number * number for number in range(40)]


def test_a_process_that_is_killed_is_one_sentence(workers):
    with pytest.raises(InputError, match="A process was killed"):
        list(in_order(workers.killers, range(8), 2))


@pytest.mark.slow
def test_a_killed_parent_leaves_no_process(workers, tmp_path):
    script = tmp_path / "run.py"
    script.write_text(RUN)
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    children = {int(parent.stdout.readline()) for _ in range(8)}
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert parent.pid not in children
    deadline = time.monotonic() + 120
    while any(_runs(pid) for pid in children):
        assert time.monotonic() < deadline, "a process outlives its parent by two minutes"
        time.sleep(0.05)


def _runs(pid):
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
