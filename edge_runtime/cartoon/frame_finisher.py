"""Lays drawn cartoons over their frames: steadied, by their mattes, with the background that was asked for."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import zip_longest

import numpy as np

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.cartoon.background_painter import BackgroundPainter
from facetoon.edge_runtime.cartoon.drawn_head import DrawnFrame, DrawnHead
from facetoon.edge_runtime.cartoon.steady import Steadier
from facetoon.edge_runtime.framing import Face
from facetoon.edge_runtime.pixels import Image, Mask
from facetoon.edge_runtime.timing import StageTimer

AROUND_HEAD = 1.7  # scale of a crop's area that a changed background spares, so that every crop lies inside it


class FrameFinisher:
    """The second half of the Cartoonizer. Not thread-safe; it takes frames in their order."""

    def __init__(self, timer: StageTimer) -> None:
        self._timer = timer
        self._steadier = Steadier()
        self._painter = BackgroundPainter()

    def finish(self, drawn: DrawnFrame) -> Image:
        """Lay the cartoons over the frame, in place, and return it."""
        frame, split = drawn.frame, drawn.settings.split
        before = None if split is None else frame.copy()
        if drawn.begins_scene:
            self._steadier.forget()
        if drawn.settings.mode == "frame":
            _lay_whole(drawn)
        else:
            self._lay_heads(drawn)
        if before is not None and split is not None:
            pixels.split_view(before, frame, split)
        return frame

    def _lay_heads(self, drawn: DrawnFrame) -> None:
        self._steadier.next_frame()
        frame, keeps = drawn.frame, drawn.settings.background == "keep"
        if not drawn.faces or (keeps and not drawn.heads):
            return
        heads = [self._steady(face, head) for face, head in zip(drawn.faces, drawn.heads, strict=False)]
        photograph = frame
        if not keeps:
            photograph = frame.copy()
            with self._timer.stage("background"):
                self._change_background(drawn, photograph, heads)
        for head in heads:
            self._paste(drawn, photograph, head)

    def _steady(self, face: Face, head: DrawnHead) -> DrawnHead:
        with self._timer.stage("steady"):
            matte = head.shares if head.has_matte else None
            cartoon, matte = self._steadier.steady(face, head.crop, head.cartoon, matte)
            shares = head.shares if matte is None else pixels.soft_edge(matte)
            return dataclasses.replace(head, cartoon=cartoon, shares=shares)

    def _paste(self, drawn: DrawnFrame, photograph: Image, head: DrawnHead) -> None:
        """Lay a head over the frame; `photograph` is the frame before any change."""
        settings = drawn.settings
        with self._timer.stage("paste"):
            head = head.matched(settings.colour_match)
            layer = head.layer(settings.strength, settings.background == "keep")
            pixels.paste(drawn.frame, layer, head.matrix, head.slopes(settings.sharpen), photograph)

    def _change_background(self, drawn: DrawnFrame, photograph: Image, heads: Sequence[DrawnHead]) -> None:
        """Change all but the heads, and the squares around heads without a matte."""
        frame, settings = drawn.frame, drawn.settings
        mattes, squares = np.zeros((2, *frame.shape[:2]), np.uint8)
        for face, head in zip_longest(drawn.faces, heads):
            if head is not None and head.has_matte:
                mattes = np.maximum(mattes, pixels.spread(head.shares, head.matrix, frame))
            else:
                squares = np.maximum(squares, _square(drawn, face))
        if settings.background == "cartoon":
            _lay_whole(drawn)
        else:
            self._painter.paint(frame, settings, mattes)
        # At full strength the cartoon alone covers the head, so that no photograph shows through its soft edge.
        pixels.uncover(frame, photograph, squares if settings.strength == 1 else np.maximum(squares, mattes))


def _lay_whole(drawn: DrawnFrame) -> None:
    if drawn.whole is not None:
        drawn.frame[:] = pixels.mix(drawn.frame, drawn.whole, drawn.settings.strength)


def _square(drawn: DrawnFrame, face: Face) -> Mask:
    """Return the shares of a face's surroundings, uint8 (height, width)."""
    near = dataclasses.replace(face, height_px=face.height_px * AROUND_HEAD)
    return pixels.spread(drawn.square, drawn.framing.crop_matrix(near, drawn.square.shape[0]), drawn.frame)
