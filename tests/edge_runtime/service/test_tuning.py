from __future__ import annotations

import subprocess
import sys
import tomllib

import pytest
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.service import tuning
from facetoon.edge_runtime.sessions.session import DEFAULT_MODEL


@pytest.fixture
def two_cores(monkeypatch):
    monkeypatch.setattr(tuning.os, "cpu_count", lambda: 2)


def table(**costs_ms):
    """A measurement read from a table: model and threads to milliseconds."""
    return lambda model, threads, interval: costs_ms[f"{'large' if model == DEFAULT_MODEL else 'small'}{threads}"]


@pytest.mark.parametrize(
    ("target_fps", "expected"),
    [(10, ("large", 1)), (25, ("large", 2)), (40, ("small", 1)), (60, ("small", 2))],
)
def test_the_largest_model_at_the_fewest_threads_that_keep_the_rate(two_cores, tiny_model, target_fps, expected):
    measure = table(large1=50, large2=30, small1=18, small2=12)
    choice = tuning.tune([tiny_model, DEFAULT_MODEL], target_fps, measure=measure)
    assert ("large" if choice.model == DEFAULT_MODEL else "small", choice.threads) == expected


def test_when_none_is_fast_enough_the_best_is_told(two_cores, tiny_model):
    measure = table(large1=50, large2=30, small1=18, small2=10)
    with pytest.raises(InputError, match=r"No model here keeps 100 frames/s: tiny-32.tflite came nearest, 80"):
        tuning.tune([tiny_model, DEFAULT_MODEL], 100, measure=measure)


def test_a_wider_search_interval_is_tried_before_more_threads(two_cores):
    choice = tuning.tune([DEFAULT_MODEL], 25, faces=2, measure=lambda model, threads, interval: 1000 / interval)
    assert (choice.threads, choice.search_every) == (1, 60)


def test_the_command_measures_and_writes_a_file_that_toml_reads(tmp_path, tiny_model):
    out = tmp_path / "facetoon.toml"
    command = [sys.executable, "-m", "facetoon.edge_runtime", "tune", "--model", str(tiny_model), "--write", str(out)]
    done = subprocess.run([*command, "--target-fps", "0.5"], capture_output=True, text=True, timeout=60, check=True)
    values = tomllib.loads(out.read_text("utf-8"))
    assert values == {"model": [str(tiny_model.resolve())], "threads": 1, "search-every": 15}
    assert "tiny-32.tflite with 1 threads takes" in done.stdout
    done = subprocess.run([*command, "--target-fps", "1000"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "No model here keeps 1000 frames/s" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["facetoon.toml"]
