from __future__ import annotations

import json
import zipfile

import cv2
import pytest

from facetoon.edge_runtime.framing import Framing
from facetoon.training.__main__ import main
from facetoon.training.pictures.images import load_dataset


def test_photographs_and_cartoons_become_a_data_set(photos, drawn, tmp_path, capsys, prepare, read_manifest, loose):
    out = tmp_path / "out"
    assert prepare("--photos", photos, "--cartoons", drawn / "cartoons", "--out", out, *loose) == 0
    printed = capsys.readouterr().out
    assert "6 photographs" in printed
    lines = read_manifest(out)
    assert len(lines) == 30
    assert {line["reason"] for line in lines if line["domain"] == "A"} == {""}
    for line in lines:
        if line["place"]:
            assert cv2.imread(str(out / line["place"] / line["crop"])).shape == (128, 128, 3)
    report = (out / "report.html").read_text("utf-8")
    assert "http" not in report.replace("http-equiv", "")  # self-contained
    assert json.loads((out / "report.json").read_text("utf-8"))["domains"]["A"]["files"] == 6
    assert not list(out.glob("**/.partial-*"))
    assert not (out / ".prepare" / "unfinished").exists()


def test_crops_are_framed_as_the_device_frames_them(photos, tmp_path, prepare, loose):
    from facetoon.training.detectors.opening import open_detector

    prepare("--photos", photos, "--out", tmp_path / "out", *loose)
    framing, detector = Framing(), open_detector("device")
    crops = [cv2.imread(str(path)) for path in (tmp_path / "out").glob("t*A/*.png")]
    assert len(crops) == 6
    for crop in crops:
        (found, *_) = detector.detect(crop)
        assert found.face.centre_x_px == pytest.approx(63.5, abs=8)
        assert found.face.centre_y_px == pytest.approx(128 * framing.face_centre_y, abs=8)
        assert found.face.height_px == pytest.approx(128 * framing.face_height, rel=0.12)
        assert abs(found.face.roll_deg) < 6


def test_the_framing_may_be_a_models(photos, tiny_model, tmp_path, prepare, loose):
    from facetoon.edge_runtime.spec import read_model

    framing = read_model(tiny_model)[1].framing
    assert prepare("--photos", photos, "--out", tmp_path / "out", *loose, "--framing-of", tiny_model) == 0
    settings = json.loads((tmp_path / "out" / "report.json").read_text())["settings"]
    assert (settings["face_height"], settings["face_centre_y"]) == (framing.face_height, framing.face_centre_y)


def test_the_split_holds_when_files_are_added(photos, portrait, tmp_path, prepare, read_manifest, loose):
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for path in sorted(photos.iterdir())[:3]:
        (folder / path.name).write_bytes(path.read_bytes())
    prepare("--photos", folder, "--out", out, *loose)
    before = {line["sha256"]: line["place"] for line in read_manifest(out)}
    for path in sorted(photos.iterdir())[3:]:
        (folder / path.name).write_bytes(path.read_bytes())
    assert prepare("--photos", folder, "--out", out, *loose) == 0
    after = {line["sha256"]: line["place"] for line in read_manifest(out)}
    assert len(after) == 6
    assert before.items() <= after.items()
    prepare("--photos", folder, "--out", tmp_path / "fresh", *loose)
    assert after == {line["sha256"]: line["place"] for line in read_manifest(tmp_path / "fresh")}


def test_a_person_is_on_one_side(photos, tmp_path, prepare, read_manifest, loose):
    options = ("--set", "prepare.identity_pattern='^(.)'")
    prepare("--photos", photos, "--out", tmp_path / "out", *loose, *options)
    assert len({line["place"] for line in read_manifest(tmp_path / "out")}) == 1


def test_every_file_is_a_line_with_its_reason_and_no_name_is_a_formula(
    photos, portrait, tmp_path, prepare, read_manifest, loose, capsys
):
    folder, out = tmp_path / "in", tmp_path / "out"
    (folder / ".trash").mkdir(parents=True)
    data = next(photos.iterdir()).read_bytes()
    (folder / "=cmd.jpg").write_bytes(data)
    (folder / "MVIMG_1.jpg").write_bytes(cv2.imencode(".jpg", cv2.flip(portrait, 1))[1].tobytes() + b"a film\xff\xda")
    (folder / "IMG_1.HEIC").write_bytes(b"\0\0\0\x18ftypheic" + bytes(60))
    (folder / "film.mov").write_bytes(b"a film")
    (folder / ".trash" / "a.jpg").write_bytes(data)
    assert prepare("--photos", folder, "--out", out, *loose) == 0
    lines = {line["file"]: line for line in read_manifest(out)}
    assert {name: line["reason"] for name, line in lines.items()} == {
        "'=cmd.jpg": "", "MVIMG_1.jpg": "", "IMG_1.HEIC": "unreadable", "film.mov": "no picture file",
        ".trash/": "hidden",
    }  # fmt: skip
    assert "is HEIC, which OpenCV cannot read" in lines["IMG_1.HEIC"]["detail"]
    printed = capsys.readouterr().out
    assert "5 photographs: " in printed
    for reason in ("1 unreadable", "1 no picture file", "1 hidden"):
        assert reason in printed
    assert "film.mov" in (out / "report.html").read_text("utf-8")


def test_processes_give_the_same_as_one(photos, tmp_path, prepare, loose):
    prepare("--photos", photos, "--out", tmp_path / "one", *loose)
    assert main(["prepare", "--jobs", "2", "--photos", str(photos), "--out", str(tmp_path / "two"), *loose]) == 0
    one, two = (tmp_path / name for name in ("one", "two"))
    assert (one / "manifest.csv").read_bytes() == (two / "manifest.csv").read_bytes()


def broken_zip(tmp_path):
    path = tmp_path / "broken.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", b"x" * 1000)
    path.write_bytes(path.read_bytes()[:500])
    return path


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (lambda p: ["--photos", p / "none", "--out", p / "out"], "neither a folder nor a zip"),
        (lambda p: ["--photos", broken_zip(p), "--out", p / "out"], "is damaged"),
        (
            lambda p: ["--photos", p / "cartoons", "--out", p / "out"],
            "None of 24 photographs is usable \\(24 too small",
        ),
        (lambda p: ["--photos", p / "cartoons", "--out", p], "is not empty"),
        (lambda p: ["--photos", p, "--out", p / "out"], "lies inside the source"),
        (lambda p: ["--photos", p / "cartoons", "--out", p / "picture.png" / "out"], "cannot be written"),
        (lambda p: ["--out", p / "out"], "Give --photos or --cartoons"),
        (lambda p: ["--check", p / "cartoons"], "has no folder trainA"),
        (lambda p: ["--photos", p / "cartoons", "--out", p / "out", "--detector", "yunet"], "needs its file"),
        (lambda p: ["--photos", p / "cartoons", "--out", p / "o", "--detector-model", "x"], "takes no model file"),
        (
            lambda p: [
                "--photos",
                p / "cartoons",
                "--out",
                p / "o",
                "--detector",
                "yunet",
                "--detector-model",
                p / "x.onnx",
            ],
            "The detector .* cannot be read|onnx is missing",
        ),
        (
            lambda p: ["--cartoons", p / "cartoons", "--out", p / "o", "--cartoon-detector", p / "x.xml"],
            "The detector .* cannot be read",
        ),
        (
            lambda p: ["--photos", p / "cartoons", "--out", p / "o", "--set", "prepare.faces=some"],
            "faces must be largest, all or single",
        ),
        (
            lambda p: ["--photos", p / "cartoons", "--out", p / "o", "--set", "prepare.identity_pattern='('"],
            "must be a regular expression",
        ),
    ],
)
def test_bad_input_is_one_sentence(drawn, tmp_path, capfd, options, message, prepare):
    import re

    (tmp_path / "cartoons").symlink_to(drawn / "cartoons")
    (tmp_path / "picture.png").write_bytes(next((drawn / "cartoons").iterdir()).read_bytes())
    assert prepare(*options(tmp_path)) == 2
    error = capfd.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("toon-train: ")
    assert re.search(message, error)


def test_grey_pictures_are_kept_up_to_their_share(drawn, tmp_path, prepare, reasons):
    folder = tmp_path / "in"
    folder.mkdir()
    for number, path in enumerate(sorted((drawn / "cartoons").iterdir())[:12]):
        picture = cv2.imread(str(path))
        grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        cv2.imwrite(str(folder / path.name), cv2.resize(grey if number < 6 else picture, (96, 96)))
    options = ("--set", "prepare.duplicate_bits=0", "--set", "prepare.max_grey_share=0.25")
    assert prepare("--cartoons", folder, "--out", tmp_path / "out", *options) == 0
    assert sorted(reasons(tmp_path / "out").values()).count("grey beyond the share") == 4


def test_a_data_set_is_read_as_it_is_split(photos, tmp_path, prepare, loose):
    out = tmp_path / "out"
    prepare("--photos", photos, "--out", out, *loose)
    train, test = load_dataset(str(out), "A", 32)
    assert len(train) == len(list(out.glob("trainA/*.png")))
    assert len(test) == len(list(out.glob("testA/*.png")))
    assert train.images.shape[1:] == (32, 32, 3)


@pytest.mark.slow
def test_cyclegan_takes_a_prepared_data_set(photos, drawn, tmp_path, small, capsys, prepare, loose):
    out, run = tmp_path / "out", tmp_path / "run"
    prepare("--photos", photos, "--cartoons", drawn / "cartoons", "--out", out, *loose)
    arguments = ["cyclegan", "--dataset", str(out), "--run", str(run), *small, "--set", "steps=2"]
    assert main(arguments) == 0
    data = json.loads((run / "config.json").read_text())["data"]
    assert data["photos"]["train_images"] == len(list(out.glob("trainA/*.png")))
    assert main([*arguments, "--photos", str(photos)]) == 2
    assert "but not both" in capsys.readouterr().err


@pytest.mark.shared_data
def test_yunet_prepares_too(shared_data, photos, tmp_path, prepare, read_manifest, loose):
    yunet = ("--detector", "yunet", "--detector-model", shared_data / "nets" / "yunet_n_dynamic.onnx")
    assert prepare("--photos", photos, "--out", tmp_path / "out", *loose, *yunet) == 0
    lines = read_manifest(tmp_path / "out")
    assert all(line["place"] for line in lines)
    assert all(abs(float(line["turn"])) < 0.3 for line in lines)
