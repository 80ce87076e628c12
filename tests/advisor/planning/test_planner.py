"""What cannot be trained here is said in one sentence, wherever it is asked for."""

from collections.abc import Iterator
from typing import Any

import pytest

from advisor.answers.wording import recommendation_text
from advisor.cli.main import main
from advisor.service import Advisor
from experiments.workloads.registry import WORKLOADS, get_spec
from knowledge.errors import BadValueError, WorkloadUnavailableError
from knowledge.recipes import RECIPES

FACES = [name for name, spec in WORKLOADS.items() if spec.can_shrink]
DIGITS = [name for name in WORKLOADS if name not in FACES]
UNTRAINABLE: list[tuple[str, dict[str, Any]]] = [
    *((name, {"optimizer": "sgd"}) for name in FACES),
    *((name, {"recipe": "momentum"}) for name in FACES),
    ("realface@1/16", {"optimizer": "sgd"}),
    ("dlight@1/32", {"recipe": "sgd", "precision": "bf16"}),
    *((name, {"optimizer": "rmsprop"}) for name in DIGITS),
    *((name, {"recipe": "faceswap-2021"}) for name in DIGITS),
]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Advisor]:
    folder = tmp_path_factory.mktemp("planner") / "store"
    with Advisor.open(folder) as opened:
        yield opened


@pytest.fixture
def advisor(opened: Advisor, nothing_trains: None) -> Advisor:
    """One store for all: what is queued stays queued."""
    return opened


@pytest.mark.parametrize(("workload", "asked"), UNTRAINABLE)
def test_what_cannot_be_trained_so_gets_no_runs_and_never_those_of_another(
    advisor: Advisor, workload: str, asked: dict[str, Any]
) -> None:
    """A question about SGD does not train Adam; nor is a run promised."""
    with pytest.raises(WorkloadUnavailableError) as refused:
        advisor.verify(workload, 5, **asked)
    said = str(refused.value).removesuffix(" See `lr-advisor workloads`.")
    assert "cannot be trained" in said
    assert "\n" not in said
    plan = advisor.plan_runs(workload, 5, **asked)
    assert (plan.runs, plan.spec, plan.reason) == ((), None, said)
    answer = advisor.recommend(workload, 5, **asked)
    offered = answer.verification
    assert (offered.needed, offered.runs, offered.spec) == (True, (), None)
    assert offered.reason.endswith(said)
    text = recommendation_text(answer)
    assert said in text
    assert "verification run" not in text
    assert advisor.jobs() == []
    assert advisor.queue.verifications() == []


def test_a_face_model_under_sgd_has_no_rate(advisor: Advisor) -> None:
    answer = advisor.recommend("realface", 5, optimizer="sgd")
    assert (answer.learning_rate, answer.basis) == (None, "none")
    said = (
        "RealFace cannot be trained with SGD here, only with Adam: import runs of it."
    )
    assert said in answer.caveats[0]


def test_an_optimizer_beside_a_recipe_of_another_is_refused(advisor: Advisor) -> None:
    """Neither of the two is quietly taken for the other."""
    asked: dict[str, Any] = {"optimizer": "sgd", "recipe": "faceswap-3"}
    for ask in (advisor.recommend, advisor.plan_runs, advisor.verify):
        with pytest.raises(BadValueError, match="faceswap-3 trains with adam"):
            ask("realface@1/16", 5, **asked)
    both = advisor.plan_runs("digits_mlp", 5, optimizer="SGD", recipe="momentum").spec
    assert both is not None
    assert both.recipe == "momentum"


@pytest.mark.parametrize(("workload", "asked"), UNTRAINABLE[::3])
def test_the_terminal_refuses_it_in_that_sentence(
    advisor: Advisor,
    capsys: pytest.CaptureFixture[str],
    workload: str,
    asked: dict[str, Any],
) -> None:
    options = [text for name, value in asked.items() for text in (f"--{name}", value)]
    command = ["verify", "--workload", workload, "--batch-size", "5", *options]
    assert main(["--store", str(advisor.store.folder), *command]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "cannot be trained" in said.err
    assert advisor.jobs() == []


@pytest.mark.parametrize("workload", WORKLOADS)
def test_every_recipe_of_a_workload_can_be_planned(
    advisor: Advisor, workload: str
) -> None:
    """And the plan holds that recipe."""
    for recipe in get_spec(workload).recipes:
        spec = advisor.plan_runs(workload, 5, recipe=recipe).spec
        assert spec is not None
        assert (spec.recipe, spec.optimizer) == (recipe, RECIPES[recipe].optimizer)


def test_where_runs_can_be_made_the_answer_names_them_as_a_way(
    advisor: Advisor,
) -> None:
    answer = advisor.recommend("digits_mlp", 32, optimizer="sgd")
    assert answer.learning_rate is None
    assert "a verification run, or importing your own runs" in answer.caveats[0]
    assert answer.verification.runs
