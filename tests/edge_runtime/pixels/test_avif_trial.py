from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError


def avif(frame, *options):
    return cv2.imencode(".avif", frame, [cv2.IMWRITE_AVIF_SPEED, 10, *options])[1].tobytes()


def stating(data, width, height):
    """The same file, whose header states another size than its stream."""
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", width, height) + data[at + 8 :]


def test_a_picture_of_many_bits_has_memory_enough():
    frame = np.random.default_rng(1).integers(0, 4096, (1200, 1200, 4)).astype(np.uint16)
    assert pixels.decode_image(avif(frame, cv2.IMWRITE_AVIF_DEPTH, 12), "x").shape == (1200, 1200, 3)


def test_a_stream_larger_than_its_header_says_never_reaches_this_process(monkeypatch):
    forged = stating(avif(np.full((5000, 5000, 3), 90, np.uint8)), 64, 64)
    decoded = []
    monkeypatch.setattr(cv2, "imdecode", lambda *_: decoded.append(1))
    with pytest.raises(InputError, match=r"x is not a picture that can be read"):
        pixels.decode_image(forged, "x")
    assert decoded == []
