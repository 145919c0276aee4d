"""Draws pictures that people bring to the preview: within limits, one at a time, and none is stored."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from facetoon.edge_runtime import pixels, styles
from facetoon.edge_runtime.cartoon.settings import LiveSettings
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.gallery.booth import DrawnUpload
from facetoon.edge_runtime.photos.still_cartoonist import StillCartoonist
from facetoon.edge_runtime.sessions.runtimes import runtime_beside
from facetoon.edge_runtime.sessions.session import open_session

MOST_MEGAPIXELS = 25  # decoded 75 MB, and some 400 MB while they are drawn
PLACES = 3
"""Pictures that arrive, wait or are drawn at the same time. Each fills memory and holds a thread of the server."""
NAME = "The picture"


class UploadStudio:
    """Draws brought pictures as the live picture looks now, with a network of its own. Any thread may call it."""

    def __init__(
        self,
        models: Mapping[str, Path],
        settings: Callable[[], LiveSettings],
        runtime: str | None = None,
    ) -> None:
        """`models` are the live loop's model files by name, and `settings` returns its present settings.

        The network is loaded with the first picture, and again after the live picture has changed its model.
        """
        self._models, self._settings, self._runtime = models, settings, runtime
        self._places = threading.BoundedSemaphore(PLACES)
        self._drawing = threading.Lock()  # two at once would take both the cores that the live loop has left
        self._cartoonist: tuple[str, StillCartoonist] | None = None

    @contextmanager
    def place(self) -> Iterator[bool]:
        """Hold a place for a picture inside the block; yield False when all are taken."""
        free = self._places.acquire(blocking=False)
        try:
            yield free
        finally:
            if free:
                self._places.release()

    def draw(self, data: bytes, style: str | None = None, suffix: str | None = None) -> DrawnUpload:
        """Draw the bytes of a picture file with all its faces, upright, at its own size and without its EXIF.

        `style` is the text of a mix in place of the live one; `suffix`, such as .jpg, a format in place of the
        picture's own. Raises InputError for bytes that are no picture, a picture above MOST_MEGAPIXELS, or a wrong mix.
        """
        own = _checked(data)
        with self._drawing:
            frame = pixels.swap_red_blue(pixels.decode_image(data, NAME))
            live = self._settings()
            cartoonist = self._with_model(live.model)
            settings = cartoonist.like(live, style)
            (cartoon,), faces = cartoonist.draw(frame, [settings])
            suffix = suffix or own
            encoded = pixels.encode_picture(cartoon, suffix, pixels.read_metadata(data, with_exif=False))
        return DrawnUpload(encoded, suffix, faces, styles.format_mix(settings.style))

    def _with_model(self, name: str) -> StillCartoonist:
        if self._cartoonist is None or self._cartoonist[0] != name:
            self._cartoonist = None  # its memory first
            session = open_session(self._models[name], self._runtime, threads=1)
            self._cartoonist = name, StillCartoonist(session, runtime_beside(self._runtime).name)
        return self._cartoonist[1]


def _checked(data: bytes) -> str:
    """Return the format of the cartoon by the first bytes of a picture. No decoder sees a file that is refused here."""
    suffix, size = pixels.web_format(data), pixels.picture_size(data)
    if suffix is None or size is None:
        raise InputError("This is no JPEG, PNG, WebP, AVIF or HEIC picture that can be read.")
    width, height, _ = size
    if width * height > MOST_MEGAPIXELS * 1e6:
        raise InputError(f"{NAME} has {width}x{height} pixels, more than {MOST_MEGAPIXELS} megapixels.")
    return suffix
