"""Turns the faces of a frame, or the whole frame, into a cartoon."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest

import numpy as np

from facetoon.edge_runtime import pixels, styles
from facetoon.edge_runtime.cartoon import whole_frame
from facetoon.edge_runtime.cartoon.background_painter import BackgroundPainter
from facetoon.edge_runtime.cartoon.drawn_head import DrawnHead
from facetoon.edge_runtime.cartoon.morph import StyleMorph
from facetoon.edge_runtime.cartoon.settings import LiveSettings, first_style
from facetoon.edge_runtime.cartoon.steady import Steadier
from facetoon.edge_runtime.cartoon.style_tiles import StyleTiles
from facetoon.edge_runtime.faces.finder import FaceFinder
from facetoon.edge_runtime.framing import Face
from facetoon.edge_runtime.pixels import Image, Mask
from facetoon.edge_runtime.sessions.session import Session
from facetoon.edge_runtime.timing import StageTimer

AROUND_HEAD = 1.7  # scale of a crop's area that a changed background spares, so that every crop lies inside it


class Cartoonizer:
    """Finds faces, crops them with training's framing, runs the generator and pastes the result back.

    Not thread-safe: one worker owns it. `models`, `styles` and `faces_only` never change, so any thread may read them.
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

        `budget_ms` bounds the time for the faces of a frame: once it is spent, the smaller faces stay photographs.
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
        self._steadier = Steadier()
        self._painter = BackgroundPainter()
        self._orientation = (0, False)
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
        self._steadier.forget()

    def process(self, frame: Image, settings: LiveSettings | None = None) -> Image:
        """Cartoonize a BGR frame, in place unless it is turned, and return it.

        In face mode a frame without a face stays as it is. ValueError for any frame but uint8 (height, width, 3).
        """
        pixels.check_image(frame, "frame")
        settings = settings or self.settings
        if self._orientation != (orientation := (settings.turn, settings.mirror)):
            self._orientation = orientation
            self.begin_scene()
        frame = pixels.turn(frame, settings.turn // 90, settings.mirror)
        if self.tiles:
            self.tiles.tend(frame, self.faces)
        before = None if settings.split is None else frame.copy()
        strength = settings.strength * self._dress(settings)
        if settings.mode == "frame":
            self.faces = []
            self._replace_all(frame, strength)
        else:
            self._replace_faces(frame, dataclasses.replace(settings, strength=strength))
        if before is not None and settings.split is not None:
            pixels.split_view(before, frame, settings.split)
        return frame

    def _dress(self, settings: LiveSettings) -> float:
        """Change to the settings' model and style; return the strength of the mix, see `styles.to_vector`."""
        session = self.models[settings.model]
        if session is not self._session:
            self._session = session
            self._morph.forget()
            self._steadier.forget()
        mix = self._morph.at(self._clock(), settings.style, settings.morph_s)
        vector, strength = styles.to_vector(mix, session.styles)
        if not np.array_equal(vector, session.style):
            session.set_style(vector)
            self._steadier.forget()
        return strength

    def _replace_all(self, frame: Image, strength: float) -> None:
        with self._timer.stage("tiles"):
            if strength > 0:
                cartoon = whole_frame.cartoonize(frame, self._session.run, self._session.size_px)
                frame[:] = pixels.mix(frame, cartoon, strength)

    def _replace_faces(self, frame: Image, settings: LiveSettings) -> None:
        start_s = self._clock()
        self._steadier.next_frame()
        with self._timer.stage("detect"):
            self._finder.max_faces = settings.faces
            self.faces = self._finder.find(frame)
        keeps = settings.background == "keep"
        if not self.faces or (keeps and settings.strength == 0):
            return
        heads: list[DrawnHead] = []
        for number, face in enumerate(self.faces):
            # The largest face is always drawn. The next is drawn only if it will fit the budget at the pace so far.
            elapsed_s = self._clock() - start_s
            if number and self._budget_s is not None and elapsed_s * (number + 1) / number > self._budget_s:
                self.skipped += len(self.faces) - number
                break
            heads.append(self._draw(frame, face))
            if keeps:
                self._paste(frame, frame, heads[-1], settings)
        if not keeps:
            photograph = frame.copy()
            with self._timer.stage("background"):
                self._change_background(frame, photograph, heads, settings)
            for head in heads:
                self._paste(frame, photograph, head, settings)

    def _draw(self, frame: Image, face: Face) -> DrawnHead:
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
            matte = session.to_matte(tensor) if session.spec.matte else None
        with stage("steady"):
            cartoon, matte = self._steadier.steady(face, crop, cartoon, matte)
            shares = self._squares[session.size_px] if matte is None else pixels.soft_edge(matte)
        moves = styles.moving_share(session.style, session.spec)
        return DrawnHead(matrix, crop, cartoon, shares, session.spec.matte, moves)

    def _paste(self, frame: Image, photograph: Image, head: DrawnHead, settings: LiveSettings) -> None:
        """Lay a head over the frame; `photograph` is the frame before any change."""
        with self._timer.stage("paste"):
            head = head.matched(settings.colour_match)
            layer = head.layer(settings.strength, settings.background == "keep")
            pixels.paste(frame, layer, head.matrix, head.slopes(settings.sharpen), photograph)

    def _change_background(
        self, frame: Image, photograph: Image, heads: Sequence[DrawnHead], settings: LiveSettings
    ) -> None:
        """Change all but the heads, and the squares around heads without a matte."""
        mattes, squares = np.zeros((2, *frame.shape[:2]), np.uint8)
        for face, head in zip_longest(self.faces, heads):
            if head is not None and head.has_matte:
                mattes = np.maximum(mattes, pixels.spread(head.shares, head.matrix, frame))
            else:
                squares = np.maximum(squares, self._square(frame, face))
        if settings.background == "cartoon":
            self._replace_all(frame, settings.strength)
        else:
            self._painter.paint(frame, settings, mattes)
        # At full strength the cartoon alone covers the head, so that no photograph shows through its soft edge.
        pixels.uncover(frame, photograph, squares if settings.strength == 1 else np.maximum(squares, mattes))

    def _square(self, frame: Image, face: Face) -> Mask:
        """Return the shares of a face's surroundings, uint8 (height, width)."""
        near = dataclasses.replace(face, height_px=face.height_px * AROUND_HEAD)
        size_px = self._session.size_px
        matrix = self._session.spec.framing.crop_matrix(near, size_px)
        return pixels.spread(self._squares[size_px], matrix, frame)
