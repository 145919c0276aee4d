"""Measures a tracker's errors on crops whose face has a known place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from facetoon.training.face_tracker.face_labels import Float
from facetoon.training.face_tracker.perturbed_crops import FRAMING, SCALES, Crops, jitter

TEST_CROPS, BACKGROUNDS = 4000, 2000
NEARLY_LEVEL_DEG = 25.0
ACCURACIES = ("accuracy", "auc", "faces_kept", "backgrounds_refused")
"""Figures of which more is better; they are shares. All others are errors."""
Answer = Callable[[Float], Float]
"""Turns crops (n, 64, 64, 3), float32 -1..1, into unscaled answers (n, 16)."""


@dataclass(frozen=True)
class Examination:
    """Held-out crops with scaled targets (n, 16), and crops of nothing but background and clothing."""

    crops: Float
    targets: Float
    backgrounds: Float

    @staticmethod
    def of(test: Crops, seed: int, crops: int = TEST_CROPS, backgrounds: int = BACKGROUNDS) -> Examination:
        """Draw the crops of the held-out pictures, moved, scaled, tilted and disturbed as in the training."""
        random = np.random.default_rng(seed)
        drawn, targets = test.draw(crops, random)
        return Examination(jitter(drawn, random), targets, jitter(test.backgrounds(backgrounds, random), random))

    def marks(self, answer: Answer) -> dict[str, float]:
        """Return the errors over all crops, and those of faces tilted by up to NEARLY_LEVEL_DEG as `level_...`."""
        answers = answer(self.crops)
        nearly_level = np.abs(_rolls_deg(self.targets * SCALES)) <= NEARLY_LEVEL_DEG
        level = errors(answers[nearly_level], self.targets[nearly_level])
        return {
            **errors(answers, self.targets),
            "backgrounds_refused": float((answer(self.backgrounds)[:, -1] < 0).mean()),
            **{f"level_{name}": value for name, value in level.items() if name not in ACCURACIES},
        }


def errors(answers: Float, targets: Float) -> dict[str, float]:
    """Return the mean and median errors of unscaled `answers` (n, 16) to scaled `targets` (n, 16).

    Errors of centre, height and landmarks are in % of the face's height, the error of the roll is in degrees. The
    landmarks' error is the mean of the five. For the logit it gives the share of crops told rightly, the share of faces
    taken for faces, and the area under the ROC curve.
    """
    is_face, truth = targets[:, -1] > 0, targets * SCALES
    off, log_height = (answers - truth)[is_face], truth[is_face, 2]
    points = np.hypot(off[:, [0, 5, 7, 9, 11, 13]], off[:, [1, 6, 8, 10, 12, 14]])
    points /= (np.exp(log_height) * FRAMING.face_height * 2)[:, np.newaxis]  # 2: crops run from -1 to 1
    found = {
        "centre_percent": points[:, 0] * 100,
        "height_percent": np.abs(np.expm1(off[:, 2])) * 100,
        "roll_deg": np.abs(_rolls_deg(answers[is_face]) - _rolls_deg(truth[is_face])),
        "landmarks_percent": points[:, 1:].mean(1) * 100,
    }
    faces, others = answers[is_face, -1], answers[~is_face, -1]
    return {
        **{name: float(values.mean()) for name, values in found.items()},
        **{f"{name}_median": float(np.median(values)) for name, values in found.items()},
        "accuracy": float(((answers[:, -1] > 0) == is_face).mean()),
        "faces_kept": float((faces > 0).mean()),
        "auc": float((faces[:, np.newaxis] > others).mean()) if len(others) else 1.0,
    }


def _rolls_deg(values: Float) -> Float:
    return np.degrees(np.arctan2(values[:, 3], values[:, 4]))
