"""The settings that a viewer may change while the live loop runs, checked key by key."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from facetoon.edge_runtime import styles
from facetoon.edge_runtime.cartoon.background import BACKGROUNDS, COLOUR, COLOUR_PATTERN, Picture
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.styles import Mix

MODES = ("face", "frame")
TURNS = (0, 90, 180, 270)
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
    sharpen: float = 0.0
    """Share, 0..1, of the frame's fine details that a cartoon larger than the model's pictures takes over."""
    background: str = "keep"
    background_colour: str = COLOUR
    """Of the background "colour": #rrggbb."""
    picture: Picture | None = None
    """Of the background "picture". Only toon-live's flags set it: a viewer must not read files."""
    mode: str = "face"
    """"face" cartoonizes the faces, "frame" the whole frame in tiles."""
    faces: int = 1
    """Most faces to cartoonize in a frame."""
    morph_s: float = 0.0
    """Seconds that a change of style takes."""
    turn: int = 0
    """Degrees, one of TURNS, by which a frame is turned clockwise before faces are looked for."""
    mirror: bool = False
    """Whether the turned frame is mirrored, as a person before a screen expects."""
    wish: Mix = field(default_factory=dict, compare=False)
    """The mix that was chosen last. It comes back with a model that can draw it."""

    @property
    def whole_frame(self) -> bool:
        """Whether the frame is drawn in tiles, which shows boxes where a style moves features."""
        return self.mode == "frame" or self.background == "cartoon"

    def to_json(self) -> dict[str, Any]:
        """Return the settings as JSON values; the picture is its file's name."""
        values = {name: getattr(self, name) for name in setting_names()}
        return values | {"style": dict(self.style), "picture": self.picture.name if self.picture else None}

    def patched(
        self,
        values: Mapping[str, Any],
        known: Mapping[str, Sequence[str]],
        faces_only: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> LiveSettings:
        """Return these settings with some values changed; `known` holds the style names of each loaded model.

        `faces_only` holds the styles of each model that move features and cannot draw whole frames. A style is a mix: a
        dict, or text for `styles.parse_shares`; what its shares lack of 1 is the photograph's. A new model draws what
        it has of the mix that was chosen last, see `styles.carried_mix`. Raises InputError for the first bad or unknown
        key.
        """
        for key in values:
            if key not in _CHECKS and key not in ("model", "style", RANDOM):
                raise InputError(f"There is no setting {key!r}; choose from {', '.join([*setting_names(), RANDOM])}.")
        model = values.get("model", self.model)
        if not isinstance(model, str) or model not in known:
            raise InputError(f"There is no model {model!r} loaded; choose from {', '.join(known)}.")
        changes = {key: _CHECKS[key](key, value) for key, value in values.items() if key in _CHECKS}
        changed = dataclasses.replace(self, model=model, **changes)
        if changed.background == "picture" and changed.picture is None:
            raise InputError("No picture is loaded for the background: start toon-live with --background FILE.")
        moving = faces_only.get(model, ()) if changed.whole_frame else ()
        usable = [name for name in known[model] if name not in moving]
        chosen = self._chosen(values, known[model], usable or known[model])
        style = self.style if chosen is None else chosen
        if chosen is None and (model != self.model or not style):
            wish = self.wish or self.style
            style = styles.carried_mix(wish, usable or known[model]) if wish else first_style(usable)
        _refuse_moving([name for name in moving if name in style or not known[model]], usable)
        return dataclasses.replace(changed, style=style, wish=chosen or self.wish or self.style)

    def _chosen(self, values: Mapping[str, Any], names: Sequence[str], usable: Sequence[str]) -> Mix | None:
        """Return the mix that the values choose; None when they choose none."""
        if RANDOM in values:
            if "style" in values:
                raise InputError(f"Give style or {RANDOM}, not both.")
            if not names:
                raise InputError("This model has one look baked in, so no random style can be drawn.")
            return styles.random_mix(usable, _whole(RANDOM, values[RANDOM], 0, 2**53))
        return _mix(values["style"], names) if "style" in values else None


def first_style(names: Sequence[str]) -> Mix:
    """Return a model's first style, with which it begins."""
    return {names[0]: 1.0} if names else {}


def setting_names() -> list[str]:
    """Return the names of the settings that a viewer may change, in order."""
    return [item.name for item in dataclasses.fields(LiveSettings) if item.name not in ("picture", "wish")]


def _refuse_moving(moving: Sequence[str], usable: Sequence[str]) -> None:
    if moving:
        others = f"choose from {', '.join(usable)}" if usable else "this model has no other style"
        raise InputError(
            f"The style {moving[0]} moves features, so it draws faces alone, not whole frames or backgrounds; {others}."
        )


def _mix(value: Any, names: Sequence[str]) -> Mix:
    if isinstance(value, str):
        return styles.slider_mix(styles.parse_shares(value), names)
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise InputError("style must be an object of shares by name, such as {'anime': 0.6, 'photo': 0.4}.")
    return styles.slider_mix({name: _number(f"style.{name}", share, 0, 1e6) for name, share in value.items()}, names)


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


def _turn(key: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value not in TURNS:
        raise InputError(f"{key} must be 0, 90, 180 or 270, not {_shown(value)}.")
    return int(value)


def _flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InputError(f"{key} must be true or false, not {_shown(value)}.")
    return value


def _colour(key: str, value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(COLOUR_PATTERN, value):
        raise InputError(f"{key} must be a colour such as #ff8800, not {_shown(value)}.")
    return value


def _picture(key: str, value: Any) -> Picture:
    if not isinstance(value, Picture):
        raise InputError(f"Only the flag --background sets the {key}, not {_shown(value)}.")
    return value


def _shown(value: Any) -> str:
    """Format a value for an error text, in at most 60 characters."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "strength": lambda key, value: _number(key, value, 0, 1),
    "split": lambda key, value: None if value is None else _number(key, value, 0, 1),
    "colour_match": lambda key, value: _number(key, value, 0, 1),
    "sharpen": lambda key, value: _number(key, value, 0, 1),
    "background_colour": _colour,
    "picture": _picture,
    "background": lambda key, value: _choice(key, value, BACKGROUNDS),
    "mode": lambda key, value: _choice(key, value, MODES),
    "faces": lambda key, value: _whole(key, value, 1, MOST_FACES),
    "morph_s": lambda key, value: _number(key, value, 0, LONGEST_MORPH_S),
    "turn": lambda key, value: _turn(key, value),
    "mirror": lambda key, value: _flag(key, value),
}
