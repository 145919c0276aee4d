"""What a style works on: the enlarged photograph, its shape changed by landmarks, with its face measured and masked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime.pixels import Image
from facetoon.training.drawn import eyes, lines, marks
from facetoon.training.drawn.flatten import Lab, bilateral, exposed, guided, kuwahara, smoothstep, to_lab
from facetoon.training.drawn.mesh import CHEEKS, NOSE_BASE, NOSE_WINGS, OUTER_LIPS, OUTLINE, Mesh, Plane, blurred
from facetoon.training.drawn.warp import Shape, redraw

WORK_PX = 448
"""Longer side that styles draw at; the result is averaged down, which smooths its edges."""
FACE_LIGHTNESS = 74.0
"""L towards which `flatten.exposed` brings the face."""
TONE_AT = (*CHEEKS[0], *CHEEKS[1], 5, 4, 195, 151, 9, 108, 337)  # cheeks, nose bridge, forehead


@dataclass(frozen=True)
class Sitter:
    """A photograph ready to be drawn. Each part is made when a style first asks for it."""

    lab: Lab
    """The photograph redrawn in the style's shape, its face brought to a common exposure."""
    mesh: Mesh
    tone: NDArray[np.floating]
    """Median Lab of the skin."""
    scale: float
    """Working pixels per pixel of a picture 512 px wide: lengths of lines are multiplied by it."""

    @cached_property
    def skin(self) -> Plane:
        """0..1 where the face's bare skin is: no features, hair, beard, glasses."""
        return _skin(self.mesh, self.lab, self.tone)

    @cached_property
    def colourful(self) -> float:
        """0 for a black and white photograph, 1 for one with colours: no red lips on a grey face."""
        return float(np.clip((np.hypot(self.tone[1], self.tone[2]) - 4) / 8, 0, 1))

    @cached_property
    def fine(self) -> Lab:
        """Smoothed within edges; small things stay."""
        return bilateral(self.lab, 2, 4 * self.scale, 10)

    @cached_property
    def _flow(self) -> tuple[NDArray[np.floating], Plane]:
        return lines.flow(self.lab, 4 * self.scale)

    def evened(self, lightness: Plane) -> Plane:
        """Lightness with an underexposed face brought up, so that black stays for what is black beside its skin."""
        lack = 70 / float(np.clip(self.tone[0], 30, 70)) - 1
        return lightness * (1 + lack * self.mesh.fill(OUTLINE, 1.02, 0.08))

    @property
    def tangent(self) -> NDArray[np.floating]:
        """Unit vectors (height, width, 2) along the edges."""
        return self._flow[0]

    def flat(self, radius: float) -> Lab:
        """Flat patches of colour of some `radius` (px of 512) along the flow; features stay finer."""
        tangent, sure = self._flow
        keep = np.float32(0.8) * features(self.mesh)[..., None]
        flat = kuwahara(self.lab, tangent, sure, radius * self.scale)
        return bilateral(flat + keep * (self.fine - flat), 1, 4.5 * self.scale, 9)

    def smooth_skin(self, flat: Lab, reach: float) -> Lab:
        """`flat` with the skin smoothed over `reach` eye distances."""
        radius = max(int(reach * self.mesh.unit_px), 2)
        airy = guided(flat, flat[..., 0] / 100, radius, 0.09)
        return flat + self.skin[..., None] * (airy - flat)

    def response(self, width: float) -> Plane:
        """What lines are made of, see `lines.line_response`: the stronger of `width` px (of 512) and twice that."""
        k = self.scale
        lightness = bilateral(self.lab[..., 0], 1, 3 * k, 7)  # more passes would take thin glasses away
        narrow, wide = (lines.line_response(lightness, self.tangent, w * k) for w in (width, 1.9 * width))
        stronger = np.where(np.abs(narrow) > 0.8 * np.abs(wide), narrow, 0.8 * wide)
        return lines.along_flow(stronger.astype(np.float32), self.tangent, 4 * k)

    def outlines(self, response: Plane, threshold: float, in_skin: float, softness: float = 0.04) -> Plane:
        """Ink 0..1. Bare skin needs a stronger response, except about the eyes (glasses); drawn eyes get none."""
        mesh = self.mesh
        glasses = np.clip(mesh.eye(0, 3.2, 0.1) + mesh.eye(1, 3.2, 0.1), 0, 1)
        ink = lines.ink(response, threshold + in_skin * self.skin * (1 - glasses), softness)
        for eye in self.eyes:
            ink = ink * (1 - np.float32(eye.shown) * mesh.eye(eye.side, 1.3, 0.03))
        return ink * (1 - 0.9 * marks.between_lips(mesh)) * (1 - 0.6 * marks.lips(mesh))

    @cached_property
    def eyes(self) -> tuple[eyes.Eye, eyes.Eye]:
        """What the photograph shows of both eyes."""
        return eyes.see_eyes(self.mesh, self.lab, self.tone)


def sit(photo: Image, points: NDArray[np.floating], shape: Shape) -> Sitter:
    """Enlarge, redraw in `shape`, expose. `photo` is RGB uint8 (height, width, 3), `points` its 468 landmarks."""
    height, width = photo.shape[:2]
    factor = max(WORK_PX / max(height, width), 1.0)
    size = (round(width * factor), round(height * factor))
    large = cv2.resize(photo, size, interpolation=cv2.INTER_CUBIC) if factor != 1 else photo
    places = (points + 0.5) * factor - 0.5
    bent, mesh = redraw(large, Mesh(places.astype(np.float32), size[1], size[0]), shape)
    lab = to_lab(cv2.bilateralFilter(bent, 5, 12, 2))  # compression and sensor noise
    lightness = float(_skin_tone(mesh, lab)[0])
    lab = exposed(lab, lightness, FACE_LIGHTNESS)
    tone = _skin_tone(mesh, lab)
    return Sitter(_rested(mesh, lab, tone), mesh, tone, max(size) / 512)


def finish(colours: NDArray[np.floating], photo: Image) -> Image:
    """RGB 0..1 as drawn, to uint8 at the photograph's size."""
    height, width = photo.shape[:2]
    small = cv2.resize(np.clip(colours, 0, 1), (width, height), interpolation=cv2.INTER_AREA)
    return np.rint(255 * small).astype(np.uint8)


def nose_base(mesh: Mesh, reach: float) -> Plane:
    """1 along the nose's lower edge and wings, falling to 0 some `reach` eye distances away."""
    return np.maximum.reduce([mesh.near(part, reach) for part in (NOSE_BASE, *NOSE_WINGS)])


def features(mesh: Mesh) -> Plane:
    """0..1 where a face keeps its detail: eyes, brows, base of the nose, lips."""
    planes = [nose_base(mesh, 0.06), mesh.fill(OUTER_LIPS, 1.1, 0.03)]
    planes += [part(side, grow, 0.04) for side in (0, 1) for part, grow in ((mesh.eye, 1.5), (mesh.brow, 1.1))]
    return np.clip(np.maximum.reduce(planes), 0, 1)


def cheeks(mesh: Mesh) -> Plane:
    """0..1 where a face blushes."""
    return np.clip(sum(mesh.near((part[0],), 0.22) for part in CHEEKS), 0, 1)


def _skin_tone(mesh: Mesh, lab: Lab) -> NDArray[np.floating]:
    """Median Lab of cheeks, nose bridge and forehead, where they lie in the picture."""
    windows = [mesh.window(mesh.points[i], 0.05 * mesh.unit_px)[1] for i in TONE_AT]
    samples = [lab[window].reshape(-1, 3) for window in windows]
    colours = np.vstack([np.median(s, 0) for s in samples if len(s)] or [lab.reshape(-1, 3).mean(0)])
    return np.median(colours, 0).astype(np.float32)


def _rested(mesh: Mesh, lab: Lab, tone: NDArray[np.floating]) -> Lab:
    """Shadowed eye sockets lifted towards the skin's tone: where eyes grow, the shadows would too."""
    soft = blurred(lab, 0.09 * mesh.unit_px)
    lack = np.clip(0.92 * tone[0] - soft[..., 0], 0, 30)
    for eye in eyes.see_eyes(mesh, lab, tone):
        near = mesh.eye(eye.side, 2.0, 0.1) * (1 - mesh.brow(eye.side, 1.1, 0.03)) * (1 - mesh.eye(eye.side, 0.95))
        share = np.float32(0.7 * eye.shown) * near
        lab = lab + np.dstack([share * lack, *(0.6 * share * (tone[c] - soft[..., c]) for c in (1, 2))])
    return lab.astype(np.float32)


def _skin(mesh: Mesh, lab: Lab, tone: NDArray[np.floating]) -> Plane:
    """Inside the outline, off the features, and coloured like skin."""
    inside = mesh.fill(OUTLINE, 0.98, 0.05)
    for side in (0, 1):
        inside = inside * (1 - mesh.eye(side, 1.5, 0.05)) * (1 - mesh.brow(side, 1.15, 0.04))
    inside = inside * (1 - mesh.fill(OUTER_LIPS, 1.08, 0.04))
    inside = inside * (1 - 0.7 * nose_base(mesh, 0.05))
    soft = cv2.GaussianBlur(lab, (0, 0), 2)
    ratio = soft[..., 0] / max(float(tone[0]), 1)
    chroma = np.hypot(soft[..., 1] - tone[1], soft[..., 2] - tone[2])
    alike = smoothstep(ratio, 0.42, 0.62) * smoothstep(chroma, 34, 22)
    return np.clip(guided(inside * alike, soft[..., 0] / 100, 6, 0.05), 0, 1)
