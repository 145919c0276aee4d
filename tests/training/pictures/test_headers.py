from __future__ import annotations

import cv2
import numpy as np
import pytest

from facetoon.training.pictures.headers import picture_size


@pytest.mark.parametrize("kind", [".jpg", ".png", ".webp"])
def test_headers_tell_the_size(kind):
    data = cv2.imencode(kind, np.zeros((33, 57, 3), np.uint8))[1].tobytes()
    assert picture_size(data)[:2] == (57, 33)
    assert picture_size(data[:12]) is None
    lossless = cv2.imencode(".webp", np.zeros((33, 57, 3), np.uint8), (cv2.IMWRITE_WEBP_QUALITY, 101))[1].tobytes()
    assert picture_size(lossless)[:2] == (57, 33)
