"""Labels the faces in the tracker's training pictures: YuNet finds them, the face mesh network measures them.

The mesh's 468 points agree with themselves from look to look to 0.4 % of the face's height. YuNet's eyes do not: their
line differs from the mesh's by 4 degrees (standard deviation), also when YuNet sees the face level.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.faces.finder import FaceFinder
from facetoon.edge_runtime.framing import Face, Framing
from facetoon.training.detectors.yunet import detect_around, open_yunet
from facetoon.training.drawn.landmarks import BELIEVE, BOX, LandmarkNet, Points, box_of
from facetoon.training.guides.photo_guides import file_digest
from facetoon.training.pictures.images import ImageSet
from facetoon.training.work.kept_arrays import kept_arrays

Float = NDArray[np.float32]

VERSION = 1  # of the cached arrays: another number makes them again
# YuNet's box, from hairline to chin, in heights of the box around the mesh's points. Median over 524 photographs of
# human128 and photos_raw250; every framing of the kit is in such heights.
HEIGHT_OF_POINTS, CENTRE_ABOVE_POINTS = 1.155, 0.05
FIVE = ((33, 133, 159, 145), (263, 362, 386, 374), (1,), (61,), (291,))
"""Points of the mesh whose mean is a landmark, in the order of Tracked."""
LOOKS, AVERAGED = 5, 3  # of the mesh at a face: the first ones only find its level place
DOUBTFUL = 0.2  # score of YuNet from which a place is no background, though it may be no face either
AGREE = 0.12  # of the face's height: a larger mean distance of the two nets' landmarks is a mesh that went astray
SMALLEST_PX = 40  # height of a face that is large enough to be a label
ALARM_STEP = 1.1  # of the cascade's search for false alarms


@dataclass(frozen=True)
class Known:
    """A labelled face in a picture. `landmarks` are float32 (5, 2), x and y in pixels, in the order of Tracked."""

    face: Face
    landmarks: Float


@dataclass(frozen=True)
class Labelled:
    """Pictures, RGB uint8 (n, side, side, 3), and what is known about them. A row is a picture's number and a place."""

    images: pixels.Image
    faces: list[tuple[int, Known]]
    """Faces of at least SMALLEST_PX that both networks agree about."""
    taken: list[tuple[int, Face]]
    """Every place where there is a face, or may be one."""
    alarms: list[tuple[int, Face]]
    """Places that the device's cascade takes for a face, though there is none."""


@dataclass(frozen=True)
class Labeller:
    """The two networks that label faces, and the folder that keeps the labels, if any."""

    detector: Path
    """YuNet as ONNX."""
    mesh: Path | None = None
    """The landmark file of LandmarkNet; None for an installed one."""
    cache: Path | None = None

    def label(self, images: ImageSet, margin: float) -> Labelled:
        """Find and measure the faces. `margin` is the width of the replicated border, as a share of the side.

        Raises InputError when a file is unusable or no picture shows a face.
        """
        mesh, net = LandmarkNet(self.mesh), open_yunet(self.detector)
        files = file_digest(mesh.path), file_digest(self.detector)
        what = (VERSION, images.digest, images.images.shape, margin, files)
        arrays = kept_arrays(self.cache, "labels", what, lambda: _packed(_label_all(images.images, net, mesh, margin)))
        return _unpacked(images.images, arrays)


def _label_all(images: pixels.Image, net: Any, mesh: LandmarkNet, margin: float) -> Labelled:
    middle, side = (images.shape[1] - 1) / 2, float(images.shape[1])
    finder, labels = FaceFinder(), Labelled(images, [], [], [])
    net.setScoreThreshold(DOUBTFUL)
    for row, image in enumerate(images):
        frame = pixels.swap_red_blue(image)
        seen = detect_around(net, frame, Face(middle, middle, side), Framing(1 / (1 + 2 * margin), 0.5))
        for one in (detection for detection in seen if detection.probability >= BELIEVE):
            known = measure(mesh, image, one.face)
            if known and one.landmarks is not None and _agree(known, one.landmarks):
                labels.faces.append((row, known))
        taken = [detection.face for detection in seen]
        labels.taken.extend((row, face) for face in taken)
        hits = finder.detect(frame, ALARM_STEP, hits=0)
        labels.alarms.extend((row, hit) for hit in hits if not any(sees(hit, face) for face in taken))
    if not labels.faces:
        raise InputError("The networks found no face in any picture.")
    return labels


def measure(mesh: LandmarkNet, image: pixels.Image, rough: Face) -> Known | None:
    """Return the face at a rough place of an RGB picture as the mean of several looks; None without a face."""
    box, looks = Face(rough.centre_x_px, rough.centre_y_px, rough.height_px * BOX, rough.roll_deg), []
    for _ in range(LOOKS):
        points, probability = mesh.look(image, box)
        if probability < BELIEVE:
            return None
        box = box_of(points)
        looks.append(points)
    return known_face(np.mean(looks[-AVERAGED:], axis=0))


def known_face(points: Points) -> Known:
    """Turn the mesh's points (468, 2) into a face from hairline to chin and its five landmarks."""
    box = box_of(points)
    roll = np.radians(box.roll_deg)
    level = points @ np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    height_px = float(np.ptp(level[:, 1]))
    above_px = CENTRE_ABOVE_POINTS * height_px
    face = Face(
        box.centre_x_px + above_px * float(np.sin(roll)),
        box.centre_y_px - above_px * float(np.cos(roll)),
        height_px * HEIGHT_OF_POINTS,
        box.roll_deg,
    )
    return Known(face, np.stack([points[list(group)].mean(0) for group in FIVE]).astype(np.float32))


def _agree(known: Known, landmarks: Float) -> bool:
    away_px = np.linalg.norm(known.landmarks - landmarks, axis=1).mean()
    return bool(known.face.height_px >= SMALLEST_PX and away_px < AGREE * known.face.height_px)


def sees(place: Face, face: Face) -> bool:
    """Whether the tracker's crop at `place` shows `face` well enough, or almost well enough, to track it."""
    away = np.hypot(face.centre_x_px - place.centre_x_px, face.centre_y_px - place.centre_y_px) / place.height_px
    return bool(away < 1.1 and 0.35 < face.height_px / place.height_px < 2.8)


def _packed(labels: Labelled) -> dict[str, Any]:
    """Return the labels as arrays: a picture's number, four numbers of its face, ten of its landmarks."""

    def rows(pairs: list[tuple[int, Face]]) -> NDArray[np.float64]:
        return np.array([(row, f.centre_x_px, f.centre_y_px, f.height_px, f.roll_deg) for row, f in pairs])

    return {
        "faces": rows([(row, known.face) for row, known in labels.faces]),
        "landmarks": np.stack([known.landmarks for _, known in labels.faces]),
        "taken": rows(labels.taken),
        "alarms": rows(labels.alarms),
    }


def _unpacked(images: pixels.Image, arrays: dict[str, NDArray[Any]]) -> Labelled:
    faces, taken, alarms = (
        [(int(row), Face(*map(float, values))) for row, *values in arrays[name]]
        for name in ("faces", "taken", "alarms")
    )
    known = [Known(face, points) for (_, face), points in zip(faces, arrays["landmarks"], strict=True)]
    return Labelled(images, [(row, one) for (row, _), one in zip(faces, known, strict=True)], taken, alarms)
