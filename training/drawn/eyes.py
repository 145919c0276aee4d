"""Draws eyes anew: white, iris, pupil, catch lights and upper lid.

A photograph of 128 px has a dozen pixels for an eye, and people look at the eyes of a cartoon first. So eyes are drawn
by their landmarks, with the gaze and colour of the photograph. Behind dark glasses or hair none is drawn.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from facetoon.training.drawn.flatten import smoothstep
from facetoon.training.drawn.mesh import FOLDS, LOWER_LIDS, UPPER_LIDS, Mesh, Plane, smooth_curve, stroke, taper

Colours = NDArray[np.floating]
"""(height, width, 3): RGB 0..1."""

SHUT, OPEN = 0.10, 0.17  # height over width of an eye


@dataclass(frozen=True)
class EyeLook:
    """How a style draws eyes."""

    iris: float = 0.25
    """Radius over the eye's width; a real one is 0.2."""
    lid: float = 0.052
    """Thickness of the upper lid, in eye distances."""
    lash: float = 0.05
    """How far the lid's line swings out beyond the corner, in eye widths."""
    white: float = 0.85
    """How far the white of the eye goes from what it is to white."""
    vivid: float = 1.5
    """Chroma of the iris over the photograph's."""
    catch_light: float = 1.0
    """Size."""
    ink: tuple[float, float, float] = (0.10, 0.06, 0.07)
    """Colour of lids and pupils."""
    grey: bool = False
    """Irises in black and white only."""
    strength: float = 1.0


@dataclass(frozen=True)
class Eye:
    """What the photograph shows of one eye."""

    side: int
    seen: float
    """0..1: an open eye, not behind dark glasses or hair."""
    shown: float
    """0..1: the same, but shut eyes count too."""
    centre: NDArray[np.floating]
    """Of the iris, in pixels."""
    radius_px: float
    colour: NDArray[np.floating]
    """Lab of the iris."""


def see_eyes(mesh: Mesh, lab: NDArray[np.floating], tone: NDArray[np.floating]) -> tuple[Eye, Eye]:
    """Both eyes of a picture in Lab whose skin is `tone`; they look the same way."""
    parts = [_near(mesh, lab, side) for side in (0, 1)]
    gazes = [_gaze(part, near[..., 0], side) for side, (part, near, _) in enumerate(parts)]
    sure = np.array([gaze[1] for gaze in gazes]) + 1e-3
    shift = (np.array([gaze[0] for gaze in gazes]) * sure[:, None]).sum(0) / sure.sum()
    # Dark glasses darken both eyes; where one lies in the light, the other lies in a shadow.
    light = max(_surroundings(part, near[..., 0], side) for side, (part, near, _) in enumerate(parts))
    # A wink is rarer than a mistake about one eye.
    lidded = np.mean([_lidded(part, near[..., 0], side) for side, (part, near, _) in enumerate(parts)], keepdims=True)
    lowered = float(smoothstep(lidded, 0.68, 0.77)[0])
    eyes = []
    for side, (part, near, corner) in enumerate(parts):
        shown = _shown(part, near, light / max(float(tone[0]), 1.0), side, gazes[side][1])
        shut = max(lowered, 1 - float(np.clip((part.openness(side) - SHUT) / (OPEN - SHUT), 0, 1)))
        width_px = part.eye_width_px(side)
        centre = part.eye_centre(side) + width_px * (shift[0] * part.right + shift[1] * part.down)
        colour = _iris_colour(part, near, tone, side, centre)
        eyes.append(Eye(side, shown * float(1 - shut), shown, (centre + corner).astype(np.float32), width_px, colour))
    return eyes[0], eyes[1]


def draw_eyes(colours: Colours, mesh: Mesh, eyes: tuple[Eye, Eye], look: EyeLook) -> Colours:
    """The picture, RGB 0..1, with both eyes drawn."""
    drawn = colours.astype(np.float32).copy()
    for eye in eyes:
        if eye.shown > 0.02:
            part, window = mesh.window(mesh.eye_centre(eye.side), 1.3 * mesh.eye_width_px(eye.side))
            if part.height_px and part.width_px:
                near = dataclasses.replace(eye, centre=eye.centre - (window[1].start, window[0].start))
                drawn[window] = _draw_eye(drawn[window], part, near, look)
    return drawn


def _draw_eye(colours: Colours, mesh: Mesh, eye: Eye, look: EyeLook) -> Colours:
    """The part of the picture around one eye, with it drawn."""
    inside = mesh.eye(eye.side, 1.04)[..., None] * np.float32(eye.seen * look.strength)
    drawn = colours * (1 - inside) + _ball(colours, mesh, eye, look) * inside
    lines = (_lids(mesh, eye, look) * np.float32(eye.shown * look.strength))[..., None]
    return drawn * (1 - lines) + np.array(look.ink, np.float32) * lines


def _ball(colours: Colours, mesh: Mesh, eye: Eye, look: EyeLook) -> Colours:
    """White, iris, pupil, the lid's shadow and the catch lights, all over the picture."""
    x, y = _around(mesh, eye.centre)
    radius_px = look.iris * eye.radius_px
    distance = np.hypot(x, y) / radius_px
    edge = 1.2 / radius_px  # a pixel and a bit of softness
    skin = cv2.GaussianBlur(colours, (0, 0), 0.2 * mesh.unit_px)
    bright = np.clip(skin.max(-1, keepdims=True) * 1.1, 0.35, 1)
    white = np.clip(0.75 * bright + 0.25 * skin / np.maximum(skin.max(-1, keepdims=True), 0.05) * bright, 0, 1)
    ball = colours * (1 - look.white) + white * look.white
    iris = _iris(eye, look, distance, y / radius_px)
    disc = smoothstep(distance, 1 + edge, 1 - edge)[..., None]
    ball = ball * (1 - disc) + iris * disc
    return _lights(_shaded(ball, mesh, eye), x / radius_px, y / radius_px, edge, eye, look)


def _iris(eye: Eye, look: EyeLook, distance: Plane, below: Plane) -> Colours:
    """Dark above and at its rim, bright below, with a pupil."""
    lightness = float(np.clip(eye.colour[0] * 0.7 + 14, 16, 52)) * (0.6 if look.grey else 1)
    colour = eye.colour[1:] * (0 if look.grey else look.vivid)
    chroma = float(np.hypot(*colour))
    colour = colour * min(1.0, 42 / max(chroma, 1e-3))
    shade = np.clip(0.95 + 0.55 * below, 0.5, 1.6) * (1 - 0.45 * smoothstep(distance, 0.72, 0.98))
    lab = np.dstack([np.clip(lightness * shade, 0, 100), *(np.clip(shade, 0.5, 1.2) * c for c in colour)])
    rgb = np.clip(cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_LAB2RGB), 0, 1)
    pupil = smoothstep(distance, 0.52, 0.40)[..., None]
    return rgb * (1 - pupil) + np.array(look.ink, np.float32) * 0.7 * pupil


def _shaded(ball: Colours, mesh: Mesh, eye: Eye) -> Colours:
    """The shadow that the upper lid throws."""
    lid = np.zeros(ball.shape[:2], np.uint8)
    curve = mesh.points[list(UPPER_LIDS[eye.side])]
    cv2.polylines(lid, [np.rint(curve * 16).astype(np.int32)], False, 255, 1, cv2.LINE_AA, 4)
    away = cv2.distanceTransform(255 - (lid > 60).astype(np.uint8) * 255, cv2.DIST_L2, 3)
    shadow = 0.42 * smoothstep(away / eye.radius_px, 0.17, 0.03)
    return ball * (1 - shadow[..., None] * np.array([0.9, 1.0, 0.95], np.float32))


def _lights(ball: Colours, x: Plane, y: Plane, edge: float, eye: Eye, look: EyeLook) -> Colours:
    """A large catch light above, a small one below on the other side."""
    for place, size, strength in (((-0.34, -0.38), 0.25, 1.0), ((0.36, 0.42), 0.13, 0.7)):
        distance = np.hypot(x - place[0], y - place[1])
        size *= look.catch_light
        light = strength * smoothstep(distance, size + edge, max(size - edge, 0))[..., None]
        ball = ball * (1 - light) + light
    return ball


def _lids(mesh: Mesh, eye: Eye, look: EyeLook) -> Plane:
    """Ink 0..1 of the upper lid with its outer lash, the fold above, and a hint of the lower lid."""
    ink = np.zeros((mesh.height_px, mesh.width_px), np.float32)
    unit, width = mesh.unit_px, mesh.eye_width_px(eye.side)
    upper = mesh.points[list(UPPER_LIDS[eye.side])]
    out = (upper[0] - upper[-1]) / max(float(np.hypot(*(upper[0] - upper[-1]))), 1e-3)
    tip = upper[0] + look.lash * width * (out - 0.45 * mesh.down)
    lid = smooth_curve(np.vstack([tip, upper]))
    shut = np.clip(1 - eye.seen / max(eye.shown, 1e-3), 0, 1)
    closed = smooth_curve(np.vstack([tip, mesh.points[list(LOWER_LIDS[eye.side])]]))
    lid = (lid + shut * (closed - lid)).astype(np.float32)  # a shut lid's lashes lie on the lower one
    stroke(ink, lid, look.lid * unit * taper(len(lid), 0.15, 0.1, 0.5) + 0.4)
    lower = smooth_curve(mesh.points[list(LOWER_LIDS[eye.side])][:6])
    faint = np.zeros_like(ink)
    stroke(faint, lower, 0.3 * look.lid * unit * taper(len(lower), 0.6, 0.0) + 0.2)
    fold = smooth_curve(mesh.points[list(FOLDS[eye.side])][1:-1])
    stroke(faint, fold, 0.26 * look.lid * unit * taper(len(fold)) + 0.2)
    return np.maximum(ink, 0.6 * faint)


def _around(mesh: Mesh, centre: NDArray[np.floating]) -> tuple[Plane, Plane]:
    """Pixels right of and below a place, in the face's axes."""
    rows, columns = np.mgrid[0 : mesh.height_px, 0 : mesh.width_px].astype(np.float32)
    x, y = columns - centre[0], rows - centre[1]
    return x * mesh.right[0] + y * mesh.right[1], x * mesh.down[0] + y * mesh.down[1]


def _gaze(mesh: Mesh, lightness: Plane, side: int) -> tuple[NDArray[np.float64], float]:
    """Where the iris lies off the eye's middle (right, down; in eye widths), and how sure that is."""
    width_px = mesh.eye_width_px(side)
    inside = mesh.eye(side) > 0.5
    if inside.sum() < 12:
        return np.zeros(2), 0.0
    dark = np.clip(np.percentile(lightness[inside], 75) - lightness, 0, 40) * mesh.eye(side)
    radius = max(0.2 * width_px, 1.5)
    size = int(2 * radius) | 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)).astype(np.float32)
    score = cv2.filter2D(dark, cv2.CV_32F, disc / disc.sum(), borderType=cv2.BORDER_CONSTANT)
    right, down = (plane / width_px for plane in _around(mesh, mesh.eye_centre(side)))
    score = score * np.exp(-0.5 * ((right / 0.16) ** 2 + (down / 0.06) ** 2))
    row, column = np.unravel_index(int(score.argmax()), score.shape)
    shift = np.array([np.clip(right[row, column], -0.22, 0.22), np.clip(down[row, column], -0.05, 0.05)])
    return shift * 0.85, float(score.max())


def _near(mesh: Mesh, lab: NDArray[np.floating], side: int) -> tuple[Mesh, NDArray[np.floating], NDArray[np.floating]]:
    """Mesh and picture around one eye, and the window's left top corner."""
    part, (rows, columns) = mesh.window(mesh.eye_centre(side), 1.1 * mesh.eye_width_px(side))
    return part, lab[rows, columns], np.array([columns.start, rows.start], np.float32)


def _iris_colour(
    mesh: Mesh, lab: Colours, tone: NDArray[np.floating], side: int, centre: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Median Lab of a ring of the iris between the lids; the less of the skin's yellow is in it, the bluer."""
    x, y = _around(mesh, centre)
    distance = np.hypot(x, y) / max(mesh.eye_width_px(side), 1.0)
    ring = (distance > 0.07) & (distance < 0.17) & (mesh.eye(side, 0.9) > 0.5)
    if ring.sum() < 6:
        return np.array([25, 6, 8], np.float32)
    colour = np.median(lab[ring], 0).astype(np.float32)
    # A dozen pixels mix the iris with lids and lashes, which draw every colour towards the skin's.
    blue = np.clip((0.28 - colour[2] / max(float(tone[2]), 4.0)) / 0.25, 0, 1) * np.clip((colour[0] - 26) / 12, 0, 1)
    blue *= float(tone[2] > 9)
    return colour - np.array([0, 5, 13], np.float32) * np.float32(blue)


def _shown(mesh: Mesh, lab: NDArray[np.floating], relative: float, side: int, contrast: float) -> float:
    """0..1: the eye lies open to view: something darker lies in it, and the skin around is not far darker than skin.

    Dark glasses are dark all about the eye; hair and bright reflections show no iris. `relative` is the lightness of
    the lighter eye's surroundings over the skin's.
    """
    lightness = _surroundings(mesh, lab[..., 0], side)
    shown = np.clip((relative - 0.34) / 0.12, 0, 1) * np.clip((contrast / max(lightness, 1) - 0.045) / 0.05, 0, 1)
    return float(smoothstep(np.array(shown * _facing(mesh, side)), 0.3, 0.7))  # an eye half drawn is a ghost


def _surroundings(mesh: Mesh, lightness: Plane, side: int) -> float:
    """L of the skin or the glass below an eye; 0 where the picture does not show it.

    Above it brows, lids and shadows are dark in many a bare face; dark glasses are dark below it too.
    """
    _, y = _around(mesh, mesh.eye_centre(side))
    ring = (mesh.eye(side, 1.9) > 0.5) & (mesh.eye(side, 1.25) < 0.5) & (y > 0.1 * mesh.eye_width_px(side))
    below = lightness[ring]
    return float(np.percentile(below, 60)) if len(below) >= 12 else 0.0


def _lidded(mesh: Mesh, lightness: Plane, side: int) -> float:
    """Lightness of the eye's upper half over that of the skin around: near 1 on a lid, far below where an iris is."""
    width_px = mesh.eye_width_px(side)
    x, y = _around(mesh, mesh.eye_centre(side))
    upper = (mesh.eye(side) > 0.5) & (np.abs(x) < 0.36 * width_px)
    upper &= (y < 0.02 * width_px) & (y > -0.09 * width_px)
    skin = _surroundings(mesh, lightness, side)
    return float(np.percentile(lightness[upper], 15)) / skin if upper.any() and skin else 0.0


def _facing(mesh: Mesh, side: int) -> float:
    """0 for the eye that a turned head hides: it is far narrower than the other."""
    ratio = mesh.eye_width_px(side) / max(mesh.eye_width_px(1 - side), 1e-3)
    return float(np.clip((ratio - 0.3) / 0.25, 0, 1))
