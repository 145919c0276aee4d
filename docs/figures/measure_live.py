"""The live cartoonizer's figures here, beside what they must reach: python docs/figures/measure_live.py --model FILE

Each round, of a film of 640x480 with one face (the demo, or --film brought to that size): the film read as fast as it
can be worked on; played in real time; the endless demo as fast as it goes, watched by nobody and by ten viewers, one of
whom takes nothing, in turns; and a still frame of the film under noise, whose cartoon flickers more or less than the
video. The viewers run on the same processors and are part of what they cost. The bars are for two idle x86-64 cores and
a 128 px model; the machine's load is printed.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import cv2
import numpy as np
from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.cartoon.cartoonizer import Cartoonizer
from facetoon.edge_runtime.faces.finder import FaceFinder
from facetoon.edge_runtime.sessions.session import DEFAULT_MODEL, open_session
from facetoon.edge_runtime.sources.source import open_source
from facetoon.edge_runtime.timing import StageTimer

SIZE_PX = (640, 480)
VIEWERS = 10
NOISE_LEVELS = 3.0  # of a webcam in a lit room
BARS = {
    "capture to encode p95, ms": "< 40",
    "film as fast as possible, frames/s": ">= 90",
    "all but inference p50, ms": "< 8",
    "ten viewers cost, %": "< 10",
    "flicker, cartoon to video": "<= 1.5",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL)
    parser.add_argument("--film", default="demo", help="video with one face (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement (default: %(default)g)")
    arguments = parser.parse_args()
    model, seconds = str(arguments.model), arguments.seconds
    figures: dict[str, list[float]] = {name: [] for name in [*BARS, "inference p50, ms", "frames/s unwatched"]}
    with tempfile.TemporaryDirectory() as folder:
        film = make_film(Path(folder) / "film.mp4", arguments.film, frames=round(30 * (seconds + 5)))
        still = open_source(str(film)).read()
        for number in range(arguments.rounds):
            figures["film as fast as possible, frames/s"].append(film_rate(model, film))
            stages = stages_of_play(model, film, seconds)
            figures["capture to encode p95, ms"].append(stages["latency"]["p95_ms"])
            figures["inference p50, ms"].append(stages["infer"]["p50_ms"])
            around = {name: times["p50_ms"] for name, times in stages.items() if name not in ("infer", "latency")}
            figures["all but inference p50, ms"].append(sum(around.values()))
            print(f"round {number + 1}, p50 ms: " + ", ".join(f"{name} {ms:.2f}" for name, ms in around.items()))
            alone, watched_by_ten = rates(model, seconds, watched_first=number % 2 == 1)
            figures["frames/s unwatched"].append(alone)
            figures["ten viewers cost, %"].append(100 * (1 - watched_by_ten / alone))
            figures["flicker, cartoon to video"].append(flicker(arguments.model, still, seed=number))
    load = " ".join(f"{load:.1f}" for load in os.getloadavg())
    print(f"{arguments.model.name}, {os.cpu_count()} cores, load {load}\n")
    print("| | must reach | least | median | most |\n|---|---|---|---|---|")
    for name, values in figures.items():
        told = " | ".join(f"{value:.2f}" for value in (min(values), statistics.median(values), max(values)))
        print(f"| {name} | {BARS.get(name, '')} | {told} |")


def make_film(path: Path, source_name: str, frames: int) -> Path:
    """`frames` frames of the source at 30 a second, from the beginning again where it ends."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 30.0, SIZE_PX)
    while frames:
        source = open_source(source_name)
        while frames and (frame := source.read()) is not None:
            writer.write(pixels.fit(frame, *SIZE_PX))
            frames -= 1
        source.close()
    writer.release()
    return path


def film_rate(model: str, film: Path) -> float:
    command = [sys.executable, "-m", "facetoon.edge_runtime", "--model", model, "--source", str(film), "--headless"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(re.search(r"([\d.]+) frames/s", done.stdout)[1])


def stages_of_play(model: str, film: Path, seconds: float) -> dict:
    with live(model, "--source", str(film)) as url:
        time.sleep(seconds)
        told = state(url)
    if told["faces"] != 1:
        sys.exit(f"The film must show one face all the time; {told['faces']} are in it after {seconds:g} seconds.")
    return told["stages"]


def rates(model: str, seconds: float, watched_first: bool) -> tuple[float, float]:
    """Frames a second of the endless demo as fast as it goes: unwatched, and watched by ten."""
    found = {}
    with live(model, "--fast") as url:
        for watching in (watched_first, not watched_first):
            with watched(url) if watching else contextlib.nullcontext():
                found[watching] = rate(url, seconds)
    return found[False], found[True]


def flicker(model: Path, still: np.ndarray, seed: int, frames: int = 60, settled: int = 20) -> float:
    """Mean change from frame to frame in the middle of the aligned crop: the cartoon's, over the noisy video's."""
    random = np.random.default_rng(seed)
    session = open_session(model)
    cartoonizer = Cartoonizer(session, FaceFinder(), StageTimer())
    video, cartoons = [], []
    for _ in range(frames):
        noisy = np.uint8(np.clip(np.rint(still + random.normal(0, NOISE_LEVELS, still.shape)), 0, 255))
        video.append(noisy)
        cartoons.append(cartoonizer.process(noisy.copy()))
    matrix = session.spec.framing.crop_matrix(cartoonizer.faces[0], session.size_px)
    middle = slice(session.size_px // 4, -session.size_px // 4)

    def change(pictures: list[np.ndarray]) -> float:
        crops = [pixels.warp(picture, matrix, session.size_px)[middle, middle] for picture in pictures[settled:]]
        return float(np.mean([cv2.absdiff(a, b).mean() for a, b in itertools.pairwise(crops)]))

    return change(cartoons) / change(video)


@contextlib.contextmanager
def live(model: str, *flags: str):
    command = [sys.executable, "-m", "facetoon.edge_runtime", "--model", model, "--port", "0", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield re.search(r"http://[^\s/]+", process.stdout.readline())[0]
        finally:
            process.send_signal(signal.SIGTERM)


def state(url: str) -> dict:
    with urllib.request.urlopen(f"{url}/api/state", timeout=10) as answer:
        return json.load(answer)


def rate(url: str, seconds: float) -> float:
    time.sleep(1)  # what just began or ended is over
    frames, start_s = state(url)["frames"], time.monotonic()
    time.sleep(seconds)
    return (state(url)["frames"] - frames) / (time.monotonic() - start_s)


@contextlib.contextmanager
def watched(url: str):
    host, _, port = url.removeprefix("http://").partition(":")
    lines = [socket.create_connection((host, int(port))) for _ in range(VIEWERS)]
    for line in lines:
        line.sendall(f"GET /stream.mjpg HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    threads = [threading.Thread(target=swallow, args=(line,)) for line in lines[1:]]  # the first takes nothing
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for line in lines:
            with contextlib.suppress(OSError):  # the stalled one was let go
                line.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()
        for line in lines:
            line.close()


def swallow(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while line.recv(1 << 18):
            pass


if __name__ == "__main__":
    main()
