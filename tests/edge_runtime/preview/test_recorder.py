from __future__ import annotations

import logging

import numpy as np
import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.gallery.keepsakes import NAME, Album
from facetoon.edge_runtime.preview.app import create_app
from facetoon.edge_runtime.preview.recorder import SwitchedRecording
from facetoon.edge_runtime.sinks.recording import Recording

FRAME = np.zeros((48, 64, 3), np.uint8)


class FakeFile:
    written = "out.mp4 (1 frame)"

    def __init__(self, path, error=None):
        self.path, self.error = path, error
        self.frames, self.closed = 0, False

    def write(self, frame, time_s):
        if self.error:
            raise self.error
        self.frames += 1

    def close(self):
        self.closed = True


@pytest.fixture
def files():
    return []


@pytest.fixture
def recorder(files, tmp_path):
    def open_file(path):
        files.append(FakeFile(path))
        return files[-1]

    return SwitchedRecording(lambda: Album(tmp_path).new_path("ink", "mp4"), open_file)


def test_only_what_comes_while_it_is_on_is_recorded(recorder, files, tmp_path):
    recorder.write(FRAME, 0.0)
    assert not files
    recorder.switch(True)
    recorder.switch(True)
    recorder.write(FRAME, 0.0)
    recorder.switch(False)
    recorder.write(FRAME, 0.0)
    (file,) = files
    assert (file.frames, file.closed) == (1, True)
    assert file.path.parent == tmp_path
    assert NAME.fullmatch(file.path.name)


def test_a_full_disk_is_told_and_leaves_the_picture_alone(recorder, files, caplog):
    recorder.switch(True)
    files[0].error = OSError(28, "No space left on device")
    with caplog.at_level(logging.WARNING):
        recorder.write(FRAME, 0.0)
        recorder.write(FRAME, 0.1)
    assert "is not written: No space left on device." in caplog.text
    (told,) = recorder.state()
    assert (told["fault"], told["lost"]) == ("No space left on device", 2)
    assert files[0].closed
    recorder.switch(False)
    assert recorder.state() == []


def test_the_api_switches_it_after_everything_else_was_right(sink, live, recorder, files):
    live.change = lambda values: (_ for _ in ()).throw(InputError("No.")) if values else None
    client = create_app(sink, live, recorder=recorder).test_client()
    assert client.get("/api/state").json["settings"]["record"] is False
    assert client.patch("/api/state", json={"record": True, "strength": 7}).status_code == 400
    assert client.patch("/api/state", json={"record": 1}).json == {"error": "record must be true or false."}
    assert not files
    assert client.patch("/api/state", json={"record": True}).json["settings"]["record"] is True
    assert client.patch("/api/state", json={"record": False}).json["settings"]["record"] is False
    assert files[0].closed


def test_recordings_of_one_name_are_two_files(tmp_path):
    name = "20260101-120000_ink_" + 22 * "a"
    recorder = SwitchedRecording(lambda: tmp_path / f"{name}.mp4", lambda path: Recording(path, 25.0))
    for _ in range(3):
        recorder.switch(True)
        recorder.write(FRAME, 0.0)
        recorder.switch(False)
    names = [f"{name}{mark}.mp4" for mark in ("-2", "-3", "")]
    assert all(NAME.fullmatch(path.name) for path in tmp_path.iterdir())
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert all(path.stat().st_size > 500 for path in tmp_path.iterdir())
