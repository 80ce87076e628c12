"""The study's plan: every part can be carried out, and the shares add up."""

import pytest

from advisor.study.plan import FULL, FULL_SIZE, QUICK, StudyPart, StudyPlan, study_plan
from experiments.workloads.registry import get_spec
from knowledge.errors import BadValueError
from knowledge.recipes import RECIPES

PLANS = (QUICK, FULL, study_plan(full=True, device="cuda"))


@pytest.mark.parametrize("plan", PLANS, ids=lambda p: f"{p.name}-{len(p.parts)}")
def test_every_part_can_be_trained_here_and_has_a_name_of_its_own(plan):
    names = [step.verification_id for step in plan.study_steps()]
    assert len(set(names)) == len(names)
    for part in plan.parts:
        spec = get_spec(part.workload)
        assert part.recipe in spec.recipes
        assert part.recipe in RECIPES
        largest = spec.largest_batch_size or 10**9
        assert all(1 <= b <= largest for b in part.batch_sizes)
        assert "." not in part.name  # what follows a dot counts repeats
        assert part.question.endswith("?")


@pytest.mark.parametrize("plan", PLANS, ids=lambda p: f"{p.name}-{len(p.parts)}")
def test_the_shares_of_all_parts_are_the_whole(plan):
    assert sum(step.share for step in plan.study_steps()) == pytest.approx(1.0)
    assert all(step.steps >= 10 for step in plan.study_steps())


def test_the_short_study_fits_a_cpu_and_forty_minutes():
    assert study_plan(full=False, device="cuda") == QUICK
    assert QUICK.budget_seconds == 40 * 60
    for part in QUICK.parts:
        assert get_spec(part.workload).small_enough_for_cpu or "@" in part.workload


def test_full_size_is_run_only_where_there_is_a_graphics_card():
    assert study_plan(full=True, device="cpu") == FULL
    assert study_plan(full=True, device="cuda").parts[-3:] == FULL_SIZE
    assert not any(part.workload == "realface" for part in FULL.parts)


def test_both_recipes_and_all_batches_of_the_forum_are_covered():
    for plan in (QUICK, FULL):
        for workload in ("original", "dlight", "realface"):
            for recipe in ("faceswap-2021", "faceswap-3"):
                parts = [
                    part
                    for part in plan.parts
                    if (part.workload, part.recipe) == (f"{workload}@1/16", recipe)
                    and {2, 5, 6, 9, 12} <= set(part.batch_sizes)
                ]
                assert parts


def test_equal_examples_are_a_verification_for_each_batch_size():
    part = StudyPart(
        "e", "?", "original@1/16", "faceswap-2021", (2, 8), 1, 3, examples=800
    )
    other = StudyPart("o", "?", "digits_mlp", "sgd", (4, 8), 50, 1)
    steps = StudyPlan("study", 100, (part, other)).study_steps()
    assert [(w.verification_id, w.batch_sizes, w.steps) for w in steps] == [
        ("verification:study-e-b2", (2,), 400),
        ("verification:study-e-b8", (8,), 100),
        ("verification:study-o", (4, 8), 50),
    ]
    assert [w.share for w in steps] == pytest.approx([0.375, 0.375, 0.25])


def test_parts_can_be_named_and_have_the_whole_time_then():
    plan = study_plan(full=True, device="cpu", parts=["realface-map", "dlight-map"])
    assert [part.name for part in plan.parts] == ["dlight-map", "realface-map"]
    assert sum(step.share for step in plan.study_steps()) == pytest.approx(1.0)
    assert plan.budget_seconds == FULL.budget_seconds


def test_a_part_the_study_does_not_have_is_refused():
    with pytest.raises(BadValueError, match="part is realfaec-map: known are orig"):
        study_plan(full=True, device="cpu", parts=["realfaec-map"])


def test_every_map_has_three_seeds_at_rates_that_hold_and_fail():
    maps = [part for part in FULL.parts if part.name.endswith("-map")]
    assert [part.workload for part in maps] == [
        "original@1/16",
        "dlight@1/16",
        "realface@1/16",
    ]
    assert all(len(m.learning_rates) >= 5 and m.n_seeds == 3 for m in maps)
