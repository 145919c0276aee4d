import dataclasses

from benchmarks.table import markdown_header, markdown_row, stage_table


def test_row_holds_every_column_in_order(result):
    assert markdown_row(result) == (
        "| Raspberry Pi 4 Model B Rev 1.4 | Cortex-A72 | 4 | anime\\|64 | static_wi8_ai8 | ai-edge-litert 2.1.0 | 4 "
        "| 10.12 | 11.00 | 12.00 | 25.00 | 38.5 | 2026-01-02 |"
    )


def test_header_and_rule_have_as_many_columns_as_a_row(result):
    plain = dataclasses.replace(result, model=dataclasses.replace(result.model, name="anime-64"))
    header, rule = markdown_header().splitlines()
    assert header.count("|") == rule.count("|") == markdown_row(plain).count("|") == 14
    assert rule.count("---:") == 7


def test_a_name_cannot_break_the_table(result):
    model = dataclasses.replace(result.model, name="two\nlines")
    assert "\n" not in markdown_row(dataclasses.replace(result, model=model))


def test_stage_table_lists_every_stage_with_count_and_percentiles(result):
    lines = [line.split() for line in stage_table(result).splitlines()]
    for name, times in result.stages.items():
        row = next(line for line in lines if line[:2] == [name, str(times.count)])
        assert [float(cell) for cell in row[2:]] == [times.p50_ms, times.p95_ms, times.p99_ms]


def test_stage_table_says_what_the_device_does_not_tell(result):
    assert "untold before, 61.3 C after" in stage_table(result)
