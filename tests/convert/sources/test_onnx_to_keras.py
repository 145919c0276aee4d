"""An ONNX generator as PyTorch exports them, against ONNX Runtime; load_onnx itself compares the values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="needs pip install 'facetoon[convert]'")

import onnx
from onnx import TensorProto, helper, numpy_helper

from facetoon.convert.__main__ import main
from facetoon.convert.sources.onnx_to_keras import load_onnx
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.session import open_session


class Graph:
    """A chain of ONNX operators with random weights."""

    def __init__(self) -> None:
        self.nodes: list = []
        self.constants: list = []
        self._random = np.random.default_rng(0)

    def constant(self, values: object, dtype: str = "int64") -> str:
        self.constants.append(numpy_helper.from_array(np.array(values, dtype), f"c{len(self.constants)}"))
        return self.constants[-1].name

    def weights(self, *shape: int) -> str:
        return self.constant(self._random.normal(0, 1 / np.sqrt(np.prod(shape[1:])), shape), "float32")

    def add(self, kind: str, *inputs: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, list(inputs), [f"t{len(self.nodes)}"], **attributes))
        return self.nodes[-1].output[0]

    def normal(self, x: str, channels: int) -> str:
        gain, shift = self.constant(np.ones(channels), "float32"), self.constant(np.zeros(channels), "float32")
        return self.add("Relu", self.add("InstanceNormalization", x, gain, shift))

    def write(self, path: Path, last: str, external: bool = False) -> Path:
        self.nodes[-1].output[0] = "y"
        ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", 3, "h", "w"]) for n in ("x", "y")]
        graph = helper.make_graph(self.nodes, "g", ends[:1], ends[1:], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        named = {"save_as_external_data": True, "location": "weights.bin", "size_threshold": 0} if external else {}
        onnx.save(model, path, **named)
        return path


def cyclegan(blocks: int = 1, width: int = 8) -> Graph:
    """The ResNet generator of CycleGAN (Zhu et al. 2017) as torch.onnx.export writes it."""
    g = Graph()
    x = g.add("Pad", "x", g.constant([0, 0, 3, 3, 0, 0, 3, 3]), mode="reflect")
    x = g.normal(g.add("Conv", x, g.weights(width, 3, 7, 7)), width)
    for filters in (2 * width, 4 * width):
        x = g.add("Conv", x, g.weights(filters, filters // 2, 3, 3), strides=[2, 2], pads=[1] * 4)
        x = g.normal(x, filters)
    for _ in range(blocks):
        y = g.add("Pad", x, g.constant([0, 0, 1, 1, 0, 0, 1, 1]), mode="reflect")
        x = g.add("Add", x, g.normal(g.add("Conv", y, g.weights(4 * width, 4 * width, 3, 3)), 4 * width))
    for filters in (2 * width, width):
        layout = {"strides": [2, 2], "pads": [1] * 4, "output_padding": [1, 1]}
        x = g.normal(g.add("ConvTranspose", x, g.weights(2 * filters, filters, 3, 3), **layout), filters)
    x = g.add("Pad", x, g.constant([0, 0, 3, 3, 0, 0, 3, 3]), mode="reflect")
    g.add("Tanh", g.add("Conv", x, g.weights(3, width, 7, 7)))
    return g


def varied() -> Graph:
    """The other layers that generators have."""
    g = Graph()
    x = g.add("Conv", "x", g.weights(16, 3, 3, 3), g.weights(16), pads=[1] * 4)
    x = g.add("Add", x, g.add("Conv", x, g.weights(16, 8, 3, 3), pads=[1] * 4, group=2))
    y = g.add("Conv", x, g.weights(16, 1, 3, 3), g.weights(16), pads=[1] * 4, group=16)
    y = g.add("LeakyRelu", g.add("Mul", y, g.weights(16, 1, 1)), alpha=0.2)
    x = g.add("PRelu", g.add("Add", x, y), g.weights(16, 1, 1))
    x = g.add("Clip", x, g.constant(0, "float32"), g.constant(6, "float32"))
    x = g.add(
        "Transpose",
        g.add("LayerNormalization", g.add("Transpose", x, perm=[0, 2, 3, 1]), g.weights(16)),
        perm=[0, 3, 1, 2],
    )
    x = g.add("Concat", x, g.add("Sigmoid", x), axis=1)
    x = g.add("Conv", x, g.weights(12, 32, 1, 1))
    x = g.add("AveragePool", g.add("DepthToSpace", x, blocksize=2, mode="CRD"), kernel_shape=[4, 4], strides=[4, 4])
    x = g.add(
        "Resize",
        x,
        "",
        g.constant([1, 1, 2, 2], "float32"),
        mode="linear",
        coordinate_transformation_mode="align_corners",
    )
    x = g.add("Mul", x, g.add("GlobalAveragePool", g.add("Exp", x)))
    g.add("Tanh", x)
    return g


def test_a_reshape_to_one_picture_takes_several(tmp_path):
    """Exporters write the batch of 1 into the shapes of a reshape."""
    g = Graph()
    x = g.add("Reshape", "x", g.constant([1, 3, -1]))
    g.add("Reshape", g.add("Softmax", x, axis=-1), g.constant([1, 3, 32, 32]))
    model = load_onnx(g.write(tmp_path / "net.onnx", "y"), (32, 32))
    assert model(np.zeros((4, 32, 32, 3), np.float32)).shape == (4, 32, 32, 3)


@pytest.mark.parametrize("build", [cyclegan, varied])
def test_values_are_those_of_onnx_runtime(build, tmp_path):
    model = load_onnx(build().write(tmp_path / "net.onnx", "y"), (32, 32))
    assert [tuple(t.shape) for t in (*model.inputs, *model.outputs)] == [(None, 32, 32, 3)] * 2


@pytest.mark.parametrize("recipe", ["float32", "hybrid_wi8_afp32"])
def test_a_cyclegan_from_torch_becomes_a_judged_file(photos, tmp_path, recipe):
    source, out = cyclegan().write(tmp_path / "net.onnx", "y"), tmp_path / "toon.tflite"
    command = ["build", str(source), "--photos", *photos, "--range=-1..1", "--size", "32", "--out", str(out)]
    assert main([*command, "--recipe", recipe, "--calibration-images", "8", "--test-images", "4"]) == 0
    assert open_session(out).size_px == 32


def test_weights_beside_the_file_are_found_by_its_own_path(tmp_path, monkeypatch):
    for name in ("model", "elsewhere"):
        (tmp_path / name).mkdir()
    path = cyclegan().write(tmp_path / "model" / "net.onnx", "y", external=True)
    weights = path.with_name("weights.bin").read_bytes()
    (tmp_path / "elsewhere" / "weights.bin").write_bytes(bytes(len(weights)))
    monkeypatch.chdir(tmp_path / "elsewhere")
    picture = np.random.default_rng(1).uniform(-1, 1, (1, 32, 32, 3)).astype(np.float32)
    assert np.asarray(load_onnx(path, (32, 32))(picture)).std() > 0.1


def test_what_has_no_keras_form_is_named(tmp_path):
    g = Graph()
    g.add("Selu", "x")
    with pytest.raises(InputError, match="its operator Selu has no Keras form here"):
        load_onnx(g.write(tmp_path / "net.onnx", "y"), (32, 32))
    with pytest.raises(InputError, match="takes pictures of any size: state one with --size"):
        load_onnx(cyclegan().write(tmp_path / "net.onnx", "y"), None)
    (tmp_path / "net.onnx").write_bytes(b"no model")
    with pytest.raises(InputError, match="it is no ONNX file"):
        load_onnx(tmp_path / "net.onnx", (32, 32))
