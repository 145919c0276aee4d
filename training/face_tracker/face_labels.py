"""Labels the faces in the tracker's training pictures with a detector."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.framing import Face, Framing
from facetoon.training.detectors.yunet import LEVEL, detect_around, open_yunet
from facetoon.training.pictures.images import ImageSet

Float = NDArray[np.float32]


@dataclass(frozen=True)
class Known:
    """A labelled face in a picture. `landmarks` are float32 (5, 2), x and y in pixels, in the order of Tracked."""

    face: Face
    landmarks: Float


@dataclass(frozen=True)
class Labelled:
    """Pictures with faces, RGB uint8 (n, side, side, 3), and the faces of each picture, the most central first."""

    images: pixels.Image
    faces: list[list[Known]]


def label(images: ImageSet, detector: Path, margin: float) -> Labelled:
    """Find the faces with YuNet. `margin` is the width of the replicated border, as a share of the side.

    Each face is measured a second time at zero roll, because the detector's box grows with the tilt.
    Raises InputError when no picture shows a face.
    """
    net = open_yunet(detector)
    middle, side = (images.images.shape[1] - 1) / 2, float(images.images.shape[1])
    labels = []
    for image in images.images:
        frame = pixels.swap_red_blue(image)
        tilted = detect_around(net, frame, Face(middle, middle, side), Framing(1 / (1 + 2 * margin), 0.5))
        levelled = [one for rough in tilted[:3] for one in detect_around(net, frame, rough.face, LEVEL)[:1]]
        labels.append([Known(one.face, one.landmarks) for one in levelled if one.landmarks is not None])
    kept = [row for row, faces in enumerate(labels) if faces]
    if not kept:
        raise InputError("The detector found no face in any picture.")
    return Labelled(images.images[kept], [labels[row] for row in kept])
