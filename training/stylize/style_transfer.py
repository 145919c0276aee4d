"""The baseline: neural style transfer (Gatys et al. 2016) changes a photograph's pixels until VGG19 sees the style.

It trains no generator: it optimizes each picture by itself. trainers/fast_style_trainer.py trains a network with the
same losses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import numpy as np
from keras import ops
from tqdm import tqdm

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Image, from_unit, to_unit
from facetoon.training.networks import perceptual, vgg
from facetoon.training.networks.vgg_weights import VggWeights
from facetoon.training.stylize import photo_colours
from facetoon.training.stylize.painter import Painter
from facetoon.training.stylize.style_settings import StyleSettings, check_settings

Watch = Callable[[int, int, Image], None]
"""Called with the index of the first picture, the number of steps done, and the pictures (n, h, w, 3) so far."""


def shares_of(weights: Sequence[float], count: int) -> list[float]:
    """Scale the styles' weights to sum 1; an empty list means equal weights. Raises InputError for unusable weights."""
    weights = list(weights) or [1.0] * count
    if len(weights) != count:
        raise InputError(f"There are {count} styles but {len(weights)} weights.")
    if min(weights) < 0 or not 0 < sum(weights) < float("inf"):
        raise InputError(f"Style weights must be 0 or more, and one of them above 0, not {weights}.")
    return [weight / sum(weights) for weight in weights]


def chosen_layers(weights: VggWeights, styles: Sequence[Image], layers: Sequence[str]) -> tuple[str, ...]:
    """Return the style layers: `layers`, or if empty all that fit the smallest style picture (h, w, 3).

    Raises InputError for a layer that sees more than the whole picture, because it would measure the picture's borders.
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
    """Paints photographs of any size with an encoder, styles and settings."""

    def __init__(
        self, weights: VggWeights, styles: Sequence[Image], shares: Sequence[float], settings: StyleSettings
    ) -> None:
        """`styles` are RGB uint8 (h, w, 3) of any size, `shares` their weights. Raises InputError for bad values."""
        check_settings(settings)
        self.settings = settings
        self.shares = shares_of(shares, len(styles))
        self.layers = chosen_layers(weights, styles, settings.layers)
        vgg.check_layers(settings.content_layers, weights)
        self.styles = [photo_colours.as_grey(style) if settings.colours == "luminance" else style for style in styles]
        self.least_side_px = vgg.least_side_px((*self.layers, *settings.content_layers))
        self.encoder = vgg.build_encoder(weights, tuple(dict.fromkeys((*self.layers, *settings.content_layers))))
        self._painters: dict[tuple[int, ...], Painter] = {}  # by shape, since a graph is traced for each

    def paint(self, photos: Image, watch: Watch | None = None, progress: bool = True) -> Image:
        """Paint RGB uint8 photographs (n, h, w, 3) together, in the same shape. `watch` is called after every step.

        Raises InputError for photographs that are too small for the layers.
        """
        if min(photos.shape[1:3]) < self.least_side_px:
            raise InputError(
                f"The photograph is {photos.shape[2]}x{photos.shape[1]} px; with these layers each side must have "
                f"{self.least_side_px} px or more."
            )
        if self.settings.strength == 0:
            return photos.copy()
        if self.settings.optimizer == "lbfgs":  # a line search works for one picture at a time
            return np.concatenate([self._paint(photos[i : i + 1], i, watch, progress) for i in range(len(photos))])
        return self._paint(photos, 0, watch, progress)

    def _paint(self, photos: Image, first: int, watch: Watch | None, progress: bool) -> Image:
        s = self.settings
        grey = s.colours == "luminance"
        start = np.stack([photo_colours.as_grey(photo) for photo in photos]) if grey else photos
        painter = self._painters.get(photos.shape)
        if painter is None:
            painter = self._painters[photos.shape] = Painter(self.encoder, photos.shape, s)
        features = self.encoder(to_unit(start))
        content = {layer: features[layer] for layer in s.content_layers}
        target = perceptual.blend(perceptual.grams(features, self.layers), self._style_grams(start), s.strength)
        noise = np.random.default_rng(s.seed).uniform(-1, 1, photos.shape).astype(np.float32)

        def finished(values: Any) -> Image:
            painted = from_unit(np.asarray(values).reshape(photos.shape))
            if not grey:
                return painted
            return np.stack([photo_colours.with_chroma_of(a, b) for a, b in zip(photos, painted, strict=True)])

        numbers = count(1)
        with tqdm(total=s.steps, unit="step", disable=not progress) as bar:

            def done(parts: dict[str, Any], values: Any) -> None:
                bar.update()
                bar.set_postfix_str(" ".join(f"{name}={float(value):.4f}" for name, value in parts.items()))
                if watch:
                    watch(first, next(numbers), finished(values))

            return finished(painter.run(noise if s.from_noise else to_unit(start), content, target, done))

    def _style_grams(self, photos: Image) -> dict[str, Any]:
        """Return the merged style's Gram matrices: (1, c, c), or (n, c, c) if the style takes each photo's colours."""
        if self.settings.colours == "style":
            return perceptual.style_grams(self.encoder, self.styles, self.shares, self.layers)
        by_colours = self.settings.colours == "match"
        match = photo_colours.match_colours if by_colours else photo_colours.match_luminance
        each = [
            perceptual.style_grams(self.encoder, [match(s, photo) for s in self.styles], self.shares, self.layers)
            for photo in photos
        ]
        return {layer: ops.concatenate([grams[layer] for grams in each]) for layer in self.layers}
