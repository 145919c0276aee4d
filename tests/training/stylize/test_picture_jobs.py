"""Every photograph has a result of its own, or is refused before anything is painted."""

from __future__ import annotations

import zipfile

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.training.__main__ import main
from facetoon.training.stylize.picture_jobs import list_jobs, read_picture_at, same_shapes


@pytest.fixture
def photos(tmp_path):
    """a/me.jpg, b/me.jpg, b/you.jpg (wide) and me.png."""
    for name, width in (("a/me.jpg", 16), ("b/me.jpg", 16), ("b/you.jpg", 32), ("me.png", 16)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / name), np.full((16, width, 3), 9, np.uint8))
    return tmp_path


@pytest.mark.parametrize(
    ("sources", "names"),
    [
        ([""], ("a/me.jpg", "b/me.jpg")),  # one folder
        (["a", "b"], ("a/me.jpg", "b/me.jpg")),
        (["a/me.jpg", "me.png"], ("a/me.jpg", "me.png")),
        (["me.png", "me.png"], ("me.png", "me.png")),
    ],
)
def test_two_results_of_one_name_are_refused(photos, tmp_path, sources, names):
    with pytest.raises(InputError) as raised:
        list_jobs([str(photos / source) for source in sources], 16, tmp_path / "out")
    first, second = (photos / name for name in names)
    target = tmp_path / "out/me.png"
    assert str(raised.value) == f"{first} and {second} would both become {target}: give them different names."


def test_each_photograph_has_its_own_result(photos, tmp_path):
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.write(photos / "me.png", "deep/they.png")
    jobs = list_jobs([str(photos / "b"), str(tmp_path / "more.zip")], 16, tmp_path / "out")
    assert [job.out.name for job in jobs] == ["me.png", "you.png", "they.png"]
    assert [len(group) for group in same_shapes(jobs, 4)] == [2, 1]
    assert [len(group) for group in same_shapes(jobs, 1)] == [1, 1, 1]
    jobs[0].write(jobs[0].photo)
    jobs[1].write(jobs[1].photo, step=20)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["me.png", "you-step-0020.png"]


def test_a_single_result_may_name_its_file(photos, tmp_path):
    (job,) = list_jobs([str(photos / "a/me.jpg")], 16, tmp_path / "new/one.jpg")
    job.write(job.photo)
    assert cv2.imread(str(tmp_path / "new/one.jpg")).shape == (16, 16, 3)


@pytest.mark.parametrize(
    ("source", "out", "sentence"),
    [
        ("b", "one.png", "2 photographs do not fit into one file"),
        ("me.png", "one.bmp", "must be a folder or end in .png, .jpg, .jpeg"),
        ("me.png", "me.png/out", "cannot be made"),
        ("none.png", "out", "cannot be read"),
        ("none", "out", "neither a folder nor a zip file"),
    ],
)
def test_what_cannot_be_is_one_sentence(photos, source, out, sentence):
    with pytest.raises(InputError, match=sentence):
        list_jobs([str(photos / source)], 16, photos / out)


def test_a_result_that_cannot_be_written_is_one_sentence(photos, tmp_path):
    (job,) = list_jobs([str(photos / "me.png")], 16, tmp_path / "out")
    job.out.mkdir()
    with pytest.raises(InputError, match="cannot be written: Is a directory"):
        job.write(job.photo)


def test_pictures_keep_their_size_where_none_is_asked_for(photos):
    assert read_picture_at(photos / "b/you.jpg", None).shape == (16, 32, 3)
    assert read_picture_at(photos / "b/you.jpg", 16).shape == (8, 16, 3)


def test_stylize_refuses_them_before_it_starts(photos, tmp_path, capsys):
    names = [str(photos / name) for name in ("a/me.jpg", "b/me.jpg", "me.png")]
    assert main(["stylize", "--content", *names, "--style", names[0], "--out", str(tmp_path / "out")]) == 2
    assert "would both become" in capsys.readouterr().err
    assert list((tmp_path / "out").iterdir()) == []
