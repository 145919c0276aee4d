"""Writes the state in Prometheus's text format, version 0.0.4. A dozen gauges need no client library on a device.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from typing import Any

QUANTILES = {"p50_ms": "0.5", "p95_ms": "0.95"}


def metrics_text(state: dict[str, Any]) -> str:
    """Return a metric for each number of the state, in seconds, bytes and degrees Celsius."""
    plain = [
        ("facetoon_running", "gauge", "1 while the live loop runs.", int(state["running"])),
        ("facetoon_frames_total", "counter", "Frames that were shown.", state["frames"]),
        ("facetoon_dropped_frames_total", "counter", "Frames that were read and never shown.", state["dropped"]),
        ("facetoon_source_losses_total", "counter", "Times the camera was lost.", state["losses"]),
        ("facetoon_frames_per_second", "gauge", "Shown over the last four seconds.", state["frames_per_second"]),
        ("facetoon_faces", "gauge", "Faces in the newest frame.", state["faces"]),
        ("facetoon_viewers", "gauge", "Streams that are being watched.", state["viewers"]),
        ("facetoon_temperature_celsius", "gauge", "The hottest thermal zone.", state["temperature_c"]),
        ("process_resident_memory_bytes", "gauge", "Resident memory.", state["resident_bytes"]),
    ]
    lines = [
        f"# HELP {name} {text}\n# TYPE {name} {kind}\n{name} {value}\n"
        for name, kind, text, value in plain
        if value is not None
    ]
    lines.append("# HELP facetoon_stage_seconds Time of a stage; latency is from capture to encoded.\n")
    lines.append("# TYPE facetoon_stage_seconds summary\n")
    for stage, times_ms in state["stages"].items():
        for key, quantile in QUANTILES.items():
            value = f"{times_ms[key] / 1000:.6f}"
            lines.append(f'facetoon_stage_seconds{{stage="{stage}",quantile="{quantile}"}} {value}\n')
    return "".join(lines)
