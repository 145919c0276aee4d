"""Configuration file, reload, watchdog and systemd unit, with real processes, signals and sockets."""

from __future__ import annotations

import json
import logging
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import pytest
from facetoon.edge_runtime.__main__ import build_parser, main
from facetoon.edge_runtime.commands import service_command
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.service import logs
from facetoon.edge_runtime.service.config_file import EXAMPLE, with_config
from facetoon.edge_runtime.service.supervision import Supervisor

TOON_LIVE = [sys.executable, "-m", "facetoon.edge_runtime"]


def parse(tmp_path, text, *argv):
    path = tmp_path / "facetoon.toml"
    path.write_text(text, "utf-8")
    return with_config(build_parser(), ["--config", str(path), *argv])


def test_the_file_sets_flags_and_the_command_line_has_the_last_word(tmp_path):
    text = (
        'source = "2"\nport = 9000\nheadless = true\nfast = false\nmodel = ["a.tflite", "b.onnx"]\nsize = "320x240"\n'
    )
    told = parse(tmp_path, text, "--port", "1234", "--model=c.tflite")
    assert (told.source, told.port, told.headless, told.fast, told.size) == ("2", 1234, True, False, (320, 240))
    assert [str(path) for path in told.model] == ["c.tflite"]
    assert [str(path) for path in parse(tmp_path, text).model] == ["a.tflite", "b.onnx"]


def test_every_flag_can_stand_in_the_file(tmp_path):
    actions = build_parser()._option_string_actions
    flags = [name for name in actions if name.startswith("--") and name not in ("--help", "--version", "--config")]
    values = {"size": '"640x480"', "runtime": '"litert"', "log-format": '"json"', "strength": "1", "morph": "1"}
    for flag in flags:
        name = flag.removeprefix("--")
        value = "true" if actions[flag].nargs == 0 else values.get(name, "1")
        parse(tmp_path, f"{name} = {value}\n")


def test_the_example_is_valid(tmp_path):
    assert parse(tmp_path, EXAMPLE).source == "0"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("sorce = '0'", "sets 'sorce', which is no flag"),
        ("headless = 'yes'", "it takes true or false"),
        ("port = true", "it takes text or a number"),
        ("port = [1, 2]", "it takes text or a number"),
        ("port = ", "is not valid TOML"),
        ("config = 'other'", "which is no flag"),
    ],
)
def test_a_wrong_file_is_one_sentence(tmp_path, text, sentence):
    with pytest.raises(InputError, match=re.escape(sentence)):
        parse(tmp_path, text)


def test_a_missing_file_is_one_sentence(capsys):
    assert main(["--config", "nowhere.toml"]) == 2
    assert "nowhere.toml cannot be read: No such file" in capsys.readouterr().err


class Listener:
    """What a service manager hears."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.heard = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def hear(self, timeout_s=20):
        """The next datagram; queue.Empty when none comes."""
        return self.heard.get(timeout=timeout_s)

    def _listen(self):
        while told := self.socket.recv(4096):
            self.heard.put(told.decode())

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@pytest.fixture
def listener(tmp_path):
    heard = Listener(tmp_path / "notify")
    yield heard
    heard.close()


def test_a_service_is_ready_alive_reloaded_and_ends(tmp_path, listener):
    config = tmp_path / "facetoon.toml"
    config.write_text('port = 0\nlog-format = "json"\nstrength = 0.25\n')
    environment = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "300000"}
    process = subprocess.Popen(
        [*TOON_LIVE, "--config", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    with process:
        try:
            url = re.search(r"http://\S+", process.stdout.readline())[0]
            assert listener.hear() == "READY=1\nWATCHDOG=1"
            assert listener.hear() == "WATCHDOG=1"

            def strength():
                with urllib.request.urlopen(f"{url}/api/state", timeout=10) as answer:
                    return json.load(answer)["settings"]["strength"]

            def reload(text):
                config.write_text(text)
                process.send_signal(signal.SIGHUP)
                told = [listener.hear()]
                while told[-1] != "READY=1":
                    told.append(listener.hear())
                (reloading, _) = [one for one in told if one != "WATCHDOG=1"]
                assert reloading.startswith("RELOADING=1\nMONOTONIC_USEC=")

            assert strength() == 0.25
            reload('port = 1\nlog-format = "json"\nstrength = 0.75\n')
            assert strength() == 0.75
            reload('port = 1\nlog-format = "json"\nstrength = 7\n')
            assert strength() == 0.75
        finally:
            process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    lines = [json.loads(line) for line in errors.splitlines() if line.startswith("{")]
    assert [line["level"] for line in lines] == ["info", "error"]
    assert lines[0]["message"] == "The configuration was read again. After a restart: --port."
    assert "strength must be a number from 0 to 1" in lines[1]["message"]
    told = []
    while not told or told[-1] != "STOPPING=1":
        told.append(listener.hear())


def test_a_loop_that_hangs_looks_dead(listener, monkeypatch, tmp_path):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "60000")
    frames = [0]
    supervisor = Supervisor(lambda: frames[0])
    supervisor.start()
    with pytest.raises(queue.Empty):
        listener.hear(0.3)  # no frame yet: not ready
    frames[0] = 1
    assert listener.hear() == "READY=1\nWATCHDOG=1"
    with pytest.raises(queue.Empty):
        listener.hear(0.3)
    frames[0] = 2
    assert listener.hear() == "WATCHDOG=1"
    supervisor.stop()
    assert listener.hear() == "STOPPING=1"


def test_without_a_manager_nothing_is_told(monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    supervisor = Supervisor(lambda: 1)
    supervisor.start()
    supervisor.reloading()
    supervisor.stop()


def test_a_log_line_is_json():
    record = logging.LogRecord("edge_runtime.x", logging.WARNING, "f", 1, "lost %s", ("Kamera ä",), None)
    told = json.loads(logs.JsonLines().format(record))
    assert (told["level"], told["logger"], told["message"]) == ("warning", "edge_runtime.x", "lost Kamera ä")
    assert told["time"].endswith("+00:00")


def test_install_writes_a_unit_and_a_configuration_and_uninstall_removes_the_unit(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(service_command, "_systemd", lambda: False)
    where = ["--units", str(tmp_path), "--config", str(tmp_path / "facetoon.toml")]
    assert main(["service", "install", *where]) == 0
    text = (tmp_path / "facetoon.service").read_text()
    assert f"ExecStart={sys.executable} -m facetoon.edge_runtime --config {tmp_path}/facetoon.toml\n" in text
    for line in ("Type=notify", "Restart=always", "WatchdogSec=30", "MemoryMax=400M", "ProtectSystem=strict",
                 "NoNewPrivileges=yes", "User=facetoon", "SupplementaryGroups=video"):  # fmt: skip
        assert f"{line}\n" in text
    (tmp_path / "facetoon.toml").write_text("port = 8001\n")
    assert main(["service", "install", *where, "--memory", "1G"]) == 0
    assert (tmp_path / "facetoon.toml").read_text() == "port = 8001\n"
    assert main(["service", "uninstall", *where]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["facetoon.toml"]
    assert "nothing was started" in capsys.readouterr().out


def test_show_changes_nothing(tmp_path, capsys):
    assert main(["service", "show", "--units", str(tmp_path), "--user", "toon"]) == 0
    assert "User=toon\n" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("bad", [["--user", "a b"], ["--memory", "%h"], ["--config", "/etc/my file.toml"]])
def test_words_that_a_unit_would_misread_are_refused(bad, capsys):
    assert main(["service", "show", *bad]) == 2
    assert "must be one word" in capsys.readouterr().err


def test_uninstall_without_a_unit_is_one_sentence(tmp_path, capsys):
    assert main(["service", "uninstall", "--units", str(tmp_path)]) == 2
    assert "There is no" in capsys.readouterr().err


def test_systemd_accepts_the_unit(tmp_path, needs_program):
    unit = tmp_path / "facetoon.service"
    unit.write_text(service_command.unit(tmp_path / "facetoon.toml", "root", "400M"))
    done = subprocess.run(
        [needs_program("systemd-analyze", "systemd"), "verify", str(unit)], capture_output=True, text=True, timeout=60
    )
    ours = [line for line in done.stderr.splitlines() if "facetoon.service" in line]
    assert not ours, ours


def test_the_clock_of_a_reload_is_monotonic(tmp_path, listener, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    before_us = time.monotonic_ns() // 1000
    Supervisor(lambda: 0).reloading()
    told_us = int(re.search(r"MONOTONIC_USEC=(\d+)", listener.hear())[1])
    assert before_us <= told_us <= time.monotonic_ns() // 1000
    assert listener.hear() == "READY=1"


def started(tmp_path, *flags):
    """A running toon-live, its preview's address read: from then on it takes signals."""
    process = subprocess.Popen(
        [*TOON_LIVE, "--port", "0", *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    assert "http://" in process.stdout.readline()
    return process


def test_without_a_configuration_a_closed_terminal_ends_it_in_order(tmp_path):
    with started(tmp_path) as process:
        process.send_signal(signal.SIGHUP)
        output, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    assert "frames in" in output


def test_a_storm_of_reloads_is_survived_and_a_word_for_a_number_is_told_in_one_line(tmp_path):
    config = tmp_path / "facetoon.toml"
    config.write_text('strength = 0.25\nlog-format = "json"\n')
    with started(tmp_path, "--config", str(config)) as process:
        for _ in range(200):
            process.send_signal(signal.SIGHUP)
        config.write_text('strength = "much"\n')
        time.sleep(0.5)
        process.send_signal(signal.SIGHUP)
        time.sleep(1)
        for _ in range(20):  # one that interrupts another must not wait for it
            process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 0, errors
    lines = [json.loads(line) for line in errors.splitlines()]
    assert lines[-1]["level"] == "error"
    assert lines[-1]["message"].endswith("argument --strength: invalid float value: 'much'")


def test_the_choice_of_tuning_is_no_change_of_the_configuration(tmp_path):
    config = tmp_path / "facetoon.toml"
    config.write_text('target-fps = 2\nlog-format = "json"\n')
    with started(tmp_path, "--config", str(config)) as process:
        process.send_signal(signal.SIGHUP)
        time.sleep(1)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
    messages = [json.loads(line)["message"] for line in errors.splitlines()]
    assert "takes" in messages[0]
    assert messages[1] == "The configuration was read again."
