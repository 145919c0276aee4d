"""toon-train score on drawn heads and with the tiny committed models."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("tensorflow")

from facetoon.training.__main__ import main
from facetoon.training.score.likeness import gradient_energy
from facetoon.training.score.scoring import drawn_by
from facetoon.training.score.translator import Translator

TINY = Path(__file__).parents[2] / "data"
SWAPS = str(TINY / "tiny-32.tflite")


def score(heads, vector_file, *more):
    pictures = ["--photos", str(heads / "photos"), "--cartoons", str(heads / "cartoons"), "--size", "64"]
    sets = ["--set", "data.test_share=0.5", "--encoder", str(vector_file), "--encoder-range=-1..1"]
    return main(["score", *pictures, *sets, *map(str, more)])


def judged(out: Path):
    return json.loads((out / "scores.json").read_text())["judged"]


def test_cartoons_are_at_the_floor_and_photographs_at_the_ceiling(heads, vector_file, tmp_path, capsys):
    """The judge ranks: cartoons near 0, the more photographs among them the farther, photographs near 1."""
    for path in (*sorted((heads / "cartoons").iterdir())[::2], *sorted((heads / "photos").iterdir())[1::2]):
        (tmp_path / "mixed").mkdir(exist_ok=True)
        shutil.copy(path, tmp_path / "mixed")
    fakes = ["--fakes", heads / "cartoons", tmp_path / "mixed", heads / "photos"]
    assert score(heads, vector_file, *fakes, "--out", tmp_path) == 0
    unchanged, *ladder = judged(tmp_path)
    assert unchanged["kid"]["normalized"] == pytest.approx(1)
    cartoons, mixed, photos = (one["kid"]["normalized"] for one in ladder)
    assert abs(cartoons) < 0.15 < mixed < 0.6 < photos
    assert ladder[0]["kid"]["interval"][0] <= ladder[0]["kid"]["value"] <= ladder[0]["kid"]["interval"][1]
    assert ladder[0]["sharpness"] == pytest.approx(1, abs=0.2)
    assert unchanged["shift_levels"] == 0
    assert ladder[0]["shift_levels"] is ladder[0]["cycle_levels"] is ladder[0]["face"] is None
    assert "These are few pictures" in capsys.readouterr().out


def test_several_generators_make_one_table_and_one_sheet(heads, vector_file, foreign_files, tmp_path, capsys):
    """Ours, a model of several styles, and other projects' files with the range said for each of them."""
    ranges = ["--range", "other.tflite=-1..1", "--range", f"{foreign_files[1]}=-1..1,-1..1"]
    models = [SWAPS, TINY / "tiny-32-styles.tflite", *foreign_files]
    assert score(heads, vector_file, *models, *ranges, "--out", tmp_path) == 0
    names = [one["name"] for one in judged(tmp_path)]
    assert names[2:4] == [f"{TINY / 'tiny-32-styles.tflite'} {style}" for style in ("plain", "inverted")]
    plain, swapped, foreign = (judged(tmp_path)[row]["kid"]["normalized"] for row in (2, 1, 4))
    assert plain == pytest.approx(1, abs=0.1)
    assert foreign == pytest.approx(swapped, abs=0.05)
    told = capsys.readouterr().out
    assert sum(line.startswith("| /") for line in told.splitlines()) == 5
    assert "Not measured, for want of a network: the face (--landmarks FILE) and colours" in told
    assert "face found" not in told
    assert cv2.imread(str(tmp_path / "sheet.png")).shape == (8 * 64, 6 * 64, 3)


def test_face_and_colours_are_told_when_their_nets_are_given(
    heads, vector_file, mesh_file, segment_file, tmp_path, capsys
):
    nets = ["--landmarks", mesh_file, "--segments", segment_file]
    assert score(heads, vector_file, SWAPS, *nets, "--out", tmp_path) == 0
    told = capsys.readouterr().out
    assert "| face found | face moved | skin | hair |" in told
    assert "Not measured" not in told
    unchanged, swapped = judged(tmp_path)
    assert unchanged["colours"]["skin"] == 0
    assert swapped["colours"]["skin"] > 20  # red faces are blue now
    assert unchanged["face"]["photographs"] > 0


def test_a_run_of_both_directions_is_judged_there_and_back(heads, vector_file, drawn, small, tmp_path):
    run = tmp_path / "run"
    given = ["--photos", str(drawn / "photos"), "--cartoons", str(drawn / "cartoons"), "--run", str(run)]
    assert main(["cyclegan", *given, *small, "--set", "steps=1"]) == 0
    assert score(heads, vector_file, run) == 0  # into the run's own folder
    assert judged(run / "scores")[1]["cycle_levels"] > 0


def test_a_sheet_can_show_other_photographs_than_the_judged_ones(heads, drawn, vector_file, tmp_path):
    assert score(heads, vector_file, SWAPS, "--sheet-photos", drawn / "photos", "--out", tmp_path) == 0
    shown = cv2.imread(str(tmp_path / "sheet.png"))[:64, :64]
    first = cv2.imread(str(drawn / "photos" / "00.png"))
    assert np.abs(cv2.resize(first, (64, 64)).astype(int) - shown).mean() < 2


def test_a_dry_run_counts_and_writes_nothing(heads, vector_file, tmp_path, capsys):
    out = tmp_path / "out"
    assert score(heads, vector_file, SWAPS, "--out", out, "--dry-run") == 0
    assert "targets at 64 px" in capsys.readouterr().out
    assert not out.exists()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ([], "Give a run directory or model file"),
        ([SWAPS, "--features", "mobilenet"], "Give --features, or --encoder with a file, but not both."),
        ([SWAPS, "--encoder", TINY / "tiny-32.onnx"], "an encoder gives one vector for each picture"),
        ([SWAPS, "--encoder-range=1..-1"], "write LEAST..GREATEST"),
        ([SWAPS, "--landmarks", SWAPS], "takes (1, 32, 32, 3), not (1, 192, 192, 3)"),
        ([SWAPS, "--segments", "nowhere.tflite"], "The network nowhere.tflite cannot be read"),
        (["nowhere.tflite"], "nowhere.tflite"),
        ([SWAPS, "--style", "anime"], "has no styles to choose from"),
        ([SWAPS, "--set", "data.test_share=0.05"], "too few to score"),
        ([SWAPS, "--range", "other.tflite=-1..1"], "is about other.tflite, which is none of the models"),
        ([SWAPS, "--bgr", "other.tflite"], "--bgr is about other.tflite"),
        ([SWAPS, "--range", "half"], "The range half is none"),
        ([SWAPS, "--model-size", "tiny"], "--model-size tiny must be from 8 to 4096 px"),
        ([SWAPS, "--out", SWAPS], "tiny-32.tflite is a file; --out needs a folder."),
        ([SWAPS, "--most", "0"], "--most 0 must be 1 or more"),
        ([SWAPS, "--sheet-photos", "nowhere"], "nowhere is neither a folder nor a zip file"),
        (["--fakes", "x", "--baseline", "a.png"], "give at least one"),
    ],
)
def test_what_cannot_be_scored_is_one_sentence(heads, vector_file, capsys, more, sentence):
    assert score(heads, vector_file, *more) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert told.count("\n") == 1


def test_a_range_of_the_encoder_needs_an_encoder(heads, capsys):
    pictures = ["--photos", str(heads / "photos"), "--cartoons", str(heads / "cartoons")]
    assert main(["score", SWAPS, *pictures, "--encoder-range=-1..1"]) == 2
    assert "give --encoder too" in capsys.readouterr().err


def test_a_generator_draws_at_its_own_size_and_is_brought_back():
    sizes = []

    def draw(images):
        sizes.append(images.shape[1])
        return 255 - images

    pictures = np.random.default_rng(0).integers(0, 256, (20, 64, 64, 3), np.uint8)
    made = drawn_by(Translator("half", 32, draw), pictures)
    assert set(sizes) == {32}
    assert made.images.shape == pictures.shape
    assert made.shift_levels == 0  # a point operation moves with its input
    assert made.cycle_levels is None
    assert gradient_energy(made.images) < gradient_energy(pictures)


def test_a_generator_with_a_grid_trembles():
    def draw(images):
        return images // 2 + (np.indices(images.shape[1:3]).sum(0) % 2 * 40)[None, :, :, None].astype(np.uint8)

    pictures = np.full((2, 32, 32, 3), 100, np.uint8)
    assert drawn_by(Translator("grid", 32, draw), pictures).shift_levels == pytest.approx(40)


def test_style_transfer_is_compared_with_models_on_the_same_photographs(heads, vector_file, vgg_file, tmp_path, capsys):
    style = str(next((heads / "cartoons").iterdir()))
    given = ["--baseline", style, "--vgg-weights", vgg_file, "--out", tmp_path]
    assert score(heads, vector_file, SWAPS, *given) == 0
    told = json.loads((tmp_path / "baseline.json").read_text())
    assert [Path(one["name"]).name for one in told] == ["style transfer", "tiny-32.tflite"]
    assert told[0]["style"] < told[1]["style"]  # it has the style's textures, and the colour swap has not
    assert all(one["seconds"] > 0 and one["content"] > 0 for one in told)
    assert cv2.imread(str(tmp_path / "baseline.png")).shape == (8 * 32, 3 * 32, 3)
    assert "| style transfer |" in capsys.readouterr().out
