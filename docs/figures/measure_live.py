"""Measures the live cartoonizer on this machine, and prints its figures and their bars.

    python docs/figures/measure_live.py --model FILE

Every round uses a film of 640x480 with one face: the demo, or --film scaled to that size. A round measures
- the film, processed as fast as possible;
- the film, played in real time;
- the endless demo as fast as possible, alternately without viewers and with ten, one of whom reads nothing;
- a still frame with noise: the flicker of its cartoon, divided by the flicker of the video;
- the endless demo at its 30 frames/s with a gallery: the longest of 20 photos, from the request to the file, and the
  gallery's page, list and first thumbnails, which must be drawn.
The viewers run on the same processors and are a part of their own cost. The bars are for two idle x86-64 cores and a
128 px model. The load of the machine is printed.
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
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.cartoon.cartoonizer import Cartoonizer
from facetoon.edge_runtime.faces.finder import FaceFinder
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sessions.session import DEFAULT_MODEL, open_session
from facetoon.edge_runtime.sources.source import open_source
from facetoon.edge_runtime.timing import StageTimer

SIZE_PX = (640, 480)
RATE_HZ = 30.0
VIEWERS = 10
NOISE_LEVELS = 3.0  # standard deviation, like a webcam's in a lit room
PHOTOS = 20
SETTLED = 20  # noisy frames before the flicker is measured
START_UP_S = 300.0  # the longest that a busy machine may take to show the first frame
BARS = {
    "capture to encode p95, ms": "< 40",
    "film as fast as possible, frames/s": ">= 90",
    "all but inference p50, ms": "< 8",
    "ten viewers cost, %": "< 10",
    "flicker, cartoon to video": "<= 1.5",
    "photo, request to file, ms": "< 150",
    "gallery opens, s": "< 1",
    "opening the gallery costs, %": "< 5",
}


def main(argv: Sequence[str] | None = None) -> None:
    """Measure the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=DEFAULT_MODEL)
    parser.add_argument("--film", default="demo", help="video with one face (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8.0, help="length of each measurement (default: %(default)g)")
    parser.add_argument(
        "--spare", type=float, default=5.0, metavar="S", help="film after each measurement (default: %(default)g)"
    )
    parser.add_argument(
        "--noisy-frames", type=int, default=60, metavar="N", help="flicker frames (default: %(default)s)"
    )
    gallery_help = "photos in the gallery (default: %(default)s)"
    parser.add_argument("--gallery", type=int, default=5000, metavar="N", help=gallery_help)
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        frames = round(RATE_HZ * (arguments.seconds + arguments.spare))
        film = make_film(Path(folder) / "film.mp4", arguments.film, frames)
        rounds = [
            measure_round(arguments.model, film, arguments.seconds, arguments.noisy_frames, number)
            | booth(arguments.model, arguments.seconds, arguments.gallery)
            for number in range(arguments.rounds)
        ]
    load = " ".join(f"{load:.1f}" for load in os.getloadavg())
    print(f"{arguments.model.name}, {os.cpu_count()} cores, load {load}\n")
    print("| | must reach | least | median | most |\n|---|---|---|---|---|")
    for name in [*BARS, "inference p50, ms", "frames/s unwatched"]:
        values = [figures[name] for figures in rounds]
        columns = " | ".join(f"{value:.2f}" for value in (min(values), statistics.median(values), max(values)))
        print(f"| {name} | {BARS.get(name, '')} | {columns} |")


def measure_round(model: Path, film: Path, seconds: float, noisy_frames: int, number: int) -> dict[str, float]:
    """Measure the figures of one round, by name."""
    as_fast_as_possible = film_rate(model, film)
    stages = stages_of_play(model, film, seconds)
    around = {name: times["p50_ms"] for name, times in stages.items() if name not in ("infer", "latency")}
    print(f"round {number + 1}, p50 ms: " + ", ".join(f"{name} {ms:.2f}" for name, ms in around.items()))
    alone, watched_by_ten = rates(model, seconds, watched_first=number % 2 == 1)
    source = open_source(str(film))
    with contextlib.closing(source):
        still = source.read()
    assert still is not None
    return {
        "film as fast as possible, frames/s": as_fast_as_possible,
        "capture to encode p95, ms": stages["latency"]["p95_ms"],
        "inference p50, ms": stages["infer"]["p50_ms"],
        "all but inference p50, ms": sum(around.values()),
        "frames/s unwatched": alone,
        "ten viewers cost, %": 100 * (1 - watched_by_ten / alone),
        "flicker, cartoon to video": flicker(model, still, noisy_frames, seed=number),
    }


def make_film(path: Path, source_name: str, frames: int) -> Path:
    """Write a film of this many frames from the source, which is repeated as needed."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), RATE_HZ, SIZE_PX)
    while frames:
        source = open_source(source_name)
        while frames and (frame := source.read()) is not None:
            writer.write(pixels.fit(frame, *SIZE_PX))
            frames -= 1
        source.close()
    writer.release()
    return path


def film_rate(model: Path, film: Path) -> float:
    """Measure frames a second of the film, processed as fast as possible."""
    command = [sys.executable, "-m", "facetoon.edge_runtime", "--model", str(model), "--source", str(film)]
    done = subprocess.run([*command, "--headless"], capture_output=True, text=True, check=True)
    match = re.search(r"([\d.]+) frames/s", done.stdout)
    if match is None:
        sys.exit(f"toon-live prints no rate: {done.stdout}")
    return float(match[1])


def stages_of_play(model: Path, film: Path, seconds: float) -> dict[str, dict[str, float]]:
    """Measure times in ms by stage while the film plays in real time, `seconds` after its first frame."""
    with live(model, "--source", str(film)) as url:
        time.sleep(seconds)
        now = state(url)
    if now["faces"] != 1:
        sys.exit(f"The film must always show one face; after {seconds:g} seconds it shows {now['faces']}.")
    stages: dict[str, dict[str, float]] = now["stages"]
    return stages


def rates(model: Path, seconds: float, watched_first: bool) -> tuple[float, float]:
    """Measure frames a second of the endless demo as fast as possible: without viewers, and with ten."""
    rate_by_watched = {}
    with live(model, "--fast") as url:
        for is_watched in (watched_first, not watched_first):
            with watched(url) if is_watched else contextlib.nullcontext():
                rate_by_watched[is_watched] = rate(url, seconds)
    return rate_by_watched[False], rate_by_watched[True]


def flicker(model: Path, still: Image, frames: int, seed: int) -> float:
    """Measure the mean change from frame to frame in the middle of the aligned crop: the cartoon's over the video's.

    `still` is BGR uint8 (h, w, 3). The first SETTLED of the frames do not count.
    """
    random = np.random.default_rng(seed)
    session = open_session(model)
    cartoonizer = Cartoonizer(session, FaceFinder(), StageTimer())
    video, cartoons = [], []
    for _ in range(frames):
        noise = random.normal(0, NOISE_LEVELS, still.shape)
        noisy = np.clip(np.rint(still + noise), 0, 255).astype(np.uint8)
        video.append(noisy)
        cartoons.append(cartoonizer.process(noisy.copy()))
    matrix = session.spec.framing.crop_matrix(cartoonizer.faces[0], session.size_px)
    middle = slice(session.size_px // 4, -session.size_px // 4)

    def change(pictures: list[Image]) -> float:
        crops = [pixels.warp(picture, matrix, session.size_px)[middle, middle] for picture in pictures[SETTLED:]]
        return float(np.mean([cv2.absdiff(a, b).mean() for a, b in itertools.pairwise(crops)]))

    return change(cartoons) / change(video)


def booth(model: Path, seconds: float, pictures: int) -> dict[str, float]:
    """Measure photos and a gallery of so many pictures, while the demo plays at its own rate."""
    with tempfile.TemporaryDirectory() as folder, live(model, "--gallery", folder) as url:
        photo_s = max(seconds_of(url, "/api/photo", b"{}") for _ in range(PHOTOS))
        photo = next(Path(folder).glob("*.jpg"))
        for number in range(pictures - PHOTOS):
            os.link(photo, photo.with_name(f"20260101-{number:06}_demo_{number:022}.jpg"))
        alone = rate(url, seconds)
        with ThreadPoolExecutor() as pool:
            opened = pool.submit(rate, url, seconds)
            time.sleep(1)  # until the rate is measured
            gallery_s = open_gallery(url)
        costs = 100 * (1 - opened.result() / alone)
    return {
        "photo, request to file, ms": 1000 * photo_s,
        "gallery opens, s": gallery_s,
        "opening the gallery costs, %": costs,
    }


def open_gallery(url: str) -> float:
    """Measure seconds for all that a browser asks for, one after another."""
    start_s = time.monotonic()
    seconds_of(url, "/gallery")
    with urllib.request.urlopen(f"{url}/api/gallery", timeout=START_UP_S) as answer:
        entries = json.load(answer)["entries"]
    for entry in entries:
        seconds_of(url, f"/gallery/{entry['name']}/thumbnail.jpg")
    return time.monotonic() - start_s


def seconds_of(url: str, path: str, body: bytes | None = None) -> float:
    """Measure a request, a POST with a body."""
    start_s = time.monotonic()
    request = urllib.request.Request(url + path, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=START_UP_S) as answer:
        answer.read()
    return time.monotonic() - start_s


@contextlib.contextmanager
def live(model: Path, *flags: str) -> Iterator[str]:
    """Start a toon-live that ends with the block, and yield its address after its first frame."""
    command = [sys.executable, "-m", "facetoon.edge_runtime", "--model", str(model), "--port", "0", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            match = re.search(r"http://[^\s/]+", process.stdout.readline())
            if match is None:
                sys.exit(f"{' '.join(command)} does not start.")
            end_s = time.monotonic() + START_UP_S
            while state(match[0])["frames"] == 0 and time.monotonic() < end_s:
                time.sleep(0.01)
            yield match[0]
        finally:
            process.send_signal(signal.SIGTERM)


def state(url: str) -> dict[str, Any]:
    """Return the state that the preview reports."""
    with urllib.request.urlopen(f"{url}/api/state", timeout=START_UP_S) as answer:
        values: dict[str, Any] = json.load(answer)
        return values


def rate(url: str, seconds: float) -> float:
    """Measure frames a second over this time."""
    time.sleep(1)  # lets viewers connect or disconnect first
    frames, start_s = state(url)["frames"], time.monotonic()
    time.sleep(seconds)
    return float((state(url)["frames"] - frames) / (time.monotonic() - start_s))


@contextlib.contextmanager
def watched(url: str) -> Iterator[None]:
    """Connect ten viewers to the stream while the block runs. The first reads nothing."""
    host, _, port = url.removeprefix("http://").partition(":")
    lines = [socket.create_connection((host, int(port))) for _ in range(VIEWERS)]
    for line in lines:
        line.sendall(f"GET /stream.mjpg HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    threads = [threading.Thread(target=swallow, args=(line,)) for line in lines[1:]]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for line in lines:
            with contextlib.suppress(OSError):  # the server drops a viewer that reads nothing
                line.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()
        for line in lines:
            line.close()


def swallow(line: socket.socket) -> None:
    """Read until the other side closes the connection."""
    with contextlib.suppress(OSError):
        while line.recv(1 << 18):
            pass


if __name__ == "__main__":
    main()
