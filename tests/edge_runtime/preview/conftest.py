from __future__ import annotations

import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.preview.app import create_app


class FakeLive:
    """A live loop that only records its calls."""

    def __init__(self):
        self.settings = {"model": "a", "strength": 1.0}
        self.running, self.stalled, self.ended = True, False, False

    def state(self):
        stages = {"latency": {"p50_ms": 12.5, "p95_ms": 20.0}}
        return {
            "running": self.running, "stalled": self.stalled, "ended": self.ended, "source": "test",
            "frames": 3, "dropped": 1, "losses": 0, "faces": 2, "hint": "",
            "frames_per_second": 29.5, "stages": stages, "settings": self.settings, "styles": ["ink"],
            "outputs": [{"name": 'the recording "a".mp4', "fault": "No space left on device",
                         "since": "2026-01-01T00:00:10+00:00", "lost": 7}],
            "models": [{"name": "a", "styles": ["ink"]}, {"name": "b", "styles": []}],
        }  # fmt: skip

    def change(self, values):
        strength = values.get("strength")
        if set(values) - {"strength"} or not isinstance(strength, float | int) or not 0 <= strength <= 1:
            raise InputError("The strength is a number from 0 to 1.")
        self.settings.update(values)


@pytest.fixture
def live():
    return FakeLive()


@pytest.fixture
def app(sink, live):
    return create_app(sink, live)
