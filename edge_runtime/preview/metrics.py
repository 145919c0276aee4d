"""Writes the state in Prometheus's text format, version 0.0.4. A dozen gauges need no client library on a device.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from facetoon.edge_runtime.errors import shown

QUANTILES = {"p50_ms": "0.5", "p95_ms": "0.95"}


def metrics_text(state: dict[str, Any]) -> str:
    """Return a metric for each number of the state, in seconds, bytes and degrees Celsius."""
    plain = [
        ("facetoon_running", "gauge", "1 while the live loop runs.", int(state["running"])),
        ("facetoon_stalled", "gauge", "1 while it runs and finished no frame for 30 s.", int(state["stalled"])),
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
    lines += _outputs(state["outputs"])
    lines.append("# HELP facetoon_stage_seconds Time of a stage; latency is from capture to encoded.\n")
    lines.append("# TYPE facetoon_stage_seconds summary\n")
    for stage, times_ms in state["stages"].items():
        for key, quantile in QUANTILES.items():
            value = f"{times_ms[key] / 1000:.6f}"
            lines.append(f'facetoon_stage_seconds{{stage="{stage}",quantile="{quantile}"}} {value}\n')
    return "".join(lines)


def _outputs(outputs: list[dict[str, Any]]) -> list[str]:
    """Return for each recording or folder whether it fails, since when, and how many frames it lacks."""
    if not outputs:
        return []
    families = (
        (
            "facetoon_output_failing",
            "gauge",
            "1 while frames are not being written.",
            lambda o: int(o["since"] is not None),
        ),
        ("facetoon_output_failing_since_seconds", "gauge", "Unix time of the failure; 0 without one.", _since_s),
        ("facetoon_output_lost_frames_total", "counter", "Frames that were not written.", lambda o: o["lost"]),
    )
    lines = []
    for name, kind, text, value in families:
        lines.append(f"# HELP {name} {text}\n# TYPE {name} {kind}\n")
        lines += [f'{name}{{output="{_label(output["name"])}"}} {value(output)}\n' for output in outputs]
    return lines


def _since_s(output: dict[str, Any]) -> float:
    return datetime.fromisoformat(output["since"]).timestamp() if output["since"] else 0


def _label(text: str) -> str:
    """Escape a label's value: a file's name may hold anything, even bytes that are no text."""
    return shown(text).replace("\\", "\\\\").replace('"', '\\"')
