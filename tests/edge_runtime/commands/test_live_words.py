"""What toon-live says, and how long it stays open."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime.__main__ import main
from facetoon.edge_runtime.folder_owner import owned
from facetoon.edge_runtime.service import logs


@pytest.fixture
def say(monkeypatch, capsys, tiny_model, caplog):
    """Run toon-live to its end; give its status, its words and its complaints."""
    monkeypatch.setattr(logs, "set_up", lambda style: None)  # it would take pytest's own handlers off

    def run(*words):
        caplog.clear()
        status = main([*map(str, words), "--model", str(tiny_model)] if "--model" not in words else list(words))
        said, complaints = capsys.readouterr()
        return status, said, complaints + caplog.text

    return run


@pytest.fixture
def picture(tmp_path, portrait):
    path = tmp_path / "photo.jpg"
    cv2.imwrite(str(path), portrait)
    return path


def test_it_says_where_it_wrote_and_counts_one_as_one(say, picture, tmp_path):
    out = tmp_path / "out.mp4"
    status, said, _ = say("--source", picture, "--headless", "--record", out, "--pictures", tmp_path / "all")
    assert status == 0
    assert "\n1 frame in " in said
    assert "\n1 face in 1 of 1 frame\n" in said
    assert f"\nWritten: {out} (1 frame)\nWritten: {tmp_path / 'all'} (1 picture)\n" in said


def test_a_headless_run_without_an_output_says_that_nothing_is_kept(say, picture, tmp_path):
    assert "Nothing of this run is kept" in say("--source", picture, "--headless")[2]
    assert "kept" not in say("--source", picture, "--headless", "--pictures", tmp_path / "all")[2]


def test_a_model_that_is_not_there_is_called_so(say):
    for name in ("nosuch", "nosuch.tflite"):
        status, _, complaints = say("--headless", "--model", name)
        assert status == 2
        assert f"The model {name} does not exist: name a file, or one that is shipped (" in complaints
        assert "styles-128" in complaints


def test_a_gallery_has_one_program_at_a_time(say, tmp_path):
    with owned(tmp_path):
        status, _, complaints = say("--source", "demo", "--frames", 1, "--headless", "--gallery", tmp_path)
    assert status == 2
    assert f"{tmp_path} is in use by " in complaints
    assert say("--source", "demo", "--frames", 1, "--headless", "--gallery", tmp_path)[0] == 0


def test_films_play_in_a_row_and_round(say, film, tmp_path):
    flags = ("--source", film, "--headless", "--record", tmp_path / "out.mp4")
    assert "120 frames in" in say(*flags, "--source", film)[1]
    assert "70 frames in" in say(*flags, "--loop", "--fast", "--frames", 70)[1]


def test_a_picture_stays_open_for_the_page_and_takes_its_settings(start_live, picture, tiny_model, wait_until):
    """It ended after one frame."""
    live = start_live("--port", 0, "--source", picture, "--model", tiny_model)
    live.shows(12)
    assert live.state()["source"] == "photo.jpg"
    assert live.state()["faces"] == 1
    output, log = live.end()
    assert live.process.returncode == 0, log
    assert "frames in" in output


def test_the_flags_of_a_film_that_stays_are_in_a_file_too(tmp_path, say):
    for name in ("a", "b"):
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.zeros((64, 64, 3), np.uint8))
    config = tmp_path / "facetoon.toml"
    config.write_text(f'source = ["{tmp_path / "a.png"}", "{tmp_path / "b.png"}"]\nloop = true\nheadless = true\n')
    status, said, _ = say("--config", config, "--frames", 5)
    assert status == 0
    assert "5 frames in" in said
