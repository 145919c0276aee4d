"""The only code that decodes, resizes, warps, scales, quantizes or changes the colour order of a picture.

Training, conversion, the device and the benchmarks all come here, because a generator that is trained on one
resampling or one value range and run on another loses more than quantization ever costs it.

Pictures are uint8 arrays of shape (height, width, 3). OpenCV's own order is BGR, which frames keep from the camera to
the encoder; networks see RGB. Names say which: ``frame`` is BGR, ``image`` is RGB.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from facetoon.edge_runtime.errors import InputError
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Tensor = NDArray[np.generic]

_DECODE_FLAGS = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


def check_image(image: Image, what: str = "image") -> None:
    """Raise ValueError unless `image` is uint8 of shape (height, width, 3); the text names both sides."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"{what} is {image.dtype} of shape {image.shape}, not uint8 of shape (height, width, 3)")


def decode_image(data: bytes, name: str, reduce: int = 1, over_white: bool = False) -> Image:
    """RGB uint8 (height, width, 3) from the bytes of a JPEG, PNG, WebP or BMP file; EXIF rotation is honoured.

    `reduce` (1, 2, 4 or 8) divides the sides while decoding, which for JPEG saves the memory too. Transparency is
    ignored, and the colours under it are seen, unless `over_white` lays the picture over white.
    Raises InputError, naming the file, when the bytes are no picture.
    """
    frame = _decode(data, cv2.IMREAD_UNCHANGED) if over_white else None
    if frame is not None and frame.ndim == 3 and frame.shape[2] == 4:
        return swap_red_blue(_over_white(frame))
    frame = _decode(data, _DECODE_FLAGS[reduce])
    if frame is None:
        raise InputError(f"{name} is not a picture that can be read.")
    return swap_red_blue(frame)


def _decode(data: bytes, flags: int) -> Any:
    """A BGR, BGRA or grey array as `flags` say; None when OpenCV cannot read it."""
    buffer = np.frombuffer(data, np.uint8)
    try:
        return cv2.imdecode(buffer, flags) if buffer.size else None
    except cv2.error:  # OpenCV's own limits, and headers that promise what no memory holds
        return None


def _over_white(frame: NDArray[np.unsignedinteger]) -> Image:
    """BGRA of 8 or 16 bits a channel, as BGR uint8 over white."""
    values = frame.astype(np.float32) / np.iinfo(frame.dtype).max
    alpha = values[..., 3:]
    return np.rint(255 * (values[..., :3] * alpha + 1 - alpha)).astype(np.uint8)


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


def scale_to(image: Image, longest_px: int) -> Image:
    """The whole picture with its proportions, its longer side `longest_px`."""
    height, width = image.shape[:2]
    scale = longest_px / max(height, width)
    return resize(image, max(round(width * scale), 1), max(round(height * scale), 1))


def square(image: Image, size_px: int) -> Image:
    """The largest centred square of `image`, resampled to size_px x size_px."""
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return resize(image[top : top + side, left : left + side], size_px, size_px)


def fit(frame: Image, width_px: int, height_px: int) -> Image:
    """The whole picture inside width_px x height_px, black where its proportions leave room."""
    scale = min(width_px / frame.shape[1], height_px / frame.shape[0])
    inner = resize(frame, max(round(frame.shape[1] * scale), 1), max(round(frame.shape[0] * scale), 1))
    top, left = (height_px - inner.shape[0]) // 2, (width_px - inner.shape[1]) // 2
    out = np.zeros((height_px, width_px, 3), np.uint8)
    out[top : top + inner.shape[0], left : left + inner.shape[1]] = inner
    return out


def view(picture: Image, matrix: NDArray[np.float64], width_px: int, height_px: int) -> Image:
    """A window onto a moved picture: `matrix` (2x3) maps picture pixels to window pixels; the border is mirrored."""
    return cv2.warpAffine(
        picture, matrix, (width_px, height_px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )


def warp(image: Image, matrix: NDArray[np.float32], size_px: int) -> Image:
    """Cut a rotated, scaled square out of `image`.

    `matrix` (2x3) maps crop pixels (0..size_px) to image pixels. Where the crop shrinks the picture more than twice,
    it is cut at a whole multiple of the size first and area-averaged, since bilinear sampling alone would alias.
    Pixels outside the picture repeat its border.
    """
    factor = min(max(int(_scale(matrix)), 1), 4)
    side = size_px * factor
    crop = cv2.warpAffine(
        image,
        _finer(matrix, factor),
        (side, side),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return resize(crop, size_px, size_px)


def bend(image: Image, offset_px: NDArray[np.float32]) -> Image:
    """`image` with each pixel taken `offset_px` (height, width, 2: right, down) away; the border is mirrored."""
    rows, columns = np.mgrid[0 : image.shape[0], 0 : image.shape[1]].astype(np.float32)
    places = columns + offset_px[..., 0], rows + offset_px[..., 1]
    return cv2.remap(image, *places, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def waves(random: np.random.Generator, size_px: int, length_px: float) -> NDArray[np.float32]:
    """Smooth noise (size_px, size_px, 2) of about unit variance, that changes over some `length_px`."""
    noise = random.normal(size=(size_px, size_px, 2)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), length_px)
    return smooth * np.float32(2 * length_px * math.sqrt(math.pi))  # what averaging took away


def _scale(matrix: NDArray[np.float32]) -> float:
    """Image pixels a crop pixel."""
    return float(np.hypot(matrix[0, 0], matrix[1, 0]))


def _finer(matrix: NDArray[np.float32], factor: int) -> NDArray[np.float64]:
    """The map from a crop whose pixels are `factor` times smaller."""
    fine = matrix.astype(np.float64)
    fine[:, :2] /= factor
    # Integer coordinates are pixel centres, so the half pixel moves with the scale.
    fine[:, 2] += (fine[:, :2] - matrix[:, :2]) @ (0.5, 0.5)
    return fine


def feather(size_px: int) -> NDArray[np.uint8]:
    """Weights (size_px, size_px) of a rounded square: 255 inside, falling smoothly to 0 at the border."""
    axis = np.abs(np.linspace(-1, 1, size_px, dtype=np.float32))
    radius = (axis[:, None] ** 4 + axis[None, :] ** 4) ** 0.25
    fall = np.clip((0.96 - radius) / 0.24, 0, 1)
    return np.rint(255 * fall * fall * (3 - 2 * fall)).astype(np.uint8)


def paste(frame: Image, crop: Image, matrix: NDArray[np.float32], weights: NDArray[np.uint8]) -> None:
    """Blend a square BGR crop into `frame`, in place, where `warp` with the same `matrix` cut it.

    `weights` (of the crop's size, 0..255) say how much of the crop is seen; outside the crop the frame stays as it is.
    """
    size_px = crop.shape[0]
    corners = np.array([[0, 0, 1], [size_px, 0, 1], [0, size_px, 1], [size_px, size_px, 1]], np.float32) @ matrix.T
    left, top = np.maximum(np.floor(corners.min(0)).astype(int), 0)
    right, bottom = np.minimum(np.ceil(corners.max(0)).astype(int) + 1, (frame.shape[1], frame.shape[0]))
    if right <= left or bottom <= top:
        return
    area = (int(right - left), int(bottom - top))
    # Cubic by a whole factor, then a bilinear turn: a third of the time of a cubic turn, and as sharp. Bytes all
    # along, and weighted while still small: two fifths less time than blending with float weights at full size.
    factor = min(max(math.ceil(_scale(matrix)), 1), 4)
    large = cv2.resize(crop, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    share = cv2.resize(weights, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
    local = _finer(matrix, factor) - np.array([[0, 0, left], [0, 0, top]])
    weighted = cv2.multiply(large, cv2.cvtColor(share, cv2.COLOR_GRAY2BGR), scale=1 / 255)
    cartoon = cv2.warpAffine(weighted, local, area)
    kept = cv2.cvtColor(cv2.warpAffine(255 - share, local, area, borderValue=255), cv2.COLOR_GRAY2BGR)
    region = frame[top:bottom, left:right]
    region[:] = cv2.add(cartoon, cv2.multiply(region, kept, scale=1 / 255))


def match_colours(cartoon: Image, photograph: Image, weights: NDArray[np.uint8], strength: float) -> Image:
    """`cartoon` moved towards the mean and contrast that `photograph` has in each channel (Reinhard et al. 2001).

    Both are of one size; only where `weights` is above half does a pixel count. `strength` is 0..1. Contrast is at most
    halved or doubled, so that a flat face does not turn a drawing grey.
    """
    inside = (weights > 127).astype(np.uint8)
    (mean, spread), (goal_mean, goal_spread) = (cv2.meanStdDev(image, mask=inside) for image in (cartoon, photograph))
    levels = np.arange(256, dtype=np.float64)
    matched = (levels - mean) * np.clip(goal_spread / np.maximum(spread, 1), 0.5, 2) + goal_mean
    table = np.clip(np.rint((1 - strength) * levels + strength * matched), 0, 255).astype(np.uint8)
    return cv2.LUT(cartoon, table.T[np.newaxis])


def mix(below: Image, above: Image, share: float) -> Image:
    """(1 - share) of one picture and `share` of another of the same size."""
    return cv2.addWeighted(below, 1 - share, above, share, 0)


def blur(frame: Image) -> Image:
    """A frame out of focus, by about a fortieth of its height; at a quarter of the size, where it costs a tenth."""
    height, width = frame.shape[:2]
    small = resize(frame, max(width // 4, 1), max(height // 4, 1))
    return resize(cv2.GaussianBlur(small, (0, 0), max(height / 160, 0.5)), width, height)


def uncover(below: Image, above: Image, matrix: NDArray[np.float32], weights: NDArray[np.uint8]) -> None:
    """Copy `above` onto `below` (frames of one size), in place, where `weights` lie when `matrix` maps them there."""
    height, width = below.shape[:2]
    mask = cv2.cvtColor(cv2.warpAffine(weights, matrix, (width, height)), cv2.COLOR_GRAY2BGR)
    kept = cv2.multiply(below, 255 - mask, scale=1 / 255)
    below[:] = cv2.add(kept, cv2.multiply(above, mask, scale=1 / 255))


def split_view(before: Image, after: Image, share: float) -> None:
    """Write the left `share` of `before` over `after`, in place, and a light line between the two."""
    column = round(share * after.shape[1])
    after[:, :column] = before[:, :column]
    after[:, max(column - 1, 0) : column + 1] = 235


def to_grey(frame: Image, longest_px: int) -> tuple[NDArray[np.uint8], float]:
    """A BGR frame as grey (height, width), no side longer than `longest_px`, and the scale that was applied."""
    height, width = frame.shape[:2]
    scale = min(1.0, longest_px / max(height, width))
    return cv2.cvtColor(resize(frame, round(width * scale), round(height * scale)), cv2.COLOR_BGR2GRAY), scale


def to_unit(images: Image) -> NDArray[np.float32]:
    """uint8 0..255 of any shape to float32 -1..1: what every generator here sees."""
    return images.astype(np.float32) / 127.5 - 1.0


def from_unit(values: NDArray[np.floating]) -> Image:
    """Float -1..1 to uint8 0..255, rounded to nearest, clipped."""
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
