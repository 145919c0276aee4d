"""The place of a face in the generator's square crop, in training and on the device alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime.errors import InputError


@dataclass(frozen=True)
class Face:
    """A face in a frame, in pixels. Its height runs along the face from hairline to chin, whatever its roll."""

    centre_x_px: float
    centre_y_px: float
    height_px: float
    roll_deg: float = 0.0
    """Clockwise on screen; 0 when the eyes are level."""


@dataclass(frozen=True)
class Framing:
    """The place of the face in the crop, as shares of the crop's side."""

    face_height: float = 0.72
    face_centre_y: float = 0.55
    """Share from the top: below the middle, to leave room for hair. From left to right the face is centred."""

    def __post_init__(self) -> None:
        if not (0.1 <= self.face_height <= 1.0 and 0.0 < self.face_centre_y < 1.0):
            raise InputError(f"A framing of {self.face_height} of the height at {self.face_centre_y} is impossible.")

    def crop_matrix(self, face: Face, size_px: int) -> NDArray[np.float32]:
        """Map crop pixels (0..size_px) to frame pixels, as float32 (2, 3), for `pixels.warp` and `paste`."""
        scale = face.height_px / self.face_height / size_px
        roll = np.radians(face.roll_deg)
        linear = scale * np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
        anchor = (size_px * 0.5 - 0.5, size_px * self.face_centre_y - 0.5)
        offset = np.array([face.centre_x_px, face.centre_y_px]) - linear @ anchor
        return np.column_stack([linear, offset]).astype(np.float32)
