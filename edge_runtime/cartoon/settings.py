"""The settings that a viewer may change while the live loop runs, checked key by key."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from facetoon.edge_runtime import styles
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.styles import Mix

BACKGROUNDS = ("keep", "blur", "cartoon")
MODES = ("face", "frame")
MOST_FACES = 16
LONGEST_MORPH_S = 60.0
RANDOM = "random_seed"
"""A key of `patched` that draws a new style, see `styles.random_mix`. It is not a setting."""


@dataclass(frozen=True)
class LiveSettings:
    """How to draw frames. Immutable: a change makes a new object, so that no frame sees half of a change."""

    model: str
    """Name of one of the loaded models."""
    style: Mix = field(default_factory=dict)
    """Shares of the model's styles and of "photo", summing to 1; empty when the model has a single look."""
    strength: float = 1.0
    """0 shows the photograph, 1 the cartoon alone."""
    split: float | None = None
    """Before/after view: the left share of the width, 0..1, that shows the original frame; None for no split."""
    colour_match: float = 0.0
    """0 keeps the cartoon's colours; 1 gives it the mean and contrast of the face under it."""
    background: str = "keep"
    mode: str = "face"
    """"face" cartoonizes the faces, "frame" the whole frame in tiles."""
    faces: int = 1
    """Most faces to cartoonize in a frame."""
    morph_s: float = 0.0
    """Seconds that a change of style takes."""

    def patched(self, values: Mapping[str, Any], known: Mapping[str, Sequence[str]]) -> LiveSettings:
        """Return these settings with some values changed; `known` holds the style names of each loaded model.

        A style is a mix: a dict, or text for `styles.parse_mix`. A new model keeps the style if it has it too, and
        takes its first style otherwise. Raises InputError for the first bad or unknown key.
        """
        for key in values:
            if key not in _CHECKS and key not in ("model", "style", RANDOM):
                raise InputError(f"There is no setting {key!r}; choose from {', '.join([*setting_names(), RANDOM])}.")
        model = values.get("model", self.model)
        if not isinstance(model, str) or model not in known:
            raise InputError(f"There is no model {model!r} loaded; choose from {', '.join(known)}.")
        changes = {key: _CHECKS[key](key, value) for key, value in values.items() if key in _CHECKS}
        return dataclasses.replace(self, model=model, style=self._style(values, known[model]), **changes)

    def _style(self, values: Mapping[str, Any], names: Sequence[str]) -> Mix:
        if RANDOM in values:
            if "style" in values:
                raise InputError(f"Give style or {RANDOM}, not both.")
            if not names:
                raise InputError("This model has one look baked in, so no random style can be drawn.")
            return styles.random_mix(names, _whole(RANDOM, values[RANDOM], 0, 2**53))
        if "style" in values:
            return _mix(values["style"], names)
        return self.style if set(self.style) <= {*names, styles.PHOTO} and self.style else first_style(names)


def first_style(names: Sequence[str]) -> Mix:
    """Return a model's first style, with which it begins."""
    return {names[0]: 1.0} if names else {}


def setting_names() -> list[str]:
    """Return the names of the settings, in order."""
    return [item.name for item in dataclasses.fields(LiveSettings)]


def _mix(value: Any, names: Sequence[str]) -> Mix:
    if isinstance(value, str):
        return styles.parse_mix(value, names)
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise InputError("style must be an object of shares by name, such as {'anime': 0.6, 'photo': 0.4}.")
    if not value and not names:
        return {}
    return styles.check_mix({name: _number(f"style.{name}", share, 0, 1e6) for name, share in value.items()}, names)


def _number(key: str, value: Any, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InputError(f"{key} must be a number from {low:g} to {high:g}, not {_shown(value)}.")
    return float(value)


def _whole(key: str, value: Any, low: int, high: int) -> int:
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        value = int(value)  # JSON does not distinguish 2 from 2.0
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InputError(f"{key} must be a whole number from {low} to {high}, not {_shown(value)}.")
    return value


def _choice(key: str, value: Any, choices: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise InputError(f"{key} must be {', '.join(choices[:-1])} or {choices[-1]}, not {_shown(value)}.")
    return value


def _shown(value: Any) -> str:
    """Format a value for an error text, in at most 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "strength": lambda key, value: _number(key, value, 0, 1),
    "split": lambda key, value: None if value is None else _number(key, value, 0, 1),
    "colour_match": lambda key, value: _number(key, value, 0, 1),
    "background": lambda key, value: _choice(key, value, BACKGROUNDS),
    "mode": lambda key, value: _choice(key, value, MODES),
    "faces": lambda key, value: _whole(key, value, 1, MOST_FACES),
    "morph_s": lambda key, value: _number(key, value, 0, LONGEST_MORPH_S),
}
