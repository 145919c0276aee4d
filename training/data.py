"""Endless batches of unpaired photographs and cartoons, augmented, the same for the same seed and step."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from edge_runtime import pixels
from training.config import Data
from training.images import ImageSet

MARGIN = 1.25  # pictures are cached this much larger than the crop, so that random crops lose no sharpness
AHEAD = 4  # batches made in advance


def batch_at(
    step: int, domains: dict[str, ImageSet], data: Data, batch_size: int, seed: int
) -> tuple[pixels.Tensor, ...]:
    """The batch of a step: for each domain a float32 -1..1 array (batch_size, size_px, size_px, 3).

    A pure function of its arguments, so resuming needs no data state at all.
    """
    random = np.random.default_rng((seed, step))
    return tuple(
        _augment(_draw(images, batch_size, random), domain, data, random) for domain, images in domains.items()
    )


def prefetch(
    start: int, stop: int, domains: dict[str, ImageSet], data: Data, batch_size: int, seed: int
) -> Iterator[tuple[pixels.Tensor, ...]]:
    """`batch_at` for start..stop, made in a background thread, a few ahead. Close the iterator to stop early."""

    def submit(step: int) -> Future[tuple[pixels.Tensor, ...]]:
        return pool.submit(batch_at, step, domains, data, batch_size, seed)

    with ThreadPoolExecutor(1, thread_name_prefix="prefetch") as pool:
        ahead = deque(submit(step) for step in range(start, min(start + AHEAD, stop)))
        for step in range(start, stop):
            batch = ahead.popleft().result()
            if step + AHEAD < stop:
                ahead.append(submit(step + AHEAD))
            yield batch


def _draw(images: ImageSet, count: int, random: np.random.Generator) -> pixels.Image:
    """Pictures drawn evenly over the sources, however unequal these are."""
    sources = np.unique(images.source)
    wanted = random.choice(sources, count)
    rows = [random.choice(np.flatnonzero(images.source == source)) for source in wanted]
    return images.images[rows]


def _augment(images: pixels.Image, domain: str, data: Data, random: np.random.Generator) -> pixels.Tensor:
    """Random crops (batch, size_px, size_px, 3) with the domain's zoom and colour jitter."""
    if domain == "photos":
        zoom, centre_y, jitter = data.photo_zoom, 0.5, data.photo_colour_jitter
    else:
        zoom, centre_y, jitter = data.cartoon_zoom, data.cartoon_centre_y, data.cartoon_colour_jitter
    matrices = [_crop_matrix(image, zoom, centre_y, data, random) for image in images]
    crops = np.stack([pixels.warp(i, matrix, data.size_px) for i, matrix in zip(images, matrices, strict=True)])
    values = pixels.to_unit(crops)
    if jitter:
        gain = random.uniform(1 - jitter, 1 + jitter, (len(values), 1, 1, 3)).astype(np.float32)
        shift = random.uniform(-jitter, jitter, (len(values), 1, 1, 1)).astype(np.float32) / 2
        values = np.clip(values * gain + shift, -1, 1)
    return values


def _crop_matrix(
    image: pixels.Image, zoom: tuple[float, float], centre_y: float, data: Data, random: np.random.Generator
) -> np.ndarray:
    """2x3 map from crop pixels to picture pixels: random zoom, place, tilt and mirror."""
    side = image.shape[0]
    share = random.uniform(*zoom)
    slack = side * (1 - share) / 2
    angle = np.radians(random.uniform(-data.rotate_deg, data.rotate_deg))
    mirror = random.choice((-1.0, 1.0))
    scale = side * share / data.size_px
    linear = scale * np.array([[mirror * np.cos(angle), -np.sin(angle)], [mirror * np.sin(angle), np.cos(angle)]])
    lowest, highest = side / 2 - slack, side / 2 + slack
    centre = np.array(
        [
            side / 2 + random.uniform(-slack, slack) / 2,
            np.clip(side * centre_y + random.uniform(-slack, slack) / 2, lowest, highest),
        ]
    )
    middle = (data.size_px - 1) / 2
    return np.column_stack([linear, centre - 0.5 - linear @ (middle, middle)]).astype(np.float32)
