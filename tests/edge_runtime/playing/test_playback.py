from __future__ import annotations

import pytest

from facetoon.edge_runtime.playing.playback import Playback


def test_a_film_plays_at_the_times_of_its_frames_and_a_long_delay_shifts_the_rest():
    playback = Playback()
    assert playback.wait_s(0.0, 100.0) == 0  # the first frame starts it
    assert playback.wait_s(1.0, 100.1) == pytest.approx(0.9)
    assert playback.wait_s(3.0, 101.0) == pytest.approx(2.0)  # a pause is kept
    assert playback.wait_s(3.1, 103.4) == 0  # late
    assert playback.wait_s(3.6, 103.4) == pytest.approx(0.2)  # and caught up
    assert playback.wait_s(4.0, 110.0) == 0  # very late
    assert playback.wait_s(4.5, 110.0) == pytest.approx(0.5)
