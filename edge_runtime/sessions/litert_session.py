"""Runs TFLite models with LiteRT (ai_edge_litert) or its predecessor tflite_runtime, which share one interface."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Tensor
from facetoon.edge_runtime.sessions.base_session import BaseSession, TensorInfo
from facetoon.edge_runtime.sessions.model_trial import try_model
from facetoon.edge_runtime.sessions.runtimes import choose_runtime
from facetoon.edge_runtime.spec import read_model


class LiteRtSession(BaseSession):
    """A .tflite generator, float32 or int8."""

    def __init__(self, path: Path, runtime: str = "litert", threads: int = 2, xnnpack: bool = True) -> None:
        model, spec = read_model(path)
        try_model(model, path, runtime)
        self._interpreter, self.runtime = open_interpreter(model, str(path), runtime, threads, xnnpack)
        inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        super().__init__(path, spec, [_info(details) for details in inputs], [_info(details) for details in outputs])

    def infer(self, tensor: Tensor) -> Tensor:
        """See Session."""
        self._interpreter.set_tensor(self._input.key, tensor)
        if self._style_input:
            self._interpreter.set_tensor(self._style_input.key, self._style_tensor)
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output.key)


def _info(details: dict[str, Any]) -> TensorInfo:
    shape = tuple(map(int, details["shape"]))
    return TensorInfo(details["index"], shape, np.dtype(details["dtype"]), *details["quantization"])


def open_interpreter(
    model: bytes, name: str, runtime: str, threads: int, xnnpack: bool = True, size_px: int = 1
) -> tuple[Any, str]:
    """Open an Interpreter for flatbuffer bytes; return it and "library version". Messages name the file `name`.

    Without `xnnpack` TFLite's own kernels run, which only benchmarks measure. A picture of variable size gets sides of
    `size_px`. Raises InputError when the runtime is missing or does not run this model.
    """
    chosen = choose_runtime(name, ".tflite", runtime)
    library = chosen.load()
    try:
        with _quiet_stderr():
            kinds = library.OpResolverType
            kernels = kinds.AUTO if xnnpack else kinds.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            interpreter = library.Interpreter(
                model_content=model, num_threads=threads, experimental_op_resolver_type=kernels
            )
            _fix_sides(interpreter, size_px)
            interpreter.allocate_tensors()
    except SystemError as error:  # tflite-runtime was built for NumPy 1 and says so only here
        raise InputError(f"The runtime {runtime} does not work beside this NumPy: {error}.") from None
    except (ValueError, RuntimeError) as error:
        raise InputError(f"{name} is not a model that {runtime} can run: {str(error).splitlines()[0]}") from None
    return interpreter, f"{chosen.distribution} {metadata.version(chosen.distribution)}"


def _fix_sides(interpreter: Any, size_px: int) -> None:
    """Give the variable sides of pictures a size; a variable batch stays 1, as LiteRT has it."""
    for details in interpreter.get_input_details():
        batch, *sides = details.get("shape_signature", details["shape"]) if len(details["shape"]) == 4 else (1,)
        if -1 in sides:
            shape = [max(int(batch), 1), *(size_px if side == -1 else int(side) for side in sides)]
            interpreter.resize_tensor_input(details["index"], shape)


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Hide the output of C++: "Created TensorFlow Lite XNNPACK delegate"."""
    saved = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
