from __future__ import annotations

import dataclasses

import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.training.recipes.recipe import KINDS, RECIPES, Recipe, load_recipe


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda p: p.stem)
def test_packaged_recipes_load(path):
    assert load_recipe(path.stem).kind in KINDS


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
        (["batch_size=0"], "In the recipe face_toon_64, batch_size must be 1 or more, not 0."),
        (
            ["optimizer.ema_decay=7"],
            "In section optimizer of the recipe face_toon_64, ema_decay must be 0 or more and less than 1, not 7.0.",
        ),
        (["optimizer.learning_rate_generator=-1e-4"], "learning_rate_generator must be 0 or more, not -0.0001."),
        (["loss.cycle_weight=-1"], "cycle_weight must be 0 or more, not -1.0."),
        (["loss.cycle_weight=inf"], "cycle_weight must be 0 or more, not inf."),
        (["loss.cycle_weight=nan"], "cycle_weight must be 0 or more, not nan."),
        (["data.photo_zoom=[2, 0.1]"], "photo_zoom must be more than 0 and at most 1, not [2.0, 0.1]."),
        (["data.photo_zoom=[0.9, 0.1]"], "photo_zoom must be a smaller and a larger number, in this order, not [0.9"),
        (["fast_style.strength=1.5"], "strength must be from 0 to 1, not 1.5."),
        (["prepare.max_megapixels=0"], "max_megapixels must be more than 0, not 0.0."),
        (["discriminator.kind=both"], "kind must be patch or projected, not both."),
        (["start.draw=manga"], "draw must be empty or anime, not manga."),
        (["discriminator.look_px=16"], "look_px must be 32 or more, not 16."),
        (["kind=best"], "kind must be cyclegan, pairs, sharpen, distill, style or fast-style, not best."),
        (["discriminator.scales=3"], "scales must be 1 or 2, not 3."),
        (["discriminator.diff_augment=colour,shear"], "diff_augment must be some of colour,translation,cutout, not"),
        (["prepare.faces=two"], "faces must be largest, all or single, not two."),
        (["prepare.identity_pattern=("], "identity_pattern must be a regular expression (missing"),
        (["prepare.identity_pattern=x"], "identity_pattern must be a regular expression with a group in brackets"),
        (["framing.face_height=7"], "A framing of 7.0 of the height at 0.55 is impossible."),
    ],
)
def test_bad_override_is_one_sentence(overrides, message):
    with pytest.raises(InputError) as raised:
        load_recipe("face_toon_64", overrides)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def numbers(section: type, before: str = "") -> list[str]:
    """Every number of a recipe as its key."""
    keys = []
    for field in dataclasses.fields(section):
        value = field.default_factory() if callable(field.default_factory) else field.default
        if dataclasses.is_dataclass(value):
            keys += numbers(type(value), f"{before}{field.name}.")
        elif type(value) in (int, float):
            keys.append(before + field.name)
    return keys


@pytest.mark.parametrize("key", numbers(Recipe))
@pytest.mark.parametrize("value", ["-1", "1e400", "nan"])
def test_no_number_may_be_negative_or_infinite(key, value):
    with pytest.raises(InputError, match=f"{key.rpartition('.')[2]} must be|A framing of"):
        load_recipe("face_toon_64", [f"{key}={value}"])


def test_a_section_that_is_none_under_other_values(tmp_path):
    (tmp_path / "r.toml").write_text("data = 3")
    with pytest.raises(InputError, match="data must be a section"):
        load_recipe(str(tmp_path / "r.toml"), beneath={"data": {"size_px": 32}})


def test_missing_and_broken_files(tmp_path):
    with pytest.raises(InputError, match=r"no recipe nothing; packaged ones are: anime_128, anime_256, anime_64, "):
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
