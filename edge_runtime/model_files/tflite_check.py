"""Checks a TFLite flatbuffer before a runtime sees it: offsets, indices, shapes, and the memory that it asks for.

TFLite's runtimes trust these numbers. A wrong one ends the process by a signal, or takes all memory. The numbers of
slots and types below are those of schema.fbs of TFLite.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.model_files.flatbuffer_table import DamagedFlatbuffer, FlatbufferTable, read_number

MOST_LAYER_MB = 256
"""The most memory for the inputs and outputs of one operator; MOST_MEMORY_VARIABLE raises it."""
MOST_MEMORY_VARIABLE = "FACETOON_MODEL_MEMORY_MB"
MOST_TABLES = 20_000  # of tensors, operators or buffers
MOST_GRAPHS = 16

OPERATOR_CODES, SUBGRAPHS, BUFFERS = 1, 2, 4  # of Model
OLD_CODE, CUSTOM_CODE, NEW_CODE = 0, 1, 3  # of OperatorCode: the builtin code in 8 bits, and in 32
TENSORS, INPUTS, OUTPUTS, OPERATORS = 0, 1, 2, 3  # of SubGraph
SHAPE, TYPE, BUFFER, NAME, QUANTIZATION, VARIABLE, SPARSITY, SIGNATURE = 0, 1, 2, 3, 4, 5, 6, 7  # of Tensor
SCALE, ZERO_POINT, CHANNEL_AXIS = 2, 3, 6  # of QuantizationParameters
CODE_INDEX, OP_INPUTS, OP_OUTPUTS, OPTIONS, CUSTOM_OPTIONS, INTERMEDIATES = 0, 1, 2, 4, 5, 8  # of Operator
DATA, FAR_OFFSET, FAR_BYTES = 0, 1, 2  # of Buffer
TYPE_BITS = {0: 32, 1: 16, 2: 32, 3: 8, 4: 64, 6: 8, 7: 16, 8: 64, 9: 8, 10: 64, 11: 128, 12: 64, 15: 32, 16: 16}
PACKED_BITS = {17: 4, 18: 16, 19: 2}  # int4, bfloat16, int2
OPTIONAL_FROM = {3: 2, 4: 2, 9: 2, 67: 3, 16: 1, 44: 1, 27: 4, 125: 2, 132: 2, 134: 3}
"""Builtin code -> the first input that may be left out (-1), such as the bias of a convolution."""


@dataclass(frozen=True)
class _Tensor:
    bytes: int
    constant: bool
    """It has its values in the file, or keeps them from frame to frame."""


def check_tflite(model: bytes, name: str) -> None:
    """Check a flatbuffer of TFLite. Raises InputError, which names the file `name`, unless everything holds."""
    try:
        root = FlatbufferTable(model, read_number(model, "<I", 0))
        codes = [_builtin_code(code) for code in root.tables(OPERATOR_CODES, MOST_TABLES)]
        buffers = [_buffer_bytes(buffer, len(model)) for buffer in root.tables(BUFFERS, MOST_TABLES)]
        graphs = root.tables(SUBGRAPHS, MOST_GRAPHS)
        if not graphs:
            raise DamagedFlatbuffer("it has no graph")
        for graph in graphs:
            _check_graph(graph, codes, buffers)
    except DamagedFlatbuffer as error:
        raise InputError(f"{name} is a damaged TFLite model: {error}.") from None


def most_layer_bytes() -> int:
    """Return the most memory for one operator in bytes. Raises InputError when the variable is no number."""
    text = os.environ.get(MOST_MEMORY_VARIABLE, str(MOST_LAYER_MB))
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 8):
        raise InputError(f"{MOST_MEMORY_VARIABLE} is {text!r}; it takes a number of megabytes.")
    return int(text) * 1_000_000


def _builtin_code(code: FlatbufferTable) -> int:
    code.vector(CUSTOM_CODE, 1)
    return max(code.number(OLD_CODE, "<b"), code.number(NEW_CODE, "<i"))


def _buffer_bytes(buffer: FlatbufferTable, file_bytes: int) -> int:
    far, far_bytes = buffer.number(FAR_OFFSET, "<Q"), buffer.number(FAR_BYTES, "<Q")
    if far > 1 and far + far_bytes > file_bytes:  # 0 and 1 mean that the data stands in the flatbuffer
        raise DamagedFlatbuffer("a buffer runs past the file's end")
    return far_bytes if far > 1 else buffer.vector(DATA, 1)[1]


def _check_graph(graph: FlatbufferTable, codes: list[int], buffers: list[int]) -> None:
    tensors = [_tensor(tensor, buffers) for tensor in graph.tables(TENSORS, MOST_TABLES)]
    inputs, outputs = graph.numbers(INPUTS, "i"), graph.numbers(OUTPUTS, "i")
    _check_indices((*inputs, *outputs), tensors)
    if any(tensors[index].constant for index in inputs):
        raise DamagedFlatbuffer("an input of the graph has values in the file")
    ready = {*inputs, *(index for index, tensor in enumerate(tensors) if tensor.constant)}
    for operator in graph.tables(OPERATORS, MOST_TABLES):
        _check_operator(operator, codes, tensors, ready)
        ready |= {*operator.numbers(OP_OUTPUTS, "i")}
    if not ready.issuperset(outputs):
        raise DamagedFlatbuffer("no operator computes its output")


def _check_operator(operator: FlatbufferTable, codes: list[int], tensors: list[_Tensor], ready: set[int]) -> None:
    number = operator.number(CODE_INDEX, "<I")
    if number >= len(codes):
        raise DamagedFlatbuffer("an operator has no code")
    optional_from = OPTIONAL_FROM.get(codes[number], math.inf)
    inputs, outputs = operator.numbers(OP_INPUTS, "i"), operator.numbers(OP_OUTPUTS, "i")
    required = [index for place, index in enumerate(inputs) if index != -1 or place < optional_from]
    _check_indices((*required, *outputs, *operator.numbers(INTERMEDIATES, "i")), tensors)
    if not ready.issuperset(required):
        raise DamagedFlatbuffer("an operator reads what none before it computes")
    if any(tensors[index].constant and tensors[index].bytes and index in ready for index in outputs):
        raise DamagedFlatbuffer("an operator writes over a constant")
    if any(index in ready and not tensors[index].constant for index in outputs):
        raise DamagedFlatbuffer("an operator writes over an input, or over what another has computed")
    layer = sum(tensors[index].bytes for index in (*required, *outputs) if not tensors[index].constant)
    if layer > most_layer_bytes():
        raise DamagedFlatbuffer(
            f"one operator takes {layer / 1e6:.0f} MB, of at most {most_layer_bytes() / 1e6:.0f}; "
            f"{MOST_MEMORY_VARIABLE} allows more"
        )
    operator.table(OPTIONS)
    operator.vector(CUSTOM_OPTIONS, 1)


def _check_indices(indices: tuple[int, ...], tensors: list[_Tensor]) -> None:
    if not all(0 <= index < len(tensors) for index in indices):
        raise DamagedFlatbuffer("an operator or the graph names a tensor that is not there")


def _tensor(tensor: FlatbufferTable, buffers: list[int]) -> _Tensor:
    shape, kind, buffer = tensor.numbers(SHAPE, "i"), tensor.number(TYPE, "<b"), tensor.number(BUFFER, "<I")
    tensor.vector(NAME, 1)
    if len(shape) > 8 or any(side < 0 for side in shape) or any(s < -1 for s in tensor.numbers(SIGNATURE, "i")):
        raise DamagedFlatbuffer(f"a tensor has the shape {shape[:8]}")
    if buffer >= len(buffers):
        raise DamagedFlatbuffer("a tensor has no buffer")
    bits = TYPE_BITS.get(kind) or PACKED_BITS.get(kind, 0)
    needed = (math.prod(shape) * bits + 7) // 8
    held = buffers[buffer]
    if held and held < needed and tensor.table(SPARSITY) is None:
        raise DamagedFlatbuffer(f"a tensor of {needed} bytes has values for {held}")
    _check_quantization(tensor.table(QUANTIZATION), shape)
    return _Tensor(needed, bool(held) or bool(tensor.number(VARIABLE, "<B")))


def _check_quantization(quantization: FlatbufferTable | None, shape: tuple[int, ...]) -> None:
    if quantization is None:
        return
    scales, zeros = quantization.numbers(SCALE, "f"), quantization.numbers(ZERO_POINT, "q")
    axis = quantization.number(CHANNEL_AXIS, "<i")
    if not all(math.isfinite(scale) and scale >= 0 for scale in scales):
        raise DamagedFlatbuffer("a tensor's scale is no positive number")
    if len(zeros) not in (0, len(scales), 1):
        raise DamagedFlatbuffer("a tensor has another number of zero points than of scales")
    if len(scales) > 1 and not (0 <= axis < len(shape) and len(scales) == shape[axis]):
        raise DamagedFlatbuffer("a tensor has another number of scales than of channels")
