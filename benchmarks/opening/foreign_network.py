"""Loads another project's network with one input and one output tensor, which the file itself describes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from facetoon.benchmarks.opening.variant import Variant
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Tensor
from facetoon.edge_runtime.sessions.base_session import TensorInfo
from facetoon.edge_runtime.sessions.litert_session import open_interpreter
from facetoon.edge_runtime.sessions.model_trial import read_tried
from facetoon.edge_runtime.sessions.onnx_session import open_onnx

ONNX_TYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(uint8)": "uint8",
    "tensor(int8)": "int8",
}


@dataclass(frozen=True)
class ForeignNetwork:
    """A loaded network with one input and one output tensor."""

    runtime: str
    """Name and version of the library that runs it."""
    input: TensorInfo
    output: TensorInfo
    run: Callable[[Tensor], Tensor]


def open_network(path: Path, variant: Variant, size_px: int | None) -> ForeignNetwork:
    """Load a .tflite or .onnx file. `size_px` is the side of the picture for a network of variable size.

    Raises InputError when it cannot be loaded, or has more than one input or output.
    """
    return (_open_onnx if path.suffix == ".onnx" else _open_tflite)(path, variant, size_px)


def _open_tflite(path: Path, variant: Variant, size_px: int | None) -> ForeignNetwork:
    interpreter, runtime = open_interpreter(
        read_tried(path, variant.runtime, size_px),
        str(path),
        variant.runtime,
        variant.threads,
        variant.xnnpack is not False,
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
    source, target = _tflite_info(inputs[0]), _tflite_info(outputs[0])

    def run(tensor: Tensor) -> Tensor:
        interpreter.set_tensor(source.key, tensor)
        interpreter.invoke()
        return interpreter.get_tensor(target.key)

    return ForeignNetwork(runtime, source, target, run)


def _tflite_info(details: dict[str, Any]) -> TensorInfo:
    scale, zero_point = details["quantization"]  # a scale of 0 means none
    shape = tuple(map(int, details["shape"]))
    return TensorInfo(details["index"], shape, np.dtype(details["dtype"]), scale or 1.0, zero_point)


def _open_onnx(path: Path, variant: Variant, size_px: int | None) -> ForeignNetwork:
    session, runtime = open_onnx(read_tried(path, variant.runtime, size_px), str(path), variant.threads)
    inputs, outputs = session.get_inputs(), session.get_outputs()
    _check_one_each(path, inputs, outputs)
    source, target = (_onnx_info(path, argument, size_px) for argument in (inputs[0], outputs[0]))
    if None in source.shape:
        raise InputError(f"{path} takes pictures of any size: give --size, such as 256.")

    def run(tensor: Tensor) -> Tensor:
        return session.run([target.key], {source.key: tensor})[0]

    return ForeignNetwork(runtime, source, target, run)


def _onnx_info(path: Path, argument: Any, size_px: int | None) -> TensorInfo:
    """Describe a tensor. A dynamic batch has a name for a size and becomes 1. ONNX inputs have no quantization."""
    if argument.type not in ONNX_TYPES:
        raise InputError(f"{path} has a {argument.type}; toon-bench takes {', '.join(ONNX_TYPES)}.")
    batch, *sides = argument.shape or (None,)
    shape = (batch if isinstance(batch, int) else 1, *(side if isinstance(side, int) else size_px for side in sides))
    return TensorInfo(argument.name, shape, np.dtype(ONNX_TYPES[argument.type]))  # type: ignore[arg-type]


def _check_one_each(path: Path, inputs: list[Any], outputs: list[Any]) -> None:
    if (len(inputs), len(outputs)) != (1, 1):
        raise InputError(f"{path} has {len(inputs)} inputs and {len(outputs)} outputs, not one of each.")
