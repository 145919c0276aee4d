from __future__ import annotations

import psutil
import pytest

from facetoon.edge_runtime.preview.machine import resident_bytes, temperature_c


def test_the_hottest_zone_counts_and_a_dead_sensor_does_not(tmp_path):
    for number, text in enumerate(("41234\n", "58012\n", "broken")):
        zone = tmp_path / f"thermal_zone{number}"
        zone.mkdir()
        (zone / "temp").write_text(text)
    assert temperature_c(tmp_path) == 58.0
    assert temperature_c(tmp_path / "missing") is None


def test_memory_is_what_psutil_sees(tmp_path):
    assert resident_bytes() == pytest.approx(psutil.Process().memory_info().rss, rel=0.05)
    assert resident_bytes(tmp_path / "missing") is None
