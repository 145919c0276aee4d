"""The table and the plot that `toon-convert debug` writes."""

from __future__ import annotations

import cv2
import numpy as np

from facetoon.convert.debug.finer_steps import Step
from facetoon.convert.debug.ranking import OperatorError
from facetoon.edge_runtime.pixels import Image

FULL_BAR_DB = 60.0  # operators that only move values have far more
POOR_DB = 30.0  # bars below it are red
ROW_PX, TEXT_PX, BAR_PX = 18, 260, 420
RED, BLUE, BLACK = (200, 60, 40), (60, 110, 180), (0, 0, 0)


def ranking_table(errors: list[OperatorError], steps: list[Step]) -> str:
    """Return Markdown: the ranking, then scores, latency and size of each step."""
    lines = ["| operator | signal over error (dB) | output |", "| --- | --- | --- |"]
    lines += [f"| {error.operator} | {error.snr_db:.1f} | {error.tensor[-60:]} |" for error in errors]
    lines += [
        "",
        f"| in {steps[0].finer} | PSNR, mean (dB) | PSNR, worst (dB) | ms | kB |",
        "| --- | --- | --- | --- | --- |",
    ]
    for step in steps:
        scores = step.comparison.scores
        figures = f"{scores.psnr_mean_db:.1f} | {scores.psnr_min_db:.1f} | {step.latency_ms:.2f}"
        lines.append(f"| {step.count} | {figures} | {len(step.model) / 1000:.0f} |")
    return "\n".join(lines) + "\n"


def ranking_plot(errors: list[OperatorError]) -> Image:
    """Draw horizontal bars, the worst on top: RGB uint8 (height, width, 3)."""
    image = np.full((ROW_PX * (len(errors) + 1), TEXT_PX + BAR_PX + 80, 3), 255, np.uint8)
    for row, error in enumerate(errors):
        y = row * ROW_PX + 14
        end = TEXT_PX + int(BAR_PX * float(np.clip(np.nan_to_num(error.snr_db), 0, FULL_BAR_DB)) / FULL_BAR_DB)
        colour = BLUE if error.snr_db >= POOR_DB else RED
        cv2.putText(image, f"{row + 1:3d} {error.operator}", (6, y), cv2.FONT_HERSHEY_SIMPLEX, 0.45, BLACK, 1)
        cv2.rectangle(image, (TEXT_PX, y - 11), (end, y + 1), colour, -1)
        cv2.putText(image, f"{error.snr_db:.1f} dB", (end + 6, y), cv2.FONT_HERSHEY_SIMPLEX, 0.4, BLACK, 1)
    return image
