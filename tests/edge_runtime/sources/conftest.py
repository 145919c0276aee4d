from __future__ import annotations

import pytest

from facetoon.edge_runtime.sources import cameras


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only while the code under test sleeps."""
    now = [0.0]
    monkeypatch.setattr(cameras.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    monkeypatch.setattr(cameras.time, "monotonic", lambda: now[0])
    return now
