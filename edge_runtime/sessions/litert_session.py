"""Runs TFLite models with LiteRT (ai_edge_litert) or its predecessor tflite_runtime, which share one interface."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Tensor
from facetoon.edge_runtime.sessions.adoption import AdoptionFacts, adopted_spec, foreign_bytes
from facetoon.edge_runtime.sessions.base_session import BaseSession, TensorInfo
from facetoon.edge_runtime.sessions.model_trial import try_model
from facetoon.edge_runtime.sessions.picture_shape import Sides, one_picture
from facetoon.edge_runtime.sessions.runtimes import choose_runtime
from facetoon.edge_runtime.spec import read_model

QUIETING = threading.Lock()


class LiteRtSession(BaseSession):
    """A .tflite generator, float32 or int8."""

    def __init__(
        self,
        path: Path,
        runtime: str = "litert",
        threads: int = 2,
        xnnpack: bool = True,
        facts: AdoptionFacts | None = None,
    ) -> None:
        """`facts` are for another project's file, which carries no spec."""
        model, spec = (foreign_bytes(path), None) if facts else read_model(path)
        sides_px = spec.sides_px if spec else facts.sides_px if facts else None
        try_model(model, path, runtime, sides_px)
        self._interpreter, self.runtime = open_interpreter(model, str(path), runtime, threads, xnnpack, sides_px)
        if sides_px:
            self._interpreter.invoke()  # only a run fixes the shapes after operators that compute one
        details = self._interpreter.get_input_details()
        if facts and not sides_px:
            _check_sides(path, details)
        inputs, outputs = (
            [_info(each) for each in tensors] for tensors in (details, self._interpreter.get_output_details())
        )
        super().__init__(
            path, spec or adopted_spec(path, model, facts or AdoptionFacts(), inputs, outputs), inputs, outputs
        )

    def infer(self, tensor: Tensor) -> Tensor:
        """See Session."""
        self._interpreter.set_tensor(self._input.key, tensor)
        if self._style_input:
            self._interpreter.set_tensor(self._style_input.key, self._style_tensor)
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output.key)


def _info(details: dict[str, Any]) -> TensorInfo:
    shape, (scale, zero_point) = tuple(map(int, details["shape"])), details["quantization"]  # a scale of 0 means none
    return TensorInfo(details["index"], shape, np.dtype(details["dtype"]), scale or 1.0, zero_point, bool(scale))


def _check_sides(path: Path, inputs: list[dict[str, Any]]) -> None:
    """Raise InputError for pictures of variable size. A variable batch alone is one picture."""
    if any(None in one_picture(_signature(details)) for details in inputs):
        raise InputError(f"{path} takes pictures of any size: state one with --size, such as 256.")


def _signature(details: dict[str, Any]) -> list[int]:
    """A tensor's shape with -1 for every size that the file leaves open."""
    return [int(size) for size in details.get("shape_signature", details["shape"])]


def open_interpreter(
    model: bytes,
    name: str,
    runtime: str,
    threads: int,
    xnnpack: bool = True,
    sides_px: Sides | None = None,
    usual_px: int = 1,
) -> tuple[Any, str]:
    """Open an Interpreter for flatbuffer bytes; return it and "library version". Messages name the file `name`.

    Without `xnnpack` TFLite's own kernels run, which only benchmarks measure. Variable sides become `sides_px`, if
    given, and else `usual_px`. Raises InputError when the runtime is missing or does not run this model.
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
            _fix_sides(interpreter, sides_px, usual_px)
            interpreter.allocate_tensors()
    except SystemError as error:  # tflite-runtime was built for NumPy 1 and says so only here
        raise InputError(f"The runtime {runtime} does not work beside this NumPy: {error}.") from None
    except (ValueError, RuntimeError) as error:
        raise InputError(f"{name} is not a model that {runtime} can run: {str(error).splitlines()[0]}") from None
    return interpreter, f"{chosen.distribution} {metadata.version(chosen.distribution)}"


def _fix_sides(interpreter: Any, sides_px: Sides | None, usual_px: int) -> None:
    for details in interpreter.get_input_details():
        shape = one_picture(_signature(details), sides_px, usual_px)
        if shape != tuple(details["shape"]):
            interpreter.resize_tensor_input(details["index"], shape)


@contextlib.contextmanager
def _quiet_stderr() -> Iterator[None]:
    """Hide the output of C++: "Created TensorFlow Lite XNNPACK delegate". All threads share the stream, so in turns."""
    with QUIETING:
        saved = os.dup(2)
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
