from __future__ import annotations

import struct
import sys
import types

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels.picture_headers import is_animated, is_cut_short, picture_size


def encoded(kind, picture=None, *options):
    picture = np.zeros((33, 57, 3), np.uint8) if picture is None else picture
    return cv2.imencode(kind, picture, options)[1].tobytes()


@pytest.mark.parametrize("kind", [".jpg", ".png", ".webp", ".gif", ".bmp", ".tiff", ".jp2", ".avif"])
def test_headers_tell_the_size(kind):
    data = encoded(kind)
    assert picture_size(data)[:2] == (57, 33)
    assert picture_size(data[:5]) is None
    assert pixels.decode_image(data, "x").shape == (33, 57, 3)
    assert picture_size(encoded(".webp", None, cv2.IMWRITE_WEBP_QUALITY, 101))[:2] == (57, 33)


@pytest.fixture
def noise():
    return np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)


@pytest.mark.parametrize("progressive", [0, 1])
def test_a_motion_photo_is_whole_and_a_cut_one_is_not(noise, progressive):
    jpeg = encoded(".jpg", noise, cv2.IMWRITE_JPEG_PROGRESSIVE, progressive, cv2.IMWRITE_JPEG_RST_INTERVAL, 4)
    film = b"\0\0\0\x18ftypmp42" + noise.tobytes() + b"\xff\xda\0\x0c\x01\xff\xda"
    assert not is_cut_short(jpeg)
    assert not is_cut_short(jpeg + film)
    for end in (len(jpeg) - 2, len(jpeg) // 2, 30):
        assert is_cut_short(jpeg[:end])
    thumbnail = b"\xff\xe1" + struct.pack(">H", 2 + len(jpeg)) + jpeg  # an end mark inside a segment
    with_thumbnail = jpeg[:2] + thumbnail + jpeg[2:]
    assert not is_cut_short(with_thumbnail)
    assert is_cut_short(with_thumbnail[: -len(jpeg) // 2])
    assert np.array_equal(pixels.decode_image(jpeg + film, "x"), pixels.decode_image(jpeg, "x"))


def chunk(kind, data, length=None):
    return struct.pack(">I", len(data) if length is None else length) + kind + data + b"crc!"


def test_a_png_that_claims_more_than_there_is_is_refused_before_memory_is_taken():
    header = struct.pack(">IIBBBBB", 250, 250, 16, 2, 0, 0, 0)
    forged = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"x" * 900, 2_130_714_624)
    with pytest.raises(InputError, match="x is cut short"):
        pixels.decode_image(forged, "x")
    header = struct.pack(">IIBBBBB", 30000, 30000, 1, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"x" * 900) + chunk(b"IEND", b"")
    with pytest.raises(InputError, match="too large: 30000x30000 pixels"):
        pixels.decode_image(bomb, "x")


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt"])
def test_a_png_whose_texts_unpack_to_hundreds_of_megabytes_is_refused(kind):
    data = encoded(".png")
    text = chunk(kind, b"a\0\0" + bytes(9000))  # libpng would keep up to 8 MB of each
    assert pixels.decode_image(data[:33] + text + data[33:], "x").shape == (33, 57, 3)
    with pytest.raises(InputError, match="x holds texts that may fill more than 100 MB"):
        pixels.decode_image(data[:33] + 13 * text + data[33:], "x")


def test_animations_are_told_from_stills():
    for kind in (".png", ".webp", ".gif", ".jpg"):
        assert not is_animated(encoded(kind))
    assert not is_animated(b"")


def test_heic_that_its_library_refuses_is_one_sentence(monkeypatch):
    def refuse(*_, **__):
        raise RuntimeError("Memory allocation error: Security limit exceeded")

    monkeypatch.setitem(sys.modules, "pillow_heif", types.SimpleNamespace(open_heif=refuse))
    with pytest.raises(InputError, match=r"a\.heic is not a picture that can be read"):
        pixels.decode_image(b"\0\0\0\x18ftypheic" + bytes(60), "a.heic")


def test_heic_is_named():
    with pytest.raises(InputError, match=r"a\.heic is HEIC, which OpenCV cannot read; make a JPEG of it"):
        pixels.decode_image(b"\0\0\0\x18ftypheic" + bytes(60), "a.heic")
