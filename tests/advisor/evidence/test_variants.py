"""Recipes that test a hypothesis stay out of answers that did not ask for them."""

from collections.abc import Sequence

import pytest

from advisor.evidence.scope import Scope, choose_recipe
from advisor.service import Advisor
from knowledge.recipes import RECIPES
from knowledge.records import Outcome, Run
from tests.evidence_of import select_evidence


def runs_of(recipe: str, *, count: int = 12, workload: str = "digits_mlp") -> list[Run]:
    """Runs of two batch sizes, half of which failed."""
    return [
        Run(
            id=f"run:{workload}:{recipe}:{i}",
            workload=workload,
            batch_size=4 if i % 2 else 64,
            learning_rate=0.01 * 2 ** (i % 6),
            optimizer=RECIPES[recipe].optimizer,
            recipe=recipe,
            source="ours",
            seed=i,
            outcome=Outcome.STABLE if i % 6 < 3 else Outcome.DIVERGED,
            failed_at_step=None if i % 6 < 3 else 50,
            steps=600 if i % 6 < 3 else 80,
            horizon_steps=600,
            metric_name="validation_accuracy",
            metric_value=0.9 + 0.001 * i,
            goal="max",
        )
        for i in range(count)
    ]


def chosen(runs: Sequence[Run], **asked: str | None) -> tuple[str | None, str]:
    """What an answer on the digits would speak of."""
    said = {"recipe": None, "optimizer": None, **asked}
    return choose_recipe("digits_mlp", runs=runs, claims=(), **said)


def sibling_recipes(recipe: str, runs: Sequence[Run]) -> set[str | None]:
    """Whose runs shape the prior of a question about the digits."""
    optimizer = RECIPES[recipe].optimizer
    evidence = select_evidence(
        Scope("digits_mlp", optimizer, recipe, "cpu", 600), runs=runs, claims=()
    )
    scored = {run.recipe for part in evidence.scored_siblings for run in part}
    assert scored == {body.recipe for body in evidence.siblings}
    return scored


def test_the_default_stays_although_a_study_ran_a_variant_more_often() -> None:
    """Most evidence decides among recipes, not among experiments."""
    runs = [*runs_of("sgd-sum", count=40), *runs_of("adam", count=2)]
    assert chosen(runs) == ("adam", "adam")
    assert chosen([*runs, *runs_of("sgd", count=3)]) == ("sgd", "sgd")


def test_asking_for_an_optimizer_means_its_plain_recipe() -> None:
    """A step along the sum is not what people call SGD."""
    runs = runs_of("sgd-sum", count=40)
    assert chosen(runs, optimizer="sgd") == ("sgd", "sgd")
    assert chosen(runs_of("adam-warmup"), optimizer="adam") == ("adam", "adam")


@pytest.mark.parametrize("how", ["recipe", "optimizer"])
def test_a_variant_is_there_for_whoever_names_it(how: str) -> None:
    """Also without a run of it."""
    assert chosen((), **{how: "sgd-sum"}) == ("sgd-sum", "sgd")


def test_a_variant_shapes_no_other_recipe_s_prior() -> None:
    """Its exponent differs by design: the sum takes one off SGD's."""
    runs = [r for name in ("sgd", "sgd-sum", "momentum") for r in runs_of(name)]
    assert sibling_recipes("sgd", runs) == {"momentum"}
    assert sibling_recipes("momentum", runs) == {"sgd"}


def test_a_variant_learns_from_its_relatives_where_they_scale_alike() -> None:
    """Adam's rate does not feel the sum; that of plain descent does."""
    names = ("adam", "adam-sum", "adamw", "sgd", "sgd-sum")
    runs = [r for name in names for r in runs_of(name)]
    assert sibling_recipes("adam-sum", runs) == {"adam", "adamw"}
    assert sibling_recipes("sgd-sum", runs) == set()
    elsewhere = runs_of("sgd-sum", workload="digits_cnn")
    assert sibling_recipes("sgd-sum", [*runs, *elsewhere]) == {"sgd-sum"}


def test_the_referee_s_report_leaves_variants_out() -> None:
    """Claims mean training as people do it."""
    with Advisor.open(":memory:", seeded=False) as advisor:
        advisor.store.record_runs([*runs_of("sgd"), *runs_of("sgd-sum")])
        found = {f.recipe for f in advisor.scaling().findings}
        asked = {f.recipe for f in advisor.scaling(workload="digits_mlp").findings}
    assert found == asked == {"sgd"}
