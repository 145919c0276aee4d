"""What the numbers of the 468 landmarks mean: eyes, brows, nose, lips, the face's outline, its scale and its axes.

Indices are those of MediaPipe's canonical face model (Kartynnik et al. 2019). Right and left are the person's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.floating]
"""(height, width), mostly 0..1."""
Curve = NDArray[np.floating]
"""(n, 2): x, y in pixels."""

UPPER_LIDS = ((33, 246, 161, 160, 159, 158, 157, 173, 133), (263, 466, 388, 387, 386, 385, 384, 398, 362))
LOWER_LIDS = ((33, 7, 163, 144, 145, 153, 154, 155, 133), (263, 249, 390, 373, 374, 380, 381, 382, 362))
"""From the outer corner to the inner one."""
FOLDS = ((247, 30, 29, 27, 28, 56, 190), (467, 260, 259, 257, 258, 286, 414))
"""The crease above each upper lid, from outside in."""
UPPER_BROWS = ((70, 63, 105, 66, 107), (300, 293, 334, 296, 336))
LOWER_BROWS = ((46, 53, 52, 65, 55), (276, 283, 282, 295, 285))
"""From outside in."""
OUTER_LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
INNER_UPPER_LIP = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
INNER_LOWER_LIP = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
LOWER_LIP_EDGE = (91, 181, 84, 17, 314, 405, 321)
NOSE_BASE = (64, 98, 97, 2, 326, 327, 294)
NOSE_WINGS = ((49, 64, 98), (279, 294, 327))
NOSE_TIP, NOSE_BRIDGE, CHIN = 1, 168, 152
NOSE_RIDGE = (168, 6, 197, 195, 5, 4)
CHEEKS = ((50, 101, 118, 205), (280, 330, 347, 425))
OUTLINE = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
"""Once around the face, from the top of the forehead over the person's left."""


@dataclass(frozen=True)
class Mesh:
    """The landmarks of one face, with the size of the picture they lie in."""

    points: NDArray[np.floating]
    """(468, 2): x, y in pixels."""
    height_px: int
    width_px: int

    @cached_property
    def right(self) -> NDArray[np.floating]:
        """Unit vector along the eyes, to the viewer's right."""
        across = self.points[263] - self.points[33]
        return across / max(float(np.hypot(*across)), 1e-3)

    @cached_property
    def down(self) -> NDArray[np.floating]:
        """Unit vector from the forehead to the chin."""
        return np.array([-self.right[1], self.right[0]], np.float32)

    @cached_property
    def unit_px(self) -> float:
        """Distance of the eyes of a face seen from the front; of a turned one, what its height says."""
        eyes = float(np.hypot(*(self.eye_centre(1) - self.eye_centre(0))))
        return max(eyes, 0.36 * float(np.hypot(*(self.points[CHIN] - self.points[10]))), 4.0)

    def eye_centre(self, side: int) -> NDArray[np.floating]:
        """Middle between the corners and the lids of the right (0) or left (1) eye."""
        return self.points[[*UPPER_LIDS[side], *LOWER_LIDS[side]]].mean(0)

    def eye_width_px(self, side: int) -> float:
        """From corner to corner."""
        return float(np.hypot(*(self.points[UPPER_LIDS[side][0]] - self.points[UPPER_LIDS[side][-1]])))

    def openness(self, side: int) -> float:
        """Height of the eye over its width: some 0.3 when open, below 0.12 when shut."""
        gap = np.hypot(*(self.points[list(UPPER_LIDS[side][3:6])] - self.points[list(LOWER_LIDS[side][3:6])]).T)
        return float(gap.mean()) / max(self.eye_width_px(side), 1e-3)

    def window(self, centre: NDArray[np.floating], reach_px: float) -> tuple[Mesh, tuple[slice, slice]]:
        """The same face in a part of the picture around a place, and that part (rows, columns); it may be empty."""
        x, y = (int(v) for v in centre)
        reach = int(reach_px) + 1
        left, right = (min(max(v, 0), self.width_px) for v in (x - reach, x + reach + 1))
        top, bottom = (min(max(v, 0), self.height_px) for v in (y - reach, y + reach + 1))
        moved = self.points - np.array([left, top], np.float32)
        return Mesh(moved, bottom - top, right - left), (slice(top, bottom), slice(left, right))

    def local(self) -> tuple[Plane, Plane]:
        """Each pixel's place in the face's own axes: right of and below the nose bridge, in eye distances."""
        rows, columns = np.mgrid[0 : self.height_px, 0 : self.width_px].astype(np.float32)
        x, y = columns - self.points[NOSE_BRIDGE, 0], rows - self.points[NOSE_BRIDGE, 1]
        return (
            (x * self.right[0] + y * self.right[1]) / self.unit_px,
            (x * self.down[0] + y * self.down[1]) / self.unit_px,
        )

    def fill(self, indices: tuple[int, ...], grow: float = 1.0, soft: float = 0.0) -> Plane:
        """0..1 inside the polygon of these points, grown from its middle; `soft` blurs, in eye distances."""
        corners = self.points[list(indices)]
        middle = corners.mean(0)
        return self.fill_curve(middle + grow * (corners - middle), soft)

    def fill_curve(self, corners: Curve, soft: float = 0.0) -> Plane:
        """The same for any closed curve in pixels."""
        mask = np.zeros((self.height_px, self.width_px), np.uint8)
        cv2.fillPoly(mask, [np.rint(corners * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        plane = mask.astype(np.float32) / 255
        return blurred(plane, soft * self.unit_px) if soft else plane

    def eye(self, side: int, grow: float = 1.0, soft: float = 0.0) -> Plane:
        """0..1 between the lids."""
        return self.fill((*UPPER_LIDS[side], *reversed(LOWER_LIDS[side])), grow, soft)

    def brow(self, side: int, grow: float = 1.0, soft: float = 0.0) -> Plane:
        """0..1 on a brow."""
        return self.fill((*UPPER_BROWS[side], *reversed(LOWER_BROWS[side])), grow, soft)

    def near(self, indices: tuple[int, ...], reach: float) -> Plane:
        """1 at these points, falling to 0 some `reach` eye distances away."""
        dots = np.zeros((self.height_px, self.width_px), np.uint8)
        cv2.polylines(dots, [np.rint(self.points[list(indices)]).astype(np.int32)], False, 255, 1)
        distance = cv2.distanceTransform(255 - dots, cv2.DIST_L2, 3)
        away = np.minimum(distance / (reach * self.unit_px), 9)  # without any dot OpenCV's distance is huge
        return np.exp(-0.5 * away**2)


def blurred(plane: NDArray[np.floating], sigma_px: float) -> NDArray[np.floating]:
    """A Gaussian blur; a wide one is made at a fraction of the size, where it costs little and looks the same."""
    factor = int(sigma_px / 3)
    if factor < 2 or min(plane.shape[:2]) < 4 * factor:
        return cv2.GaussianBlur(plane, (0, 0), max(sigma_px, 0.05))
    size = (plane.shape[1] // factor, plane.shape[0] // factor)
    small = cv2.GaussianBlur(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), (0, 0), sigma_px / factor)
    return cv2.resize(small, plane.shape[1::-1], interpolation=cv2.INTER_LINEAR)


def smooth_curve(points: Curve, count: int = 48) -> Curve:
    """A Catmull-Rom spline through the points, `count` places on it."""
    ends = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    places = np.linspace(0, len(points) - 1, count)
    segment = np.minimum(places.astype(int), len(points) - 2)
    t = (places - segment)[:, None]
    a, b, c, d = (ends[segment + k] for k in range(4))
    return (0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)).astype(
        np.float32
    )


def stroke(plane: Plane, curve: Curve, widths_px: NDArray[np.floating]) -> None:
    """Draw a stroke of varying width onto a plane of ink 0..1, in place; where it was darker it stays."""
    along = np.gradient(curve, axis=0)
    across = np.stack([-along[:, 1], along[:, 0]], 1) / np.maximum(np.hypot(*along.T)[:, None], 1e-6)
    half = across * widths_px[:, None] / 2
    outline = np.vstack([curve + half, (curve - half)[::-1]])
    mask = np.zeros(plane.shape, np.uint8)
    cv2.fillPoly(mask, [np.rint(outline * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    np.maximum(plane, mask.astype(np.float32) / 255, out=plane)


def taper(count: int, start: float = 0.0, end: float = 0.0, power: float = 0.6) -> NDArray[np.float64]:
    """Widths 0..1 along a stroke: full in the middle, `start` and `end` at its tips."""
    t = np.linspace(0, 1, count)
    bow = np.sin(np.pi * t) ** power
    return bow + (1 - bow) * np.where(t < 0.5, start, end)
