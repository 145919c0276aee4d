"""Every drawn style on faces that are drawn here, with landmarks that lie right."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime import pixels
from facetoon.training.drawn import sitter
from facetoon.training.drawn.drawn_style import load_style
from facetoon.training.drawn.flatten import to_lab
from facetoon.training.drawn.landmarks import LandmarkNet
from facetoon.training.drawn.style_names import NAMES
from facetoon.training.pictures.images import list_pictures


@pytest.mark.parametrize("name", NAMES)
class TestEveryStyle:
    @pytest.fixture(autouse=True)
    def small(self, monkeypatch):
        """Drawn at half the size, in a quarter of the time."""
        monkeypatch.setattr(sitter, "WORK_PX", 224)

    def test_it_draws_the_photographs_shape_and_the_same_each_time(self, name, photo, points):
        style = load_style(name)
        drawing = style.draw(photo, points)
        assert drawing.shape == photo.shape
        assert drawing.dtype == np.uint8
        assert np.abs(drawing.astype(int) - photo).mean() > 3
        assert np.array_equal(drawing, style.draw(photo, points))

    def test_a_photograph_need_not_be_square(self, name, photo, points):
        wide = cv2.copyMakeBorder(photo, 0, 0, 30, 61, cv2.BORDER_REPLICATE)
        assert load_style(name).draw(wide, points + np.float32([30, 0])).shape == wide.shape

    def test_a_face_may_lie_half_outside_or_anywhere(self, name, photo, points):
        rolled = cv2.transform(points[None], cv2.getRotationMatrix2D((80, 80), 130, 1.4))[0].astype(np.float32)
        for places in (points - np.float32([70, 10]), points + np.float32([20, 90]), rolled, points * 0.2):
            assert load_style(name).draw(photo, places).shape == photo.shape

    def test_black_and_white_pictures_are_drawn(self, name, photo, points):
        for level in (0, 255):
            assert load_style(name).draw(np.full_like(photo, level), points).shape == photo.shape


@pytest.mark.parametrize("name", ["toon", "comic", "watercolour", "anime"])
def test_dark_skin_stays_dark(name, points, draw_face):
    """Beside a white wall, which says that the picture is well exposed."""
    light, dark = (draw_face(160, skin, back=(245, 245, 245)) for skin in ((225, 175, 150), (95, 62, 48)))
    cheek = np.s_[82:88, 55:62]
    drawn = [load_style(name).draw(photo, points)[cheek].mean() for photo in (light, dark)]
    assert drawn[1] < 0.65 * drawn[0]
    assert drawn[1] < 1.6 * dark[cheek].mean()


def test_manga_is_without_colour_and_tones_dark_skin(points, draw_face):
    drawings = [
        load_style("manga").draw(draw_face(160, skin, back=(245, 245, 245)), points)
        for skin in ((225, 175, 150), (80, 52, 40))
    ]
    assert all(np.ptp(drawing.astype(int), axis=-1).max() == 0 for drawing in drawings)
    light, dark = (drawing[80:90, 50:65].mean() for drawing in drawings)
    assert light > 240
    assert 60 < dark < 230  # toned, neither white nor black


@pytest.mark.parametrize(("dotted", "plain"), [("comic", "poster"), ("manga", "ink"), ("watercolour", "wash")])
def test_what_a_student_learns_moves_with_the_photograph(dotted, plain, points, draw_face):
    """Dots, grain and margins lie where the picture begins, which a convolution does not know."""
    photo = draw_face(160, (95, 62, 48), back=(150, 160, 170))

    def stays_px(name) -> float:
        drawn, moved = (
            load_style(name).draw(np.roll(photo, (5, 5), (0, 1))[:160, :160] if by else photo, points + by)
            for by in (np.float32(0), np.float32(5))
        )
        return float(np.abs(drawn[20:135, 20:135].astype(int) - moved[25:140, 25:140]).mean())

    assert stays_px(plain) < 0.5 * stays_px(dotted)


@pytest.mark.shared_data
def test_lines_of_a_real_drawing_are_darker_than_the_photograph(shared_data):
    net = LandmarkNet(shared_data / "nets" / "face_landmark_468.tflite")
    for file in list_pictures(str(shared_data / "human128.zip#celebamask_0000*")):
        photo = pixels.decode_image(file.read(), file.name)
        if found := net.find(photo):
            drawing = load_style("comic").draw(photo, found.points)
            assert np.percentile(to_lab(drawing)[..., 0], 3) < 12
