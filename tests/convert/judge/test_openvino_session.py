from __future__ import annotations

import pytest

pytest.importorskip("tensorflow", reason="needs pip install 'facetoon[convert]'")

from facetoon.convert.__main__ import main


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["float32", "static_wi8_ai8"])
def test_a_file_holds_in_openvino_too(run, few, tmp_path, capfd, recipe):
    pytest.importorskip("openvino", reason="needs pip install 'facetoon[openvino]'")
    out = tmp_path / "toon.onnx"
    assert main(["build", str(run), "--out", str(out), "--recipe", recipe, *few]) == 0
    assert main(["verify", str(out), "--run", str(run), "--openvino", *few]) == 0
    assert f"holds, {recipe}" in capfd.readouterr().out


def test_a_tflite_file_is_refused_there(toon, run, few, capfd):
    assert main(["verify", str(toon), "--run", str(run), "--openvino", *few]) == 2
    assert "is no .onnx file" in capfd.readouterr().err
