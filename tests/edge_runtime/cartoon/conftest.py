"""A film of a drawn head before a wall, and a generator that knows its matte."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime.cartoon.cartoonizer import Cartoonizer
from facetoon.edge_runtime.framing import Face, Framing
from facetoon.edge_runtime.spec import ModelSpec
from facetoon.edge_runtime.timing import StageTimer

SKIN, HAND, NECK = (90, 120, 210), (200, 60, 60), (60, 90, 120)  # BGR
HEIGHT, WIDTH = 480, 640


@dataclass(frozen=True)
class DrawnScene:
    """A frame and what is where in it, bool masks of its size."""

    frame: np.ndarray
    face: Face
    head: np.ndarray
    hand: np.ndarray

    def apart_px(self):
        """Each pixel's distance from the head, 0 inside."""
        return cv2.distanceTransform(np.uint8(~self.head), cv2.DIST_L2, 5)

    def depth_px(self, mask):
        """Each pixel's distance from the outside of a mask."""
        return cv2.distanceTransform(np.uint8(mask), cv2.DIST_L2, 5)


def draw_scene(x=300, y=230, half_width=90, half_height=130, with_hand=True):
    """A head with a neck, and a hand before its cheek, before a wall with a fine texture."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    wall = 150 + 20 * np.sin(columns / 40) + 6 * ((rows + columns) % 3)
    frame = np.repeat(np.uint8(wall)[:, :, np.newaxis], 3, axis=2)
    cv2.rectangle(frame, (x - 35, y), (x + 35, HEIGHT), NECK, -1)
    head = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(head, (x, y), (half_width, half_height), 0, 0, 360, 1, -1)
    frame[head > 0] = SKIN
    hand = np.zeros_like(head)
    if with_hand:
        cv2.rectangle(hand, (x + 40, y + 20), (x + 160, y + 60), 1, -1)
        frame[hand > 0] = HAND
    return DrawnScene(frame, Face(x, y + 10, 220), (head > 0) & (hand == 0), hand > 0)


class MatteSession:
    """Draws negatives, if not told otherwise, also of the wall, and knows a head by its colour.

    The style "narrow" draws jaws in.
    """

    runtime = "none"
    styles = ("still", "narrow")

    def __init__(self, size_px=128, keeps_shape=("still",), draw=lambda image: 255 - image):
        self.size_px, self.draw = size_px, draw
        self.spec = ModelSpec(
            "drawn", "photo to cartoon", "none", Framing(), styles=self.styles, matte=True, keeps_shape=keeps_shape
        )
        self.style = np.array([1, 0], np.float32)

    def set_style(self, weights):
        self.style = np.asarray(weights, np.float32)

    def to_tensor(self, image):
        return image[np.newaxis]

    def infer(self, tensor):
        image = tensor[0]
        head = np.uint8(np.abs(image.astype(int) - SKIN[::-1]).max(2) < 12) * 255
        if self.style[1]:
            inward = np.zeros((self.size_px, self.size_px), np.float32)
            low = slice(int(0.6 * self.size_px), None)
            inward[low] = 0.06 * self.size_px * np.sign(np.arange(self.size_px) - self.size_px / 2)
            rows, columns = np.mgrid[0 : self.size_px, 0 : self.size_px].astype(np.float32)
            head = cv2.remap(head, columns + inward, rows, cv2.INTER_LINEAR)
        return np.dstack([self.draw(image), head])[np.newaxis]

    def to_image(self, tensor):
        return np.ascontiguousarray(tensor[0, :, :, :3])

    def to_matte(self, tensor):
        return np.ascontiguousarray(tensor[0, :, :, 3])

    def run(self, image):
        return self.to_image(self.infer(self.to_tensor(image)))


class KnownFinder:
    """Gives the faces that it is told."""

    max_faces = 1

    def __init__(self):
        self.faces = []

    def find(self, frame):
        return self.faces


class Stage:
    """Shows scenes to a cartoonizer."""

    def __init__(self, session):
        self.finder = KnownFinder()
        self.cartoonizer = Cartoonizer(session, self.finder, StageTimer())

    def play(self, scene, **values):
        """The cartoon of a scene, with some settings changed."""
        self.finder.faces = [scene.face]
        known = self.cartoonizer
        settings = known.settings.patched(values, known.styles, known.faces_only)
        return known.process(scene.frame.copy(), settings)


@pytest.fixture
def scene():
    return draw_scene()


@pytest.fixture
def make_scene():
    return draw_scene


@pytest.fixture
def make_stage():
    return lambda **options: Stage(MatteSession(**options))


@pytest.fixture
def stage(make_stage):
    return make_stage()
