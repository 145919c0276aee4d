"""The messages by which Home Assistant finds the cartoonizer: https://www.home-assistant.io/integrations/mqtt/."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from facetoon.edge_runtime import __version__

PREFIX = "homeassistant"  # Home Assistant's default


def discovery(name: str, base: str, styles: Sequence[str], keeps: bool) -> dict[str, str]:
    """Return retained messages by topic: one for each control and sensor of the device `name`.

    `base` is the first part of its topics; `keeps` says that there is a gallery for photos and recordings.
    """
    device = {"identifiers": [f"facetoon_{name}"], "name": f"facetoon {name}", "sw_version": __version__}
    entities: dict[str, dict[str, Any]] = {
        "sensor/faces": {"name": "Faces", "icon": "mdi:face-recognition", "value_template": "{{ value_json.faces }}"},
        "camera/snapshot": {"name": "Snapshot", "topic": f"{base}/snapshot"},
        "button/take_snapshot": {"name": "Take snapshot", "command_topic": f"{base}/snapshot/set"},
    }
    if styles:
        entities["select/style"] = {
            "name": "Style",
            "icon": "mdi:palette",
            "options": list(styles),
            "command_topic": f"{base}/style/set",
            "value_template": "{{ value_json.style }}",
        }
    if keeps:
        entities["button/photo"] = {"name": "Photo", "icon": "mdi:camera", "command_topic": f"{base}/photo/set"}
        entities["switch/recording"] = {
            "name": "Recording",
            "icon": "mdi:record-rec",
            "command_topic": f"{base}/recording/set",
            "value_template": "{{ value_json.recording }}",
        }
    return {f"{PREFIX}/{key.replace('/', f'/facetoon_{name}/')}/config": _entity(name, key, base, device, about)
            for key, about in entities.items()}  # fmt: skip


def _entity(name: str, key: str, base: str, device: dict[str, Any], about: dict[str, Any]) -> str:
    _, kind = key.split("/")
    state = {"state_topic": f"{base}/state"} if "value_template" in about else {}
    common = {"unique_id": f"facetoon_{name}_{kind}", "availability_topic": f"{base}/available", "device": device}
    return json.dumps({**about, **state, **common})
