"""The one reader of a run directory, on every kind of run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.training.pictures.data_source import DataSource
from facetoon.training.pictures.images import load_split
from facetoon.training.pictures.pairs import load_pairs
from facetoon.training.recipes.recipe import load_recipe
from facetoon.training.runs.run_directory import RunDirectory, identity

RECIPES = {
    "cyclegan": "face_toon_64",
    "pairs": "comic_64",
    "sharpen": "sharpen_128",
    "distill": "distill_64",
    "style": "style",
    "fast-style": "fast_style_64",
}


@pytest.fixture
def begin(tmp_path):
    """A function that writes the first files of a run of any kind."""

    def write(kind: str, sources: dict, **more: object) -> RunDirectory:
        data = {domain: {"train_images": 1, "train_sha256": f"of {domain}"} for domain in sources}
        config = {"recipe": identity(load_recipe(RECIPES[kind])), "data": data, **more}
        (tmp_path / "config.json").write_text(json.dumps(config))
        (tmp_path / "sources.json").write_text(json.dumps(sources))
        return RunDirectory(tmp_path)

    return write


@pytest.mark.parametrize("kind", RECIPES)
def test_a_recipe_survives_its_run(begin, kind):
    assert begin(kind, {"photos": ["a"]}).recipe() == load_recipe(RECIPES[kind])
    assert begin(kind, {"photos": ["a"]}).recipe(["seed=7"]).seed == 7


@pytest.mark.parametrize("kind", ["cyclegan", "sharpen", "distill", "style", "fast-style", "pairs"])
def test_a_run_with_photographs_takes_these(begin, kind):
    pictures = begin(kind, {"photos": ["a#b*"], "pairs": ["c"]}).input_pictures()
    assert (pictures.sources, pictures.train_sha256) == ((DataSource("a", "b*"),), "of photos")
    assert pictures.test_share == 0.2


def test_the_way_back_takes_cartoons(begin):
    pictures = begin("cyclegan", {"photos": ["a"], "cartoons": ["b"]}).input_pictures("ba")
    assert (pictures.sources, pictures.train_sha256) == ((DataSource("b"),), "of cartoons")


def test_a_run_of_pairs_alone_takes_their_photographs(begin, drawn_pairs):
    run = begin("pairs", {"pairs": [str(drawn_pairs)]})
    pairs = load_pairs([str(drawn_pairs)], 20, 0.2, run.recipe().pairs)
    assert run.input_pictures().train_sha256 == "of pairs"
    for whole, photos in zip(pairs, run.input_pictures().load(20), strict=True):
        assert np.array_equal(photos.images, whole.images[:, 0])
        assert photos.digest == whole.digest


def test_a_domain_of_a_data_set_as_version_0_1_0_wrote_it(begin):
    run = begin("cyclegan", {"photos": ["sets/anime#dataset-A"], "cartoons": ["sets/anime#dataset-B"]})
    assert run.sources["photos"] == (DataSource("sets/anime", domain="A"),)
    assert run.input_pictures("ba").sources == (DataSource("sets/anime", domain="B"),)


def test_photographs_load_as_they_were_trained_on(begin, drawn):
    train, test = begin("cyclegan", {"photos": [str(drawn / "photos")]}).input_pictures().load(20)
    expected = load_split([str(drawn / "photos")], 20, 0.2)
    assert (train.digest, test.digest) == (expected[0].digest, expected[1].digest)
    assert np.array_equal(train.images, expected[0].images)


def test_styles_in_their_order(begin):
    assert begin("distill", {"photos": ["a"]}, styles=["two", "one"]).styles == ("two", "one")
    assert begin("distill", {"photos": ["a"]}).styles == ()


def test_styles_that_keep_the_shape_are_no_part_of_the_identity(begin):
    """Runs of before the field go on."""
    assert begin("distill", {"photos": ["a"]}, keeps_shape=["two"]).keeps_shape == ("two",)
    run = begin("distill", {"photos": ["a"]}, styles=["one", "two"])
    assert run.keeps_shape == ()
    config = json.loads((run.path / "config.json").read_text())
    run.refuse_another({**config, "keeps_shape": ["two"]})
    with pytest.raises(InputError, match="another configuration"):
        run.refuse_another({**config, "styles": ["one"]})


def test_a_state_of_a_run_has_a_name(begin, tmp_path):
    run = begin("cyclegan", {"photos": ["a"]})
    with pytest.raises(InputError, match="holds no generator for the direction ab"):
        run.sha256()
    (tmp_path / "generator_ab.keras").write_bytes(b"weights")
    first = run.sha256()
    (tmp_path / "generator_ab.keras").write_bytes(b"other weights")
    assert run.sha256() != first


@pytest.mark.parametrize(
    ("config", "sources", "message"),
    [
        (None, "{}", "config.json cannot be read: No such file or directory."),
        ("no JSON", "{}", "cannot be understood"),
        ("{}", "{}", "cannot be understood: 'recipe'"),
        ("[]", "{}", "cannot be understood"),
        ('{"recipe": 3}', "{}", "cannot be understood"),
        ('{"recipe": {}, "data": {}}', '{"photos": ["a"]}', "cannot be understood: 'photos'"),
        ('{"recipe": {}, "data": {}}', "{}", "cannot be understood: 'pairs'"),
        ('{"recipe": {}, "data": {}}', "[]", "cannot be understood"),
        ('{"recipe": {}, "data": {}}', '{"photos": [{"path": "a"}]}', "cannot be understood"),
    ],
)
def test_what_no_run_has_written_is_one_sentence(tmp_path, config, sources, message):
    if config is not None:
        (tmp_path / "config.json").write_text(config)
    (tmp_path / "sources.json").write_text(sources)
    with pytest.raises(InputError) as raised:
        RunDirectory(tmp_path).input_pictures()
    assert message in str(raised.value)
    assert str(raised.value).count("\n") == 0


def test_what_is_no_directory_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="is not a run directory"):
        RunDirectory(tmp_path / "none").recipe()
    with pytest.raises(InputError, match="is not a run directory"):
        _ = RunDirectory(Path(__file__)).styles
    assert not RunDirectory(tmp_path / "none").exists


def test_a_run_of_an_older_version_keeps_its_fields(begin):
    run = begin("cyclegan", {"photos": ["a"]})
    config = json.loads((run.path / "config.json").read_text())
    older = {key: value for key, value in config["recipe"].items() if key != "hold"}
    older["optimizer"] = {key: value for key, value in older["optimizer"].items() if key != "beta_1"}
    (run.path / "config.json").write_text(json.dumps({**config, "recipe": older}))
    longer = {**config, "recipe": {**config["recipe"], "steps": 77}}
    run = RunDirectory(run.path)
    run.refuse_another(longer)
    run.describe(longer, {})
    assert json.loads((run.path / "config.json").read_text())["recipe"] == {**older, "steps": 77}
    changed = identity(load_recipe("face_toon_64", ["optimizer.beta_1=0.0"]))
    with pytest.raises(InputError, match="beta_1"):
        RunDirectory(run.path).refuse_another({**config, "recipe": changed})
