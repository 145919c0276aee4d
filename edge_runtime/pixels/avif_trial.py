"""Decodes an AVIF in a process of its own before this process does, so that it takes no more memory than it states.

OpenCV's libavif takes memory for the size in the AV1 stream, and then scales to the size in the header. A file of 2 kB
that states 64x64 pixels and holds 12000x12000 takes 1.9 GB. The trial takes some 0.2 s and the time to decode.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys

BYTES_A_PIXEL = 40  # a picture of 8 bits takes 17, one of 12 bits up to twice as many
BESIDE_PIXELS_BYTES = 150_000_000  # of Python, NumPy and OpenCV
MOST_CPU_S = 60


def decodes_as_avif(data: bytes, pixels: int) -> bool:
    """Whether OpenCV decodes the bytes of a file with memory for so many pixels."""
    child = subprocess.run(
        [sys.executable, "-m", __name__, str(BESIDE_PIXELS_BYTES + BYTES_A_PIXEL * pixels)],
        input=data,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"},
        check=False,
    )
    return child.returncode == 0


def main(most_bytes: int) -> int:
    """Decode standard input; return 0 when it is a picture."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_S, MOST_CPU_S))
    resource.setrlimit(resource.RLIMIT_DATA, (most_bytes, most_bytes))
    import cv2
    import numpy as np

    cv2.setNumThreads(1)
    picture = cv2.imdecode(np.frombuffer(sys.stdin.buffer.read(), np.uint8), cv2.IMREAD_UNCHANGED)
    return 0 if picture is not None else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
