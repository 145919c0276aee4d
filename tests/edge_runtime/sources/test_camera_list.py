from __future__ import annotations

import errno
import os
import struct

import pytest

from facetoon.edge_runtime.__main__ import main
from facetoon.edge_runtime.sources import camera_list
from facetoon.edge_runtime.sources.camera_list import listed_cameras

MJPG, YUYV = (int.from_bytes(name, "little") for name in (b"MJPG", b"YUYV"))


class Driver:
    """Answers V4L2's requests as a driver of a webcam with two formats does; `caps` are its node's."""

    def __init__(self, caps=0x1):
        self.caps = caps

    def __call__(self, device, request, block):
        number, size = request & 0xFF, request >> 16 & 0x3FFF
        assert len(block) == size
        (index,) = struct.unpack_from("=I", block, 0)
        answers = {0: self.capabilities, 2: self.formats, 74: self.sizes, 75: self.intervals}
        try:
            answers[number](index, block)
        except IndexError:
            raise OSError(errno.EINVAL, "Invalid argument") from None

    def capabilities(self, index, block):
        struct.pack_into("=2I", block, 84, 0x84A00001, self.caps)

    def formats(self, index, block):
        assert struct.unpack_from("=I", block, 4) == (1,)
        struct.pack_into("=I", block, 44, (MJPG, YUYV)[index])

    def sizes(self, index, block):
        (code,) = struct.unpack_from("=I", block, 4)
        if code == MJPG:
            struct.pack_into("=3I", block, 8, 1, *((1280, 720), (640, 480))[index])
        else:
            struct.pack_into("=7I", block, 8, *((3, 16, 3280, 2, 16, 2464, 2),)[index])

    def intervals(self, index, block):
        _, width, height = struct.unpack_from("=3I", block, 4)
        rates = {(1280, 720): [(1, 30)], (640, 480): [(1, 60), (2, 15)]}[width, height]
        struct.pack_into("=3I", block, 16, 1, *rates[index])


@pytest.fixture
def machine(tmp_path):
    """Two nodes of a webcam, and one of a second camera: folders as /sys/class/video4linux and /dev."""
    for number, name in (("0", "HD Webcam"), ("10", "Other"), ("2", "HD Webcam")):
        (tmp_path / "sys" / f"video{number}").mkdir(parents=True)
        (tmp_path / "sys" / f"video{number}" / "name").write_text(f"{name}\n")
    (tmp_path / "dev").mkdir()
    for number in ("0", "2"):
        (tmp_path / "dev" / f"video{number}").touch()
    return tmp_path / "sys", tmp_path / "dev"


def test_names_formats_sizes_and_rates_are_listed(machine):
    webcam, second, lost = listed_cameras(Driver(), *machine)
    assert (webcam.source, webcam.name, second.source) == ("0", "HD Webcam", "2")
    assert webcam.modes == ("MJPG  1280x720 at 30; 640x480 at 60, 7.5", "YUYV  16x16 to 3280x2464")
    assert (lost.source, lost.modes) == ("10", ("cannot be opened: No such file or directory",))


def test_nodes_without_pictures_are_left_out(machine):
    assert [camera.source for camera in listed_cameras(Driver(caps=0x00A00000), *machine)] == ["10"]


def test_what_may_not_be_opened_names_the_group(machine, monkeypatch):
    def refuse(path, flags):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(os, "open", refuse)
    (first, *_) = listed_cameras(Driver(), *machine)
    assert first.modes == ("cannot be opened: Permission denied; cameras belong to the group video",)


def test_the_command_lists_them_or_says_that_there_is_none(machine, monkeypatch, capsys):
    found = listed_cameras(Driver(), *machine)[:1]
    for cameras, status in ((found, 0), ([], 1)):
        monkeypatch.setattr(camera_list, "listed_cameras", lambda cameras=cameras: cameras)
        assert main(["cameras"]) == status
    assert capsys.readouterr().out == (
        "--source 0  HD Webcam\n    MJPG  1280x720 at 30; 640x480 at 60, 7.5\n    YUYV  16x16 to 3280x2464\n"
        "There is no camera that this machine knows.\n"
    )
