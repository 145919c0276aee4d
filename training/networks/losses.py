"""Losses as free functions of tensors in -1..1, shape (batch, height, width, 3); each returns a scalar."""

from __future__ import annotations

from typing import Any

from keras import ops


def lsgan_generator(scores: Any) -> Any:
    """Least squares towards 1 (Mao et al. 2017)."""
    return ops.mean(ops.square(scores - 1.0))


def lsgan_discriminator(real_scores: Any, fake_scores: Any) -> Any:
    """Least squares: real towards 1, fake towards 0, halved as in CycleGAN."""
    return 0.5 * (ops.mean(ops.square(real_scores - 1.0)) + ops.mean(ops.square(fake_scores)))


def hinge_generator(scores: Any) -> Any:
    """The higher, the better (Lim and Ye 2017)."""
    return -ops.mean(scores)


def hinge_discriminator(real_scores: Any, fake_scores: Any) -> Any:
    """Real beyond 1, fake below -1; what is there already counts no more. Halved like the other."""
    return 0.5 * (ops.mean(ops.relu(1.0 - real_scores)) + ops.mean(ops.relu(1.0 + fake_scores)))


def mse(x: Any, y: Any) -> Any:
    """Mean squared error: the seed project's cycle loss."""
    return ops.mean(ops.square(x - y))


def l1(x: Any, y: Any) -> Any:
    """Mean absolute error: CycleGAN's cycle loss."""
    return ops.mean(ops.abs(x - y))


def coarse_colour(x: Any, y: Any) -> Any:
    """MSE between means over 8x8 pixels: holds tones and layout, leaves shapes free."""
    return mse(ops.average_pool(x, 8, 8), ops.average_pool(y, 8, 8))


def gradient_l1(x: Any, y: Any) -> Any:
    """L1 between horizontal and vertical differences: cartoons are lines, and lines live there."""
    d = x - y
    return ops.mean(ops.abs(d[:, 1:] - d[:, :-1])) + ops.mean(ops.abs(d[:, :, 1:] - d[:, :, :-1]))


def haar_l1(x: Any, y: Any, levels: int = 2) -> Any:
    """L1 between the high bands of a Haar wavelet, mean of `levels`: where small networks fail (Zhang et al. 2022)."""
    low, total = x - y, 0.0
    for _ in range(levels):
        top, bottom = low[:, ::2], low[:, 1::2]
        summed, difference = (top + bottom) / 2, (top - bottom) / 2
        left, right = summed[:, :, ::2], summed[:, :, 1::2]
        total = total + ops.mean(ops.abs(left - right)) / 2 + ops.mean(ops.abs(difference))
        low = (left + right) / 2
    return total / levels


def ssim(x: Any, y: Any) -> Any:
    """Mean structural similarity (Wang et al. 2004) with a uniform 7x7 window, 1 for equal pictures."""
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


CYCLE_LOSSES = {"mse": mse, "l1": l1}
GAN_LOSSES = {"lsgan": (lsgan_generator, lsgan_discriminator), "hinge": (hinge_generator, hinge_discriminator)}
