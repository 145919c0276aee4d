from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.edge_runtime.errors import InputError
from facetoon.training.critic.frozen_features import FrozenFeatures


def test_there_is_a_map_for_each_stride_from_four(features_file):
    features = FrozenFeatures(features_file)
    maps = features(np.zeros((2, 64, 64, 3), np.float32))
    assert features.channels == [8, 12, 16, 16]
    assert [tuple(m.shape) for m in maps] == [(2, 16, 16, 8), (2, 8, 8, 12), (2, 4, 4, 16), (2, 2, 2, 16)]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda a: a.pop("stem/kernel"),
        lambda a: a.pop("block02/depthwise/bias"),
        lambda a: a.update({"block03/expand/kernel": np.zeros((1, 1, 5, 24), np.float16)}),
        lambda a: a.clear(),
    ],
)
def test_another_layout_is_one_sentence(spoil, feature_arrays, tmp_path):
    arrays = dict(feature_arrays)
    spoil(arrays)
    np.savez(tmp_path / "other.npz", **arrays)
    with pytest.raises(InputError, match="is no file of frozen features"):
        FrozenFeatures(tmp_path / "other.npz")


@pytest.mark.parametrize("name", ["text.npz", "missing.npz"])
def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path, name):
    (tmp_path / "text.npz").write_text("no")
    with pytest.raises(InputError, match="cannot be read"):
        FrozenFeatures(tmp_path / name)


@pytest.mark.shared_data
def test_efficientnet_lite0_sees_four_strides(shared_data):
    features = FrozenFeatures(shared_data / "nets" / "efficientnet_lite0.npz")
    maps = features(np.zeros((1, 64, 64, 3), np.float32))
    assert [m.shape[1] for m in maps] == [16, 8, 4, 2]
    assert [m.shape[3] for m in maps] == features.channels
