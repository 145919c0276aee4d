"""Signals to a real toon-live: SIGHUP reloads its configuration, SIGTERM ends it."""

from __future__ import annotations

import json
import os
import signal

READ_AGAIN = "The configuration was read again."


def messages(log):
    """Level and message of each line of a JSON log."""
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return [(line["level"], line["message"]) for line in lines]


def test_a_service_is_ready_alive_reloaded_and_ends(tmp_path, listener, start_live):
    config = tmp_path / "facetoon.toml"
    config.write_text('port = 0\nlog-format = "json"\nstrength = 0.25\n')
    environment = {**os.environ, "NOTIFY_SOCKET": str(listener.path), "WATCHDOG_USEC": "300000"}
    live = start_live("--config", config, env=environment)
    assert listener.hear() == "READY=1\nWATCHDOG=1"
    assert listener.hear() == "WATCHDOG=1"

    def reload(text):
        config.write_text(text)
        live.process.send_signal(signal.SIGHUP)
        (reloading, _) = [one for one in listener.hear_until("READY=1") if one != "WATCHDOG=1"]
        assert reloading.startswith("RELOADING=1\nMONOTONIC_USEC=")

    assert live.state()["settings"]["strength"] == 0.25
    reload('port = 1\nlog-format = "json"\nstrength = 0.75\n')
    assert live.state()["settings"]["strength"] == 0.75
    reload('port = 1\nlog-format = "json"\nstrength = 7\n')
    assert live.state()["settings"]["strength"] == 0.75
    _, log = live.end()
    assert live.process.returncode == 0, log
    (reloaded, refused) = messages(log)
    assert reloaded == ("info", f"{READ_AGAIN} After a restart: --port.")
    assert refused[0] == "error"
    assert "strength must be a number from 0 to 1" in refused[1]
    assert listener.hear_until("STOPPING=1")


def test_what_the_configuration_no_longer_sets_is_as_at_the_start(tmp_path, start_live, wait_until):
    """Style, strength, split and background survived their removal from the file."""
    config = tmp_path / "facetoon.toml"
    config.write_text("port = 0\n")
    live = start_live("--config", config)
    start = live.state()["settings"]
    config.write_text(
        'port = 0\nstyle = "anime:0.5"\nstrength = 0.5\nsplit = 0.5\nbackground = "#ff8800"\nmorph = 1\n'
        "faces = 3\ncolour-match = 0.5\nsharpen = 0.5\n"
    )
    live.process.send_signal(signal.SIGHUP)
    wait_until(lambda: live.state()["settings"]["strength"] == 0.5)
    changed = live.state()["settings"]
    assert changed["style"] == {"anime": 0.5, "photo": 0.5}
    config.write_text("port = 0\n")
    live.process.send_signal(signal.SIGHUP)
    wait_until(lambda: live.state()["settings"] == start)


def test_without_a_configuration_a_closed_terminal_ends_it_in_order(start_live):
    live = start_live("--port", 0)
    output, log = live.end(signal.SIGHUP)
    assert live.process.returncode == 0, log
    assert "frames in" in output


def test_a_storm_of_reloads_is_survived_and_a_word_for_a_number_is_told_in_one_line(tmp_path, start_live):
    config = tmp_path / "facetoon.toml"
    config.write_text('strength = 0.25\nlog-format = "json"\n')
    live = start_live("--port", 0, "--config", config)
    for _ in range(200):
        live.process.send_signal(signal.SIGHUP)
    live.logs(READ_AGAIN)
    config.write_text('strength = "much"\n')
    live.process.send_signal(signal.SIGHUP)
    live.logs("'much'")
    for _ in range(20):  # one that interrupts another must not wait for it
        live.process.send_signal(signal.SIGTERM)
    _, log = live.end()
    assert live.process.returncode == 0, log
    level, message = messages(log)[-1]
    assert level == "error"
    assert message.endswith("argument --strength: invalid float value: 'much'")


def test_a_configuration_that_became_a_pipe_leaves_the_old_settings_and_a_process_that_hears(tmp_path, start_live):
    """Reading the pipe would wait for ever, deaf to SIGTERM."""
    config = tmp_path / "facetoon.toml"
    config.write_text("strength = 0.25\n")
    live = start_live("--port", 0, "--config", config)
    config.unlink()
    os.mkfifo(config)
    live.process.send_signal(signal.SIGHUP)
    live.logs("is no regular file")
    assert live.state()["settings"]["strength"] == 0.25
    _, log = live.end()
    assert live.process.returncode == 0, log


def test_the_choice_of_tuning_is_no_change_of_the_configuration(tmp_path, start_live):
    config = tmp_path / "facetoon.toml"
    config.write_text('target-fps = 0.5\nlog-format = "json"\n')
    live = start_live("--port", 0, "--config", config)
    live.process.send_signal(signal.SIGHUP)
    live.logs(READ_AGAIN)
    _, log = live.end()
    (_, choice), (_, reloaded) = messages(log)[:2]
    assert "takes" in choice
    assert reloaded == READ_AGAIN
