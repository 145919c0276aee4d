"""Flat colour."""

from __future__ import annotations

import numpy as np

from facetoon.training.drawn.flatten import kuwahara, soft_steps
from facetoon.training.drawn.lines import flow


def test_kuwahara_flattens_noise_and_keeps_an_edge():
    random = np.random.default_rng(1)
    lab = np.zeros((64, 64, 3), np.float32)
    lab[..., 0] = np.where(np.arange(64) < 32, 30, 70)[None] + random.normal(0, 3, (64, 64))
    tangent, sure = flow(lab, 3)
    flat = kuwahara(lab, tangent, sure, 5)[..., 0]
    assert flat[10:-10, 8:26].std() < 1.2
    assert flat[:, 34].mean() - flat[:, 29].mean() > 34


def test_soft_steps_rise_in_steps():
    ramp = np.linspace(0, 100, 1000, dtype=np.float32)[None]
    rise = np.diff(soft_steps(ramp, 5, 6.0))[0]
    assert rise.min() > -1e-3
    assert rise.max() > 3 * np.median(rise)
