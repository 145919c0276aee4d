"""Mixes of styles: every point in the simplex over the trained styles is a style.

A mix is a dict of shares that sum to 1, such as {"anime": 0.6, "comic": 0.4}. The style "photo" is the photograph
itself, so its share takes strength away. Trained styles mix linearly (Dumoulin et al. 2017, "A learned representation
for artistic style").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.spec import ModelSpec

PHOTO = "photo"
Mix = dict[str, float]
MOST_SHARE = 1e6  # larger ones would overflow in their sum
ROUNDING = 1e-6  # shares that lack less of 1 sum to 1


def parse_mix(text: str, names: Sequence[str]) -> Mix:
    """Parse a mix such as "anime:0.6,comic:0.4" or "anime"; shares are scaled to sum to 1.

    Raises InputError for text of another form, and for a style that is neither in `names` nor "photo".
    """
    return check_mix(parse_shares(text), names)


def parse_shares(text: str) -> dict[str, float]:
    """Parse the text of a mix; the shares stay as they are. Raises InputError for text of another form."""
    shares: dict[str, float] = {}
    for part in text.split(","):
        name, colon, share = part.strip().partition(":")
        try:
            shares[name.strip()] = float(share) if colon else 1.0
        except ValueError:
            raise InputError(f"A style is written name or name:share, not {part.strip()!r}.") from None
    return shares


def check_mix(shares: Mapping[str, float], names: Sequence[str]) -> Mix:
    """Scale the shares to sum to 1. Raises InputError for an unknown style, a negative share, or no share above 0."""
    _check_shares(shares, names)
    total = sum(shares.values())
    if total <= 0:
        raise InputError("A style needs at least one share above 0.")
    return {name: share / total for name, share in shares.items() if share > 0}


def slider_mix(shares: Mapping[str, float], names: Sequence[str]) -> Mix:
    """Return the mix of sliders, each of which stays where it was put: what they lack of 1 is the photograph's.

    Shares of more than 1 in all are scaled to sum to 1. A model with one baked look (no `names`) draws it with what
    "photo" leaves. Raises InputError for an unknown style and a negative share.
    """
    _check_shares(shares, names)
    lacking = 1 - sum(shares.values())
    if not names:
        return {PHOTO: min(shares[PHOTO], 1.0)} if shares.get(PHOTO) else {}
    if lacking > ROUNDING:
        shares = {**shares, PHOTO: shares.get(PHOTO, 0.0) + lacking}
    return check_mix(shares, names)


def carried_mix(mix: Mix, names: Sequence[str]) -> Mix:
    """Return a mix as another model, with the styles `names`, draws it.

    The share of "photo" stays. The styles that the model has too take the rest in their old proportions, or else its
    first style does.
    """
    photo = mix.get(PHOTO, 0.0)
    known = {name: share for name, share in mix.items() if name in names and name != PHOTO}
    known = known or {name: 1.0 for name in [name for name in names if name != PHOTO][:1]}
    total = sum(known.values())
    carried = {name: (1 - photo) * share / total for name, share in known.items()} | {PHOTO: photo}
    return {name: share for name, share in carried.items() if share > 0}


def _check_shares(shares: Mapping[str, float], names: Sequence[str]) -> None:
    for name, share in shares.items():
        if name not in names and name != PHOTO:
            raise InputError(f"There is no style {name!r}; this model has {', '.join([*names, PHOTO])}.")
        if not 0 <= share <= MOST_SHARE:
            raise InputError(f"The share of {name} must be from 0 to {MOST_SHARE:.0f}, not {share}.")


def format_mix(mix: Mix) -> str:
    """Return the text of a mix for `parse_mix`, largest share first."""
    parts = sorted(mix.items(), key=lambda item: (-item[1], item[0]))
    return ",".join(f"{name}:{share:.3g}" for name, share in parts)


def to_vector(mix: Mix, names: Sequence[str]) -> tuple[NDArray[np.float32], float]:
    """Return a model's style input, float32 (len(names),), and the cartoon's strength in the blend with the photograph.

    A model that was trained on "photo" draws it itself, at strength 1. For other models, the share of "photo" lowers
    the strength of the cartoon, 0..1.
    """
    if PHOTO in names:
        return np.array([mix.get(name, 0.0) for name in names], np.float32), 1.0
    strength = 1.0 - mix.get(PHOTO, 0.0)
    scale = 1.0 / strength if strength > 0 else 0.0
    vector = np.array([mix.get(name, 0.0) * scale for name in names], np.float32)
    if strength == 0 and len(names):
        vector[0] = 1.0  # any style will do, since it is not seen
    return vector, strength


def faces_only(spec: ModelSpec) -> tuple[str, ...]:
    """Return the styles that move features, by a spec that names those which do not; they cannot draw whole frames."""
    return tuple(name for name in spec.styles if spec.keeps_shape and name not in (*spec.keeps_shape, PHOTO))


def moving_share(vector: NDArray[np.float32], spec: ModelSpec) -> float:
    """Return the share, 0..1, of styles that may move features in a style input; () stands for a baked look."""
    moves = [name not in (*spec.keeps_shape, PHOTO) for name in spec.styles]
    return float(vector @ np.array(moves, np.float32)) if vector.size else float(any(moves) or not moves)


def random_mix(names: Sequence[str], seed: int) -> Mix:
    """Draw a new style uniformly from the simplex of the trained styles. A seed always gives the same style."""
    names = [name for name in names if name != PHOTO]
    shares = np.random.default_rng(seed).dirichlet(np.ones(len(names)))
    return dict(zip(names, map(float, shares), strict=True))


def interpolate(start: Mix, end: Mix, share: float) -> Mix:
    """Return the mix at `share` (0..1) of the way from `start` to `end`."""
    mixed = {name: (1 - share) * start.get(name, 0.0) + share * end.get(name, 0.0) for name in {**start, **end}}
    return {name: value for name, value in mixed.items() if value > 0}
