"""The interface of every source, `open_source`, which opens any source, and the sources that are no cameras."""

from __future__ import annotations

import logging
import math
from collections import Counter
from pathlib import Path
from typing import Protocol

import numpy as np

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.framing import Face
from facetoon.edge_runtime.picture_files import PICTURES, find_pictures, has_picture_suffix, read_picture
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sources import cameras
from facetoon.edge_runtime.sources.addresses import Address, is_address, parse_address
from facetoon.edge_runtime.sources.animations import AnimationSource
from facetoon.edge_runtime.sources.films import VideoSource
from facetoon.edge_runtime.sources.sound import Sound
from facetoon.edge_runtime.sources.streams import StillCapture, StreamCapture, kind_of

# The astronaut Eileen Collins, from NASA's Great Images database (flic.kr/p/r9qvLn), in the public domain. It is
# scikit-image's data.astronaut, stored as JPEG.
DEMO_PHOTOGRAPH = Path(__file__).parents[1] / "demo" / "astronaut.jpg"
DEMO_FACE = Face(227.0, 113.0, 120.0, roll_deg=8.0)  # as FaceFinder sees it

log = logging.getLogger(__name__)


class Source(Protocol):
    """An open source of BGR frames."""

    name: str
    rate_hz: float
    """The source's stated frames a second. It is a hint: frames carry their own times."""
    time_s: float
    """Time of the frame that was read last: of a film, from its first frame; of a camera, when it was captured, by
    time.monotonic."""
    fault: str
    """Once the source has ended, a sentence on what of it could not be read; empty when it was whole."""
    sound: Sound | None
    """The film's sound; None without one, or where it cannot be had."""
    losses: int
    """Number of times that a live source was lost."""
    frames: int | None
    """Number of frames; None where it is unknown or endless."""
    unrelated: bool
    """Whether each frame is a scene of its own, as in a folder of photographs."""
    live: bool
    """True for a camera: it delivers at its own pace, and only the newest frame matters."""

    def read(self) -> Image | None:
        """Return the next BGR frame, uint8 (height, width, 3); None at the end."""

    def close(self) -> None:
        """Release the device or file."""


def open_source(text: str, size_px: tuple[int, int] = (640, 480), rate_hz: int | None = None) -> Source:
    """Open a camera, an address, a video file, a picture, a folder of pictures, or `demo`.

    A camera is a number, a path such as /dev/video0, `picamera`, or part of its driver's name for it. `size_px` (width,
    height) and `rate_hz` (None: 30) are asked of a camera; a folder plays `rate_hz` pictures a second (None: 1). Raises
    InputError for a source that is missing, unreadable or empty.
    """
    path = Path(text)
    if text == "demo":
        return DemoSource()
    if is_address(text) and not path.exists():
        return _open_address(parse_address(text), rate_hz or 30)
    if path.is_dir():
        return PictureSource(path, rate_hz)
    if has_picture_suffix(path):
        return _open_picture(path, rate_hz)
    if path.is_file():
        return VideoSource(path)
    camera = cameras.open_camera(text, size_px, rate_hz or 30)
    if camera is None:
        raise InputError(f"The source {text} does not exist (a camera, an address, a video, a folder, or demo).")
    return camera


def _open_address(address: Address, rate_hz: int) -> Source:
    kind = kind_of(address)
    if kind == "film":
        return VideoSource(address.url, address.name)
    if kind == "still":
        return cameras.CameraSource(address.name, lambda: StillCapture(address, rate_hz), "still pictures", rate_hz)
    return cameras.CameraSource(address.name, lambda: StreamCapture(address), "what it sends", rate_hz)


def _open_picture(path: Path, rate_hz: int | None) -> Source:
    data = read_picture(path)
    if not pixels.is_animated(data):
        return PictureSource(path, rate_hz)
    return AnimationSource(path) if data[:4] == b"RIFF" else VideoSource(path)


def _pictures_of(folder: Path) -> list[Path]:
    """Return the pictures of a folder; the log counts what else there is."""
    found = find_pictures(folder, deep=False)
    if found.others:
        counts = ", ".join(f"{count} {reason}" for reason, count in Counter(found.others.values()).items())
        log.info("%s: left out: %s.", folder, counts)
    return [folder / name for name in found.pictures]


class PictureSource:
    """A picture, or the pictures of a folder by name, fitted into the size of the first."""

    live = False
    losses = 0
    fault = ""
    sound: Sound | None = None

    def __init__(self, path: Path, rate_hz: float | None = None) -> None:
        """Play `rate_hz` pictures a second, or unrelated pictures for a second each.

        Raises InputError without pictures, or when the first cannot be read.
        """
        self.name = path.name
        self.rate_hz, self.time_s = rate_hz or 1.0, 0.0
        self.unrelated = rate_hz is None
        self._paths = _pictures_of(path) if path.is_dir() else [path]
        if not self._paths:
            raise InputError(f"The folder {path} holds no pictures (their names end in {', '.join(PICTURES)}).")
        self.frames: int | None = len(self._paths)
        self._next = 0
        height, width = self._load(0).shape[:2]
        self._size_px = (max(width - width % 2, 2), max(height - height % 2, 2))  # video encoders need even sides

    def read(self) -> Image | None:
        """See Source. Raises InputError for a picture that cannot be read."""
        if self._next == len(self._paths):
            return None
        self.time_s = self._next / self.rate_hz
        self._next += 1
        return pixels.fit(self._load(self._next - 1), *self._size_px)

    def close(self) -> None:
        """Nothing to release."""

    def _load(self, index: int) -> Image:
        path = self._paths[index]
        data = read_picture(path)
        if self._next and pixels.is_animated(data):
            log.warning("%s is animated; in a folder only its first frame is taken.", path)
        return pixels.swap_red_blue(pixels.decode_image(data, str(path)))


def demo_portrait() -> tuple[Image, Face]:
    """Return the demo photograph, BGR 512x512, and its face."""
    image = pixels.decode_image(DEMO_PHOTOGRAPH.read_bytes(), "the demo photograph")
    return pixels.swap_red_blue(image), DEMO_FACE


class DemoSource:
    """A moving face without a camera: an endless pan, zoom and roll over a packaged photograph.

    Every frame depends on its number alone, so tests and benchmarks see the same video.
    """

    name = "demo"
    rate_hz = 30.0
    frames: int | None = None
    live = False
    unrelated = False
    losses = 0
    fault = ""
    sound: Sound | None = None
    WIDTH_PX, HEIGHT_PX = 640, 480
    FACE_X_PX, FACE_Y_PX = 224.0, 128.0  # in the photograph

    def __init__(self) -> None:
        self._photograph, _ = demo_portrait()
        self._number = 0
        self.time_s = 0.0

    def read(self) -> Image:
        """See Source."""
        self.time_s = time_s = self._number / self.rate_hz
        self._number += 1
        zoom = 1.75 + 0.25 * math.sin(0.6 * time_s)
        roll = math.radians(12 * math.sin(0.9 * time_s))
        linear = zoom * np.array([[math.cos(roll), -math.sin(roll)], [math.sin(roll), math.cos(roll)]])
        target = (
            self.WIDTH_PX * (0.48 + 0.08 * math.sin(0.7 * time_s)),
            self.HEIGHT_PX * (0.38 + 0.06 * math.sin(1.1 * time_s)),
        )
        offset = np.array(target) - linear @ (self.FACE_X_PX, self.FACE_Y_PX)
        return pixels.view(self._photograph, np.column_stack([linear, offset]), self.WIDTH_PX, self.HEIGHT_PX)

    def close(self) -> None:
        """Nothing to release."""
