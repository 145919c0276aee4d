"""Makes augmented batches of photographs, cartoons and aligned pairs. A batch depends only on the seed and the step."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime import pixels
from facetoon.training.pictures.even_sampling import draw_evenly
from facetoon.training.pictures.images import ImageSet
from facetoon.training.pictures.webcam import as_webcam
from facetoon.training.recipes.parts import DataRecipe
from facetoon.training.recipes.recipe import Recipe

MARGIN = 1.25  # cached pictures are this much larger than the crop, so that random crops lose no sharpness
AHEAD = 4  # batches
Part = tuple[int, int]
Matrix = NDArray[np.float32]
Shade = Callable[[pixels.Tensor], pixels.Tensor]
WHOLE: Part = (0, 1)


def batch_at(step: int, domains: dict[str, ImageSet], recipe: Recipe, part: Part = WHOLE) -> tuple[pixels.Tensor, ...]:
    """Make the batch of a step: for each domain one array, float32 (batch_size, size_px, size_px, 3) in -1..1.

    "pairs" and "taught" give two such arrays; taught cartoons may have a fourth channel, the matte, and may be windows
    of `recipe.picture_px`. "guided" gives three: photographs, masks and drawings.

    The function is pure, so a resumed run needs no data state. `part` (worker, workers) selects a worker's rows of the
    batch. Every worker draws the random numbers of all rows, which costs little.
    """
    random = np.random.default_rng((recipe.seed, step))
    arrays = [_augmented(images, domain, recipe, random, part, step) for domain, images in domains.items()]
    return tuple(array for of_domain in arrays for array in of_domain)


def prefetch(
    start: int, stop: int, domains: dict[str, ImageSet], recipe: Recipe, part: Part = WHOLE
) -> Generator[tuple[pixels.Tensor, ...], None, None]:
    """Yield `batch_at` for start..stop; a background thread makes a few ahead. Close the iterator to stop early."""

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
    """Cut uint8 (n, side, side, 3) to (n, size_px, size_px, 3) at the mean place of the domain's random crops."""
    zooms = {"photos": recipe.data.photo_zoom, "cartoons": recipe.data.cartoon_zoom, "pairs": recipe.pairs.zoom}
    zoom = zooms[domain]
    side, share = images.shape[-2], sum(zoom) / 2
    scale, slack = side * share / size_px, side * (1 - share) / 2
    centre_y = recipe.data.cartoon_centre_y if domain == "cartoons" else 0.5
    centre = np.array([side / 2, np.clip(side * centre_y, side / 2 - slack, side / 2 + slack)])
    corner = centre - 0.5 - scale * (size_px - 1) / 2
    matrix = np.column_stack([scale * np.eye(2), corner]).astype(np.float32)
    return np.stack([pixels.warp(image, matrix, size_px) for image in images])


@dataclass(frozen=True)
class _Crops:
    """The crops of one domain in a batch: picture rows and their crop matrices. `mine` is this worker's part."""

    images: ImageSet
    recipe: Recipe
    rows: list[int]
    matrices: list[Matrix]
    mine: slice
    random: np.random.Generator
    size_px: int

    def cut(self, columns: Sequence[int] | None = None) -> list[pixels.Image]:
        """Cut a crop, uint8 (size_px, size_px, 3), for each of the worker's rows; `columns` choose aligned pictures."""
        rows, places = self.rows[self.mine], self.matrices[self.mine]
        pictures = self.images.images[rows] if columns is None else self.images.images[rows, columns]
        return [pixels.warp(image, place, self.size_px) for image, place in zip(pictures, places, strict=True)]

    def column(self, number: int) -> pixels.Tensor:
        """Cut the picture of this number from each aligned set, float32 in -1..1."""
        return _unit(self.cut([number] * len(self.rows[self.mine])))

    def shade(self, jitter: float) -> Shade:
        """Return a function that changes the colours of each row at random."""
        return _shade(jitter, self.recipe.batch_size, self.random, self.mine)


def _augmented(
    images: ImageSet, domain: str, recipe: Recipe, random: np.random.Generator, part: Part, step: int
) -> list[pixels.Tensor]:
    """Cut random crops of one domain with its zoom and colour jitter. Pairs give two arrays, hence the list."""
    data, pairs, count = recipe.data, recipe.pairs, recipe.batch_size
    zoom, centre_y, jitter = {
        "photos": (data.photo_zoom, 0.5, data.photo_colour_jitter),
        "cartoons": (data.cartoon_zoom, data.cartoon_centre_y, data.cartoon_colour_jitter),
        "pairs": (pairs.zoom, 0.5, pairs.colour_jitter),
        "taught": (data.photo_zoom, 0.5, data.photo_colour_jitter),
        "guided": (data.photo_zoom, 0.5, data.photo_colour_jitter),
    }[domain]
    rows, side = draw_evenly(images.source, count, random), images.images.shape[-2]
    places = [_crop_matrix(side, zoom, centre_y, data, random) for _ in rows]
    mine = slice(part[0] * count // part[1], (part[0] + 1) * count // part[1])
    size_px = recipe.picture_px(step) if domain == "taught" else data.size_px
    if size_px < data.size_px:
        places = [_window(place, data.size_px - size_px, random) for place in places]
    crops = _Crops(images, recipe, rows, places, mine, random, size_px)
    if domain == "taught":
        return _taught(crops, jitter)
    if domain == "guided":
        return _guided(crops, jitter)
    if domain == "pairs":
        shade, photo_shade = crops.shade(jitter), crops.shade(pairs.photo_jitter)
        return [photo_shade(shade(crops.column(0))), shade(crops.column(1))]
    return [crops.shade(jitter)(_unit(crops.cut()))]


def _taught(crops: _Crops, jitter: float) -> list[pixels.Tensor]:
    """Return photographs and their teachers' cartoons, in the order of the teachers and by the recipe's shares.

    With mattes the cartoons have five channels: RGB, the matte, and the mask of eyes, brows and mouth.
    """
    teachers = [1 + teacher for teacher in crops.recipe.dealt(crops.images.images.shape[1] - 1)][crops.mine]
    shade = crops.shade(jitter)  # the same on both, or the student would learn to average tones
    seeds = crops.random.integers(2**32, size=crops.recipe.batch_size)[crops.mine]
    whole = crops.cut([0] * len(teachers))
    photos = [np.ascontiguousarray(photo[..., :3]) for photo in whole]
    targets = np.concatenate([_unit(crops.cut(teachers)), _unit([photo[..., 3:] for photo in whole])], axis=-1)
    targets[..., :3] = shade(targets[..., :3])
    share = crops.recipe.distill.webcam_share
    photos = [_perhaps_webcam(photo, share, int(seed)) for photo, seed in zip(photos, seeds, strict=True)]
    return [shade(_unit(photos)), targets]


def _perhaps_webcam(photo: pixels.Image, share: float, seed: int) -> pixels.Image:
    random = np.random.default_rng(seed)
    return as_webcam(photo, random) if random.random() < share else photo


def _guided(crops: _Crops, jitter: float) -> list[pixels.Tensor]:
    """Photographs, their masks and drawings: one crop for all, one colour change for photograph and drawing."""
    shade = crops.shade(jitter)
    return [shade(crops.column(0)), crops.column(1), shade(crops.column(2))]


def _unit(crops: list[pixels.Image]) -> pixels.Tensor:
    return pixels.to_unit(np.stack(crops))


def _shade(jitter: float, count: int, random: np.random.Generator, mine: slice) -> Shade:
    """Draw a gain for each channel and a shift for each picture, and return the function that applies them."""
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
    """Draw a 2x3 map from crop pixels to picture pixels: random zoom, place, tilt and mirror."""
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


def _window(place: Matrix, slack_px: int, random: np.random.Generator) -> Matrix:
    """Move a crop's origin by 0..`slack_px` of its pixels, most often by half of them: the features of a face."""
    corner = np.rint(random.uniform(0, slack_px, (2, 2)).mean(0))
    return np.column_stack([place[:, :2], place[:, 2] + place[:, :2] @ corner]).astype(np.float32)
