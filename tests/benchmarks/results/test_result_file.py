import dataclasses
import json
from pathlib import Path

import pytest

from facetoon.benchmarks.results.result_file import check_destination, read_result, write_output
from facetoon.benchmarks.results.result_schema import SCHEMA
from facetoon.edge_runtime.errors import InputError

RESULTS = Path(__file__).parents[3] / "benchmarks" / "results"


@pytest.fixture
def written(tmp_path, result):
    path = tmp_path / "pi4.json"
    write_output(path, result.to_json() + "\n")
    return path


def test_a_result_comes_back_as_it_was_written(written, result):
    assert read_result(written) == result
    assert list(written.parent.iterdir()) == [written]


def test_the_fastest_variant_and_the_place(tmp_path, result):
    assert result.fastest.threads == 4
    assert result.place(tmp_path) == tmp_path / "raspberry-pi-4-model-b-rev-1-4-cortex-a72" / "anime-64.json"


def test_another_schema_is_refused(written):
    written.write_text(json.dumps(json.loads(written.read_text()) | {"schema": 1}))
    with pytest.raises(InputError, match=f"has result schema 1; this facetoon reads schema {SCHEMA}"):
        read_result(written)


def changed(path, change):
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda v: v.update(luck=7), "luck"),
        (lambda v: v.pop("device"), "device"),
        (lambda v: v["device"].update(cores="four"), "cores"),
        (lambda v: v["variants"][0]["stages"]["infer"].update(p50_ms=None), "p50_ms"),
        (lambda v: v["variants"][0]["stages"]["infer"].update(round_p50_ms=["x"]), "round_p50_ms"),
        (lambda v: v.update(variants=[]), "no inference"),
    ],
)
def test_wrong_fields_are_named(written, change, named):
    changed(written, change)
    with pytest.raises(InputError, match=named):
        read_result(written)


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff\xfe"])
def test_what_is_no_result_is_refused(tmp_path, data):
    path = tmp_path / "odd.json"
    path.write_bytes(data)
    with pytest.raises(InputError, match="is not a result of toon-bench"):
        read_result(path)


def test_a_missing_result_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.json cannot be read"):
        read_result(tmp_path / "none.json")


@pytest.mark.parametrize("place", ["", "no-such-folder/out.json", "file/out.json"])
def test_places_that_cannot_be_written_are_refused_before_measuring(tmp_path, place):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="result cannot"):
        check_destination(tmp_path / place)


@pytest.mark.parametrize("place", ["", "file/out.json"])
def test_places_that_cannot_be_written_are_refused_by_the_writer(tmp_path, place):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="result cannot"):
        write_output(tmp_path / place, "x")


def test_a_check_leaves_nothing_behind(tmp_path):
    check_destination(tmp_path / "out.json")
    assert list(tmp_path.iterdir()) == []


def test_every_committed_result_loads():
    paths = sorted(RESULTS.glob("*/*.json"))
    assert paths
    for path in paths:
        result = read_result(path)
        assert result.place(RESULTS) == path
        assert json.loads(result.to_json()) == json.loads(path.read_text(encoding="utf-8"))


def test_emulated_and_real_are_kept_apart(result):
    emulated = dataclasses.replace(result, device=dataclasses.replace(result.device, emulated=True))
    assert json.loads(emulated.to_json())["device"]["emulated"] is True
