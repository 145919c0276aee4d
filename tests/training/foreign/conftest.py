from __future__ import annotations

import numpy as np
import pytest


def _save_onnx(path, taken=(1, 8, 8, 3), given=None, scale=-1.0, extra=(), op="Mul"):
    """An .onnx file that multiplies its picture by `scale`. `extra` are names of further outputs."""
    onnx = pytest.importorskip("onnx")
    helper, float32 = onnx.helper, onnx.TensorProto.FLOAT
    weights = [helper.make_tensor("scale", float32, [1], [scale])]
    nodes = [helper.make_node(op, ["image", "scale"], ["cartoon"])]
    nodes += [helper.make_node("Identity", ["cartoon"], [name]) for name in extra]
    outputs = [helper.make_tensor_value_info(name, float32, given or taken) for name in ("cartoon", *extra)]
    graph = helper.make_graph(
        nodes, "foreign", [helper.make_tensor_value_info("image", float32, taken)], outputs, weights
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture(scope="session")
def save_onnx():
    """A function: writes an .onnx file that multiplies its picture."""
    return _save_onnx


@pytest.fixture
def pictures():
    """A function: side to three pictures of noise."""
    return lambda side_px: np.random.default_rng(3).integers(0, 256, (3, side_px, side_px, 3), np.uint8)
