from __future__ import annotations

import pytest

pytest.importorskip("tensorflow")

from facetoon.edge_runtime.folder_owner import owned
from facetoon.training.__main__ import main


def test_a_run_directory_has_one_training_at_a_time(tmp_path, capsys):
    """The second ends before it loads a picture: there are none here."""
    command = ["cyclegan", "--photos", str(tmp_path / "a"), "--cartoons", str(tmp_path / "b"), "--run"]
    with owned(tmp_path / "run"):
        assert main([*command, str(tmp_path / "run")]) == 2
    assert f"toon-train: {tmp_path / 'run'} is in use by " in capsys.readouterr().err
    assert main([*command, str(tmp_path / "new")]) == 2
    assert "is neither a folder nor a zip file" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
