"""Reads TFLITE_METADATA of any tool's .tflite file: its texts, and the ranges of its pictures.

The layout is metadata_schema.fbs 1.0 of tflite-support: https://www.tensorflow.org/lite/models/convert/metadata. The
numbers of fields below are those of that schema and of schema.fbs of TFLite.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.model_files.flatbuffer_table import DamagedFlatbuffer, FlatbufferTable, read_number
from facetoon.edge_runtime.value_range import ValueRange

NAME = b"TFLITE_METADATA"
IDENTIFIER = b"M001"
MOST_ENTRIES = 10_000  # of a list of tables
MOST_CHARACTERS = 10_000  # of a text
BUFFERS, ENTRIES = 4, 6  # of Model
ENTRY_NAME, ENTRY_BUFFER = 0, 1  # of Metadata
DATA = 0  # of Buffer
TEXTS = ((0, "name"), (1, "description"), (2, "version"), (4, "author"), (5, "license"))
SUBGRAPHS, INPUTS, OUTPUTS = 3, 2, 3  # of ModelMetadata, and of SubGraphMetadata
PROCESS_UNITS = 4  # of TensorMetadata
KIND, OPTIONS, NORMALIZATION = 0, 1, 1  # of ProcessUnit, and the kind of its options
MEAN, DEVIATION = 0, 1  # of NormalizationOptions
GREY_LEVELS = 255.0


def read_metadata(model: bytes, name: str = "The model") -> dict[str, str]:
    """Read name, description, version, author and license. The result is empty for a file without metadata.

    Raises InputError, with the file's `name`, for damaged metadata.
    """
    with _refusing_damage(name):
        root = _root(model)
        texts = {field: root.data(slot) for slot, field in TEXTS} if root else {}
    return {field: data.decode("utf-8", "replace")[:MOST_CHARACTERS] for field, data in texts.items() if data}


def metadata_ranges(model: bytes, name: str = "The model") -> tuple[ValueRange | None, ValueRange | None]:
    """Read the ranges of the first input and the first output; None where the file does not say.

    `(x - mean) / deviation` turns a grey level into an input value, and an output value into a grey level. Raises
    InputError as `read_metadata` does.
    """
    with _refusing_damage(name):
        root = _root(model)
        graphs = root.tables(SUBGRAPHS, MOST_ENTRIES) if root else []
        inputs, outputs = (_normalization(graphs[0], slot) if graphs else [] for slot in (INPUTS, OUTPUTS))
    source = _ascending([[(x - mean) / deviation for mean, deviation in inputs] for x in (0, GREY_LEVELS)])
    target = _ascending([[x * deviation + mean for mean, deviation in outputs] for x in (0, GREY_LEVELS)])
    return source, target


@contextmanager
def _refusing_damage(name: str) -> Iterator[None]:
    try:
        yield
    except DamagedFlatbuffer as error:
        raise InputError(f"{name} carries damaged TFLITE_METADATA: {error}.") from None


def _root(model: bytes) -> FlatbufferTable | None:
    """The table ModelMetadata; None for a file without one."""
    root = FlatbufferTable(model, read_number(model, "<I", 0))
    for entry in root.tables(ENTRIES, MOST_ENTRIES):
        if entry.data(ENTRY_NAME) == NAME:
            buffers, number = root.tables(BUFFERS, MOST_ENTRIES), entry.number(ENTRY_BUFFER, "<I")
            if number >= len(buffers):
                raise DamagedFlatbuffer("its buffer is not there")
            data = buffers[number].data(DATA)
            return FlatbufferTable(data, read_number(data, "<I", 0)) if data[4:8] == IDENTIFIER else None
    return None


def _normalization(graph: FlatbufferTable, slot: int) -> list[tuple[float, float]]:
    """Mean and deviation of a graph's first input or output, once or for each channel; empty where it has none."""
    tensors = graph.tables(slot, MOST_ENTRIES)
    for unit in tensors[0].tables(PROCESS_UNITS, MOST_ENTRIES) if tensors else []:
        options = unit.table(OPTIONS)
        if options and unit.number(KIND, "<B") == NORMALIZATION:
            means, deviations = (list(options.numbers(slot, "f")) for slot in (MEAN, DEVIATION))
            channels = max(len(means), len(deviations))
            means, deviations = (x * channels if len(x) == 1 else x for x in (means, deviations))
            return list(zip(means, deviations, strict=False)) if 0 not in deviations else []
    return []


def _ascending(ends: list[list[float]]) -> ValueRange | None:
    low, high = map(tuple, ends)
    is_range = len(low) in (1, 3) and all(a < b and math.isfinite(b - a) for a, b in zip(low, high, strict=True))
    return ValueRange(low, high) if is_range else None
