from __future__ import annotations

from pathlib import Path

import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.photos.album import folder_of, plan


@pytest.fixture
def holiday(tmp_path):
    folder = tmp_path / "in"
    (folder / "day 1").mkdir(parents=True)
    for name in ("a.jpg", "b.PNG", "scan.tiff", "scan.jpg", "._a.jpg", "notes.txt", "day 1/a.jpg"):
        (folder / name).write_bytes(b"")
    return folder


def outputs(photos, out):
    return [[str(path.relative_to(out)) for path in photo.outputs] for photo in photos]


def test_names_and_folders_stay_and_doubles_are_numbered(holiday, tmp_path):
    out = tmp_path / "out"
    photos = plan([str(holiday), str(holiday / "day 1" / "a.jpg")], out, [""], False)
    assert outputs(photos, out) == [["a.jpg"], ["b.PNG"], ["day 1/a.jpg"], ["scan.jpg"], ["scan-2.jpg"]]
    assert [photo.path.name for photo in photos] == ["a.jpg", "b.PNG", "a.jpg", "scan.jpg", "scan.tiff"]
    several = plan([str(holiday / "*.jpg")], out, ["ink", "anime-0.5+photo-0.5"], False)
    assert outputs(several, out)[0] == ["ink/a.jpg", "anime-0.5+photo-0.5/a.jpg"]
    assert folder_of("anime:0.5, photo:0.5") == "anime-0.5+photo-0.5"


def test_cartoons_of_an_earlier_run_are_no_photographs_and_stay(holiday):
    out = holiday / "cartoons"
    out.mkdir()
    (out / "a.jpg").write_bytes(b"drawn")
    with pytest.raises(InputError, match=r"a\.jpg exist already: name another --out"):
        plan([str(holiday)], out, [""], False)
    assert len(plan([str(holiday)], out, [""], True)) == 5


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_photograph_is_never_written_over(holiday, overwrite):
    with pytest.raises(InputError, match="exist already" if not overwrite else "which is read here"):
        plan([str(holiday / "a.jpg")], holiday, [""], overwrite)


@pytest.mark.parametrize(("name", "message"), [("no.jpg", "does not exist"), ("*.gif", "does not exist"), ("", "")])
def test_what_is_not_there_is_one_sentence(tmp_path, name, message):
    with pytest.raises(InputError, match=message or "There is no picture in"):
        plan([str(tmp_path / name)], Path("out"), [""], False)
