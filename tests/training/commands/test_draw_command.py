"""`toon-train draw`: pairs on all cores that go on after any end, previews, and what it says of bad input."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime import pixels
from facetoon.training.__main__ import main
from facetoon.training.pictures.pairs import load_pairs
from facetoon.training.recipes.parts import PairsRecipe

ROOT = Path(__file__).parents[3]
EXAMPLE = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "DRAWN_STYLES.md").read_text("utf-8"), re.DOTALL)[1]
SLOW = "import time\ndef draw(photo, landmarks):\n    time.sleep(0.05)\n    return 255 - photo\n"


@pytest.fixture(scope="module")
def photos(tmp_path_factory, draw_face):
    """Twelve faces, one too dark to be found, and one broken file."""
    folder = tmp_path_factory.mktemp("draw") / "Fotos mit Lücke 顔"
    folder.mkdir()
    for number in range(12):
        face = draw_face(96, skin=(225 - 4 * number, 175, 150), back=(200, 200, 150 + 5 * number))
        (folder / f"é {number:02d}.png").write_bytes(pixels.encode_png(face))
    (folder / "dark.png").write_bytes(pixels.encode_png(draw_face(96) // 8))
    (folder / "broken.jpg").write_bytes(b"no picture")
    return folder


@pytest.fixture
def inverted(tmp_path):
    path = tmp_path / "Inverted.py"
    path.write_text("def draw(photo, landmarks):\n    return 255 - photo\n")
    return path


def draw(mesh_file, *arguments):
    return main(["draw", "--landmarks", str(mesh_file), "--size", "96", "--jobs", "1", *map(str, arguments)])


def test_pairs_can_be_read_as_pairs(photos, mesh_file, inverted, tmp_path, capsys):
    out = tmp_path / "pairs"
    assert draw(mesh_file, "--style", inverted, "--photos", photos, "--out", out) == 0
    assert (
        capsys.readouterr().out == f"{out}: 12 drawn, 1 unreadable, 1 without a face; sheet.png shows some of them.\n"
    )
    train, test = load_pairs([str(out)], 96, 0.3, PairsRecipe())
    assert len(train) + len(test) == 12
    both = np.concatenate([train.images, test.images])
    assert (both[:, 0] == 255 - both[:, 1]).all()
    assert cv2.imread(str(out / "sheet.png")).shape == (2 * 2 * 128, 8 * 128, 3)


def test_it_goes_on_where_it_was_and_draws_again_what_is_missing(photos, mesh_file, inverted, tmp_path, capsys):
    out = tmp_path / "pairs"
    arguments = ("--style", inverted, "--photos", photos, "--out", out)
    assert draw(mesh_file, *arguments) == 0
    drawings = sorted(out.glob("*_comic.png"))
    stamps = {path: path.stat().st_mtime_ns for path in drawings}
    drawings[3].unlink()
    with (out / ".draw" / "journal.jsonl").open("ab") as journal:
        journal.write(b'{"file": {"contai')  # the power went
    (out / ".partial-x_comic.png").write_bytes(b"half")
    assert draw(mesh_file, *arguments) == 0
    assert [path for path in drawings if path.stat().st_mtime_ns != stamps[path]] == [drawings[3]]
    assert not list(out.glob(".partial-*"))
    assert capsys.readouterr().out.count("12 drawn") == 2


@pytest.mark.slow
def test_killed_it_goes_on(mesh_file, tmp_path, draw_face):
    photos, out, style = tmp_path / "photos", tmp_path / "pairs", tmp_path / "slow.py"
    photos.mkdir()
    style.write_text(SLOW)
    for number in range(40):
        face = draw_face(64, back=(200, 200, 5 * number))
        (photos / f"{number}.png").write_bytes(pixels.encode_png(face))
    command = [sys.executable, "-m", "facetoon.training", "draw", "--style", style, "--photos", photos, "--out", out]
    command += ["--landmarks", mesh_file, "--size", "64", "--jobs", "2"]
    process = subprocess.Popen(list(map(str, command)), cwd=ROOT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 180
    while len(list(out.glob("*_comic.png"))) < 5:
        assert time.monotonic() < deadline, "no five drawings in three minutes"
        assert process.poll() is None, "it ended by itself"
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    before = {path: path.read_bytes() for path in out.glob("*.png")}
    assert 10 <= len(before) < 80
    subprocess.run(list(map(str, command)), cwd=ROOT, check=True, capture_output=True)
    assert len(list(out.glob("*_comic.png"))) == len(list(out.glob("*_face.png"))) == 40
    assert all(path.read_bytes() == data for path, data in before.items())


def test_the_same_picture_in_two_folders_is_drawn_once(mesh_file, inverted, tmp_path, capsys, draw_face):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1.png").write_bytes(pixels.encode_png(draw_face(96)))
    sources = (tmp_path / "a", tmp_path / "b")
    assert draw(mesh_file, "--style", inverted, "--photos", *sources, "--out", tmp_path / "p") == 0
    assert "1 drawn, 1 repeated" in capsys.readouterr().out


def test_a_preview_is_drawn_beside_its_photograph(mesh_file, tmp_path, capsys, draw_face):
    photo = tmp_path / "me.jpg"
    wide = cv2.copyMakeBorder(draw_face(128), 0, 0, 20, 44, cv2.BORDER_REPLICATE)
    photo.write_bytes(pixels.encode_jpeg(pixels.swap_red_blue(wide)))
    assert main(["draw", "--landmarks", str(mesh_file), "--preview", str(photo)]) == 0
    assert cv2.imread(str(tmp_path / "me-toon.png")).shape == (341, 512, 3)
    assert capsys.readouterr().out == f"{tmp_path / 'me-toon.png'}: me.jpg in toon.\n"


def test_the_example_of_the_documentation_draws(mesh_file, tmp_path, draw_face):
    style, photo, out = tmp_path / "blue.py", tmp_path / "me.png", tmp_path / "out.png"
    style.write_text(EXAMPLE)
    photo.write_bytes(pixels.encode_png(draw_face(96)))
    assert draw(mesh_file, "--style", style, "--preview", photo, "--out", out) == 0
    drawing = cv2.imread(str(out))
    assert drawing[5, 5].min() > 80
    blue, _, red = drawing.reshape(-1, 3).astype(float).mean(0)
    assert blue > red
    assert len([line for line in EXAMPLE.splitlines() if line.strip()]) <= 30


BAD = {
    "neither": ([], "Give --photos or --preview, one of them"),
    "both": (["--photos", "{photos}", "--preview", "{photos}/dark.png"], "Give --photos or --preview, one of them"),
    "no photographs": (["--photos", "{tmp}/nothing", "--out", "{tmp}/out"], "neither a folder nor a zip file"),
    "no folder": (["--photos", "{photos}"], "Give --out DIR"),
    "no style": (["--style", "oil", "--photos", "{photos}", "--out", "{tmp}/out"], "There is no style oil; choose"),
    "no jobs": (["--photos", "{photos}", "--out", "{tmp}/out", "--jobs", "0"], "--jobs must be 1 or more, not 0"),
    "too small": (["--photos", "{photos}", "--out", "{tmp}/out", "--size", "8"], "--size must be 64 to 2048, not 8"),
    "within": (["--photos", "{photos}", "--out", "{photos}/out"], "lies inside a source"),
    "no faces": (["--photos", "{photos}#dark*", "--out", "{tmp}/out"], "None of 1 photographs was drawn"),
    "another's": (["--photos", "{photos}", "--out", "{tmp}"], "toon-train draw did not begin it"),
    "no face": (["--preview", "{photos}/dark.png"], "No face was found in"),
    "no picture": (["--preview", "{photos}/broken.jpg"], "is not a picture that can be read"),
    "no file": (["--preview", "{tmp}/gone.jpg"], "gone.jpg cannot be read: No such file"),
    "no png": (["--preview", "{photos}/dark.png", "--out", "{tmp}/x.gif"], "must end in .png"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_sentence(case, photos, mesh_file, tmp_path, capsys):
    (tmp_path / "here").touch()
    arguments, sentence = BAD[case]
    given = [a.format(tmp=tmp_path, photos=photos) for a in arguments]
    assert draw(mesh_file, *given) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("toon-train: ")
    assert sentence in error
    assert not list(tmp_path.glob("**/*.png"))


def test_a_style_that_returns_another_shape_is_told_before_anything_is_written(photos, mesh_file, tmp_path, capsys):
    style = tmp_path / "small.py"
    style.write_text("def draw(photo, landmarks):\n    return photo[::2, ::2]\n")
    assert draw(mesh_file, "--style", style, "--photos", photos, "--out", tmp_path / "out") == 2
    assert "returned uint8 of shape (48, 48, 3), not uint8 of shape (96, 96, 3)" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_another_style_wants_another_folder(photos, mesh_file, inverted, tmp_path, capsys):
    out = tmp_path / "pairs"
    assert draw(mesh_file, "--style", inverted, "--photos", f"{photos}#é 0*", "--out", out) == 0
    inverted.write_text("def draw(photo, landmarks):\n    return photo\n")
    assert draw(mesh_file, "--style", inverted, "--photos", photos, "--out", out) == 2
    assert "was drawn with another style; choose another folder" in capsys.readouterr().err
