from __future__ import annotations

import sys
import types

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.edge_runtime.sinks import outputs
from facetoon.edge_runtime.sinks.outputs import SequenceSink, VirtualCameraSink, WindowSink


def test_a_sequence_is_numbered_and_overwrites_nothing(tmp_path, demo_frames):
    sink = SequenceSink(tmp_path / "new" / "frames")
    for frame in demo_frames[:3]:
        sink.write(frame)
    sink.close()
    names = sorted(path.name for path in (tmp_path / "new" / "frames").iterdir())
    assert names == ["frame-000001.jpg", "frame-000002.jpg", "frame-000003.jpg"]
    assert cv2.PSNR(cv2.imread(str(tmp_path / "new" / "frames" / names[2])), demo_frames[2]) > 30
    with pytest.raises(InputError, match="holds frames already"):
        SequenceSink(tmp_path / "new" / "frames")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        SequenceSink(tmp_path / "file")


def test_a_window_without_a_screen_or_without_gui_is_one_sentence(monkeypatch):
    monkeypatch.setattr(outputs.cv2, "getBuildInformation", lambda: "  GUI:                NONE\n")
    with pytest.raises(InputError, match="This OpenCV has no windows"):
        WindowSink(lambda: None)
    monkeypatch.setattr(outputs.cv2, "getBuildInformation", lambda: "  GUI:                QT5\n")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InputError, match="no screen"):
        WindowSink(lambda: None)


def test_q_or_a_closed_window_ends_it(monkeypatch, demo_frames):
    keys, visible, quits = iter([-1, ord("q")]), iter([1, 0]), []
    fakes = {
        "getBuildInformation": lambda: "GUI: QT5",
        "namedWindow": lambda *_: None,
        "resizeWindow": lambda *_: None,
        "imshow": lambda *_: None,
        "waitKey": lambda _: next(keys),
        "getWindowProperty": lambda *_: next(visible),
    }
    for name, fake in fakes.items():
        monkeypatch.setattr(outputs.cv2, name, fake, raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    sink = WindowSink(lambda: quits.append(1))
    counts = []
    for frame in demo_frames[:3]:
        sink.write(frame)
        counts.append(len(quits))
    assert counts == [0, 1, 2]


class FakeCamera:
    sent: list[np.ndarray]

    def __init__(self, width, height, fps, fmt, device):
        if device == "/dev/none":
            raise RuntimeError("'v4l2loopback' backend: No device found.\nMore lines.")
        self.asked = (width, height, fps, fmt)
        self.sent, self.closed = [], False

    def send(self, frame):
        self.sent.append(frame)

    def close(self):
        self.closed = True


def test_a_virtual_camera_gets_every_frame_as_bgr(monkeypatch, demo_frames):
    module = types.SimpleNamespace(Camera=FakeCamera, PixelFormat=types.SimpleNamespace(BGR="bgr"))
    monkeypatch.setitem(sys.modules, "pyvirtualcam", module)
    sink = VirtualCameraSink(30.0)
    for frame in demo_frames[:2]:
        sink.write(frame)
    camera = sink._camera
    assert camera.asked == (640, 480, 30.0, "bgr")
    assert len(camera.sent) == 2
    sink.close()
    sink.close()
    assert camera.closed
    with pytest.raises(InputError, match="modprobe v4l2loopback") as caught:
        VirtualCameraSink(30.0, "/dev/none").write(demo_frames[0])
    assert "\n" not in str(caught.value)


def test_without_pyvirtualcam_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    with pytest.raises(InputError, match="virtual-camera"):
        VirtualCameraSink(30.0)
