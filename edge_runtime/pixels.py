"""The only code that decodes, resizes, warps, scales, quantizes or changes the colour order of a picture.

Training, conversion, the device and the benchmarks all come here, because a generator that is trained on one
resampling or one value range and run on another loses more than quantization ever costs it.

Pictures are uint8 arrays of shape (height, width, 3). OpenCV's own order is BGR, which frames keep from the camera to
the encoder; networks see RGB. Names say which: ``frame`` is BGR, ``image`` is RGB.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_runtime.errors import InputError

Image = NDArray[np.uint8]
Tensor = NDArray[np.generic]


def check_image(image: Image, what: str = "image") -> None:
    """Raise ValueError unless `image` is uint8 of shape (height, width, 3); the text names both sides."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(
            f"{what} is {image.dtype} of shape {image.shape}, not uint8 of shape (height, width, 3)"
        )


def decode_image(data: bytes, name: str) -> Image:
    """RGB uint8 (height, width, 3) from the bytes of a JPEG, PNG or WebP file; EXIF rotation is honoured.

    Raises InputError, naming the file, when the bytes are no picture.
    """
    buffer = np.frombuffer(data, np.uint8)
    frame = cv2.imdecode(buffer, cv2.IMREAD_COLOR) if buffer.size else None
    if frame is None:
        raise InputError(f"{name} is not a picture that can be read.")
    return swap_red_blue(frame)


def swap_red_blue(image: Image) -> Image:
    """RGB to BGR or back, as a new contiguous array."""
    return cv2.cvtColor(image, cv2.COLOR_RGB2BGR)


def resize(image: Image, width_px: int, height_px: int) -> Image:
    """Resample to width_px x height_px: area averaging to shrink (no aliasing), bilinear to enlarge."""
    height, width = image.shape[:2]
    if (width, height) == (width_px, height_px):
        return image
    shrinks = width_px * height_px < width * height
    return cv2.resize(image, (width_px, height_px), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def square(image: Image, size_px: int) -> Image:
    """The largest centred square of `image`, resampled to size_px x size_px."""
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return resize(image[top : top + side, left : left + side], size_px, size_px)


def warp(image: Image, matrix: NDArray[np.float32], size_px: int) -> Image:
    """Cut a rotated, scaled square out of `image`.

    `matrix` (2x3) maps crop pixels (0..size_px) to image pixels. Where the crop shrinks the picture more than twice,
    it is cut at a whole multiple of the size first and area-averaged, since bilinear sampling alone would alias.
    Pixels outside the picture repeat its border.
    """
    shrink = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    factor = min(max(int(shrink), 1), 4)
    fine = matrix.astype(np.float64)
    fine[:, :2] /= factor
    # Integer coordinates are pixel centres, so the half pixel moves with the scale.
    fine[:, 2] += (fine[:, :2] - matrix[:, :2]) @ (0.5, 0.5)
    side = size_px * factor
    crop = cv2.warpAffine(
        image, fine, (side, side), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )
    return resize(crop, size_px, size_px)


def to_unit(images: Image) -> NDArray[np.float32]:
    """uint8 0..255 of any shape to float32 -1..1: what every generator here sees."""
    return images.astype(np.float32) / 127.5 - 1.0


def from_unit(values: NDArray[np.floating]) -> Image:
    """float -1..1 to uint8 0..255, rounded to nearest, clipped."""
    return np.clip(np.rint((values + 1.0) * 127.5), 0, 255).astype(np.uint8)


def encode_table(dtype: np.dtype, scale: float, zero_point: int) -> Tensor:
    """256 tensor values, one for each grey level: a lookup replaces scaling and quantization at run time.

    `scale` and `zero_point` are the model input's; float inputs ignore both.
    """
    unit = to_unit(np.arange(256, dtype=np.uint8))
    if np.issubdtype(dtype, np.floating):
        return unit.astype(dtype)
    limits = np.iinfo(dtype)
    return np.clip(np.rint(unit / scale) + zero_point, limits.min, limits.max).astype(dtype)


def decode_table(dtype: np.dtype, scale: float, zero_point: int) -> Image:
    """256 grey levels, indexed by the bits of an int8 or uint8 output: the reverse of `encode_table`."""
    levels = np.arange(256, dtype=np.uint8).view(dtype).astype(np.float32)
    return from_unit((levels - zero_point) * scale)


def to_tensor(image: Image, table: Tensor) -> Tensor:
    """RGB uint8 (height, width, 3) to a model input (1, height, width, 3) through `encode_table`."""
    return np.take(table, image)[np.newaxis]


def to_image(tensor: Tensor, table: Image | None) -> Image:
    """A model output (1, height, width, 3) to RGB uint8, through `decode_table`, or rounded where it is float."""
    if table is None:
        return from_unit(tensor[0].astype(np.float32))
    return np.take(table, tensor[0].view(np.uint8))


def encode_jpeg(frame: Image, quality: int = 85) -> bytes:
    """A BGR frame as JPEG bytes."""
    ok, data = cv2.imencode(".jpg", frame, (cv2.IMWRITE_JPEG_QUALITY, quality))
    if not ok:
        raise ValueError(f"OpenCV could not encode a frame of shape {frame.shape}")
    return data.tobytes()


def encode_png(image: Image) -> bytes:
    """An RGB image as PNG bytes."""
    return cv2.imencode(".png", swap_red_blue(image))[1].tobytes()
