"""What a plan shows is what is queued first: in Python, chat and terminal."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from advisor.cli.main import main
from advisor.planning.plan import VerificationPlan
from advisor.service import Advisor
from advisor.settings import Settings
from experiments.jobs.records import Job
from knowledge.recipes import RECIPES
from tests.waiting import LIMIT_SECONDS

# Workload, batch sizes, and what else is asked for.
REQUESTS: list[tuple[str, int | list[int], dict[str, Any]]] = [
    ("digits_mlp", 32, {}),
    ("digits_mlp", 32, {"optimizer": "sgd"}),
    ("digits_mlp", 64, {"recipe": "momentum"}),
    ("digits_mlp", 16, {"recipe": "adamw", "steps": 300}),
    ("digits_cnn", 128, {"recipe": "sgd", "steps": 400}),
    ("digits_cnn", [16, 64], {"optimizer": "adam"}),
    ("digits_mlp", 32, {"precision": "bf16"}),
    ("digits_mlp", [16, 32, 64], {"budget_seconds": 30.0}),
    ("digits_mlp", 32, {"runs": 3}),
    ("digits_mlp", 32, {"runs": 1, "recipe": "momentum"}),
    ("digits_mlp", 32, {"examples": 20_000.0}),
    ("digits_mlp", 32, {"learning_rate": 0.01}),
    ("digits_mlp", [16, 32], {"learning_rate": [1e-3, 1e-2], "seeds": 2}),
    (
        "digits_cnn",
        32,
        {"learning_rate": 0.1, "optimizer": "sgd", "seeds": 3, "budget_seconds": 20.0},
    ),
    ("realface@1/16", 5, {}),
    ("realface@1/32", [2, 5, 12], {"recipe": "faceswap-3"}),
    ("dlight@1/16", 8, {"recipe": "faceswap-2021", "precision": "bf16"}),
    ("original@1/16", 4, {"learning_rate": 1e-4}),
    ("original@1/8", 6, {"budget_seconds": 120.0}),
    ("dlight@1/32", 3, {"steps": 900}),
    ("original@1/32", 40, {"examples": 1e6, "recipe": "faceswap-3"}),
    ("realface", 5, {"learning_rate": 7e-5, "steps": 10}),
]
ASKED: list[tuple[str, int, dict[str, Any]]] = [
    ("realface", 5, {}),
    ("realface", 40, {"recipe": "faceswap-3", "risk": 0.02}),
    ("dlight", 12, {"horizon": 15_000}),
    ("realface@1/16", 5, {"precision": "bf16"}),
    ("original@1/32", 8, {"risk": 0.3, "horizon": 500}),
    ("digits_mlp", 32, {"optimizer": "sgd"}),
    ("digits_mlp", 256, {"recipe": "momentum", "precision": "bf16"}),
    ("digits_cnn", 64, {"recipe": "adamw", "horizon": 100}),
]
QUESTIONS = [
    "verify digits_mlp at batch 32",
    "verify digits_mlp at batch 32 with lr 0.01",
    "verify digits_cnn at batch 64 with sgd",
    "verify digits_mlp at batch 16 and 64 with adamw",
    "verify realface at batch 5",
    "verify realface@1/16 at batch 5 with lr 1e-4",
    "verify dlight@1/32 at batch 8",
]
OPTIONS = {"learning_rate": "--learning-rate", "budget_seconds": "--budget"}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Advisor]:
    """A seeded store with two workers."""
    folder = tmp_path_factory.mktemp("plans") / "store"
    with Advisor.open(
        folder, settings=Settings(folder, 2, ships=frozenset())
    ) as opened:
        yield opened


@pytest.fixture
def advisor(opened: Advisor, nothing_trains: None) -> Advisor:
    """One store for all: what is queued stays queued."""
    return opened


def shown(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return each run of a plan's document with all that is held fixed."""
    fixed = {name: document[name] for name in ("recipe", "precision", "device")}
    return [
        {**{k: v for k, v in run.items() if k != "estimated_seconds"}, **fixed}
        for run in document["runs"]
    ]


def queued(jobs: list[Job]) -> list[dict[str, Any]]:
    """Return the same of jobs."""
    names = "workload batch_size learning_rate seed steps recipe precision device"
    return [
        {
            **{name: getattr(job.config, name) for name in names.split()},
            "stop_after": job.stop_after,
        }
        for job in jobs
    ]


def but_seeds(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return runs without their seeds, which are new where somebody took them."""
    return [{name: run[name] for name in run if name != "seed"} for run in runs]


def assert_no_seed_twice(advisor: Advisor, workload: str) -> None:
    """Each verification of a workload has seeds that no other one has."""
    owners: dict[int, set[str | None]] = {}
    for job in advisor.jobs():
        if job.config.workload == workload and job.continues_job is None:
            owners.setdefault(job.config.seed, set()).add(job.verification_id)
    assert [seed for seed, of in owners.items() if len(of) > 1] == []


def assert_as_asked(plan: VerificationPlan, values: dict[str, Any]) -> None:
    """What was named is what the plan holds."""
    spec = plan.spec
    assert spec is not None
    assert spec.recipe == values.get("recipe", spec.recipe)
    assert spec.precision == values.get("precision", "fp32")
    assert RECIPES[spec.recipe].optimizer == values.get("optimizer", spec.optimizer)
    assert plan.to_dict()["optimizer"] == spec.optimizer


@pytest.mark.parametrize(("workload", "batch_size", "values"), REQUESTS)
def test_the_runs_of_a_plan_are_those_that_verify_queues(
    advisor: Advisor, workload: str, batch_size: Any, values: dict[str, Any]
) -> None:
    """Whether the plan itself is started or the same is asked of `verify`."""
    plan = advisor.plan_runs(workload, batch_size, **values)
    assert_as_asked(plan, values)
    asked = batch_size if isinstance(batch_size, list) else [batch_size]
    assert {run.batch_size for run in plan.runs} <= set(asked)
    started = advisor.verifications.start(plan)
    again = advisor.verify(workload, batch_size, **values)
    assert started.spec == again.spec == plan.spec
    runs = shown(plan.to_dict())
    assert runs
    assert queued(started.jobs()) == runs
    second = queued(again.jobs())
    assert but_seeds(second) == but_seeds(runs)
    assert len({run["seed"] for run in second}) == len({run["seed"] for run in runs})
    assert_no_seed_twice(advisor, workload)


@pytest.mark.parametrize(("workload", "batch_size", "asked"), ASKED)
def test_the_runs_that_an_answer_offers_are_those_that_start(
    advisor: Advisor, workload: str, batch_size: int, asked: dict[str, Any]
) -> None:
    """The full-size face models by way of their copies."""
    answer = advisor.recommend(workload, batch_size, **asked)
    plan = answer.verification
    assert_as_asked(plan, asked)
    assert plan.spec is not None
    assert (plan.spec.recipe, plan.spec.optimizer) == (answer.recipe, answer.optimizer)
    is_whole = workload in ("realface", "dlight")
    assert plan.spec.workload == (f"{workload}@1/16" if is_whole else workload)
    started = advisor.verifications.start(plan)
    runs = shown(answer.to_dict()["verification"])
    assert but_seeds(queued(started.jobs())) == but_seeds(runs)
    assert_no_seed_twice(advisor, plan.spec.workload)


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_runs_that_the_chat_proposes_are_those_a_yes_starts(
    advisor: Advisor, question: str
) -> None:
    """Also when other runs were queued in between."""
    answer = advisor.ask(question)
    assert answer.proposal is not None
    advisor.verify("digits_mlp", 32, runs=2, steps=60)
    done = advisor.approve(answer.proposal.id)
    assert done.verification_id is not None
    jobs = advisor.queue.jobs(verification_id=done.verification_id)
    assert [job.id for job in jobs] == list(done.ids)
    runs = shown(answer.to_dict()["verification"])
    assert but_seeds(queued(jobs)) == but_seeds(runs)
    assert_no_seed_twice(advisor, runs[0]["workload"])


@pytest.mark.parametrize(
    ("workload", "batch_size", "values"), REQUESTS[1:15:3] + REQUESTS[16:17]
)
def test_the_runs_that_the_terminal_lists_are_those_of_the_plan(
    advisor: Advisor,
    capsys: pytest.CaptureFixture[str],
    workload: str,
    batch_size: Any,
    values: dict[str, Any],
) -> None:
    batches = batch_size if isinstance(batch_size, list) else [batch_size]
    arguments = ["verify", "--workload", workload, "--detach", "--json"]
    arguments += ["--batch-size", ",".join(map(str, batches))]
    for name, value in values.items():
        several = value if isinstance(value, list) else [value]
        unit = "s" if name == "budget_seconds" else ""
        text = ",".join(f"{one}{unit}" for one in several)
        arguments += [OPTIONS.get(name, f"--{name}"), text]
    folder = advisor.store.folder
    plan = advisor.plan_runs(workload, batch_size, **values).to_dict()
    assert main(["--store", str(folder), *arguments]) == 0
    document = json.loads(capsys.readouterr().out)
    listed = [
        {name: run[name] for name in plan["runs"][0] if name != "estimated_seconds"}
        for run in document["runs"]
    ]
    fixed = ("recipe", "precision", "device")
    assert [{**run, **{name: plan[name] for name in fixed}} for run in listed] == shown(
        plan
    )
    assert queued(
        advisor.queue.jobs(verification_id=document["verification_id"])
    ) == shown(plan)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("workload", "batch_size", "values"),
    [
        ("digits_mlp", 32, {"optimizer": "sgd", "runs": 3, "steps": 60}),
        (
            "digits_cnn",
            [16, 32],
            {"learning_rate": 1e-3, "seeds": 2, "steps": 40, "precision": "bf16"},
        ),
        ("realface@1/32", 2, {"recipe": "faceswap-3", "runs": 2, "steps": 10}),
    ],
)
def test_the_runs_that_were_shown_are_those_that_were_made(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    workload: str,
    batch_size: Any,
    values: dict[str, Any],
) -> None:
    """By the real supervisor and its workers, up to the records in the store."""
    monkeypatch.setenv("LR_ADVISOR_WORKERS", "2")
    folder = tmp_path / "store"
    with Advisor.open(
        folder, settings=Settings(folder, 2, ships=frozenset())
    ) as opened:
        plan = opened.plan_runs(workload, batch_size, **values)
        verification = opened.verifications.start(plan)
        verification.wait(timeout_seconds=LIMIT_SECONDS)
        assert verification.state == "finished"
        jobs = verification.jobs()[: len(plan.runs)]
        assert queued(jobs) == shown(plan.to_dict())
        assert len(verification.jobs()) == len(plan.runs) + plan.more_runs
        for job, run in zip(jobs, plan.runs, strict=True):
            made = opened.store.run(job.run_id or "")
            assert (made.learning_rate, made.batch_size, made.seed) == (
                *(run.learning_rate, run.batch_size, run.seed),
            )
            assert (made.recipe, made.precision) == (
                job.config.recipe,
                job.config.precision,
            )
            assert made.optimizer == plan.to_dict()["optimizer"]
