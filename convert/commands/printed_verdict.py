"""The lines that build and debug print about a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from facetoon.convert.destination import rejected_path
from facetoon.convert.formats.quantization import MATTE_ERROR

if TYPE_CHECKING:
    from facetoon.convert.judge.conversion_report import Report


def print_verdict(report: Report, out: Path, keep: bool) -> int:
    """Print the file's place, verdict and scores; return 0 for pass, 1 for fail."""
    scores, passed = report.spec.scores, report.verdict == "pass"
    matte = f", matte {scores[MATTE_ERROR]:.1%} off" if MATTE_ERROR in scores else ""
    place = out if passed or keep else rejected_path(out)
    print(
        f"{place}: {report.verdict}, {report.spec.recipe}, {report.sizes_bytes['file'] / 1000:.0f} kB; PSNR "
        f"{scores['psnr_mean_db']:.1f} dB (5th percentile {scores['psnr_5th_percentile_db']:.1f}, worst "
        f"{scores['psnr_min_db']:.1f}), SSIM {scores['ssim_mean']:.3f}{matte} on {report.test['images']} test pictures."
    )
    for style, each in scores.get("styles", {}).items():
        print(f"  {style}: PSNR {each['psnr_mean_db']:.1f} dB, SSIM {each['ssim_mean']:.3f}")
    if report.tried:
        print(report.tried_table())
    for reason in report.shortfalls:
        print(f"  {reason}")
    return 0 if passed else 1
