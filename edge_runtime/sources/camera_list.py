"""Lists the cameras of a Linux machine with their formats, sizes and rates, as their V4L2 drivers state them."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from facetoon.edge_runtime.sources.cameras import DEVICES

# Requests and structures of linux/videodev2.h; all their fields have 32 bits, so every machine packs them alike.
_QUERYCAP = (2 << 30) | (104 << 16) | (ord("V") << 8) | 0
_ENUM_FORMATS = (3 << 30) | (64 << 16) | (ord("V") << 8) | 2
_ENUM_SIZES = (3 << 30) | (44 << 16) | (ord("V") << 8) | 74
_ENUM_INTERVALS = (3 << 30) | (52 << 16) | (ord("V") << 8) | 75
_CAPTURES = {0x1: 1, 0x1000: 9}  # capability -> type of its buffers: one plane, several planes
_DISCRETE = 1
_ENDS = (errno.EINVAL, errno.ENOTTY)  # the enumeration is over, or the driver has none

Ioctl = Callable[[int, int, bytearray], object]
"""Performs a request on an open device and fills the structure. Raises OSError."""


@dataclass(frozen=True)
class ListedCamera:
    """A camera and what it says of itself."""

    source: str
    """The value of --source that opens it."""
    name: str
    modes: tuple[str, ...]
    """A line for each pixel format: its name, its sizes in pixels and its rates in frames a second."""


def listed_cameras(
    ioctl: Ioctl | None = None, devices: Path = DEVICES, nodes: Path = Path("/dev")
) -> list[ListedCamera]:
    """List the V4L2 cameras. A node that may not be opened is listed with the reason in place of its modes."""
    ioctl = ioctl or _system_ioctl()
    found = []
    for entry in sorted(devices.glob("video*"), key=lambda path: int(path.name[5:] or 0)):
        name = (entry / "name").read_text("utf-8", "replace").strip()
        try:
            with _opened(nodes / entry.name) as device:
                kind = _buffer_type(ioctl, device)
                modes = tuple(_modes(ioctl, device, kind)) if kind else ()
        except OSError as error:
            group = "; cameras belong to the group video" if error.errno in (errno.EACCES, errno.EPERM) else ""
            modes = (f"cannot be opened: {error.strerror}{group}",)
        if modes:  # other nodes carry no pictures
            found.append(ListedCamera(entry.name[5:], name, modes))
    return found


def pi_cameras() -> list[ListedCamera]:
    """List the cameras that Picamera2 knows; none where it is not installed."""
    try:
        from picamera2 import Picamera2
    except ImportError:
        return []
    return [ListedCamera("picamera", str(info.get("Model")), ()) for info in Picamera2.global_camera_info()[:1]]


def _system_ioctl() -> Ioctl:
    from fcntl import ioctl  # Unix alone has it

    return lambda device, request, block: ioctl(device, request, block, True)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    device = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        yield device
    finally:
        os.close(device)


def _buffer_type(ioctl: Ioctl, device: int) -> int | None:
    """Return the buffer type of a camera's node; None for a node that captures no pictures."""
    block = bytearray(104)
    try:
        ioctl(device, _QUERYCAP, block)
    except OSError as error:
        if error.errno in _ENDS:
            return None
        raise
    (capabilities,) = struct.unpack_from("=I", block, 88)
    return next((kind for bit, kind in _CAPTURES.items() if capabilities & bit), None)


def _modes(ioctl: Ioctl, device: int, kind: int) -> Iterator[str]:
    for block in _enumerated(ioctl, device, _ENUM_FORMATS, struct.pack("=II56x", 0, kind)):
        (code,) = struct.unpack_from("=I", block, 44)
        sizes = "; ".join(_sizes(ioctl, device, code))
        yield f"{code.to_bytes(4, 'little').decode('ascii', 'replace').strip()}  {sizes}".strip()


def _sizes(ioctl: Ioctl, device: int, code: int) -> Iterator[str]:
    for block in _enumerated(ioctl, device, _ENUM_SIZES, struct.pack("=II36x", 0, code)):
        kind, *sides = struct.unpack_from("=7I", block, 8)
        if kind == _DISCRETE:
            width, height = sides[:2]
            rates = ", ".join(_rates(ioctl, device, code, width, height))
            yield f"{width}x{height}" + (f" at {rates}" if rates else "")
        else:  # from, to, step of the width, then of the height
            yield f"{sides[0]}x{sides[3]} to {sides[1]}x{sides[4]}"


def _rates(ioctl: Ioctl, device: int, code: int, width: int, height: int) -> Iterator[str]:
    for block in _enumerated(ioctl, device, _ENUM_INTERVALS, struct.pack("=IIII36x", 0, code, width, height)):
        kind, seconds, parts = struct.unpack_from("=3I", block, 16)
        rate_hz = parts / seconds if seconds else 0.0
        yield f"{'' if kind == _DISCRETE else 'up to '}{rate_hz:.3g}"


def _enumerated(ioctl: Ioctl, device: int, request: int, start: bytes) -> Iterator[bytearray]:
    """Ask for index 0, 1, ... until the driver has no more. Only the first of a range of sizes or rates is whole."""
    for index in range(256):
        block = bytearray(start)
        struct.pack_into("=I", block, 0, index)
        try:
            ioctl(device, request, block)
        except OSError as error:
            if error.errno in _ENDS:
                return
            raise
        yield block
