from __future__ import annotations

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.picture_files import LIMIT_VARIABLE


def test_decode_names_the_file_that_is_no_picture():
    for data in (b"", b"not a picture"):
        with pytest.raises(InputError, match=r"holiday\.jpg is not a picture"):
            pixels.decode_image(data, "holiday.jpg")


def test_the_limit_is_in_megapixels_and_a_flag_raises_it(monkeypatch):
    data = cv2.imencode(".png", np.zeros((1000, 1001, 3), np.uint8))[1].tobytes()
    monkeypatch.setenv(LIMIT_VARIABLE, "1")
    sentence = r"a\.png is too large: 1001x1000 pixels, of at most 1 megapixels; --max-megapixels allows more\."
    with pytest.raises(InputError, match=sentence):
        pixels.decode_image(data, "a.png")
    monkeypatch.setenv(LIMIT_VARIABLE, "2")
    assert pixels.decode_image(data, "a.png").shape == (1000, 1001, 3)


def test_only_what_shrinks_while_it_is_decoded_may_be_larger(monkeypatch):
    monkeypatch.setenv(LIMIT_VARIABLE, "1")
    picture = np.full((1200, 1200, 3), 90, np.uint8)
    baseline, progressive = (
        cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_PROGRESSIVE, int(kind)))[1].tobytes() for kind in (0, 1)
    )
    assert pixels.decode_image(baseline, "x", 2).shape == (600, 600, 3)
    with pytest.raises(InputError, match="too large"):
        pixels.decode_image(progressive, "x", 2)


def test_a_large_transparent_picture_is_laid_over_white_in_strips():
    frame = np.zeros((700, 3000, 4), np.uint16)
    frame[350:, :, 3] = 65535
    white = pixels.on_white(frame)
    assert (white[:350] == 255).all()
    assert (white[350:] == 0).all()


def test_decode_honours_exif_rotation():
    tall = np.zeros((40, 20, 3), np.uint8)
    jpeg = cv2.imencode(".jpg", tall)[1].tobytes()
    # APP1 segment with the single tag 0x0112 (orientation) = 6: to be turned a quarter.
    tiff = b"MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
    exif = b"Exif\x00\x00" + tiff
    turned = jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:]
    assert pixels.decode_image(turned, "x").shape == (20, 40, 3)


@pytest.mark.parametrize("kind", [".png", ".webp", ".tiff", ".gif"])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_transparency_lies_on_white(depth, kind):
    if depth == np.uint16 and kind in (".webp", ".gif"):
        pytest.skip("eight bits alone")
    picture = np.zeros((4, 4, 4), depth)
    picture[..., 2] = np.iinfo(depth).max  # red, invisible on the left
    picture[:, 2:, 3] = np.iinfo(depth).max
    data = cv2.imencode(kind, picture, (cv2.IMWRITE_WEBP_QUALITY, 101))[1].tobytes()
    image = pixels.decode_image(data, "x")
    assert (image[:, :2] == 255).all()
    assert np.abs(image[:, 2:] - np.array((255, 0, 0))).max() <= 4  # a GIF's palette is coarse
