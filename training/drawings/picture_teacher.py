"""The interface of a student's teachers that are no Keras models: photographs in, cartoons out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.training.drawn.warp import Shape


class PictureTeacher(ABC):
    """Draws photographs of any square size as a generator that works at `size_px`."""

    name: str
    size_px: int
    digest: str
    """SHA-256 of everything that its cartoons depend on."""
    shape: Shape = Shape()
    """How it redraws a face: the matte of a head moves with it."""
    keeps_shape: bool = False
    """Whether it is known to draw every feature where it is."""
    facts: Mapping[str, Any] = MappingProxyType({})
    """What a run's configuration tells of it; empty where the digest says enough."""

    @abstractmethod
    def cartoons(self, photos: Sequence[pixels.Image]) -> Iterator[pixels.Image | None]:
        """Yield the cartoon of each RGB photograph, uint8 (side, side, 3), at its side; None where it shows no face."""

    def draw(self, photos: pixels.Image) -> tuple[pixels.Image, NDArray[np.bool_]]:
        """Cartoons of RGB uint8 (n, side, side, 3), the same shape and dtype, and (n,): whether there is one.

        Each is drawn at `size_px` and brought back to its side. Where no face is, the answer is the photograph itself:
        leave it out of the lesson. Raises InputError when no photograph shows a face.
        """
        if photos.dtype != np.uint8 or photos.ndim != 4 or photos.shape[3] != 3:
            raise ValueError(
                f"photos are {photos.dtype} of shape {photos.shape}, not uint8 of shape (n, side, side, 3)"
            )
        drawn = self.cartoons(list(photos))
        cartoons = list(tqdm(drawn, desc=self.name, total=len(photos), unit="picture", disable=None))
        is_face = np.array([cartoon is not None for cartoon in cartoons], bool)
        if len(photos) and not is_face.any():
            raise InputError(f"The style {self.name} found a face in none of {len(photos)} photographs.")
        pairs = zip(cartoons, photos, strict=True)
        return np.stack([photo if cartoon is None else cartoon for cartoon, photo in pairs]), is_face
