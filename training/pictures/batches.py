"""Endless batches of photographs, cartoons and aligned pairs, augmented, the same for the same seed and step."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from facetoon.edge_runtime import pixels
from facetoon.training.pictures.even_sampling import draw_evenly
from facetoon.training.pictures.images import ImageSet
from facetoon.training.recipes.parts import DataRecipe
from facetoon.training.recipes.recipe import Recipe
from numpy.typing import NDArray

MARGIN = 1.25  # pictures are cached this much larger than the crop, so that random crops lose no sharpness
AHEAD = 4  # batches made in advance
Part = tuple[int, int]
Matrix = NDArray[np.float32]
WHOLE: Part = (0, 1)


def batch_at(step: int, domains: dict[str, ImageSet], recipe: Recipe, part: Part = WHOLE) -> tuple[pixels.Tensor, ...]:
    """The batch of a step: for each domain a float32 -1..1 array (batch_size, size_px, size_px, 3), for "pairs" two.

    For "pictures" three, which show the same pictures cropped and coloured apart and the first of these bent, and the
    number of each one's source.

    A pure function of its arguments, so resuming needs no data state at all. `part` (worker, workers) gives that
    worker's rows of the same batch: what chance decides is drawn for all rows by everyone, and costs little.
    """
    random = np.random.default_rng((recipe.seed, step))
    arrays = [_augmented(images, domain, recipe, random, part) for domain, images in domains.items()]
    return tuple(array for both in arrays for array in both)


def prefetch(
    start: int, stop: int, domains: dict[str, ImageSet], recipe: Recipe, part: Part = WHOLE
) -> Generator[tuple[pixels.Tensor, ...], None, None]:
    """`batch_at` for start..stop, made in a background thread, a few ahead. Close the iterator to stop early."""

    def submit(step: int) -> Future[tuple[pixels.Tensor, ...]]:
        return pool.submit(batch_at, step, domains, recipe, part)

    with ThreadPoolExecutor(1, thread_name_prefix="prefetch") as pool:
        ahead = deque(submit(step) for step in range(start, min(start + AHEAD, stop)))
        for step in range(start, stop):
            batch = ahead.popleft().result()
            if step + AHEAD < stop:
                ahead.append(submit(step + AHEAD))
            yield batch


def centre_crops(images: pixels.Image, domain: str, recipe: Recipe, size_px: int) -> pixels.Image:
    """uint8 (n, side, side, 3) cut as the random crops of `domain` are on average: (n, size_px, size_px, 3)."""
    zooms = {"photos": recipe.data.photo_zoom, "cartoons": recipe.data.cartoon_zoom, "pairs": recipe.pairs.zoom}
    zoom = zooms[domain]
    side, share = images.shape[-2], sum(zoom) / 2
    scale, slack = side * share / size_px, side * (1 - share) / 2
    centre_y = recipe.data.cartoon_centre_y if domain == "cartoons" else 0.5
    centre = np.array([side / 2, np.clip(side * centre_y, side / 2 - slack, side / 2 + slack)])
    corner = centre - 0.5 - scale * (size_px - 1) / 2
    matrix = np.column_stack([scale * np.eye(2), corner]).astype(np.float32)
    return np.stack([pixels.warp(image, matrix, size_px) for image in images])


def _augmented(
    images: ImageSet, domain: str, recipe: Recipe, random: np.random.Generator, part: Part
) -> list[pixels.Tensor]:
    """Random crops of one domain with its zoom and colour jitter; a list, since a pair is two arrays."""
    data, pairs, count = recipe.data, recipe.pairs, recipe.batch_size
    zoom, centre_y, jitter = {
        "photos": (data.photo_zoom, 0.5, data.photo_colour_jitter),
        "pictures": (data.photo_zoom, 0.5, data.photo_colour_jitter),
        "cartoons": (data.cartoon_zoom, data.cartoon_centre_y, data.cartoon_colour_jitter),
        "pairs": (pairs.zoom, 0.5, pairs.colour_jitter),
        "taught": (data.photo_zoom, 0.5, data.photo_colour_jitter),
    }[domain]
    rows, side = draw_evenly(images.source, count, random), images.images.shape[-2]
    taught = images.images.shape[1] - 1 if domain == "taught" else 0
    matrices = [_crop_matrix(side, zoom, centre_y, data, random) for _ in rows]
    mine = slice(part[0] * count // part[1], (part[0] + 1) * count // part[1])
    chosen = list(zip(rows[mine], matrices[mine], strict=True))
    if domain == "taught":  # in the order of the teachers, each as often as the recipe says
        teachers = [1 + teacher for teacher in recipe.dealt(taught)][mine]
        photos = _crops([(images.images[row, 0], matrix) for row, matrix in chosen], data.size_px)
        answers = [(images.images[row, t], matrix) for (row, matrix), t in zip(chosen, teachers, strict=True)]
        shade = _shade(jitter, count, random, mine)  # the same on both, or the student would learn to average tones
        return [shade(photos), shade(_crops(answers, data.size_px))]
    if domain == "pictures":
        again = [(row, _crop_matrix(side, zoom, centre_y, data, random)) for row in rows][mine]
        views = [[(images.images[row], matrix) for row, matrix in view] for view in (chosen, again)]
        first, second = ([pixels.warp(image, matrix, data.size_px) for image, matrix in view] for view in views)
        shades = [_shade(jitter, count, random, mine) for _ in views]
        plain, bent = _plain_and_bent(first, count, random, mine)
        looks = [(shades[0], plain), (shades[1], second), (shades[0], bent)]
        arrays = [shade(pixels.to_unit(np.stack(view))) for shade, view in looks]
        return [*arrays, images.source[rows][mine].astype(np.int32)]
    if domain != "pairs":
        shade = _shade(jitter, count, random, mine)
        return [shade(_crops([(images.images[row], matrix) for row, matrix in chosen], data.size_px))]
    shade, photo_shade = _shade(jitter, count, random, mine), _shade(pairs.photo_jitter, count, random, mine)
    both = [_crops([(images.images[row, i], matrix) for row, matrix in chosen], data.size_px) for i in (0, 1)]
    return [photo_shade(shade(both[0])), shade(both[1])]


def _plain_and_bent(
    crops: list[pixels.Image], count: int, random: np.random.Generator, mine: slice
) -> tuple[list[pixels.Image], list[pixels.Image]]:
    """Crops moved by a part of a pixel, and bent by 1 to 3 px: both lose the same sharpness to the resampling."""
    size_px = crops[0].shape[0]
    shift = random.uniform(-0.5, 0.5, (count, 1, 1, 2)).astype(np.float32)
    strength, length = random.uniform(1, 3, count), random.uniform(4, 8, count)
    field = np.stack([s * pixels.waves(random, size_px, w) for s, w in zip(strength, length, strict=True)])
    field = (field.astype(np.float32) * np.float32(size_px / 64))[mine]
    still = np.broadcast_to(shift[mine], field.shape)
    plain = [pixels.bend(crop, offset) for crop, offset in zip(crops, still, strict=True)]
    return plain, [pixels.bend(crop, offset) for crop, offset in zip(crops, field, strict=True)]


def _crops(chosen: list[tuple[pixels.Image, Matrix]], size_px: int) -> pixels.Tensor:
    return pixels.to_unit(np.stack([pixels.warp(image, matrix, size_px) for image, matrix in chosen]))


def _shade(
    jitter: float, count: int, random: np.random.Generator, mine: slice
) -> Callable[[pixels.Tensor], pixels.Tensor]:
    """A random gain for each channel and a shift for each picture of a batch, as a function of its part `mine`."""
    if not jitter:
        return lambda values: values
    gain = random.uniform(1 - jitter, 1 + jitter, (count, 1, 1, 3)).astype(np.float32)[mine]
    shift = random.uniform(-jitter, jitter, (count, 1, 1, 1)).astype(np.float32)[mine] / 2

    def shade(values: pixels.Tensor) -> pixels.Tensor:
        shaded: pixels.Tensor = np.clip(values.astype(np.float32, copy=False) * gain + shift, -1, 1)
        return shaded

    return shade


def _crop_matrix(
    side: int, zoom: tuple[float, float], centre_y: float, data: DataRecipe, random: np.random.Generator
) -> Matrix:
    """2x3 map from crop pixels to picture pixels: random zoom, place, tilt and mirror."""
    share = random.uniform(*zoom)
    slack = side * (1 - share) / 2
    angle = np.radians(random.uniform(-data.rotate_deg, data.rotate_deg))
    mirror = random.choice((-1.0, 1.0)) if data.mirror else 1.0
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
