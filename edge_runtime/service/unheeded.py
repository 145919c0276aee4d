"""Names the flags that have no effect in a run, so that nothing which was asked for is passed over in silence."""

from __future__ import annotations

import argparse

from facetoon.edge_runtime.playing.playlist import Playlist
from facetoon.edge_runtime.sources.cameras import CameraSource
from facetoon.edge_runtime.sources.source import PictureSource, Source

OUTPUTS = ("record", "pictures", "window", "virtual_camera")
"""The flags of all that shows or keeps frames beside the page."""
SIZE_PX = (640, 480)  # the default of --size


def unheeded(flags: argparse.Namespace, source: Source) -> list[str]:
    """Return a sentence for each flag that is given and has no effect with the others or with this source."""
    is_camera = isinstance(source, CameraSource)
    cases = (
        ("--size", flags.size != SIZE_PX and not is_camera, "the source is no camera"),
        (
            "--rate",
            flags.rate and not isinstance(source, CameraSource | PictureSource | Playlist),
            "the source has its own times",
        ),
        ("--fast", flags.fast and source.live, "a camera gives frames at its own pace"),
        ("--overwrite", flags.overwrite and not flags.record, "there is no --record"),
        ("--overwrite", flags.overwrite and flags.record and flags.record_minutes, "files of --record-minutes go on"),
        ("--record-minutes", flags.record_minutes and not (flags.record or flags.gallery), "there is no --record"),
        ("--record-keep", flags.record_keep and not flags.record_minutes, "there is no --record-minutes"),
        ("--gallery", flags.gallery and flags.headless, "--headless has no page that takes pictures"),
        ("--certificate", flags.certificate and flags.headless, "--headless has no preview"),
        ("--hsts", flags.hsts and flags.headless, "--headless has no preview"),
        ("--keep-days", flags.keep_days and not flags.gallery, "there is no --gallery"),
        ("--keep-mb", flags.keep_mb and not flags.gallery, "there is no --gallery"),
        ("--allow-embed", flags.allow_embed and flags.headless, "--headless has no preview"),
        ("--public-url", flags.public_url and flags.headless, "--headless has no preview"),
        ("--allow-host", flags.allow_host and flags.headless, "--headless has no preview"),
    )
    sentences = [f"{flag} has no effect: {reason}." for flag, applies, reason in cases if applies]
    if flags.headless and not any(getattr(flags, name) for name in OUTPUTS):
        sentences.append("Nothing of this run is kept: --headless is given without --record or --pictures.")
    return sentences
