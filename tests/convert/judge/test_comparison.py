from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from facetoon.convert.formats.quantization import RECIPES, Thresholds
from facetoon.convert.judge.comparison import (
    IDENTICAL_DB,
    Comparison,
    Fidelity,
    compare,
    float_pictures,
    psnr_db,
    score,
    ssim,
)
from facetoon.convert.judge.conversion_report import shortfalls, worst_sheet
from facetoon.convert.sources.samples import spread_styles
from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sessions.session import open_session


def flat(level: int, size_px: int = 32) -> np.ndarray:
    return np.full((size_px, size_px, 3), level, np.uint8)


def noise(seed: int, size_px: int = 32) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size_px, size_px, 3), np.uint8)


def judged(scores: Fidelity, **by_style: Fidelity) -> Comparison:
    nothing = np.zeros((0, 32, 32, 3), np.uint8)
    return Comparison(scores, nothing, nothing, nothing, {}, by_style)


@pytest.mark.parametrize(("other", "expected_db"), [(101, 48.1308), (110, 28.1308), (90, 28.1308), (100, IDENTICAL_DB)])
def test_psnr_of_a_constant_error(other, expected_db):
    assert psnr_db(flat(100), flat(other)) == pytest.approx(expected_db, abs=1e-4)


def test_psnr_of_black_and_white_is_zero():
    assert psnr_db(flat(0), flat(255)) == 0.0


def test_ssim_of_equal_pictures_is_one():
    assert ssim(noise(1), noise(1)) == pytest.approx(1.0)


def test_ssim_of_flat_pictures_is_the_luminance_term():
    c1 = (0.01 * 255) ** 2
    assert ssim(flat(100), flat(150)) == pytest.approx((2 * 100 * 150 + c1) / (100**2 + 150**2 + c1))


def test_ssim_of_a_negative_is_negative_and_of_other_noise_about_zero():
    assert ssim(noise(1), 255 - noise(1)) < -0.9
    assert abs(ssim(noise(1), noise(2))) < 0.1


def test_ssim_written_out_for_one_window():
    x, y = noise(3, 11).astype(float), noise(4, 11).astype(float)
    axis = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    weights = np.outer(axis, axis)[..., np.newaxis] / axis.sum() ** 2
    mx, my = (weights * x).sum((0, 1)), (weights * y).sum((0, 1))
    vx, vy = (weights * (x - mx) ** 2).sum((0, 1)), (weights * (y - my) ** 2).sum((0, 1))
    cov = (weights * (x - mx) * (y - my)).sum((0, 1))
    c1, c2 = 6.5025, 58.5225
    expected = (2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))
    assert ssim(noise(3, 11), noise(4, 11)) == pytest.approx(expected.mean())


def swapped(values: np.ndarray, training: bool) -> np.ndarray:
    """The tiny model of tests/data/make_tiny.py, computed in float."""
    assert training is False
    return np.stack([values[..., 2], -values[..., 0], values[..., 1]], axis=-1)


def test_the_shipped_file_is_held_to_the_float_generator(tiny_model):
    inputs = np.stack([noise(seed) for seed in range(25)])
    scores = compare(open_session(tiny_model), float_pictures(swapped, inputs), inputs).scores
    assert scores.psnr_mean_db > 48
    assert scores.largest_error_levels == 1
    assert scores.psnr_min_db <= scores.psnr_5th_percentile_db <= scores.psnr_mean_db


def test_a_wrong_colour_order_is_seen(tiny_model):
    inputs = np.stack([noise(1), noise(2)])
    comparison = compare(open_session(tiny_model), inputs, inputs)
    assert comparison.scores.psnr_mean_db < 15


def test_the_worst_picture_comes_first_in_the_sheet(tiny_model):
    inputs = np.stack([flat(100), noise(1), flat(200)])

    def off_on_noise(values: np.ndarray, training: bool) -> np.ndarray:
        out = swapped(values, training)
        out[1] = np.clip(out[1] + 20 / 127.5, -1, 1)
        return out

    comparison = compare(open_session(tiny_model), float_pictures(off_on_noise, inputs), inputs)
    assert np.array_equal(comparison.inputs[0], noise(1))
    sheet = worst_sheet(comparison)
    assert sheet.shape == (3 * 32, 4 * 32, 3)
    difference = np.abs(comparison.expected[0].astype(int) - comparison.actual[0])
    assert np.array_equal(sheet[:32, 96:], np.minimum(8 * difference, 255))


def test_not_a_number_is_refused(tiny_model):
    class Broken:
        name = "broken"

        def __call__(self, values: np.ndarray, training: bool) -> np.ndarray:
            return values * np.nan

    with pytest.raises(InputError, match="broken gives values that are not numbers"):
        float_pictures(Broken(), np.stack([noise(1)]))


def test_large_pictures_come_one_by_one_since_keras_keeps_every_layer():
    batches = []

    def watched(values: np.ndarray, training: bool) -> np.ndarray:
        batches.append(len(values))
        return values

    float_pictures(watched, np.stack([noise(seed, 256) for seed in range(3)]))
    float_pictures(watched, np.stack([noise(seed, 64) for seed in range(3)]))
    assert batches == [1, 1, 1, 3]


def test_shortfalls_name_score_value_and_threshold():
    reasons = shortfalls(judged(Fidelity(40.0, 31.5, 30.0, float("nan"), 9)), Thresholds(35.0, 32.0, 0.97))
    assert reasons == (
        "PSNR, 5th percentile (dB) is 31.5, at least 32 is wanted.",
        "SSIM, mean is nan, at least 0.97 is wanted.",
    )
    assert shortfalls(judged(Fidelity(40.0, 36.0, 0.0, 0.985, 255)), RECIPES["static_wi8_ai8"].thresholds) == ()


def test_a_bad_style_and_a_bad_matte_do_not_hide_in_the_mean():
    good, bad = Fidelity(41.0, 37.0, 30.0, 0.99, 9, 0.02), Fidelity(38.0, 37.0, 30.0, 0.99, 9, 0.03)
    reasons = shortfalls(judged(good, toon=good, manga=bad), RECIPES["static_wi8_ai8"].thresholds)
    assert reasons == (
        "manga: PSNR, mean (dB) is 38, at least 40 is wanted.",
        "manga: error of the matte (share) is 0.03, at most 0.02 is wanted.",
    )


class Twelve:
    """A session and its float generator of twelve styles, of which the file draws one too dark."""

    name, styles, spec = "twelve", tuple(f"style{i}" for i in range(12)), SimpleNamespace(matte=False)
    inputs = (SimpleNamespace(shape=(None, 32, 32, 3)), SimpleNamespace(shape=(None, 12)))

    def set_style(self, weights: np.ndarray) -> None:
        self.is_bad = weights[7] == 1

    def to_tensor(self, image: np.ndarray) -> np.ndarray:
        return image

    def infer(self, tensor: np.ndarray) -> np.ndarray:
        return np.maximum(tensor, 12) - 12 if self.is_bad else tensor

    def to_image(self, tensor: np.ndarray) -> np.ndarray:
        return tensor

    def __call__(self, arguments: list[np.ndarray], training: bool) -> np.ndarray:
        return arguments[0]


def test_one_bad_style_of_twelve_fails_by_name():
    styles = spread_styles(240, 12, 1)
    inputs = np.stack([noise(seed) for seed in range(240)])
    comparison = compare(Twelve(), float_pictures(Twelve(), inputs, styles), inputs, styles)
    limits = RECIPES["static_wi8_ai8"].thresholds
    assert comparison.scores.psnr_mean_db > limits.psnr_mean_db + 40  # all pictures together hide it
    assert comparison.scores.psnr_5th_percentile_db == IDENTICAL_DB
    reasons = shortfalls(comparison, limits)
    assert reasons
    assert all(reason.startswith("style7: ") for reason in reasons)


def test_the_matte_counts_apart_from_the_picture():
    inputs = np.stack([noise(1), noise(2)])
    matte = np.full((2, 32, 32, 1), 100, np.uint8)
    expected, actual = (np.concatenate([inputs, matte + more], -1) for more in (0, 51))
    rows = {"both": np.arange(2), "second": np.array([1]), "none": np.array([], int)}
    comparison = score(inputs, expected, actual, rows)
    assert comparison.scores == Fidelity(IDENTICAL_DB, IDENTICAL_DB, IDENTICAL_DB, pytest.approx(1), 0, 0.2)
    assert list(comparison.by_style) == ["both", "second"]
    assert worst_sheet(comparison).shape == (2 * 32, 7 * 32, 3)
    assert score(inputs, inputs, inputs).scores.matte_error_share is None


def test_the_float_side_is_quantized_as_the_device_quantizes():
    assert pixels.from_unit(np.float32([-1, 0.999, 7])).tolist() == [0, 255, 255]
