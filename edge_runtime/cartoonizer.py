"""One frame in, the same frame with its faces cartoonized out."""

from __future__ import annotations

from edge_runtime import pixels
from edge_runtime.faces import FaceFinder
from edge_runtime.framing import Face
from edge_runtime.pixels import Image
from edge_runtime.session import Session
from edge_runtime.timing import StageTimer


class Cartoonizer:
    """Finds faces, crops them as training framed them, runs the generator, pastes the result back."""

    def __init__(self, session: Session, finder: FaceFinder, timer: StageTimer) -> None:
        self._session = session
        self._finder = finder
        self._timer = timer
        self._weights = pixels.feather(session.size_px)
        self.faces: list[Face] = []
        """The faces of the newest frame."""

    def process(self, frame: Image) -> Image:
        """Cartoonize the faces of a BGR frame, in place; a frame without a face comes back untouched.

        Raises ValueError when the frame is not uint8 (height, width, 3).
        """
        pixels.check_image(frame, "frame")
        with self._timer.stage("detect"):
            self.faces = self._finder.find(frame)
        for face in self.faces:
            self._replace(frame, face)
        return frame

    def _replace(self, frame: Image, face: Face) -> None:
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
            pixels.paste(frame, cartoon, matrix, self._weights)
