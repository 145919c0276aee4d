"""Every script of docs/figures makes its figure or picture on a tiny case."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FIGURES = Path(__file__).parents[2] / "docs" / "figures"
DATA = Path(__file__).parents[1] / "data"
needs_tensorflow = pytest.mark.skipif(
    not importlib.util.find_spec("tensorflow"), reason="needs pip install 'facetoon[train]'"
)
needs_converters = pytest.mark.skipif(
    not importlib.util.find_spec("ai_edge_quantizer"), reason="needs pip install 'facetoon[convert]'"
)


def cells(text):
    """The rows of the Markdown tables in a text, each as its cells."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]


def test_every_script_is_run_here():
    tested = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    scripts = {path.stem for path in FIGURES.rglob("*.py")}
    assert scripts
    assert {name for name in scripts if name not in tested} == set()


def test_live_figures_of_a_tiny_model(script, tiny_model, capsys):
    script("measure_live").main(
        [
            *("--model", str(tiny_model), "--rounds", "1", "--noisy-frames", "24"),
            *(
                "--seconds",
                "0.5",
                "--gallery",
                "70",
                "--spare",
                "20",
            ),  # a busy machine must not reach the end of the film
        ]
    )
    rows = {row[0]: row[2:] for row in cells(capsys.readouterr().out)[2:]}
    assert len(rows) == 10
    for name, values in rows.items():
        assert len(values) == 3, name
        assert all(re.fullmatch(r"-?\d+\.\d\d", value) for value in values), name
    assert float(rows["flicker, cartoon to video"][0]) > 0


def test_connection_figures_of_a_tiny_model(script, tiny_model, capsys):
    script("measure_connections").main(["--model", str(tiny_model), "--connections", "5", "--seconds", "0.5"])
    rows = {row[0]: row[1:] for row in cells(capsys.readouterr().out)[2:]}
    assert len(rows) == 8
    for rate_hz, _, asked, failed, megabytes in rows.values():
        assert float(rate_hz) > 0
        assert int(asked) > 0
        assert int(failed) == 0
        assert int(megabytes) > 10


def test_it_runs_as_a_script():
    done = subprocess.run(
        [sys.executable, str(FIGURES / "measure_live.py"), "--help"], capture_output=True, text=True, check=True
    )
    assert "--rounds" in done.stdout


@needs_tensorflow
def test_pictures_of_the_shipped_models(script, drawings, tmp_path, assert_picture):
    script("make_pictures").main(
        ["--photos", str(drawings), "--out", str(tmp_path), "--frames", "2", "--with-inputs", str(tmp_path / "both")]
    )
    assert_picture(tmp_path / "demo.jpg", 340, 340 * 3)
    assert_picture(tmp_path / "simplex.jpg", 5 * 128, 5 * 128)
    for size_px in (64, 128):
        assert_picture(tmp_path / f"styles-{size_px}.jpg", size_px, 10 * size_px)
        assert_picture(tmp_path / "both" / f"styles-{size_px}.jpg", 2 * size_px, 10 * size_px)


@pytest.fixture
def tiny_run(tmp_path):
    """A function: (side in px, styles, folders of pictures) to the run directory of an untrained generator."""

    def make(size_px, styles=(), photos=()):
        import keras

        from facetoon.training.pictures.images import load_split

        keras.utils.set_random_seed(1)
        image = keras.Input((size_px, size_px, 3), name="image")
        inputs, x = [image], keras.layers.Conv2D(16, 3, padding="same", use_bias=False)(image)
        x = keras.layers.ReLU(6.0)(keras.layers.BatchNormalization()(x))
        if styles:
            inputs.append(keras.Input((len(styles),), name="style"))
            x = keras.layers.Multiply()([x, keras.layers.Reshape((1, 1, 16))(keras.layers.Dense(16)(inputs[1]))])
        model = keras.Model(inputs if styles else image, keras.layers.Activation("tanh")(keras.layers.Conv2D(3, 1)(x)))
        run = tmp_path / "run"
        run.mkdir()
        model.save(run / "generator_ab.keras")
        train, _ = load_split(list(photos), size_px, 0.2) if photos else ((), ())
        data = {"photos": {"train_images": len(train), "train_sha256": train.digest}} if photos else {}
        recipe = {"data": {"size_px": size_px, "test_share": 0.2}}
        (run / "config.json").write_text(json.dumps({"recipe": recipe, "data": data, "styles": styles}))
        (run / "sources.json").write_text(json.dumps({"photos": photos}))
        return run

    return make


@needs_tensorflow
@pytest.mark.shared_data
def test_the_baseline_of_untrained_runs(script, tiny_run, nets, portrait, tmp_path, assert_picture):
    import cv2

    cv2.imwrite(str(tmp_path / "style.png"), portrait[:200, 100:300])
    run, out = tiny_run(64), tmp_path / "baseline.png"
    script("make_baseline").main(
        [
            *("--style", str(tmp_path / "style.png"), "--vgg-weights", str(nets / "vgg19_16x.npz")),
            *("--fast", str(run), "--cyclegan", str(run), "--steps", "1", "--out", str(out)),
        ]
    )
    assert_picture(out, 192, 5 * 192)


@pytest.mark.shared_data
def test_the_packaged_photograph_in_two_drawn_styles(script, nets, tmp_path, assert_picture):
    landmarks, out = nets / "face_landmark_468.tflite", tmp_path / "drawn.jpg"
    script("make_drawn").main(["--landmarks", str(landmarks), "--styles", "comic", "pencil", "--out", str(out)])
    assert_picture(out, 256, 3 * 256)


@needs_converters
@pytest.mark.slow
def test_formats_of_a_tiny_run(script, tiny_run, drawings, tmp_path, capsys):
    run = tiny_run(16, photos=[str(drawings)])
    script("measure_formats").main(
        [str(run), str(tmp_path / "out"), "--images", "6", "--parts", "formats,improve", "--improve", "", "bias"]
    )
    rows = {row[0]: row for row in cells(capsys.readouterr().out)}
    assert rows["run.static_wi8_ai8.tflite"][1] in ("pass", "fail")
    assert float(rows["run.float32.onnx"][2]) > 60
    assert float(rows["none"][1]) > 0
    assert float(rows["`bias`"][1]) > 0


@needs_converters
@pytest.mark.slow
def test_baked_and_live_files_of_a_tiny_run(script, tiny_run, drawings, tmp_path, capsys):
    run = tiny_run(16, ("one", "two"), [str(drawings)])
    script("measure_formats").main(
        [str(run), str(tmp_path / "out"), "--images", "6", "--parts", "live", "--mix", "one:0.5,two:0.5"]
    )
    rows = {row[0]: row for row in cells(capsys.readouterr().out)}
    assert {"one", "two", "one:0.5,two:0.5"} <= set(rows)
    assert re.fullmatch(r"\d+\.\d\d \(\d+\.\d\d\)", rows["one"][1])


@needs_tensorflow
def test_the_kit_trains_as_fast_as_it_says(script, capsys):
    small = ["data.size_px=16", "batch_size=1", "generator.filters=4", "generator.blocks=1", "discriminator.filters=4"]
    values = [text for value in small for text in ("--set", value)]
    script("pytorch/compare_pytorch").main(["--kit-alone", "--steps", "1", "--warm-up", "1", *values])
    assert json.loads(capsys.readouterr().out) > 0


def test_pytorch_is_asked_for_where_it_is_missing(script):
    with pytest.raises(SystemExit, match="has no torch"):
        script("pytorch/compare_pytorch").main(["--torch-python", "false"])


def test_pytorch_trains_too():
    pytest.importorskip("torch", reason="pytorch_cyclegan.py needs torch, which no extra brings")
    small = ["--size=16", "--batch=1", "--filters=4", "--blocks=1", "--patch-filters=4", "--steps=1", "--warm-up=1"]
    done = subprocess.run(
        [sys.executable, str(FIGURES / "pytorch/pytorch_cyclegan.py"), *small],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) > 0


@pytest.mark.shared_data
def test_detectors_are_compared(script, shared_data, nets, capsys):
    photos = f"{shared_data}/photos_raw250.zip#*_A*"
    model = str(nets / "yunet_n_dynamic.onnx")
    assert script("measure_faces").main(["--photos", photos, "--detector-model", model]) == 0
    rows = cells(capsys.readouterr().out)[2:]
    assert len(rows) == 3
    assert all(int(row[1].split()[0]) > 0 for row in rows)


@pytest.mark.shared_data
def test_prepared_crops_are_judged(script, shared_data, nets, tmp_path, capsys):
    from facetoon.training.__main__ import main

    photos, model = f"{shared_data}/photos_raw250.zip#*_A*", str(nets / "yunet_n_dynamic.onnx")
    assert main(["prepare", "--photos", photos, "--out", str(tmp_path / "set")]) == 0
    capsys.readouterr()
    assert script("measure_faces").main(["--prepared", str(tmp_path / "set"), "--detector-model", model]) == 0
    shares = re.findall(r"^centred within 5 % .*: ([\d.]+)%", capsys.readouterr().out, re.MULTILINE)
    assert float(shares[0]) > 50


@pytest.mark.shared_data
def test_turns_are_fitted(script, shared_data, nets, tmp_path, capsys):
    photos, model = f"{shared_data}/photos_raw250.zip#*_[AB]*", str(nets / "yunet_n_dynamic.onnx")
    out = tmp_path / "turn.npy"
    assert script("fit_turn").main(["--photos", photos, "--detector-model", model, "--out", str(out)]) == 0
    weights = np.load(out)
    assert weights.shape == (1764,)
    assert weights.std() > 0
    assert "held-out faces: correlation" in capsys.readouterr().out


@pytest.mark.slow
def test_the_tables_of_sources_say_what_this_version_does(script, needs_program):
    """Write them anew with docs/figures/try_sources.py after a change."""
    needs_program("ffmpeg", "ffmpeg")
    tried = script("try_sources")
    assert tried.DOCUMENT.read_text("utf-8").partition(tried.MARK)[2].strip() == tried.tables().strip()


def test_the_list_of_licences_names_the_gpl_parts_of_wheels(script, capsys):
    script("list_licences").main()
    rows = {row[0].partition(" ")[0]: row[1:] for row in cells(capsys.readouterr().out)}
    assert rows["tornado"][0] == "Apache-2.0"
    assert "libx264 (GPL-2.0-or-later)" in rows["av"][1]
    assert not any("?" in cell for row in (rows["av"], rows["numpy"]) for cell in row)
