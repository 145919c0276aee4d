"""A student learns from drawn styles as from generators, of photographs that show a face."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("tensorflow")

import keras

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.training.__main__ import main
from facetoon.training.drawings.drawn_teacher import DrawnTeacher
from facetoon.training.drawings.head_mattes import SAME_SHAPE, HeadMattes
from facetoon.training.pictures.images import ImageSet
from facetoon.training.runs.lesson import lesson


@pytest.fixture
def inverted(tmp_path):
    path = tmp_path / "inverted.py"
    path.write_text("def draw(photo, landmarks):\n    return 255 - photo\n")
    return path


@pytest.fixture
def faces(tmp_path, draw_face):
    """A folder of 24 faces, and two pictures that are too dark for one."""
    folder = tmp_path / "faces"
    folder.mkdir()
    for number in range(26):
        face = draw_face(64, back=(200, 200, 9 * number)) // (8 if number >= 24 else 1)
        (folder / f"{number:02d}.png").write_bytes(pixels.encode_png(face))
    return folder


def test_each_teacher_answers_every_photograph_with_a_face(mesh_file, inverted, draw_face):
    photos = np.stack([draw_face(32), draw_face(32) // 8, draw_face(32, back=(250, 250, 250))])
    image = keras.Input((16, 16, 3))
    darker = keras.Model(image, keras.layers.Rescaling(1.0, -0.5)(image))
    taught = lesson(ImageSet(photos, np.array([0, 1, 2]), ""), [DrawnTeacher(str(inverted), mesh_file), darker])
    assert taught.images.shape == (2, 3, 32, 32, 3)
    assert taught.source.tolist() == [0, 2]
    assert np.array_equal(taught.images[:, 0], photos[[0, 2]])
    there_and_back = np.abs(taught.images[:, 1].astype(int) - (255 - photos[[0, 2]].astype(int)))
    assert there_and_back.mean() < 6  # enlarged to 256 px and brought back
    assert taught.images[:, 2].mean() < taught.images[:, 0].mean() - 40


def test_a_lesson_with_mattes_has_a_fourth_channel(mesh_file, segments_file, inverted, draw_face):
    inverted.write_text(
        "from facetoon.training.drawn.warp import Shape\nSHAPE = Shape(jaw=0.25)\n"
        "def draw(photo, landmarks):\n    return 255 - photo\n"
    )
    photos = ImageSet(draw_face(64)[None], np.zeros(1, int), "")
    teacher = DrawnTeacher(str(inverted), mesh_file)
    mattes = HeadMattes(segments_file, mesh_file)
    taught = lesson(photos, [teacher], mattes).images
    assert taught.shape == (1, 2, 64, 64, 4)
    features, plain, narrow = mattes.of(photos.images, [SAME_SHAPE, teacher.shape])[0]
    assert np.array_equal(taught[0, :, :, :, 3], [features, narrow])
    assert 0 < (narrow[42:50] > 127).sum() < (plain[42:50] > 127).sum()


def test_a_student_with_a_matte_learns_it(
    mesh_file, segments_file, features_file, inverted, faces, tmp_path, small, capsys
):
    command = ["distill", "--recipe", "styles_256", "--teacher", f"draw:{inverted}", "--photos", str(faces), *small]
    command += ["--run", str(tmp_path / "run"), "--landmarks", str(mesh_file), "--set", "data.test_share=0.3"]
    command += ["--set", "steps=150", "--set", "checkpoint_every=50", "--set", "student.middle_filters=16"]
    command += ["--set", "distill.settle_from=1"]  # the moving statistics of so few steps are not yet the true ones
    command += ["--set", "distill.window_px=16", "--set", "distill.whole_from=0.5"]
    command += ["--set", "distill.adversarial_weight=0.01", "--set", "discriminator.layers=2"]
    assert main([*command, "--segments", str(segments_file)]) == 2  # the recipe's perceptual loss lacks its features
    assert main([*command, "--features", str(features_file)]) == 2
    assert main([*command, "--set", "student.matte=false", "--features", str(features_file)]) == 2
    assert "distill.hold_skin finds the skin by --segments" in capsys.readouterr().err
    assert main([*command, "--segments", str(segments_file), "--features", str(features_file)]) == 0
    lines = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["matte"] < 0.7 * lines[0]["matte"]
    assert {"adversarial", "critic", "detail", "line", "perceptual", "test_matte"} <= lines[-1].keys()


def test_photographs_of_which_none_shows_a_face_are_one_sentence(mesh_file, inverted, draw_face):
    photos = ImageSet(draw_face(32)[None] // 8, np.zeros(1, int), "")
    with pytest.raises(InputError, match="found a face in none of 1 photographs"):
        lesson(photos, [DrawnTeacher(str(inverted), mesh_file)])


def test_distil_from_a_drawn_style(mesh_file, inverted, faces, tmp_path, small, capsys):
    run = tmp_path / "run"
    says = "from facetoon.training.drawn.warp import Shape\nSHAPE = Shape()\n"
    inverted.write_text(says + "def draw(photo, landmarks):\n    return 255 - photo\n")
    command = ["distill", "--teacher", f"mine=draw:{inverted}", "--landmarks", str(mesh_file), *small]
    command += ["--photos", str(faces), "--run", str(run), "--set", "data.test_share=0.3"]
    assert main([*command, "--set", "steps=150"]) == 0
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["l1"] < 0.8 * lines[0]["l1"]
    config = json.loads((run / "config.json").read_text())
    assert len(config["teacher_mine_sha256"]) == 64
    assert config["keeps_shape"] == ["mine"]
    assert "photographs show no face and are left out" in capsys.readouterr().err
    inverted.write_text("def draw(photo, landmarks):\n    return photo\n")
    assert main([*command, "--set", "steps=150"]) == 2  # another teacher is another run


@pytest.mark.parametrize(
    ("teacher", "options", "sentence"),
    [
        ("draw:oil", [], "There is no style oil"),
        ("toon=draw:toon", ["--set", "distill.feature_weight=1"], "The teacher toon has no features"),
    ],
)
def test_bad_input_is_one_sentence(teacher, options, sentence, mesh_file, faces, tmp_path, small, capsys):
    command = ["distill", "--teacher", teacher, "--landmarks", str(mesh_file), "--photos", str(faces)]
    assert main([*command, "--run", str(tmp_path / "run"), *small, *options]) == 2
    assert sentence in capsys.readouterr().err
