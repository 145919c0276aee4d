"""YuNet (Wu et al. 2023) through OpenCV's FaceDetectorYN: box and five landmarks. The user brings the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError, shown
from facetoon.edge_runtime.framing import Face, Framing
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sessions.model_trial import try_detector
from facetoon.edge_runtime.whole_file import read_bounded
from facetoon.training.detectors.detector import Detection, nearest

MOST_BYTES = 50_000_000
SIDE_PX = 320
BELIEVE = 0.5
# The second crop shows an upright face with room around it, as in YuNet's training pictures.
LEVEL = Framing(0.4, 0.5)


class YuNetDetector:
    """Finds faces anywhere in a picture. Measures each again at zero roll, as an upright box grows with the tilt."""

    def __init__(self, path: Path) -> None:
        """Raises InputError when the file or the package that reads it is missing."""
        self._net = open_yunet(path)

    def detect(self, frame: Image) -> list[Detection]:
        """Return the faces in a BGR frame, largest first."""
        height, width = frame.shape[:2]
        side = float(max(height, width))
        whole = Face((width - 1) / 2, (height - 1) / 2, side)
        rough = detect_around(self._net, frame, whole, Framing(1.0, 0.5))
        inside = [detection for detection in rough if _inside(detection.face, width, height)]
        refined = [self.look(frame, detection.face) or detection for detection in inside]
        return sorted(refined, key=lambda detection: -detection.face.height_px)

    def look(self, frame: Image, near: Face) -> Detection | None:
        """Return the face near a known place in a BGR frame, or None."""
        return nearest(detect_around(self._net, frame, near, LEVEL), near)


def open_yunet(path: Path) -> Any:
    """Open YuNet for pictures of 320x320 px.

    The sizes are set here because OpenCV 4 cannot read the file's variable height and width. Raises InputError when the
    file or the package that reads it is missing, or when the file is no YuNet.
    """
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ModuleNotFoundError as error:
        raise InputError(f"{error.name} is missing: pip install 'facetoon[train]' brings it.") from None
    try:
        model = onnx.load_from_string(read_bounded(path, MOST_BYTES, "The detector"))
    except DecodeError as error:
        raise InputError(f"The detector {path} is not an ONNX file that can be read: {shown(error)}.") from None
    try:
        shape = model.graph.input[0].type.tensor_type.shape.dim
        for dimension, size in zip(shape, (1, 3, SIDE_PX, SIDE_PX), strict=True):
            dimension.dim_value = size
    except (IndexError, ValueError):
        raise InputError(f"The detector {path} is no YuNet: it takes no picture.") from None
    data = model.SerializeToString()
    try_detector(data, path, "YuNet", cv2.__version__)
    net = np.frombuffer(data, np.uint8)
    return cv2.FaceDetectorYN.create("onnx", net, np.empty(0, np.uint8), (SIDE_PX, SIDE_PX), BELIEVE)


def detect_around(net: Any, frame: Image, around: Face, framing: Framing) -> list[Detection]:
    """Return the faces in the net's crop around a place of a BGR frame, the one nearest to the crop's middle first."""
    matrix = framing.crop_matrix(around, SIDE_PX)
    boxes = net.detect(pixels.warp(frame, matrix, SIDE_PX))[1]
    boxes = np.zeros((0, 15), np.float32) if boxes is None else boxes
    centres = boxes[:, :2] + boxes[:, 2:4] / 2
    detections = []
    for row in np.abs(centres - SIDE_PX / 2).max(1).argsort():
        points = np.vstack([centres[row], boxes[row, 4:14].reshape(5, 2)]) @ matrix[:, :2].T + matrix[:, 2]
        height = float(boxes[row, 3]) * float(np.hypot(matrix[0, 0], matrix[1, 0]))
        roll = float(np.degrees(np.arctan2(*(points[2] - points[1])[::-1])))
        face = Face(float(points[0, 0]), float(points[0, 1]), height, roll)
        landmarks = points[1:].astype(np.float32)
        detections.append(Detection(face, float(boxes[row, 14]), _turn(landmarks), landmarks))
    return detections


def _inside(face: Face, width: int, height: int) -> bool:
    """Whether the centre lies in the picture rather than in the repeated border around it."""
    return 0 <= face.centre_x_px < width and 0 <= face.centre_y_px < height


def _turn(landmarks: NDArray[np.float32]) -> float:
    """Return the nose's distance from the eyes' middle along the line between the eyes, in eye distances."""
    right, left, nose = landmarks[:3].astype(np.float64)
    across = left - right
    return float((nose - (right + left) / 2) @ across / max(across @ across, 1e-6))
