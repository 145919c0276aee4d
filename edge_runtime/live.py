"""The live loop: four threads with a slot between each two.

    source -> [reader] -> slot -> [drawer] -> slot -> [finisher] -> slot -> [encoder: sinks]

The drawer runs the first half of the Cartoonizer, the finisher the second. A slot holds one frame. From a camera it
keeps the newest frame and counts the frames it drops, so that a slow stage never delays the stage before. From a file
whose every frame counts, it makes the stage before wait. A drawn frame has cost too much to be dropped, so the drawer
always waits for the finisher. OpenCV and the interpreter release Python's lock while they work, so the threads really
run side by side.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from facetoon.edge_runtime.cartoon.cartoonizer import Cartoonizer
from facetoon.edge_runtime.cartoon.drawn_head import DrawnFrame
from facetoon.edge_runtime.cartoon.settings import LiveSettings
from facetoon.edge_runtime.cartoon.turned_look import TurnedLook
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.playing.playback import Playback
from facetoon.edge_runtime.playing.scenes import CutDetector
from facetoon.edge_runtime.playing.slot import Slot
from facetoon.edge_runtime.sinks.guarded import GuardedSink
from facetoon.edge_runtime.sinks.sink import Sink
from facetoon.edge_runtime.sources.source import Source
from facetoon.edge_runtime.timing import RateMeter, StageTimer


@dataclass(frozen=True)
class Frame:
    """A BGR picture with its times."""

    image: Image
    captured_s: float
    """When it was read, in seconds of time.perf_counter."""
    time_s: float
    """Its time in the source, see Source.time_s."""


@dataclass(frozen=True)
class HalfDone:
    """A frame between drawer and finisher."""

    frame: Frame
    drawn: DrawnFrame
    work_s: float


class LiveLoop:
    """Runs source -> cartoonizer -> sinks until the source ends, `frame_limit` is reached, or `stop` is called."""

    LONGEST_READ_S = 0.5
    LONGEST_WORK_S = 30.0
    STALLED_S = 30.0
    """Without a finished frame for so long the loop counts as hanging, here as for systemd's watchdog."""

    def __init__(
        self,
        source: Source,
        cartoonizer: Cartoonizer,
        sinks: Sequence[Sink],
        timer: StageTimer,
        *,
        fast: bool = False,
        frame_limit: int | None = None,
        settings: LiveSettings | None = None,
        turned_look: TurnedLook | None = None,
    ) -> None:
        """`fast` takes every frame of a file, at full speed. Otherwise files play at their own rate.

        Without `settings` the cartoonizer's own apply. The loop closes the source and the sinks in `join`.
        """
        self._source, self._cartoonizer, self._sinks, self._timer = source, cartoonizer, sinks, timer
        self._fast = fast and not source.live
        self._frame_limit, self._turned_look = frame_limit, turned_look
        self._settings = settings or cartoonizer.settings
        self._changing = threading.Lock()
        self._captured: Slot[Frame] = Slot(self._fast)
        self._drawn: Slot[HalfDone] = Slot(lossless=True)
        self._finished: Slot[Frame] = Slot(self._fast)
        self._stopping = threading.Event()
        self._ended = threading.Event()
        self._error: BaseException | None = None
        self._read_all = False
        self._threads = [
            threading.Thread(target=self._guard, args=(work,), name=name, daemon=True)
            for name, work in (
                *(("reader", self._read), ("drawer", self._draw)),
                *(("finisher", self._finish), ("encoder", self._encode)),
            )
        ]
        self.frames_out = 0
        self.frames_with_faces = self.faces_found = 0
        self.work = (0, 0.0)
        """The finished frames, and the seconds of work on them by the slower of drawer and finisher, without waits."""
        self._newest_s = 0.0
        self.output_rate = RateMeter()
        self.started_s = 0.0
        self.first_frame_s: float | None = None
        """Seconds from start to the first finished frame."""

    def start(self) -> None:
        """Start the threads."""
        self.started_s = time.perf_counter()
        for thread in self._threads:
            thread.start()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the end; True once it has come. Signals interrupt it."""
        return self._ended.wait(timeout_s)

    def stop(self) -> None:
        """Ask every thread to end after its current frame."""
        self._stopping.set()
        for slot in (self._captured, self._drawn, self._finished):
            slot.close(discard=True)

    def join(self) -> None:
        """Wait for the end, close source and sinks, and raise the first error of a thread."""
        self._ended.wait()
        reader, *others = self._threads
        for thread in others:  # Python aborts if it ends while a thread returns from OpenCV or LiteRT
            thread.join(self.LONGEST_WORK_S)
        reader.join(self.LONGEST_READ_S)
        if not reader.is_alive():  # a camera with a hanging driver keeps its thread until the process ends
            self._source.close()
        for sink in self._sinks:
            sink.close()
        if self._error is not None:
            raise self._error

    @property
    def settings(self) -> LiveSettings:
        """The settings of the next frame."""
        return self._settings

    def change(self, values: Mapping[str, Any], anew: bool = False) -> LiveSettings:
        """Change some settings from the next frame on, see LiveSettings.patched. Any thread may call it.

        With `anew` all other settings but the model take their defaults. Raises InputError for an unknown key or a bad
        value, and then changes none.
        """
        with self._changing:
            before = LiveSettings(self._settings.model) if anew else self._settings
            self._settings = before.patched(values, self._cartoonizer.styles, self._cartoonizer.faces_only)
            return self._settings

    @property
    def running(self) -> bool:
        """True between start and the end."""
        return self.started_s > 0 and not self._ended.is_set()

    @property
    def faces_skipped(self) -> int:
        """Faces that stayed photographs because the time for their frame was spent."""
        return self._cartoonizer.skipped

    @property
    def losses(self) -> int:
        """Number of times that the camera was lost."""
        return self._source.losses

    @property
    def stalled(self) -> bool:
        """Whether it runs, and no frame was finished for STALLED_S. Frames that say "no video" count as frames."""
        return self.running and time.perf_counter() - max(self._newest_s, self.started_s) > self.STALLED_S

    @property
    def dropped(self) -> int:
        """Frames that were read and never shown."""
        return self._captured.dropped + self._finished.dropped

    def unfinished(self) -> list[str]:
        """Return a sentence on each thing that was asked for and not done, once the loop has ended."""
        sentences = [self._source.fault]
        sentences += [sink.unfinished() for sink in self._sinks if isinstance(sink, GuardedSink)]
        return [sentence for sentence in sentences if sentence]

    def written(self) -> list[str]:
        """Return what was written and where, once the loop has ended."""
        return [words for sink in self._sinks for words in getattr(sink, "written", [])]

    def state(self) -> dict[str, Any]:
        """Return the state for the preview and `/api/state`, as JSON values."""
        stages = self._timer.percentiles()
        return {
            "running": self.running,
            "stalled": self.stalled,
            "ended": self._read_all and not self.running,
            "source": self._source.name,
            "frames": self.frames_out,
            "dropped": self.dropped,
            "losses": self._source.losses,
            "faces": len(self._cartoonizer.faces),
            "hint": self._turned_look.hint if self._turned_look else "",
            "frames_per_second": round(self.output_rate.rate(), 1),
            "stages": {
                name: {"p50_ms": round(p.p50_ms, 2), "p95_ms": round(p.p95_ms, 2)} for name, p in stages.items()
            },
            "outputs": [sink.state() for sink in self._sinks if isinstance(sink, GuardedSink)],
            "settings": self._settings.to_json(),
            "styles": list(self._cartoonizer.styles[self._settings.model]),
            "models": [
                {
                    "name": name,
                    "styles": list(session.styles),
                    "faces_only": list(self._cartoonizer.faces_only[name]),
                    "size_px": session.size_px,
                    "recipe": session.spec.recipe,
                }
                for name, session in self._cartoonizer.models.items()
            ],
        }

    def _guard(self, work: Callable[[], None]) -> None:
        """Run a thread's work. Keep the first error for `join`, and end the other threads after it."""
        try:
            work()
        except BaseException as error:  # re-raised by join
            self._error = self._error or error
            self.stop()
        finally:
            if work == self._encode:
                self._ended.set()

    def _read(self) -> None:
        number = 0
        paces = not (self._fast or self._source.live)
        playback = Playback()
        while not self._stopping.is_set() and number != self._frame_limit:
            start_s = time.perf_counter()
            image = self._source.read()
            if image is None:
                self._read_all = True
                break
            captured_s = time.perf_counter()
            self._timer.add("decode", (captured_s - start_s) * 1000)
            if paces:
                self._stopping.wait(playback.wait_s(self._source.time_s, captured_s))
                captured_s = time.perf_counter()
            self._captured.put(Frame(image, captured_s, self._source.time_s))
            number += 1
        self._captured.close()

    def _draw(self) -> None:
        cuts = CutDetector()
        while (frame := self._captured.take()) is not None:
            start_s = time.perf_counter()
            if self._source.unrelated or cuts.is_cut(frame.image):
                self._cartoonizer.begin_scene()
            settings = self._settings
            drawn = self._cartoonizer.draw(frame.image, settings)
            if self._turned_look and not self._source.unrelated:
                self._turned_look.look(drawn.frame, settings, bool(drawn.faces), frame.time_s)
            self._drawn.put(HalfDone(frame, drawn, time.perf_counter() - start_s))
        self._drawn.close()

    def _finish(self) -> None:
        while (item := self._drawn.take()) is not None:
            start_s = time.perf_counter()
            image = self._cartoonizer.finish(item.drawn)
            self.faces_found += len(item.drawn.faces)
            self.frames_with_faces += bool(item.drawn.faces)
            work_s = max(item.work_s, time.perf_counter() - start_s)
            self.work = (self.work[0] + 1, self.work[1] + work_s)
            self._finished.put(dataclasses.replace(item.frame, image=image))
        self._finished.close()

    def _encode(self) -> None:
        while (frame := self._finished.take()) is not None:
            with self._timer.stage("encode"):
                for sink in self._sinks:
                    sink.write(frame.image, frame.time_s)
            now = time.perf_counter()
            self._timer.add("latency", (now - frame.captured_s) * 1000)
            self.first_frame_s = self.first_frame_s or now - self.started_s
            self._newest_s = now
            self.frames_out += 1
            self.output_rate.tick()
