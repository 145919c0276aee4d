from __future__ import annotations

import sys
import types

import numpy as np
import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sources.cameras import open_camera


def test_without_picamera2_the_message_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(InputError, match="sudo apt install python3-picamera2"):
        open_camera("picamera", (640, 480), 30)


class FakePicamera2:
    """Speaks as picamera2 does; fails while it is unplugged."""

    plugged = True
    closed = 0

    def __init__(self):
        if not FakePicamera2.plugged:
            raise IndexError("list index out of range")

    def create_video_configuration(self, main, controls, buffer_count):
        assert main["format"] == "RGB888"
        return {"main": {**main, "size": (320, 240)}}

    def configure(self, configuration):
        self._configuration = configuration

    def camera_configuration(self):
        return self._configuration

    def start(self):
        pass

    def capture_array(self, stream):
        if not FakePicamera2.plugged:
            raise RuntimeError("camera frontend has timed out")
        return np.full((240, 320, 3), 99, np.uint8)

    def close(self):
        FakePicamera2.closed += 1


def test_the_pi_camera_is_lost_and_found_like_any_other(monkeypatch, clock):
    monkeypatch.setitem(sys.modules, "picamera2", types.SimpleNamespace(Picamera2=FakePicamera2))
    monkeypatch.setattr(FakePicamera2, "plugged", True)
    camera = open_camera("picamera", (640, 480), 30)
    assert "granted 320x240 at 30/s" in camera.details
    assert (camera.read() == 99).all()
    FakePicamera2.plugged = False
    assert not any((camera.read() == 99).all() for _ in range(30))
    FakePicamera2.plugged = True
    assert any((camera.read() == 99).all() for _ in range(90))
    camera.close()
    assert FakePicamera2.closed >= 2
