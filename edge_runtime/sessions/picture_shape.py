"""The shape of a network's picture: where its channels are, and what its open sides become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

RGB, WITH_MATTE = 3, 4  # channels
Sides = tuple[int, int]
"""Height and width in px."""


@dataclass(frozen=True)
class PictureShape:
    """A tensor of one picture."""

    height_px: int
    width_px: int
    channels: int
    channels_first: bool

    @staticmethod
    def of(shape: Sequence[int]) -> PictureShape | None:
        """Read (1, height, width, channels), or the channels second; None for a tensor that is no picture."""
        if len(shape) != 4 or shape[0] != 1 or min(shape) < 1:
            return None
        first, second = side_axes(shape)
        channels = shape[1 if first == 2 else 3]
        if channels not in (RGB, WITH_MATTE):
            return None
        return PictureShape(shape[first], shape[second], channels, first == 2)

    @property
    def side_px(self) -> int:
        """Side of the largest square in it."""
        return min(self.height_px, self.width_px)

    @property
    def is_square(self) -> bool:
        """Whether the largest square is all of it."""
        return self.height_px == self.width_px

    def is_like(self, other: PictureShape) -> bool:
        """Whether both have the same proportions."""
        return self.height_px * other.width_px == self.width_px * other.height_px


def side_axes(shape: Sequence[int | None]) -> Sides:
    """Return the axes of height and width in a picture's shape. Channels are last unless only the second axis fits."""
    is_first = shape[3] not in (RGB, WITH_MATTE) and shape[1] in (RGB, WITH_MATTE)
    return (2, 3) if is_first else (1, 2)


def one_picture(
    shape: Sequence[Any], sides_px: Sides | None = None, usual_px: int | None = None
) -> tuple[int | None, ...]:
    """Return the shape for one picture. None, -1 and names, as formats write open sizes, become numbers.

    An open batch becomes 1, and the open sides of a tensor with four axes become `sides_px`, if given. Other open sizes
    become `usual_px`.
    """
    sizes = [size if isinstance(size, int) and size > 0 else None for size in shape]
    if sizes:
        sizes[0] = sizes[0] or 1
    if sides_px and len(sizes) == 4:
        for axis, side in zip(side_axes(sizes), sides_px, strict=True):
            sizes[axis] = sizes[axis] or side
    return tuple(size or usual_px for size in sizes)
