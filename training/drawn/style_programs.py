"""The drawn styles: each takes an RGB photograph, uint8 (height, width, 3), and 468 landmarks, and gives a drawing.

`poster`, `ink` and `wash` are comic, manga and watercolour as a student learns them: a small network cannot place
printed dots or the grain of paper.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime.pixels import Image
from facetoon.training.drawn import marks, paper
from facetoon.training.drawn.eyes import EyeLook, draw_eyes
from facetoon.training.drawn.flatten import Lab, coloured, from_lab, smoothstep, soft_steps
from facetoon.training.drawn.landmarks import Points
from facetoon.training.drawn.lines import along_flow
from facetoon.training.drawn.mesh import NOSE_RIDGE, Plane, blurred
from facetoon.training.drawn.sitter import Sitter, cheeks, finish, sit
from facetoon.training.drawn.warp import Shape

Colours = NDArray[np.floating]
COMIC = Shape(1.2, 1.28, 0.94, 1.0, 0.04)
MANGA = Shape(1.45, 1.62, 0.8, 0.88, 0.12)
SHAPES = {
    "toon": Shape(1.4, 1.55, 0.84, 0.94, 0.09),
    "anime": Shape(1.8, 2.0, 0.6, 0.75, 0.2),
    "comic": COMIC,
    "poster": COMIC,
    "manga": MANGA,
    "ink": MANGA,
    "watercolour": Shape(),
    "wash": Shape(),
    "pencil": Shape(),
}
"""How each style redraws a face. Watercolour, wash and pencil keep its shape, so they also suit whole frames."""


def toon(photo: Image, landmarks: Points) -> Image:
    """Big eyes, smooth warm skin with soft shades, lines in dark colours."""
    sitter = sit(photo, landmarks, SHAPES["toon"])
    colours = _painted(sitter, step=11.0, hardness=0.75, chroma=1.25, warmth=2.0)
    return finish(_inked(sitter, colours, EyeLook()), photo)


def anime(photo: Image, landmarks: Points) -> Image:
    """The geometry of a cartoon heroine on anybody: huge eyes, small nose and mouth, narrow chin, plain skin."""
    sitter = sit(photo, landmarks, SHAPES["anime"])
    colours = _painted(sitter, step=20.0, hardness=0.6, chroma=1.25, warmth=1.0, reach=0.16)
    look = EyeLook(iris=0.29, lid=0.06, lash=0.07, vivid=1.8, catch_light=1.1)
    return finish(_inked(sitter, colours, look, mouth=0.026, nose=0.018, in_skin=0.06, bare=0.9), photo)


def comic(photo: Image, landmarks: Points) -> Image:
    """Flat strong colours, printed dots in the shade, bold black lines."""
    return _printed(photo, landmarks, dotted=True)


def poster(photo: Image, landmarks: Points) -> Image:
    """Comic with plain shades instead of dots."""
    return _printed(photo, landmarks, dotted=False)


def manga(photo: Image, landmarks: Points) -> Image:
    """Black, white and screen tone; dark skin is toned, never black."""
    return _black_and_white(photo, landmarks, screened=True)


def ink(photo: Image, landmarks: Points) -> Image:
    """Manga with flat greys instead of screen tone."""
    return _black_and_white(photo, landmarks, screened=False)


def watercolour(photo: Image, landmarks: Points) -> Image:
    """Wet colour on rough paper, dark at its edges, thin pencil lines, the margins left white."""
    return _watered(photo, landmarks, on_paper=True)


def wash(photo: Image, landmarks: Points) -> Image:
    """Watercolour without the paper: no grain, no clouds, no margins."""
    return _watered(photo, landmarks, on_paper=False)


def pencil(photo: Image, landmarks: Points) -> Image:
    """Graphite: hatching along the forms, firm lines at the features, paper grain."""
    sitter = sit(photo, landmarks, SHAPES["pencil"])
    shape, k = sitter.lab.shape[:2], sitter.scale
    light, skin = sitter.smooth_skin(sitter.fine, 0.06)[..., 0], sitter.skin
    white = max(float(np.percentile(light, 92)), 60)
    darkness = np.clip(1 - light / white, 0, 1) ** 0.9
    # A face is drawn by its shadows; its own tone is only hinted at, by as much as it is dark.
    base = float(np.interp(sitter.tone[0], (35, 70), (0.34, 0.06)))
    shadow = base + 1.5 * np.clip((sitter.tone[0] - light - 3) / white, 0, 1)
    darkness = darkness * (1 - skin) + np.minimum(darkness, shadow) * skin
    slope = np.zeros((*shape, 2), np.float32)
    slope[:] = (np.cos(-0.9), np.sin(-0.9))
    along = paper.hatching(darkness, sitter.tangent, 1, k, 10) * (1 - skin)
    slanted = paper.hatching(darkness, slope, 2, k, 12)
    ink = 0.6 * np.maximum(0.9 * along, 0.75 * slanted) + 0.3 * darkness
    lines = sitter.outlines(sitter.response(1.1), 0.012, 0.02, 0.06)
    marked = np.maximum(marks.mouth_ink(sitter.mesh, sitter.lab, 0.03), 0.8 * marks.nose_ink(sitter.mesh, 0.022))
    marked = np.maximum(marked, 0.7 * marks.brow_ink(sitter.mesh, sitter.lab, sitter.tone))
    ink = 1 - (1 - ink) * (1 - 0.8 * lines) * (1 - 0.8 * marked)
    ink = np.clip(ink * (1 + 0.16 * paper.grain(shape, 5, k)), 0, 1)
    sheet = _tint([0.97, 0.965, 0.95])
    colours = _over(np.broadcast_to(sheet, (*shape, 3)), _tint([0.16, 0.16, 0.18]), ink)
    look = EyeLook(iris=0.22, lid=0.045, white=0.6, grey=True, ink=(0.14, 0.14, 0.16), strength=0.85, lash=0.04)
    return finish(draw_eyes(colours, sitter.mesh, sitter.eyes, look), photo)


def _tint(values: list[float]) -> NDArray[np.floating]:
    return np.array(values, np.float32)


STYLES = {
    "toon": toon,
    "anime": anime,
    "comic": comic,
    "poster": poster,
    "manga": manga,
    "ink": ink,
    "watercolour": watercolour,
    "wash": wash,
    "pencil": pencil,
}


def _painted(
    sitter: Sitter, step: float, hardness: float, chroma: float, warmth: float, reach: float = 0.07
) -> Colours:
    """Flat colours outside, cel shades of `step` L on the skin, as firm as `hardness` 0..1 says."""
    lab = sitter.smooth_skin(sitter.flat(4.5), reach)
    lightness, skin = lab[..., 0], sitter.skin
    away = (lightness - sitter.tone[0]) / step
    rest = away - np.floor(away + 0.5)
    shades = sitter.tone[0] + step * (away - rest + 0.5 * np.sign(rest) * np.abs(2 * rest) ** 5)
    shades = np.minimum(hardness * shades + (1 - hardness) * lightness, 97)
    lab[..., 0] = soft_steps(lightness, 9, 4.0) * (1 - skin) + shades * skin
    lab = coloured(lab, chroma, 75)
    lab += skin[..., None] * (coloured(lab, 1.0, 46) - lab)
    warm = np.float32(warmth * sitter.colourful)
    lab[..., 1] += warm * (0.6 * skin + 2.2 * skin * cheeks(sitter.mesh))
    lab[..., 2] += warm * (0.5 + skin)
    return from_lab(_made_up(sitter, lab, 5))


def _made_up(sitter: Sitter, lab: Lab, red: float) -> Lab:
    """Lips a little redder, teeth clear."""
    lips, between = marks.lips(sitter.mesh), marks.between_lips(sitter.mesh)
    lab = lab.copy()
    lab[..., 0] -= 3 * lips
    lab[..., 1] += np.float32(red * sitter.colourful) * lips
    middle = 0.5 * sitter.tone[0]
    clear = np.clip((lab[..., 0] - middle) * 1.5 + middle, 0, 97)
    lab[..., 0] += between * (clear - lab[..., 0])
    lab[..., 1:] *= (1 - 0.5 * between)[..., None]
    return lab


def _inked(
    sitter: Sitter,
    colours: Colours,
    look: EyeLook,
    mouth: float = 0.036,
    nose: float = 0.025,
    in_skin: float = 0.03,
    bare: float = 0.0,
) -> Colours:
    """Lines in the darkened colour of their place, mouth and nose in a warm one, eyes.

    `bare` takes that share of the lines off the nose's ridge, which lies in a fold between eyes that have grown.
    """
    ink = sitter.outlines(sitter.response(1.3), 0.018, in_skin) * (1 - 0.3 * sitter.skin)
    ink = ink * (1 - bare * sitter.mesh.near(NOSE_RIDGE, 0.13))
    dark = 0.2 * colours + 0.02
    brows = 0.6 * marks.brow_ink(sitter.mesh, sitter.lab, sitter.tone)
    drawn = _over(_over(colours, 1.4 * dark, brows), dark, ink)
    marked = np.maximum(marks.mouth_ink(sitter.mesh, sitter.lab, mouth), 0.7 * marks.nose_ink(sitter.mesh, nose))
    warm = _tint([0.16 + 0.14 * sitter.colourful, 0.11, 0.10]) * float(np.clip(sitter.tone[0] / 70, 0.5, 1))
    return draw_eyes(_over(drawn, warm, 0.9 * marked), sitter.mesh, sitter.eyes, look)


def _printed(photo: Image, landmarks: Points, dotted: bool) -> Image:
    sitter = sit(photo, landmarks, COMIC)
    lab = sitter.smooth_skin(sitter.flat(5.5), 0.09)
    rel = lab[..., 0] - sitter.tone[0]
    skin = sitter.skin
    light = sitter.tone[0] + 10 * smoothstep(rel, 5, 8) - 14 * smoothstep(-rel, 17, 20)
    steps = soft_steps(lab[..., 0], 5, 9.0)
    lab[..., 0] = np.clip(steps * (1 - skin) + light * skin, 0, 100)
    lab = coloured(lab, 1.5, 85)
    lab += skin[..., None] * (coloured(lab, 1.0, 52) - lab)
    colours = from_lab(_made_up(sitter, lab, 8))
    shade = skin * smoothstep(-rel, 6, 9) * (1 - smoothstep(-rel, 17, 20))
    dots = paper.dots(shade.shape, 0.42 * shade, 9 * sitter.scale) if dotted else 0.42 * shade
    colours = _over(colours, from_lab(lab - _tint([22, -6, -4])), 0.55 * dots)
    ink = sitter.outlines(sitter.response(2.0), 0.016, 0.030, 0.03)
    ink = np.maximum(ink, (1 - skin) * smoothstep(sitter.evened(sitter.fine[..., 0]), 17, 12))
    ink = np.maximum.reduce([ink, marks.mouth_ink(sitter.mesh, sitter.lab, 0.045), 0.75 * marks.nose_ink(sitter.mesh)])
    ink = np.maximum(ink, 0.9 * marks.brow_ink(sitter.mesh, sitter.lab, sitter.tone))
    colours = _over(colours, _tint([0.04, 0.03, 0.06]), ink)
    look = EyeLook(iris=0.24, lid=0.075, lash=0.05, ink=(0.04, 0.03, 0.06), white=0.9)
    return finish(draw_eyes(colours, sitter.mesh, sitter.eyes, look), photo)


def _watered(photo: Image, landmarks: Points, on_paper: bool) -> Image:
    sitter = sit(photo, landmarks, SHAPES["watercolour"])
    shape, k = sitter.lab.shape[:2], sitter.scale
    lab = sitter.smooth_skin(sitter.flat(7.5), 0.1)
    lab[..., 0] = np.clip(soft_steps(lab[..., 0], 7, 4.0) * 0.89 + 8, 0, 100)
    lab = coloured(lab, 1.45, 60)
    colours = from_lab(_made_up(sitter, lab, 5))
    density = (0.95 if on_paper else 0.7) + 0.9 * paper.wet_edges(lab[..., 0], 3.5 * k)
    if on_paper:
        density = density + 0.22 * paper.clouds(shape, 70 * k, 3) * (1 - 0.8 * sitter.skin)
        density = density + 0.07 * paper.grain(shape, 7, k) + 0.12 * paper.noise(shape, 2.5 * k, 5)
    eyes = draw_eyes(colours, sitter.mesh, sitter.eyes, EyeLook(iris=0.24, lid=0.045, ink=(0.2, 0.14, 0.14)))
    colours = paper.pigment(eyes, density.astype(np.float32))
    ink = 0.55 * sitter.outlines(sitter.response(1.0), 0.022, 0.03, 0.06)
    marked = np.maximum(marks.mouth_ink(sitter.mesh, sitter.lab, 0.03), 0.8 * marks.nose_ink(sitter.mesh, 0.02))
    ink = np.maximum.reduce([ink, 0.75 * marked, 0.45 * marks.brow_ink(sitter.mesh, sitter.lab, sitter.tone)])
    colours = _over(colours, _tint([0.27, 0.19, 0.18]), ink)
    sheet = _tint([0.985, 0.975, 0.95])
    if not on_paper:
        return finish(colours * sheet, photo)
    sheet = sheet * (1 + 0.018 * paper.grain(shape, 7, k))[..., None]
    return finish(_over(colours * sheet, sheet, _margin(sitter)), photo)


def _black_and_white(photo: Image, landmarks: Points, screened: bool) -> Image:
    sitter = sit(photo, landmarks, MANGA)
    flat = sitter.smooth_skin(sitter.flat(4.5), 0.08)
    tone = _screens(sitter, flat[..., 0])
    screen = paper.dots(tone.shape, tone, 9 * sitter.scale) if screened else tone
    black = (1 - sitter.skin) * smoothstep(sitter.evened(flat[..., 0]), 33, 27)
    response = sitter.response(1.4)
    shine = _shine(sitter, flat[..., 0])
    ink = np.maximum(screen * (1 - black), black * (1 - shine))
    ink = np.maximum(ink, sitter.outlines(response, 0.018, 0.03, 0.035) * (1 - black))
    ink = np.maximum.reduce([ink, marks.mouth_ink(sitter.mesh, sitter.lab, 0.034), marks.nose_ink(sitter.mesh)])
    ink = np.maximum(ink, marks.brow_ink(sitter.mesh, sitter.lab, sitter.tone))
    page = np.repeat(1 - ink[..., None], 3, 2).astype(np.float32)
    look = EyeLook(iris=0.28, lid=0.07, lash=0.06, white=1.0, grey=True, ink=(0, 0, 0), catch_light=1.1)
    drawn = draw_eyes(page, sitter.mesh, sitter.eyes, look)
    return finish(np.repeat(drawn.mean(-1, keepdims=True), 3, 2), photo)


def _screens(sitter: Sitter, lightness: Plane) -> Plane:
    """How dark the screen is, 0..1: on the skin by its shade and its tone, elsewhere by lightness."""
    base = float(np.interp(sitter.tone[0], (42, 68), (0.42, 0.0)))
    away = sitter.tone[0] - lightness
    skin = base + 0.22 * smoothstep(away, 8, 12) + 0.2 * smoothstep(away, 20, 25) - base * smoothstep(-away, 6, 10)
    even = sitter.evened(lightness)
    other = 0.2 * sum(smoothstep(even, level, level - 4) for level in (80, 64, 48))
    return np.clip(skin * sitter.skin + other * (1 - sitter.skin), 0, 0.8)


def _shine(sitter: Sitter, lightness: Plane) -> Plane:
    """0..1 on the bright strands of black hair, drawn out along their flow."""
    k = sitter.scale
    rise = sitter.fine[..., 0] - blurred(lightness, 14 * k)
    return smoothstep(along_flow(rise, sitter.tangent, 7 * k), 2.2, 4.2)


def _margin(sitter: Sitter) -> Plane:
    """0..1 where the paper stays white: ragged, along the picture's border."""
    height, width = sitter.lab.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    inside = np.minimum.reduce([rows, columns, height - 1 - rows, width - 1 - columns]) / max(height, width)
    ragged = inside + 0.014 * paper.clouds((height, width), 40 * sitter.scale, 11)
    return smoothstep(ragged, 0.045, 0.02)


def _over(below: Colours, above: Colours | NDArray[np.floating], share: Plane) -> Colours:
    """`above` laid over `below` where `share` is 1."""
    return (below + share[..., None].astype(np.float32) * (above - below)).astype(np.float32)
