"""Draws one picture in one or several styles. Nothing of it is carried to the next picture."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from facetoon.edge_runtime.cartoon.cartoonizer import Cartoonizer
from facetoon.edge_runtime.cartoon.settings import LiveSettings
from facetoon.edge_runtime.faces.finder import LEAST_FACE_PX, FaceFinder
from facetoon.edge_runtime.framing import Face
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sessions.session import Session
from facetoon.edge_runtime.timing import StageTimer

SMALLEST_SHARE = 1 / 40
"""Height of the smallest face to find, as a share of the picture's longest side.

A live frame has no time for faces below 1/11; a group photograph is full of them.
"""
ALL_FACES = 1000


class StillFinder(FaceFinder):
    """Finds the faces of a picture once, for all the styles that draw it."""

    def look_at(self, frame: Image, smallest_face_px: float | None) -> None:
        """Search a BGR frame. Without `smallest_face_px`, see SMALLEST_SHARE."""
        self.forget()
        self._smallest_px = smallest_face_px or max(SMALLEST_SHARE * max(frame.shape), LEAST_FACE_PX)
        self._known = super().find(frame)

    def find(self, frame: Image) -> list[Face]:
        """Return the faces of the picture."""
        return self._known


class StillCartoonist:
    """Draws pictures, of any sizes, with one model. Not thread-safe."""

    def __init__(
        self, session: Session, runtime: str = "litert", faces: int | None = None, smallest_px: int | None = None
    ) -> None:
        """`runtime` runs the face tracker. At most `faces` are drawn, the largest; None draws all.

        Raises InputError for a smallest height that is too small, see FaceFinder.
        """
        self._finder = StillFinder(ALL_FACES if faces is None else faces, runtime, smallest_face_px=smallest_px)
        self._smallest_px = smallest_px
        self._cartoonizer = Cartoonizer(session, self._finder, StageTimer())
        self.styles: tuple[str, ...] = tuple(session.styles)

    def settings(self, **values: object) -> LiveSettings:
        """Return settings for `draw`; without a style the model's first one. Raises InputError for a wrong value."""
        known = self._cartoonizer
        return LiveSettings(known.settings.model).patched(values, known.styles, known.faces_only)

    def like(self, live: LiveSettings, style: str | None = None) -> LiveSettings:
        """Return the settings of a live picture for `draw`, without what belongs to its camera and its time.

        `style` is the text of another mix. Raises InputError for a wrong one.
        """
        known = self._cartoonizer
        still = dataclasses.replace(live, model=known.settings.model, split=None, turn=0, mirror=False, morph_s=0.0)
        return still if style is None else still.patched({"style": style}, known.styles, known.faces_only)

    def draw(self, frame: Image, settings: Sequence[LiveSettings]) -> tuple[list[Image], int]:
        """Return the cartoons of a BGR frame (height, width, 3), one for each of the settings, and the faces found."""
        self._cartoonizer.begin_scene()
        self._finder.look_at(frame, self._smallest_px)
        # The setting's limit is for live frames; here the finder has its own.
        wanted = [dataclasses.replace(one, faces=self._finder.max_faces) for one in settings]
        return [self._cartoonizer.process(frame.copy(), one) for one in wanted], len(self._finder.find(frame))
