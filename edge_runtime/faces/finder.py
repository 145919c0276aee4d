"""Finds the faces in a stream of frames: a cascade searches every few frames, a small network follows in between.

The cascade is OpenCV's own (Viola and Jones 2001; haarcascade_frontalface_alt2), so the base install needs no foreign
model. It sees only upright frontal faces. The tracker network, trained by this kit, follows faces that tilt, lower or
turn, and measures the roll that aligns the crop.
"""

from __future__ import annotations

import math

import cv2

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.faces.tracker import FaceTracker
from facetoon.edge_runtime.framing import Face
from facetoon.edge_runtime.pixels import Image

# A face runs from hairline to chin, as YuNet's boxes do. Measured against YuNet's boxes on 250 LFW photographs.
HEIGHT_OF_BOX = 1.14
CENTRE_BELOW_BOX = 0.027

SEARCH_PX = 320  # longest side of the cascade's picture: a shorter one is faster and misses small faces
SEARCH_STEP = 1.15  # 1.05 finds the last faces, in 2.5 times the time
SMALLEST_BOX_PX = 26  # in that picture, so a face below 1/11 of the frame's longest side is missed
# The search for small faces. It finds nine in ten faces of just the asked height; with the step and the hits of the
# quick search, two in three.
SMALL_FACE_STEP, SMALL_FACE_HITS = 1.1, 1
SMALL_BOX_PX, SMALL_BOX_PLAY = 24, 0.8  # box of the asked height in the search's picture, smallest box over that
LEAST_FACE_PX = 24  # the cascade's window is 20 px
BELIEVE = 0.5  # face probability below which a track is given up
LARGER = 1.25  # a further face takes the place of the smallest followed face when it is larger by this factor
RIVAL_FRAMES = 8  # for so many frames in a row, so that nobody who walks past is drawn for a moment
STILL = 0.03  # in face heights and radians, twice Smooth.PLAY; a larger value would follow a quick head late


class FaceFinder:
    """Follows up to `max_faces` faces, largest first, from frame to frame. Not thread-safe.

    The cascade searches every `search_every` frames, and every frame while there is no face. A search for small faces
    takes longer, so it is every `search_every` frames in both cases. While `max_faces` faces are followed, it looks
    only for faces that are larger than the smallest of them, which takes a fraction of the time. Such a face takes
    that one's place if it stays larger by LARGER for RIVAL_FRAMES, so two faces of like size never change places to
    and fro.
    """

    def __init__(
        self,
        max_faces: int = 1,
        runtime: str = "litert",
        search_every: int = 15,
        smallest_face_px: float | None = None,
    ) -> None:
        """`runtime` runs the tracker, see `runtimes.RUNTIMES`. Raises InputError when it is not installed.

        `smallest_face_px` is the height in the frame of the smallest face to find, LEAST_FACE_PX or more; see `detect`.
        """
        self._smallest_px = checked_smallest(smallest_face_px)
        folder = cv2.data.haarcascades  # type: ignore[attr-defined]  # missing in OpenCV's own stubs
        self._cascade = cv2.CascadeClassifier(f"{folder}haarcascade_frontalface_alt2.xml")
        self._tracker = FaceTracker(runtime=runtime)
        self.max_faces = max_faces
        """May change between two frames."""
        self.search_every = search_every
        """May change between two frames."""
        self._tracks: list[_Track] = []
        self._rival: _Track | None = None
        self._rival_frames = 0
        self._frame = 0

    def forget(self) -> None:
        """Give up all tracks: the next frame is searched anew."""
        self._tracks, self._rival, self._frame = [], None, 0

    def find(self, frame: Image) -> list[Face]:
        """Return the faces in a BGR uint8 frame (height, width, 3), smoothed over time, largest first."""
        self._tracks = [track for track in self._tracks if track.follow(frame, self._tracker)]
        self._tracks = sorted(self._tracks, key=lambda track: -track.smooth.height_px)[: self.max_faces]
        missing = self.max_faces - len(self._tracks)
        if missing and (not self._tracks or self._frame % self.search_every == 0):
            self._tracks += self._new_tracks(frame)[:missing]
        elif not missing:
            self._watch_rival(frame, self._tracks[-1])
        self._frame += 1
        return sorted((track.smooth for track in self._tracks), key=lambda face: -face.height_px)

    def _watch_rival(self, frame: Image, smallest: _Track) -> None:
        """Look for a face that is clearly larger than the smallest followed one, and let it take that one's place."""
        least_px = LARGER * smallest.smooth.height_px
        if self._rival is None:
            if self._frame % self.search_every == 0:
                self._rival = next(iter(self._new_tracks(frame, least_px)), None)
                self._rival_frames = 0
            return
        stays = self._rival.follow(frame, self._tracker) and self._rival.smooth.height_px > least_px
        if not stays or any(_overlap(self._rival.smooth, track.smooth) for track in self._tracks):
            self._rival = None
            return
        self._rival_frames += 1
        if self._rival_frames == RIVAL_FRAMES:
            self._tracks[-1], self._rival = self._rival, None

    def sees_face(self, frame: Image) -> bool:
        """Whether a search of this BGR frame finds a face that is not followed yet; it follows none."""
        return bool(self._new_tracks(frame))

    def _new_tracks(self, frame: Image, least_px: float = 0.0) -> list[_Track]:
        """Return tracks for the cascade's faces that no track follows and that the tracker confirms, largest first.

        Faces of less than `least_px` are not looked for.
        """
        smallest_px = self._smallest_px if self._frame % self.search_every == 0 else None
        faces = self.detect(
            frame, smallest_face_px=max(smallest_px, least_px) if smallest_px else None, least_px=least_px
        )
        begun = [_Track(face) for face in faces if not any(_overlap(face, track.smooth) for track in self._tracks)]
        # Two looks: the cascade's box is rough, so the second crop is cut at the first look's face.
        seen = [track for track in begun if track.follow(frame, self._tracker) and track.follow(frame, self._tracker)]
        tracks: list[_Track] = []
        # The cascade may find a mouth in a face, or a face in a head with its shoulders: the surest face wins.
        for track in sorted(seen, key=lambda track: -track.probability):
            track.restart()
            if not any(_overlap(track.smooth, other.smooth) for other in (*self._tracks, *tracks)):
                tracks.append(track)
        tracks = [track for track in tracks if track.smooth.height_px > least_px]
        return sorted(tracks, key=lambda track: -track.smooth.height_px)

    def detect(
        self,
        frame: Image,
        step: float = SEARCH_STEP,
        hits: int = 3,
        smallest_face_px: float | None = None,
        least_px: float = 0.0,
    ) -> list[Face]:
        """Run only the cascade: upright faces in a BGR frame, largest first.

        It tries sizes that rise by `step`, and wants more than `hits` overlapping windows at a face. It finds faces
        from 1/11 of the frame's longest side. With `smallest_face_px` it looks for all faces from this height in a
        picture that is large enough for them, with a step and hits of its own. Without it, faces well below
        `least_px` are passed over, which takes less time.
        """
        side_px = SEARCH_PX
        box_px = SMALL_BOX_PLAY * least_px / HEIGHT_OF_BOX
        least = max(round(box_px * min(SEARCH_PX / max(frame.shape), 1)), SMALLEST_BOX_PX)
        if smallest_face_px is not None:
            step, hits = SMALL_FACE_STEP, SMALL_FACE_HITS
            box_px = smallest_face_px / HEIGHT_OF_BOX
            side_px = max(round(max(frame.shape) * SMALL_BOX_PX / box_px), SEARCH_PX)
            least = round(SMALL_BOX_PLAY * box_px * min(side_px / max(frame.shape), 1))
        grey, scale = pixels.to_grey(frame, side_px)
        boxes = self._cascade.detectMultiScale(grey, step, hits, minSize=(least, least))
        faces = [
            Face(
                (x + side / 2) / scale,
                (y + side * (0.5 + CENTRE_BELOW_BOX)) / scale,
                side * HEIGHT_OF_BOX / scale,
            )
            for x, y, side, _ in (map(float, box) for box in boxes)
        ]
        return sorted(faces, key=lambda face: -face.height_px)


def checked_smallest(height_px: float | None) -> float | None:
    """Return the height of the smallest face to find. Raises InputError below LEAST_FACE_PX."""
    if height_px is not None and height_px < LEAST_FACE_PX:
        raise InputError(
            f"Faces of {height_px:g} px are too small to be found; the least height is {LEAST_FACE_PX} px."
        )
    return height_px


class _Track:
    """One face over time: the network's last face, and the smoothed face that the crop follows."""

    def __init__(self, face: Face) -> None:
        self._seen = face
        self.smooth = face
        self.probability = 0.0
        """Of the newest look, 0..1."""
        self.restart()

    def restart(self) -> None:
        """Start the filters again at the network's present face."""
        self._filters = [Smooth() for _ in range(4)]
        self.smooth = self._seen

    def follow(self, frame: Image, tracker: FaceTracker) -> bool:
        """Update the face from a look near its last place; return False when it is gone."""
        tracked = tracker.refine(frame, self._place())
        self.probability = tracked.probability
        if tracked.probability < BELIEVE:
            return False
        self._seen = face = tracked.face
        # Filtering in units of the face's height makes one setting serve near and far faces.
        unit = face.height_px
        x, y, size, roll = self._filters
        self.smooth = Face(
            x.step(face.centre_x_px, unit),
            y.step(face.centre_y_px, unit),
            size.step(face.height_px, unit),
            math.degrees(roll.step(math.radians(face.roll_deg), 1.0)),
        )
        return True

    def _place(self) -> Face:
        """Choose the face to look at: the smoothed face while the seen face is close to it, else the seen face.

        A crop at the last seen face adds a new error to the last one, so a still face wanders: the height of a face of
        130 px changes by 0.1 px a frame. With a crop at the smoothed face it changes by 0.00 to 0.01 px.
        """
        seen, held = self._seen, self.smooth
        moved_px = max(
            math.hypot(seen.centre_x_px - held.centre_x_px, seen.centre_y_px - held.centre_y_px),
            abs(seen.height_px - held.height_px),
        )
        turned = abs(math.radians(seen.roll_deg - held.roll_deg))
        return held if max(moved_px / seen.height_px, turned) < STILL else seen


class OneEuro:
    """The One-Euro filter (Casiez et al. 2012) in frames instead of seconds: steady when slow, prompt when fast.

    `cutoff` is the lowest cut-off in cycles a frame. The filter adds `beta` times the speed in units a frame to it.
    """

    def __init__(self, cutoff: float = 0.02, beta: float = 6.0) -> None:
        self._cutoff = cutoff
        self._beta = beta
        self._value: float | None = None
        self._raw = 0.0
        self._speed = 0.0

    def step(self, raw: float, unit: float) -> float:
        """Add a sample and return the filtered value; `unit` scales the speed."""
        if self._value is None:
            self._value = self._raw = raw
        self._speed += _gain(0.05) * ((raw - self._raw) / unit - self._speed)
        self._raw = raw
        self._value += _gain(self._cutoff + self._beta * abs(self._speed)) * (raw - self._value)
        return self._value


class Smooth:
    """A One-Euro filter and then some play, as in a loose gear: changes within PLAY do not move the held value.

    Without the play a still face trembles by a pixel, and the generator draws it differently in each frame.
    """

    PLAY = 0.015  # in units: a face's height, or a radian

    def __init__(self) -> None:
        self._filter = OneEuro()
        self._held: float | None = None

    def step(self, raw: float, unit: float) -> float:
        """Add a sample and return the held value; see OneEuro.step."""
        value, play = self._filter.step(raw, unit), self.PLAY * unit
        self._held = value if self._held is None else min(max(self._held, value - play), value + play)
        return self._held


def _gain(cutoff: float) -> float:
    """The weight of the newest sample in a first-order low-pass of `cutoff` cycles a frame."""
    return 1.0 / (1.0 + 1.0 / (2 * math.pi * cutoff))


def _overlap(a: Face, b: Face) -> bool:
    distance = math.hypot(a.centre_x_px - b.centre_x_px, a.centre_y_px - b.centre_y_px)
    return distance < 0.6 * max(a.height_px, b.height_px)
