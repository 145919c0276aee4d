"""`toon-train stylize`: paints photographs in the style of pictures, by optimization (Gatys et al. 2016)."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facetoon.edge_runtime.command_line import add_picture_limit
from facetoon.edge_runtime.errors import InputError
from facetoon.training.engine.backend import started_backend
from facetoon.training.flags.style_flags import add_style

if TYPE_CHECKING:
    from facetoon.edge_runtime.pixels import Image
    from facetoon.training.stylize.picture_jobs import PictureJob
    from facetoon.training.stylize.style_transfer import StyleTransfer

HELP = "paint photographs in a cartoon's style (VGG19)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags. A flag that is left out keeps the default of StyleSettings."""
    add_picture_limit(parser)
    parser.add_argument("--content", nargs="+", required=True, metavar="PICTURE", help="files, folders or zips")
    add_style(parser)
    parser.add_argument("--out", type=Path, required=True, help="a folder, or FILE.png for one picture")
    parser.add_argument("--size", type=int, default=256, metavar="PX", help="longer side (default: %(default)s)")
    parser.add_argument(
        "--style-size", type=int, metavar="PX", help="longer side of the styles (default: --size); scales the brush"
    )
    parser.add_argument("--strength", type=float, help="0 is the photograph, 1 the style (default: 1)")
    parser.add_argument("--layers", nargs="+", metavar="LAYER", help="style layers (default: those of relu1_1, relu2_1 "
                        "... relu5_1 that see no more than the style picture)")  # fmt: skip
    parser.add_argument("--content-layers", nargs="+", metavar="LAYER", help="default: relu3_1 relu4_1")
    parser.add_argument("--content-weight", type=float, help="default: 1")
    parser.add_argument("--style-weight", type=float, help="default: 4")
    parser.add_argument("--tv-weight", type=float, help="total variation; more is smoother (default: 1)")
    parser.add_argument("--steps", type=int, help="default: 200")
    parser.add_argument("--optimizer", choices=("adam", "lbfgs"), help="default: adam")
    parser.add_argument("--colours", choices=("style", "luminance", "match"), help="default: style; luminance keeps "
                        "the photograph's colours, match gives them to the style first")  # fmt: skip
    parser.add_argument("--from-noise", action="store_true", default=None, help="start from noise, not the photograph")
    parser.add_argument("--seed", type=int, help="seed of the noise (default: 1)")
    parser.add_argument("--batch-size", type=int, default=4, help="photographs at once (default: %(default)s)")
    parser.add_argument("--every", type=int, metavar="STEPS", help="also write the pictures after every STEPS steps")


def run(arguments: argparse.Namespace) -> int:
    """Paint every photograph and return exit status 0."""
    from facetoon.training.stylize.picture_jobs import list_jobs, same_shapes

    for name in ("size", "style_size", "batch_size", "every"):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            raise InputError(f"--{name.replace('_', '-')} must be 1 or more, not {value}.")
    jobs = list_jobs(arguments.content, arguments.size, arguments.out)
    transfer = _transfer(arguments)
    for group in same_shapes(jobs, arguments.batch_size):
        _paint(transfer, group, arguments.every)
    print(f"{arguments.out}: {len(jobs)} {'picture' if len(jobs) == 1 else 'pictures'} painted.")
    return 0


def painter(styles: list[Path], vgg_weights: str) -> StyleTransfer:
    """Return style transfer with this command's defaults, for style pictures at their own size."""
    from facetoon.training.networks.vgg_weights import load_weights
    from facetoon.training.stylize import style_transfer
    from facetoon.training.stylize.picture_jobs import read_picture_at
    from facetoon.training.stylize.style_settings import StyleSettings

    pictures = [read_picture_at(path, None) for path in styles]
    return style_transfer.StyleTransfer(load_weights(vgg_weights), pictures, [], StyleSettings())


def _transfer(arguments: argparse.Namespace) -> StyleTransfer:
    from facetoon.training.stylize.picture_jobs import read_picture_at

    styles = [read_picture_at(path, arguments.style_size or arguments.size) for path in arguments.style]
    with started_backend("tensorflow"):
        from facetoon.training.networks.vgg_weights import load_weights
        from facetoon.training.stylize import style_transfer
        from facetoon.training.stylize.style_settings import StyleSettings
    flags = {name: getattr(arguments, name, None) for name in StyleSettings.__dataclass_fields__}
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in flags.items() if value is not None
    }
    weights = load_weights(arguments.vgg_weights)
    return style_transfer.StyleTransfer(weights, styles, arguments.style_weights, StyleSettings(**values))


def _paint(transfer: StyleTransfer, jobs: list[PictureJob], every: int | None) -> None:
    import numpy as np

    def watch(first: int, step: int, images: Image) -> None:
        if every and step % every == 0:
            for job, image in zip(jobs[first:], images, strict=False):
                job.write(image, step)

    painted = transfer.paint(np.stack([job.photo for job in jobs]), watch if every else None)
    for job, image in zip(jobs, painted, strict=True):
        job.write(image)
