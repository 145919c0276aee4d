"""Where frames come from: camera, video file, folder of pictures, or the packaged demo. One interface for all."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from edge_runtime import pixels
from edge_runtime.errors import InputError
from edge_runtime.pixels import Image

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")

# The astronaut Eileen Collins, from NASA's Great Images database (flic.kr/p/r9qvLn), in the public domain; taken from
# scikit-image, which ships it as data.astronaut, and stored as JPEG.
DEMO_PHOTOGRAPH = Path(__file__).parent / "demo" / "astronaut.jpg"


class Source(Protocol):
    """An open source of BGR frames."""

    name: str
    rate_hz: float
    """Frames a second as the source states it: the pace of playing, and of a recording."""
    frames: int | None
    """How many there are, where that is known."""
    live: bool
    """A camera: it delivers at its own pace, and only the newest frame matters."""

    def read(self) -> Image | None:
        """The next BGR frame, or None at the end."""

    def close(self) -> None:
        """Let go of the device or file."""


def open_source(text: str) -> Source:
    """`demo`, a camera number or /dev/video path, a video file, a picture, or a folder of pictures.

    Raises InputError, in one sentence, for what is missing, unreadable or empty.
    """
    path = Path(text)
    if text == "demo":
        return DemoSource()
    if text.isdecimal() or text.startswith("/dev/"):
        return CameraSource(text)
    if path.is_dir() or path.suffix.lower() in PICTURES:
        return PictureSource(path)
    if path.is_file():
        return VideoSource(path)
    raise InputError(f"The source {text} does not exist (a camera number, a video, a folder, a picture, or demo).")


class CameraSource:
    """A USB camera. A lost one gives "no video" frames and is reopened, waiting longer after each failure."""

    live = True
    frames: int | None = None
    LONGEST_WAIT_S = 8.0

    def __init__(self, device: str, width_px: int = 640, height_px: int = 480) -> None:
        self.name = f"camera {device}"
        self._device: int | str = int(device) if device.isdecimal() else device
        self._asked_px = (width_px, height_px)
        self._capture = self._open()
        if not self._capture.isOpened():
            raise InputError(f"There is no camera {device} that can be opened.")
        self.rate_hz = self._capture.get(cv2.CAP_PROP_FPS) or 30.0
        self._size_px = self._asked_px
        """Of the last frame: a recording takes no other size, so "no video" has it too."""
        self._lost = False
        self._wait_s = 0.5
        self._next_try_s = 0.0

    def read(self) -> Image | None:
        """A frame; while the camera is gone, a dark one that says so, ten times a second."""
        if not self._lost:
            ok, frame = self._capture.read()
            if ok:
                self._size_px = (frame.shape[1], frame.shape[0])
                return frame
            self._lost, self._next_try_s = True, time.monotonic()
        if time.monotonic() >= self._next_try_s:
            self._reopen()
        time.sleep(0.1)
        return no_video_frame(*self._size_px, self.name)

    def close(self) -> None:
        """Release the device."""
        self._capture.release()

    def _open(self) -> cv2.VideoCapture:
        capture = cv2.VideoCapture(self._device)
        # Raw YUYV at 640x480 gets few frames through USB 2: ask for MJPG first, then for the size.
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, self._asked_px[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, self._asked_px[1])
        return capture

    def _reopen(self) -> None:
        self._capture.release()
        self._capture = self._open()
        if self._capture.isOpened():
            self._lost, self._wait_s = False, 0.5
        else:
            self._next_try_s = time.monotonic() + self._wait_s
            self._wait_s = min(self._wait_s * 2, self.LONGEST_WAIT_S)


class VideoSource:
    """A video file, read to its end."""

    live = False

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._capture = cv2.VideoCapture(str(path))
        ok, self._first = self._capture.read()
        if not ok:
            raise InputError(f"{path} is not a video that can be read, or it is empty.")
        self.rate_hz = self._capture.get(cv2.CAP_PROP_FPS) or 25.0
        count = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.frames = count if count > 0 else None

    def read(self) -> Image | None:
        """See Source."""
        if self._first is not None:
            frame, self._first = self._first, None
            return frame
        ok, frame = self._capture.read()
        return frame if ok else None

    def close(self) -> None:
        """Release the file."""
        self._capture.release()


class PictureSource:
    """A picture, or a folder's pictures by name; every frame has the first one's size."""

    live = False
    rate_hz = 1.0

    def __init__(self, path: Path) -> None:
        self.name = path.name
        found = sorted(path.iterdir()) if path.is_dir() else [path]
        self._paths = [p for p in found if p.suffix.lower() in PICTURES]
        if not self._paths:
            raise InputError(f"The folder {path} holds no pictures ({', '.join(PICTURES)}).")
        self.frames: int | None = len(self._paths)
        self._next = 0
        height, width = self._load(0).shape[:2]
        self._size_px = (width - width % 2, height - height % 2)  # video encoders want even sides

    def read(self) -> Image | None:
        """See Source. Raises InputError for a picture that cannot be read."""
        if self._next == len(self._paths):
            return None
        self._next += 1
        return pixels.fit(self._load(self._next - 1), *self._size_px)

    def close(self) -> None:
        """Nothing to let go of."""

    def _load(self, index: int) -> Image:
        path = self._paths[index]
        try:
            data = path.read_bytes()
        except OSError as error:
            raise InputError(f"The picture {path} cannot be read: {error.strerror}.") from None
        return pixels.swap_red_blue(pixels.decode_image(data, str(path)))


class DemoSource:
    """A real face moving without a camera: pan, zoom and roll over a packaged photograph, endlessly.

    Every frame is a function of its number alone, so tests and benchmarks see the same film.
    """

    name = "demo"
    rate_hz = 30.0
    frames: int | None = None
    live = False
    WIDTH_PX, HEIGHT_PX = 640, 480
    FACE_X_PX, FACE_Y_PX = 224.0, 128.0  # in the photograph

    def __init__(self) -> None:
        self._photograph = pixels.swap_red_blue(
            pixels.decode_image(DEMO_PHOTOGRAPH.read_bytes(), "the demo photograph")
        )
        self._number = 0

    def read(self) -> Image | None:
        """See Source."""
        time_s = self._number / self.rate_hz
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
        """Nothing to let go of."""


def no_video_frame(width_px: int, height_px: int, name: str) -> Image:
    """A dark BGR frame that says "no video" and from where."""
    frame = np.full((height_px, width_px, 3), 24, np.uint8)
    for row, (text, scale) in enumerate((("no video", 1.4), (name, 0.7))):
        (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 2)
        place = ((width_px - width) // 2, height_px // 2 + 40 * row)
        cv2.putText(frame, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (200, 200, 200), 2, cv2.LINE_AA)
    return frame
