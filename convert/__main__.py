"""toon-convert: turn a training run into a quantized model file, with a report and a verdict."""

from __future__ import annotations

import argparse
import sys

from facetoon.convert.commands import adopt_command, build_command, debug_command, inspect_command, verify_command
from facetoon.edge_runtime.command_line import Program

EXAMPLES = """examples:
  toon-convert build runs/student --out anime.tflite
  toon-convert build runs/student --recipe float32 --out anime.onnx
  toon-convert build runs/student --all --out models/
  toon-convert build runs/styles --style anime:0.6,comic:0.4 --out mixed.tflite
  toon-convert build runs/student --improve equalize,bn --out anime.tflite
  toon-convert build unet.keras --photos /media/faces.zip --out unet.tflite
  toon-convert build cyclegan.pt2 --photos /media/faces.zip --range=-1..1 --out cyclegan.tflite
  toon-convert adopt whitebox.tflite --bgr --out peer.tflite
  toon-convert build runs/student --target-db 40 --improve equalize,bn --out anime.tflite
  toon-convert inspect anime.tflite
  toon-convert inspect anime.tflite --target ethos-u55
  toon-convert verify anime.tflite --run runs/student
  toon-convert debug anime.tflite --run runs/student --out why/
  toon-convert build runs/anime --direction ba --out faces.tflite --photos /media/anime.zip --licence CC-BY-4.0

The file is compared with the float generator on test pictures. When it misses its recipe's scores, the exit status is 1
and the file is left as NAME.rejected beside NAME.report.json, NAME.report.md and NAME.worst.png.
"""
PROGRAM = Program(
    name="toon-convert",
    description=__doc__,
    examples=EXAMPLES,
    commands={
        "adopt": adopt_command,
        "build": build_command,
        "inspect": inspect_command,
        "verify": verify_command,
        "debug": debug_command,
    },
    extras={
        **dict.fromkeys(("tensorflow", "keras", "tf2onnx", "onnx", "onnxruntime", "ai_edge_quantizer"), "convert"),
        **dict.fromkeys(("torch", "onnxscript"), "torch"),
        "ethosu": "npu",
        "openvino": "openvino",
    },
)


def build_parser() -> argparse.ArgumentParser:
    """Return the command-line parser of toon-convert."""
    return PROGRAM.parser()


def main(argv: list[str] | None = None) -> int:
    """Run the command; return 0 for the verdict pass, 1 for fail, 2 on bad input, 130 when interrupted."""
    return PROGRAM.main(argv)


if __name__ == "__main__":
    sys.exit(main())
