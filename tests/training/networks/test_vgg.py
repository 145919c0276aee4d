from __future__ import annotations

import pytest

pytest.importorskip("tensorflow")

from facetoon.training.networks import vgg


def test_receptive_fields_of_vgg19():
    fields = [vgg.receptive_field_px(layer) for layer in vgg.STYLE_LAYERS]
    assert fields == [3, 10, 24, 68, 156]
