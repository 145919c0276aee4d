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
from facetoon.edge_runtime.sessions.picture_shape import WITH_MATTE, PictureShape
from facetoon.edge_runtime.spec import ModelSpec
from facetoon.edge_runtime.value_range import ValueRange


@dataclass(frozen=True)
class TensorInfo:
    """A model's input or output: its key in the runtime, its shape, dtype and, for integers, quantization."""

    key: int | str
    shape: tuple[int, ...]
    dtype: np.dtype
    scale: float = 1.0
    zero_point: int = 0
    is_quantized: bool = False

    @property
    def is_float(self) -> bool:
        """Whether values are unquantized: in the spec's range for pictures, 0..1 for styles."""
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
        source, self._values = _ranges(path, spec)
        self._input, self._style_input, self._output = _roles(path, inputs, outputs)
        self._shape, self._drawn = check_pictures(path, self._input, self._output)
        if (self._drawn.channels == WITH_MATTE) != spec.matte:
            says = "a matte" if spec.matte else "no matte"
            raise InputError(f"{path} gives {self._drawn.channels} channels, but its spec says that it has {says}.")
        if spec.sides_px and spec.sides_px != (self._shape.height_px, self._shape.width_px):
            raise InputError(
                f"{path} takes pictures of {self._shape.height_px}x{self._shape.width_px} px, height x width, not of "
                f"{spec.sides_px[0]}x{spec.sides_px[1]}."
            )
        self.size_px = self._shape.side_px
        self._blue_first = spec.colour_order == "BGR"
        self.styles = spec.styles if self._style_input else ()
        if self._style_input and self._style_input.shape != (1, len(spec.styles)):
            raise InputError(f"{path} takes {self._style_input.shape[1]} styles, but names {len(spec.styles)}.")
        self._encode = pixels.encode_table(self._input.dtype, self._input.scale, self._input.zero_point, source)
        out = self._output
        self._decode = None if out.is_float else pixels.decode_table(out.dtype, out.scale, out.zero_point, self._values)
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
        if not self._shape.is_square:
            image = pixels.widen(image, self._shape.width_px, self._shape.height_px)
        if self._blue_first:
            image = pixels.swap_red_blue(image)
        tensor = pixels.to_tensor(image, self._encode)
        return np.ascontiguousarray(tensor.transpose(0, 3, 1, 2)) if self._shape.channels_first else tensor

    @abstractmethod
    def infer(self, tensor: Tensor) -> Tensor:
        """See Session."""

    def to_image(self, tensor: Tensor) -> Image:
        """See Session."""
        if self._drawn.channels_first:
            tensor = np.ascontiguousarray(tensor.transpose(0, 2, 3, 1))
        image = pixels.to_image(tensor, self._decode, self._values)
        return pixels.square(pixels.swap_red_blue(image) if self._blue_first else image, self.size_px)

    def values(self, tensor: Tensor) -> NDArray[np.float32]:
        """See Session."""
        if self._output.is_float:
            return tensor.astype(np.float32)
        return (tensor.astype(np.float32) - self._output.zero_point) * np.float32(self._output.scale)

    def to_matte(self, tensor: Tensor) -> Mask:
        """See Session."""
        return pixels.to_matte(tensor, self._decode)

    def run(self, image: Image) -> Image:
        """See Session."""
        return self.to_image(self.infer(self.to_tensor(image)))

    def _to_style_tensor(self, style: NDArray[np.float32]) -> Tensor:
        info = self._style_input
        if info is None:
            return style[np.newaxis]
        if info.is_float:
            return style[np.newaxis].astype(info.dtype)
        limits = np.iinfo(info.dtype)
        levels = np.rint(style / info.scale) + info.zero_point
        return np.clip(levels, limits.min, limits.max).astype(info.dtype)[np.newaxis]


def _ranges(path: Path, spec: ModelSpec) -> tuple[ValueRange, ValueRange]:
    """The ranges of input and output. Raises InputError for a range that does not rise, or another order of colours."""
    if spec.colour_order not in ("RGB", "BGR"):
        raise InputError(f"{path} wants its colours in the order {spec.colour_order}, which is neither RGB nor BGR.")
    pairs = spec.value_range, spec.output_range or spec.value_range
    for low, high in pairs:
        if not low < high:
            raise InputError(f"{path} says that its values go from {low:g} to {high:g}, which is no range.")
    source, target = (ValueRange((low,), (high,)) for low, high in pairs)
    return source, target


def _roles(
    path: Path, inputs: Sequence[TensorInfo], outputs: Sequence[TensorInfo]
) -> tuple[TensorInfo, TensorInfo | None, TensorInfo]:
    """Find picture input, style input and output by shape alone, since converters rename and reorder inputs.

    Raises InputError when their numbers are no generator's.
    """
    pictures = [info for info in inputs if len(info.shape) == 4]
    styles = [info for info in inputs if len(info.shape) == 2]
    if not (len(pictures) == len(outputs) == 1 and len(styles) <= 1 and len(inputs) == 1 + len(styles)):
        raise _no_generator(path, [*inputs, *outputs])
    return pictures[0], styles[0] if styles else None, outputs[0]


def check_pictures(path: Path, source: TensorInfo, target: TensorInfo) -> tuple[PictureShape, PictureShape]:
    """Return the shapes of a picture and its drawing. Raises InputError unless they have the same proportions."""
    picture, drawn = PictureShape.of(source.shape), PictureShape.of(target.shape)
    if picture is None or drawn is None or picture.channels == WITH_MATTE or not picture.is_like(drawn):
        raise _no_generator(path, [source, target])
    for info in (source, target):
        if not info.is_float and info.dtype not in (np.uint8, np.int8):
            raise InputError(f"{path} has pictures of {info.dtype.name}; it takes float, uint8 and int8.")
    return picture, drawn


def _no_generator(path: Path, tensors: Sequence[TensorInfo]) -> InputError:
    shapes = [info.shape for info in tensors]
    return InputError(
        f"{path} maps {shapes}, not one picture (1, height, width, 3), with or without a style, to another."
    )
