"""The bridge against a real mosquitto, with a second client in Home Assistant's place."""

from __future__ import annotations

import json
import socket
import subprocess
import threading

import numpy as np
import pytest

from facetoon.edge_runtime.control.mqtt_bridge import PASSWORD_VARIABLE, Broker, MqttBridge
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.gallery.booth import Booth
from facetoon.edge_runtime.gallery.keepsakes import Album
from facetoon.edge_runtime.gallery.photographer import Photographer
from facetoon.edge_runtime.sinks.sink import PreviewSink


class FakeLoop:
    """A live loop whose style may be changed to one of two."""

    def __init__(self):
        self.style, self.faces, self.changed = {"ink": 1.0}, 1, []

    def state(self):
        return {"settings": {"model": "a", "style": self.style}, "faces": self.faces, "styles": ["ink", "anime"]}

    def change(self, values):
        if values["style"] not in ("ink", "anime"):
            raise InputError(f"There is no style {values['style']!r}.")
        self.style = {values["style"]: 1.0}


class FakeRecording:
    on = False

    def switch(self, on):
        self.on = on


@pytest.fixture
def port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


@pytest.fixture
def start_broker(needs_program, tmp_path, port, wait_until):
    """Starts mosquitto on the port, at most one at a time."""
    running = []

    def answers():
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            return False
        return True

    def start():
        config = tmp_path / "mosquitto.conf"
        config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
        command = [needs_program("mosquitto", "mosquitto"), "-c", str(config)]
        running.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        wait_until(answers)
        return running[-1]

    yield start
    for process in running:
        process.terminate()
        process.wait(60)


@pytest.fixture
def home(start_broker, port):
    """A client that collects every message by its topic."""
    start_broker()
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    client = Client(CallbackAPIVersion.VERSION2, client_id="home")
    client.messages, client.ready = {}, threading.Event()
    client.on_message = lambda _c, _d, message: client.messages.update({message.topic: message.payload})
    client.on_subscribe = lambda *_: client.ready.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    client.subscribe([("facetoon/#", 0), ("homeassistant/#", 0)])
    assert client.ready.wait(60)
    yield client
    client.disconnect()
    client.loop_stop()


@pytest.fixture
def loop():
    return FakeLoop()


@pytest.fixture
def recording():
    return FakeRecording()


@pytest.fixture
def album(tmp_path):
    (tmp_path / "album").mkdir()
    return Album(tmp_path / "album")


@pytest.fixture
def start_bridge(port, loop, recording, album):
    """Starts the bridge. Its thread may log at once, and caplog keeps the lines of a test apart from its fixtures'."""
    sink, started = PreviewSink(), []
    sink.write(np.full((48, 64, 3), 90, np.uint8))

    def start():
        booth = Booth(None, Photographer(sink, album, lambda: loop.state()["settings"]))
        started.append(MqttBridge(Broker.parse(f"mqtt://127.0.0.1:{port}"), loop, sink, booth, recording, "fair booth"))
        return started[-1]

    yield start
    for bridge in started:
        bridge.close()
    sink.close()


@pytest.fixture
def bridge(start_bridge):
    return start_bridge()


def test_home_assistant_finds_it_steers_it_and_sees_it_go(home, bridge, loop, recording, album, wait_until):
    def says(topic, text):
        bridge.tend()
        return home.messages.get(f"facetoon/fair_booth/{topic}") == text

    def reports(**values):
        bridge.tend()
        told = json.loads(home.messages.get("facetoon/fair_booth/state", b"{}"))
        return told | values == told

    wait_until(lambda: says("available", b"online"))
    wait_until(lambda: reports(style="ink", faces=1, recording="OFF"))
    wait_until(lambda: len([topic for topic in home.messages if topic.startswith("homeassistant/")]) == 6)
    select = json.loads(home.messages["homeassistant/select/facetoon_fair_booth/style/config"])
    assert select["options"] == ["ink", "anime"]
    assert (select["state_topic"], select["value_template"]) == ("facetoon/fair_booth/state", "{{ value_json.style }}")
    for topic in (topic for topic in home.messages if topic.startswith("homeassistant/")):
        entity = json.loads(home.messages[topic])
        assert entity["availability_topic"] == "facetoon/fair_booth/available"
        assert entity["device"]["identifiers"] == ["facetoon_fair_booth"]
        assert entity["unique_id"] == f"facetoon_fair_booth_{topic.split('/')[-2]}"

    home.publish(select["command_topic"], "anime")
    wait_until(lambda: reports(style="anime"))
    loop.style, loop.faces = {"ink": 0.5, "anime": 0.5}, 2
    wait_until(lambda: reports(style="None", faces=2))
    home.publish("facetoon/fair_booth/recording/set", "ON")
    wait_until(lambda: reports(recording="ON"))
    assert recording.on
    home.publish("facetoon/fair_booth/photo/set", "PRESS")
    wait_until(lambda: home.messages.get("facetoon/fair_booth/snapshot", b"").startswith(b"\xff\xd8"))
    assert len(album.newest_first()) == 1
    bridge.close()
    wait_until(lambda: home.messages["facetoon/fair_booth/available"] == b"offline")


def test_a_wrong_command_changes_nothing_and_is_a_line_of_the_log(home, bridge, loop, recording, wait_until, caplog):
    def refused(words):
        bridge.tend()
        return words in caplog.text

    wait_until(lambda: bool(bridge.tend()) or "facetoon/fair_booth/state" in home.messages)
    for what, text, words in (
        ("style", "nosuch", "There is no style 'nosuch'"),
        ("style", b"\xff\xfe", "There is no style"),
        ("recording", "perhaps", "there is nothing to set by recording 'perhaps'"),
        ("nothing", "x", "there is nothing to set by nothing 'x'"),
    ):
        home.publish(f"facetoon/fair_booth/{what}/set", text)
        wait_until(lambda words=words: refused(words))
    assert (loop.style, recording.on) == ({"ink": 1.0}, False)


def test_a_broker_that_comes_later_or_again_is_found(start_broker, start_bridge, wait_until, caplog):
    caplog.set_level("INFO")
    start_bridge()
    wait_until(lambda: "is not reached. It is tried again." in caplog.text)
    broker = start_broker()
    wait_until(lambda: caplog.text.count("is connected") == 1)
    broker.terminate()
    broker.wait(60)
    wait_until(lambda: "is lost" in caplog.text)
    start_broker()
    wait_until(lambda: caplog.text.count("is connected") == 2)


def test_it_never_waits_long_between_two_tries(start_bridge, monkeypatch):
    """The library's own wait doubles up to two minutes, in which a broker that is back for long stays unknown."""
    from paho.mqtt.client import Client

    longest_s = []
    monkeypatch.setattr(Client, "reconnect_delay_set", lambda _self, _least, most: longest_s.append(most))
    start_bridge()
    assert len(longest_s) == 1
    assert longest_s[0] <= 15


def test_an_address_is_read_and_no_error_shows_its_password(monkeypatch):
    assert Broker.parse("mqtt://home.local") == Broker("home.local", 1883, False, None, None)
    assert Broker.parse("mqtts://me:p%40ss@home.local:1") == Broker("home.local", 1, True, "me", "p@ss")
    monkeypatch.setenv(PASSWORD_VARIABLE, "secret")
    assert Broker.parse("mqtts://me@home.local") == Broker("home.local", 8883, True, "me", "secret")
    for text in ("home.local", "http://home.local", "mqtt://", "mqtt://u:secret@h:99999", "mqtt://u:secret@h/topic"):
        with pytest.raises(InputError, match="--mqtt takes an address such as") as error:
            Broker.parse(text)
        assert "secret" not in str(error.value)
