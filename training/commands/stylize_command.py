"""The commands `toon-train stylize` and `toon-train fast-style`: from files to pictures and run directories."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facetoon.edge_runtime.errors import InputError

if TYPE_CHECKING:  # --help loads no NumPy
    from facetoon.edge_runtime.pixels import Image
    from facetoon.training.recipes.recipe import Recipe
    from facetoon.training.stylize.style_transfer import StyleTransfer

PICTURES = (".png", ".jpg", ".jpeg")


def add_stylize(parser: argparse.ArgumentParser) -> None:
    """Arguments of `toon-train stylize`; None leaves a value at style_transfer.Settings' own."""
    parser.add_argument("--content", nargs="+", required=True, metavar="PICTURE", help="files, folders or zips")
    add_style(parser)
    parser.add_argument("--out", type=Path, required=True, help="a folder, or FILE.png for one picture")
    parser.add_argument("--size", type=int, default=256, metavar="PX", help="longer side (default: %(default)s)")
    parser.add_argument(
        "--style-size", type=int, metavar="PX", help="of the styles (default: --size); scales the brush"
    )
    parser.add_argument("--strength", type=float, help="0 is the photograph, 1 the style (default: 1)")
    parser.add_argument("--layers", nargs="+", metavar="LAYER", help="of the style (default: relu1_1, relu2_1 ... "
                        "relu5_1, as many as see no more than the style picture)")  # fmt: skip
    parser.add_argument("--content-layers", nargs="+", metavar="LAYER", help="default: relu3_1 relu4_1")
    parser.add_argument("--content-weight", type=float, help="default: 1")
    parser.add_argument("--style-weight", type=float, help="default: 4")
    parser.add_argument("--tv-weight", type=float, help="total variation: smoother (default: 1)")
    parser.add_argument("--steps", type=int, help="default: 200")
    parser.add_argument("--optimizer", choices=("adam", "lbfgs"), help="default: adam")
    parser.add_argument("--colours", choices=("style", "luminance", "match"), help="default: style; luminance keeps "
                        "the photograph's colours, match gives them to the style first")  # fmt: skip
    parser.add_argument("--from-noise", action="store_true", default=None, help="start from noise, not the photograph")
    parser.add_argument("--seed", type=int, help="of the noise (default: 1)")
    parser.add_argument("--batch-size", type=int, default=4, help="photographs at once (default: %(default)s)")
    parser.add_argument("--every", type=int, metavar="STEPS", help="also write the pictures as they stand")


def add_style(parser: argparse.ArgumentParser) -> None:
    """The styles, and the encoder that sees them."""
    parser.add_argument(
        "--style", nargs="+", required=True, type=Path, metavar="PICTURE", help="one, or several merged"
    )
    parser.add_argument("--style-weights", nargs="+", type=float, default=[], metavar="W", help="default: equal ones")
    add_vgg_weights(parser)


def add_vgg_weights(parser: argparse.ArgumentParser) -> None:
    """The encoder of style transfer."""
    parser.add_argument("--vgg-weights", default="imagenet", metavar="FILE", help="VGG19 as .h5 or .npz, whole or "
                        "compressed (default: %(default)s, which keras.applications downloads)")  # fmt: skip


def run_stylize(arguments: argparse.Namespace) -> int:
    """Paint every photograph in every style asked for."""
    for name in ("size", "style_size", "batch_size", "every"):
        given = getattr(arguments, name)
        if given is not None and given < 1:
            raise InputError(f"--{name.replace('_', '-')} must be 1 or more, not {given}.")
    photos = _photos(arguments.content, arguments.size)
    places = _places(list(photos), arguments.out)
    transfer = _transfer(arguments)
    for names in _batches({name: image.shape for name, image in photos.items()}, arguments.batch_size):
        _paint(transfer, {name: photos[name] for name in names}, places, arguments.every)
    print(f"{arguments.out}: {len(photos)} {'picture' if len(photos) == 1 else 'pictures'} painted.")
    return 0


def fast_style(arguments: argparse.Namespace, recipe: Recipe) -> tuple[Callable[[Recipe], Any], dict[str, str]]:
    """What builds the trainer of `toon-train fast-style`, and what identifies its run beside recipe and photographs."""
    from facetoon.training.networks import vgg
    from facetoon.training.trainers import fast_style

    styles = [_read(path, recipe.fast_style.style_px) for path in arguments.style]
    weights = vgg.load_weights(arguments.vgg_weights)
    build = partial(fast_style.FastStyle, weights=weights, styles=styles, shares=arguments.style_weights)
    return build, fast_style.provenance(weights, styles, arguments.style_weights)


def painter(styles: list[Path], vgg_weights: str) -> StyleTransfer:
    """Style transfer as `toon-train stylize` does it by default, from style pictures at their own size."""
    from facetoon.training.networks import vgg
    from facetoon.training.stylize import style_transfer

    pictures = [_read(path, None) for path in styles]
    return style_transfer.StyleTransfer(vgg.load_weights(vgg_weights), pictures, [], style_transfer.Settings())


def _transfer(arguments: argparse.Namespace) -> StyleTransfer:
    from facetoon.training.engine.backend import select_backend

    styles = [_read(path, arguments.style_size or arguments.size) for path in arguments.style]
    select_backend("tensorflow")
    try:
        from facetoon.training.networks import vgg
        from facetoon.training.stylize import style_transfer
    except ModuleNotFoundError as error:
        raise InputError(f"{error.name} is missing: pip install 'facetoon[train]' brings it.") from None
    given = {name: getattr(arguments, name, None) for name in style_transfer.Settings.__dataclass_fields__}
    chosen: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in given.items() if v is not None
    }
    weights = vgg.load_weights(arguments.vgg_weights)
    return style_transfer.StyleTransfer(weights, styles, arguments.style_weights, style_transfer.Settings(**chosen))


def _read(path: Path, longest_px: int | None) -> Image:
    """A picture file as RGB, its longer side `longest_px` or its own; what is transparent becomes white."""
    from facetoon.edge_runtime import pixels

    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    image = pixels.decode_image(data, str(path), over_white=True)
    return pixels.scale_to(image, longest_px) if longest_px else image


def _photos(sources: list[str], longest_px: int) -> dict[str, Image]:
    """Photographs by name, from files, folders and zips."""
    from facetoon.edge_runtime import pixels
    from facetoon.edge_runtime.picture_files import has_picture_suffix
    from facetoon.training.pictures.images import list_pictures

    photos: dict[str, Image] = {}
    for source in sources:
        if has_picture_suffix(source) and not Path(source).is_dir():
            found = {Path(source).stem: _read(Path(source), longest_px)}
        else:
            found = {
                Path(file.member).stem: pixels.scale_to(
                    pixels.decode_image(file.read(), file.name, over_white=True), longest_px
                )
                for file in list_pictures(source)
            }
        if twice := sorted(photos.keys() & found.keys()):
            raise InputError(f"Two photographs are called {twice[0]}: their results would overwrite each other.")
        photos |= found
    return photos


def _places(names: list[str], out: Path) -> dict[str, Path]:
    """Where each result goes; InputError, before any work, when it could not be written."""
    if out.suffix:
        if out.suffix.lower() not in PICTURES:
            raise InputError(f"{out} must be a folder or end in {', '.join(PICTURES)}.")
        if len(names) > 1:
            raise InputError(f"{len(names)} photographs do not fit into one file {out}: name a folder.")
    folder = out.parent if out.suffix else out
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"The folder {folder} cannot be made: {error.strerror}.") from None
    if not os.access(folder, os.W_OK):
        raise InputError(f"The folder {folder} cannot be written to.")
    return {name: out if out.suffix else out / f"{name}.png" for name in names}


def _batches(shapes: dict[str, tuple[int, ...]], size: int) -> list[list[str]]:
    """Names in groups of one shape, at most `size` in each."""
    groups: dict[tuple[int, ...], list[str]] = {}
    for name, shape in shapes.items():
        groups.setdefault(shape, []).append(name)
    return [group[i : i + size] for group in groups.values() for i in range(0, len(group), size)]


def _paint(transfer: StyleTransfer, photos: dict[str, Image], places: dict[str, Path], every: int | None) -> None:
    import numpy as np

    names = list(photos)

    def watch(first: int, step: int, images: Image) -> None:
        if every and step % every == 0:
            for name, image in zip(names[first:], images, strict=False):
                _write(places[name].with_stem(f"{places[name].stem}-step-{step:04d}"), image)

    painted = transfer.paint(np.stack(list(photos.values())), watch if every else None)
    for name, image in zip(names, painted, strict=True):
        _write(places[name], image)


def _write(path: Path, image: Image) -> None:
    """The whole file or none."""
    from facetoon.edge_runtime import pixels

    data = pixels.encode_png(image)
    if path.suffix.lower() != ".png":
        data = pixels.encode_jpeg(pixels.swap_red_blue(image), 92)
    partial_path = path.with_name(path.name + ".partial")
    try:
        partial_path.write_bytes(data)
        os.replace(partial_path, path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from None
