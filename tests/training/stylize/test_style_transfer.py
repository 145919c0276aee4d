"""Style transfer on a random encoder laid out as VGG19."""

from __future__ import annotations

import sys
import zipfile

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.convert.judge.comparison import ssim
from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.training.__main__ import main
from facetoon.training.networks import perceptual, vgg_weights
from facetoon.training.stylize import photo_colours
from facetoon.training.stylize.style_settings import StyleSettings
from facetoon.training.stylize.style_transfer import StyleTransfer


@pytest.fixture(scope="module")
def weights(vgg_file):
    return vgg_weights.load_weights(str(vgg_file))


def stripes(angle_deg: float, colours=((230, 30, 30), (30, 30, 230)), side=96):
    y, x = np.mgrid[:side, :side]
    phase = np.sin((x * np.cos(np.radians(angle_deg)) + y * np.sin(np.radians(angle_deg))) / 2)
    return np.where(phase[..., None] > 0, *(np.array(c, np.uint8) for c in colours)).astype(np.uint8)


def photo(side=48):
    image = np.full((side, side, 3), (90, 140, 90), np.uint8)
    cv2.circle(image, (side // 2, side // 2), side // 3, (210, 180, 150), -1, cv2.LINE_AA)
    return image


@pytest.fixture
def files(tmp_path):
    """A grey photograph, one with alpha, and a style."""
    cv2.imwrite(str(tmp_path / "grey.png"), photo()[..., 0])
    see_through = np.dstack([photo(), np.full((48, 48), 255, np.uint8)])
    see_through[:8, :, 3] = 0
    cv2.imwrite(str(tmp_path / "alpha.png"), see_through)
    cv2.imwrite(str(tmp_path / "style.png"), stripes(0)[..., ::-1])
    return tmp_path


def style_loss(transfer, image, style):
    wanted = perceptual.style_grams(transfer.encoder, [style], [1.0], transfer.layers)
    features = transfer.encoder(image[None].astype("float32") / 127.5 - 1)
    return float(perceptual.style_error(features, wanted)[0])


@pytest.mark.parametrize(("optimizer", "share"), [("adam", 0.6), ("lbfgs", 0.75)])
def test_painting_brings_the_style_nearer_and_keeps_the_content(weights, optimizer, share):
    transfer = StyleTransfer(weights, [stripes(0)], [], StyleSettings(steps=30, optimizer=optimizer))
    painted = transfer.paint(photo()[None], progress=False)[0]
    assert style_loss(transfer, painted, stripes(0)) < share * style_loss(transfer, photo(), stripes(0))
    assert ssim(photo(), painted) > 0.3


def test_strength_zero_is_the_photograph_and_half_asks_for_less_style(weights):
    def painted(strength):
        settings = StyleSettings(steps=30, strength=strength)
        transfer = StyleTransfer(weights, [stripes(0)], [], settings)
        return transfer, transfer.paint(photo()[None], progress=False)[0]

    assert np.array_equal(painted(0)[1], photo())
    losses = [style_loss(transfer, image, stripes(0)) for transfer, image in (painted(0.3), painted(1))]
    assert losses[0] > losses[1]


def test_the_same_seed_paints_the_same_from_noise(weights):
    settings = StyleSettings(steps=3, from_noise=True, seed=5)
    pictures = [StyleTransfer(weights, [stripes(0)], [], settings).paint(photo()[None], progress=False) for _ in (1, 2)]
    assert np.array_equal(*pictures)


def test_luminance_keeps_the_photographs_chroma(weights):
    settings = StyleSettings(steps=10, colours="luminance")
    painted = StyleTransfer(weights, [stripes(0)], [], settings).paint(photo()[None], progress=False)[0]
    before, after = (x.astype(float) - photo_colours.luminance(x) for x in (photo(), painted))
    assert np.abs(before - after).mean() < 3


def test_a_style_smaller_than_what_a_layer_sees_is_refused(weights):
    with pytest.raises(InputError, match="16 px on its shorter side, but relu3_1 sees 24 px"):
        StyleTransfer(weights, [stripes(0, side=16)], [], StyleSettings(layers=("relu3_1",)))


def stylize(files, vgg_file, *more):
    content = ["--content", *(str(files / f"{name}.png") for name in ("grey", "alpha"))]
    style = ["--style", str(files / "style.png"), "--vgg-weights", str(vgg_file)]
    return main(["stylize", *content, *style, "--size", "48", "--style-size", "96", "--steps", "4", *more])


def test_stylize_paints_grey_and_see_through_pictures_and_shows_steps(files, vgg_file, capsys):
    assert stylize(files, vgg_file, "--out", str(files / "out"), "--every", "2") == 0
    names = sorted(path.name for path in (files / "out").iterdir())
    assert names == [f"{name}{step}.png" for name in ("alpha", "grey") for step in ("-step-0002", "-step-0004", "")]
    assert cv2.imread(str(files / "out/alpha.png")).shape == (48, 48, 3)
    assert "2 pictures painted" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--out", "{}/one.png"], "2 photographs do not fit into one file"),
        (["--out", "{}/out", "--strength", "2"], "strength must be from 0 to 1"),
        (["--out", "{}/out", "--style-weights", "1", "2"], "1 styles but 2 weights"),
        (["--out", "{}/out", "--layers", "relu9_1"], "no layer relu9_1"),
    ],
)
def test_stylize_refuses_in_one_sentence(files, vgg_file, capsys, more, sentence):
    assert stylize(files, vgg_file, *(part.format(files) for part in more)) == 2
    assert sentence in capsys.readouterr().err
    assert not list(files.glob("out/*.png"))


@pytest.mark.shared_data
def test_real_pictures_take_the_style_and_stay_recognizable(shared_data):
    """The compressed encoder on real files; SSIM of two unrelated faces here is about 0.2."""
    weights = vgg_weights.load_weights(str(shared_data / "nets/vgg19_16x.npz"))
    with zipfile.ZipFile(shared_data / "human128.zip") as archive:
        face = pixels.decode_image(archive.read(sorted(n for n in archive.namelist() if "lfw_" in n)[0]), "face")
    with zipfile.ZipFile(shared_data / "comic_pairs256.zip") as archive:
        comic = pixels.decode_image(archive.read("comic_pairs256/v2/03_comic.jpg"), "comic")
    transfer = StyleTransfer(weights, [comic], [], StyleSettings(steps=60))
    painted = transfer.paint(face[None], progress=False)[0]
    assert style_loss(transfer, painted, comic) < 0.2 * style_loss(transfer, face, comic)
    assert ssim(face, painted) > 0.35


def test_lbfgs_without_scipy_is_one_sentence(weights, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)  # JAX brings SciPy, an install for TensorFlow has none
    transfer = StyleTransfer(weights, [stripes(0)], [], StyleSettings(steps=1, optimizer="lbfgs"))
    with pytest.raises(InputError, match="lbfgs needs SciPy"):
        transfer.paint(photo()[None], progress=False)
