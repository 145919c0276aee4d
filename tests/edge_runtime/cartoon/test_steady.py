from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.cartoon.cartoonizer import Cartoonizer
from facetoon.edge_runtime.cartoon.steady import NEWEST_AT_REST, Steadier
from facetoon.edge_runtime.faces.finder import FaceFinder
from facetoon.edge_runtime.framing import Face
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.timing import StageTimer

FACE = Face(100, 100, 80)


def change(frames):
    return float(np.mean([np.abs(a.astype(int) - b).mean() for a, b in pairwise(frames)]))


@pytest.mark.parametrize("sigma", [2, 5])
def test_a_still_face_under_camera_noise_flickers_at_most_half_as_much_again_as_the_video(demo_frames, sigma):
    """The shipped model, found and tracked as live; both sides are measured in one fixed aligned crop of its size."""
    random = np.random.default_rng(1)
    cartoonizer = Cartoonizer(open_session(), FaceFinder(), StageTimer())
    video, cartoons = [], []
    for _ in range(60):
        frame = np.uint8(np.clip(np.rint(demo_frames[0] + random.normal(0, sigma, demo_frames[0].shape)), 0, 255))
        video.append(frame)
        cartoons.append(cartoonizer.process(frame.copy()))
    session = next(iter(cartoonizer.models.values()))
    size_px = session.size_px
    matrix = session.spec.framing.crop_matrix(cartoonizer.faces[0], size_px)
    middle = slice(size_px // 4, -size_px // 4)
    crops = [[pixels.warp(f, matrix, size_px)[middle, middle] for f in frames[20:]] for frames in (video, cartoons)]
    assert change(crops[1]) <= 1.5 * change(crops[0])


def test_noise_is_averaged_and_movement_is_shown_at_once():
    steadier, random = Steadier(), np.random.default_rng(2)
    photograph = np.full((32, 32, 3), 90, np.uint8)
    shown = []
    for _ in range(30):
        steadier.next_frame()
        flickering = np.uint8(random.normal(128, 10, photograph.shape))
        shown.append(steadier.steady(FACE, photograph, flickering)[0])
    assert change(shown[10:]) < 11.3 * NEWEST_AT_REST
    steadier.next_frame()
    blink = photograph.copy()
    blink[:16] = 160
    new = np.full_like(photograph, 30)
    after = steadier.steady(FACE, blink, new)[0]
    assert np.abs(after[:10].astype(int) - 30).max() <= 1
    assert after[24:].mean() > 90  # where nothing moved, the past still counts


def test_a_matte_is_averaged_with_its_cartoon():
    steadier, random = Steadier(), np.random.default_rng(3)
    photograph = np.full((48, 48, 3), 90, np.uint8)
    shown = []
    for _ in range(30):
        steadier.next_frame()
        matte = np.uint8(random.normal(128, 10, (48, 48)))
        cartoon = np.uint8(random.normal([60, 128, 200], 10, photograph.shape))
        shown.append(steadier.steady(FACE, photograph, cartoon, matte))
    assert all(cartoon.shape == (48, 48, 3) and matte.shape == (48, 48) for cartoon, matte in shown)
    assert change([matte for _, matte in shown[10:]]) < 11.3 * NEWEST_AT_REST
    assert np.abs(shown[-1][0].mean((0, 1)) - [60, 128, 200]).max() < 2


def test_another_face_and_a_new_style_begin_anew():
    steadier = Steadier()
    photograph, old, new = (np.full((16, 16, 3), level, np.uint8) for level in (90, 200, 20))
    steadier.steady(FACE, photograph, old)
    steadier.next_frame()
    assert (steadier.steady(Face(300, 100, 80), photograph, new)[0] == 20).all()
    assert (steadier.steady(FACE, photograph, new)[0] > 100).all()
    steadier.forget()
    assert (steadier.steady(FACE, photograph, new)[0] == 20).all()
