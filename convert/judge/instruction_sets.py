"""Names the instruction sets of this processor: int8 kernels differ between them, and so may a verdict."""

from __future__ import annotations

import platform
from pathlib import Path

# As /proc/cpuinfo writes them; those that choose among the int8 kernels of XNNPACK and ONNX Runtime.
NAMES = {
    "sse4_1": "SSE4.1",
    "avx": "AVX",
    "avx2": "AVX2",
    "avx_vnni": "AVX-VNNI",
    "avx512f": "AVX-512",
    "avx512_vnni": "AVX-512 VNNI",
    "amx_int8": "AMX int8",
    "asimd": "NEON",
    "asimddp": "dot product",
    "i8mm": "int8 matrix product",
    "sve": "SVE",
}


def instruction_sets(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Describe the processor, such as "x86_64 with AVX2, AVX-512". Only Linux says more than the architecture.

    Under qemu-user the file is the host's.
    """
    try:
        lines = [line.partition(":") for line in cpuinfo.read_text("utf-8", "replace").splitlines()]
    except OSError:
        lines = []
    cores = [set(words.split()) for key, _, words in lines if key.strip() in ("flags", "Features")]
    found = [NAMES[name] for name in NAMES if cores and all(name in core for core in cores)]
    return f"{platform.machine()} with {', '.join(found) or 'instruction sets that it does not tell'}"
