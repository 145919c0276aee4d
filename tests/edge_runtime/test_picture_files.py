from __future__ import annotations

import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.picture_files import FRAMES, has_picture_suffix, is_picture, pictures_in, read_picture


@pytest.fixture
def folder(tmp_path):
    """Pictures at two depths, and other files."""
    for member in (
        "b.JPG",
        "a.png",
        "a/b.webp",
        "a-b.jpeg",
        "scan.bmp",
        "notes.txt",
        "._a.png",
        ".partial-c.png",
        ".prepare/d.png",
    ):
        path = tmp_path / member
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"picture")
    (tmp_path / "folder.png").mkdir()
    return tmp_path


def test_pictures_come_in_the_order_of_their_paths_as_text(folder):
    assert pictures_in(folder, deep=True) == ["a-b.jpeg", "a.png", "a/b.webp", "b.JPG"]
    assert pictures_in(folder, deep=False) == ["a-b.jpeg", "a.png", "b.JPG"]


def test_the_device_plays_bitmaps_too(folder):
    assert pictures_in(folder, FRAMES, deep=False) == ["a-b.jpeg", "a.png", "b.JPG", "scan.bmp"]


def test_a_folder_that_is_hidden_itself_still_has_pictures(folder):
    assert pictures_in(folder / ".prepare", deep=True) == ["d.png"]


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        ("v1/a.jpg", True),
        ("./a.jpg", True),
        ("__MACOSX/._a.jpg", False),
        (".thumbnails/a.jpg", False),
        ("a.jpg.txt", False),
        (".jpg", False),
    ],
)
def test_hidden_members_of_an_archive_are_no_pictures(member, expected):
    assert is_picture(member) is expected


def test_a_hidden_file_that_the_user_names_is_a_picture(tmp_path):
    assert has_picture_suffix(tmp_path / ".me.PNG")
    assert not has_picture_suffix("scan.bmp")
    assert has_picture_suffix("scan.bmp", FRAMES)


def test_a_picture_that_cannot_be_read_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match=r"The picture .*missing\.png cannot be read: No such file or directory\."):
        read_picture(tmp_path / "missing.png")
