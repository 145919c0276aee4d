from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from facetoon.edge_runtime.preview.metrics import metrics_text


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ('a "b" \\ c', 'a "b" \\ c'),
        ("a\nb", r"a\nb"),
        ("\x1b[31m\x00\r", r"\x1b[31m\x00\r"),
        ("b\udcff.mp4", r"b\udcff.mp4"),  # a file's name that is no UTF-8
        ('"} 1\nfacetoon_running 0', r'"} 1\nfacetoon_running 0'),
        ("x" * 9000, "x" * 200),
    ],
)
def test_a_files_name_stays_in_its_label(live, name, label):
    state = {**live.state(), "viewers": 0, "temperature_c": None, "resident_bytes": None}
    state["outputs"] = [{"name": name, "fault": None, "since": None, "lost": 0}]
    text = metrics_text(state).encode().decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert families["facetoon_output_failing"].samples[0].labels == {"output": label}
    assert len(families["facetoon_running"].samples) == 1
