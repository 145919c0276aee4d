"""The part of a session that all runtimes share: shape checks, conversion of pixels, and the style."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Image, Mask, Tensor
from facetoon.edge_runtime.spec import ModelSpec


@dataclass(frozen=True)
class TensorInfo:
    """A model's input or output: its key in the runtime, its shape, dtype and, for integers, quantization."""

    key: int | str
    shape: tuple[int, ...]
    dtype: np.dtype
    scale: float = 1.0
    zero_point: int = 0

    @property
    def is_float(self) -> bool:
        """Whether values are unquantized: -1..1 for pictures, 0..1 for styles."""
        return bool(np.issubdtype(self.dtype, np.floating))


class BaseSession(ABC):
    """A generator from one picture, and perhaps a style vector, to one picture, with or without a matte.

    Not thread-safe.
    """

    runtime: str

    def __init__(
        self, path: Path, spec: ModelSpec, inputs: Sequence[TensorInfo], outputs: Sequence[TensorInfo]
    ) -> None:
        """Raises InputError when the tensors are no generator's, or contradict the spec."""
        self.spec = spec
        wanted = f"{spec.colour_order} in {spec.value_range}"
        if wanted != "RGB in (-1.0, 1.0)":  # the only range of pixels.to_unit
            raise InputError(f"{path} wants {wanted}; this facetoon gives RGB in (-1.0, 1.0).")
        self._input, self._style_input, self._output = _roles(path, inputs, outputs)
        has_matte = self._output.shape[3] == 4
        if has_matte != spec.matte:
            says = "a matte" if spec.matte else "no matte"
            raise InputError(f"{path} gives {self._output.shape[3]} channels, but its spec says that it has {says}.")
        self.size_px = self._input.shape[1]
        self.styles = spec.styles if self._style_input else ()
        if self._style_input and self._style_input.shape != (1, len(spec.styles)):
            raise InputError(f"{path} takes {self._style_input.shape[1]} styles, but names {len(spec.styles)}.")
        self._encode = pixels.encode_table(self._input.dtype, self._input.scale, self._input.zero_point)
        out = self._output
        self._decode = None if out.is_float else pixels.decode_table(out.dtype, out.scale, out.zero_point)
        self.style = np.eye(1, len(self.styles), dtype=np.float32)[0]
        self._style_tensor = self._to_style_tensor(self.style)

    def set_style(self, weights: Sequence[float] | NDArray[np.float32]) -> None:
        """See Session; float32 (len(styles),). Raises ValueError, which names both lengths, for another length."""
        style = np.asarray(weights, np.float32)
        if style.shape != (len(self.styles),):
            raise ValueError(f"style is of shape {style.shape}, the model mixes {len(self.styles)} styles")
        self.style = style
        self._style_tensor = self._to_style_tensor(style)

    def to_tensor(self, image: Image) -> Tensor:
        """See Session."""
        pixels.check_image(image)
        if image.shape[:2] != (self.size_px, self.size_px):
            raise ValueError(f"image is {image.shape[:2]}, the model wants ({self.size_px}, {self.size_px})")
        return pixels.to_tensor(image, self._encode)

    @abstractmethod
    def infer(self, tensor: Tensor) -> Tensor:
        """See Session."""

    def to_image(self, tensor: Tensor) -> Image:
        """See Session."""
        return pixels.to_image(tensor, self._decode)

    def to_matte(self, tensor: Tensor) -> Mask:
        """See Session."""
        return pixels.to_matte(tensor, self._decode)

    def run(self, image: Image) -> Image:
        """See Session."""
        return self.to_image(self.infer(self.to_tensor(image)))

    def _to_style_tensor(self, style: NDArray[np.float32]) -> Tensor:
        info = self._style_input
        if info is None or info.is_float:
            return style[np.newaxis]
        limits = np.iinfo(info.dtype)
        levels = np.rint(style / info.scale) + info.zero_point
        return np.clip(levels, limits.min, limits.max).astype(info.dtype)[np.newaxis]


def _roles(
    path: Path, inputs: Sequence[TensorInfo], outputs: Sequence[TensorInfo]
) -> tuple[TensorInfo, TensorInfo | None, TensorInfo]:
    """Find picture input, style input and output by shape alone, since converters rename and reorder inputs.

    Raises InputError when the shapes are no generator's.
    """
    pictures = [info for info in inputs if len(info.shape) == 4]
    styles = [info for info in inputs if len(info.shape) == 2]
    shapes = [info.shape for info in (*inputs, *outputs)]
    fits = len(pictures) == len(outputs) == 1 and len(styles) <= 1 and len(inputs) == 1 + len(styles)
    if not fits or not _is_square_picture(pictures[0].shape) or not _can_answer(pictures[0], outputs[0]):
        raise InputError(
            f"{path} maps {shapes}, not one square picture (1, n, n, 3), with or without a style, to another."
        )
    return pictures[0], styles[0] if styles else None, outputs[0]


def _is_square_picture(shape: tuple[int, ...]) -> bool:
    return shape[0] == 1 and shape[1] == shape[2] and shape[3] == 3


def _can_answer(picture: TensorInfo, answer: TensorInfo) -> bool:
    """Whether an output is of the picture's size, with three channels, or with a matte as the fourth."""
    return answer.shape[:-1] == picture.shape[:-1] and answer.shape[-1] in (3, 4)
