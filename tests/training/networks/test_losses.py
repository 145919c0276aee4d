from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.training.networks import losses
from facetoon.training.networks.losses import haar_l1


def test_losses_on_known_values():
    x = np.zeros((1, 16, 16, 3), np.float32)
    y = np.full_like(x, 0.5)
    ramp = np.broadcast_to(np.linspace(-1, 1, 16, dtype=np.float32)[:, None], (1, 16, 16, 3)).copy()
    assert float(losses.mse(x, y)) == pytest.approx(0.25)
    assert float(losses.l1(x, y)) == pytest.approx(0.5)
    assert float(losses.coarse_colour(x, y)) == pytest.approx(0.25)
    assert float(losses.gradient_l1(x, y)) == 0
    assert float(losses.gradient_l1(x, ramp)) == pytest.approx(2 / 15, rel=1e-4)
    assert float(losses.ssim(ramp, ramp)) == pytest.approx(1, abs=1e-5)
    assert float(losses.ssim(ramp, -ramp)) < 0
    assert float(losses.lsgan_generator(np.ones(3))) == 0
    assert float(losses.lsgan_discriminator(np.ones(3), np.zeros(3))) == 0


def test_a_weighted_l1_is_a_mean_where_the_weight_is():
    x, weight = np.zeros((1, 8, 8, 3), np.float32), np.zeros((1, 8, 8, 1), np.float32)
    weight[:, :4] = 1
    y = np.where(weight > 0, x + 0.5, x - 1)  # even in either half, so that only the seam has a difference
    assert float(losses.weighted_l1(x, y, weight)) == pytest.approx(0.5, rel=0.01)


def test_psnr_is_a_mean_over_pictures():
    x = np.zeros((2, 4, 4, 3), np.float32)
    y = np.stack([x[0] + 0.2, x[1] + 0.02])  # a tenth and a hundredth of the range's width of 2
    assert float(losses.psnr_db(x, y)) == pytest.approx((20 + 40) / 2, abs=1e-3)


def test_hinge_counts_only_what_is_not_told_apart_yet():
    assert float(losses.hinge_discriminator(np.array([2.0, 0.5]), np.array([-3.0, -1.0]))) == pytest.approx(0.125)
    assert float(losses.hinge_generator(np.array([1.0, 3.0]))) == -2


def test_haar_sees_lines_and_no_tones():
    x = np.zeros((1, 16, 16, 3), "float32")
    lines = x.copy()
    lines[:, :, ::2] = 1
    assert float(haar_l1(x, x + 0.5)) == 0
    assert float(haar_l1(x, lines)) == pytest.approx(0.25)


def test_colours_are_compared_wherever_they_lie():
    random = np.random.default_rng(1)
    x = random.uniform(-1, 1, (2, 16, 16, 3)).astype("float32")
    blocks = x.reshape(2, 4, 4, 4, 4, 3).transpose(0, 1, 3, 2, 4, 5)
    moved = blocks[:, ::-1, ::-1].transpose(0, 1, 3, 2, 4, 5).reshape(x.shape)
    axes = np.eye(3, dtype="float32")
    assert float(losses.colour_distance(x, moved, axes)) == pytest.approx(0, abs=1e-6)
    assert float(losses.colour_distance(x, x + 0.5, axes)) == pytest.approx(0.5, abs=1e-5)


def test_line_loss_counts_the_dark_lines_alone():
    paper = np.ones((1, 32, 32, 3), np.float32)
    drawing = paper.copy()
    drawing[:, 16, 4:28] = -1
    grey_beside = drawing.copy()
    grey_beside[:, 2:8] = 0.5
    assert float(losses.line_l1(drawing, drawing)) == 0
    assert float(losses.line_l1(grey_beside, drawing)) < 0.05
    assert float(losses.line_l1(paper, drawing)) > 2
