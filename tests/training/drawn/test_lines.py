"""Lines relative to local brightness."""

from __future__ import annotations

import numpy as np

from facetoon.training.drawn.lines import flow, line_response


def test_lines_of_a_dark_face_weigh_as_much_as_those_of_a_light_one():
    answers = []
    for level in (80.0, 20.0):
        plane = np.full((64, 64), level, np.float32)
        plane[:, 31:33] *= 0.6
        tangent, _ = flow(np.repeat(plane[..., None], 3, 2), 2)
        answers.append(line_response(plane, tangent, 1.3)[20:44, 31:33].mean())
    assert 0.6 < answers[1] / answers[0] < 1
