from __future__ import annotations

import struct

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels.picture_metadata import PictureMetadata, upright_exif

FRAME = np.random.default_rng(1).integers(0, 255, (24, 40, 3), np.uint8)
PROFILE = struct.pack(">I", 200) + bytes(32) + b"acsp" + bytes(160)


def exif(orientation=6, thumbnail=b"THUMB", order="<"):
    """An EXIF block with the camera's name, an orientation and a thumbnail."""
    mark = b"II" if order == "<" else b"MM"
    camera = b"Kodak\0"
    first = struct.pack(f"{order}H", 2)
    first += struct.pack(f"{order}HHI", 0x0110, 2, len(camera)) + struct.pack(f"{order}I", 68)
    first += struct.pack(f"{order}HHIHH", 0x0112, 3, 1, orientation, 0) + struct.pack(f"{order}I", 38)
    second = struct.pack(f"{order}H", 2)
    second += struct.pack(f"{order}HHII", 0x0201, 4, 1, 74) + struct.pack(f"{order}HHII", 0x0202, 4, 1, len(thumbnail))
    second += struct.pack(f"{order}I", 0)
    return mark + struct.pack(f"{order}HI", 42, 8) + first + second + camera + thumbnail


def with_exif(jpeg, block):
    segment = b"Exif\0\0" + block
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]


@pytest.mark.parametrize("order", ["<", ">"])
def test_an_exif_block_is_made_upright_and_loses_its_thumbnail_which_shows_the_face(order):
    block = upright_exif(exif(order=order))
    assert b"THUMB" not in block
    assert b"Kodak" in block
    assert struct.unpack_from(f"{order}H", block, 30) == (1,)
    assert len(block) == len(exif(order=order))


@pytest.mark.parametrize("broken", [b"", b"II", b"Exif\0\0", exif()[:40], exif()[:12], b"II*\0\xff\xff\xff\xff"])
def test_a_broken_block_is_dropped(broken):
    assert upright_exif(broken) == b""


def test_metadata_are_dropped_unless_asked_for_and_the_colours_stay():
    jpeg = with_exif(pixels.encode_picture(FRAME, ".jpg", PictureMetadata(profile=PROFILE)), exif())
    assert pixels.decode_image(jpeg, "x").shape == (40, 24, 3)  # as it is to be seen
    silent, told = (pixels.read_metadata(jpeg, asked) for asked in (False, True))
    assert (silent.exif, silent.profile) == (b"", PROFILE)
    again = pixels.encode_picture(FRAME, ".webp", told)
    assert b"Kodak" in again
    assert pixels.read_metadata(again, True) == told
    assert pixels.decode_image(again, "x").shape == FRAME.shape


def test_a_file_that_is_no_picture_has_no_metadata():
    assert pixels.read_metadata(b"words", True) == PictureMetadata()


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".avif"])
def test_every_format_can_be_read_again(suffix):
    image = pixels.decode_image(pixels.encode_picture(cv2.blur(FRAME, (9, 9)), suffix), "x")
    assert np.abs(image[..., ::-1].astype(int) - cv2.blur(FRAME, (9, 9))).mean() < 4


def test_what_a_format_cannot_hold_is_one_sentence():
    with pytest.raises(InputError, match="20000x1 pixels cannot be written as"):
        pixels.encode_picture(np.zeros((1, 20000, 3), np.uint8), ".webp")
