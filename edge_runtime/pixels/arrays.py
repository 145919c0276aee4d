"""The array type of pictures in memory, and its two colour orders."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""(height, width, 3), 0..255; several pictures of one size have further axes in front."""
Mask = NDArray[np.uint8]
"""(height, width), 0..255: shares of a picture, or one value for each grey level."""
Layer = NDArray[np.uint8]
"""(n, n, 4): BGR times its shares, and the share 0..255 that is left to what lies below."""
Tensor = NDArray[np.generic]
"""A network's input or output: (1, height, width, 3) for a picture, of the model's own dtype and range.

The output of a network with a matte has a fourth channel.
"""

_ROTATIONS = {1: cv2.ROTATE_90_CLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_COUNTERCLOCKWISE}


def check_image(image: Image, what: str = "image") -> None:
    """Raise ValueError unless `image` is uint8 of shape (height, width, 3); the text names both sides."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"{what} is {image.dtype} of shape {image.shape}, not uint8 of shape (height, width, 3)")


def turn(image: Image, quarters: int, mirror: bool = False) -> Image:
    """Turn a picture clockwise by `quarters` of a full turn, then mirror left and right, into a contiguous array."""
    turned = cv2.rotate(image, _ROTATIONS[quarters % 4]) if quarters % 4 else image
    return cv2.flip(turned, 1) if mirror else turned


def swap_red_blue(image: Image) -> Image:
    """Convert RGB to BGR or back, into a new contiguous array."""
    return cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
