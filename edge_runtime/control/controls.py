"""Opens the controls that the flags name, and closes them at the end."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from facetoon.edge_runtime.control.gpio_button import pressed_by
from facetoon.edge_runtime.control.mqtt_bridge import Broker, MqttBridge, Steered, Switch
from facetoon.edge_runtime.gallery.booth import Booth
from facetoon.edge_runtime.sinks.sink import PreviewSink


@contextmanager
def opened_controls(
    flags: argparse.Namespace, loop: Steered, preview: PreviewSink | None, booth: Booth, recorder: Switch | None
) -> Iterator[MqttBridge | None]:
    """Open --button and --mqtt inside the block; yield what must be tended. Raises InputError for a wrong flag."""
    with ExitStack() as stack:
        if flags.button:
            stack.enter_context(pressed_by(flags.button, booth.press))
        bridge = None
        if flags.mqtt:
            bridge = MqttBridge(Broker.parse(flags.mqtt), loop, preview, booth, recorder)
            stack.callback(bridge.close)
        yield bridge
