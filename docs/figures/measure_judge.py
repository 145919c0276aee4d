"""Measures what the judge of `toon-train score` notices: prints docs/SCORES.md's table of damaged cartoons.

    python docs/figures/measure_judge.py --cartoons anime256.zip --others illustration96.zip --photos selfies256.zip
        --encoder imagenet_mobilenet_v1_025.onnx --encoder-range=-1..1

Half of the cartoons are damaged and compared with the other half. Without --encoder Keras's MobileNet looks.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.value_range import ValueRange
from facetoon.training.engine.backend import select_backend
from facetoon.training.pictures.images import list_pictures

SIZE_PX = 256


def main(argv: Sequence[str] | None = None) -> None:
    """Print a row for each kind of damage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for domain in ("cartoons", "others", "photos"):
        parser.add_argument(f"--{domain}", required=True, metavar="SOURCE", help="a folder or zip")
    parser.add_argument("--encoder", type=Path, metavar="FILE", help="see toon-train score")
    parser.add_argument("--encoder-range", type=ValueRange.parse, metavar="LEAST..GREATEST")
    parser.add_argument("--count", type=int, default=300, help="cartoons in each half (default: %(default)s)")
    arguments = parser.parse_args(argv)
    select_backend("tensorflow")
    from facetoon.training.score import distances
    from facetoon.training.score.question import load_squares
    from facetoon.training.score.vector_nets import imagenet_net, vector_net

    net = vector_net(arguments.encoder, arguments.encoder_range) if arguments.encoder else imagenet_net("mobilenet")

    def some(source: str, count: int) -> Image:
        files = list_pictures(source)
        return load_squares([files[i] for i in np.random.default_rng(0).permutation(len(files))[:count]], SIZE_PX)

    cartoons, photos = some(arguments.cartoons, 2 * arguments.count), some(arguments.photos, arguments.count)
    others = some(arguments.others, arguments.count)
    half, real = cartoons[: arguments.count], net(cartoons[arguments.count :])
    floor, ceiling = distances.kid(net(half), real), distances.kid(net(photos), real)
    print("| damage | normalized KID |\n|---|---|")
    for name, damages in DAMAGES.items():
        kids = [distances.kid(net(np.stack([damage(x) for x in half])), real) for damage in damages]
        print(f"| {name} | {', '.join(f'{(kid - floor) / (ceiling - floor):.2f}' for kid in kids)} |", flush=True)
    for name, strangers in (("photographs", photos), ("cartoons of another style", others)):
        shares = [round(share * len(half)) for share in (0.1, 0.25, 0.5, 1)]
        kids = [distances.kid(net(np.concatenate([strangers[:n], half[n:]])), real) for n in shares]
        told = ", ".join(f"{(kid - floor) / (ceiling - floor):.2f}" for kid in kids)
        print(f"| 10, 25, 50, 100 % of them replaced by {name} | {told} |", flush=True)


def squeezed(side_px: int, image: Image) -> Image:
    """Shrink and enlarge again, as a generator of this size does."""
    return pixels.resize(pixels.resize(image, side_px, side_px), SIZE_PX, SIZE_PX)


def blurred(sigma_px: float, image: Image) -> Image:
    """Gaussian blur."""
    return cv2.GaussianBlur(image, (0, 0), sigma_px)


def compressed(quality: int, image: Image) -> Image:
    """JPEG and back."""
    return pixels.decode_image(pixels.encode_jpeg(pixels.swap_red_blue(image), quality), "a picture")


def noisy(levels: float, image: Image) -> Image:
    """Gaussian noise, the same for every picture."""
    return clipped(image + np.random.default_rng(1).normal(0, levels, image.shape))


def tinted(share: float, image: Image) -> Image:
    """Red up and blue down."""
    return clipped(image * np.array([1 + share, 1, 1 - share]))


def flattened(factor: float, image: Image) -> Image:
    """Less contrast."""
    return clipped(128 + factor * (image.astype(np.float32) - 128))


def moved(distance_px: int, image: Image) -> Image:
    """To the right and down."""
    return np.roll(image, (distance_px, distance_px), (0, 1))


def bent(strength_px: float, image: Image) -> Image:
    """In waves of about 20 px."""
    noise = np.random.default_rng(2).normal(size=(*image.shape[:2], 2)).astype(np.float32)
    waves = cv2.GaussianBlur(noise, (0, 0), 20)
    return pixels.bend(image, waves * np.float32(strength_px / waves.std()))


def clipped(values: np.ndarray) -> Image:
    """Grey levels as uint8."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


Damage = Callable[[Image], Image]
DAMAGES: dict[str, list[Damage]] = {
    "squeezed to 128, 64, 32 px and back": [partial(squeezed, x) for x in (128, 64, 32)],
    "Gaussian blur of 1, 2, 4 px": [partial(blurred, x) for x in (1, 2, 4)],
    "JPEG at quality 50, 25, 10": [partial(compressed, x) for x in (50, 25, 10)],
    "noise of 8, 16, 32 grey levels": [partial(noisy, x) for x in (8, 16, 32)],
    "red up and blue down by 5, 10, 20 %": [partial(tinted, x) for x in (0.05, 0.1, 0.2)],
    "contrast times 0.9, 0.75, 0.5": [partial(flattened, x) for x in (0.9, 0.75, 0.5)],
    "moved right and down by 8, 16, 32 px": [partial(moved, x) for x in (8, 16, 32)],
    "bent by 2, 4, 8 px in waves of about 20 px": [partial(bent, x) for x in (2, 4, 8)],
}

if __name__ == "__main__":
    main()
