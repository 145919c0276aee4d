"""Runs ONNX models with ONNX Runtime, on the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Tensor
from facetoon.edge_runtime.sessions.adoption import AdoptionFacts, adopted_spec, foreign_bytes
from facetoon.edge_runtime.sessions.base_session import BaseSession, TensorInfo
from facetoon.edge_runtime.sessions.model_trial import try_model
from facetoon.edge_runtime.sessions.picture_shape import Sides, one_picture
from facetoon.edge_runtime.sessions.runtimes import RUNTIMES
from facetoon.edge_runtime.spec import read_model

DTYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
}
FATAL_ONLY = 4  # severity of its log, since its exceptions describe faults of a model


class OnnxSession(BaseSession):
    """An .onnx generator. Ours takes float pictures, channels last; a quantized model quantizes them itself."""

    def __init__(
        self,
        path: Path,
        runtime: str = "onnxruntime",
        threads: int = 2,
        xnnpack: bool = True,
        facts: AdoptionFacts | None = None,
    ) -> None:
        """`runtime` and `xnnpack` are the arguments of every session; ONNX Runtime ignores them.

        `facts` are for another project's file, which carries no spec.
        """
        model, spec = (foreign_bytes(path), None) if facts else read_model(path)
        sides_px = spec.sides_px if spec else facts.sides_px if facts else None
        try_model(model, path, runtime, sides_px)
        self._session, self.runtime = open_onnx(model, str(path), threads)
        inputs = [_info(path, argument, sides_px) for argument in self._session.get_inputs()]
        pictures = [info.shape for info in inputs if len(info.shape) == 4]
        outputs = [_info(path, each, sides_px, *pictures[:1]) for each in self._session.get_outputs()]
        super().__init__(
            path, spec or adopted_spec(path, model, facts or AdoptionFacts(), inputs, outputs), inputs, outputs
        )

    def infer(self, tensor: Tensor) -> Tensor:
        """See Session."""
        feeds = {self._input.key: tensor}
        if self._style_input:
            feeds[self._style_input.key] = self._style_tensor
        return self._session.run([self._output.key], feeds)[0]


def open_onnx(model: bytes | str, name: str, threads: int) -> tuple[Any, str]:
    """Open an InferenceSession; return it and "library version". Messages name the file `name`.

    `model` is an ONNX file's bytes, or its path: only by the path are weights found that lie in files beside it.
    Raises InputError when ONNX Runtime is missing or does not run this model.
    """
    onnxruntime: Any = RUNTIMES["onnxruntime"].load()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = FATAL_ONLY
    try:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its own exceptions share no base class
        raise InputError(f"{name} is not a model that onnxruntime can run: {str(error).splitlines()[0]}") from None
    return session, f"onnxruntime {onnxruntime.__version__}"


def _info(path: Path, argument: Any, sides_px: Sides | None, picture: tuple[int, ...] = ()) -> TensorInfo:
    """Describe a tensor. An open batch becomes 1. An output's open sides are those of the input `picture`."""
    if argument.type not in DTYPES:
        raise InputError(f"{path} has a {argument.type}; a tensor here is one of {', '.join(DTYPES)}.")
    shape = one_picture(argument.shape, sides_px)
    if None in shape and len(shape) == len(picture):
        shape = picture
    if None in shape:
        raise InputError(f"{path} takes pictures of any size: state one with --size, such as 256.")
    return TensorInfo(argument.name, tuple(filter(None, shape)), np.dtype(DTYPES[argument.type]))
