from __future__ import annotations

import platform

import pytest

from facetoon.convert.judge.instruction_sets import instruction_sets

XEON = "processor\t: {}\nflags\t\t: fpu sse4_1 avx avx2 avx512f avx512_vnni\n\n"
PI4 = "processor\t: {}\nFeatures\t: fp asimd evtstrm crc32 cpuid\n\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (XEON.format(0) + XEON.format(1), "SSE4.1, AVX, AVX2, AVX-512, AVX-512 VNNI"),
        (XEON.format(0) + XEON.format(1).replace(" avx512_vnni", ""), "SSE4.1, AVX, AVX2, AVX-512"),
        (PI4.format(0), "NEON"),
        ("", "instruction sets that it does not tell"),
        (None, "instruction sets that it does not tell"),
    ],
)
def test_only_what_every_core_has(tmp_path, text, expected):
    if text is not None:
        (tmp_path / "cpuinfo").write_text(text)
    assert instruction_sets(tmp_path / "cpuinfo") == f"{platform.machine()} with {expected}"
