"""Writes TFLITE_METADATA, which tools such as Android Studio and MediaPipe read in a .tflite file.

The layout is metadata_schema.fbs 1.0 of tflite-support, which is no longer maintained. So the few tables that a
generator needs are written here, field by field, with flatbuffers itself. The schema of the model around them comes
with ai-edge-litert.
"""

from __future__ import annotations

from typing import Any

import flatbuffers
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.tools import flatbuffer_utils
from numpy.typing import NDArray

from facetoon.edge_runtime.model_files.metadata_reader import IDENTIFIER, NAME
from facetoon.edge_runtime.model_files.zip_tail import MEMBER
from facetoon.edge_runtime.spec import ModelSpec

MODEL_IDENTIFIER = b"TFL3"
PARSER = "1.0.0"  # the oldest parser that knows all these fields
GREY_LEVELS = 255.0


class _Byte(int):
    """The value of an enumeration, or the kind of a union; other fields are offsets."""


DESCRIPTIONS, RGB, IMAGE, NORMALIZATION = _Byte(1), _Byte(1), _Byte(2), _Byte(1)


def with_metadata(model: bytes, spec: ModelSpec) -> bytes:
    """Add name, author, licence and the scale from grey levels to input and output values to a flatbuffer.

    Equal vectors are written once, which makes the file smaller.
    """
    root = flatbuffer_utils.read_model_from_bytearray(bytearray(model))
    graph = root.subgraphs[0]
    is_style = [len(graph.tensors[index].shape) == 2 for index in graph.inputs]
    entry = schema.MetadataT()
    entry.name, entry.buffer = NAME, len(root.buffers)
    buffer = schema.BufferT()
    buffer.data = list(metadata(spec, is_style))
    root.buffers.append(buffer)
    root.metadata = [*(root.metadata or ()), entry]
    builder = _SharingBuilder(len(model))
    builder.Finish(root.Pack(builder), MODEL_IDENTIFIER)
    return bytes(builder.Output())


class _SharingBuilder(flatbuffers.Builder):  # type: ignore[misc]
    """Writes equal vectors once. The zero point of each channel is 8 bytes of zeros: a fifth of a small file in all."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._written: dict[tuple[str, bytes], int] = {}

    def CreateNumpyVector(self, x: NDArray[Any]) -> int:
        key = (x.dtype.str, x.tobytes())
        if key not in self._written:
            self._written[key] = super().CreateNumpyVector(x)
        return self._written[key]


def metadata(spec: ModelSpec, is_style: list[bool]) -> bytes:
    """Return the buffer's bytes. `is_style` has one entry for each input of the graph: whether it is the style."""
    builder = flatbuffers.Builder(1024)
    text = builder.CreateString
    low, high = spec.value_range
    std = GREY_LEVELS / (high - low)
    inputs = [
        _table(builder, text("style"), text(f"shares of {', '.join(spec.styles)}, which sum to 1"))
        if style
        else _image(builder, "image", "a square RGB picture of a face, see facetoon.json", -low * std, std, (low, high))
        for style in is_style
    ]
    # Readers compute (value - mean) / std, which must give grey levels for the output.
    drawn = "the same picture, drawn" + (", with a matte of the head as its fourth channel" if spec.matte else "")
    output = _image(builder, "cartoon", drawn, low, 1 / std, (low, high))
    graph = _table(builder, None, None, _tables(builder, inputs), _tables(builder, [output]))
    member = _table(builder, text(MEMBER), text("the model spec of facetoon"), DESCRIPTIONS)
    root = _table(
        builder,
        text(spec.name),
        text(f"{spec.direction}, {spec.recipe}"),
        text(spec.run[:12]),  # the version: the training run
        _tables(builder, [graph]),
        text(spec.author),
        text(spec.licence),
        _tables(builder, [member]),
        text(PARSER),
    )
    builder.Finish(root, IDENTIFIER)
    return bytes(builder.Output())


def _image(builder: Any, name: str, what: str, mean: float, std: float, limits: tuple[float, float]) -> int:
    """TensorMetadata of a picture. `mean` and `std` convert the scale, `limits` are the tensor's (least, greatest)."""
    content = _table(builder, IMAGE, _table(builder, RGB))
    normalization = _table(builder, _floats(builder, mean), _floats(builder, std))
    units = _tables(builder, [_table(builder, NORMALIZATION, normalization)])
    stats = _table(builder, _floats(builder, limits[1]), _floats(builder, limits[0]))
    return _table(builder, builder.CreateString(name), builder.CreateString(what), None, content, units, stats)


def _table(builder: Any, *fields: int | None) -> int:
    """Write a table with its fields in the order of the schema; None leaves a field out."""
    builder.StartObject(len(fields))
    for slot, field in enumerate(fields):
        if isinstance(field, _Byte):
            builder.PrependUint8Slot(slot, field, 0)
        elif field is not None:
            builder.PrependUOffsetTRelativeSlot(slot, field, 0)
    return int(builder.EndObject())


def _tables(builder: Any, offsets: list[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())


def _floats(builder: Any, value: float) -> int:
    """A vector of one value, which stands for all channels."""
    builder.StartVector(4, 1, 4)
    builder.PrependFloat32(value)
    return int(builder.EndVector())
