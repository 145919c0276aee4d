"""The pictures that a student learns from: photographs, and the cartoon of each by every teacher."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from facetoon.edge_runtime.errors import InputError
from facetoon.training.drawings.head_mattes import SAME_SHAPE, HeadMattes
from facetoon.training.drawings.network_cartoons import NetworkCartoons
from facetoon.training.drawings.picture_teacher import PictureTeacher
from facetoon.training.guides.guide_networks import FaceSegments
from facetoon.training.pictures.images import ImageSet


def lesson(
    photos: ImageSet, teachers: Sequence[Any], mattes: HeadMattes | None = None, *, hold_skin: bool = False
) -> ImageSet:
    """Return uint8 (n, 1 + teachers, side, side, 3): photographs (n, side, side, 3) and their cartoons.

    With `mattes` there is a fourth channel: of a cartoon the matte of the head in the drawing's shape, of a photograph
    the mask of eyes, brows and mouth.

    A teacher is a Keras model or a PictureTeacher. It sees the whole picture at its own size, a zoom that it was
    trained on. With `hold_skin`, which needs `mattes`, a Keras model's faces are not lighter than the photograph's.
    Photographs without a face for a drawn style are left out.
    """
    side_px = photos.images.shape[1]
    taught = np.empty((len(photos), 1 + len(teachers), side_px, side_px, 4 if mattes else 3), np.uint8)
    taught[:, 0, ..., :3] = photos.images
    if mattes:
        shapes = [getattr(teacher, "shape", SAME_SHAPE) for teacher in teachers]
        taught[..., 3] = mattes.of(photos.images, shapes)
    has_face = np.ones(len(photos), bool)
    for number, teacher in enumerate(teachers, 1):
        if isinstance(teacher, PictureTeacher):
            taught[:, number, ..., :3], faces = teacher.draw(photos.images)
            has_face &= faces
        else:
            segments = FaceSegments(mattes.segments) if mattes and hold_skin else None
            taught[:, number, ..., :3] = NetworkCartoons(teacher, segments).draw(photos.images)
    if has_face.all():
        return dataclasses.replace(photos, images=taught)
    tqdm.write(f"{(~has_face).sum()} of {len(photos)} photographs show no face and are left out.", file=sys.stderr)
    if not has_face.any():
        raise InputError(f"None of {len(photos)} photographs shows a face to all teachers.")
    return dataclasses.replace(photos, images=taught[has_face], source=photos.source[has_face])


def size_px(teacher: Any) -> int:
    """Return the side of the pictures that a teacher takes."""
    return teacher.size_px if isinstance(teacher, PictureTeacher) else NetworkCartoons(teacher).size_px
