"""Runs an .onnx file of this kit in OpenVINO, so that the judge can measure it there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from facetoon.edge_runtime.pixels import Tensor
from facetoon.edge_runtime.sessions.onnx_session import OnnxSession
from facetoon.edge_runtime.spec import read_model


class OpenVinoSession(OnnxSession):
    """An .onnx generator on OpenVINO's CPU plugin. Everything but the network's own arithmetic is OnnxSession's."""

    def __init__(self, path: Path) -> None:
        """Raises InputError for no sound .onnx file, and ModuleNotFoundError without openvino."""
        import openvino

        super().__init__(path)
        model, _ = read_model(path)
        # The plugin computes in bfloat16 where the processor has it, unless told otherwise.
        options = {"INFERENCE_PRECISION_HINT": "f32"}
        core = openvino.Core()
        self._compiled: Any = core.compile_model(core.read_model(model, b""), "CPU", options)
        self.runtime = f"openvino {openvino.__version__}"

    def infer(self, tensor: Tensor) -> Tensor:
        """See Session."""
        feeds = {self._input.key: tensor}
        if self._style_input:
            feeds[self._style_input.key] = self._style_tensor.astype(self._style_input.dtype)
        return self._compiled(feeds)[self._output.key]
