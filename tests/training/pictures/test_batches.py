from __future__ import annotations

import zipfile

import cv2
import numpy as np
import pytest

from facetoon.edge_runtime import pixels
from facetoon.edge_runtime.errors import InputError
from facetoon.training.pictures import batches
from facetoon.training.pictures.even_sampling import draw_evenly
from facetoon.training.pictures.images import ImageSet, list_pictures, load_split
from facetoon.training.pictures.pairs import load_pairs
from facetoon.training.recipes.parts import DataRecipe, PairsRecipe
from facetoon.training.recipes.recipe import Recipe, load_recipe

PLAIN = DataRecipe(size_px=24, photo_zoom=(1.0, 1.0), rotate_deg=0.0, photo_colour_jitter=0.0)


def recipe(data=None, batch_size=4, seed=1, pairs=None):
    return Recipe(data=data or DataRecipe(size_px=24), batch_size=batch_size, seed=seed, pairs=pairs or PairsRecipe())


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
    draws = [draw_evenly(train.source, 30, np.random.default_rng(step)) for step in range(20)]
    share = np.mean(train.source[np.concatenate(draws)] == 0)
    assert share == pytest.approx(1 / 3, abs=0.06)


def test_a_step_trains_on_windows_of_the_crops_until_it_trains_on_whole_ones():
    """The pictures say their own places: red grows to the right, green downwards."""
    side = np.linspace(0, 255, 64).astype(np.uint8)
    place = np.stack([np.tile(side, (64, 1)), np.tile(side[:, None], (1, 64)), np.zeros((64, 64), np.uint8)], -1)
    lesson = {"taught": ImageSet(np.stack([place, place])[None].repeat(3, 0), np.zeros(3, int), "")}
    given = ["data.size_px=64", "steps=100", "batch_size=32", "distill.window_px=16", "distill.whole_from=0.5"]
    plain = ["data.photo_zoom=[1.0, 1.0]", "data.rotate_deg=0.0", "data.photo_colour_jitter=0.0", "data.mirror=false"]
    windowed = load_recipe("styles_64", [*given, *plain])
    photos, targets = batches.batch_at(49, lesson, windowed)
    assert np.array_equal(photos, targets)
    assert photos.shape == (32, 16, 16, 3)
    steps = np.diff(photos[..., 0], axis=2)
    assert np.abs(steps - 2 / 63).max() < 0.02  # as large as in the whole crop
    middles = photos[:, 7:9, 7:9, :2].mean((1, 2))
    assert np.abs(middles.mean(0)).max() < 0.15  # most windows hold the middle
    assert np.abs(middles).max() > 0.3
    assert batches.batch_at(50, lesson, windowed)[0].shape == (32, 64, 64, 3)


def test_a_batch_depends_on_seed_and_step_alone(photos):
    domains = {"photos": photos[0]}
    first = batches.batch_at(7, domains, recipe())[0]
    assert np.array_equal(first, batches.batch_at(7, domains, recipe())[0])
    assert not np.array_equal(first, batches.batch_at(8, domains, recipe())[0])
    assert not np.array_equal(first, batches.batch_at(7, domains, recipe(seed=2))[0])
    prefetched = list(batches.prefetch(7, 9, domains, recipe()))
    assert np.array_equal(prefetched[0][0], first)
    assert len(prefetched) == 2


def test_workers_share_a_batch_without_changing_it(photos, pairs):
    domains = {"pairs": pairs[0], "photos": photos[0]}
    whole = batches.batch_at(5, domains, recipe(batch_size=7))
    parts = [batches.batch_at(5, domains, recipe(batch_size=7), (worker, 3)) for worker in range(3)]
    for array, *shares in zip(whole, *parts, strict=True):
        assert np.array_equal(array, np.concatenate(shares))


@pytest.fixture
def pairs(drawn_pairs):
    return load_pairs([str(drawn_pairs)], 30, 0.2, PairsRecipe())


def test_both_pictures_of_a_pair_are_moved_and_coloured_alike(pairs):
    """The drawn cartoon is its photograph with the channels turned round, and remains so in every crop."""
    shaken = recipe(
        DataRecipe(size_px=24, rotate_deg=40), 16, pairs=PairsRecipe(zoom=(0.4, 1.0), colour_jitter=0, photo_jitter=0)
    )
    photo, cartoon = batches.batch_at(0, {"pairs": pairs[0]}, shaken)
    assert np.array_equal(photo[..., ::-1], cartoon)
    jittered = recipe(DataRecipe(size_px=24, rotate_deg=40), 16, pairs=PairsRecipe(colour_jitter=0, photo_jitter=0.3))
    photo, cartoon = batches.batch_at(0, {"pairs": pairs[0]}, jittered)
    plain = batches.batch_at(0, {"pairs": pairs[0]}, recipe(jittered.data, 16, pairs=PairsRecipe(colour_jitter=0)))[1]
    assert np.array_equal(cartoon, plain)
    assert not np.array_equal(photo[..., ::-1], cartoon)


def test_pairs_are_found_in_a_folder_of_a_zip(drawn_pairs, tmp_path, pairs):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for path in drawn_pairs.iterdir():
            archive.write(path, f"set/v1/{path.name}")
            archive.write(path, f"set/v2/{path.name}")
    assert load_pairs([f"{tmp_path}/a.zip#v2/*"], 30, 0.2, PairsRecipe())[0].digest == pairs[0].digest
    assert len(pairs[0]) + len(pairs[1]) == 24
    with pytest.raises(InputError, match="NAME_input and NAME_comic in one folder"):
        load_pairs([str(drawn_pairs)], 30, 0.2, PairsRecipe(photo_suffix="_input"))
    with pytest.raises(InputError, match="holds no pictures"):
        list_pictures(f"{tmp_path}/a.zip#v3/*")


def test_training_sees_what_the_device_sees(photos):
    """Without augmentation the training batch is the device's own resampling and scaling, within one grey level."""
    batch = batches.batch_at(0, {"photos": photos[0]}, recipe(PLAIN, 16))[0]
    device = [pixels.to_unit(pixels.resize(image, 24, 24)) for image in photos[0].images]
    for crop in batch:
        errors = [np.abs(flip - picture).max() for picture in device for flip in (crop, crop[:, ::-1])]
        assert min(errors) <= 2.01 / 255  # one level of 255 over a range that is 2 wide


def test_augmentation_stays_in_range(photos):
    wild = DataRecipe(size_px=24, photo_zoom=(0.3, 1.0), rotate_deg=30, photo_colour_jitter=0.9)
    batch = batches.batch_at(0, {"photos": photos[0]}, recipe(wild, 32))[0]
    assert batch.dtype == np.float32
    assert batch.shape == (32, 24, 24, 3)
    assert np.abs(batch).max() <= 1.0


def test_an_error_in_the_background_is_raised(photos):
    with pytest.raises(cv2.error):
        list(batches.prefetch(0, 3, {"photos": photos[0]}, recipe(DataRecipe(size_px=-1))))


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


def test_guides_are_cropped_as_their_photographs_and_masks_keep_their_values(photos):
    train = photos[0]
    images = np.stack([train.images, np.full_like(train.images, 255), train.images], 1)
    guided = ImageSet(images, train.source, train.digest)
    photo, masks, drawing = batches.batch_at(3, {"guided": guided}, recipe())
    assert np.array_equal(photo, drawing)
    assert np.all(masks == 1)
    assert np.array_equal(photo, batches.batch_at(3, {"photos": train}, recipe())[0])


def test_centre_crops_are_the_mean_of_the_random_ones():
    image = np.zeros((1, 40, 40, 3), np.uint8)
    image[:, 4:36, 4:36] = 255  # the middle 0.8 of it
    crop = batches.centre_crops(image, "cartoons", Recipe(data=DataRecipe(cartoon_zoom=(0.7, 0.9))), 32)
    assert crop.min() > 100
    lower = batches.centre_crops(
        image, "cartoons", Recipe(data=DataRecipe(cartoon_zoom=(0.8, 0.8), cartoon_centre_y=0.6)), 32
    )
    assert lower[0, 0].min() == 255
    assert lower[0, -1].max() < 100
    pair = batches.centre_crops(image, "pairs", Recipe(pairs=PairsRecipe(zoom=(0.6, 0.8))), 32)
    assert pair.min() > 100
