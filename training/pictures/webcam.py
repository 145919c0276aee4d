"""Makes a clean photograph look like a frame of a cheap camera, so that a student trained on it copes with one."""

from __future__ import annotations

import cv2
import numpy as np

from facetoon.edge_runtime import pixels


def as_webcam(photo: pixels.Image, random: np.random.Generator) -> pixels.Image:
    """Return RGB uint8 (side, side, 3) enlarged from fewer pixels, tinted, darkened, noisy and compressed.

    Each fault comes with a probability and a strength of its own. Nothing moves by more than half a pixel.
    """
    side = photo.shape[0]
    if random.random() < 0.5:
        small = round(side * random.uniform(0.35, 0.9))
        photo = cv2.resize(cv2.resize(photo, (small, small), interpolation=cv2.INTER_AREA), (side, side))
    if random.random() < 0.4:
        photo = cv2.GaussianBlur(photo, (0, 0), random.uniform(0.3, 1.3) * side / 256)
    if random.random() < 0.6:
        gain = random.uniform(0.92, 1.08, 3)
        levels = np.linspace(0, 1, 256)[:, None] ** random.uniform(0.8, 1.35) * gain * random.uniform(0.8, 1.05)
        photo = cv2.LUT(photo, np.rint(255 * np.clip(levels, 0, 1)).astype(np.uint8)[None])
    if random.random() < 0.5:
        noise = random.normal(0, random.uniform(1, 8), (side, side, 1)) + random.normal(0, 2, (side, side, 3))
        photo = np.clip(np.rint(photo + noise), 0, 255).astype(np.uint8)
    if random.random() < 0.5:
        data = pixels.encode_jpeg(pixels.swap_red_blue(photo), int(random.integers(30, 90)))
        photo = pixels.decode_image(data, "a compressed photograph")
    return photo
