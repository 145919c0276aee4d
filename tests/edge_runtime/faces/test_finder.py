from __future__ import annotations

import numpy as np

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.faces.finder import FaceFinder, OneEuro


def test_the_demo_face_is_held_in_every_frame_and_rolls_with_the_picture(demo_frames):
    finder = FaceFinder()
    faces = [finder.find(frame) for frame in demo_frames]
    assert all(len(in_frame) == 1 for in_frame in faces)
    rolls = [face.roll_deg for (face,) in faces]
    assert max(rolls) - min(rolls) > 6  # the demo rolls by 12 degrees either way, over seven seconds
    steps = np.abs(np.diff([face.centre_x_px for (face,) in faces[5:]]))
    assert steps.max() < 8


def test_a_still_face_under_camera_noise_is_held_still(portrait):
    finder, random = FaceFinder(), np.random.default_rng(1)
    noisy = (np.clip(np.rint(portrait + random.normal(0, 3, portrait.shape)), 0, 255) for _ in range(60))
    heights = [finder.find(np.uint8(frame))[0].height_px for frame in noisy]
    assert np.abs(np.diff(heights[20:])).mean() < 0.0005 * heights[-1]


def test_two_faces_largest_first_when_asked_for(portrait):
    left, right = portrait[:320, 60:380], pixels.resize(portrait[:214, 100:350], 374, 320)
    both = np.hstack([left, right])
    finder = FaceFinder(max_faces=2)
    faces = finder.find(both)
    assert len(faces) == 2
    assert faces[0].height_px > faces[1].height_px
    assert faces[0].centre_x_px > 320
    assert len(FaceFinder(max_faces=1).find(both)) == 1


def test_a_face_that_vanishes_is_let_go_and_found_again(portrait):
    finder = FaceFinder()
    empty = np.full_like(portrait, 90)
    assert [len(finder.find(frame)) for frame in (portrait, portrait, empty, empty, portrait)] == [1, 1, 0, 0, 1]


def test_one_euro_is_still_when_still_and_prompt_when_fast():
    random = np.random.default_rng(2)
    still = OneEuro()
    noise = [still.step(100 + random.normal(0, 0.5), 100) for _ in range(300)][50:]
    assert np.std(noise) < 0.35
    fast = OneEuro()
    lag = [abs(fast.step(5.0 * n, 100) - 5.0 * n) for n in range(60)]
    assert lag[-1] < 10  # two frames behind at five per cent of the face a frame


class TestTheLargestFace:
    """One face is drawn: the largest, and not the first that came."""

    def frame(self, portrait, *people):
        """A wall with people: their height in px, and where from the left."""
        frame = np.full((480, 640, 3), 90, np.uint8)
        for height_px, left_px in people:
            side_px = round(260 * height_px / 128)  # the face in the photograph has 128 px
            person = pixels.resize(portrait[:260, 90:350], side_px, side_px)[: 480 - 20, : 640 - left_px]
            frame[20 : 20 + person.shape[0], left_px : left_px + person.shape[1]] = person
        return frame

    def followed(self, finder, frame, count):
        """Whether the face in the right half is followed, in each of the frames."""
        return [finder.find(frame)[0].centre_x_px > 250 for _ in range(count)]

    def test_a_visitor_takes_the_place_of_a_smaller_bystander_and_keeps_it(self, portrait):
        """The bystander kept it for 200 frames."""
        finder = FaceFinder()
        assert not any(self.followed(finder, self.frame(portrait, (70, 0)), 3))
        both = self.frame(portrait, (70, 0), (170, 220))
        seen = self.followed(finder, both, 40)
        assert seen.index(True) <= 15 + 9
        assert all(seen[seen.index(True) :])

    def test_faces_of_like_size_do_not_change_places(self, portrait):
        finder = FaceFinder(search_every=3)
        self.followed(finder, self.frame(portrait, (110, 0)), 2)
        for right_px in (125, 105, 130, 110):
            assert not any(self.followed(finder, self.frame(portrait, (110, 0), (right_px, 300)), 14))

    def test_who_walks_past_is_not_drawn(self, portrait):
        finder = FaceFinder(search_every=3)
        alone, both = self.frame(portrait, (70, 0)), self.frame(portrait, (70, 0), (150, 250))
        self.followed(finder, alone, 2)
        for frame in (both, alone) * 3:
            assert not any(self.followed(finder, frame, 7))
