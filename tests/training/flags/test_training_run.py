from __future__ import annotations

import pytest

from facetoon.training.__main__ import main


@pytest.mark.parametrize("setting", ["compute.precision=bfloat16", "compute.jit_compile=true"])
def test_a_section_that_a_kind_does_not_heed_is_refused(tmp_path, capsys, setting):
    run = tmp_path / "run"
    assert main(["distill", "--teacher", "toon=draw:toon", "--photos", "p", "--run", str(run), "--set", setting]) == 2
    assert "toon-train distill computes in float32 without XLA" in capsys.readouterr().err
    assert not run.exists()
