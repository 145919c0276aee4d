"""toon-convert: turn a training run into a quantized model file, with a report and a verdict."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facetoon.convert.formats.quantization import IMPROVEMENTS, RECIPES, find_improvements
from facetoon.edge_runtime.errors import InputError

if TYPE_CHECKING:
    from facetoon.convert.judge.conversion_report import Report

EXAMPLES = """examples:
  toon-convert build runs/student --out anime.tflite
  toon-convert build runs/student --recipe float32 --out anime.onnx
  toon-convert build runs/student --all --out models/
  toon-convert build runs/styles --style anime:0.6,comic:0.4 --out mixed.tflite
  toon-convert build runs/student --improve equalize,bn --out anime.tflite
  toon-convert build unet.keras --photos /media/faces.zip --out unet.tflite
  toon-convert inspect anime.tflite
  toon-convert verify anime.tflite --run runs/student
  toon-convert debug anime.tflite --run runs/student --out why/
  toon-convert build runs/anime --direction ba --out faces.tflite --photos /media/anime.zip --licence CC-BY-4.0

The file is compared with the float generator on test pictures. When it misses its recipe's scores, the exit status is 1
and the file is left as NAME.rejected beside NAME.report.json, NAME.report.md and NAME.worst.png.
"""


def build_parser() -> argparse.ArgumentParser:
    """The command line of toon-convert."""
    parser = argparse.ArgumentParser(
        prog="toon-convert", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="convert a run's generator and compare the file with it")
    _add_build(build)
    inspect = commands.add_parser("inspect", help="print what a model file is, ours or another tool's")
    inspect.add_argument("file", type=Path, metavar="FILE", help=".tflite or .onnx")
    verify = commands.add_parser("verify", help="measure a model file again against its run")
    verify.add_argument("file", type=Path, metavar="FILE", help=".tflite or .onnx, made by toon-convert build")
    verify.add_argument("--run", type=Path, required=True, metavar="RUN", help="run directory, .keras or SavedModel")
    debug = commands.add_parser(
        "debug", help="rank a static file's operators by their error; try the worst in float or int16"
    )
    debug.add_argument("file", type=Path, metavar="FILE", help="static_wi8_ai8, made by toon-convert build")
    debug.add_argument("--run", type=Path, required=True, metavar="RUN", help="run directory, .keras or SavedModel")
    debug.add_argument("--out", type=Path, required=True, metavar="DIR", help="for table, plot and applied file")
    debug.add_argument("--apply", type=int, metavar="N", help="write the file whose N worst are in float, or int16")
    debug.add_argument(
        "--finer",
        default="float",
        choices=("float", "int16"),
        help="what the worst become (default: float); int16 is finer, and slow: no delegate takes it",
    )
    debug.add_argument("--style", default="", metavar="MIX", help="the mix that FILE was baked with")
    for command in (build, verify, debug):
        _add_pictures(command)
    return parser


def _add_build(build: argparse.ArgumentParser) -> None:
    build.add_argument("run", type=Path, metavar="RUN", help="run directory, .keras file or SavedModel")
    build.add_argument("--out", type=Path, required=True, metavar="FILE", help=".tflite or .onnx; with --all a folder")
    build.add_argument("--recipe", default="static_wi8_ai8", help=f"{', '.join(RECIPES)} (default: %(default)s)")
    build.add_argument("--all", action="store_true", help="every recipe in every format, with a table of verdicts")
    build.add_argument("--style", default="", metavar="MIX", help="bake a mix such as anime:0.6,comic:0.4")
    build.add_argument(
        "--improve",
        default="",
        metavar="A,B",
        help=f"before int8, better weights for it: {', '.join(IMPROVEMENTS)} (docs/CONVERT.md)",
    )
    build.add_argument("--dynamic-batch", action="store_true", help="float .onnx only: any number of pictures at once")
    build.add_argument("--name", default="", help="the model's name (default: that of the file)")
    build.add_argument("--author", default="", metavar="TEXT", help="who made the model, kept in the file")
    build.add_argument("--licence", default="", metavar="TEXT", help="the model's licence, kept in the file")
    build.add_argument(
        "--data-source", action="append", default=[], metavar="TEXT", help="where the data came from; repeatable"
    )
    build.add_argument("--keep", action="store_true", help="write FILE.tflite even when the verdict is fail")


def _add_pictures(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--direction", default="ab", choices=("ab", "ba"), help="ab: photo to cartoon (default), ba: back"
    )
    command.add_argument(
        "--photos",
        nargs="+",
        default=[],
        metavar="SOURCE",
        help="where the training pictures of the input side lie now, if they were moved: folders or zips, '#pattern'",
    )
    command.add_argument("--style-names", default="", metavar="A,B", help="of the style input, where the run has none")
    command.add_argument("--calibration-images", type=int, default=200, metavar="N", help="default: %(default)s")
    command.add_argument("--test-images", type=int, default=200, metavar="N", help="default: %(default)s")
    command.add_argument("--qat-steps", type=int, default=300, metavar="N", help="of improvement qat (default: 300)")
    command.add_argument("--seed", type=int, default=1, help="chooses the pictures (default: %(default)s)")


def main(argv: list[str] | None = None) -> int:
    """Run the command; 0 when the verdict is pass, 1 when it is fail, 2 on bad input, 130 when interrupted."""
    arguments = build_parser().parse_args(argv)
    try:
        return _run(arguments)
    except InputError as error:
        print(f"toon-convert: {error}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in ("tensorflow", "keras", "tf2onnx", "onnx", "onnxruntime", "ai_edge_quantizer"):
            raise  # a defect of the kit, not of the installation
        print(f"toon-convert: {missing} is missing: pip install 'facetoon[convert]' brings it.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("toon-convert: interrupted; nothing was written.", file=sys.stderr)
        return 130


def _run(arguments: argparse.Namespace) -> int:
    if arguments.command == "inspect":
        from facetoon.convert.inspection import inspect

        print(inspect(arguments.file).to_text(), end="")
        return 0
    from facetoon.training.engine.backend import select_backend

    select_backend("tensorflow")
    return {"build": _build, "verify": _verify, "debug": _debug}[arguments.command](arguments)


def _pictures(arguments: argparse.Namespace) -> dict[str, Any]:
    """What build and verify share of a request."""
    return {
        "run": arguments.run,
        "direction": arguments.direction,
        "photos": tuple(arguments.photos),
        "style_names": tuple(filter(None, arguments.style_names.split(","))),
        "calibration_images": arguments.calibration_images,
        "test_images": arguments.test_images,
        "qat_steps": arguments.qat_steps,
        "seed": arguments.seed,
    }


def _verify(arguments: argparse.Namespace) -> int:
    from facetoon.convert.build import Request
    from facetoon.convert.verify import verify

    spec, scores, reasons = verify(arguments.file, Request(out=arguments.file, **_pictures(arguments)))
    verdict = "fails" if reasons else "holds"
    measured = f"PSNR {scores['psnr_mean_db']:.1f} dB, worst {scores['psnr_min_db']:.1f} dB"
    print(f"{arguments.file}: {verdict}, {spec.recipe}; {measured}.")
    for reason in reasons:
        print(f"  {reason}")
    return 1 if reasons else 0


def _debug(arguments: argparse.Namespace) -> int:
    from facetoon.convert.build import Request, check_folder
    from facetoon.convert.debug.operator_errors import STEPS, apply, debug, plot, table
    from facetoon.edge_runtime.pixels import encode_png

    check_folder(arguments.out)
    if arguments.apply is not None and arguments.apply not in STEPS:
        raise InputError(f"--apply takes one of {', '.join(map(str, STEPS))}, not {arguments.apply}.")
    request = Request(out=arguments.file, style=arguments.style, **_pictures(arguments))
    tell = lambda line: print(line, file=sys.stderr, flush=True)  # noqa: E731
    spec, errors, steps = debug(arguments.file, request, arguments.finer, tell)
    text, stem = table(errors, steps), arguments.file.stem
    (arguments.out / f"{stem}.debug.md").write_text(text, "utf-8")
    (arguments.out / f"{stem}.debug.png").write_bytes(encode_png(plot(errors)))
    print(text, end="")
    for step in steps:
        if step.count == arguments.apply:
            apply(step, spec, arguments.out / f"{stem}.{step.count}{step.finer}{arguments.file.suffix}")
    return 0


def _build(arguments: argparse.Namespace) -> int:
    from facetoon.convert.build import Request, build, build_all

    request = Request(
        out=arguments.out,
        recipe=arguments.recipe,
        name=arguments.name,
        licence=arguments.licence,
        author=arguments.author,
        data_sources=tuple(arguments.data_source),
        style=arguments.style,
        improve=find_improvements(arguments.improve),
        dynamic_batch=arguments.dynamic_batch,
        keep=arguments.keep,
        **_pictures(arguments),
    )
    if not arguments.all:
        return _tell(arguments.out, build(request), arguments.keep)
    results = build_all(request, lambda line: print(line, file=sys.stderr, flush=True))
    from facetoon.convert.judge.conversion_report import table_of_all

    table = table_of_all(results)
    (arguments.out / "table.md").write_text(table, "utf-8")
    print(table, end="")
    return 0 if all(getattr(result, "verdict", "") == "pass" for result in results.values()) else 1


def _tell(out: Path, report: Report, keep: bool) -> int:
    from facetoon.convert.build import rejected_path

    scores, passed = report.spec.scores, report.verdict == "pass"
    place = out if passed or keep else rejected_path(out)
    print(
        f"{place}: {report.verdict}, {report.spec.recipe}, {report.sizes_bytes['file'] / 1000:.0f} kB; PSNR "
        f"{scores['psnr_mean_db']:.1f} dB (5th percentile {scores['psnr_5th_percentile_db']:.1f}, worst "
        f"{scores['psnr_min_db']:.1f}), SSIM {scores['ssim_mean']:.3f} on {report.test['images']} test pictures."
    )
    for reason in report.shortfalls:
        print(f"  {reason}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
