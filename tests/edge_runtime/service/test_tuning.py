from __future__ import annotations

import argparse

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


def test_the_choice_takes_the_place_of_the_flags_and_the_other_models_follow(tiny_model, monkeypatch):
    choice = tuning.Choice(tiny_model, threads=2, search_every=30, frame_ms=5.0)
    monkeypatch.setattr(tuning, "tune", lambda models, target_fps, faces, smallest_face_px: choice)
    flags = argparse.Namespace(
        model=[DEFAULT_MODEL, tiny_model],
        target_fps=25.0,
        faces=2,
        threads=1,
        search_every=15,
        smallest_face=40,
    )
    before = argparse.Namespace(**vars(flags))
    chosen = tuning.tuned(flags)
    assert (chosen.model, chosen.threads, chosen.search_every) == ([tiny_model, DEFAULT_MODEL], 2, 30)
    assert (chosen.target_fps, chosen.faces, chosen.smallest_face) == (25.0, 2, 40)
    assert flags == before


def test_a_choice_that_cannot_be_written_is_one_sentence(tmp_path, tiny_model):
    (tmp_path / "file").touch()
    choice = tuning.Choice(tiny_model, threads=2, search_every=30, frame_ms=5.0)
    with pytest.raises(InputError, match="The choice cannot be written to"):
        tuning.write(choice, tmp_path / "file" / "facetoon.toml", 25.0)


def test_the_time_of_a_frame_counts_the_searches(tiny_model, monkeypatch):
    """One frame in 15 searches for the second face that the demo does not have."""
    now_s = [0.0]

    class Finder:
        def __init__(self, faces, search_every, smallest_face_px):
            self.max_faces, self._every, self._frame = faces, search_every, 0

        def find(self, frame):
            now_s[0] += 0.15 if self._frame % self._every == 0 else 0.0
            self._frame += 1
            return []

    monkeypatch.setattr(tuning, "FaceFinder", Finder)
    monkeypatch.setattr(tuning.time, "perf_counter", lambda: now_s[0])
    assert tuning.frame_ms(tiny_model, 1, 15, faces=2, smallest_face_px=40) == pytest.approx(10)
