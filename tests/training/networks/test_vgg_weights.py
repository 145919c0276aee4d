from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras

from facetoon.edge_runtime.errors import InputError
from facetoon.training.networks import vgg_weights


@pytest.fixture(scope="module")
def weights(vgg_file):
    return vgg_weights.load_weights(str(vgg_file))


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
        vgg_weights.load_weights(str(tmp_path / "w.npz"))


def test_a_failed_download_names_the_file_and_its_place(monkeypatch):
    def fails(**_):
        raise Exception("URL fetch failure on somewhere")  # the exception that keras raises

    monkeypatch.setattr(keras.applications, "VGG19", fails)
    with pytest.raises(InputError, match=r"put vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5 .* --vgg-weights"):
        vgg_weights.load_weights("imagenet")


def test_weights_in_hdf5_are_the_same_however_deep_they_are_nested(vgg_arrays, weights, tmp_path):
    import h5py

    with h5py.File(tmp_path / "vgg.h5", "w") as file:
        for name, array in vgg_arrays.items():
            if name.startswith("block"):  # an .h5 file is keras.applications', which brings no input map
                layer, what = name.split("/")
                file[f"{layer}/{layer}_{'W' if what == 'kernel' else 'b'}_1:0"] = array
    loaded = vgg_weights.load_weights(str(tmp_path / "vgg.h5"))
    assert len(loaded.convolutions) == 12
    assert list(loaded.convolutions) == list(weights.convolutions)
    for layer, (kernel, bias) in weights.convolutions.items():
        assert np.array_equal(loaded.convolutions[layer][0], kernel)
        assert np.array_equal(loaded.convolutions[layer][1], bias)
    assert not loaded.reflect
