"""Results as text: the stages of one measurement for a terminal, and one Markdown row each to compare devices."""

from __future__ import annotations

from benchmarks.measure import FRAME, MODEL, BenchResult

COLUMNS = (
    *("device", "cpu", "cores", "model", "recipe", "runtime", "threads"),
    *("model p50 ms", "model p95 ms", "model p99 ms", "end-to-end p50 ms", "frames/s", "date"),
)
RIGHT = COLUMNS[2:3] + COLUMNS[6:12]  # numbers


def markdown_header() -> str:
    """Two lines: the names of the columns, and the rule below them."""
    rule = " | ".join("---:" if name in RIGHT else "---" for name in COLUMNS)
    return f"| {' | '.join(COLUMNS)} |\n| {rule} |"


def markdown_row(result: BenchResult) -> str:
    """One line for one measurement, in the order of COLUMNS."""
    device, model, times = result.device, result.model, result.stages[MODEL]
    cells = (
        *(device.board, device.cpu, device.cores, model.name, model.recipe, result.runtime, result.threads),
        *(f"{ms:.2f}" for ms in (times.p50_ms, times.p95_ms, times.p99_ms, result.stages[FRAME].p50_ms)),
        f"{result.frames_per_s:.1f}",
        result.when[:10],
    )
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def stage_table(result: BenchResult) -> str:
    """Show the circumstances, then a line for every stage with its count and percentiles in milliseconds."""
    lines = [*_circumstances(result), "", f"{'stage':<10}{'runs':>8}{'p50 ms':>11}{'p95 ms':>11}{'p99 ms':>11}"]
    for name, times in result.stages.items():
        lines.append(f"{name:<10}{times.count:>8}{times.p50_ms:>11.3f}{times.p95_ms:>11.3f}{times.p99_ms:>11.3f}")
    return "\n".join(lines)


def _circumstances(result: BenchResult) -> list[str]:
    device, model = result.device, result.model
    return [
        f"device   {device.board}, {device.cpu}, {device.cores} cores, {_told(device.memory_mb, 'MB')}, {device.os}",
        f"model    {model.name}, {model.recipe}, {model.size_px} px, {model.file_bytes / 1024:.0f} KiB",
        f"runtime  {result.runtime}, threads: {result.threads}, warm-up runs: {result.warm_up_runs}",
        f"state    governor {_told(device.governor)}, {_told(device.frequency_mhz, 'MHz')}, "
        f"{_told(result.temperature_before_c, 'C')} before, {_told(result.temperature_after_c, 'C')} after",
        f"start    load {result.load_ms:.1f} ms, first inference {result.first_inference_ms:.2f} ms, "
        f"peak memory {result.peak_memory_mb:.0f} MB",
    ]


def _told(value: object, unit: str = "") -> str:
    return "untold" if value is None else f"{value} {unit}".rstrip()


def _cell(value: object) -> str:
    """One line, with no bar that would end the cell."""
    return " ".join(str(value).split()).replace("|", "\\|")
