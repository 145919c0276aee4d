from __future__ import annotations

import cv2
import numpy as np
import pytest
from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.framing import Face, Framing


@pytest.fixture
def gradient():
    """256 px RGB picture, smooth in x and y, so that half a pixel's shift is measurable."""
    y, x = np.mgrid[0:256, 0:256].astype(np.uint8)
    return np.dstack([x, y, 255 - x])


def test_unit_range_covers_every_grey_level():
    levels = np.arange(256, dtype=np.uint8)
    unit = pixels.to_unit(levels)
    assert unit[0] == -1.0
    assert unit[255] == 1.0
    assert np.array_equal(pixels.from_unit(unit), levels)


@pytest.mark.parametrize(("dtype", "zero_point"), [(np.int8, -1), (np.uint8, 128)])
def test_quantized_tables_lose_at_most_one_level(dtype, zero_point):
    scale = 2 / 255
    codes = pixels.encode_table(np.dtype(dtype), scale, zero_point)
    back = pixels.decode_table(np.dtype(dtype), scale, zero_point)[codes.view(np.uint8)]
    assert np.abs(back.astype(int) - np.arange(256)).max() <= 1


def test_encode_table_saturates_instead_of_wrapping():
    codes = pixels.encode_table(np.dtype(np.int8), 1 / 200, 0)
    assert codes[0] == -128
    assert codes[255] == 127


def test_tensor_and_back_keeps_the_picture(gradient):
    table = pixels.encode_table(np.dtype(np.float32), 0.0, 0)
    assert np.array_equal(pixels.to_image(pixels.to_tensor(gradient, table), None), gradient)


def test_identity_warp_is_exact(gradient):
    matrix = np.float32([[1, 0, 0], [0, 1, 0]])
    assert np.array_equal(pixels.warp(gradient, matrix, 256), gradient)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_a_shrinking_warp_agrees_with_area_resize(gradient, factor):
    size = 240 // factor
    picture = gradient[:240, :240]
    shift = (factor - 1) / 2  # pixel centres
    matrix = np.float32([[factor, 0, shift], [0, factor, shift]])
    difference = pixels.warp(picture, matrix, size).astype(int) - pixels.resize(picture, size, size)
    assert np.abs(difference).max() <= 1


def test_paste_puts_back_what_warp_cut_out(portrait):
    face = Face(224, 128, 100, roll_deg=10)
    matrix = Framing().crop_matrix(face, 128)
    frame = portrait.copy()
    pixels.paste(frame, pixels.warp(portrait, matrix, 128), matrix, pixels.feather(128))
    assert np.abs(frame.astype(int) - portrait).mean() < 0.5
    assert cv2.PSNR(frame, portrait) > 35


def test_paste_leaves_everything_outside_the_crop(portrait):
    matrix = Framing().crop_matrix(Face(224, 128, 60), 64)
    frame = portrait.copy()
    pixels.paste(frame, np.zeros((64, 64, 3), np.uint8), matrix, pixels.feather(64))
    changed = np.argwhere((frame != portrait).any(axis=2))
    assert changed[:, 0].min() > 70
    assert changed[:, 0].max() < 190
    assert tuple(frame[128, 224]) == (0, 0, 0)


@pytest.mark.parametrize("place", [(-500, 100), (0, 0), (511, 511), (2000, 2000)])
def test_paste_at_and_beyond_the_border(portrait, place):
    frame = portrait.copy()
    matrix = Framing().crop_matrix(Face(*place, 100), 64)
    pixels.paste(frame, pixels.warp(frame, matrix, 64), matrix, pixels.feather(64))
    assert frame.shape == portrait.shape


def test_fit_keeps_proportions():
    wide = np.full((100, 400, 3), 200, np.uint8)
    out = pixels.fit(wide, 200, 200)
    assert out.shape == (200, 200, 3)
    assert (out[75:125] == 200).all()
    assert (out[:74] == 0).all()


def test_decode_names_the_file_that_is_no_picture():
    for data in (b"", b"not a picture"):
        with pytest.raises(InputError, match=r"holiday\.jpg is not a picture"):
            pixels.decode_image(data, "holiday.jpg")


def test_decode_honours_exif_rotation():
    tall = np.zeros((40, 20, 3), np.uint8)
    jpeg = cv2.imencode(".jpg", tall)[1].tobytes()
    # APP1 segment with the single tag 0x0112 (orientation) = 6: to be turned a quarter.
    tiff = b"MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
    exif = b"Exif\x00\x00" + tiff
    turned = jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:]
    assert pixels.decode_image(turned, "x").shape == (20, 40, 3)


def test_check_image_names_both_sides():
    with pytest.raises(ValueError, match=r"frame is float32 of shape \(2, 2\), not uint8"):
        pixels.check_image(np.zeros((2, 2), np.float32), "frame")


def test_bending_by_nothing_and_by_whole_pixels_is_exact(gradient):
    still = np.zeros((*gradient.shape[:2], 2), np.float32)
    np.testing.assert_array_equal(pixels.bend(gradient, still), gradient)
    right = still + np.array([1, 0], np.float32)
    np.testing.assert_array_equal(pixels.bend(gradient, right)[:, :-1], gradient[:, 1:])


def test_waves_are_as_long_and_as_high_as_asked():
    random = np.random.default_rng(0)
    fields = [np.stack([pixels.waves(random, 64, length) for _ in range(40)]) for length in (3, 8)]
    for field in fields:
        assert 0.9 < field.std() < 1.3  # the mirrored border adds a little
    rough = [np.abs(np.diff(field, axis=1)).mean() for field in fields]
    assert rough[0] > 2 * rough[1]


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_transparency_shows_the_colours_under_it_or_white(depth):
    picture = np.zeros((4, 4, 4), depth)
    picture[..., 2] = np.iinfo(depth).max  # red, invisible on the left
    picture[:, 2:, 3] = np.iinfo(depth).max
    png = cv2.imencode(".png", picture)[1].tobytes()
    assert (pixels.decode_image(png, "x") == (255, 0, 0)).all()
    over_white = pixels.decode_image(png, "x", over_white=True)
    assert (over_white[:, :2] == 255).all()
    assert (over_white[:, 2:] == (255, 0, 0)).all()
    opaque = cv2.imencode(".png", picture[..., :3])[1].tobytes()
    assert (pixels.decode_image(opaque, "x", over_white=True) == (255, 0, 0)).all()
    with pytest.raises(InputError, match="is not a picture"):
        pixels.decode_image(b"text", "x", over_white=True)
