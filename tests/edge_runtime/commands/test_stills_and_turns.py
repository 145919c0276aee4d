"""Folders of unrelated photographs, pictures that stay, and cameras that hang upside down, through the real program."""

from __future__ import annotations

import json
import urllib.request

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.__main__ import main
from facetoon.edge_runtime.service import logs


@pytest.fixture
def run(monkeypatch, tiny_model, capsys):
    """Run toon-live with a tiny model; give what it prints."""
    monkeypatch.setattr(logs, "set_up", lambda style: None)  # it would take pytest's own handlers off

    def run_main(*words):
        assert main([*map(str, words), "--model", str(tiny_model)]) == 0
        return capsys.readouterr().out

    return run_main


@pytest.fixture
def case(shared_data):
    """Return the folder of one of the cases beside the shared data."""

    def folder(name):
        path = shared_data.parent / "cases" / name
        if not path.is_dir():
            pytest.skip("the cases are not beside FACETOON_DATA")
        return path

    return folder


def comes_out_as_alone(run, folder, tmp_path):
    """Check that each picture of a folder is drawn as it is alone, live and by `photos`."""
    run("--headless", "--source", folder, "--pictures", tmp_path / "row")
    run("photos", folder, "--out", tmp_path / "photos")
    for number, path in enumerate(sorted(folder.glob("*.jpg")), 1):
        assert "1 face in 1 of 1 frame" in run("--headless", "--source", path, "--pictures", tmp_path / path.stem)
        in_row, alone = (
            cv2.imread(str(tmp_path / name)) for name in (f"row/frame-{number:06}.jpg", f"{path.stem}/frame-000001.jpg")
        )
        assert np.array_equal(in_row, alone)
        run("photos", path, "--out", tmp_path / "single")
        assert (tmp_path / "single" / path.name).read_bytes() == (tmp_path / "photos" / path.name).read_bytes()


def test_each_picture_of_a_folder_is_drawn_as_it_is_alone(run, portrait, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    cv2.imwrite(str(folder / "a.jpg"), portrait)
    shift = np.float32([[0.7, 0, 150], [0, 0.7, 60]])  # the next face stands elsewhere, and is smaller
    moved = cv2.warpAffine(portrait, shift, portrait.shape[1::-1], borderMode=cv2.BORDER_REFLECT)
    cv2.imwrite(str(folder / "b.jpg"), moved)
    comes_out_as_alone(run, folder, tmp_path)


@pytest.mark.shared_data
def test_two_strangers_in_a_folder(run, case, tmp_path):
    comes_out_as_alone(run, case("folder_of_photos"), tmp_path)


@pytest.mark.shared_data
def test_a_camera_upside_down_finds_its_face_once_turned(run, case):
    film = case("camera_upside_down") / "down.mp4"
    assert "0 faces in 0 of 10 frames" in run("--headless", "--source", film)
    assert "10 faces in 10 of 10 frames" in run("--headless", "--source", film, "--turn", 180)


def test_a_picture_upside_down_stays_hints_once_and_is_turned_on_the_page(
    start_live, tiny_model, portrait, tmp_path, wait_until
):
    path = tmp_path / "down.jpg"
    cv2.imwrite(str(path), pixels.turn(portrait, 2))
    live = start_live("--port", 0, "--source", path, "--model", tiny_model)
    wait_until(lambda: live.state()["hint"].endswith("--turn 180."))  # after 10 seconds
    assert live.state()["running"]
    assert live.state()["faces"] == 0
    turned, kind = json.dumps({"turn": 180}).encode(), {"Content-Type": "application/json"}
    change = urllib.request.Request(f"{live.url}/api/state", turned, kind, method="PATCH")
    urllib.request.urlopen(change).close()
    wait_until(lambda: live.state()["faces"] == 1 and not live.state()["hint"])
    _, log = live.end()
    assert live.process.returncode == 0
    assert log.count("a turned look finds one") == 1
