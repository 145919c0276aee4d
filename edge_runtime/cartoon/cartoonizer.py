"""Turns the faces of a frame, or the whole frame, into a cartoon."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping

import numpy as np

from facetoon.edge_runtime import pixels, styles
from facetoon.edge_runtime.cartoon import whole_frame
from facetoon.edge_runtime.cartoon.morph import StyleMorph
from facetoon.edge_runtime.cartoon.settings import LiveSettings, first_style
from facetoon.edge_runtime.cartoon.steady import Steadier
from facetoon.edge_runtime.faces.finder import FaceFinder
from facetoon.edge_runtime.framing import Face
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sessions.session import Session
from facetoon.edge_runtime.timing import StageTimer

AROUND_HEAD = 1.7  # scale of a crop's area that a changed background spares, so that every crop lies inside it


class Cartoonizer:
    """Finds faces, crops them with training's framing, runs the generator and pastes the result back.

    Not thread-safe: one worker owns it. `models` and `styles` never change, so any thread may read them.
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
        first = next(iter(self.models))
        self.settings = LiveSettings(first, first_style(self.styles[first]), faces=finder.max_faces)
        """The default settings of `process`."""
        self._finder = finder
        self._timer = timer
        self._clock = clock
        self._budget_s = None if budget_ms is None else budget_ms / 1000
        self._morph = StyleMorph()
        self._steadier = Steadier()
        self._weights = {size: pixels.feather(size) for size in {s.size_px for s in self.models.values()}}
        self._session = self.models[first]
        self.faces: list[Face] = []
        """The faces of the newest frame, largest first."""
        self.skipped = 0
        """Number of faces left as photographs because the budget was spent."""

    def begin_scene(self) -> None:
        """Forget the faces of the frames before, whose places mean nothing after a cut."""
        self._finder.forget()
        self._steadier.forget()

    def process(self, frame: Image, settings: LiveSettings | None = None) -> Image:
        """Cartoonize a BGR frame in place and return it. In face mode, a frame without a face stays untouched.

        Raises ValueError when the frame is not uint8 (height, width, 3).
        """
        pixels.check_image(frame, "frame")
        settings = settings or self.settings
        before = None if settings.split is None else frame.copy()
        strength = settings.strength * self._dress(settings)
        if settings.mode == "frame":
            self.faces = []
            self._replace_all(frame, strength)
        else:
            self._replace_faces(frame, settings, strength)
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

    def _replace_faces(self, frame: Image, settings: LiveSettings, strength: float) -> None:
        start_s = self._clock()
        self._steadier.next_frame()
        with self._timer.stage("detect"):
            self._finder.max_faces = settings.faces
            self.faces = self._finder.find(frame)
        if not self.faces:
            return
        if settings.background != "keep":
            self._replace_background(frame, settings.background, strength)
        if strength == 0:
            return
        for number, face in enumerate(self.faces):
            # The largest face is always drawn. The next is drawn only if it will fit the budget at the pace so far.
            elapsed_s = self._clock() - start_s
            if number and self._budget_s is not None and elapsed_s * (number + 1) / number > self._budget_s:
                self.skipped += len(self.faces) - number
                break
            self._replace(frame, face, settings, strength)

    def _replace_background(self, frame: Image, background: str, strength: float) -> None:
        """Change all but the heads and their surroundings. Crops are cut later and see none of the change."""
        with self._timer.stage("background"):
            sharp = frame.copy()
            if background == "blur":
                frame[:] = pixels.blur(frame)
            else:
                self._replace_all(frame, strength)
            session = self._session
            for face in self.faces:
                near = dataclasses.replace(face, height_px=face.height_px * AROUND_HEAD)
                matrix = session.spec.framing.crop_matrix(near, session.size_px)
                pixels.uncover(frame, sharp, matrix, self._weights[session.size_px])

    def _replace(self, frame: Image, face: Face, settings: LiveSettings, strength: float) -> None:
        stage, session = self._timer.stage, self._session
        weights = self._weights[session.size_px]
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
        with stage("steady"):
            cartoon = self._steadier.steady(face, crop, cartoon)
        with stage("paste"):
            if settings.colour_match:
                cartoon = pixels.match_colours(cartoon, crop, weights, settings.colour_match)
            # The strength is part of the weights, so that the frame itself shows through and not its coarser crop.
            share = weights if strength == 1 else (weights * strength).astype(np.uint8)
            pixels.paste(frame, cartoon, matrix, share)
