"""Fuzzing with fixed seeds: a mutant's number gives the same mutant on every machine.

FACETOON_FUZZ is the number of mutants of a kind; `make fuzz` sets 20,000.
"""

from __future__ import annotations

import os
import random
import re
import struct
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from facetoon.edge_runtime.errors import InputError

LONGEST_S = 20
MOST_MB = 500
MUTANTS = int(os.environ.get("FACETOON_FUZZ", "1000"))
WORDS = (0, 1, 2, 7, 255, 256, 4096, 8192, 30000, 65535, 2**20, 2**31 - 1, 2**31, 2**32 - 1, 2**32 - 2)


def mutate(data: bytes, seed: int) -> bytes:
    """One to four changes: a bit, a byte, a 32-bit word, a block moved, removed or repeated, or the end cut off."""
    chance = random.Random(seed)
    mutant = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(max(len(mutant) - 4, 1))
        kind = chance.randrange(8)
        block = mutant[at : at + chance.randint(1, 64)]
        if kind == 0:
            mutant[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            mutant[at] = chance.randrange(256)
        elif kind in (2, 3, 4):
            struct.pack_into("<I" if chance.random() < 0.8 else ">I", mutant, at & ~3, chance.choice(WORDS))
        elif kind == 5:
            mutant[at:at] = block
        elif kind == 6:
            del mutant[at : at + len(block)]
        elif chance.random() < 0.3:
            del mutant[at:]
        if len(mutant) < 8:
            break
    return bytes(mutant)


@pytest.fixture(scope="session")
def mutants():
    """`mutants(data, offset, share)` yields that share of MUTANTS; another offset gives others."""

    def each(data, offset=0, share=1.0):
        return (mutate(data, offset + number) for number in range(round(MUTANTS * share)))

    return each


@pytest.fixture(scope="session")
def chances():
    """`chances(offset, share)` yields a random generator for each of that share of MUTANTS."""

    def each(offset=0, share=1.0):
        return (random.Random(offset + number) for number in range(round(MUTANTS * share)))

    return each


@pytest.fixture(scope="session")
def sentence_of():
    """Call some work; return the sentence of a refusal, or an empty text. Any other error is the test's."""

    def call(work, *arguments):
        start_s = time.monotonic()
        try:
            work(*arguments)
        except InputError as error:
            sentence = str(error)
        else:
            sentence = ""
        assert "\n" not in sentence
        assert len(sentence) < 600
        assert time.monotonic() - start_s < LONGEST_S
        return sentence

    return call


@pytest.fixture(scope="session")
def bounded():
    """A block in which this process takes no more than MOST_MB beside what it has."""

    def memory_mb(name):
        kilobytes = re.search(rf"{name}:\s*(\d+) kB", Path("/proc/self/status").read_text())
        return int(kilobytes[1]) / 1024

    @contextmanager
    def block():
        Path("/proc/self/clear_refs").write_text("5")  # forgets the peak, VmHWM
        before_mb = memory_mb("VmRSS")
        yield
        assert memory_mb("VmHWM") - before_mb < MOST_MB

    return block
