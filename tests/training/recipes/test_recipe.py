from __future__ import annotations

import pytest
from facetoon.edge_runtime.errors import InputError
from facetoon.training.recipes.recipe import CHOICES, RECIPES, load_recipe


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda p: p.stem)
def test_packaged_recipes_load(path):
    assert load_recipe(path.stem).kind in CHOICES["kind"]


def test_the_seed_recipe_is_the_seed_projects():
    recipe = load_recipe("face_toon_64")
    assert recipe.data.size_px == 64
    assert recipe.data.test_share == 0.2
    assert recipe.loss.cycle == "mse"


def test_overrides_reach_sections_and_keep_types():
    recipe = load_recipe(
        "face_toon_64", ["steps=7", "loss.cycle=l1", "loss.cycle_weight=3", "data.photo_zoom=[0.5, 1]"]
    )
    assert (recipe.steps, recipe.loss.cycle, recipe.loss.cycle_weight) == (7, "l1", 3.0)
    assert recipe.data.photo_zoom == (0.5, 1.0)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["stepz=7"], "unknown key: stepz"),
        (["loss.cycel=mse"], "Section loss of the recipe face_toon_64 has an unknown key: cycel"),
        (["steps=many"], "steps must be int, not 'many'"),
        (["data.photo_zoom=1"], "In section data of the recipe face_toon_64, photo_zoom must be two numbers, not 1"),
        (["data=3"], "data must be a section"),
        (["steps.x=3"], "steps is not a section"),
        (["steps"], "wants key=value"),
        (["loss.cycle=hinge"], "cycle must be mse or l1"),
        (["batch_size=0"], "batch_size must be 1 or more"),
    ],
)
def test_bad_override_is_one_sentence(overrides, message):
    with pytest.raises(InputError, match=message):
        load_recipe("face_toon_64", overrides)


def test_missing_and_broken_files(tmp_path):
    with pytest.raises(InputError, match=r"no recipe nothing; packaged ones are: anime_128, anime_64"):
        load_recipe("nothing")
    (tmp_path / "r.toml").write_text("steps = = 3")
    with pytest.raises(InputError, match="not valid TOML"):
        load_recipe(str(tmp_path / "r.toml"))


def test_the_command_says_so_and_ends_with_2(tmp_path, capsys):
    from facetoon.training.__main__ import main

    run = tmp_path / "run"
    arguments = ["cyclegan", "--photos", "none", "--cartoons", "none", "--run", str(run)]
    assert main([*arguments, "--set", "loss.cycel=mse"]) == 2
    assert main([*arguments, "--recipe", "nothing"]) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 2
    assert "unknown key: cycel" in told[0]
    assert not run.exists()
