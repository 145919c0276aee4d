from __future__ import annotations

import zipfile

import cv2
import numpy as np
import pytest

from edge_runtime import pixels
from edge_runtime.errors import InputError
from training import data
from training.config import Data
from training.images import load_split

PLAIN = Data(size_px=24, photo_zoom=(1.0, 1.0), rotate_deg=0.0, photo_colour_jitter=0.0)


@pytest.fixture
def photos(drawn):
    return load_split([str(drawn / "photos")], 48, 0.2)


def test_split_is_by_content_and_stable_when_files_are_added(drawn, tmp_path):
    def test_pictures(sources):
        return {image.tobytes() for image in load_split(sources, 48, 0.5)[1].images}

    before = test_pictures([str(drawn / "photos")])
    with_more = test_pictures([str(drawn / "photos"), str(drawn / "cartoons")])
    assert before
    assert before < with_more
    train, test = load_split([str(drawn / "photos")], 48, 0.5)
    assert len(train) + len(test) == 24
    assert not before & {image.tobytes() for image in train.images}


def test_zip_and_folder_are_the_same_set(drawn, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for path in (drawn / "photos").iterdir():
            archive.write(path, f"deep/{path.name}")
    from_zip = load_split([str(tmp_path / "a.zip")], 48, 0.2)[0]
    assert from_zip.digest == load_split([str(drawn / "photos")], 48, 0.2)[0].digest


def test_pattern_picks_files_and_sources_are_told_apart(drawn):
    folder = drawn / "photos"
    train, test = load_split([f"{folder}#0*", f"{folder}#1*"], 48, 0.2)
    counts = np.bincount(np.concatenate([train.source, test.source]))
    assert counts.tolist() == [10, 10]


def test_sources_are_drawn_evenly(drawn):
    folder = drawn / "photos"
    train, _ = load_split([f"{folder}#00*", f"{folder}#1*", f"{folder}#2*"], 48, 0.1)
    draws = [data._draw(train, 30, np.random.default_rng(step)) for step in range(20)]
    rare = train.images[train.source == 0][0]
    share = np.mean([np.array_equal(image, rare) for batch in draws for image in batch])
    assert share == pytest.approx(1 / 3, abs=0.06)


def test_a_batch_depends_on_seed_and_step_alone(photos):
    domains = {"photos": photos[0]}
    first = data.batch_at(7, domains, Data(size_px=24), 4, seed=1)[0]
    assert np.array_equal(first, data.batch_at(7, domains, Data(size_px=24), 4, seed=1)[0])
    assert not np.array_equal(first, data.batch_at(8, domains, Data(size_px=24), 4, seed=1)[0])
    prefetched = list(data.prefetch(7, 9, domains, Data(size_px=24), 4, 1))
    assert np.array_equal(prefetched[0][0], first)
    assert len(prefetched) == 2


def test_training_sees_what_the_device_sees(photos):
    """Without augmentation the training batch is the device's own resampling and scaling, within one grey level."""
    batch = data.batch_at(0, {"photos": photos[0]}, PLAIN, 16, seed=1)[0]
    device = [pixels.to_unit(pixels.resize(image, 24, 24)) for image in photos[0].images]
    for crop in batch:
        errors = [np.abs(flip - picture).max() for picture in device for flip in (crop, crop[:, ::-1])]
        assert min(errors) <= 2.01 / 255  # one level of 255 over a range that is 2 wide


def test_augmentation_stays_in_range(photos):
    wild = Data(size_px=24, photo_zoom=(0.3, 1.0), rotate_deg=30, photo_colour_jitter=0.9)
    batch = data.batch_at(0, {"photos": photos[0]}, wild, 32, seed=3)[0]
    assert batch.dtype == np.float32
    assert batch.shape == (32, 24, 24, 3)
    assert np.abs(batch).max() <= 1.0


def test_an_error_in_the_background_is_raised(photos):
    with pytest.raises(cv2.error):
        list(data.prefetch(0, 3, {"photos": photos[0]}, Data(size_px=-1), 2, 1))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: p / "none", "neither a folder nor a zip"),
        (lambda p: p, "holds no pictures"),
        (lambda p: (p / "x.png").write_text("words") and p, "is not a picture"),
    ],
)
def test_bad_source_is_one_sentence(tmp_path, make, message):
    with pytest.raises(InputError, match=message):
        load_split([str(make(tmp_path))], 48, 0.2)
