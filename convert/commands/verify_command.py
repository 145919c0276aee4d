"""toon-convert verify."""

from __future__ import annotations

import argparse
from pathlib import Path

from facetoon.convert.commands.request_arguments import add_request_arguments, request_fields
from facetoon.convert.quiet import quiet
from facetoon.training.engine.backend import select_backend

HELP = "measure a model file again against its run"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's flags."""
    parser.add_argument("file", type=Path, metavar="FILE", help=".tflite or .onnx, made by toon-convert build")
    parser.add_argument("--run", type=Path, required=True, metavar="RUN", help="run directory, .keras or SavedModel")
    parser.add_argument("--openvino", action="store_true", help="run an .onnx file in OpenVINO (docs/CONVERT.md)")
    add_request_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure the file; return 0 when it holds, 1 when it fails."""
    select_backend("tensorflow")
    with quiet():  # TensorFlow prints on its first import
        from facetoon.convert.material import Request
        from facetoon.convert.verify import verify

    request = Request(out=arguments.file, **request_fields(arguments))
    spec, scores, reasons = verify(arguments.file, request, arguments.openvino)
    verdict = "fails" if reasons else "holds"
    measured = f"PSNR {scores['psnr_mean_db']:.1f} dB, worst {scores['psnr_min_db']:.1f} dB"
    print(f"{arguments.file}: {verdict}, {spec.recipe}; {measured}.")
    for reason in reasons:
        print(f"  {reason}")
    return 1 if reasons else 0
