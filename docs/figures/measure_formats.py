"""Prints the tables of docs/CONVERT.md, measured on one run.

    python docs/figures/measure_formats.py RUN OUT > tables.md

Every file of `toon-convert build --all` goes to OUT. Times are in milliseconds on one thread, least and median of
rounds in which the files alternate. Progress goes to standard error.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from facetoon.training.engine.backend import select_backend

select_backend("tensorflow")  # before the first import of Keras

# ruff: noqa: E402
from facetoon.convert.build import build_all
from facetoon.convert.formats.quantization import RECIPES, TFLITE
from facetoon.convert.improve.improvements import improve
from facetoon.convert.judge.comparison import file_pictures, float_pictures, score
from facetoon.convert.judge.conversion_report import Report
from facetoon.convert.judge.delegation import describe_delegation
from facetoon.convert.material import Material, Request, convert, load_material, measure
from facetoon.convert.quiet import quiet
from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.pixels import Image
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.spec import ModelSpec, write_model
from facetoon.edge_runtime.styles import parse_mix, to_vector

INT8 = RECIPES["static_wi8_ai8"]
ROUNDS, RUNS = 7, 20
IMPROVEMENTS = ("", "equalize", "bn", "bias", "qat", "equalize,bn", "equalize,bias", "equalize,bn,bias,qat")


HEAD = ("file", "verdict", "PSNR, mean (dB)", "worst (dB)", "SSIM", "kB", "ms, least", "ms, median")


def main(argv: Sequence[str] | None = None) -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("out", type=Path, help="output folder, created if missing")
    parser.add_argument("--photos", nargs="+", default=[], help="as for toon-convert build")
    parser.add_argument("--images", type=int, default=200, help="calibration and test pictures (default: %(default)s)")
    parser.add_argument("--mix", action="append", default=[], help="a mix to measure besides each style; repeatable")
    parser.add_argument("--qat-steps", type=int, default=300, help="default: %(default)s")
    parser.add_argument("--improve", nargs="+", default=IMPROVEMENTS, metavar="A,B", help="default: %(default)s")
    parser.add_argument(
        "--parts", default="formats,live,improve", help="of formats, live (baked against live), improve (default: all)"
    )
    arguments = parser.parse_args(argv)
    arguments.out.mkdir(parents=True, exist_ok=True)
    request = Request(
        run=arguments.run,
        out=arguments.out,
        photos=tuple(arguments.photos),
        calibration_images=arguments.images,
        test_images=arguments.images,
        qat_steps=arguments.qat_steps,
    )
    styles = load_material(request).source.styles
    parts = arguments.parts.split(",")
    if "formats" in parts:
        print_formats(request)
    if "live" in parts and styles:
        print_baked_and_live(request, [*styles, *arguments.mix])
    if "improve" in parts:
        print_improvements(request, arguments.improve)
        if styles:
            print_improvements(replace(request, style=styles[0]), arguments.improve)


def tell(line: str) -> None:
    """Report progress."""
    print(line, file=sys.stderr, flush=True)


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a Markdown table."""
    for row in (head, ["---"] * len(head), *rows):
        print(f"| {' | '.join(row)} |", flush=True)
    print()


def print_formats(request: Request) -> None:
    """Print a row for each recipe in each format, the operators without a delegate, and the cost of the whole build."""
    start_s = time.perf_counter()
    results = build_all(replace(request, keep=True), tell)
    seconds = time.perf_counter() - start_s
    usage = resource.getrusage(resource.RUSAGE_SELF)
    reports = {name: result for name, result in results.items() if not isinstance(result, InputError)}
    times = latencies_ms([request.out / name for name in reports])
    rows = [
        report_row(name, reports[name], times[request.out / name])
        if name in reports
        else [name, f"refused: {result}", *[""] * (len(HEAD) - 2)]
        for name, result in results.items()
    ]
    print_table(HEAD, rows)
    for name, report in reports.items():
        if report.delegation.get("left"):
            print(f"{name}: {describe_delegation(report.delegation)}\n")
    processor_s, peak_gb = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e6
    print(f"--all took {seconds:.0f} s, {processor_s:.0f} s of processor time, {peak_gb:.1f} GB at most.\n", flush=True)


def report_row(name: str, report: Report, times_ms: list[float]) -> list[str]:
    """Return the cells below HEAD for one file."""
    scores = report.spec.scores
    return [
        name,
        report.verdict,
        f"{scores['psnr_mean_db']:.1f}",
        f"{scores['psnr_min_db']:.1f}",
        f"{scores['ssim_mean']:.4f}",
        f"{report.sizes_bytes['file'] / 1000:.0f}",
        f"{min(times_ms):.2f}",
        f"{statistics.median(times_ms):.2f}",
    ]


def latencies_ms(files: list[Path]) -> dict[Path, list[float]]:
    """Measure milliseconds of an inference with one thread, by file, ROUNDS * RUNS values each."""
    sessions = {file: open_session(file, threads=1) for file in files}
    times_ms: dict[Path, list[float]] = {file: [] for file in files}
    for _ in range(ROUNDS):
        for file, session in sessions.items():
            tensor = session.to_tensor(random_picture(session.size_px))
            session.infer(tensor)  # refills the caches
            for _ in range(RUNS):
                start_s = time.perf_counter()
                session.infer(tensor)
                times_ms[file].append((time.perf_counter() - start_s) * 1000)
    return times_ms


def random_picture(size_px: int) -> Image:
    """Draw noise, RGB uint8 (size_px, size_px, 3)."""
    return np.random.default_rng(1).integers(0, 256, (size_px, size_px, 3), np.uint8)


def int8(request: Request, material: Material, label: str = "") -> Path:
    """Write a static_wi8_ai8 file of the material, without a report, and return its path."""
    path = request.out / f"trial.{label.replace(',', '+') or 'none'}{TFLITE}"
    styles = material.source.styles if material.is_live else ("baked",)
    spec = ModelSpec("trial", material.source.direction, INT8.name, material.source.framing, styles=styles)
    write_model(path, convert(material, INT8, TFLITE, material.calibration), spec)
    return path


def improved(request: Request, material: Material, names: tuple[str, ...]) -> Any:
    """Return the Keras generator, improved for int8 by these methods."""
    with quiet():
        source = material.source
        return improve(source.generator, names, material.calibration, material.style, request.qat_steps, request.seed)


def print_improvements(request: Request, combinations: Sequence[str]) -> None:
    """Print the int8 scores of each combination of improvements."""
    plain = load_material(request)
    rows = []
    for names in combinations:
        tell(f"--improve {names or 'nothing'}, style {request.style or 'live'} ...")
        start_s = time.perf_counter()
        better = improved(request, plain, tuple(filter(None, names.split(","))))
        seconds = time.perf_counter() - start_s
        material = replace(plain, improved=better)
        scores = measure(int8(request, material, names), material).scores
        figures = [f"{scores.psnr_mean_db:.2f}", f"{scores.psnr_min_db:.2f}", f"{scores.ssim_mean:.4f}"]
        rows.append([f"`{names}`" if names else "none", *figures, f"{seconds:.0f}"])
    print(f"static_wi8_ai8, .tflite, style {request.style or 'live'}:\n")
    print_table(["improvement", "PSNR, mean (dB)", "worst (dB)", "SSIM", "s"], rows)


def baked_into(live: Material, mix: str) -> Material:
    """Return the material of `--style MIX`, without reading all pictures again."""
    source = live.source
    style, _ = to_vector(parse_mix(mix, source.styles), source.styles)
    calibration, test = (
        replace(sample, styles=np.tile(style, (len(sample.images), 1))) for sample in (live.calibration, live.test)
    )
    expected = float_pictures(source.generator, test.images, test.styles if source.styles else None)
    return Material(source, calibration, test, expected, style, source.generator)


def print_baked_and_live(request: Request, mixes: list[str]) -> None:
    """Print the PSNR of a baked file of each mix to the float generator, and to three files with a style input.

    The three come from the bare generator, one with conditioned style affines, and one with `bn` in addition.
    """
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
    rows = []
    for mix in mixes:
        tell(f"baked {mix} ...")
        material = baked_into(live, mix)
        baked = int8(request, material, "baked")
        scores, test = measure(baked, material).scores, material.test
        by_baked = file_pictures(open_session(baked), test.images)
        row = [mix, f"{scores.psnr_mean_db:.2f} ({scores.psnr_min_db:.2f})"]
        for file in files.values():
            by_live = file_pictures(open_session(file), test.images, test.styles)
            agreement = score(test.images, by_baked, by_live).scores
            row.append(f"{agreement.psnr_mean_db:.2f} ({agreement.psnr_min_db:.2f})")
        rows.append(row)
    print("PSNR in dB, mean (worst), of the baked file to:\n")
    print_table(["mix", "float", *(f"live, {name}" for name in files)], rows)


if __name__ == "__main__":
    main()
