from __future__ import annotations

from types import SimpleNamespace

from facetoon.edge_runtime.service import summary
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.timing import StageTimer


def test_the_summary_says_rate_drops_stages_and_with_what(tiny_model, monkeypatch):
    monkeypatch.setattr(summary.time, "perf_counter", lambda: 12.0)
    timer = StageTimer()
    timer.add("infer", 4.5)
    loop = SimpleNamespace(
        started_s=10.0, first_frame_s=0.25, frames_out=50, dropped=3, work=(53, 1.0),
        faces_found=70, frames_with_faces=40, faces_skipped=2, losses=1, settings=SimpleNamespace(mode="face"),
    )  # fmt: skip
    session = open_session(tiny_model)
    model, rate, faces, heading, infer = summary.summary(loop, session, timer).splitlines()
    assert model == f"{session.spec.name} ({session.spec.recipe}, 32 px) on {session.runtime}"
    assert rate.startswith("50 frames in 2.0 s: 25.0 frames/s, 3 dropped, first after 250 ms, peak memory ")
    assert faces == (
        "70 faces in 40 of 53 frames, 2 of them left as they were for want of time; the camera was lost 1 time"
    )
    assert heading.split() == ["stage", "p50", "ms", "p95", "ms"]
    assert infer.split() == ["infer", "4.50", "4.50"]


def test_peak_memory_is_that_of_a_python_with_opencv():
    assert 20 < summary.peak_memory_mb() < 100_000
