"""The photo booth without its page: who photographs and draws, what the tiles show, and presses of a real button."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from facetoon.edge_runtime.cartoon.style_tiles import StyleTiles
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.gallery.photographer import Photographer

WATCHED_S = 3.0  # an open page asks several times a second

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DrawnUpload:
    """The cartoon of a picture that somebody brought."""

    data: bytes
    suffix: str
    """Its format: .jpg, .png, .webp or .avif."""
    faces: int
    """Faces that were found and drawn."""
    style: str
    """Its mix, see `styles.parse_mix`; empty for a model with one baked look."""


class UploadDesk(Protocol):
    """Draws pictures that people bring."""

    def place(self) -> AbstractContextManager[bool]:
        """Hold a place for a picture inside the block; False when all are taken."""

    def draw(self, data: bytes, style: str | None = None, suffix: str | None = None) -> DrawnUpload:
        """Draw the bytes of a picture file. Raises InputError for bytes, or a mix, that cannot be drawn."""


class Booth:
    """What the booth's page, a button on a pin and a broker share. Any thread may call it."""

    def __init__(
        self,
        tiles: StyleTiles,
        photographer: Photographer | None,
        public_url: str | None = None,
        studio: UploadDesk | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Without a `photographer` nothing is kept, and without a `studio` no brought picture is drawn.

        `public_url` is the preview's address for guests' phones.
        """
        self.tiles, self.photographer, self.public_url, self.studio = tiles, photographer, public_url, studio
        self._clock = clock
        self._lock = threading.Lock()
        self._seen_s = float("-inf")
        self.presses = 0
        """Presses of a real button that the page answers; it counts up."""

    def tend(self) -> None:
        """Let the album remove what it keeps no longer."""
        if self.photographer:
            self.photographer.album.tend()

    def watch(self) -> None:
        """Note that a page is open."""
        self._seen_s = self._clock()

    def press(self) -> None:
        """Do what a tap on the page's button does; without an open page, take a photo at once."""
        if self._clock() - self._seen_s < WATCHED_S:
            with self._lock:
                self.presses += 1
            return
        if self.photographer is None:
            log.warning("The button was pressed, but without --gallery nothing is kept.")
            return
        try:
            log.info("The button was pressed: %s.", self.photographer.photo().name[:15])
        except (InputError, OSError) as error:
            log.warning("The button was pressed, and no photo was taken: %s", error)
