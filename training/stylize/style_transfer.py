"""The baseline: neural style transfer (Gatys et al. 2016), a photograph's pixels changed until VGG19 sees the style.

No generator is trained; each picture is its own optimization. fast_style.py trains one with the same losses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import keras
import numpy as np
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Image, from_unit, to_unit
from facetoon.training.engine.backend import compile_step, value_and_grad
from facetoon.training.networks import perceptual, vgg
from facetoon.training.stylize import colour
from keras import ops
from tqdm import tqdm

COLOURS = ("style", "luminance", "match")
OPTIMIZERS = ("adam", "lbfgs")
Watch = Callable[[int, int, Image], None]
"""Told the place of the first picture among those given, the steps done, and the pictures (n, h, w, 3) so far."""


@dataclass(frozen=True)
class Settings:
    """How a picture is painted."""

    strength: float = 1.0
    """0 gives the photograph, exactly; 1 asks for the style's Gram matrices; between, for their mixture."""
    layers: tuple[str, ...] = ()
    """Of the style; empty means vgg.default_style_layers."""
    content_layers: tuple[str, ...] = ("relu3_1", "relu4_1")
    content_weight: float = 1.0
    style_weight: float = 4.0
    tv_weight: float = 1.0
    steps: int = 200
    optimizer: str = "adam"
    learning_rate: float = 0.03
    """Of Adam, in units of the picture's -1..1."""
    colours: str = "style"
    """"luminance": the photograph's chroma stays; "match": the style takes the photograph's colours first."""
    from_noise: bool = False
    seed: int = 1


def check(settings: Settings) -> None:
    """Raise InputError for values that nobody can mean."""
    if not 0 <= settings.strength <= 1:
        raise InputError(f"The strength must be from 0 to 1, not {settings.strength}.")
    if settings.steps < 1:
        raise InputError(f"The number of steps must be 1 or more, not {settings.steps}.")
    for name in ("content_weight", "style_weight", "tv_weight"):
        if not 0 <= getattr(settings, name) < float("inf"):
            raise InputError(f"The {name.replace('_', ' ')} must be 0 or more, not {getattr(settings, name)}.")
    if settings.colours not in COLOURS or settings.optimizer not in OPTIMIZERS:
        raise InputError(f"Colours are {', '.join(COLOURS)}; optimizers are {', '.join(OPTIMIZERS)}.")


def shares_of(weights: Sequence[float], count: int) -> list[float]:
    """The styles' weights, scaled to sum 1; none given means equal ones. Raises InputError unless they fit."""
    weights = list(weights) or [1.0] * count
    if len(weights) != count:
        raise InputError(f"There are {count} styles but {len(weights)} weights.")
    if min(weights) < 0 or not 0 < sum(weights) < float("inf"):
        raise InputError(f"Style weights must be 0 or more, and one of them above 0, not {weights}.")
    return [weight / sum(weights) for weight in weights]


def chosen_layers(weights: vgg.Weights, styles: Sequence[Image], layers: Sequence[str]) -> tuple[str, ...]:
    """The style layers: those given, or all that fit the smallest style picture; InputError when one does not.

    A layer that sees more than the whole picture would measure its borders.
    """
    side_px = min(min(style.shape[:2]) for style in styles)
    chosen = tuple(layers) or vgg.default_style_layers(weights, side_px)
    vgg.check_layers(chosen, weights)
    deepest = max(chosen, key=vgg.receptive_field_px, default=vgg.STYLE_LAYERS[0])
    if vgg.receptive_field_px(deepest) > side_px:
        raise InputError(
            f"A style picture is {side_px} px on its shorter side, but {deepest} sees "
            f"{vgg.receptive_field_px(deepest)} px: choose shallower style layers, or enlarge the style."
        )
    return chosen


class StyleTransfer:
    """An encoder, styles and settings, ready to paint photographs of any size."""

    def __init__(
        self, weights: vgg.Weights, styles: Sequence[Image], shares: Sequence[float], settings: Settings
    ) -> None:
        """`styles` are RGB uint8 (h, w, 3) of any size, `shares` their weights. Raises InputError for bad values."""
        check(settings)
        self.settings = settings
        self.shares = shares_of(shares, len(styles))
        self.layers = chosen_layers(weights, styles, settings.layers)
        vgg.check_layers(settings.content_layers, weights)
        self.styles = [colour.as_grey(style) if settings.colours == "luminance" else style for style in styles]
        self.least_side_px = vgg.least_side_px((*self.layers, *settings.content_layers))
        self.encoder = vgg.build_encoder(weights, tuple(dict.fromkeys((*self.layers, *settings.content_layers))))
        self._painters: dict[tuple[int, ...], _Painter] = {}  # by shape: a graph is traced for each

    def paint(self, photos: Image, watch: Watch | None = None, progress: bool = True) -> Image:
        """RGB uint8 (n, h, w, 3) to the same, all at once; `watch` sees every step. InputError when too small."""
        if min(photos.shape[1:3]) < self.least_side_px:
            raise InputError(
                f"The photograph is {photos.shape[2]}x{photos.shape[1]} px; with these layers each side must have "
                f"{self.least_side_px} px or more."
            )
        if self.settings.strength == 0:
            return photos.copy()
        if self.settings.optimizer == "lbfgs":  # one line search cannot serve several pictures
            return np.concatenate([self._paint(photos[i : i + 1], i, watch, progress) for i in range(len(photos))])
        return self._paint(photos, 0, watch, progress)

    def _paint(self, photos: Image, first: int, watch: Watch | None, progress: bool) -> Image:
        s = self.settings
        grey = s.colours == "luminance"
        seen = np.stack([colour.as_grey(photo) for photo in photos]) if grey else photos
        painter = self._painters.get(photos.shape)
        if painter is None:
            painter = self._painters[photos.shape] = _Painter(self.encoder, photos.shape, s)
        features = self.encoder(to_unit(seen))
        content = {layer: features[layer] for layer in s.content_layers}
        target = perceptual.blend(perceptual.grams(features, self.layers), self._style_grams(seen), s.strength)
        noise = np.random.default_rng(s.seed).uniform(-1, 1, photos.shape).astype(np.float32)

        def finished(values: Any) -> Image:
            painted = from_unit(np.asarray(values).reshape(photos.shape))
            if not grey:
                return painted
            return np.stack([colour.with_chroma_of(a, b) for a, b in zip(photos, painted, strict=True)])

        numbers = count(1)
        with tqdm(total=s.steps, unit="step", disable=not progress) as bar:

            def done(parts: dict[str, Any], values: Any) -> None:
                bar.update()
                bar.set_postfix_str(" ".join(f"{name}={float(value):.4f}" for name, value in parts.items()))
                if watch:
                    watch(first, next(numbers), finished(values))

            return finished(painter.run(noise if s.from_noise else to_unit(seen), content, target, done))

    def _style_grams(self, photos: Image) -> dict[str, Any]:
        """The merged style's Gram matrices: (1, c, c), or (n, c, c) where its colours follow each photograph."""
        if self.settings.colours == "style":
            return perceptual.style_grams(self.encoder, self.styles, self.shares, self.layers)
        match = colour.match_colours if self.settings.colours == "match" else colour.match_luminance
        each = [
            perceptual.style_grams(self.encoder, [match(s, photo) for s in self.styles], self.shares, self.layers)
            for photo in photos
        ]
        return {layer: ops.concatenate([grams[layer] for grams in each]) for layer in self.layers}


Done = Callable[[dict[str, Any], Any], None]


class _Painter:
    """Pictures of one shape as a Keras variable, and its compiled steps."""

    def __init__(self, encoder: Any, shape: tuple[int, ...], settings: Settings) -> None:
        s = self.settings = settings
        self.encoder = encoder
        # The photograph has no loss at strength 0, so what smooths it must fade as well.
        self.weights = perceptual.Weights(s.content_weight, s.style_weight, s.tv_weight * s.strength)
        self.picture = keras.Variable(np.zeros(shape, np.float32), name="picture")
        self.optimizer = keras.optimizers.Adam(s.learning_rate)
        self.optimizer.build([self.picture])
        self.variables = [self.picture, *self.optimizer.variables]
        self._adam_step = compile_step(self._step, self.variables)
        self._slope = compile_step(self._gradient, self.variables)

    def run(self, start: Any, content: Any, target: Any, done: Done) -> Any:
        """Paint from `start`; `done` hears of each step. Returns values -1..1."""
        return (self._lbfgs if self.settings.optimizer == "lbfgs" else self._adam)(start, content, target, done)

    def _adam(self, start: Any, content: Any, target: Any, done: Done) -> Any:
        for variable in self.optimizer.variables[2:]:  # iterations and learning rate are the first two
            variable.assign(ops.zeros_like(variable))
        self.optimizer.iterations.assign(0)
        self.picture.assign(start)
        for _ in range(self.settings.steps):
            done(self._adam_step(content, target), self.picture)
        return self.picture

    def _lbfgs(self, start: Any, content: Any, target: Any, done: Done) -> Any:
        """SciPy's L-BFGS-B: its bounds keep the picture in range without breaking the curvature it remembers."""
        from scipy.optimize import Bounds, minimize

        latest: dict[str, Any] = {}

        def value(flat: Any) -> tuple[float, Any]:
            self.picture.assign(flat.reshape(self.picture.shape))
            total, parts, gradient = self._slope(content, target)
            latest.update(parts)
            return float(total), np.asarray(gradient, np.float64).ravel()

        found = minimize(
            value,
            np.asarray(start, np.float64).ravel(),
            jac=True,
            method="L-BFGS-B",
            bounds=Bounds(-1.0, 1.0),
            callback=lambda flat: done(latest, flat),
            # Each pixel's slope is tiny; only the number of steps, or no progress at all, shall end it.
            options={"maxiter": self.settings.steps, "maxfun": 20 * self.settings.steps, "gtol": 0.0, "ftol": 0.0},
        )
        return found.x.astype(np.float32)

    def _gradient(self, content: Any, target: Any) -> Any:
        def loss() -> Any:
            picture = ops.convert_to_tensor(self.picture)
            return perceptual.loss(picture, self.encoder(picture), content, target, self.weights)

        total, parts, gradients = value_and_grad(loss, [self.picture])
        return total, parts, gradients[0]

    def _step(self, content: Any, target: Any) -> dict[str, Any]:
        _, parts, gradient = self._gradient(content, target)
        self.optimizer.apply([gradient], [self.picture])
        self.picture.assign(ops.clip(self.picture, -1.0, 1.0))
        return parts
