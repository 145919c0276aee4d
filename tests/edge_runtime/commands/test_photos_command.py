from __future__ import annotations

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime.__main__ import main
from facetoon.edge_runtime.service import logs


@pytest.fixture
def photos(monkeypatch, tiny_model, capsys):
    """Run toon-live photos; give its status, its words and its complaints."""
    monkeypatch.setattr(logs, "set_up", lambda style: None)  # it would take pytest's own handlers off
    model = tiny_model.with_name("tiny-32-styles.tflite")

    def run(*words):
        status = main(["photos", *map(str, words), "--model", str(model)])
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def holiday(tmp_path, portrait):
    folder = tmp_path / "in"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.jpg"), portrait)
    cv2.imwrite(str(folder / "b.png"), np.full((90, 120, 3), 77, np.uint8))
    cv2.imwrite(str(folder / "c.webp"), portrait[:300, :400])
    return folder


def test_a_folder_is_drawn_at_its_own_sizes_and_what_failed_is_told(photos, holiday, tmp_path, portrait):
    (holiday / "d.jpg").write_bytes((holiday / "a.jpg").read_bytes()[:900])
    status, said, complaints = photos(holiday, "--out", tmp_path / "out")
    assert status == 1
    assert said.startswith(f"3 pictures: 2 faces in 2. Written to {tmp_path / 'out'}.\nNo face in {holiday / 'b.png'}.")
    assert f"toon-live: {holiday / 'd.jpg'} is cut short." in complaints
    shapes = {path.name: cv2.imread(str(path)).shape for path in sorted((tmp_path / "out").iterdir())}
    assert shapes == {"a.jpg": portrait.shape, "b.png": (90, 120, 3), "c.webp": (300, 400, 3)}
    assert cv2.absdiff(cv2.imread(str(tmp_path / "out" / "a.jpg")), portrait).max() > 60


def test_all_styles_side_by_side_or_in_a_folder_each(photos, holiday, tmp_path):
    out, picture = tmp_path / "out", holiday / "a.jpg"
    assert photos(picture, "--out", out, "--style", "all", "--side-by-side")[0] == 0
    row = cv2.imread(str(out / "a.jpg"))
    assert row.shape == (512, 3 * 512, 3)
    assert cv2.absdiff(row[:, :512], cv2.imread(str(picture))).mean() < 3
    assert photos(picture, "--out", out, "--style", "all", "--style", "plain:0.5")[0] == 0
    assert sorted(path.name for path in out.iterdir()) == ["a.jpg", "inverted", "plain", "plain-0.5"]


def test_turned_and_mirrored_pictures_are_drawn(photos, holiday, tmp_path, portrait):
    cv2.imwrite(str(holiday / "hangs.png"), cv2.flip(portrait, -1))
    status, said, _ = photos(holiday / "hangs.png", "--out", tmp_path / "out", "--turn", 180, "--mirror")
    assert (status, said.splitlines()[0][:24]) == (0, "1 picture: 1 face in 1. ")
    after = cv2.imread(str(tmp_path / "out" / "hangs.png"))
    assert np.array_equal(after[400:, :100], cv2.flip(portrait, 1)[400:, :100])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["no.jpg"], "no.jpg does not exist"),
        (["--style", "oil"], "There is no style 'oil'"),
        (["--background", "pink"], "not 'pink'"),
        (["--smallest-face", 9], "least height is 24 px"),
    ],
)
def test_wrong_input_is_one_sentence_and_nothing_is_written(photos, holiday, tmp_path, words, message):
    given = words if words[0] == "no.jpg" else [holiday, *words]
    status, _, complaints = photos(*given, "--out", tmp_path / "out")
    assert status == 2
    assert message in complaints
    assert complaints.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_an_unwritable_folder_is_one_sentence(photos, holiday, tmp_path):
    (tmp_path / "out").write_text("a file")
    status, _, complaints = photos(holiday / "a.jpg", "--out", tmp_path / "out")
    assert status == 2
    assert "cannot be written" in complaints


def test_a_full_disk_is_told_before_anything_is_drawn(photos, holiday, tmp_path, full_disk):
    status, _, complaints = photos(holiday, "--out", tmp_path / "out")
    assert status == 2
    assert "for the cartoons cannot be written: File too large." in complaints
    assert not (tmp_path / "out").exists()
