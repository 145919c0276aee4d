"""One result as text for a terminal."""

from __future__ import annotations

from facetoon.benchmarks.results.result_schema import BenchResult, Measured
from facetoon.benchmarks.results.result_table import EMULATED, optional_text


def result_text(result: BenchResult) -> str:
    """Return the whole result for a terminal: device, model, state, variants, stages, and operators if measured."""
    variants = [
        "",
        f"{'variant':<39}{'p50 ms':>9}{'best':>9}{'p95':>9}{'p99':>9}{'load':>8}{'first':>8}{'MB':>7}{'roof':>6}",
        *(_variant_line(variant) for variant in result.variants),
    ]
    return "\n".join([*_circumstances(result), *variants, *_stage_lines(result), *_operator_lines(result)])


def _circumstances(result: BenchResult) -> list[str]:
    device, model = result.device, result.model
    macs = ", MMAC not known" if model.macs is None else f", {model.macs / 1e6:.1f} MMAC"
    greys = f", greys from {model.value_range[0]:g} to {model.value_range[1]:g}" if model.foreign else ""
    return [
        *([EMULATED.upper()] if device.emulated else []),
        f"device   {device.board}, {device.cpu}, {device.cores} cores, {optional_text(device.memory_mb)} MB, "
        f"{device.os}",
        f"model    {model.name}, {model.recipe}, {model.size_px} px, {model.file_bytes / 1024:.0f} KiB{macs}{greys}",
        f"state    {optional_text(result.before.temperature_c)} C before, "
        f"{optional_text(result.during.temperature_c)} during, {optional_text(result.after.temperature_c)} after; "
        f"clock {optional_text(result.during.clock_mhz)} MHz, governor {optional_text(result.during.governor)}; "
        f"others' cores {optional_text(result.other_cores)}",
        f"harness  adds {100 * result.overhead_share:.3f} % to infer; seen from outside "
        f"{100 * result.overhead_whole_share:+.1f} %",
    ]


def _stage_lines(result: BenchResult) -> list[str]:
    stages = result.pipeline.stages if result.pipeline else result.fastest.stages
    lines = ["", f"{'stage':<12}{'runs':>7}{'p50 ms':>9}{'p95':>9}{'p99':>9}"]
    for name, times in stages.items():
        lines.append(f"{name:<12}{times.count:>7}{times.p50_ms:>9.3f}{times.p95_ms:>9.3f}{times.p99_ms:>9.3f}")
    if result.pipeline:
        lines.append(f"live loop, {result.pipeline.source}: {result.pipeline.live_frames_per_s:.1f} frames/s")
    return lines


def _operator_lines(result: BenchResult) -> list[str]:
    if not result.profile:
        return []
    time = "in graph" if result.model.file.endswith(".onnx") else "alone ms"
    lines = ["", f"{'op':<24}{'shape':<20}{'MMAC':>8}{time:>10}{'roof':>6}"]
    for row in result.profile:
        shape = "x".join(map(str, row["shape"]))
        taken, share = optional_text(row["alone_ms"], ".4f"), optional_text(row["roofline_share"], ".0%")
        figures = f"{row['macs'] / 1e6:>8.2f}{taken:>10}{share:>6}"
        lines.append(f"{row['op']:<24}{shape:<20}{figures}")
    return lines


def _variant_line(variant: Measured) -> str:
    times = variant.stages["infer"]
    return (
        f"{variant.label:<39}{times.p50_ms:>9.3f}{times.best_round_p50_ms:>9.3f}{times.p95_ms:>9.3f}{times.p99_ms:>9.3f}"
        f"{variant.load_ms:>8.1f}{variant.first_inference_ms:>8.2f}{variant.peak_memory_mb:>7.0f}"
        f"{optional_text(variant.roofline_share, '.0%'):>6}"
    )
