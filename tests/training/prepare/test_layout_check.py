from __future__ import annotations

import cv2


def layout(folder, photos):
    for part in ("train", "test"):
        (folder / f"{part}A").mkdir(parents=True)
    for number, path in enumerate(sorted(photos.glob("t*A/*.png"))):
        (folder / ("testA" if number < 2 else "trainA") / path.name).write_bytes(path.read_bytes())


def test_check_names_a_leak_and_changes_nothing(photos, tmp_path, capsys, prepare, reasons, loose):
    prepare("--photos", photos, "--out", tmp_path / "out", *loose)
    layout(tmp_path / "set", tmp_path / "out")
    leak = next((tmp_path / "set" / "testA").iterdir())
    picture = cv2.imread(str(leak))
    cv2.imwrite(str(tmp_path / "set" / "trainA" / "leak.png"), cv2.convertScaleAbs(picture, alpha=0.95, beta=4))
    before = sorted(tmp_path.glob("set/*/*"))
    options = ("--set", "prepare.duplicate_bits=10")
    assert prepare("--check", tmp_path / "set", "--out", tmp_path / "judged", *options) == 1
    assert "1 near-duplicate across the split" in capsys.readouterr().out
    assert sorted(tmp_path.glob("set/*/*")) == before
    assert reasons(tmp_path / "judged")["leak.png"] == "near-duplicate across the split"
    (tmp_path / "set" / "trainA" / "leak.png").unlink()
    assert prepare("--check", tmp_path / "set", *options) == 0
    assert "Faces fill 0.7" in capsys.readouterr().out
