"""What lies in folders and zip files is found, and what is not taken has a reason."""

from __future__ import annotations

import struct
import zipfile

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.picture_files import LIMIT_VARIABLE
from facetoon.training.pictures.images import list_others, list_pictures

PNG = cv2.imencode(".png", np.full((8, 8, 3), 99, np.uint8))[1].tobytes()


def zipped(tmp_path, *names):
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for number, name in enumerate(names):
            archive.writestr(zipfile.ZipInfo(name), PNG + bytes([number]))
    return str(tmp_path / "in.zip")


def test_a_zip_of_windows_has_folders_too(tmp_path):
    path = zipped(tmp_path, "holiday\\a.png", "holiday\\.trash\\b.png", "notes.txt", "c.PNG", "folder\\")
    files = list_pictures(path)
    assert [file.member for file in files] == ["c.PNG", "holiday/a.png"]
    assert [file.read()[-1] for file in files] == [3, 0]
    assert [(file.member, reason) for file, reason in list_others(path)] == [
        ("holiday/.trash/b.png", "hidden"),
        ("notes.txt", "no picture file"),
    ]
    assert [file.member for file in list_pictures(f"{path}#holiday/*")] == ["holiday/a.png"]


@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")
@pytest.mark.parametrize("names", [("a.png", "a.png"), ("x/a.png", "x\\a.png")])
def test_two_files_of_one_name_in_a_zip_are_refused(tmp_path, names):
    with pytest.raises(InputError, match=r"holds two files called (x/)?a\.png"):
        list_pictures(zipped(tmp_path, *names))


def test_a_member_of_a_false_size_is_bounded_where_it_is_unpacked(tmp_path, monkeypatch):
    """1.5 kB that unpack to 1.5 MB; the archive may state any size for it."""
    monkeypatch.setenv(LIMIT_VARIABLE, "1")
    path = tmp_path / "in.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", bytes(3_500_000))
    honest = path.read_bytes()
    with pytest.raises(InputError, match=r"a\.png is too large: it may have 3 MB"):
        list_pictures(str(path))[0].read()
    for stated in (0, 1000, 2**32 - 2):
        path.write_bytes(honest.replace(struct.pack("<I", 3_500_000), struct.pack("<I", stated)))
        (file,) = list_pictures(str(path))
        with pytest.raises(InputError, match=r"a\.png (cannot be read|is too large)"):
            file.read()


def test_a_large_file_of_a_folder_is_not_read_whole(tmp_path, monkeypatch):
    monkeypatch.setenv(LIMIT_VARIABLE, "1")
    with (tmp_path / "a.png").open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(InputError, match=r"a\.png is too large: it may have 3 MB"):
        list_pictures(str(tmp_path))[0].read()


def test_odd_folders_are_folders(tmp_path):
    for name in ("party #1", "2024-05-01T12:30:05", "real", "real/.ipynb_checkpoints"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").write_bytes(PNG)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "holiday").symlink_to(tmp_path / "real")
    for name in ("party #1", "2024-05-01T12:30:05", "real"):
        assert [file.member for file in list_pictures(str(tmp_path / name))] == ["a.png"]
    (file,) = list_pictures(str(tmp_path / "photos"))
    assert file.member == "holiday/a.png"
    assert file.read() == PNG
