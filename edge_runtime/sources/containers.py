"""Opens films and streams with PyAV, and turns what it decodes into frames."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Image

MOST_PIXELS = 7680 * 4320  # 8K; a forged header may claim more than the memory holds
COVER = 0x400  # AV_DISPOSITION_ATTACHED_PIC
DECODER_THREADS = 2  # each holds frames of its own: more would need more memory than a small device has


def load_av() -> Any:
    """Import PyAV. Raises InputError when it is not installed, as on 32-bit ARM."""
    try:
        import av
    except ImportError:
        raise InputError("Films, recordings and network cameras need PyAV: pip install av.") from None
    # No log at all. With a level, decoder threads would wait for Python's lock to log, while `close` holds it and waits
    # for them.
    av.logging.set_level(None)
    return av


def open_container(place: str, options: dict[str, str] | None = None, timeout_s: float | None = None) -> Any:
    """Open a film or stream. `place` is an address, or "file:" and a path.

    Raises OSError or ValueError (av.FFmpegError is one of both) when it cannot be opened.
    """
    return load_av().open(place, options=options or {}, timeout=timeout_s, metadata_errors="replace")


def moving_picture(container: Any, live: bool = False) -> Any:
    """Return the stream of the moving picture, ready to decode; None without one. A cover picture does not move.

    For a `live` picture the threads share each frame. Otherwise each takes a frame of its own, which is faster and a
    frame late.
    """
    streams = [stream for stream in container.streams.video if not int(stream.disposition) & COVER]
    if not streams or streams[0].codec_context is None:
        return None
    context = streams[0].codec_context
    context.options = {"max_pixels": str(MOST_PIXELS)}
    context.thread_type, context.thread_count = "SLICE" if live else "AUTO", DECODER_THREADS
    return streams[0]


def to_frame(decoded: Any, aspect: Fraction | None) -> Image:
    """Turn a decoded frame into BGR uint8 (height, width, 3): square pixels, upright, over white where transparent.

    `aspect` is the width of a stored pixel by its height.
    """
    width, height = square_size(decoded.width, decoded.height, aspect)
    has_alpha = any(part.is_alpha for part in decoded.format.components)
    plain = decoded.reformat(width, height, "bgra" if has_alpha else "bgr24").to_ndarray()
    frame = pixels.on_white(plain) if has_alpha else plain
    return pixels.turn(frame, -round(decoded.rotation / 90))


def square_size(width: int, height: int, aspect: Fraction | None) -> tuple[int, int]:
    """Return (width, height) with square pixels. One side grows, so that no detail is lost."""
    # a wilder shape is a fault of the header
    if not aspect or not Fraction(1, 8) <= aspect <= 8 or width * height * max(aspect, 1 / aspect) > MOST_PIXELS:
        return width, height
    return (round(width * aspect), height) if aspect >= 1 else (width, round(height / aspect))


def aspect_of(stream: Any) -> Fraction | None:
    """Return the shape of the stream's pixels, width by height; None when it is not stated."""
    return stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio or None
