"""Style transfer and its fast version, on a random encoder laid out as VGG19."""

from __future__ import annotations

import json
import zipfile

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras
from facetoon.convert.judge.comparison import ssim
from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.training.__main__ import main
from facetoon.training.networks import perceptual, vgg
from facetoon.training.runs.checkpoint import load_generator
from facetoon.training.stylize import colour
from facetoon.training.stylize.style_transfer import Settings, StyleTransfer


@pytest.fixture(scope="module")
def weights(vgg_file):
    return vgg.load_weights(str(vgg_file))


def stripes(angle_deg: float, colours=((230, 30, 30), (30, 30, 230)), side=96):
    y, x = np.mgrid[:side, :side]
    phase = np.sin((x * np.cos(np.radians(angle_deg)) + y * np.sin(np.radians(angle_deg))) / 2)
    return np.where(phase[..., None] > 0, *(np.array(c, np.uint8) for c in colours)).astype(np.uint8)


def photo(side=48):
    image = np.full((side, side, 3), (90, 140, 90), np.uint8)
    cv2.circle(image, (side // 2, side // 2), side // 3, (210, 180, 150), -1, cv2.LINE_AA)
    return image


def style_loss(transfer, image, style):
    wanted = perceptual.style_grams(transfer.encoder, [style], [1.0], transfer.layers)
    features = transfer.encoder(image[None].astype("float32") / 127.5 - 1)
    return float(perceptual.style_error(features, wanted)[0])


@pytest.mark.parametrize(("optimizer", "share"), [("adam", 0.6), ("lbfgs", 0.75)])
def test_painting_brings_the_style_nearer_and_keeps_the_content(weights, optimizer, share):
    transfer = StyleTransfer(weights, [stripes(0)], [], Settings(steps=30, optimizer=optimizer))
    painted = transfer.paint(photo()[None], progress=False)[0]
    assert style_loss(transfer, painted, stripes(0)) < share * style_loss(transfer, photo(), stripes(0))
    assert ssim(photo(), painted) > 0.3


def test_strength_zero_is_the_photograph_and_half_asks_for_less_style(weights):
    def painted(strength):
        settings = Settings(steps=30, strength=strength)
        transfer = StyleTransfer(weights, [stripes(0)], [], settings)
        return transfer, transfer.paint(photo()[None], progress=False)[0]

    assert np.array_equal(painted(0)[1], photo())
    losses = [style_loss(transfer, image, stripes(0)) for transfer, image in (painted(0.3), painted(1))]
    assert losses[0] > losses[1]


def test_merged_styles_have_merged_gram_matrices(weights):
    encoder = vgg.build_encoder(weights, ("relu1_1",))
    each = [perceptual.style_grams(encoder, [stripes(a)], [1.0], ["relu1_1"])["relu1_1"] for a in (0, 60)]
    both = perceptual.style_grams(encoder, [stripes(0), stripes(60)], [0.25, 0.75], ["relu1_1"])["relu1_1"]
    assert np.allclose(both, 0.25 * each[0] + 0.75 * each[1], rtol=1e-5)


def test_the_same_seed_paints_the_same_from_noise(weights):
    settings = Settings(steps=3, from_noise=True, seed=5)
    pictures = [StyleTransfer(weights, [stripes(0)], [], settings).paint(photo()[None], progress=False) for _ in (1, 2)]
    assert np.array_equal(*pictures)


def test_luminance_keeps_the_photographs_chroma(weights):
    settings = Settings(steps=10, colours="luminance")
    painted = StyleTransfer(weights, [stripes(0)], [], settings).paint(photo()[None], progress=False)[0]
    before, after = (x.astype(float) - colour.luminance(x) for x in (photo(), painted))
    assert np.abs(before - after).mean() < 3


def test_matched_colours_have_the_photographs_mean_and_spread():
    random = np.random.default_rng(2)
    ours, theirs = (
        np.clip(random.normal(m, s, (64, 64, 3)), 0, 255).astype(np.uint8) for m, s in ((90, 10), (140, 25))
    )
    matched = colour.match_colours(ours, theirs).reshape(-1, 3)
    assert np.allclose(matched.mean(0), theirs.reshape(-1, 3).mean(0), atol=1)
    assert np.allclose(matched.std(0), theirs.reshape(-1, 3).std(0), rtol=0.05)


def test_receptive_fields_of_vgg19():
    fields = [vgg.receptive_field_px(layer) for layer in vgg.STYLE_LAYERS]
    assert fields == [3, 10, 24, 68, 156]


def test_a_style_smaller_than_what_a_layer_sees_is_refused(weights):
    with pytest.raises(InputError, match="16 px on its shorter side, but relu3_1 sees 24 px"):
        StyleTransfer(weights, [stripes(0, side=16)], [], Settings(layers=("relu3_1",)))


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ({"block2_conv1/kernel": np.zeros((3, 3, 5, 8), "float32")}, "block2_conv1 has kernel"),
        ({"block3_conv4/kernel": None}, "it lacks block3_conv4"),
    ],
)
def test_weights_of_another_layout_are_refused(vgg_arrays, tmp_path, damage, sentence):
    made = {**vgg_arrays, **damage}
    np.savez(tmp_path / "w.npz", **{name: array for name, array in made.items() if array is not None})
    with pytest.raises(InputError, match=sentence):
        vgg.load_weights(str(tmp_path / "w.npz"))


def test_a_failed_download_names_the_file_and_its_place(monkeypatch):
    def fails(**_):
        raise Exception("URL fetch failure on somewhere")  # what keras raises

    monkeypatch.setattr(keras.applications, "VGG19", fails)
    with pytest.raises(InputError, match=r"put vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5 .* --vgg-weights"):
        vgg.load_weights("imagenet")


@pytest.fixture
def files(tmp_path):
    """A grey photograph, one with alpha, and a style."""
    cv2.imwrite(str(tmp_path / "grey.png"), photo()[..., 0])
    see_through = np.dstack([photo(), np.full((48, 48), 255, np.uint8)])
    see_through[:8, :, 3] = 0
    cv2.imwrite(str(tmp_path / "alpha.png"), see_through)
    cv2.imwrite(str(tmp_path / "style.png"), stripes(0)[..., ::-1])
    return tmp_path


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


def test_the_fast_version_learns_and_leaves_a_generator(drawn, files, vgg_file, tmp_path):
    sets = ["data.size_px=32", "student.stem_filters=16", "student.filters=16", "student.blocks=1", "batch_size=4"]
    sets += ["steps=120", "checkpoint_every=120", "sample_every=120", "fast_style.style_px=96"]
    given = ["--photos", str(drawn / "photos"), "--style", str(files / "style.png"), "--vgg-weights", str(vgg_file)]
    options = [part for value in sets for part in ("--set", value)]
    run = tmp_path / "run"
    assert main(["fast-style", *given, "--run", str(run), *options]) == 0
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["loss"] < lines[0]["loss"]
    assert load_generator(run).name == "student"
    assert {"vgg_sha256", "styles_sha256"} <= set(json.loads((run / "config.json").read_text()))


@pytest.mark.shared_data
def test_real_pictures_take_the_style_and_stay_recognizable(shared_data):
    """The compressed encoder on real files; SSIM of two unrelated faces here is about 0.2."""
    weights = vgg.load_weights(str(shared_data / "nets/vgg19_16x.npz"))
    with zipfile.ZipFile(shared_data / "human128.zip") as archive:
        face = pixels.decode_image(archive.read(sorted(n for n in archive.namelist() if "lfw_" in n)[0]), "face")
    with zipfile.ZipFile(shared_data / "comic_pairs256.zip") as archive:
        comic = pixels.decode_image(archive.read("comic_pairs256/v2/03_comic.jpg"), "comic")
    transfer = StyleTransfer(weights, [comic], [], Settings(steps=60))
    painted = transfer.paint(face[None], progress=False)[0]
    assert style_loss(transfer, painted, comic) < 0.2 * style_loss(transfer, face, comic)
    assert ssim(face, painted) > 0.35


def test_weights_in_hdf5_are_the_same_however_deep_they_are_nested(vgg_arrays, weights, tmp_path):
    import h5py

    with h5py.File(tmp_path / "vgg.h5", "w") as file:
        for name, array in vgg_arrays.items():
            if name.startswith("block"):  # an .h5 file is keras.applications', which brings no input map
                layer, what = name.split("/")
                file[f"{layer}/{layer}_{'W' if what == 'kernel' else 'b'}_1:0"] = array
    loaded = vgg.load_weights(str(tmp_path / "vgg.h5"))
    assert list(loaded.convolutions) == list(weights.convolutions)
    for layer, (kernel, bias) in weights.convolutions.items():
        assert np.array_equal(loaded.convolutions[layer][0], kernel)
        assert np.array_equal(loaded.convolutions[layer][1], bias)
    assert not loaded.reflect
