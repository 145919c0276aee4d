"""Takes photos, strips of four and boomerangs from the finished frames."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.gallery.keepsakes import Album, Keepsake
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sinks.sink import PreviewSink
from facetoon.edge_runtime.whole_file import replacing

BOOMERANG_S = 2.0
BOOMERANG_HZ = 10.0
BOOMERANG_PX = {"webp": 480, "gif": 320}
"""Longest side. 2 s take 0.3 MB as WebP; a GIF of that size would take 3 MB."""
STRIP_PHOTOS = 4
STRIP_WIDTH_PX, STRIP_HEIGHT_PX, STRIP_GAP_PX, STRIP_FOOT_PX = 600, 450, 30, 120
PATIENCE_S = 1.0  # without a new frame for so long, a boomerang ends


class Photographer:
    """Photographs what the viewers see. Any thread may call it."""

    def __init__(self, preview: PreviewSink, album: Album, settings: Callable[[], Mapping[str, Any]]) -> None:
        """`settings` returns the present settings as JSON values, see LiveSettings.to_json."""
        self._preview, self.album, self._settings = preview, album, settings

    @property
    def style(self) -> str:
        """The style with the largest share, or the model's name."""
        settings = self._settings()
        mix = settings.get("style") or {}
        return max(mix, key=mix.__getitem__) if mix else str(settings["model"])

    def photo(self) -> Keepsake:
        """Keep the newest frame, as it was encoded for the viewers. Raises InputError before the first frame."""
        newest = self._preview.newest()
        if newest is None:
            raise InputError("There is no frame yet to photograph.")
        return self.album.add(newest.data, self.style, "jpg")

    def strip(self, names: Sequence[str]) -> Keepsake:
        """Lay photos of the album under each other, on white paper; the strip takes their place.

        Raises InputError for a name that is no photo of the album.
        """
        paths = [self.album.path(name) for name in names]
        photos = [path for path in paths if path is not None and path.suffix == ".jpg"]
        if len(photos) != len(names):
            raise InputError("A strip is made of photos of the gallery.")
        frames = [pixels.swap_red_blue(pixels.decode_image(path.read_bytes(), path.name)) for path in photos]
        strip = self.album.add(pixels.encode_jpeg(on_paper(frames), 90), self.style, "jpg")
        for name in names:
            self.album.remove(name)
        return strip

    def boomerang(self, suffix: str) -> Keepsake:
        """Film for two seconds, and keep an animation that runs forwards and backwards; `suffix` is webp or gif.

        Raises InputError when no frames come.
        """
        frames, times_s = self._film()
        if len(frames) < 2:
            raise InputError("There are no new frames for a boomerang.")
        step_ms = 1000 * (times_s[-1] - times_s[0]) / (len(frames) - 1)
        small = [pixels.scale_to(frame, BOOMERANG_PX[suffix]) for frame in frames]
        path = self.album.new_path(self.style, suffix)
        with replacing(path) as partial:
            pixels.write_animation(partial, [*small, *small[-2:0:-1]], round(step_ms))
        return self.album.added(path)

    def _film(self) -> tuple[list[Image], list[float]]:
        """Collect BGR frames for BOOMERANG_S, at most BOOMERANG_HZ, with their times."""
        frames: list[Image] = []
        times_s: list[float] = []
        start_s = time.monotonic()
        newest = self._preview.newest()
        number = newest.number if newest else 0
        while time.monotonic() - start_s < BOOMERANG_S:
            jpeg = self._preview.wait(number, PATIENCE_S)
            if jpeg is None:
                break
            number = jpeg.number
            times_s.append(time.monotonic())
            frames.append(pixels.swap_red_blue(pixels.decode_image(jpeg.data, "a frame")))
            time.sleep(max(times_s[-1] + 1 / BOOMERANG_HZ - time.monotonic(), 0))
        return frames, times_s


def on_paper(frames: Sequence[Image]) -> Image:
    """Lay frames under each other on white paper, with a wide lower margin."""
    step_px = STRIP_HEIGHT_PX + STRIP_GAP_PX
    height_px = STRIP_GAP_PX + step_px * len(frames) + STRIP_FOOT_PX - STRIP_GAP_PX
    paper = np.full((height_px, STRIP_WIDTH_PX + 2 * STRIP_GAP_PX, 3), 255, np.uint8)
    for number, frame in enumerate(frames):
        top = STRIP_GAP_PX + number * step_px
        photo = pixels.cover(frame, STRIP_WIDTH_PX, STRIP_HEIGHT_PX)
        paper[top : top + STRIP_HEIGHT_PX, STRIP_GAP_PX : STRIP_GAP_PX + STRIP_WIDTH_PX] = photo
    return paper
