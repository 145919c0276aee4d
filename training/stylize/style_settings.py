"""The settings of style transfer and their bounds."""

from __future__ import annotations

from dataclasses import dataclass

from facetoon.edge_runtime.errors import InputError

COLOURS = ("style", "luminance", "match")
OPTIMIZERS = ("adam", "lbfgs")


@dataclass(frozen=True)
class StyleSettings:
    """The settings of one style transfer."""

    strength: float = 1.0
    """0 gives the photograph exactly. 1 targets the style's Gram matrices, a value between 0 and 1 a mixture."""
    layers: tuple[str, ...] = ()
    """VGG layers whose Gram matrices are the style; empty means vgg.default_style_layers."""
    content_layers: tuple[str, ...] = ("relu3_1", "relu4_1")
    content_weight: float = 1.0
    style_weight: float = 4.0
    tv_weight: float = 1.0
    steps: int = 200
    optimizer: str = "adam"
    learning_rate: float = 0.03
    """Learning rate of Adam, in units of the picture's -1..1."""
    colours: str = "style"
    """With "luminance" the photograph's chroma stays. With "match" the style first takes the photograph's colours."""
    from_noise: bool = False
    seed: int = 1


def check_settings(settings: StyleSettings) -> None:
    """Raise InputError for values out of bounds."""
    if not 0 <= settings.strength <= 1:
        raise InputError(f"The strength must be from 0 to 1, not {settings.strength}.")
    if settings.steps < 1:
        raise InputError(f"The number of steps must be 1 or more, not {settings.steps}.")
    for name in ("content_weight", "style_weight", "tv_weight"):
        if not 0 <= getattr(settings, name) < float("inf"):
            raise InputError(f"The {name.replace('_', ' ')} must be 0 or more, not {getattr(settings, name)}.")
    if settings.colours not in COLOURS or settings.optimizer not in OPTIMIZERS:
        raise InputError(f"Colours are {', '.join(COLOURS)}; optimizers are {', '.join(OPTIMIZERS)}.")
