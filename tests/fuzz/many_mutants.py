"""Throws many mutants of model files at the real door, and writes what became of each into a journal.

    python tests/fuzz/many_mutants.py --mutants 20000 --journal build/fuzz/models.jsonl

A worker process opens each mutant as toon-live does, so that a crash there is seen. The same call goes on where the
journal ends. A trial in a child process costs 0.2 s, and nine tenths of it are Python's start and its imports. Here a
fork of the worker runs the same trial under the same limits. A trial whose fork died runs again in a child of its own,
and so does each 20th.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import math
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
from conftest import LONGEST_S, MOST_MB, mutate

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions import model_trial, trial_child
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.spec import read_model, write_model

DATA = Path(__file__).parents[1] / "data"
FILES = ("tiny-32.tflite", "tiny-32-styles.tflite", "tiny-32-matte.tflite", "tiny-32.onnx", "tiny-32-styles.onnx")
AGAIN_EACH = 20
HANGS_S = 120  # of a worker without a line in the journal
SESSION, SENTENCE, TRACEBACK, CRASH, HANG = "session", "sentence", "traceback", "crash", "hang"


def main():
    """Run what the journal lacks; print the table; return 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=20_000)
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.journal.parent.mkdir(parents=True, exist_ok=True)
    args.journal.touch()
    if args.worker:
        work(args.journal, args.mutants)
        return 0
    while len(lines_of(args.journal)) < args.mutants:
        supervise(args)
    return table(lines_of(args.journal))


def supervise(args):
    """Run one worker until it ends; what ends it is the next mutant's fate."""
    command = [sys.executable, __file__, "--worker", "--mutants", str(args.mutants), "--journal", str(args.journal)]
    worker = subprocess.Popen(command)
    size = -1
    while worker.poll() is None and size != args.journal.stat().st_size:
        size = args.journal.stat().st_size
        with contextlib.suppress(subprocess.TimeoutExpired):
            worker.wait(HANGS_S)
    if worker.poll() is None:
        worker.kill()
    if worker.wait():
        fate = HANG if worker.returncode == -9 else CRASH
        append(args.journal, number=len(lines_of(args.journal)), fate=fate, text=f"status {worker.returncode}")


def work(journal, mutants):
    """Open the mutants that the journal lacks, in their order. A warning counts as an error."""
    warnings.simplefilter("error")
    trials = Trials()
    model_trial.run_trial = trials.run
    models = [read_model(DATA / name) for name in FILES]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        for number in range(len(lines_of(journal)), mutants):
            place = number % len(FILES)
            path, (model, spec) = Path(folder) / FILES[place], models[place]
            write_model(path, mutate(model, number), spec)
            trials.begin(number)
            append(journal, number=number, file=FILES[place], **measured(path), **trials.story())


def measured(path):
    """Open a model; what became of it, its time, and the memory that this process took for it."""
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak, VmHWM
    before_mb, start_s = memory_mb("VmRSS"), time.monotonic()
    fate, text = fate_of(path)
    seconds, mb = time.monotonic() - start_s, memory_mb("VmHWM") - before_mb
    return {"fate": fate, "text": text, "seconds": round(seconds, 3), "mb": round(mb, 1)}


def fate_of(path):
    """Open a model and draw one frame."""
    try:
        session = open_session(path, threads=1)
        session.run(np.full((session.size_px, session.size_px, 3), 128, np.uint8))
    except InputError as error:
        sentence = str(error)
        return (SENTENCE if sentence.isprintable() and len(sentence) < 600 else TRACEBACK), sentence[:600]
    except Exception:
        return TRACEBACK, traceback.format_exc()
    return SESSION, ""


class Trials:
    """Runs trials in forks of this process, and now and then in a child of its own as well."""

    def __init__(self):
        self._real = model_trial.run_trial

    def begin(self, number):
        """Forget the last mutant's trial."""
        self._number, self._story = number, {}

    def story(self):
        """What the journal says about the trial."""
        return self._story

    def run(self, arguments, data, most_bytes):
        """Do as `run_trial`."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            trial(writing, arguments, data, most_bytes)
        os.close(writing)
        with open(reading, encoding="utf-8", errors="replace") as line:
            answer = line.read()
        _, ending, used = os.wait4(child, 0)
        status = os.waitstatus_to_exitcode(ending)
        self._story = {"trial": status, "trial_mb": round(used.ru_maxrss / 1024, 1)}
        if status in (0, trial_child.REFUSED) and self._number % AGAIN_EACH:
            return model_trial._reason(status, answer, most_bytes)
        reason = self._real(arguments, data, most_bytes)
        most_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024  # of all so far
        self._story |= {"again": reason or "passed", "children_mb": round(most_mb, 1)}
        return reason


def trial(writing, arguments, data, most_bytes):
    """What a fork does: trial_child's main, with the data as its standard input."""
    signal.alarm(math.ceil(model_trial.LONGEST_S))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    sys.stdin, sys.stdout = io.TextIOWrapper(io.BytesIO(data)), os.fdopen(writing, "w", encoding="utf-8")
    status = trial_child.main([str(model_trial.MOST_CPU_S), str(most_bytes), *arguments])
    sys.stdout.flush()
    os._exit(status)


def memory_mb(name):
    """A number of this process's status."""
    kilobytes = re.search(rf"{name}:\s*(\d+) kB", Path("/proc/self/status").read_text())
    return int(kilobytes[1]) / 1024


def append(journal, **line):
    """Add a line to the journal."""
    with journal.open("a") as file:
        file.write(json.dumps(line) + "\n")


def lines_of(journal):
    """The journal's lines."""
    return [json.loads(line) for line in journal.read_text().splitlines()]


def table(lines):
    """Print how the mutants of each file ended; return 1 when one ended badly."""
    fates = {name: Counter() for name in FILES}
    for line in lines:
        fates[FILES[line["number"] % len(FILES)]][line["fate"]] += 1
    columns = (SESSION, SENTENCE, TRACEBACK, CRASH, HANG)
    print("| file | mutants |", " | ".join(columns), "|")
    for name, counts in [*fates.items(), ("all", sum(fates.values(), Counter()))]:
        print(f"| {name} | {counts.total()} |", " | ".join(str(counts[fate]) for fate in columns), "|")
    most = {key: max((line.get(key, 0) for line in lines), default=0)
            for key in ("seconds", "mb", "trial_mb", "children_mb")}  # fmt: skip
    tried, again = (sum(key in line for line in lines) for key in ("trial", "again"))
    print(f"{tried} were tried in a fork, {again} of them in a child of its own as well; the most: {most}")
    bad = sum(line["fate"] not in (SESSION, SENTENCE) for line in lines)
    most_mb = max(most["mb"], most["trial_mb"], most["children_mb"])
    return int(bad > 0 or most["seconds"] > LONGEST_S or most_mb > MOST_MB)


if __name__ == "__main__":
    sys.exit(main())
