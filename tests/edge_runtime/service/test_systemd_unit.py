from __future__ import annotations

import subprocess
import sys
import tomllib
from types import SimpleNamespace

import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.service import systemd_unit


@pytest.fixture
def sentences():
    return []


@pytest.fixture
def no_systemd(monkeypatch):
    monkeypatch.setattr(systemd_unit, "has_systemd", lambda: False)


def test_the_unit_starts_this_very_installation(tmp_path):
    text = systemd_unit.unit_text(tmp_path / "facetoon.toml", "toon", "1G")
    assert f"ExecStart={sys.executable} -m facetoon.edge_runtime --config {tmp_path}/facetoon.toml\n" in text
    for line in ("Type=notify", "Restart=always", "WatchdogSec=30", "MemoryMax=1G", "ProtectSystem=strict",
                 "NoNewPrivileges=yes", "User=toon", "SupplementaryGroups=video"):  # fmt: skip
        assert f"{line}\n" in text


def test_systemd_accepts_the_unit(tmp_path, needs_program, patience_s):
    unit = tmp_path / "facetoon.service"
    unit.write_text(systemd_unit.unit_text(tmp_path / "facetoon.toml", "root", "400M"))
    command = [needs_program("systemd-analyze", "systemd"), "verify", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=patience_s)
    ours = [line for line in done.stderr.splitlines() if "facetoon.service" in line]
    assert not ours, ours


@pytest.mark.parametrize(
    ("config", "user", "memory", "flag"),
    [
        ("/etc/f.toml", "a b", "1G", "--user"),
        ("/etc/f.toml", "a", "%h", "--memory"),
        ("/etc/a b", "a", "1", "--config"),
    ],
)
def test_words_that_a_unit_would_misread_are_refused(tmp_path, config, user, memory, flag):
    with pytest.raises(InputError, match=f"{flag} must be one word without %"):
        systemd_unit.unit_text(tmp_path / config, user, memory)


def test_a_configuration_that_exists_stays(no_systemd, tmp_path, sentences):
    config = tmp_path / "facetoon.toml"
    config.write_text("port = 8001\n")
    systemd_unit.install(tmp_path, "the unit\n", config, "toon", sentences.append)
    assert config.read_text() == "port = 8001\n"
    assert (tmp_path / "facetoon.service").read_text() == "the unit\n"
    assert sentences == [
        f"{tmp_path}/facetoon.service: written.",
        "No systemd runs here, so nothing was started.",
    ]


def test_the_first_configuration_takes_what_tune_wrote_here(no_systemd, tmp_path, sentences, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "facetoon.toml").write_text('model = ["small.tflite"]\nthreads = 2\nsource = "picamera"\n')
    config = tmp_path / "etc.toml"
    systemd_unit.install(tmp_path, "the unit\n", config, "toon", sentences.append)
    values = tomllib.loads(config.read_text())
    assert values == {
        "host": "127.0.0.1", "port": 8000, "model": ["small.tflite"], "threads": 2, "source": "picamera"
    }  # fmt: skip
    systemd_unit.install(tmp_path, "the unit\n", config, "toon", sentences.append)
    assert f"toon-live tune --write {config} would put its choice there" in " ".join(sentences)
    assert tomllib.loads(config.read_text()) == values


@pytest.mark.parametrize("missing", ["units", "config"])
def test_a_folder_that_does_not_exist_is_not_made(no_systemd, tmp_path, sentences, missing):
    units = tmp_path / "no" if missing == "units" else tmp_path
    config = (tmp_path / "no" if missing == "config" else tmp_path) / "facetoon.toml"
    with pytest.raises(InputError, match=f"there is no folder {tmp_path}/no"):
        systemd_unit.install(units, "the unit\n", config, "toon", sentences.append)
    assert not (tmp_path / "no").exists()


class FakeSystemd:
    """Remembers the commands, and answers with a status."""

    def __init__(self):
        self.commands, self.status, self.stderr = [], 0, ""

    def run(self, command, **_):
        self.commands.append(" ".join(command))
        return SimpleNamespace(returncode=self.status, stderr=self.stderr)


@pytest.fixture
def systemd(monkeypatch, tmp_path):
    fake = FakeSystemd()
    monkeypatch.setattr(systemd_unit, "has_systemd", lambda: True)
    monkeypatch.setattr(systemd_unit, "subprocess", fake)
    monkeypatch.setattr(systemd_unit.shutil, "which", lambda name: name)
    monkeypatch.setattr(
        systemd_unit.shutil, "chown", lambda path, *who, **group: fake.commands.append(f"chown {who or group}")
    )
    monkeypatch.setattr(systemd_unit, "GALLERY", tmp_path / "gallery")
    monkeypatch.setenv("SUDO_USER", "pi")
    return fake


def test_where_systemd_runs_the_service_is_started_and_stopped(systemd, tmp_path, sentences):
    config = tmp_path / "facetoon.toml"
    systemd_unit.install(tmp_path, "the unit\n", config, "root", sentences.append)
    assert systemd.commands == [
        "chown ('root', 'root')",
        "chown {'group': 'root'}",
        "systemctl daemon-reload",
        "systemctl enable facetoon.service",
        "systemctl restart facetoon.service",
    ]
    assert (tmp_path / "gallery").stat().st_mode & 0o7777 == 0o2770  # the owner's too, and nobody else's
    assert tomllib.loads(config.read_text())["gallery"] == str(tmp_path / "gallery")
    assert config.stat().st_mode & 0o777 == 0o640  # it may hold the token
    assert sentences[-1].startswith("It runs: systemctl status facetoon.service")
    systemd.commands.clear()
    systemd_unit.uninstall(tmp_path, sentences.append)
    assert systemd.commands == ["systemctl disable --now facetoon.service", "systemctl daemon-reload"]
    assert not (tmp_path / "facetoon.service").exists()


def test_a_step_that_fails_is_one_sentence_with_the_reason(systemd, tmp_path, sentences):
    systemd.status, systemd.stderr = 1, "Hint.\nAccess denied\n"
    with pytest.raises(InputError, match="systemctl daemon-reload failed: Access denied"):
        systemd_unit.install(tmp_path, "the unit\n", tmp_path / "facetoon.toml", "root", sentences.append)


def test_the_owner_joins_the_services_group_but_never_roots(systemd):
    assert "pi reads the photos here, from the next login on" in systemd_unit._make_gallery("toon", "pi")
    assert systemd.commands == ["chown ('toon', 'toon')", "usermod --append --groups toon pi"]
    for user, owner in (("root", "pi"), ("toon", None), ("toon", "root"), ("pi", "pi")):
        systemd.commands.clear()
        systemd_unit._make_gallery(user, owner)
        assert systemd.commands == [f"chown ('{user}', '{user}')"]


def test_the_pins_are_open_only_where_their_group_exists(monkeypatch, tmp_path):
    for exists, groups in ((True, "video gpio"), (False, "video")):
        monkeypatch.setattr(systemd_unit, "_has_group", lambda _, exists=exists: exists)
        assert f"SupplementaryGroups={groups}\n" in systemd_unit.unit_text(tmp_path / "f.toml", "toon", "1G")
