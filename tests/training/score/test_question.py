"""Which pictures are compared."""

from __future__ import annotations

import pytest

from facetoon.edge_runtime.errors import InputError
from facetoon.training.pictures.images import load_split
from facetoon.training.recipes.parts import DataRecipe
from facetoon.training.recipes.recipe import Recipe
from facetoon.training.score.question import Question


@pytest.fixture
def ask(heads):
    def question(**more):
        recipe = Recipe(data=DataRecipe(test_share=0.5))
        return Question([str(heads / "photos")], [str(heads / "cartoons")], recipe, size_px=32, **more).pictures()

    return question


def test_the_test_share_of_both_domains_is_taken_whole(ask, heads):
    pictures = ask()
    for domain, loaded in (("photos", pictures.sources), ("cartoons", pictures.targets)):
        _, test = load_split([str(heads / domain)], 32, 0.5)
        assert loaded.shape == test.images.shape
        assert {x.tobytes() for x in loaded} == {x.tobytes() for x in test.images}


def test_a_number_and_all_cartoons_can_be_asked_for(ask):
    few = ask(most=20)
    assert len(few.sources) == len(few.targets) == 20
    assert len(ask(all_cartoons=True).targets) == 120
    assert len(ask(all_cartoons=True, most=100).targets) == 100


def test_names_choose_the_photographs(ask, tmp_path):
    (tmp_path / "names").write_text("003.png\n001.png\n")
    assert len(ask(names=tmp_path / "names").sources) == 2
    assert len(ask(names=tmp_path / "names", direction="ba").targets) == 2


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("", "names no picture"), ("001.png who.png", "names 1 pictures that the photographs lack, such as who.png")],
)
def test_names_that_fit_nothing_are_one_sentence(ask, tmp_path, text, sentence):
    (tmp_path / "names").write_text(text)
    with pytest.raises(InputError, match=sentence):
        ask(names=tmp_path / "names")
    with pytest.raises(InputError, match="cannot be read"):
        ask(names=tmp_path / "absent")


def test_a_recipe_frames_both_domains(ask):
    assert ask(framed=True).sources.shape[1:] == (32, 32, 3)
    assert (ask(framed=True).sources != ask().sources).any()
