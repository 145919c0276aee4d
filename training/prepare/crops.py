"""Turns a picture file into scored crops, or a reason to reject it. The result depends on the file's bytes alone."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field, replace
from typing import Any

import cv2
import numpy as np

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.framing import Face, Framing
from facetoon.edge_runtime.pixels import Image
from facetoon.training.detectors.detector import Detection, Detector
from facetoon.training.detectors.profiles import ProfileFinder
from facetoon.training.pictures.images import PictureFile
from facetoon.training.prepare.near_duplicates import perceptual_hash
from facetoon.training.recipes.parts import PrepareRecipe

SCORED_PX = 128  # crops are scored at this size, whatever their size in the data set
MAX_FILE_BYTES = 300_000_000  # refuses zip bombs; a camera's pictures are far smaller


@dataclass(frozen=True)
class Crop:
    """The result for one face, or for a picture that is taken whole."""

    reason: str = ""
    """The reason to reject it; empty when it is kept."""
    box: tuple[float, float, float, float] | None = None
    """The face's centre x, y and height in pixels of the picture, and its roll in degrees."""
    scores: dict[str, float] = field(default_factory=dict)
    """Any of probability, turn, cut, outside, sharpness, brightness, contrast, chroma, red, green, blue."""
    phash: str = ""
    """The perceptual hash: 256 bits, hexadecimal."""
    name: str = ""
    """Name of the written file; empty when none was written."""
    size_bytes: int = 0
    """Size of the written file; another size on the disk shows that the file was cut short."""


@dataclass(frozen=True)
class Record:
    """The result for one input file: one line of the journal."""

    domain: str
    file: PictureFile
    sha256: str = ""
    phash: str = ""
    """Hash of the whole picture. It reveals a copy even if the detector placed the crop slightly differently."""
    width_px: int = 0
    height_px: int = 0
    reason: str = ""
    """The reason why there is no crop; empty when there are crops."""
    detail: str = ""
    crops: tuple[Crop, ...] = ()

    @staticmethod
    def from_json(values: dict[str, Any]) -> Record:
        """Rebuild a record from the values of `dataclasses.asdict`."""
        crops = [{**c, "box": None if c["box"] is None else tuple(c["box"])} for c in values["crops"]]
        return Record(
            **{**values, "file": PictureFile(**values["file"]), "crops": tuple(Crop(**crop) for crop in crops)}
        )


@dataclass(frozen=True)
class Cropper:
    """Crops and scores the pictures of one domain. Without a `detector` it takes pictures whole."""

    domain: str
    settings: PrepareRecipe
    detector: Detector | None
    framed: bool = False
    """Whether pictures are face crops already. Then the face is measured at its expected place, and nothing is cut."""
    profiles: ProfileFinder | None = None
    """Searches pictures in which the detector finds nothing. None for a detector that finds profiles itself."""

    def crop(self, file: PictureFile) -> tuple[Record, list[bytes]]:
        """Return the record of a file, and the PNG bytes of its kept crops in the order of their names."""
        record = Record(self.domain, file)
        try:
            record, image = self._read(record)
        except InputError as error:
            return replace(record, reason="unreadable", detail=str(error)), []
        except MemoryError:
            return replace(record, reason="too large", detail="memory ran out"), []
        if image is None:
            return record, []
        reason, cut = self._cut(image)
        crops, files = [], []
        for number, (crop, picture) in enumerate(cut):
            if not crop.reason and not self.framed:
                files.append(pixels.encode_png(picture))
                name = f"{record.sha256[:20]}-{number}.png"
                crop = replace(crop, name=name, size_bytes=len(files[-1]))
            crops.append(crop)
        return replace(record, reason=reason, crops=tuple(crops)), files

    def _read(self, record: Record) -> tuple[Record, Image | None]:
        """Return the record with hash and size, and the RGB picture; None for one that is too large or too small."""
        if record.file.size_bytes > MAX_FILE_BYTES:
            return replace(record, reason="too large", detail=f"{record.file.size_bytes} bytes"), None
        data = record.file.read()
        record = replace(record, sha256=hashlib.sha256(data).hexdigest())
        reduce, header = 1, pixels.picture_size(data)
        if header:
            width, height, shrinks = header
            record = replace(record, width_px=width, height_px=height)
            reduce = self._reduction(width * height, shrinks)
            if not reduce:
                megapixels = f"{width * height / 1e6:.0f} megapixels"
                return replace(record, reason="too large", detail=megapixels), None
        if pixels.is_animated(data):
            record = replace(record, detail="animated; only the first frame is taken")
        image = pixels.decode_image(data, record.file.name, reduce)
        record = replace(record, width_px=image.shape[1] * reduce, height_px=image.shape[0] * reduce)
        if min(image.shape[:2]) < self.settings.min_side_px:
            return replace(record, reason="too small"), None
        grey, _ = pixels.to_grey(pixels.swap_red_blue(pixels.resize(image, SCORED_PX, SCORED_PX)), SCORED_PX)
        return replace(record, phash=perceptual_hash(grey)), image

    def _reduction(self, count: int, shrinks: bool) -> int:
        """Return the divisor of both sides that brings the picture within the limit; 0 when none does."""
        for reduce in (1, 2, 4, 8) if shrinks else (1,):
            if count / reduce**2 <= self.settings.max_megapixels * 1e6:
                return reduce
        return 0

    def _cut(self, image: Image) -> tuple[str, list[tuple[Crop, Image]]]:
        """Return a reason why there are no crops, or an empty reason and the crops with their pixels."""
        if self.detector is None:
            return self._whole(image)
        return self._framed(image, self.detector) if self.framed else self._faces(image, self.detector)

    def _framed(self, image: Image, detector: Detector) -> tuple[str, list[tuple[Crop, Image]]]:
        """Score a picture that is a crop already. Search the face at the framing's place first, then anywhere."""
        s, side = self.settings, min(image.shape[:2])
        if max(image.shape[:2]) > s.max_elongation * side:
            return "not square", []
        picture = pixels.square(image, SCORED_PX)
        nominal = Face(SCORED_PX / 2 - 0.5, SCORED_PX * s.face_centre_y - 0.5, SCORED_PX * s.face_height)
        frame = pixels.swap_red_blue(picture)
        face = detector.look(frame, nominal) or next(iter(detector.detect(frame)), None)
        if face is None or face.probability < s.believe:
            return self._faceless(frame), []
        crop = self._scored(face, picture, picture, np.eye(2, 3, dtype=np.float32))
        # Tight crops may cut the hair and chin. The limit is in pixels of the file.
        too_small = face.face.height_px * side / SCORED_PX < s.min_face_px
        return "", [(replace(crop, reason="face too small" if too_small else crop.reason), picture)]

    def _whole(self, image: Image) -> tuple[str, list[tuple[Crop, Image]]]:
        height, width = image.shape[:2]
        if max(height, width) > self.settings.max_elongation * min(height, width):
            return "not square", []
        picture = pixels.square(image, self.settings.size_px)
        crop = score(Crop(), picture, Framing(1.0, 0.5))
        return "", [(replace(crop, reason=self._picture_fault(crop.scores)), picture)]

    def _faces(self, image: Image, detector: Detector) -> tuple[str, list[tuple[Crop, Image]]]:
        frame = pixels.swap_red_blue(image)
        faces = [face for face in detector.detect(frame) if face.probability >= self.settings.believe]
        if not faces:
            return self._faceless(frame), []
        largest_px = faces[0].face.height_px
        faces = [face for face in faces if face.face.height_px >= self.settings.other_face * largest_px]
        if self.settings.faces == "single" and len(faces) > 1:
            return "several faces", []
        if self.settings.faces != "all":
            faces = faces[:1]
        return "", [self._face(image, face) for face in faces]

    def _faceless(self, frame: Image) -> str:
        """Return the reason for a picture in which the detector found no face."""
        return "profile" if self.profiles and self.profiles.hits(frame) >= self.settings.profile_hits else "no face"

    def _face(self, image: Image, detection: Detection) -> tuple[Crop, Image]:
        s = self.settings
        matrix = Framing(s.face_height, s.face_centre_y).crop_matrix(detection.face, s.size_px)
        picture = pixels.warp(image, matrix, s.size_px)
        return self._scored(detection, picture, image, matrix), picture

    def _scored(self, detection: Detection, picture: Image, image: Image, matrix: np.ndarray) -> Crop:
        """Return the crop `picture`, which `matrix` cut from `image` around a face, with scores and reason."""
        s, face = self.settings, detection.face
        box = (face.centre_x_px, face.centre_y_px, face.height_px, face.roll_deg)
        crop = score(Crop(box=_rounded(box)), picture, Framing(s.face_height, s.face_centre_y))
        scores = {
            "probability": round(detection.probability, 4),
            "cut": round(_cut_share(face, image), 3),
            "outside": round(_outside_share(matrix, picture.shape[0], image), 3),
            **({} if detection.turn is None else {"turn": round(detection.turn, 3)}),
            **crop.scores,
        }
        return replace(crop, scores=scores, reason=self._face_fault(detection, scores))

    def _face_fault(self, detection: Detection, scores: dict[str, float]) -> str:
        """Return the first reason to reject a face, or an empty string."""
        s, face = self.settings, detection.face
        if not self.framed and face.height_px < s.min_face_px:
            return "face too small"
        if scores["cut"] > s.max_cut:
            return "face cut by the border"
        if detection.turn is not None and abs(detection.turn) > s.max_turn:
            return "profile"
        if abs(face.roll_deg) > s.max_roll_deg:
            return "strongly rolled"
        if scores["outside"] > s.max_outside:
            return "too near the border"
        return self._picture_fault(scores)

    def _picture_fault(self, scores: dict[str, float]) -> str:
        s = self.settings
        if scores["brightness"] < s.min_brightness:
            return "too dark"
        if scores["brightness"] > s.max_brightness:
            return "too bright"
        if scores["contrast"] < s.min_contrast:
            return "too little contrast"
        return "blurred" if self.detector is not None and scores["sharpness"] < s.min_sharpness else ""


def score(crop: Crop, picture: Image, framing: Framing) -> Crop:
    """Add the perceptual hash and the scores to `crop`.

    `picture` is uint8 (side, side, 3) RGB; `framing` gives the part of it that the face fills.
    """
    small = pixels.resize(picture, SCORED_PX, SCORED_PX)
    grey, _ = pixels.to_grey(pixels.swap_red_blue(small), SCORED_PX)
    top = max(round((framing.face_centre_y - framing.face_height / 2) * SCORED_PX), 0)
    bottom = min(round((framing.face_centre_y + framing.face_height / 2) * SCORED_PX), SCORED_PX)
    half = round(framing.face_height * 0.36 * SCORED_PX)  # faces are about 0.72 as wide as high
    inner = (slice(top, bottom), slice(SCORED_PX // 2 - half, SCORED_PX // 2 + half))
    face = grey[inner].astype(np.float32)
    chroma = small.max(2).astype(np.int16) - small.min(2)
    edges = cv2.Laplacian(face, cv2.CV_32F)
    contrast = float(face.std())
    red, green, blue = (float(value) for value in small[inner].mean((0, 1)))
    scores = {
        "sharpness": float(edges.std()) / max(contrast, 1.0),
        "brightness": float(face.mean()),
        "contrast": contrast,
        "chroma": float(np.percentile(chroma, 95)),
        "red": red,
        "green": green,
        "blue": blue,
    }
    return replace(crop, phash=perceptual_hash(grey), scores={name: round(v, 3) for name, v in scores.items()})


def _rounded(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    x, y, height, roll = (round(value, 2) for value in box)
    return x, y, height, roll


def _cut_share(face: Face, image: Image) -> float:
    """Return the share of the face's outline (an ellipse) that lies outside the picture."""
    angle = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    across, along = 0.36 * face.height_px * np.cos(angle), 0.5 * face.height_px * np.sin(angle)
    roll = math.radians(face.roll_deg)
    x = face.centre_x_px + across * math.cos(roll) - along * math.sin(roll)
    y = face.centre_y_px + across * math.sin(roll) + along * math.cos(roll)
    return float(_is_outside(x, y, image).mean())


def _outside_share(matrix: np.ndarray, size_px: int, image: Image) -> float:
    """Return the share of the crop that lies outside the picture."""
    axis = (np.arange(16) + 0.5) * size_px / 16
    x, y = np.meshgrid(axis, axis)
    points = np.stack([x.ravel(), y.ravel(), np.ones(256)]).T @ matrix.T
    return float(_is_outside(points[:, 0], points[:, 1], image).mean())


def _is_outside(x: np.ndarray, y: np.ndarray, image: Image) -> np.ndarray:
    height, width = image.shape[:2]
    return (x < -0.5) | (y < -0.5) | (x > width - 0.5) | (y > height - 0.5)
