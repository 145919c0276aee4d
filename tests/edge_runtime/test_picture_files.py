from __future__ import annotations

import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.picture_files import find_pictures, has_picture_suffix, read_picture, reason_against

MEMBERS = ("b.JPG", "frame10.png", "frame2.png", "a/b.webp", "scan.TIFF", "IMG_1.HEIC", "c.jfif", "notes.txt",
           "._a.png", ".partial-c.png", ".trash/d.png", "@eaDir/e.jpg", "a/.ipynb_checkpoints/f.png", "party #1/g.gif",
           "2024-05-01T12:30:05.png")  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """Pictures at several depths, and other files."""
    for member in MEMBERS:
        path = tmp_path / member
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"picture")
    (tmp_path / "folder.png").mkdir()
    return tmp_path


def test_pictures_come_as_people_count_and_all_else_has_a_reason(folder):
    found = find_pictures(folder, deep=True)
    assert found.pictures == [
        "2024-05-01T12:30:05.png", "IMG_1.HEIC", "a/b.webp", "b.JPG", "c.jfif", "frame2.png", "frame10.png",
        "party #1/g.gif", "scan.TIFF",
    ]  # fmt: skip
    assert found.others == {
        "notes.txt": "no picture file", "._a.png": "hidden", ".partial-c.png": "hidden", ".trash/": "hidden",
        "@eaDir/": "hidden", "a/.ipynb_checkpoints/": "hidden",
    }  # fmt: skip
    shallow = find_pictures(folder, deep=False).pictures
    assert shallow == [member for member in found.pictures if "/" not in member]


def test_links_are_followed_and_no_folder_is_entered_twice(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "h.jpg").touch()
    (elsewhere / "back").symlink_to(folder)
    (folder / "aa holiday").symlink_to(elsewhere)
    (folder / "again").symlink_to(elsewhere)
    (folder / "loop").symlink_to(folder)
    (folder / "a" / "up").symlink_to("..")
    (folder / "lost.jpg").symlink_to("nowhere")
    found = find_pictures(folder, deep=True)
    assert [member for member in found.pictures if "h.jpg" in member] == ["aa holiday/h.jpg"]
    assert found.others["lost.jpg"] == "cannot be opened"
    assert len(found.pictures) == 10
    assert find_pictures(folder / "again", deep=True).pictures[-1] == "h.jpg"


def test_a_folder_that_is_hidden_itself_still_has_pictures(folder):
    assert find_pictures(folder / ".trash", deep=True).pictures == ["d.png"]


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        ("v1/a.jpg", ""),
        ("./a.jpg", ""),
        ("__MACOSX/a.jpg", "hidden"),
        ("x/._a.jpg", "hidden"),
        (".thumbnails/a.jpg", "hidden"),
        ("a.jpg.txt", "no picture file"),
        (".jpg", "hidden"),
    ],
)
def test_members_of_an_archive_are_judged_alike(member, expected):
    assert reason_against(member) == expected


def test_a_hidden_file_that_the_user_names_is_a_picture(tmp_path):
    assert has_picture_suffix(tmp_path / ".me.PNG")
    assert not has_picture_suffix("film.mp4")


def test_a_picture_that_cannot_be_read_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match=r"The picture .*missing\.png cannot be read: No such file or directory\."):
        read_picture(tmp_path / "missing.png")
