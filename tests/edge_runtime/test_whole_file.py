from __future__ import annotations

import errno
import os

import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.whole_file import check_room, disk_faults, replacing, write_whole


def test_text_and_bytes_are_written_and_folders_made(tmp_path):
    write_whole(tmp_path / "a" / "b" / "text.md", "Grüße")
    write_whole(tmp_path / "a" / "bytes.bin", b"\x00\xff")
    assert (tmp_path / "a" / "b" / "text.md").read_bytes() == "Grüße".encode()
    assert (tmp_path / "a" / "bytes.bin").read_bytes() == b"\x00\xff"
    write_whole(tmp_path / "a" / "bytes.bin", b"new")
    assert (tmp_path / "a" / "bytes.bin").read_bytes() == b"new"


@pytest.mark.parametrize("fault", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("old", [b"old", None])
def test_a_write_that_fails_leaves_the_old_file_and_no_partial(tmp_path, fault, old):
    path = tmp_path / "result.json"
    if old is not None:
        path.write_bytes(old)

    def write():
        with replacing(path) as partial:
            partial.write_bytes(b"half")
            assert not path.exists() or path.read_bytes() == old  # nobody sees the half
            raise fault

    with pytest.raises(type(fault)):
        write()
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == ({} if old is None else {path.name: old})


def test_a_rename_that_fails_leaves_no_partial(tmp_path):
    (tmp_path / "out" / "full").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        write_whole(tmp_path / "out", b"a file in the place of a folder")
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "full"]


def test_the_partial_keeps_the_suffix_and_is_hidden(tmp_path):
    with replacing(tmp_path / "model.keras") as partial:
        partial.touch()
        assert partial.parent == tmp_path  # os.replace is whole within one disk alone
        assert partial.suffix == ".keras"
        assert partial.name.startswith(".")


def test_a_link_stays_a_link_to_the_file_it_names(tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "first.json").write_text("old")
    (tmp_path / "newest.json").symlink_to("runs/first.json")
    write_whole(tmp_path / "newest.json", "new")
    assert os.readlink(tmp_path / "newest.json") == "runs/first.json"
    assert (tmp_path / "runs" / "first.json").read_text() == "new"
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["first.json"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_one_sentence(tmp_path, number):
    with pytest.raises(InputError, match=r"^The disk of .*out is full; make room .*\.$"), disk_faults(tmp_path / "out"):
        raise OSError(number, os.strerror(number))


def test_a_forbidden_file_is_one_sentence_that_names_it(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"file.* cannot be written: Not a directory\.$"), disk_faults(tmp_path):
        (tmp_path / "file" / "below").write_bytes(b"")
    with pytest.raises(InputError, match=r"cannot be written: File name too long\.$"), disk_faults(tmp_path):
        write_whole(tmp_path / ("x" * 300), b"")


def test_a_fault_that_is_not_the_disks_is_left_as_it_is(tmp_path):
    with pytest.raises(ConnectionResetError), disk_faults(tmp_path):
        raise ConnectionResetError


def test_a_replaced_file_keeps_its_rights(tmp_path):
    (tmp_path / "secret").touch(0o600)
    write_whole(tmp_path / "secret", "new")
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_a_folder_without_room_is_refused_and_one_to_be_made_is_not_made(tmp_path, full_disk):
    with pytest.raises(InputError, match=r"^The folder .*a/b for the film cannot be written: File too large\.$"):
        check_room(tmp_path / "a" / "b", "the film")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_room_stays_empty_and_a_file_is_no_folder(tmp_path):
    check_room(tmp_path / "a" / "b", "the film")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"file for the film cannot be written: Not a directory\.$"):
        check_room(tmp_path / "file", "the film")
    with pytest.raises(InputError, match=r"for the film cannot be written: File name too long\.$"):
        check_room(tmp_path / ("x" * 300), "the film")
