"""Turns the faces of a frame, or the whole frame, into a cartoon.

It has two halves, so that the next frame can be drawn while a frame is finished: `draw` finds the faces and runs the
generator, `finish` steadies the cartoons and lays them over the frame.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping

import numpy as np

from facetoon.edge_runtime import pixels, styles
from facetoon.edge_runtime.cartoon import whole_frame
from facetoon.edge_runtime.cartoon.drawn_head import DrawnFrame, DrawnHead
from facetoon.edge_runtime.cartoon.frame_finisher import FrameFinisher
from facetoon.edge_runtime.cartoon.morph import StyleMorph
from facetoon.edge_runtime.cartoon.settings import LiveSettings, first_style
from facetoon.edge_runtime.cartoon.style_tiles import StyleTiles
from facetoon.edge_runtime.faces.finder import FaceFinder
from facetoon.edge_runtime.framing import Face
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sessions.session import Session
from facetoon.edge_runtime.timing import StageTimer


class Cartoonizer:
    """Finds faces, crops them with training's framing, runs the generator and pastes the result back.

    `draw` belongs to one thread and `finish` to one, which may be another. `models`, `styles` and `faces_only` never
    change, so any thread may read them.
    """

    def __init__(
        self,
        sessions: Session | Mapping[str, Session],
        finder: FaceFinder,
        timer: StageTimer,
        budget_ms: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`sessions` is one generator, or several by name; LiveSettings.model picks one for each frame.

        `budget_ms` bounds the time to draw the faces of a frame: once it is spent, the smaller faces stay photographs.
        """
        self.models = dict(sessions) if isinstance(sessions, Mapping) else {sessions.spec.name: sessions}
        self.styles = {name: tuple(session.styles) for name, session in self.models.items()}
        self.faces_only = {name: styles.faces_only(session.spec) for name, session in self.models.items()}
        """The styles of each model that cannot draw whole frames."""
        first = next(iter(self.models))
        self.settings = LiveSettings(first, first_style(self.styles[first]), faces=finder.max_faces)
        """The default settings of `process`."""
        self._finder = finder
        self._timer = timer
        self._clock = clock
        self._budget_s = None if budget_ms is None else budget_ms / 1000
        self._morph = StyleMorph()
        self._finisher = FrameFinisher(timer)
        self._orientation = (0, False)
        self._begins_scene = True
        self._squares = {size: pixels.feather(size) for size in {s.size_px for s in self.models.values()}}
        self._session = self.models[first]
        self.faces: list[Face] = []
        """The faces of the newest frame, largest first."""
        self.tiles: StyleTiles | None = None
        """Draws the largest face in every style while somebody asks for it."""
        self.skipped = 0
        """Number of faces left as photographs because the budget was spent."""

    def begin_scene(self) -> None:
        """Forget the faces of the frames before, whose places mean nothing after a cut."""
        self._finder.forget()
        self._begins_scene = True

    def process(self, frame: Image, settings: LiveSettings | None = None) -> Image:
        """Cartoonize a BGR frame, in place unless it is turned, and return it.

        In face mode a frame without a face stays as it is. ValueError for any frame but uint8 (height, width, 3).
        """
        return self.finish(self.draw(frame, settings))

    def draw(self, frame: Image, settings: LiveSettings | None = None) -> DrawnFrame:
        """Turn a BGR frame and draw its faces, or all of it. The frame itself is not changed before `finish`."""
        pixels.check_image(frame, "frame")
        settings = settings or self.settings
        if self._orientation != (orientation := (settings.turn, settings.mirror)):
            self._orientation = orientation
            self.begin_scene()
        frame = pixels.turn(frame, settings.turn // 90, settings.mirror)
        if self.tiles:
            self.tiles.tend(frame, self.faces)
        settings = dataclasses.replace(settings, strength=settings.strength * self._dress(settings))
        if settings.mode == "frame":
            self.faces = []
            heads: tuple[DrawnHead, ...] = ()
        else:
            heads = self._draw_faces(frame, settings)
        draws_all = settings.mode == "frame" or (bool(self.faces) and settings.background == "cartoon")
        whole = self._draw_all(frame) if draws_all and settings.strength > 0 else None
        begins_scene, self._begins_scene = self._begins_scene, False
        framing, size_px = self._session.spec.framing, self._session.size_px
        return DrawnFrame(
            frame, settings, tuple(self.faces), heads, whole, framing, self._squares[size_px], begins_scene
        )

    def finish(self, drawn: DrawnFrame) -> Image:
        """Lay the cartoons over their frame, in place, and return it. Frames must come in the order of `draw`."""
        return self._finisher.finish(drawn)

    def _dress(self, settings: LiveSettings) -> float:
        """Change to the settings' model and style; return the strength of the mix, see `styles.to_vector`."""
        session = self.models[settings.model]
        if session is not self._session:
            self._session = session
            self._morph.forget()
            self._begins_scene = True
        mix = self._morph.at(self._clock(), settings.style, settings.morph_s)
        vector, strength = styles.to_vector(mix, session.styles)
        if not np.array_equal(vector, session.style):
            session.set_style(vector)
            self._begins_scene = True
        return strength

    def _draw_all(self, frame: Image) -> Image:
        with self._timer.stage("tiles"):
            return whole_frame.cartoonize(frame, self._session.run, self._session.size_px)

    def _draw_faces(self, frame: Image, settings: LiveSettings) -> tuple[DrawnHead, ...]:
        start_s = self._clock()
        with self._timer.stage("detect"):
            self._finder.max_faces = settings.faces
            self.faces = self._finder.find(frame)
        if settings.background == "keep" and settings.strength == 0:
            return ()
        heads: list[DrawnHead] = []
        for number, face in enumerate(self.faces):
            # The largest face is always drawn. The next is drawn only if it will fit the budget at the pace so far.
            elapsed_s = self._clock() - start_s
            if number and self._budget_s is not None and elapsed_s * (number + 1) / number > self._budget_s:
                self.skipped += len(self.faces) - number
                break
            heads.append(self._draw_face(frame, face))
        return tuple(heads)

    def _draw_face(self, frame: Image, face: Face) -> DrawnHead:
        stage, session = self._timer.stage, self._session
        with stage("crop"):
            matrix = session.spec.framing.crop_matrix(face, session.size_px)
            crop = pixels.warp(frame, matrix, session.size_px)
            image = pixels.swap_red_blue(crop)
        with stage("to_tensor"):
            tensor = session.to_tensor(image)
        with stage("infer"):
            tensor = session.infer(tensor)
        with stage("to_image"):
            cartoon = pixels.swap_red_blue(session.to_image(tensor))
            shares = session.to_matte(tensor) if session.spec.matte else self._squares[session.size_px]
        moves = styles.moving_share(session.style, session.spec)
        return DrawnHead(matrix, crop, cartoon, shares, session.spec.matte, moves)
