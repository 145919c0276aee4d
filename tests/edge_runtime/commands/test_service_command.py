from __future__ import annotations

import pytest

from facetoon.edge_runtime.__main__ import main
from facetoon.edge_runtime.service import systemd_unit


def test_install_writes_a_unit_and_a_configuration_and_uninstall_removes_the_unit(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(systemd_unit, "has_systemd", lambda: False)
    where = ["--units", str(tmp_path), "--config", str(tmp_path / "facetoon.toml")]
    assert main(["service", "install", *where]) == 0
    text = (tmp_path / "facetoon.service").read_text()
    for line in (f"--config {tmp_path}/facetoon.toml", "MemoryMax=400M", "User=facetoon"):
        assert f"{line}\n" in text
    assert main(["service", "install", *where, "--memory", "1G"]) == 0
    assert "MemoryMax=1G\n" in (tmp_path / "facetoon.service").read_text()
    assert main(["service", "uninstall", *where]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["facetoon.toml"]
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
