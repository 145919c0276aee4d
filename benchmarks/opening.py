"""Which ways of running a model are compared, and how each is opened: our own files and any other cartoonizer's."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge_runtime import pixels
from edge_runtime.errors import InputError
from edge_runtime.framing import Framing
from edge_runtime.litert_session import LiteRtSession, open_interpreter
from edge_runtime.onnx_session import open_onnx
from edge_runtime.pixels import Image, Tensor
from edge_runtime.session import Session, open_session
from edge_runtime.spec import MEMBER, ModelSpec

TFLITE_RUNTIMES = ("litert", "tflite-runtime")
ONNX_RUNTIMES = ("onnxruntime",)


@dataclass(frozen=True)
class Variant:
    """One way to run a model."""

    runtime: str
    threads: int
    xnnpack: bool | None
    """None where the runtime has no such choice."""

    @property
    def label(self) -> str:
        """Unique and short, such as "litert, 2 threads, XNNPACK off"."""
        delegate = {None: "", True: "", False: ", XNNPACK off"}[self.xnnpack]
        return f"{self.runtime}, {self.threads} thread{'s' * (self.threads > 1)}{delegate}"


@dataclass(frozen=True)
class Foreign:
    """What the user says about a model without a facetoon spec, since its file cannot."""

    value_range: tuple[float, float] | None = None
    """What grey levels 0 and 255 become; None: not said."""
    size_px: int | None = None
    """Side of the picture, for a model of variable size."""


def variants_of(path: Path, runtimes: tuple[str, ...], threads: list[int]) -> list[Variant]:
    """Every combination that can run this kind of file; XNNPACK off only with one thread, for it is slow."""
    fitting = ONNX_RUNTIMES if path.suffix == ".onnx" else TFLITE_RUNTIMES
    out = []
    for runtime in (name for name in runtimes if name in fitting):
        has_choice = runtime in TFLITE_RUNTIMES
        out += [Variant(runtime, count, True if has_choice else None) for count in threads]
        out += [Variant(runtime, threads[0], False)] if has_choice else []
    if not out:
        raise InputError(f"{path} runs on {' or '.join(fitting)}, which is not among {', '.join(runtimes)}.")
    return out


def is_ours(path: Path) -> bool:
    """Whether the file carries a facetoon spec; InputError when it cannot be read or is no model file at all."""
    if path.suffix not in (".tflite", ".onnx"):
        raise InputError(f"{path} is not a model file (.tflite or .onnx).")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"The model {path} cannot be read: {error.strerror}.") from None
    if path.suffix == ".onnx":
        return b"facetoon" in data and b'"framing"' in data
    if data[4:8] != b"TFL3":
        raise InputError(f"{path} is not a TFLite model.")
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return MEMBER in archive.namelist()


def open_variant(path: Path, variant: Variant, foreign: Foreign) -> Session:
    """Load the file for one variant. Raises InputError when it cannot run so."""
    if not is_ours(path):
        return ForeignSession(path, variant, foreign)
    if variant.xnnpack is None:
        return open_session(path, variant.runtime, variant.threads)
    return LiteRtSession(path, variant.runtime, variant.threads, variant.xnnpack)


class ForeignSession:
    """Any image-to-image network with one picture in and one out, as a Session. Not thread-safe: one owner each."""

    def __init__(self, path: Path, variant: Variant, foreign: Foreign) -> None:
        opened = _OnnxRunner if path.suffix == ".onnx" else _TfliteRunner
        self._runner: Any = opened(path, variant, foreign.size_px)
        self.runtime: str = self._runner.runtime
        shape = self._runner.input_shape
        if len(shape) != 4 or shape[0] != 1 or 3 not in (shape[1], shape[3]):
            raise InputError(f"{path} takes a tensor of shape {shape}, not one colour picture.")
        self._channels_first = shape[3] != 3
        sides = shape[2:] if self._channels_first else shape[1:3]
        if sides[0] != sides[1]:
            raise InputError(f"{path} takes a picture of {sides[0]} x {sides[1]} px, not a square one.")
        self.size_px: int = sides[0]
        low, high = foreign.value_range or _told_range(path, *self._runner.input_type)
        self.styles: tuple[str, ...] = ()
        self.style = np.ones(1, np.float32)
        self._middle, self._half = (low + high) / 2, (high - low) / 2
        self._encode = self._table(*self._runner.input_type)
        self.spec = ModelSpec(
            name=path.stem,
            direction="photo to cartoon",
            recipe=f"foreign {np.dtype(self._runner.input_type[0]).name}",
            framing=Framing(),
            value_range=(low, high),
        )

    def _table(self, dtype: Any, scale: float, zero_point: int) -> Tensor:
        """256 input values: our own table moved from -1..1 to the range of this model."""
        if np.dtype(dtype).kind == "f":
            unit = pixels.encode_table(np.dtype(dtype), 0.0, 0).astype(np.float32)
            return (unit * self._half + self._middle).astype(dtype)
        return pixels.encode_table(np.dtype(dtype), scale / self._half, round(zero_point + self._middle / scale))

    def to_tensor(self, image: Image) -> Tensor:
        """See Session."""
        tensor = pixels.to_tensor(image, self._encode)
        return np.ascontiguousarray(tensor.transpose(0, 3, 1, 2)) if self._channels_first else tensor

    def infer(self, tensor: Tensor) -> Tensor:
        """See Session."""
        return self._runner.run(tensor)

    def to_image(self, tensor: Tensor) -> Image:
        """See Session; channels and range of the output are taken to be those of the input."""
        dtype, scale, zero_point = self._runner.output_type
        picture = tensor.transpose(0, 2, 3, 1) if tensor.shape[1] == 3 else tensor
        values = picture[0].astype(np.float32)
        real = values if np.dtype(dtype).kind == "f" else (values - zero_point) * scale
        return pixels.from_unit((real - self._middle) / self._half)

    def set_style(self, weights: Any) -> None:
        """See Session; no other project's style input is known here."""
        raise InputError(f"{self.spec.name} has no styles to mix.")

    def run(self, image: Image) -> Image:
        """See Session."""
        return self.to_image(self.infer(self.to_tensor(image)))


def _told_range(path: Path, dtype: Any, scale: float, zero_point: int) -> tuple[float, float]:
    """The range that a quantized input spans; float inputs tell nothing, and a guess would be silent."""
    if np.dtype(dtype).kind == "f" or not scale:
        raise InputError(f"{path} does not say which values it wants: give --range, such as -1,1 or 0,1 or 0,255.")
    limits = np.iinfo(np.dtype(dtype))
    return (limits.min - zero_point) * scale, (limits.max - zero_point) * scale


class _TfliteRunner:
    def __init__(self, path: Path, variant: Variant, size_px: int | None) -> None:
        self._interpreter, self.runtime = open_interpreter(
            path.read_bytes(), str(path), variant.runtime, variant.threads, variant.xnnpack is not False
        )
        inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        if (len(inputs), len(outputs)) != (1, 1):
            raise InputError(f"{path} has {len(inputs)} inputs and {len(outputs)} outputs, not one of each.")
        if size_px:
            self._interpreter.resize_tensor_input(inputs[0]["index"], [1, size_px, size_px, 3])
            self._interpreter.allocate_tensors()
            inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        elif -1 in inputs[0].get("shape_signature", ()):
            raise InputError(f"{path} takes pictures of any size: give --size, such as 256.")
        self._in, self._out = inputs[0]["index"], outputs[0]["index"]
        self.input_shape = tuple(map(int, inputs[0]["shape"]))
        self.input_type = (inputs[0]["dtype"], *inputs[0]["quantization"])
        self.output_type = (outputs[0]["dtype"], *outputs[0]["quantization"])

    def run(self, tensor: Tensor) -> Tensor:
        self._interpreter.set_tensor(self._in, tensor)
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._out)


class _OnnxRunner:
    TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}  # noqa: RUF012

    def __init__(self, path: Path, variant: Variant, size_px: int | None) -> None:
        self._session, self.runtime = open_onnx(path.read_bytes(), str(path), variant.threads)
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if (len(inputs), len(outputs)) != (1, 1) or inputs[0].type not in self.TYPES:
            raise InputError(f"{path} does not map one float picture to another.")
        shape: list[Any] = [side if isinstance(side, int) else None for side in inputs[0].shape]
        if len(shape) == 4:
            shape[0] = shape[0] or 1
            if None in shape and size_px is None:
                raise InputError(f"{path} takes pictures of any size: give --size, such as 256.")
            shape = [size_px if side is None else side for side in shape]
        self._name = inputs[0].name
        self.input_shape: tuple[int, ...] = tuple(shape)
        self.input_type = self.output_type = (self.TYPES[inputs[0].type], 0.0, 0)

    def run(self, tensor: Tensor) -> Tensor:
        return self._session.run(None, {self._name: tensor})[0]
