"""Losses as plain functions. Each returns a scalar.

`x` and `y` are batches of pictures (batch, height, width, 3), float -1..1. `scores` are a discriminator's unbounded
scores.
"""

from __future__ import annotations

from typing import Any

from keras import ops

COLOUR_POOL_PX = 4  # side of the squares whose mean colours are compared: lines do not show in them


def lsgan_generator(scores: Any) -> Any:
    """Mean squared distance of the fakes' scores from 1 (Mao et al. 2017)."""
    return ops.mean(ops.square(scores - 1.0))


def lsgan_discriminator(real_scores: Any, fake_scores: Any) -> Any:
    """Mean squared distance of real scores from 1 and fake scores from 0, halved as in CycleGAN (Zhu et al. 2017)."""
    return 0.5 * (ops.mean(ops.square(real_scores - 1.0)) + ops.mean(ops.square(fake_scores)))


def hinge_generator(scores: Any) -> Any:
    """Negative mean score of the fakes (Lim and Ye 2017)."""
    return -ops.mean(scores)


def hinge_discriminator(real_scores: Any, fake_scores: Any) -> Any:
    """Hinge loss of real scores at 1 and fake scores at -1 (Lim and Ye 2017), halved like the least squares."""
    return 0.5 * (ops.mean(ops.relu(1.0 - real_scores)) + ops.mean(ops.relu(1.0 + fake_scores)))


def mse(x: Any, y: Any) -> Any:
    """Mean squared error, the seed project's cycle loss."""
    return ops.mean(ops.square(x - y))


def psnr_db(x: Any, y: Any) -> Any:
    """Mean over the pictures of the peak signal-to-noise ratio, whose peak is the range's width of 2."""
    return ops.mean(10 * ops.log10(4 / ops.maximum(ops.mean(ops.square(x - y), axis=(1, 2, 3)), 1e-10)))


def l1(x: Any, y: Any) -> Any:
    """Mean absolute error, CycleGAN's cycle loss."""
    return ops.mean(ops.abs(x - y))


def coarse_colour(x: Any, y: Any) -> Any:
    """MSE between means over 8x8 pixels. It preserves tones and layout but lets shapes change."""
    return mse(ops.average_pool(x, 8, 8), ops.average_pool(y, 8, 8))


def gradient_l1(x: Any, y: Any) -> Any:
    """L1 between horizontal and vertical pixel differences, which hold a cartoon's lines."""
    down, right = _steps(x - y)
    return ops.mean(ops.abs(down)) + ops.mean(ops.abs(right))


def line_l1(x: Any, y: Any) -> Any:
    """L1 of pixels and of their differences, on the dark lines of `y` alone.

    Thin lines cover little of a picture, so a mean over all pixels washes them out. A pixel belongs to a line by as
    much as it is darker than the mean over 9x9 pixels.
    """
    grey = ops.mean(y, axis=-1, keepdims=True)
    return weighted_l1(x, y, ops.relu(ops.average_pool(grey, 9, 1, "same") - grey))


def weighted_l1(x: Any, y: Any, weight: Any) -> Any:
    """L1 of pixels and of their differences, averaged by `weight` (batch, height, width, 1), 0 or more."""
    wide = ops.repeat(weight, x.shape[-1], axis=-1)
    down, right = (ops.abs(step) for step in _steps(x - y))
    below, beside = _rows(wide[:, 1:]), _rows(wide[:, :, 1:])
    total = ops.mean(wide * ops.abs(x - y)) + ops.mean(below * down) + ops.mean(beside * right)
    return total / (ops.mean(weight) + 1e-3)


def _steps(x: Any) -> tuple[Any, Any]:
    """Return the differences to the pixel above, (n, h - 1, w * c), and to the left, (n, h, (w - 1) * c).

    TensorFlow slices rows of w * c values 1.4 times as fast as pictures of four axes.
    """
    rows, channels = _rows(x), x.shape[-1]
    return rows[:, 1:] - rows[:, :-1], rows[:, :, channels:] - rows[:, :, :-channels]


def _rows(x: Any) -> Any:
    """Join the last two axes of (n, h, w, c)."""
    _, height, width, channels = x.shape
    return ops.reshape(x, (-1, height, width * channels))


def haar_l1(x: Any, y: Any, levels: int = 2) -> Any:
    """L1 between the high bands of a Haar wavelet, averaged over `levels`.

    Small generators lose these bands first (Zhang et al. 2022). Height and width must be multiples of 2^levels.
    """
    low, total = x - y, 0.0
    for _ in range(levels):
        top, bottom = low[:, ::2], low[:, 1::2]
        summed, difference = (top + bottom) / 2, (top - bottom) / 2
        left, right = summed[:, :, ::2], summed[:, :, 1::2]
        total = total + ops.mean(ops.abs(left - right)) / 2 + ops.mean(ops.abs(difference))
        low = (left + right) / 2
    return total / levels


def ssim(x: Any, y: Any) -> Any:
    """Mean structural similarity (Wang et al. 2004) with a uniform 7x7 window; 1 for equal pictures."""
    x, y = (x + 1) / 2, (y + 1) / 2  # the luminance term is defined for 0..1 only

    def mean(z: Any) -> Any:
        return ops.average_pool(z, 7, 1, "valid")

    mean_x, mean_y = mean(x), mean(y)
    var_x = mean(ops.square(x)) - ops.square(mean_x)
    var_y = mean(ops.square(y)) - ops.square(mean_y)
    covariance = mean(x * y) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    score = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return ops.mean(score / ((ops.square(mean_x) + ops.square(mean_y) + c1) * (var_x + var_y + c2)))


def colour_distance(x: Any, y: Any, directions: Any) -> Any:
    """Sliced Wasserstein distance (Rabin et al. 2011) between the colours of two batches of equal shape.

    Colours are sorted and compared along each of the `directions` (n, 3), which may have any length above 0.
    """
    directions = directions / ops.norm(directions, axis=1, keepdims=True)
    in_order = []
    for images in (x, y):
        colours = ops.reshape(ops.average_pool(images, COLOUR_POOL_PX, COLOUR_POOL_PX), (-1, 3))
        in_order.append(ops.sort(ops.matmul(directions, ops.transpose(colours)), axis=1))
    return l1(*in_order)


CYCLE_LOSSES = {"mse": mse, "l1": l1}
GAN_LOSSES = {"lsgan": (lsgan_generator, lsgan_discriminator), "hinge": (hinge_generator, hinge_discriminator)}
