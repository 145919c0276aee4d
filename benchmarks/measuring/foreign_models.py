"""Other projects' models as sessions: shapes, layout and types come from the file, ranges from it or from the user."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.framing import Framing
from facetoon.edge_runtime.pixels import Image, Tensor
from facetoon.edge_runtime.sessions.base_session import TensorInfo
from facetoon.edge_runtime.sessions.litert_session import open_interpreter
from facetoon.edge_runtime.sessions.onnx_session import open_onnx
from facetoon.edge_runtime.spec import ModelSpec

if TYPE_CHECKING:
    from facetoon.benchmarks.measuring.variants import Variant

ONNX_TYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(uint8)": "uint8",
    "tensor(int8)": "int8",
}
Range = tuple[float, float]


@dataclass(frozen=True)
class Foreign:
    """What the user says about a model without a facetoon spec, since its file cannot."""

    value_range: Range | None = None
    """What grey levels 0 and 255 become; None: not said."""
    output_range: Range | None = None
    """The same of what comes out."""
    size_px: int | None = None
    """Side of the picture, for a model of variable size."""


@dataclass(frozen=True)
class _Opened:
    """A loaded network with one tensor in and one out."""

    runtime: str
    input: TensorInfo
    output: TensorInfo
    run: Callable[[Tensor], Tensor]


class ForeignSession:
    """Any image-to-image network with one picture in and one out, as a Session. Not thread-safe: one owner each."""

    def __init__(self, path: Path, variant: Variant, foreign: Foreign) -> None:
        """Raises InputError when it is no such network, or nobody says which values it wants."""
        opened = (_open_onnx if path.suffix == ".onnx" else _open_tflite)(path, variant, foreign.size_px)
        self.runtime, self._run, taken, self._output = opened.runtime, opened.run, opened.input, opened.output
        shape = taken.shape
        if len(shape) != 4 or shape[0] != 1 or 3 not in (shape[1], shape[3]):
            raise InputError(f"{path} takes a tensor of shape {shape}, not one colour picture.")
        for info in (taken, self._output):
            if not info.is_float and info.dtype not in (np.dtype(np.uint8), np.dtype(np.int8)):
                raise InputError(f"{path} has a tensor of {info.dtype.name}; float, uint8 and int8 are known here.")
        self._path, self._channels_first = path, shape[3] != 3
        sides = shape[2:] if self._channels_first else shape[1:3]
        if sides[0] != sides[1]:
            raise InputError(f"{path} takes a picture of {sides[0]} x {sides[1]} px, not a square one.")
        self.size_px: int = sides[0]
        value_range = foreign.value_range or _span(taken)
        if value_range is None:
            raise InputError(f"{path} does not say which values it wants: give --range, such as -1,1 or 0,1 or 0,255.")
        same = value_range if taken.is_float and self._output.is_float else None
        output_range = foreign.output_range or same or _span(self._output)
        if output_range is None:
            raise InputError(f"{path} does not say which values it gives: give --output-range, such as -1,1 or 0,255.")
        self.value_range, self._output_range = value_range, output_range
        self.styles: tuple[str, ...] = ()
        self.style = np.ones(1, np.float32)
        self._encode = _table(taken, self.value_range)
        self.spec = ModelSpec(
            name=path.stem,
            direction="photo to cartoon",
            recipe=f"foreign {taken.dtype.name}",
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
        """See Session; the picture may have another size than the input. InputError when it is no picture."""
        if tensor.ndim != 4 or 3 not in (tensor.shape[1], tensor.shape[3]):
            raise InputError(f"{self._path} gives a tensor of shape {tensor.shape}, not one colour picture.")
        values = (tensor if tensor.shape[3] == 3 else tensor.transpose(0, 2, 3, 1))[0].astype(np.float32)
        real = values if self._output.is_float else (values - self._output.zero_point) * self._output.scale
        low, high = self._output_range
        return pixels.from_unit((real - (low + high) / 2) / ((high - low) / 2))

    def set_style(self, weights: Any) -> None:
        """See Session; no other project's style input is known here."""
        raise InputError(f"{self.spec.name} has no styles to mix.")

    def run(self, image: Image) -> Image:
        """See Session."""
        return self.to_image(self.infer(self.to_tensor(image)))


def _span(info: TensorInfo) -> Range | None:
    """What an integer tensor can hold, in its own unit; None for a float one, which tells nothing: never guessed."""
    if info.is_float:
        return None
    limits = np.iinfo(info.dtype)
    return (limits.min - info.zero_point) * info.scale, (limits.max - info.zero_point) * info.scale


def _table(info: TensorInfo, value_range: Range) -> Tensor:
    """256 input values: our own table, moved from -1..1 to the range of this model, then quantized where it is."""
    low, high = value_range
    unit = pixels.to_unit(np.arange(256, dtype=np.uint8))
    real = unit * (high - low) / 2 + (low + high) / 2
    if info.is_float:
        return real.astype(info.dtype)
    limits = np.iinfo(info.dtype)
    return np.clip(np.rint(real / info.scale) + info.zero_point, limits.min, limits.max).astype(info.dtype)


def _open_tflite(path: Path, variant: Variant, size_px: int | None) -> _Opened:
    interpreter, runtime = open_interpreter(
        path.read_bytes(), str(path), variant.runtime, variant.threads, variant.xnnpack is not False
    )
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    _check_one_each(path, inputs, outputs)
    if size_px:
        try:
            interpreter.resize_tensor_input(inputs[0]["index"], [1, size_px, size_px, 3])
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise InputError(f"{path} cannot take {size_px} px: {str(error).splitlines()[0]}") from None
        inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    elif -1 in inputs[0].get("shape_signature", ()):
        raise InputError(f"{path} takes pictures of any size: give --size, such as 256.")
    taken, given = _tflite_info(inputs[0]), _tflite_info(outputs[0])

    def run(tensor: Tensor) -> Tensor:
        interpreter.set_tensor(taken.key, tensor)
        interpreter.invoke()
        return interpreter.get_tensor(given.key)

    return _Opened(runtime, taken, given, run)


def _tflite_info(details: dict[str, Any]) -> TensorInfo:
    scale, zero_point = details["quantization"]  # a scale of 0 means none
    shape = tuple(map(int, details["shape"]))
    return TensorInfo(details["index"], shape, np.dtype(details["dtype"]), scale or 1.0, zero_point)


def _open_onnx(path: Path, variant: Variant, size_px: int | None) -> _Opened:
    session, runtime = open_onnx(path.read_bytes(), str(path), variant.threads)
    inputs, outputs = session.get_inputs(), session.get_outputs()
    _check_one_each(path, inputs, outputs)
    taken, given = (_onnx_info(path, argument, size_px) for argument in (inputs[0], outputs[0]))
    if None in taken.shape:
        raise InputError(f"{path} takes pictures of any size: give --size, such as 256.")

    def run(tensor: Tensor) -> Tensor:
        return session.run([given.key], {taken.key: tensor})[0]

    return _Opened(runtime, taken, given, run)


def _onnx_info(path: Path, argument: Any, size_px: int | None) -> TensorInfo:
    """A dynamic batch, which has a name instead of a number, is one picture; ONNX inputs carry no quantization."""
    if argument.type not in ONNX_TYPES:
        raise InputError(f"{path} has a {argument.type}; known here are {', '.join(ONNX_TYPES)}.")
    batch, *sides = argument.shape or (None,)
    shape = (batch if isinstance(batch, int) else 1, *(side if isinstance(side, int) else size_px for side in sides))
    return TensorInfo(argument.name, shape, np.dtype(ONNX_TYPES[argument.type]))  # type: ignore[arg-type]


def _check_one_each(path: Path, inputs: list[Any], outputs: list[Any]) -> None:
    if (len(inputs), len(outputs)) != (1, 1):
        raise InputError(f"{path} has {len(inputs)} inputs and {len(outputs)} outputs, not one of each.")
