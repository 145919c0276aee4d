"""A drawn head whose matte is known is laid over its frame, and nothing else changes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime import pixels


def changes(before, after):
    """The largest change of each pixel, in grey levels."""
    return cv2.absdiff(before, after).max(axis=2)


@pytest.mark.parametrize("size_px", [64, 128, 256])
def test_a_moving_head_changes_and_the_wall_and_the_hand_do_not(make_stage, make_scene, size_px):
    stage = make_stage(size_px=size_px)
    pixel_px = 220 / 0.72 / size_px  # of the crop, in the frame
    for step in range(8):
        scene = make_scene(x=280 + 9 * step, y=220 + 3 * step)
        after = stage.play(scene)
        change = changes(scene.frame, after)
        assert change[scene.apart_px() > 20].max() == 0
        assert change[scene.apart_px() > 3 * pixel_px].max() <= 2  # no halo
        deep = scene.depth_px(scene.head) > 4 * pixel_px
        assert np.abs(after[deep].astype(int) - (255 - scene.frame[deep])).max() <= 2
        assert change[scene.depth_px(scene.hand) > 3 * pixel_px].max() <= 2


def test_the_outline_is_feathered_by_a_few_pixels(stage, scene):
    """Across the left cheek the cartoon's share falls from all to none within some four pixels of the crop."""
    line = changes(scene.frame, stage.play(scene))[200, 150:300].astype(float)
    share = line / line.max()
    partly = (share > 0.05) & (share < 0.95)
    assert 2 <= partly.sum() <= 4 * 220 / 0.72 / 128


def test_a_narrower_jaw_leaves_no_photographed_jaw_beside_it(stage, make_scene):
    scene = make_scene(with_hand=False)
    kept = stage.play(scene, style="still")
    after = stage.play(scene, style="narrow")
    y = 300  # below the mouth; the drawn outline is 18 px within the photographed one
    photographed = np.flatnonzero(scene.head[y])[:12]  # the outer pixels of the cheek
    wall = scene.frame[y, photographed - 40].astype(int).mean(0)
    assert np.abs(after[y, photographed].astype(int).mean(0) - wall).max() < 25
    assert np.abs(kept[y, photographed].astype(int).mean(0) - wall).max() > 40
    far = scene.apart_px() > 0.08 * 1.5 * 220 / 0.72 + 4  # REACH and REACH_ENDS, in the frame
    assert changes(scene.frame, after)[far].max() == 0
    upper = np.s_[: int(scene.face.centre_y_px - 60)]
    assert changes(scene.frame, after)[upper][scene.apart_px()[upper] > 20].max() == 0


def test_half_the_share_of_a_moving_style_draws_in_half_as_far(stage, make_scene):
    scene = make_scene(with_hand=False)
    reach_px = {}
    for name, style in (("half", "still:1,narrow:1"), ("whole", "narrow")):
        ring = changes(scene.frame, stage.play(scene, style=style))[280:330]
        reach_px[name] = 18 + scene.apart_px()[280:330][ring > 0].max()  # from the drawn outline
    assert reach_px["half"] == pytest.approx(reach_px["whole"] / 2, rel=0.15)


def test_a_head_that_leaves_its_crop_fades_out_at_the_border(stage, make_scene):
    scene = make_scene(half_width=250, half_height=230, with_hand=False)
    after = stage.play(scene).astype(int)
    inside = scene.depth_px(scene.head) > 8
    steps = np.abs(np.diff(after, axis=1)).max(2)[inside[:, 1:] & inside[:, :-1]]
    assert changes(scene.frame, np.uint8(after))[inside].max() > 100
    assert steps.max() < 40  # the change of 150 levels takes several pixels


def test_the_strength_lets_the_photograph_shine_through(stage, scene):
    deep = scene.depth_px(scene.head) > 12
    half = stage.play(scene, strength=0.5)[deep].astype(int)
    assert np.abs(half - 127.5).max() < 3
    assert np.array_equal(stage.play(scene, strength=0), scene.frame)


def test_sharpening_brings_the_frames_details_back_where_features_stay(make_stage, make_scene):
    """Stripes two pixels wide are lost in a crop whose pixels are five of the frame's."""
    stage = make_stage(size_px=64, draw=lambda image: image // 2 + 60)
    scene = make_scene(with_hand=False)
    scene.frame[150:250, 290:310] = (70, 100, 190)
    scene.frame[150:250, 290:310:4] = scene.frame[150:250, 291:310:4] = (110, 140, 230)
    middle = np.s_[180:230, 292:308]
    found = {}
    for name, values in {"plain": {}, "sharp": {"sharpen": 1}, "moving": {"sharpen": 1, "style": "narrow"}}.items():
        for _ in range(3):
            after = stage.play(scene, **values)
        found[name] = float(after[middle].astype(float).std(axis=1).mean())
    assert found["sharp"] > 1.5 * found["plain"]
    assert found["moving"] < 1.1 * found["plain"]


def test_a_face_of_the_models_own_size_is_not_sharpened(make_stage, make_scene):
    scene = make_scene()
    plain, sharp = (make_stage(size_px=320).play(scene, sharpen=share) for share in (0, 1))
    assert np.array_equal(plain, sharp)


def test_nothing_of_a_matte_is_left_of_a_wall_that_the_network_is_not_sure_of():
    assert pixels.soft_edge(np.full((64, 64), 40, np.uint8)).max() == 0
    sure = pixels.soft_edge(np.full((64, 64), 240, np.uint8))
    assert (sure[8:-8, 8:-8] == 255).all()
    assert max(sure[0].max(), sure[-1].max(), sure[:, 0].max(), sure[:, -1].max()) == 0
