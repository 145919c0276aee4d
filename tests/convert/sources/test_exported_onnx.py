"""PyTorch's own files and float .tflite files as sources: each draws as its own runtime does."""

from __future__ import annotations

import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="needs pip install 'facetoon[convert]'")

import keras
from keras import layers, ops

from facetoon.convert.__main__ import main
from facetoon.convert.formats.quantization import RECIPES
from facetoon.convert.formats.tflite_metadata import with_metadata
from facetoon.convert.formats.to_tflite import float32, to_tflite
from facetoon.convert.sources.foreign_source import open_foreign
from facetoon.convert.sources.source_facts import read_facts
from facetoon.edge_runtime.__main__ import main as live_main
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.spec import read_model

TINY = Path(__file__).parents[2] / "data" / "tiny-32.tflite"
NOISE = np.random.default_rng(1).uniform(-1, 1, (1, 32, 32, 3)).astype(np.float32)
FEW = ["--calibration-images", "8", "--test-images", "4"]


def facts(size: str = "", ranges: str = "-1..1"):
    return read_facts(size, ranges, "", "", None)


def resnet_generator(filters: int, blocks: int):
    """CycleGAN's generator (Zhu et al. 2017) as its authors' PyTorch code builds it, with random weights."""
    torch = pytest.importorskip("torch", reason="needs pip install 'facetoon[torch]'")
    pytest.importorskip("onnxscript", reason="needs pip install 'facetoon[torch]'")
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            convolutions = [nn.Sequential(nn.ReflectionPad2d(1), *normed(nn.Conv2d(width, width, 3))) for _ in "ab"]
            self.change = nn.Sequential(convolutions[0], nn.ReLU(True), convolutions[1])

        def forward(self, x):
            return x + self.change(x)

    def normed(convolution):
        return convolution, nn.InstanceNorm2d(convolution.out_channels)

    torch.manual_seed(1)
    wide, wider = 2 * filters, 4 * filters
    return nn.Sequential(
        *(nn.ReflectionPad2d(3), *normed(nn.Conv2d(3, filters, 7)), nn.ReLU(True)),
        *(*normed(nn.Conv2d(filters, wide, 3, 2, 1)), nn.ReLU(True)),
        *(*normed(nn.Conv2d(wide, wider, 3, 2, 1)), nn.ReLU(True)),
        *(Block(wider) for _ in range(blocks)),
        *(*normed(nn.ConvTranspose2d(wider, wide, 3, 2, 1, 1)), nn.ReLU(True)),
        *(*normed(nn.ConvTranspose2d(wide, filters, 3, 2, 1, 1)), nn.ReLU(True)),
        *(nn.ReflectionPad2d(3), nn.Conv2d(filters, 3, 7), nn.Tanh()),
    ).eval()


@pytest.fixture(scope="module")
def torch_generator():
    return resnet_generator(8, blocks=1)


def drawn_by(generator) -> np.ndarray:
    import torch

    with torch.no_grad():
        return generator(torch.from_numpy(NOISE.transpose(0, 3, 1, 2).copy())).numpy().transpose(0, 2, 3, 1)


@pytest.fixture
def save(tmp_path, torch_generator):
    """A function: the name of a file to its path, with the generator exported, scripted or as weights alone."""
    import torch

    def write(name: str) -> Path:
        path, picture = tmp_path / name, (torch.zeros(1, 3, 32, 32),)
        if path.suffix == ".pt2":
            auto = torch.export.Dim.AUTO
            free = ({2: auto, 3: auto},) if name == "free.pt2" else None
            torch.export.save(torch.export.export(torch_generator, picture, dynamic_shapes=free), path)
        elif path.suffix == ".pt":
            with warnings.catch_warnings(action="ignore"):  # tracing makes constants of sizes, and says so
                torch.jit.trace(torch_generator, picture).save(path)
        else:
            torch.save(torch_generator.state_dict(), path)
        return path

    return write


@pytest.mark.slow
@pytest.mark.parametrize(("name", "size"), [("net.pt2", ""), ("free.pt2", "32"), ("net.pt", "32")])
def test_a_file_of_pytorch_draws_as_pytorch_does(save, torch_generator, name, size):
    model = open_foreign(save(name), facts(size))
    np.testing.assert_allclose(np.asarray(model(NOISE)), drawn_by(torch_generator), atol=1e-4)


@pytest.mark.slow
def test_a_file_of_pytorch_that_does_not_hold_the_network_is_refused(save, tmp_path):
    with pytest.raises(InputError, match="a file of weights lacks the network"):
        open_foreign(save("weights.pth"), facts("32"))
    with pytest.raises(InputError, match="does not say the size of its pictures: state it with --size"):
        open_foreign(save("net.pt"), facts())
    with pytest.raises(InputError, match="takes pictures of any size: state one with --size"):
        open_foreign(save("free.pt2"), facts())
    (tmp_path / "none.pt2").write_bytes(b"something")
    with pytest.raises(InputError, match=r"is no program of torch.export.save that PyTorch \d.* can load"):
        open_foreign(tmp_path / "none.pt2", facts())


@pytest.mark.slow
def test_cyclegan_goes_from_pytorch_by_onnx_to_a_judged_int8_file_and_live(photos, tmp_path):
    generator, source, out = resnet_generator(8, blocks=9), tmp_path / "gan.onnx", tmp_path / "gan.tflite"
    import torch

    with warnings.catch_warnings(action="ignore"):
        torch.onnx.export(generator, (torch.zeros(1, 3, 32, 32),), source, dynamo=True, verbose=False)
    command = ["build", str(source), "--photos", *photos, "--range=-1..1", "--recipe", "hybrid_wi8_afp32", *FEW]
    assert main([*command, "--out", str(out)]) == 0
    live = [
        "--model",
        str(out),
        "--source",
        "demo",
        "--headless",
        "--frames",
        "2",
        "--pictures",
        str(tmp_path / "live"),
    ]
    assert live_main([*live, "--pictures", str(tmp_path / "live")]) == 0
    assert len(list((tmp_path / "live").iterdir())) == 2


def test_without_pytorch_its_extra_is_named(tmp_path, photos, capfd, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    (tmp_path / "net.pt2").write_bytes(b"something")
    command = ["build", str(tmp_path / "net.pt2"), "--photos", *photos, "--range=-1..1"]
    assert main([*command, "--out", str(tmp_path / "toon.tflite")]) == 2
    assert "pip install 'facetoon[torch]' brings it" in capfd.readouterr().err


def small(height: int = 32, width: int = 32) -> keras.Model:
    keras.utils.set_random_seed(3)
    image = keras.Input((height, width, 3), batch_size=1, name="image")
    x = layers.ReLU()(layers.Conv2D(8, 3, strides=2, padding="same")(image))
    mean, variance = ops.moments(x, (1, 2), keepdims=True)
    x = layers.DepthwiseConv2D(3, padding="same")((x - mean) * ops.rsqrt(variance + 1e-5))
    x = layers.Conv2DTranspose(8, 3, strides=2, padding="same")(layers.LeakyReLU()(x))
    x = layers.Conv2D(3, 3)(ops.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], "reflect"))
    return keras.Model(image, layers.Activation("tanh")(image + 0.5 * x), name="small")


@pytest.fixture(scope="module")
def flatbuffer() -> bytes:
    return float32(small())


def test_a_float_tflite_draws_as_litert_does(tmp_path, flatbuffer):
    path = tmp_path / "float.tflite"
    path.write_bytes(flatbuffer)
    np.testing.assert_allclose(np.asarray(open_foreign(path, facts())(NOISE)), np.asarray(small()(NOISE)), atol=1e-5)
    with pytest.raises(InputError, match="does not say the range of its values"):
        open_foreign(path, facts(ranges=""))


def test_the_ranges_of_a_float_tflite_are_those_of_its_metadata(tmp_path):
    image = keras.Input((32, 32, 3), batch_size=1, name="image")
    grey = keras.Model(image, layers.Rescaling(-0.5, 255)(image))
    path = tmp_path / "grey.tflite"
    path.write_bytes(with_metadata(float32(grey), replace(read_model(TINY)[1], value_range=(0.0, 255.0))))
    actual = np.asarray(open_foreign(path, facts(ranges=""))(NOISE))
    expected = np.asarray(grey((NOISE + 1) * 127.5)) / 127.5 - 1
    np.testing.assert_allclose(actual, expected, atol=1e-5)


def test_a_float_tflite_becomes_a_judged_onnx_file_without_stating_its_range(tmp_path, photos, flatbuffer):
    """Every recipe and format is open to it, since it becomes a Keras model."""
    path, out = tmp_path / "float.tflite", tmp_path / "toon.onnx"
    path.write_bytes(with_metadata(flatbuffer, read_model(TINY)[1]))
    assert main(["build", str(path), "--photos", *photos, "--recipe", "float32", *FEW, "--out", str(out)]) == 0
    np.testing.assert_allclose(open_session(out).infer(NOISE), np.asarray(small()(NOISE)), atol=1e-4)


@pytest.mark.parametrize("recipe", ["float16", "hybrid_wi8_afp32"])
def test_a_quantized_tflite_is_no_source(tmp_path, recipe):
    path = tmp_path / "quantized.tflite"
    path.write_bytes(to_tflite(small(64, 64), RECIPES[recipe], None))
    with pytest.raises(InputError, match=r"is quantized already, to (float16|int8): convert the float model"):
        open_foreign(path, facts())


@pytest.mark.parametrize("recipe", ["float32", "static_wi8_ai8"])
def test_a_rectangular_network_is_judged_by_the_square_that_it_draws(tmp_path, photos, recipe):
    keras.utils.set_random_seed(3)
    image = keras.Input((None, None, 3))
    keras.Model(image, layers.Activation("tanh")(layers.Conv2D(3, 3, padding="same")(image))).save(tmp_path / "n.keras")
    out = tmp_path / "wide.tflite"
    command = ["build", str(tmp_path / "n.keras"), "--photos", *photos, "--range=-1..1", "--size", "32x48", *FEW]
    assert main([*command, "--recipe", recipe, "--out", str(out)]) == 0
    session = open_session(out)
    assert session.size_px == 32
    assert session.infer(session.to_tensor(np.zeros((32, 32, 3), np.uint8))).shape == (1, 32, 48, 3)
