"""The summary that toon-live prints at its end: rate, drops, stage times, memory, model and runtime."""

from __future__ import annotations

import resource
import sys
import time

from facetoon.edge_runtime.command_line import counted
from facetoon.edge_runtime.live import LiveLoop
from facetoon.edge_runtime.sessions.session import Session
from facetoon.edge_runtime.timing import StageTimer


def summary(loop: LiveLoop, session: Session, timer: StageTimer) -> str:
    """Return the summary, as several lines of text."""
    elapsed_s = time.perf_counter() - loop.started_s
    first_ms = (loop.first_frame_s or 0.0) * 1000
    lines = [
        f"{session.spec.name} ({session.spec.recipe}, {session.size_px} px) on {session.runtime}",
        f"{counted(loop.frames_out, 'frame')} in {elapsed_s:.1f} s: {loop.frames_out / elapsed_s:.1f} frames/s, "
        f"{loop.dropped} dropped, first after {first_ms:.0f} ms, peak memory {peak_memory_mb():.0f} MB",
        _faces(loop),
        f"{'stage':<10} {'p50 ms':>8} {'p95 ms':>8}",
    ]
    lines += [f"{name:<10} {p.p50_ms:8.2f} {p.p95_ms:8.2f}" for name, p in timer.percentiles().items()]
    return "\n".join(lines)


def _faces(loop: LiveLoop) -> str:
    frames, _ = loop.work
    line = f"{counted(loop.faces_found, 'face')} in {loop.frames_with_faces} of {counted(frames, 'frame')}"
    if loop.settings.mode == "frame":
        line = "whole frames were drawn, without a search for faces"
    if loop.faces_skipped:
        line += f", {loop.faces_skipped} of them left as they were for want of time"
    return line + (f"; the camera was lost {counted(loop.losses, 'time')}" if loop.losses else "")


def peak_memory_mb() -> float:
    """Return this process's peak resident memory in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)  # macOS counts bytes, Linux kibibytes
