"""Fits the weights of toon-train prepare's measurement of a face's turn (training/detectors/turn.py).

    python docs/figures/fit_turn.py --photos photos.zip 'more.zip#*0.jpg' --detector-model yunet.onnx --out turn.npy

YuNet gives the labels. A tenth of the pictures, chosen by content hash, is held out for the final test.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.framing import Face, Framing
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.whole_file import replacing
from facetoon.training.detectors.detector import Detection
from facetoon.training.detectors.turn import FEATURES, TurnGauge
from facetoon.training.detectors.yunet import LEVEL, detect_around, open_yunet
from facetoon.training.pictures.images import falls_to_test, list_pictures
from facetoon.training.recipes.parts import PrepareRecipe

TEST_SHARE = 0.1  # as for the face tracker, so that both hold out the same pictures
CROPS = 3  # crops of each training face, misplaced like the faces of the device's detector
SHIFT, SCALE, ROLL_DEG = 0.03, 0.045, 2.0  # standard deviations: in face heights, as a share of it, in degrees
# Chosen with a third of the training pictures held back. Turned faces are rare, so they have more weight in the fit.
# The ridge shrinks the weights, so STRETCH enlarges them again.
RIDGE, TURNED_COUNTS, STRETCH = 200.0, 500.0, 1.25


def label(frame: Image, net: cv2.FaceDetectorYN) -> Detection | None:
    """Return the face in the middle of a BGR uint8 frame, measured again in a level crop; None when YuNet sees none."""
    side = float(max(frame.shape[:2]))
    middle = Face((frame.shape[1] - 1) / 2, (frame.shape[0] - 1) / 2, side)
    faces = detect_around(net, frame, middle, Framing(0.6, 0.5))
    return next(iter(detect_around(net, frame, faces[0].face, LEVEL)), None) if faces else None


def misplaced(face: Face, random: np.random.Generator) -> Face:
    """Misplace a face at random, as an inexact detector does."""
    x, y = random.normal(0, SHIFT * face.height_px, 2)
    return replace(
        face,
        centre_x_px=face.centre_x_px + float(x),
        centre_y_px=face.centre_y_px + float(y),
        height_px=face.height_px * float(np.exp(random.normal(0, SCALE))),
        roll_deg=face.roll_deg + float(random.normal(0, ROLL_DEG)),
    )


def gather(photos: list[str], yunet: Path) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return features (n, FEATURES), turns in eye distances (n,), and whether the crop's picture is held out (n,)."""
    net, gauge, random = open_yunet(yunet), TurnGauge(np.zeros(FEATURES, np.float32)), np.random.default_rng(1)
    features, turns, held_out = [], [], []
    for file in (file for source in photos for file in list_pictures(source)):
        data = file.read()
        frame = pixels.swap_red_blue(pixels.decode_image(data, file.name))
        detection = label(frame, net)
        if detection is None or detection.turn is None:
            continue
        is_test = falls_to_test(hashlib.sha256(data).hexdigest(), TEST_SHARE)
        for _ in range(1 if is_test else CROPS):
            features.append(gauge.features(frame, misplaced(detection.face, random)))
            turns.append(detection.turn)
            held_out.append(is_test)
    return np.array(features, np.float64), np.array(turns), np.array(held_out)


def ridge(features: NDArray[np.float64], turns: NDArray[np.float64]) -> NDArray[np.float32]:
    """Fit weights (FEATURES,) to features (n, FEATURES) and turns (n,) by ridge regression.

    There is no constant term, because the mirror image of each crop has the opposite features and turn.
    """
    weighted = features * (1 + TURNED_COUNTS * turns**2)[:, np.newaxis]
    weights = np.linalg.solve(weighted.T @ features + RIDGE * np.eye(FEATURES), weighted.T @ turns)
    return (STRETCH * weights).astype(np.float32)


def judge(measured: NDArray[np.float64], turns: NDArray[np.float64], limit: float) -> str:
    """Describe how well the measured turns (n,) agree with YuNet's turns (n,), also about the limit."""
    turned, rejected = np.abs(turns) > limit, np.abs(measured) > limit
    correlation, error = np.corrcoef(measured, turns)[0, 1], np.sqrt(np.mean((measured - turns) ** 2))
    return (
        f"{len(turns)} held-out faces: correlation {correlation:.3f}, error {error:.3f} eye distances (rms). "
        f"Beyond {limit}: {turned.sum()} by YuNet, {(turned & rejected).sum()} of them here too; "
        f"{(rejected & ~turned).sum()} only here."
    )


def main(argv: list[str] | None = None) -> int:
    """Fit the weights, write them, and test them on the held-out faces."""
    parser = argparse.ArgumentParser(
        prog="fit_turn.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", nargs="+", required=True, metavar="SOURCE", help="folders or zips, '#pattern'")
    parser.add_argument("--detector-model", type=Path, required=True, metavar="FILE", help="YuNet as ONNX")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.npy")
    arguments = parser.parse_args(argv)
    cv2.setNumThreads(1)
    try:
        features, turns, held_out = gather(arguments.photos, arguments.detector_model)
    except InputError as error:
        print(f"fit_turn: {error}", file=sys.stderr)
        return 2
    weights = ridge(features[~held_out], turns[~held_out])
    with replacing(arguments.out) as partial:
        np.save(partial, weights)
    print(judge(features[held_out] @ weights, turns[held_out], PrepareRecipe().max_turn))
    return 0


if __name__ == "__main__":
    sys.exit(main())
