import json

import pytest

from benchmarks.measure import (
    check_destination,
    read_result,
    repetitions,
    summarize,
    write_result,
)
from edge_runtime.errors import InputError
from edge_runtime.timing import Percentiles


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (range(1, 101), (100, 50, 95, 99)),
        (range(50, 0, -1), (50, 25, 48, 50)),
        ((7.5,), (1, 7.5, 7.5, 7.5)),
        ((1, 2, 3, 1000), (4, 2, 1000, 1000)),  # nearest rank: always a time that was measured
    ],
)
def test_percentiles_are_nearest_rank(samples, expected):
    assert Percentiles.of(samples) == Percentiles(*expected)


def test_summary_is_in_pipeline_order_with_the_sums_last():
    samples = {"frame": [9.0], "model": [4.0], "encode": [2.0, 1.0], "infer": [0.1 + 0.2], "detect": [5.0]}
    stages = summarize(samples)
    assert list(stages) == ["detect", "infer", "encode", "model", "frame"]
    assert stages["infer"] == Percentiles(1, 0.3, 0.3, 0.3)
    assert stages["encode"] == Percentiles(2, 1.0, 2.0, 2.0)


def test_repetitions_do_all_runs_however_short_the_time():
    assert list(repetitions(3, 0)) == [1, 2, 3]


def test_repetitions_fill_the_time_however_few_the_runs():
    assert len(list(repetitions(1, 0.01))) > 1


def test_a_result_comes_back_as_it_was_written(tmp_path, result):
    path = tmp_path / "pi4.json"
    write_result(path, result)
    assert read_result(path) == result
    assert list(tmp_path.iterdir()) == [path]


def test_writing_replaces_the_old_result(tmp_path, result):
    path = tmp_path / "pi4.json"
    path.write_text("old")
    check_destination(path)
    assert path.read_text() == "old"
    write_result(path, result)
    assert read_result(path) == result


def test_a_link_is_followed_and_stays_a_link(tmp_path, result):
    link = tmp_path / "newest.json"
    link.symlink_to(tmp_path / "pi4.json")
    write_result(link, result)
    assert link.is_symlink()
    assert read_result(tmp_path / "pi4.json") == result


def test_another_schema_is_refused(tmp_path, result):
    path = tmp_path / "pi4.json"
    path.write_text(json.dumps(json.loads(result.to_json()) | {"schema": 2}))
    with pytest.raises(InputError, match="has result schema 2; this facetoon reads schema 1"):
        read_result(path)


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"schema": 1}', b'{"schema": 1, "device": {}}', b"\xff\xfe"])
def test_what_is_no_result_is_refused(tmp_path, data):
    path = tmp_path / "odd.json"
    path.write_bytes(data)
    with pytest.raises(InputError, match="is not a result of toon-bench"):
        read_result(path)


def test_unknown_fields_are_refused(tmp_path, result):
    path = tmp_path / "pi4.json"
    path.write_text(json.dumps(json.loads(result.to_json()) | {"luck": 7}))
    with pytest.raises(InputError, match="luck"):
        read_result(path)


def test_a_missing_result_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.json cannot be read"):
        read_result(tmp_path / "none.json")


@pytest.mark.parametrize("place", ["", "no-such-folder/out.json", "file/out.json"])
def test_places_that_cannot_be_written_are_refused(tmp_path, result, place):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="result cannot"):
        check_destination(tmp_path / place)
    with pytest.raises(InputError, match="result cannot"):
        write_result(tmp_path / place, result)


def test_devices_are_never_replaced_by_a_file(tmp_path):
    with pytest.raises(InputError, match="not an ordinary file"):
        check_destination(tmp_path / "/dev/null")


def test_peak_memory_is_in_mebibytes():
    from edge_runtime.summary import peak_memory_mb

    assert 10 < peak_memory_mb() < 100_000
