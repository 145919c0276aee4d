from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.cartoon.settings import LiveSettings
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.photos import upload_studio
from facetoon.edge_runtime.photos.upload_studio import PLACES, UploadStudio

LIVE = LiveSettings("styles", {"inverted": 1.0}, split=0.5, turn=90, mirror=True, morph_s=3.0, faces=1)


@pytest.fixture
def live():
    """The settings of the live loop, which a test may change."""
    return [LIVE]


@pytest.fixture
def studio(tiny_model, live):
    models = {"styles": tiny_model.with_name("tiny-32-styles.tflite"), "plain": tiny_model}
    return UploadStudio(models, lambda: live[0])


def decoded(drawn):
    return cv2.imdecode(np.frombuffer(drawn.data, np.uint8), cv2.IMREAD_UNCHANGED)


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_that_claims(width, height):
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + png_chunk(b"IDAT", zlib.compress(bytes(100_000))) + png_chunk(b"IEND", b"")


def test_a_picture_is_drawn_alone_at_its_size_without_the_cameras_turn(studio, portrait):
    for suffix in (".png", ".jpg", ".webp"):
        drawn = studio.draw(pixels.encode_picture(portrait, suffix))
        assert (drawn.suffix, drawn.faces, drawn.style) == (suffix, 1, "inverted:1")
        cartoon = decoded(drawn)
        assert cartoon.shape == portrait.shape
        apart = np.abs(cartoon.astype(int) - portrait).max(axis=2)
        assert apart[100:180, 190:260].mean() > 20  # the face, not half of it
        assert apart[:40, :40].mean() < 8


def test_the_files_rotation_is_followed_and_its_exif_stays_behind(studio, portrait):
    exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"  # turn right by 90 degrees
    lying = pixels.turn(portrait, 3, False)
    data = cv2.imencodeWithMetadata(".jpg", lying, [0], [np.frombuffer(exif, np.uint8)])[1].tobytes()
    drawn = studio.draw(data)
    assert drawn.faces == 1
    assert b"Exif" not in drawn.data
    assert np.abs(decoded(drawn)[:40].astype(int) - portrait[:40]).mean() < 8


def test_the_look_is_the_live_ones_or_the_named_one(studio, portrait, live):
    data = pixels.encode_png(pixels.swap_red_blue(portrait))
    inverted = decoded(studio.draw(data))
    named = studio.draw(data, "plain")
    assert named.style == "plain:1"
    assert not np.array_equal(decoded(named), inverted)
    live[0] = LiveSettings("styles", {"plain": 1.0})
    assert np.array_equal(decoded(studio.draw(data)), decoded(named))
    live[0] = LiveSettings("plain")  # another model
    assert studio.draw(data).style == ""
    live[0] = LiveSettings("plain", strength=0)
    assert np.array_equal(decoded(studio.draw(data)), portrait)
    with pytest.raises(InputError, match="There is no style 'oil'"):
        studio.draw(data, "oil")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (png_that_claims(30_000, 30_000), "The picture has 30000x30000 pixels, more than 25 megapixels."),
        (png_that_claims(0xFFFFFFFF, 1), "The picture has 4294967295x1 pixels, more than 25 megapixels."),
        (b"\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\x03" + bytes(40), "65535x65535 pixels"),
        (b"RIFF\xff\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff", "16777216x16777216 pixels"),
        (b"", "This is no JPEG, PNG, WebP, AVIF or HEIC picture that can be read."),
        (b"\xff\xd8\xff", "This is no JPEG"),
        (b"GIF89a" + bytes(50), "This is no JPEG"),
        (b"II*\0" + bytes(50), "This is no JPEG"),
        (b"P6 90000 90000 255\n" + bytes(50), "This is no JPEG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "This is no JPEG"),
    ],
)
def test_a_bomb_is_refused_before_a_decoder_sees_it(studio, monkeypatch, data, sentence):
    monkeypatch.setattr(pixels, "decode_image", lambda *_: pytest.fail("decoded"))
    with pytest.raises(InputError, match=sentence.replace(".", r"\.")):
        studio.draw(data)


def test_a_picture_that_its_header_only_promises_is_refused(studio, portrait):
    jpeg = pixels.encode_jpeg(portrait)
    for data in (png_that_claims(2000, 2000), jpeg[: len(jpeg) // 2], jpeg[:300] + bytes(500), b"\0\0\0\x20ftypheic"):
        with pytest.raises(InputError):
            studio.draw(data)


def test_the_limit_is_of_pixels_and_not_of_a_side(studio, portrait, monkeypatch):
    monkeypatch.setattr(upload_studio, "MOST_MEGAPIXELS", 0.1)
    with pytest.raises(InputError, match="512x512 pixels"):
        studio.draw(pixels.encode_jpeg(portrait))
    assert studio.draw(pixels.encode_jpeg(np.full((50, 1900, 3), 9, np.uint8))).faces == 0


def test_there_are_a_few_places_and_each_is_given_back(studio):
    with studio.place() as one, studio.place() as two, studio.place() as three, studio.place() as none:
        assert (one, two, three, none) == (True, True, True, False)
    assert PLACES == 3
    with pytest.raises(InputError), studio.place():
        studio.draw(b"")
    with studio.place() as one, studio.place() as two, studio.place() as three:
        assert one
        assert two
        assert three
