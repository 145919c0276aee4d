from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow", reason="needs pip install 'facetoon[convert]'")

import keras
from keras import layers

from facetoon.convert.__main__ import main
from facetoon.convert.build import _disagreement
from facetoon.edge_runtime.model_files.metadata_reader import read_metadata
from facetoon.edge_runtime.sessions.session import open_session
from facetoon.edge_runtime.spec import read_model
from facetoon.training.pictures.images import load_split

SIZE_PX = 32
TOLD = ["--licence", "Apache-2.0", "--author", "Jo", "--name", "ovals"]
TOLD += ["--data-source", "drawn", "--data-source", "by a test"]
WRITTEN = ["toon.report.json", "toon.report.md", "toon.tflite", "toon.worst.png"]
REFUSED = ["toon.rejected", "toon.report.json", "toon.report.md", "toon.worst.png"]


def spoilt() -> keras.Model:
    """Copies the picture, beside channels that span -1000..1000: one int8 scale for all leaves the picture no steps."""
    image = keras.Input((SIZE_PX, SIZE_PX, 3), name="image")
    wide, narrow = layers.Conv2D(6, 1, use_bias=False), layers.Conv2D(3, 1, use_bias=False)
    model = keras.Model(image, narrow(wide(image)), name="spoilt")
    identity = np.eye(3, dtype=np.float32)
    wide.set_weights([np.hstack([identity, 1000 * identity])[np.newaxis, np.newaxis]])
    narrow.set_weights([np.vstack([identity, 0 * identity])[np.newaxis, np.newaxis]])
    return model


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def spoilt_run(tmp_path_factory, photos, new_run) -> Path:
    return new_run(tmp_path_factory.mktemp("runs") / "spoilt", spoilt(), photos)


@pytest.fixture(scope="module")
def built(tmp_path_factory, run) -> Path:
    out = tmp_path_factory.mktemp("out") / "toon.tflite"
    assert main(["build", str(run), "--out", str(out), *TOLD]) == 0
    return out


def test_two_halves_may_differ_by_the_errors_of_two_files():
    assert not _disagreement({"psnr_mean_db": 32.1})
    (sentence,) = _disagreement({"psnr_mean_db": 31.9})
    assert "agree by 31.9 dB, at least 32 is wanted" in sentence


def test_a_sound_generator_passes_and_all_files_are_there(built):
    assert names(built.parent) == WRITTEN
    session = open_session(built)
    assert session.size_px == SIZE_PX
    assert session._input.dtype == session._output.dtype == np.int8
    assert built.stat().st_size < 10_000


def test_the_spec_holds_what_was_measured_on_what(built, photos):
    _, spec = read_model(built)
    report = json.loads(built.with_suffix(".report.json").read_text())
    train, test = load_split(photos, SIZE_PX, 0.2)
    assert report["verdict"] == "pass"
    assert report["spec"]["sha256"] == spec.sha256
    assert report["spec"]["scores"] == spec.scores
    assert spec.scores["psnr_mean_db"] >= 40
    assert spec.scores["test"] == report["test"]
    assert (spec.scores["test"]["images"], spec.scores["test"]["split_sha256"]) == (len(test), test.digest)
    assert (spec.calibration["images"], spec.calibration["split_sha256"]) == (len(train), train.digest)
    assert len(train) + len(test) == 40
    assert (spec.name, spec.direction, spec.recipe) == ("ovals", "photo to cartoon", "static_wi8_ai8")
    assert (spec.licence, spec.author, spec.data_sources) == ("Apache-2.0", "Jo", ("drawn", "by a test"))
    assert read_metadata(read_model(built)[0])["author"] == "Jo"
    assert len(spec.run) == 64
    assert report["sizes_bytes"]["file"] == built.stat().st_size


def test_the_report_reads_well(built):
    text = built.with_suffix(".report.md").read_text()
    assert text.startswith("# ovals: pass\n\nEvery score of static_wi8_ai8 is reached.")
    assert "| PSNR, mean (dB) |" in text
    assert "that neither training nor calibration has seen. It ran on" in text
    assert "| direction | photo to cartoon |" in text
    sheet = cv2.imread(str(built.with_suffix(".worst.png")))
    assert sheet.shape == (6 * SIZE_PX, 4 * SIZE_PX, 3)


def test_same_run_recipe_and_seed_same_bytes(built, run, tmp_path):
    out = tmp_path / "toon.tflite"
    assert main(["build", str(run), "--out", str(out), *TOLD]) == 0
    for suffix in (".tflite", ".report.json", ".report.md", ".worst.png"):
        assert out.with_suffix(suffix).read_bytes() == built.with_suffix(suffix).read_bytes()


def test_another_seed_draws_other_pictures(built, run, tmp_path):
    out = tmp_path / "toon.tflite"
    few = ["--calibration-images", "8", "--test-images", "3"]
    assert main(["build", str(run), "--out", str(out), *few, "--seed", "2"]) == 0
    _, spec = read_model(out)
    assert (spec.calibration["images"], spec.scores["test"]["images"]) == (8, 3)
    assert spec.calibration["sha256"] != read_model(built)[1].calibration["sha256"]


@pytest.mark.parametrize(("recipe", "least_db"), [("float32", 60), ("float16", 50)])
def test_float_recipes_pass_and_calibrate_nothing(run, tmp_path, recipe, least_db):
    out = tmp_path / "toon.tflite"
    assert main(["build", str(run), "--out", str(out), "--recipe", recipe]) == 0
    _, spec = read_model(out)
    assert spec.recipe == recipe
    assert spec.calibration == {}
    assert spec.scores["psnr_mean_db"] >= least_db
    assert open_session(out)._input.is_float


def test_a_generator_that_int8_ruins_is_refused(spoilt_run, tmp_path, capfd):
    out = tmp_path / "toon.tflite"
    assert main(["build", str(spoilt_run), "--out", str(out)]) == 1
    assert names(tmp_path) == REFUSED
    printed = capfd.readouterr()
    assert printed.out.startswith(f"{tmp_path / 'toon.rejected'}: fail, static_wi8_ai8")
    assert "PSNR, mean (dB) is" in printed.out
    assert printed.err == ""
    report = json.loads((tmp_path / "toon.report.json").read_text())
    assert report["verdict"] == "fail"
    assert len(report["shortfalls"]) == 3
    assert report["spec"]["sha256"] == read_model(tmp_path / "toon.rejected")[1].sha256


def test_keep_writes_it_all_the_same_and_still_says_fail(spoilt_run, tmp_path):
    (tmp_path / "toon.rejected").write_bytes(b"of an older build")
    assert main(["build", str(spoilt_run), "--out", str(tmp_path / "toon.tflite"), "--keep"]) == 1
    assert names(tmp_path) == WRITTEN


def test_a_failed_build_sets_an_older_good_model_aside(built, spoilt_run, tmp_path):
    out = tmp_path / "toon.tflite"
    shutil.copy(built, out)
    assert main(["build", str(spoilt_run), "--out", str(out)]) == 1
    assert names(tmp_path) == sorted([*REFUSED, "toon.previous"])
    assert (tmp_path / "toon.previous").read_bytes() == built.read_bytes()


def test_debug_takes_a_rejected_file(spoilt_run, tmp_path, few, capfd):
    assert main(["build", str(spoilt_run), "--out", str(tmp_path / "toon.tflite"), *few]) == 1
    rejected, out = str(tmp_path / "toon.rejected"), tmp_path / "why"
    out.mkdir()
    command = ["debug", rejected, "--run", str(spoilt_run), "--out", str(out), *few, "--apply", "1"]
    assert main(command) in (0, 1)
    assert "toon.debug.md" in names(out)
    report = json.loads((out / "toon.1float.report.json").read_text())
    assert report["spec"]["calibration"] == read_model(tmp_path / "toon.rejected")[1].calibration
    assert report["spec"]["scores"]["test"] == report["test"]


def test_moved_pictures_are_named_anew(run, photos, tmp_path):
    moved = [str(shutil.copytree(p, tmp_path / Path(p).name)) for p in photos]
    (tmp_path / "out").mkdir()
    command = ["build", str(run), "--out", str(tmp_path / "out" / "toon.tflite"), "--photos", *moved]
    assert main([*command, "--recipe", "float32"]) == 0


BAD = {
    "no run": (["build", "{tmp}/none"], "is not a run directory"),
    "no generator": (["build", "{tmp}/empty"], "holds no generator for the direction ab"),
    "no generator of that direction": (
        ["build", "{run}", "--direction", "ba"],
        "holds no generator for the direction ba",
    ),
    "unknown recipe": (["build", "{run}", "--recipe", "int4"], "known ones are: float32, float16, dynamic_wi8_afp32,"),
    "no pictures there": (["build", "{run}", "--photos", "{tmp}/none"], "is neither a folder nor a zip file"),
    "empty folder": (["build", "{run}", "--photos", "{tmp}/empty"], "holds no pictures"),
    "other pictures": (["build", "{run}", "--photos", "{many}"], "is not what the run was trained on"),
    "no calibration": (["build", "{run}", "--calibration-images", "0"], "at least one picture each"),
    "other suffix": (["build", "{run}", "--out", "{out}/toon.bin"], "must end in .tflite or .onnx, not in .bin."),
    "recipe of the other format": (
        ["build", "{run}", "--recipe", "hybrid_wi8_afp32", "--out", "{out}/toon.onnx"],
        "for .onnx; known ones are: float32, float16, static_wi8_ai8.",
    ),
    "one calibration picture": (["build", "{run}", "--calibration-images", "1"], "at least 2 pictures"),
    "no styles": (["build", "{run}", "--style", "anime"], "has no styles to bake"),
    "dynamic batch": (["build", "{run}", "--dynamic-batch"], "A dynamic batch is for float .onnx files"),
    "a file without pictures": (["build", "{run}/generator_ab.keras"], "give some with --photos."),
    "no folder": (["build", "{run}", "--out", "{out}/none/toon.tflite"], "none of the destination does not exist."),
    "folder in the way": (["build", "{run}", "--out", "{tmp}/folder.tflite"], "is a folder."),
    "read-only folder": (["build", "{run}", "--out", "/proc/toon.tflite"], "/proc"),
}


@pytest.mark.parametrize(("command", "sentence"), BAD.values(), ids=BAD.keys())
def test_bad_input_is_one_sentence_and_leaves_nothing(command, sentence, run, photos, tmp_path, capfd):
    for folder in ("empty", "out", "folder.tflite"):
        (tmp_path / folder).mkdir()
    places = {"tmp": tmp_path, "out": tmp_path / "out", "run": run, "many": photos[0]}
    # Given first, so that a case's own --out wins.
    command = [command[0], "--out", "{out}/toon.tflite", *command[1:]]
    assert main([word.format(**places) for word in command]) == 2
    printed = capfd.readouterr()
    assert sentence in printed.err
    assert printed.err.startswith("toon-convert: ")
    assert printed.err.count("\n") == 1
    assert printed.out == ""
    assert names(tmp_path / "out") == []


@pytest.mark.parametrize("text", ["no JSON", "{}", "[]"])
def test_a_spoilt_configuration_is_said(run, tmp_path, capfd, text):
    broken = shutil.copytree(run, tmp_path / "run")
    (broken / "config.json").write_text(text)
    assert main(["build", str(broken), "--out", str(tmp_path / "toon.tflite")]) == 2
    printed = capfd.readouterr().err
    assert "cannot be understood" in printed
    assert printed.count("\n") == 1


def test_a_spoilt_generator_is_said(run, tmp_path, capfd):
    broken = shutil.copytree(run, tmp_path / "run")
    (broken / "generator_ab.keras").write_bytes(b"cut short")
    (tmp_path / "out").mkdir()
    assert main(["build", str(broken), "--out", str(tmp_path / "out" / "toon.tflite")]) == 2
    printed = capfd.readouterr().err
    assert "is not a Keras model that can be loaded" in printed
    assert printed.count("\n") == 1
    assert names(tmp_path / "out") == []


STOPPED = ["build.write_model", "build.measure", "build.report_files", "destination.replacing"]


@pytest.mark.parametrize("step", [step for step in STOPPED if "report" not in step])
def test_a_full_disk_leaves_nothing_half_written(run, tmp_path, capfd, monkeypatch, step):
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(f"facetoon.convert.{step}", full)
    out = tmp_path / "toon.tflite"
    assert main(["build", str(run), "--out", str(out), "--recipe", "float32"]) == 2
    assert capfd.readouterr().err == f"toon-convert: {out} cannot be written: No space left on device.\n"
    assert names(tmp_path) == []


@pytest.mark.parametrize("step", STOPPED)
def test_an_interrupted_build_leaves_nothing_half_written(run, tmp_path, capfd, monkeypatch, step):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"facetoon.convert.{step}", interrupted)
    assert main(["build", str(run), "--out", str(tmp_path / "toon.tflite"), "--recipe", "float32"]) == 130
    assert capfd.readouterr().err == "toon-convert: interrupted; nothing was written.\n"
    assert names(tmp_path) == []


def test_a_generator_of_other_shape_is_said(photos, new_run, tmp_path, capfd):
    image = keras.Input((SIZE_PX, SIZE_PX, 3))
    halved = keras.Model(image, layers.AveragePooling2D(2)(image), name="halved")
    run = new_run(tmp_path / "run", halved, photos)
    assert main(["build", str(run), "--out", str(tmp_path / "toon.tflite")]) == 2
    assert "not one picture to another of its size" in capfd.readouterr().err
    assert names(tmp_path) == ["run"]
