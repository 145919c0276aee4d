import dataclasses

import pytest

from facetoon.benchmarks.results.result_table import (
    BEGIN,
    EMULATED,
    END,
    insert_table,
    markdown_header,
    markdown_row,
    read_results,
)
from facetoon.edge_runtime.errors import InputError


def test_row_holds_the_fastest_variant(result):
    assert markdown_row(result) == (
        "| Raspberry Pi 4 Model B Rev 1.4, Cortex-A72, 4 cores | anime\\|64 (static_wi8_ai8) | 64 "
        "| ai-edge-litert 2.1.0 | XNNPACK | 4 | 20.00 | 19.50 | 40.00 | 33.25 | 38 | 64 | 50% | - | 61 | 0.00 "
        "| 2026-01-02 |"
    )


def test_header_and_rule_have_as_many_columns_as_a_row(result):
    plain = dataclasses.replace(result, model=dataclasses.replace(result.model, name="anime"))
    header, rule = markdown_header().splitlines()
    assert header.count("|") == rule.count("|") == markdown_row(plain).count("|")


def test_an_emulated_row_shows_no_speed(emulated):
    row = markdown_row(emulated)
    assert EMULATED in row
    assert "20.00" not in row
    assert "33.25" not in row


def test_the_table_goes_between_its_markers_and_nothing_else_changes(tmp_path, result):
    path = tmp_path / "README.md"
    path.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    text = insert_table(path, [result])
    assert text.startswith(f"before\n{BEGIN}\n| device")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    path.write_text(text)
    assert insert_table(path, [result]) == text


@pytest.mark.parametrize("text", ["", BEGIN, f"{END}{BEGIN}", f"{BEGIN}{BEGIN}{END}"])
def test_a_file_without_its_markers_is_refused(tmp_path, result, text):
    path = tmp_path / "README.md"
    path.write_text(text)
    with pytest.raises(InputError, match="needs one"):
        insert_table(path, [result])


def test_a_foreign_file_among_the_results_is_told_and_left_out(tmp_path, result):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "good.json").write_text(result.to_json())
    (tmp_path / "a" / "bad.json").write_text("{}")
    told = []
    assert read_results(tmp_path, told.append) == [result]
    assert "bad.json" in told[0]
    with pytest.raises(InputError, match="no results"):
        read_results(tmp_path / "a", told.append)
