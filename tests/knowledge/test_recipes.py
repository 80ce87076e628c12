"""The named recipes: what a variant changes, and betas that follow the batch."""

import math
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.recipes import RECIPES, is_variant

VARIANTS = [name for name in RECIPES if is_variant(name)]
NAMES = {"name", "variant_of"}
# A recipe's loss says in words what its reduction does.
TOGETHER = {"reduction", "loss"}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_changes_one_thing_of_a_recipe_that_is_none(name: str) -> None:
    """Else its runs would not tell which change mattered."""
    recipe = RECIPES[name]
    assert not is_variant(recipe.variant_of)
    other = asdict(RECIPES[recipe.variant_of or ""])
    changed = {k for k, v in asdict(recipe).items() if v != other[k]} - NAMES
    assert len(changed) == 1 or changed == TOGETHER


def test_the_contract_s_recipes_are_no_variants() -> None:
    """Only what tests a hypothesis is kept out of answers."""
    asked = ("faceswap-2021", "faceswap-3", "sgd", "momentum", "adam", "adamw")
    assert [name for name in RECIPES if not is_variant(name)] == list(asked)
    assert not is_variant(None)
    assert not is_variant("somebody's own")


@given(st.integers(1, 512))
def test_the_memory_of_a_half_life_recipe_is_as_long_in_examples(batch: int) -> None:
    """log(beta) / batch is the share that is forgotten with one example."""
    at = RECIPES["faceswap-2021-halflife"].at_batch(batch).betas
    assert at is not None
    forgotten = [math.log(beta) / batch for beta in at]
    assert forgotten == pytest.approx([math.log(0.5) / 4, math.log(0.99) / 4])


@given(st.integers(1, 512))
def test_other_recipes_are_the_same_at_every_batch_size(batch: int) -> None:
    """Nothing of them may move unnoticed."""
    for recipe in RECIPES.values():
        if recipe.half_life_batch_size is None:
            assert recipe.at_batch(batch) == recipe
