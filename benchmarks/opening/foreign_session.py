"""Runs another project's image-to-image network as a Session.

Shapes, layout and types come from the file. Value ranges come from an integer tensor's quantization or from the user,
and are never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from facetoon.benchmarks.opening.foreign_network import open_network
from facetoon.benchmarks.opening.variant import Variant
from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.framing import Framing
from facetoon.edge_runtime.pixels import Image, Mask, Tensor
from facetoon.edge_runtime.sessions.base_session import TensorInfo
from facetoon.edge_runtime.spec import ModelSpec
from facetoon.edge_runtime.value_range import EXAMPLES

Range = tuple[float, float]
INTEGER_TYPES = (np.dtype(np.uint8), np.dtype(np.int8))


@dataclass(frozen=True)
class Foreign:
    """The user's facts about a model whose file has no facetoon spec."""

    value_range: Range | None = None
    """Input values of grey levels 0 and 255; None where the user does not give them."""
    output_range: Range | None = None
    """Output values of grey levels 0 and 255."""
    size_px: int | None = None
    """Side of the picture, for a model of variable size."""


class ForeignSession:
    """A Session of an image-to-image network with one input and one output picture. Not thread-safe."""

    def __init__(self, path: Path, variant: Variant, foreign: Foreign) -> None:
        """Raises InputError for any other network, and when neither file nor user gives its value ranges."""
        network = open_network(path, variant, foreign.size_px)
        self.runtime, self._run, self._output, self._path = network.runtime, network.run, network.output, path
        self.size_px, self._channels_first = _check_picture(path, network.input)
        for info in (network.input, network.output):
            if not info.is_float and info.dtype not in INTEGER_TYPES:
                raise InputError(f"{path} has a tensor of {info.dtype.name}; toon-bench takes float, uint8 and int8.")
        self.value_range, self._output_range = _ranges(path, network.input, network.output, foreign)
        self.styles: tuple[str, ...] = ()
        self.style = np.ones(1, np.float32)
        self._encode = _encode_table(network.input, self.value_range)
        self.spec = ModelSpec(
            name=path.stem,
            direction="photo to cartoon",
            recipe=f"foreign {network.input.dtype.name}",
            framing=Framing(),
            value_range=self.value_range,
        )

    def to_tensor(self, image: Image) -> Tensor:
        """See Session."""
        tensor = pixels.to_tensor(image, self._encode)
        return np.ascontiguousarray(tensor.transpose(0, 3, 1, 2)) if self._channels_first else tensor

    def infer(self, tensor: Tensor) -> Tensor:
        """See Session."""
        return self._run(tensor)

    def to_image(self, tensor: Tensor) -> Image:
        """See Session. The picture may differ from the input in size. Raises InputError for any other tensor."""
        if tensor.ndim != 4 or 3 not in (tensor.shape[1], tensor.shape[3]):
            raise InputError(f"{self._path} gives a tensor of shape {tensor.shape}, not one colour picture.")
        values = (tensor if tensor.shape[3] == 3 else tensor.transpose(0, 2, 3, 1))[0].astype(np.float32)
        real = values if self._output.is_float else (values - self._output.zero_point) * self._output.scale
        low, high = self._output_range
        return pixels.from_unit((real - (low + high) / 2) / ((high - low) / 2))

    def to_matte(self, tensor: Tensor) -> Mask:
        """Raises InputError: other projects' mattes are not supported."""
        raise InputError(f"{self.spec.name} has no matte.")

    def set_style(self, weights: Any) -> None:
        """Raises InputError: other projects' style inputs are not supported."""
        raise InputError(f"{self.spec.name} has no styles to mix.")

    def run(self, image: Image) -> Image:
        """See Session."""
        return self.to_image(self.infer(self.to_tensor(image)))


def _check_picture(path: Path, info: TensorInfo) -> tuple[int, bool]:
    """Side of the square picture in px, and whether its channels come first."""
    shape = info.shape
    if len(shape) != 4 or shape[0] != 1 or 3 not in (shape[1], shape[3]):
        raise InputError(f"{path} takes a tensor of shape {shape}, not one colour picture.")
    channels_first = shape[3] != 3
    sides = shape[2:] if channels_first else shape[1:3]
    if sides[0] != sides[1]:
        raise InputError(f"{path} takes a picture of {sides[0]} x {sides[1]} px, not a square one.")
    return sides[0], channels_first


def _ranges(path: Path, source: TensorInfo, target: TensorInfo, foreign: Foreign) -> tuple[Range, Range]:
    """Return input and output range, from the user or an integer tensor. Two float tensors share one range."""
    value_range = foreign.value_range or _span(source)
    if value_range is None:
        raise InputError(f"{path} does not say the range of its input: give --range, such as {EXAMPLES}.")
    same = value_range if source.is_float and target.is_float else None
    output_range = foreign.output_range or same or _span(target)
    if output_range is None:
        raise InputError(f"{path} does not say the range of its output: give --output-range, such as {EXAMPLES}.")
    return value_range, output_range


def _span(info: TensorInfo) -> Range | None:
    """Least and greatest real value of an integer tensor; None for a float tensor."""
    if info.is_float:
        return None
    limits = np.iinfo(info.dtype)
    return (limits.min - info.zero_point) * info.scale, (limits.max - info.zero_point) * info.scale


def _encode_table(info: TensorInfo, value_range: Range) -> Tensor:
    """Input values of the 256 grey levels, (256,) of the tensor's dtype: -1..1 stretched to the model's range."""
    low, high = value_range
    unit = pixels.to_unit(np.arange(256, dtype=np.uint8))
    real = unit * (high - low) / 2 + (low + high) / 2
    if info.is_float:
        return real.astype(info.dtype)
    limits = np.iinfo(info.dtype)
    return np.clip(np.rint(real / info.scale) + info.zero_point, limits.min, limits.max).astype(info.dtype)
