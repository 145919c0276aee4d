"""Builds a TFLite model of one subgraph, operator by operator, with LiteRT's schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FLOAT32, INT32, INT8 = 0, 2, 9  # of TFLite's TensorType
ACTIVATION_SCALE = 0.02


class FlatbufferGraph:
    """A chain of operators over float32 or int8 tensors. `schema` holds the names of options and operators."""

    def __init__(self, operators: Sequence[tuple[str, int]]) -> None:
        """`operators` has the BuiltinOperator name and version of each kind that `add_operator` will use."""
        from ai_edge_litert import schema_py_generated as schema

        self.schema: Any = schema
        self.inputs: list[int] = []
        self.outputs: list[int] = []
        self._model, self._graph = schema.ModelT(), schema.SubGraphT()
        self._model.version, self._model.buffers, self._model.subgraphs = 3, [schema.BufferT()], [self._graph]
        self._model.operatorCodes, self._graph.tensors, self._graph.operators = [], [], []
        self._kinds = [name for name, _ in operators]
        for name, version in operators:
            code = schema.OperatorCodeT()
            code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, name)
            code.version = version
            self._model.operatorCodes.append(code)

    def add_tensor(
        self,
        name: str,
        shape: tuple[int, ...],
        tensor_type: int,
        values: NDArray[Any] | None = None,
        scales: Sequence[float] = (),
        channel_axis: int = 0,
    ) -> int:
        """Add a tensor and return its index; `values` make it a constant, `scales` quantize it per channel."""
        tensor, buffer = self.schema.TensorT(), self.schema.BufferT()
        tensor.name, tensor.shape, tensor.type = name, list(shape), tensor_type
        if values is not None:
            buffer.data = np.frombuffer(values.tobytes(), np.uint8)
        scales = list(scales) or ([ACTIVATION_SCALE] if tensor_type == INT8 else [])
        if scales:
            tensor.quantization = self.schema.QuantizationParametersT()
            tensor.quantization.scale, tensor.quantization.zeroPoint = scales, [0] * len(scales)
            tensor.quantization.quantizedDimension = channel_axis
        self._model.buffers.append(buffer)
        tensor.buffer = len(self._model.buffers) - 1
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def add_operator(self, kind: str, inputs: list[int], output: int, options: Any = None) -> None:
        """Add an operator; `options` is an object of the schema, such as AddOptionsT()."""
        operator = self.schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = self._kinds.index(kind), inputs, [output]
        if options is not None:
            operator.builtinOptionsType = getattr(self.schema.BuiltinOptions, type(options).__name__.removesuffix("T"))
            operator.builtinOptions = options
        self._graph.operators.append(operator)

    def to_bytes(self) -> bytes:
        """Return the finished model, from `inputs` to `outputs`."""
        self._graph.inputs, self._graph.outputs = self.inputs, self.outputs
        return pack_tflite(self._model)


def pack_tflite(model: Any) -> bytes:
    """Return the bytes of a model file from the schema's object tree (ModelT)."""
    import flatbuffers

    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
