from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest


def turned(portrait, degrees):
    """The face as if the head were an ellipsoid that turned, to the right of the picture for positive degrees."""
    y, x = np.mgrid[: portrait.shape[0], : portrait.shape[1]].astype(np.float64)
    half_px, angle = 55.0, np.radians(degrees)
    right, down = (x - 222) / half_px, (y - 112) / 81
    depth = 1 - right**2 - down**2
    from_right = right * np.cos(angle) - np.sqrt(depth.clip(0)) * np.sin(angle)
    places = x + (depth * 6).clip(0, 1) * (from_right - right) * half_px
    return cv2.remap(portrait, places.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR)


def test_every_fault_has_its_reason(portrait, tmp_path, prepare, reasons):
    folder = tmp_path / "in"
    folder.mkdir()
    face = portrait[:300, 60:400]
    pictures = {
        "good.png": face,
        "plain.png": np.full((200, 200, 3), 128, np.uint8),
        "tiny.png": cv2.resize(face, (40, 40)),
        "small face.png": cv2.resize(face, (100, 90), interpolation=cv2.INTER_AREA),
        "dark.png": (face * 0.27).astype(np.uint8),
        "blurred.png": cv2.GaussianBlur(face, (0, 0), 6),
        "copy.jpg": cv2.resize(face, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA),
    }
    for name, picture in pictures.items():
        cv2.imwrite(str(folder / name), picture)
    (folder / "words.jpg").write_text("no picture")
    (folder / "half.jpg").write_bytes(cv2.imencode(".jpg", face)[1].tobytes()[:9000])
    (folder / "half.png").write_bytes((folder / "good.png").read_bytes()[:90000])
    odd = os.fsdecode(b"copy \xff.jpg")  # no UTF-8, as old archives have them
    (folder / "copy.jpg").rename(folder / odd)
    (folder / "empty.png").write_bytes(b"")
    (folder / "again.png").write_bytes((folder / "good.png").read_bytes())
    (folder / "__MACOSX").mkdir()
    (folder / "__MACOSX" / "._good.png").write_bytes(b"\0\5\x16\7")  # added to zip files by macOS; no picture
    out = tmp_path / "out"
    assert prepare("--photos", folder, "--out", out) == 0
    found = reasons(out)
    assert found.pop("again.png") + found.pop("good.png") == "duplicate"  # either may be the first
    assert found == {
        "__MACOSX": "hidden",
        "plain.png": "no face",
        "tiny.png": "too small",
        "small face.png": "face too small",
        "dark.png": "too dark",
        "blurred.png": "blurred",
        odd: "near-duplicate",
        "half.jpg": "unreadable",
        "half.png": "unreadable",
        "words.jpg": "unreadable",
        "empty.png": "unreadable",
    }


@pytest.mark.parametrize("turn_deg", [-50, 60])
def test_a_face_that_looks_aside_is_a_profile(portrait, tmp_path, turn_deg, prepare, read_manifest, reasons):
    """At 50 degrees the device's detector finds the face, and its turn is measured; at 60 it finds none.

    A bent photograph lacks the far side of a real head, so the limits are lower than the recipe's.
    """
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for name, degrees in (("ahead", 0), ("a little", -20 if turn_deg < 0 else 20), ("aside", turn_deg)):
        cv2.imwrite(str(folder / f"{name}.png"), turned(portrait, degrees)[:300, 60:400])
    limits = ("--set", "prepare.max_turn=0.2", "--set", "prepare.profile_hits=6")
    assert prepare("--photos", folder, "--out", out, "--set", "prepare.duplicate_bits=0", *limits) == 0
    assert reasons(out) == {"ahead.png": "", "a little.png": "", "aside.png": "profile"}
    measured = {Path(line["file"]).stem: line["turn"] for line in read_manifest(out)}
    assert float(measured["a little"]) * turn_deg > 0
    assert (measured["aside"] == "") == (turn_deg == 60)


def test_one_crop_for_each_face_or_none_for_several(portrait, tmp_path, prepare, read_manifest):
    folder = tmp_path / "in"
    folder.mkdir()
    face = portrait[:300, 60:400]
    smaller = cv2.copyMakeBorder(cv2.resize(face, (306, 270)), 0, 30, 0, 0, cv2.BORDER_REPLICATE)
    cv2.imwrite(str(folder / "two.png"), np.hstack([face, smaller]))
    loose = ("--set", "prepare.duplicate_bits=0")
    assert prepare("--photos", folder, "--out", tmp_path / "all", "--set", "prepare.faces=all", *loose) == 0
    lines = read_manifest(tmp_path / "all")
    assert [bool(line["place"]) for line in lines] == [True, True]
    assert len({line["place"] for line in lines}) == 1  # one picture, one side
    assert prepare("--photos", folder, "--out", tmp_path / "one") == 0
    assert len(read_manifest(tmp_path / "one")) == 1
    assert prepare("--photos", folder, "--out", tmp_path / "single", "--set", "prepare.faces=single") == 2


def test_a_huge_picture_is_refused_or_read_small(tmp_path, photos, prepare, read_manifest, reasons):
    """100 megapixels: a PNG header that says so, and a baseline JPEG, which shrinks while it is decoded."""
    folder = tmp_path / "in"
    folder.mkdir()
    header = b"IHDR" + struct.pack(">IIBBBBB", 10_000, 10_000, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    (folder / "huge.png").write_bytes(png)
    (folder / "large.jpg").write_bytes(cv2.imencode(".jpg", np.full((2000, 2000, 3), 90, np.uint8))[1])
    (folder / "face.jpg").write_bytes(next(photos.iterdir()).read_bytes())
    out = tmp_path / "out"
    assert prepare("--photos", folder, "--out", out, "--set", "prepare.max_megapixels=1.0") == 0
    assert reasons(out) == {"huge.png": "too large", "large.jpg": "no face", "face.jpg": ""}
    large = next(line for line in read_manifest(out) if line["file"] == "large.jpg")
    assert (large["width_px"], large["height_px"]) == ("2000", "2000")
