"""Compares face detectors on photographs with one main face, and measures the framing of prepared crops.

python docs/figures/measure_faces.py --photos photos.zip --detector-model yunet.onnx
python docs/figures/measure_faces.py --prepared dataset --detector-model yunet.onnx
python docs/figures/measure_faces.py --small-faces photos.zip --detector-model yunet.onnx
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.faces.finder import FaceFinder
from facetoon.edge_runtime.framing import Face, Framing
from facetoon.edge_runtime.pixels import Image
from facetoon.training.detectors.detector import Detection, Detector, nearest
from facetoon.training.detectors.opening import open_detector
from facetoon.training.detectors.yunet import detect_around, open_yunet
from facetoon.training.pictures.images import falls_to_test, list_layout, list_pictures

TEST_SHARE = 0.1  # share of the photographs, by content hash, that the face tracker's training holds out
MOST_SMALL, CUT = 400, 1.9  # photographs for the mosaics of small faces, side of each cut in face heights
MIDDLE = 0.25  # largest distance of the main face's centre from the picture's, as a share of the side
SCALES = (0.3, 0.35, 0.4, 0.5, 0.6)  # one look of YuNet errs by 2 degrees, so the mean of five looks counts


class CascadeAlone:
    """The device's cascade without the tracker."""

    def __init__(self) -> None:
        self._finder = FaceFinder()

    def detect(self, frame: Image) -> list[Detection]:
        """Return the faces in a BGR uint8 frame, largest first."""
        return [Detection(face, 1.0, None, None) for face in self._finder.detect(frame)]

    def look(self, frame: Image, near: Face) -> Detection | None:
        """Return the face near a known place in a BGR frame, or None."""
        return nearest(self.detect(frame), near)


def compare(photos: str, yunet: Path) -> str:
    """Return a Markdown table of the detectors on the pictures of a folder or zip file."""
    frames = [pixels.swap_red_blue(pixels.decode_image(f.read(), f.name)) for f in list_pictures(photos)]
    device, net = open_detector("device"), open_detector("yunet", yunet)
    rows = [
        "| detector | main face found | other faces | of these, not confirmed | ms a picture, median | CPU ms, mean |",
        "|---|---|---|---|---|---|",
    ]
    choices: list[tuple[str, Detector, Detector]] = [
        ("cascade alone", CascadeAlone(), net),
        ("cascade + tracker (device)", device, net),
        ("YuNet, a look and one more for each face", net, device),
    ]
    for name, detector, witness in choices:
        rows.append(f"| {name} | {_measure(detector, witness, frames)} |")
    return "\n".join(rows)


def _measure(detector: Detector, witness: Detector, frames: list[Image]) -> str:
    """Return the cells of a detector's row. A face besides the main one is confirmed when the witness sees it too."""
    hits = others = unconfirmed = 0
    walls_s, cpu_s = [], 0.0
    detector.detect(frames[0])  # warm-up
    for frame in frames:
        start_wall_s, start_cpu_s = time.perf_counter(), time.process_time()
        faces = detector.detect(frame)
        walls_s.append(time.perf_counter() - start_wall_s)
        cpu_s += time.process_time() - start_cpu_s
        main_face = next((one for one in faces if _in_the_middle(one.face, frame)), None)
        hits += main_face is not None
        rest = [one for one in faces if one is not main_face]
        others += len(rest)
        unconfirmed += sum(witness.look(frame, one.face) is None for one in rest)
    share = f"{hits} of {len(frames)} ({hits / len(frames):.1%})"
    return f"{share} | {others} | {unconfirmed} | {np.median(walls_s) * 1e3:.1f} | {cpu_s / len(frames) * 1e3:.1f}"


def _in_the_middle(face: Face, frame: Image) -> bool:
    height, width = frame.shape[:2]
    return bool(np.hypot(face.centre_x_px - width / 2, face.centre_y_px - height / 2) < MIDDLE * max(height, width))


def small_faces(photos: str, yunet: Path) -> str:
    """Return a Markdown table of the device's searches for small faces, in mosaics of photographs with a main face."""
    net, faces = open_yunet(yunet), []
    for file in list_pictures(photos):
        frame = pixels.swap_red_blue(pixels.decode_image(file.read(), file.name))
        middle = Face((frame.shape[1] - 1) / 2, (frame.shape[0] - 1) / 2, float(max(frame.shape)))
        faces += [(frame, one.face) for one in detect_around(net, frame, middle, Framing(1.0, 0.5))[:1]]
    rows = [
        "| frame | faces of | asked for | found | false | ms a search, median (least to most) |",
        "|---|---|---|---|---|---|",
    ]
    for width_px, height_px in ((640, 480), (1920, 1080)):
        for face_px, asked_px in ((40, None), (40, 40), (60, 60), (100, 100), (200, None)):
            mosaics = list(_mosaics(faces[:MOST_SMALL], face_px, width_px, height_px))
            cells = _search(mosaics, face_px, asked_px)
            rows.append(f"| {width_px}x{height_px} | {face_px} px | {asked_px or 'nothing'} | {cells} |")
    return "\n".join(rows)


def _mosaics(
    faces: list[tuple[Image, Face]], face_px: int, width_px: int, height_px: int
) -> Iterator[tuple[Image, NDArray[np.float64]]]:
    """Yield frames full of square cuts, each with a face of `face_px` in its middle, and the faces' centres (n, 2)."""
    side = round(face_px * CUT)
    columns, rows = width_px // side, height_px // side
    for first in range(0, len(faces) - columns * rows + 1, columns * rows):
        mosaic, centres = np.full((height_px, width_px, 3), 128, np.uint8), []
        for number, (frame, face) in enumerate(faces[first : first + columns * rows]):
            top, left = number // columns * side, number % columns * side
            matrix = Framing(1 / CUT, 0.5).crop_matrix(replace(face, roll_deg=0.0), side)
            mosaic[top : top + side, left : left + side] = pixels.warp(frame, matrix, side)
            centres.append((left + side / 2 - 0.5, top + side / 2 - 0.5))
        yield mosaic, np.array(centres)


def _search(mosaics: list[tuple[Image, NDArray[np.float64]]], face_px: int, asked_px: int | None) -> str:
    """Return the cells of a row. The time is the cascade's, without the tracker's looks at what it found."""
    found = false = of = 0
    times_ms = []
    for mosaic, centres in mosaics:
        finder = FaceFinder(len(centres) + 20, smallest_face_px=asked_px)
        start_s = time.perf_counter()
        finder.detect(mosaic, smallest_face_px=asked_px)
        times_ms.append((time.perf_counter() - start_s) * 1e3)
        faces = finder.find(mosaic)
        places = np.array([(face.centre_x_px, face.centre_y_px) for face in faces]).reshape(-1, 2)
        near = np.linalg.norm(places[:, np.newaxis] - centres, axis=2) < 0.3 * face_px
        found, false, of = found + int(near.any(0).sum()), false + int((~near.any(1)).sum()), of + len(centres)
    spread = f"{np.median(times_ms):.0f} ({min(times_ms):.0f} to {max(times_ms):.0f})"
    return f"{found} of {of} ({found / of:.0%}) | {false} | {spread}"


def judge_crops(dataset: Path, yunet: Path, framing: Framing) -> str:
    """Count the photographs of a prepared data set whose crop YuNet finds well framed; a line for each criterion."""
    net, layout = open_yunet(yunet), list_layout(str(dataset))
    offsets = {}
    for file in [*layout.get("trainA", []), *layout.get("testA", [])]:
        crop = pixels.swap_red_blue(pixels.decode_image(file.read(), file.name))
        offsets[Path(file.member).name] = _offsets(net, crop, framing)
    with (dataset / "manifest.csv").open(encoding="utf-8", errors="surrogateescape", newline="") as manifest:
        rows = csv.DictReader(manifest)
        digests = {row["file"]: row["sha256"] for row in rows if row["domain"] == "A"}.values()
    unseen = {name: values for name, values in offsets.items() if falls_to_test(name, TEST_SHARE)}
    of_unseen = sum(falls_to_test(digest, TEST_SHARE) for digest in digests)
    lines = [*_shares(offsets, len(digests), framing), "Not seen by the tracker's training:"]
    return "\n".join(lines + _shares(unseen, of_unseen, framing))


def _shares(offsets: dict[str, NDArray[np.float64] | None], of: int, framing: Framing) -> list[str]:
    """Return a line for each criterion, as a share of `of` photographs."""
    measured = [values for values in offsets.values() if values is not None]
    x, y, height, roll = np.array(measured, np.float64).reshape(-1, 4).T
    away, level, size = np.hypot(x, y), np.abs(roll) <= 5, np.abs(height - 1) <= 0.1
    lines = [f"{len(offsets)} crops of {of} photographs; YuNet sees a face in {len(measured)}."]
    for name, good in (
        ("centred within 5 % of the crop's side", away <= 0.05),
        ("centred within 10 % of the face's height", away <= 0.1 * framing.face_height),
        ("eyes level within 5 degrees", level),
        ("face's height within 10 % of the framing", size),
        ("all three (centre: 5 % of the side)", (away <= 0.05) & level & size),
        ("all three (centre: 10 % of the face)", (away <= 0.1 * framing.face_height) & level & size),
    ):
        lines.append(f"{name}: {good.sum() / of:.1%} ({good.sum()})")
    return lines


def _offsets(net: cv2.FaceDetectorYN, crop: Image, framing: Framing) -> NDArray[np.float64] | None:
    """Return the centre's offset (x, y) in sides, height over the framing's, roll in degrees; None without a face."""
    side = crop.shape[0]
    place = Face(side / 2 - 0.5, side * framing.face_centre_y - 0.5, side * framing.face_height)
    looks = [nearest(detect_around(net, crop, place, Framing(scale, 0.5)), place) for scale in SCALES]
    faces = [one.face for one in looks if one]
    if not faces:
        return None
    offsets = [
        (
            (face.centre_x_px - place.centre_x_px) / side,
            (face.centre_y_px - place.centre_y_px) / side,
            face.height_px / place.height_px,
            face.roll_deg,
        )
        for face in faces
    ]
    mean: NDArray[np.float64] = np.mean(offsets, axis=0)
    return mean


def main(argv: list[str] | None = None) -> int:
    """Print the table of detectors, the shares of well framed crops, or both."""
    parser = argparse.ArgumentParser(
        prog="measure_faces.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", metavar="SOURCE", help="folder or zip of photographs, the main face in the middle")
    parser.add_argument(
        "--prepared", type=Path, metavar="DATASET", help="data set that toon-train prepare made of them"
    )
    parser.add_argument("--small-faces", metavar="SOURCE", help="as --photos: how well small faces are found")
    parser.add_argument("--detector-model", type=Path, required=True, metavar="FILE", help="YuNet as ONNX")
    arguments = parser.parse_args(argv)
    cv2.setNumThreads(1)
    try:
        if arguments.photos:
            print(compare(arguments.photos, arguments.detector_model))
        if arguments.small_faces:
            print(small_faces(arguments.small_faces, arguments.detector_model))
        if arguments.prepared:
            print(judge_crops(arguments.prepared, arguments.detector_model, Framing()))
    except InputError as error:
        print(f"measure_faces: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
