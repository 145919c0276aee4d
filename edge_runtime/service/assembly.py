"""Assembles models, source, loop, sinks and recorder from toon-live's flags."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from facetoon.edge_runtime.cartoon.cartoonizer import Cartoonizer
from facetoon.edge_runtime.cartoon.settings import LiveSettings
from facetoon.edge_runtime.cartoon.style_tiles import StyleTiles
from facetoon.edge_runtime.cartoon.turned_look import TurnedLook
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.faces.finder import FaceFinder
from facetoon.edge_runtime.gallery.booth import Booth
from facetoon.edge_runtime.gallery.keepsakes import Album
from facetoon.edge_runtime.gallery.photographer import Photographer
from facetoon.edge_runtime.live import LiveLoop
from facetoon.edge_runtime.pace import Pace
from facetoon.edge_runtime.photos.upload_studio import UploadStudio
from facetoon.edge_runtime.playing.playlist import HeldSource, Playlist
from facetoon.edge_runtime.preview.recorder import SwitchedRecording
from facetoon.edge_runtime.service.reloading import settings_of
from facetoon.edge_runtime.service.unheeded import unheeded
from facetoon.edge_runtime.sessions.runtimes import runtime_beside
from facetoon.edge_runtime.sessions.session import DEFAULT_MODEL, Session, open_session
from facetoon.edge_runtime.sinks.guarded import GuardedSink
from facetoon.edge_runtime.sinks.new_files import refuse_inputs
from facetoon.edge_runtime.sinks.outputs import SequenceSink, VirtualCameraSink, WindowSink
from facetoon.edge_runtime.sinks.recording import open_recording
from facetoon.edge_runtime.sinks.sink import FileSink, PreviewSink, Sink
from facetoon.edge_runtime.sources.cameras import CameraSource
from facetoon.edge_runtime.sources.source import PictureSource, Source, demo_portrait, open_source
from facetoon.edge_runtime.timing import StageTimer

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Assembly:
    """A live loop that is ready to start, with its parts."""

    loop: LiveLoop
    sessions: dict[str, Session]
    timer: StageTimer
    preview: PreviewSink | None
    recorder: SwitchedRecording | None
    booth: Booth
    pace: Pace | None
    frames: int | None
    """Number of frames to read; None where it is unknown."""

    @property
    def session(self) -> Session:
        """The model in use."""
        return self.sessions[self.loop.settings.model]


def assemble(flags: argparse.Namespace, on_quit: Callable[[], None]) -> Assembly:
    """Open everything that the flags name; closing the window calls `on_quit`.

    Raises InputError for a model, source, setting or output that cannot be used.
    """
    read = [*map(Path, flags.source or ()), *(flags.model or ()), flags.config, flags.certificate, flags.key]
    refuse_inputs([flags.record, flags.pictures], read)
    sessions = _open_sessions(flags)
    source = _open_source(flags)
    if isinstance(source, CameraSource):
        log.info(source.details)
    for sentence in unheeded(flags, source):
        log.warning(sentence)
    timer = StageTimer()
    # Pictures have nothing to do with each other, so each is searched.
    search_every = 1 if isinstance(source, PictureSource) else flags.search_every
    finder = FaceFinder(flags.faces, runtime_beside(flags.runtime).name, search_every, flags.smallest_face)
    cartoonizer = Cartoonizer(sessions, finder, timer, budget_ms=flags.budget_ms)
    start = LiveSettings(cartoonizer.settings.model)  # the first style that fits the flags is taken
    settings = start.patched(settings_of(flags), cartoonizer.styles, cartoonizer.faces_only)
    # A headless run without a recording encodes too, so that its figures cover the whole pipeline.
    preview = None if flags.headless and flags.record else PreviewSink()
    album = Album(flags.gallery, flags.keep_days, flags.keep_mb) if flags.gallery else None
    photographer = Photographer(preview, album, lambda: loop.settings.to_json()) if preview and album else None
    cartoonizer.tiles = StyleTiles(sessions, demo_portrait())
    paths = {path.stem: path for path in flags.model or [DEFAULT_MODEL]}
    studio = UploadStudio(paths, lambda: loop.settings, flags.runtime)
    booth = Booth(cartoonizer.tiles, photographer, studio=studio)
    recorder = _recorder(flags, source, photographer)
    sinks = [sink for sink in (preview, *_outputs(flags, source, on_quit), recorder) if sink]
    loop = LiveLoop(
        source,
        cartoonizer,
        sinks,
        timer,
        fast=_reads_fast(flags),
        frame_limit=flags.frames,
        settings=settings,
        turned_look=TurnedLook(finder),
    )
    sizes_px = {name: session.size_px for name, session in sessions.items()}
    pace = Pace(loop, finder, flags.target_fps, sizes_px) if flags.target_fps else None
    frames = source.frames if flags.frames is None else flags.frames
    return Assembly(loop, sessions, timer, preview, recorder, booth, pace, frames)


def _open_source(flags: argparse.Namespace) -> Source:
    """Open the source, or the row of sources, of the flags. A picture stays while the page shows it."""
    openers = [partial(open_source, text, flags.size, flags.rate) for text in flags.source or ["demo"]]
    if flags.loop or len(openers) > 1:
        return Playlist(openers, flags.loop)
    source = openers[0]()
    is_written = flags.record or flags.pictures or flags.frames
    is_picture = isinstance(source, PictureSource) and source.frames == 1
    return HeldSource(source) if is_picture and not is_written and not _reads_fast(flags) else source


def _open_sessions(flags: argparse.Namespace) -> dict[str, Session]:
    """Open every model of the flags, by its file's name."""
    sessions: dict[str, Session] = {}
    for path in flags.model or [DEFAULT_MODEL]:
        if path.stem in sessions:
            raise InputError(f"Two models are called {path.stem}: rename one of the files, to tell them apart.")
        sessions[path.stem] = open_session(path, flags.runtime, flags.threads)
    return sessions


def _reads_fast(flags: argparse.Namespace) -> bool:
    """Whether a file is processed at full speed. A loop without a page plays for another screen, at its own pace."""
    return bool(flags.fast or (flags.headless and not flags.loop))


def _outputs(flags: argparse.Namespace, source: Source, on_quit: Callable[[], None]) -> list[Sink]:
    """Open every sink beside the preview; there may be several."""
    # A film that nobody watches is read for its outputs alone: it ends when one fails.
    guarded = partial(GuardedSink, on_failure=on_quit if flags.headless and not source.live else None)
    sinks: list[Sink] = []
    if flags.record:
        sinks.append(guarded(f"the recording {flags.record}", partial(_recording, flags, source)))
    if flags.pictures:
        sinks.append(guarded(f"the folder {flags.pictures}", partial(SequenceSink, flags.pictures)))
    if flags.virtual_camera:
        sinks.append(VirtualCameraSink(source.rate_hz))
    if flags.window:
        sinks.append(WindowSink(on_quit))
    return sinks


def _recording(flags: argparse.Namespace, source: Source) -> FileSink:
    minutes, keep = flags.record_minutes, flags.record_keep
    return open_recording(flags.record, source.rate_hz, minutes, keep, source.sound, flags.overwrite)


def _recorder(flags: argparse.Namespace, source: Source, photographer: Photographer | None) -> SwitchedRecording | None:
    """The recording of the page's Record button; None without --gallery."""
    if photographer is None:
        return None
    open_file = partial(
        open_recording,
        rate_hz=source.rate_hz,
        minutes=flags.record_minutes,
        keep=flags.record_keep,
        sound=source.sound,
    )
    return SwitchedRecording(lambda: photographer.album.new_path(photographer.style, "mp4"), open_file)
