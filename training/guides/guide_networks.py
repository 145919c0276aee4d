"""The two networks that find landmarks and segments, .tflite files that run on the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.litert_session import open_interpreter
from facetoon.edge_runtime.sessions.model_trial import check_and_try
from facetoon.edge_runtime.whole_file import read_bounded

Points = NDArray[np.float32]
Labels = NDArray[np.int64]
POINTS = 468
MOST_BYTES = 50_000_000  # of a network's file
ROOM = 1.5  # side of the face mesh's crop over the face's longer side: a quarter of margin on each side


class GuideNetwork:
    """A .tflite file with one square RGB input, on one thread."""

    def __init__(self, path: Path, side_px: int, output_sizes: set[int]) -> None:
        """Raises InputError when the file is no model, or one with other shapes.

        The input must be (1, side_px, side_px, 3), and there must be an output of each number of values.
        """
        model = read_bounded(path, MOST_BYTES, "The network")
        check_and_try(model, path, "litert")
        self._interpreter, _ = open_interpreter(model, str(path), "litert", 1)
        self._input = self._interpreter.get_input_details()[0]
        shape = tuple(map(int, self._input["shape"]))
        if shape != (1, side_px, side_px, 3):
            raise InputError(f"{path} takes {shape}, not (1, {side_px}, {side_px}, 3).")
        sizes = [int(np.prod(output["shape"])) for output in self._interpreter.get_output_details()]
        if not output_sizes <= set(sizes):
            wanted = " and ".join(map(str, sorted(output_sizes)))
            raise InputError(f"{path} gives {', '.join(map(str, sizes))} numbers of a picture; {wanted} are wanted.")

    def __call__(self, values: Any) -> list[Any]:
        """The outputs for a picture, float32 (side_px, side_px, 3)."""
        self._interpreter.set_tensor(self._input["index"], values[None].astype(np.float32))
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(d["index"]) for d in self._interpreter.get_output_details()]


class FaceMesh:
    """MediaPipe's face mesh (Kartynnik et al. 2019): 468 points of a face."""

    def __init__(self, path: Path) -> None:
        self._net = GuideNetwork(path, 192, {3 * POINTS, 1})

    def find(self, image: pixels.Image) -> Points | None:
        """Points, float32 (468, 2) x and y in px, of a uint8 RGB picture that a face fills; None without a face.

        It looks twice: the second time in a level crop around the points of the first.
        """
        side = image.shape[0]
        first = self._within(image, np.array([[side / 192, 0, 0], [0, side / 192, 0]], np.float32))
        return None if first is None else self.look_at(image, first)

    def look_at(self, image: pixels.Image, points: Points) -> Points | None:
        """Do one look in a level crop around a face's `points`, in this picture or in a drawing of it."""
        return self._within(image, _around(points))

    def _within(self, image: pixels.Image, matrix: NDArray[np.float32]) -> Points | None:
        crop = pixels.warp(image, matrix, 192)
        outputs = {output.size: output for output in self._net(pixels.to_unit(crop))}
        if float(outputs[1].ravel()[0]) < 0:  # a logit: no face
            return None
        flat = outputs[3 * POINTS].reshape(-1, 3)[:, :2]
        points: Points = (flat @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
        return points


def _around(points: Points) -> NDArray[np.float32]:
    """2x3 map from a level crop of 192 px around the face to the picture in which the face has `points`."""
    right, left = points[33], points[263]  # outer corners of the eyes
    angle = np.arctan2(left[1] - right[1], left[0] - right[0])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    level = points @ turn
    low, high = level.min(0), level.max(0)
    scale = ROOM * float((high - low).max()) / 192
    linear = scale * turn
    return np.column_stack([linear, turn @ ((low + high) / 2) - linear @ (96, 96)]).astype(np.float32)


class FaceSegments:
    """Classes of CelebAMask-HQ (Lee et al. 2020) by BiSeNet V2 (Yu et al. 2021)."""

    def __init__(self, path: Path) -> None:
        self._net = GuideNetwork(path, 256, {256 * 256})

    def labels(self, image: pixels.Image) -> Labels:
        """The class of each pixel, int64 (side, side) 0..18, of a square uint8 RGB picture."""
        side = image.shape[0]
        classes = self._net(pixels.resize(image, 256, 256) / np.float32(255))[0].reshape(256, 256)
        return cv2.resize(classes.astype(np.uint8), (side, side), interpolation=cv2.INTER_NEAREST).astype(np.int64)
