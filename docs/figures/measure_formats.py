"""The tables of CONVERT.md, measured on one run: python docs/figures/measure_formats.py RUN OUT > tables.md.

Every file of `toon-convert build --all` lands in OUT. Milliseconds are of one thread, from rounds in which the files
take turns: minimum and median. Progress goes to standard error.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from facetoon.training.engine.backend import select_backend

select_backend("tensorflow")

from facetoon.convert.build import build_all  # noqa: E402
from facetoon.convert.formats.quantization import RECIPES, TFLITE  # noqa: E402
from facetoon.convert.improve.improvements import improve  # noqa: E402
from facetoon.convert.judge.comparison import file_pictures, score  # noqa: E402
from facetoon.convert.judge.delegation import describe_delegation  # noqa: E402
from facetoon.convert.material import Material, Request, convert, load_material, measure  # noqa: E402
from facetoon.convert.quiet import quiet  # noqa: E402
from facetoon.edge_runtime.errors import InputError  # noqa: E402
from facetoon.edge_runtime.sessions.session import open_session  # noqa: E402
from facetoon.edge_runtime.spec import ModelSpec, write_model  # noqa: E402
from facetoon.edge_runtime.styles import parse_mix, to_vector  # noqa: E402

INT8 = RECIPES["static_wi8_ai8"]
ROUNDS, RUNS = 7, 20
IMPROVEMENTS = ("", "equalize", "bn", "bias", "qat", "equalize,bn", "equalize,bias", "equalize,bn,bias,qat")


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def rows(head: list[str], lines: list[list[Any]]) -> None:
    for line in (head, ["---"] * len(head), *lines):
        print(f"| {' | '.join(map(str, line))} |", flush=True)
    print()


def latencies_ms(files: list[Path]) -> dict[Path, list[float]]:
    """Of one picture, by file, ROUNDS * RUNS values each."""
    sessions = {file: open_session(file, threads=1) for file in files}
    times: dict[Path, list[float]] = {file: [] for file in files}
    for _ in range(ROUNDS):
        for file, session in sessions.items():
            tensor = session.to_tensor(session_picture(session.size_px))
            session.infer(tensor)  # the caches are warm again
            for _ in range(RUNS):
                start = time.perf_counter()
                session.infer(tensor)
                times[file].append((time.perf_counter() - start) * 1000)
    return times


def session_picture(size_px: int) -> Any:
    return np.random.default_rng(1).integers(0, 256, (size_px, size_px, 3), np.uint8)


def formats(request: Request) -> None:
    """Every recipe and format."""
    start = time.perf_counter()
    results = build_all(replace(request, keep=True), tell)
    seconds = time.perf_counter() - start
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    usage = resource.getrusage(resource.RUSAGE_SELF)
    times = latencies_ms([request.out / name for name, result in results.items() if not isinstance(result, InputError)])
    lines: list[list[Any]] = []
    for name, result in results.items():
        if isinstance(result, InputError):
            lines.append([name, f"refused: {result}", *[""] * 7])
            continue
        scores, ms = result.spec.scores, times[request.out / name]
        lines.append(
            [
                name,
                result.verdict,
                *(f"{scores[key]:.1f}" for key in ("psnr_mean_db", "psnr_min_db")),
                f"{scores['ssim_mean']:.4f}",
                f"{result.sizes_bytes['file'] / 1000:.0f}",
                f"{min(ms):.2f}",
                f"{statistics.median(ms):.2f}",
                f"{result.kid['change']:+.5f}" if result.kid else "",
            ]
        )
    head = [
        "file",
        "verdict",
        "PSNR, mean (dB)",
        "worst (dB)",
        "SSIM",
        "kB",
        "ms, least",
        "ms, median",
        "change of KID",
    ]
    rows(head, lines)
    for name, result in results.items():
        if not isinstance(result, InputError) and result.delegation.get("left"):
            print(f"{name}: {describe_delegation(result.delegation)}\n")
    processor_s = usage.ru_utime + usage.ru_stime
    print(f"--all took {seconds:.0f} s, {processor_s:.0f} s of processor time, {peak_gb:.1f} GB at most.\n", flush=True)


def int8(request: Request, material: Material, label: str = "") -> Path:
    """A static_wi8_ai8 file of the material, without a report."""
    path = request.out / f"trial.{label.replace(',', '+') or 'none'}{TFLITE}"
    styles = material.source.styles if material.is_live else ("baked",)
    spec = ModelSpec("trial", material.source.direction, INT8.name, material.source.framing, styles=styles)
    write_model(path, convert(material, INT8, TFLITE, material.calibration), spec)
    return path


def improved(request: Request, material: Material, names: tuple[str, ...]) -> Any:
    source = material.source
    with quiet():
        return improve(source.generator, names, material.calibration, material.style, request.qat_steps, request.seed)


def improvements(request: Request) -> None:
    """What each improvement gives in int8, each alone and together."""
    plain = load_material(request)
    lines = []
    for names in IMPROVEMENTS:
        tell(f"--improve {names or 'nothing'}, style {request.style or 'live'} ...")
        start = time.perf_counter()
        better = improved(request, plain, tuple(filter(None, names.split(","))))
        seconds = time.perf_counter() - start
        material = replace(plain, improved=better)
        scores = measure(int8(request, material, names), material).scores
        figures = [f"{scores.psnr_mean_db:.2f}", f"{scores.psnr_min_db:.2f}", f"{scores.ssim_mean:.4f}"]
        lines.append([f"`{names}`" if names else "none", *figures, f"{seconds:.0f}"])
    print(f"static_wi8_ai8, .tflite, style {request.style or 'live'}:\n")
    rows(["improvement", "PSNR, mean (dB)", "worst (dB)", "SSIM", "s"], lines)


def baked_into(live: Material, mix: str) -> Material:
    """The material of `--style`, without reading all pictures again."""
    source = live.source
    style, _ = to_vector(parse_mix(mix, source.styles), source.styles)
    samples = (replace(s, styles=np.tile(style, (len(s.images), 1))) for s in (live.calibration, live.test))
    return Material(source, *samples, style, source.generator)


def baked_and_live(request: Request, mixes: list[str]) -> None:
    """Baked files against float, and against three live ones: as gains and shifts are, conditioned, and bn besides."""
    live = load_material(request)
    variants = {
        "bare": replace(live, improved=live.source.generator),
        "conditioned": live,
        "conditioned, bn": replace(live, improved=improved(request, live, ("bn",))),
    }
    files = {name: int8(request, material, f"live {name}") for name, material in variants.items()}
    for name, material in variants.items():
        scores = measure(files[name], material).scores
        print(f"live {name}: {scores.psnr_mean_db:.2f} dB against float, worst {scores.psnr_min_db:.2f}.\n")
    lines = []
    for mix in mixes:
        tell(f"baked {mix} ...")
        material = baked_into(live, mix)
        baked = int8(request, material, "baked")
        scores, test = measure(baked, material).scores, material.test
        shown = file_pictures(open_session(baked), test.images)
        line = [mix, f"{scores.psnr_mean_db:.2f} ({scores.psnr_min_db:.2f})"]
        for file in files.values():
            drawn = file_pictures(open_session(file), test.images, test.styles)
            told = score(test.images, shown, drawn).scores
            line.append(f"{told.psnr_mean_db:.2f} ({told.psnr_min_db:.2f})")
        lines.append(line)
    print("PSNR in dB, mean (worst), of the baked file to:\n")
    rows(["mix", "float", *(f"live, {name}" for name in files)], lines)


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("out", type=Path, help="a folder, made where it is missing")
    parser.add_argument("--photos", nargs="+", default=[], help="see toon-convert build")
    parser.add_argument("--images", type=int, default=200, help="calibration and test pictures (default: 200)")
    parser.add_argument("--mix", action="append", default=[], help="besides each style alone; repeatable")
    parser.add_argument("--qat-steps", type=int, default=300)
    parser.add_argument(
        "--parts", default="formats,live,improve", help="of formats, live (baked against live), improve (default: all)"
    )
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    request = Request(
        run=given.run,
        out=given.out,
        photos=tuple(given.photos),
        calibration_images=given.images,
        test_images=given.images,
        qat_steps=given.qat_steps,
    )
    styles = load_material(request).source.styles
    parts = given.parts.split(",")
    if "formats" in parts:
        formats(request)
    if "live" in parts and styles:
        baked_and_live(request, [*styles, *given.mix])
    if "improve" in parts:
        improvements(request)
        if styles:
            improvements(replace(request, style=styles[0]))


if __name__ == "__main__":
    main()
