"""Runs ONNX models with ONNX Runtime, on the CPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Tensor
from facetoon.edge_runtime.sessions.base_session import BaseSession, TensorInfo
from facetoon.edge_runtime.sessions.model_trial import try_model
from facetoon.edge_runtime.sessions.runtimes import RUNTIMES
from facetoon.edge_runtime.spec import read_model

DTYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}
FATAL_ONLY = 4  # severity of its log, since its exceptions describe faults of a model


class OnnxSession(BaseSession):
    """An .onnx generator with channels last and float pictures; a quantized model quantizes them itself."""

    def __init__(self, path: Path, runtime: str = "onnxruntime", threads: int = 2, xnnpack: bool = True) -> None:
        """`runtime` and `xnnpack` are the arguments of every session; ONNX Runtime ignores them."""
        model, spec = read_model(path)
        try_model(model, path, runtime)
        self._session, self.runtime = open_onnx(model, str(path), threads)
        inputs = [_info(argument) for argument in self._session.get_inputs()]
        super().__init__(path, spec, inputs, [_info(argument) for argument in self._session.get_outputs()])

    def infer(self, tensor: Tensor) -> Tensor:
        """See Session."""
        feeds = {self._input.key: tensor}
        if self._style_input:
            feeds[self._style_input.key] = self._style_tensor.astype(self._style_input.dtype)
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


def _info(argument: Any) -> TensorInfo:
    """Describe a tensor. A dynamic batch has a name for a size, and becomes 1."""
    shape = tuple(size if isinstance(size, int) else 1 for size in argument.shape)
    return TensorInfo(argument.name, shape, np.dtype(DTYPES.get(argument.type, np.float32)))
