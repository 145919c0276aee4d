"""Reports to an MQTT broker and obeys it: style, recording, faces, photo and snapshot."""

from __future__ import annotations

import json
import logging
import os
import re
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from facetoon.edge_runtime.control.home_assistant import discovery
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.gallery.booth import Booth
from facetoon.edge_runtime.sinks.sink import PreviewSink

REPORT_EVERY_S = 1.0
LONGEST_RETRY_S = 15  # paho's own wait doubles up to two minutes
PORTS = {"mqtt": 1883, "mqtts": 8883}
PASSWORD_VARIABLE = "FACETOON_MQTT_PASSWORD"

log = logging.getLogger(__name__)


class Steered(Protocol):
    """The live loop as the broker sees it."""

    def state(self) -> dict[str, Any]:
        """Return counters and settings, as JSON values."""

    def change(self, values: Mapping[str, Any]) -> Any:
        """Take new settings, all or none. Raises InputError for a wrong setting."""


class Switch(Protocol):
    """The recording."""

    @property
    def on(self) -> bool:
        """Whether frames are being recorded."""

    def switch(self, on: bool) -> None:
        """Begin or finish a file. Raises InputError when none can be begun."""


@dataclass(frozen=True)
class Broker:
    """The address of a broker."""

    host: str
    port: int
    secure: bool
    user: str | None
    password: str | None

    @classmethod
    def parse(cls, text: str) -> Broker:
        """Read mqtt://USER@HOST:PORT or mqtts://...; the password may stand in it or in the environment.

        Raises InputError, which never shows the password, for anything else.
        """
        try:
            parts = urlsplit(text)
            port = parts.port or PORTS[parts.scheme]
        except (ValueError, KeyError):
            raise InputError("--mqtt takes an address such as mqtt://user@homeassistant.local.") from None
        if not parts.hostname or parts.path.strip("/") or parts.query:
            raise InputError("--mqtt takes an address such as mqtt://user@homeassistant.local.")
        password = unquote(parts.password) if parts.password else os.environ.get(PASSWORD_VARIABLE)
        user = unquote(parts.username) if parts.username else None
        return cls(parts.hostname, port, parts.scheme == "mqtts", user, password)


class MqttBridge:
    """One device of the broker. `tend` reports; the client's own thread obeys."""

    def __init__(
        self,
        broker: Broker,
        loop: Steered,
        preview: PreviewSink | None,
        booth: Booth,
        recorder: Switch | None,
        name: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`name` is the device's on the broker; by default the host's. Raises InputError without paho-mqtt."""
        try:
            from paho.mqtt.client import Client
            from paho.mqtt.enums import CallbackAPIVersion
        except ImportError:
            raise InputError("MQTT needs paho-mqtt: pip install 'facetoon[mqtt]'.") from None
        self._loop, self._preview, self._booth, self._recorder, self._clock = loop, preview, booth, recorder, clock
        self._name = re.sub(r"[^A-Za-z0-9_-]", "_", name or socket.gethostname())
        self._base = f"facetoon/{self._name}"
        self._told: dict[str, Any] = {}
        self._styles: list[str] | None = None
        self._next_s, self._fault, self._connected = 0.0, "", False
        self._client = client = Client(CallbackAPIVersion.VERSION2, client_id=f"facetoon-{self._name}")
        if broker.user:
            client.username_pw_set(broker.user, broker.password)
        if broker.secure:
            client.tls_set()
        client.will_set(f"{self._base}/available", "offline", retain=True)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_connect_fail, client.on_message = self._on_connect_fail, self._on_message
        self._where = f"{broker.host}:{broker.port}"
        client.reconnect_delay_set(1, LONGEST_RETRY_S)
        client.connect_async(broker.host, broker.port)
        client.loop_start()  # it connects again for ever

    def tend(self) -> None:
        """Report what changed since the last report."""
        if not self._connected or self._clock() < self._next_s:
            return
        self._next_s = self._clock() + REPORT_EVERY_S
        now = self._loop.state()
        if now["styles"] != self._styles:
            self._styles = now["styles"]
            keeps = self._booth.photographer is not None
            for topic, message in discovery(self._name, self._base, self._styles, keeps).items():
                self._client.publish(topic, message, retain=True)
        on = self._recorder is not None and self._recorder.on
        told = {"style": _one_style(now["settings"]), "faces": now["faces"], "recording": "ON" if on else "OFF"}
        if told != self._told:
            self._told = told
            self._client.publish(f"{self._base}/state", json.dumps(told), retain=True)

    def close(self) -> None:
        """Say that it is gone, and end the client's thread."""
        if self._connected:
            self._client.publish(f"{self._base}/available", "offline", retain=True).wait_for_publish(2)
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._note(f"refuses: {reason}")
            return
        log.info("The broker %s is connected.", self._where)
        self._fault, self._told, self._styles, self._next_s = "", {}, None, 0.0
        client.subscribe(f"{self._base}/+/set")
        client.publish(f"{self._base}/available", "online", retain=True)
        self._connected = True

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._connected = False
        if reason.is_failure:
            self._note(f"is lost: {reason}")

    def _on_connect_fail(self, _client: Any, _data: Any) -> None:
        self._note("is not reached")

    def _note(self, fault: str) -> None:
        if fault != self._fault:  # a new try fails alike for hours: one line is enough
            log.warning("The broker %s %s. It is tried again.", self._where, fault)
        self._fault = fault

    def _on_message(self, _client: Any, _data: Any, message: Any) -> None:
        what, text = message.topic.split("/")[-2], message.payload[:200].decode("utf-8", "replace").strip()
        try:
            self._obey(what, text)
        except (InputError, OSError) as error:
            log.warning("The broker's %s was refused: %s", what, error)

    def _obey(self, what: str, text: str) -> None:
        if what == "style":
            self._loop.change({"style": text})
        elif what == "recording" and self._recorder and text in ("ON", "OFF"):
            self._recorder.switch(text == "ON")
        elif what == "photo" and self._booth.photographer:
            self._booth.photographer.photo()
            self._send_snapshot()
        elif what == "snapshot":
            self._send_snapshot()
        else:
            raise InputError(f"there is nothing to set by {what} {text!r}.")

    def _send_snapshot(self) -> None:
        newest = self._preview.newest() if self._preview else None
        if newest is not None:
            self._client.publish(f"{self._base}/snapshot", newest.data, retain=True)


def _one_style(settings: Mapping[str, Any]) -> str:
    """Return the style's name; "None", Home Assistant's unknown, for a mix."""
    names = list(settings.get("style") or {})
    return names[0] if len(names) == 1 else "None"
