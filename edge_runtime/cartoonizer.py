"""One frame in, the same frame with its faces cartoonized out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np

from edge_runtime import pixels, styles
from edge_runtime.faces import FaceFinder
from edge_runtime.framing import Face
from edge_runtime.morph import StyleMorph
from edge_runtime.pixels import Image
from edge_runtime.session import Session
from edge_runtime.settings import LiveSettings, first_style
from edge_runtime.timing import StageTimer


class Cartoonizer:
    """Finds faces, crops them as training framed them, runs the generator, pastes the result back.

    Not thread-safe: one worker owns it. `models` and `styles` do not change and may be read by anyone.
    """

    def __init__(
        self,
        sessions: Session | Mapping[str, Session],
        finder: FaceFinder,
        timer: StageTimer,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`sessions`: one generator, or several by name, of which LiveSettings.model picks one for each frame."""
        self.models = dict(sessions) if isinstance(sessions, Mapping) else {sessions.spec.name: sessions}
        self.styles = {name: tuple(session.styles) for name, session in self.models.items()}
        first = next(iter(self.models))
        self.settings = LiveSettings(first, first_style(self.styles[first]), faces=finder.max_faces)
        """What `process` draws with unless told otherwise."""
        self._finder = finder
        self._timer = timer
        self._clock = clock
        self._morph = StyleMorph()
        self._weights = {size: pixels.feather(size) for size in {s.size_px for s in self.models.values()}}
        self._session = self.models[first]
        self.faces: list[Face] = []
        """The faces of the newest frame."""

    def process(self, frame: Image, settings: LiveSettings | None = None) -> Image:
        """Cartoonize the faces of a BGR frame, in place; a frame without a face comes back untouched.

        Raises ValueError when the frame is not uint8 (height, width, 3).
        """
        pixels.check_image(frame, "frame")
        settings = settings or self.settings
        strength = settings.strength * self._dress(settings)
        with self._timer.stage("detect"):
            self._finder.max_faces = settings.faces
            self.faces = self._finder.find(frame)
        if strength > 0:
            for face in self.faces:
                self._replace(frame, face, strength)
        return frame

    def _dress(self, settings: LiveSettings) -> float:
        """Take up the model and style asked for; returns the strength that the mix leaves, see `styles.to_vector`."""
        session = self.models[settings.model]
        if session is not self._session:
            self._session = session
            self._morph.forget()
        mix = self._morph.at(self._clock(), settings.style, settings.morph_s)
        vector, strength = styles.to_vector(mix, session.styles)
        if not np.array_equal(vector, session.style):
            session.set_style(vector)
        return strength

    def _replace(self, frame: Image, face: Face, strength: float) -> None:
        stage, session = self._timer.stage, self._session
        with stage("crop"):
            matrix = session.spec.framing.crop_matrix(face, session.size_px)
            image = pixels.swap_red_blue(pixels.warp(frame, matrix, session.size_px))
        with stage("to_tensor"):
            tensor = session.to_tensor(image)
        with stage("infer"):
            tensor = session.infer(tensor)
        with stage("to_image"):
            cartoon = pixels.swap_red_blue(session.to_image(tensor))
        with stage("paste"):
            # The strength goes into the weights: what shines through is the frame itself, not its coarser crop.
            weights = self._weights[session.size_px]
            pixels.paste(frame, cartoon, matrix, weights if strength == 1 else (weights * strength).astype(np.uint8))
