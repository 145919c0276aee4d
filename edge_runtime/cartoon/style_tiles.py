"""Draws the face before the camera in every style, for the tiles of the photo booth."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.framing import Face
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sessions.session import Session

TILE_PX = 160
ASKED_S = 3.0  # nobody asks for longer: nothing is drawn
SHARE = 0.04  # of the drawer's time
SHORTEST_S = 0.25
AWAY_S = 3.0  # without a face for so long, the stand-in is drawn: a visitor's face leaves with him


@dataclass(frozen=True)
class Tile:
    """One look of one loaded model."""

    model: str
    style: str | None
    """None for a model with one baked look."""
    number: int = 0
    """Counts its drawings; 0 before the first."""
    jpeg: bytes = b""


class StyleTiles:
    """One tile a turn, while somebody asks, in a small share of the drawer's time. The drawer owns the sessions."""

    def __init__(
        self,
        sessions: Mapping[str, Session],
        stand_in: tuple[Image, Face],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`stand_in` is a BGR portrait and its face, for the tiles while nobody stands before the camera."""
        self._sessions, self._stand_in, self._clock = sessions, stand_in, clock
        self._tiles = [Tile(name, style) for name, model in sessions.items() for style in model.styles or (None,)]
        self._turns = itertools.cycle(range(len(self._tiles)))
        self._with_face = [True] * len(self._tiles)
        self._asked_s = self._face_s = float("-inf")
        self._next_s = 0.0

    def ask(self) -> Sequence[Tile]:
        """Return the tiles, and keep them fresh for the next seconds. Any thread may call it."""
        self._asked_s = self._clock()
        return tuple(self._tiles)

    def tend(self, frame: Image, faces: Sequence[Face]) -> None:
        """Draw the next tile if one is due. `frame` is BGR and not cartoonized yet; `faces` has the largest first."""
        now_s = self._clock()
        if faces:
            self._face_s = now_s
        if now_s - self._asked_s > ASKED_S or now_s < self._next_s:
            return
        shows_face = bool(faces)
        if not faces and now_s - self._face_s < AWAY_S:
            return
        number = next(self._turns)
        tile = self._tiles[number]
        if shows_face or self._with_face[number] or not tile.number:
            picture, face = (frame, faces[0]) if faces else self._stand_in
            self._tiles[number] = replace(tile, number=tile.number + 1, jpeg=self._draw(tile, picture, face))
            self._with_face[number] = shows_face
        spent_s = self._clock() - now_s
        self._next_s = now_s + max(SHORTEST_S, spent_s / SHARE)

    def _draw(self, tile: Tile, picture: Image, face: Face) -> bytes:
        session = self._sessions[tile.model]
        crop = pixels.warp(picture, session.spec.framing.crop_matrix(face, session.size_px), session.size_px)
        style = session.style
        if tile.style is not None:
            session.set_style(np.eye(len(session.styles), dtype=np.float32)[session.styles.index(tile.style)])
        try:
            tensor = session.infer(session.to_tensor(pixels.swap_red_blue(crop)))
            cartoon = pixels.swap_red_blue(session.to_image(tensor))
            if session.spec.matte:
                pixels.uncover(crop, cartoon, pixels.soft_edge(session.to_matte(tensor)))
                cartoon = crop
        finally:
            session.set_style(style)
        return pixels.encode_jpeg(pixels.resize(cartoon, TILE_PX, TILE_PX), 80)
