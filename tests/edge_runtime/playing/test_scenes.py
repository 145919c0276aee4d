from __future__ import annotations

import cv2
import numpy as np

from facetoon.edge_runtime.playing.scenes import CutDetector


def test_a_moving_head_and_noise_are_no_cuts(demo_frames):
    cuts, random = CutDetector(), np.random.default_rng(1)
    for frame in demo_frames[::2]:
        assert not cuts.is_cut(np.clip(frame + random.normal(0, 8, frame.shape), 0, 255).astype(np.uint8))


def test_another_scene_is_a_cut_once(demo_frames, portrait):
    other = cv2.flip(cv2.resize(portrait, (640, 480)), 1)
    cuts = CutDetector()
    frames = [*demo_frames[:5], other, other, *demo_frames[:3]]
    assert [cuts.is_cut(frame) for frame in frames] == [False] * 5 + [True, False, True, False, False]
