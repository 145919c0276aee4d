from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from ai_edge_litert.tools import flatbuffer_utils
from flatbuffers.number_types import Float32Flags
from flatbuffers.table import Table

from facetoon.convert.formats.tflite_metadata import metadata, with_metadata
from facetoon.edge_runtime.model_files.metadata_reader import IDENTIFIER, read_metadata
from facetoon.edge_runtime.sessions.session import DEFAULT_MODEL, open_session
from facetoon.edge_runtime.spec import read_model, write_model

TINY = Path(__file__).parents[2] / "data" / "tiny-32.tflite"
MODEL, SPEC = read_model(TINY)
OURS = replace(SPEC, author="Jo Döe", licence="Apache-2.0", styles=("anime", "comic"))


def field(table: Table, slot: int) -> int:
    return table.Offset(4 + 2 * slot)


def below(table: Table, slot: int) -> Table:
    return Table(table.Bytes, table.Indirect(table.Pos + field(table, slot)))


def elements(table: Table, slot: int) -> list[Table]:
    start = table.Vector(field(table, slot))
    return [Table(table.Bytes, table.Indirect(start + 4 * i)) for i in range(table.VectorLen(field(table, slot)))]


def number(table: Table, slot: int) -> float:
    return table.Get(Float32Flags, table.Vector(field(table, slot)))


def name(table: Table) -> str:
    return table.String(table.Pos + field(table, 0)).decode()


def test_the_model_stays_as_it_was_and_tells_of_itself(tmp_path):
    model = with_metadata(MODEL, OURS)
    assert model == with_metadata(MODEL, OURS)
    assert read_metadata(MODEL) == {}
    assert read_metadata(model) == {
        "name": "tiny-32",
        "description": "photo to cartoon, static_wi8_ai8",
        "author": "Jo Döe",
        "license": "Apache-2.0",
    }
    write_model(tmp_path / "toon.tflite", model, SPEC)
    picture = np.random.default_rng(1).integers(0, 256, (32, 32, 3), np.uint8)
    first, second = (open_session(path).run(picture) for path in (TINY, tmp_path / "toon.tflite"))
    assert np.array_equal(first, second)


def test_a_file_that_ships_holds_equal_vectors_once():
    model, _ = read_model(DEFAULT_MODEL)
    loosely = flatbuffer_utils.convert_object_to_bytearray(flatbuffer_utils.read_model_from_bytearray(bytearray(model)))
    assert len(model) < 0.9 * len(loosely)


def test_mean_and_deviation_lead_from_grey_levels_to_values_and_back():
    """Table numbers are those of metadata_schema.fbs: subgraphs 3, inputs 2, outputs 3, process units 4, options 1."""
    data = metadata(OURS, [True, False])
    assert data[4:8] == IDENTIFIER
    (graph,) = elements(Table(data, int.from_bytes(data[:4], "little")), 3)
    style, image = elements(graph, 2)
    (cartoon,) = elements(graph, 3)
    assert [name(tensor) for tensor in (style, image, cartoon)] == ["style", "image", "cartoon"]
    scales = [below(elements(tensor, 4)[0], 1) for tensor in (image, cartoon)]
    values = [(np.array([0, 255]) - number(scales[0], 0)) / number(scales[0], 1)]
    values.append((np.array([-1, 1]) - number(scales[1], 0)) / number(scales[1], 1))
    np.testing.assert_allclose(values, [[-1, 1], [0, 255]], atol=1e-4)
