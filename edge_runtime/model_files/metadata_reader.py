"""Reads TFLITE_METADATA of any tool's .tflite file: its texts, and the ranges of its pictures.

The layout is metadata_schema.fbs 1.0 of tflite-support: https://www.tensorflow.org/lite/models/convert/metadata. The
numbers of fields below are those of that schema.
"""

from __future__ import annotations

from collections.abc import Iterator

from ai_edge_litert import schema_py_generated as schema
from flatbuffers.number_types import Float32Flags
from flatbuffers.table import Table

from facetoon.edge_runtime.value_range import ValueRange

NAME = b"TFLITE_METADATA"
IDENTIFIER = b"M001"
TEXTS = ((0, "name"), (1, "description"), (2, "version"), (4, "author"), (5, "license"))
SUBGRAPHS, INPUTS, OUTPUTS = 3, 2, 3  # of ModelMetadata, and of SubGraphMetadata
PROCESS_UNITS = 4  # of TensorMetadata
KIND, OPTIONS, NORMALIZATION = 0, 1, 1  # of ProcessUnit, and the kind of its options
MEAN, DEVIATION = 0, 1  # of NormalizationOptions
GREY_LEVELS = 255.0


def read_metadata(model: bytes) -> dict[str, str]:
    """Read name, description, version, author and license. The result is empty for a file without metadata."""
    root, texts = _root(model), {}
    if root:
        for slot, field in TEXTS:
            if offset := _offset(root, slot):
                texts[field] = root.String(root.Pos + offset).decode("utf-8", "replace")
    return {field: text for field, text in texts.items() if text}


def metadata_ranges(model: bytes) -> tuple[ValueRange | None, ValueRange | None]:
    """Read the ranges of the first input and the first output; None where the file does not say.

    `(x - mean) / deviation` turns a grey level into an input value, and an output value into a grey level.
    """
    root = _root(model)
    graph = next(_tables(root, SUBGRAPHS), None) if root else None
    scales = [_normalization(next(_tables(graph, slot), None)) if graph else [] for slot in (INPUTS, OUTPUTS)]
    source = _ascending([[(x - mean) / deviation for mean, deviation in scales[0]] for x in (0, GREY_LEVELS)])
    target = _ascending([[x * deviation + mean for mean, deviation in scales[1]] for x in (0, GREY_LEVELS)])
    return source, target


def _root(model: bytes) -> Table | None:
    """The table ModelMetadata; None for a file without one."""
    root = schema.Model.GetRootAs(model)
    for entry in map(root.Metadata, range(root.MetadataLength())):
        if entry.Name() == NAME:
            data = root.Buffers(entry.Buffer()).DataAsNumpy().tobytes()
            return Table(data, int.from_bytes(data[:4], "little")) if data[4:8] == IDENTIFIER else None
    return None


def _normalization(tensor: Table | None) -> list[tuple[float, float]]:
    """Mean and deviation of a TensorMetadata, once or for each channel; empty where it has none."""
    for unit in _tables(tensor, PROCESS_UNITS) if tensor else ():
        kind = _offset(unit, KIND)
        if kind and unit.Bytes[unit.Pos + kind] == NORMALIZATION:
            options = Table(unit.Bytes, unit.Indirect(unit.Pos + _offset(unit, OPTIONS)))
            means, deviations = (list(_floats(options, slot)) for slot in (MEAN, DEVIATION))
            channels = max(len(means), len(deviations))
            means, deviations = (x * channels if len(x) == 1 else x for x in (means, deviations))
            return list(zip(means, deviations, strict=False)) if 0 not in deviations else []
    return []


def _ascending(ends: list[list[float]]) -> ValueRange | None:
    low, high = map(tuple, ends)
    is_range = len(low) in (1, 3) and all(a < b for a, b in zip(low, high, strict=True))
    return ValueRange(low, high) if is_range else None


def _offset(table: Table, slot: int) -> int:
    """Where a field lies in its table; 0 when it is left out."""
    return int(table.Offset(4 + 2 * slot))


def _tables(table: Table, slot: int) -> Iterator[Table]:
    if offset := _offset(table, slot):
        start = table.Vector(offset)
        for number in range(table.VectorLen(offset)):
            yield Table(table.Bytes, table.Indirect(start + 4 * number))


def _floats(table: Table, slot: int) -> Iterator[float]:
    if offset := _offset(table, slot):
        for number in range(table.VectorLen(offset)):
            yield float(table.Get(Float32Flags, table.Vector(offset) + 4 * number))
