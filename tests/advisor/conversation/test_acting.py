"""Carrying out proposals: each of the four actions, once, on a real store.

No process is started: a verification stays queued until a test ends it.
"""

from dataclasses import replace
from typing import Any

import pytest

from advisor.agents.tools import call_tool
from advisor.conversation.acting import (
    propose_cancel,
    propose_observation,
    propose_retraction,
    propose_runs,
)
from advisor.conversation.history import saved_answer
from advisor.conversation.proposals import Action
from advisor.planning.plan import plan_document, plan_from
from advisor.planning.request import VerificationRequest
from advisor.running.supervision import Supervision
from advisor.running.tending import Tending
from advisor.service import Advisor
from advisor.ui.turns import reopened_turn
from experiments.jobs.records import NewJob
from knowledge.errors import BadValueError, PlanError, StoreError
from knowledge.recipes import RECIPES
from knowledge.records import TOLD, Claim, Outcome, Run, RunConfig, run_body

WORDS = "batch 8 at 8e-5 got blurry after 20k its on original"
SEEN = Run(
    id="run:told",
    workload="original",
    batch_size=8,
    learning_rate=8e-5,
    optimizer="adam",
    recipe="faceswap-2021",
    source=TOLD,
    outcome=Outcome.DEGRADED,
    batch_convention="per_side",
    note=WORDS,
)


@pytest.fixture
def advisor(tmp_path, monkeypatch):
    """A seeded Advisor whose queue nobody works off."""
    monkeypatch.setattr(Supervision, "start", lambda self: None)
    with Advisor.open(tmp_path / "store") as opened:
        yield opened


def propose(advisor: Advisor, workload: str, batch_sizes: list[int], **values: Any):
    """Propose runs as a question in words would."""
    request = VerificationRequest.of(workload, batch_sizes, **values)
    return propose_runs(advisor.parts, request)


def queued(advisor: Advisor, batch_size: int = 32) -> str:
    config = RunConfig(
        workload="digits_mlp",
        recipe="adam",
        batch_size=batch_size,
        learning_rate=1e-3,
        seed=1,
        steps=100,
        data="digits",
        device="cpu",
    )
    return advisor.queue.submit(NewJob(config))


# -- runs ------------------------------------------------------------------------------


def test_approved_runs_are_queued_as_they_were_planned(advisor):
    plan, proposal = propose(
        advisor, "digits_mlp", [32, 64], learning_rate=[1e-3, 1e-2]
    )
    assert advisor.jobs() == []
    done = advisor.approve(proposal.id)
    jobs = advisor.jobs()
    assert done.action is Action.VERIFY
    assert done.text == f"Started: {proposal.summary}."
    assert list(done.ids) == [job.id for job in jobs]
    assert done.verification_id == proposal.verification_id
    as_planned = {
        (plan.spec.workload, run.batch_size, run.learning_rate, run.steps)
        for run in plan.runs
    }
    assert as_planned == {
        (c.workload, c.batch_size, c.learning_rate, c.steps)
        for c in (job.config for job in jobs)
    }
    assert {job.config.recipe for job in jobs} == {plan.spec.recipe}


def test_a_second_yes_starts_nothing_more(advisor):
    _, proposal = propose(advisor, "digits_mlp", [32], learning_rate=[1e-3])
    advisor.approve(proposal.id)
    with pytest.raises(PlanError, match="a plan works once"):
        advisor.approve(proposal.id)
    assert len(advisor.jobs()) == 1


def test_chosen_rates_get_the_time_that_the_proposal_names(advisor):
    plan, proposal = propose(advisor, "digits_mlp", [32], budget_seconds=40)
    assert plan.spec.budget_seconds == 40
    assert "as many as fit into about 40 s" in proposal.summary
    done = advisor.approve(proposal.id)
    spec = advisor.verifications.get(done.verification_id).spec
    assert spec.budget_seconds == 40
    assert spec.is_adaptive


def test_named_rates_take_the_time_of_their_runs_whatever_the_budget(advisor):
    plan, proposal = propose(
        advisor, "digits_mlp", [32], learning_rate=[1e-3], budget_seconds=600
    )
    assert plan.spec.budget_seconds is None
    assert proposal.details["spec"]["budget_seconds"] is None
    assert "1 run of digits_mlp at batch 32 in at most" in proposal.summary


def test_a_recipe_that_was_planned_is_the_one_that_runs(advisor):
    """What has most evidence may be another one by the time of the yes."""
    _, proposal = propose(advisor, "realface", [5])
    assert proposal.details["spec"]["recipe"] == "faceswap-2021"
    _, other = propose(advisor, "realface", [5], recipe="faceswap-3")
    done = advisor.approve(other.id)
    assert advisor.verifications.get(done.verification_id).spec.recipe == "faceswap-3"


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("learning_rates", [[], [1e-3]])
def test_the_optimizer_that_was_named_is_planned_and_makes_the_runs(
    advisor, optimizer, learning_rates
):
    plan, proposal = propose(
        advisor, "digits_mlp", [32], learning_rate=learning_rates, optimizer=optimizer
    )
    assert plan.spec.optimizer == optimizer
    done = advisor.approve(proposal.id)
    started = advisor.verifications.get(done.verification_id)
    recipes = {started.spec.recipe} | {job.config.recipe for job in started.jobs()}
    assert {RECIPES[name].optimizer for name in recipes} == {optimizer}


def test_a_plan_without_runs_is_no_proposal(advisor, tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text(
        "workload,optimizer,batch_size,learning_rate,metric_name,metric_value,"
        "steps_or_tokens,source\nmine,adam,8,0.001,val_loss,0.5,100,me\n"
    )
    advisor.import_runs(path)
    plan, proposal = propose(advisor, "mine", [8])
    assert proposal is None
    assert plan.runs == ()


def test_a_batch_beyond_the_data_is_refused_before_anybody_says_yes(advisor):
    with pytest.raises(BadValueError, match="1437 examples"):
        propose(advisor, "digits_mlp", [32, 5000], learning_rate=[1e-3])


def test_what_cannot_be_started_waits_on_and_starts_once_later(advisor, monkeypatch):
    """The disk fills up between the yes and its jobs; then there is room again."""
    _, proposal = propose(advisor, "digits_mlp", [32], learning_rate=[1e-3])

    def full(*_: object) -> None:
        raise StoreError("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(Tending, "advance", full)
        with pytest.raises(StoreError):
            advisor.approve(proposal.id)
    assert advisor.proposals.find(proposal.id) == proposal
    done = advisor.approve(proposal.id)
    assert len(advisor.jobs()) == len(done.ids) == 1
    assert len(advisor.queue.verifications()) == 1


@pytest.mark.parametrize(
    ("action", "details"),
    [
        (Action.VERIFY, {"workload": "digits_mlp", "batch_sizes": [32]}),
        (Action.VERIFY, {"spec": None, "runs": [], "reason": "", "purpose": None}),
        (Action.VERIFY, {"spec": {"workload": "digits_mlp"}, "runs": []}),
        (Action.CANCEL, {"jobs": ["job:1"]}),
        (Action.OBSERVATION, {**run_body(SEEN)["run"], "seen_at": "yesterday"}),
        (Action.OBSERVATION, {"workload": "original"}),
        (Action.RETRACTION, {}),
    ],
)
def test_what_an_earlier_version_proposed_is_refused_in_a_sentence(
    advisor, action, details
):
    proposal = advisor.proposals.save(action, "what was proposed", details)
    with pytest.raises(PlanError, match=r"another version.*ask again for a new one"):
        advisor.approve(proposal.id)
    assert advisor.jobs() == []
    assert advisor.library.told() == []


def test_a_plan_of_an_earlier_version_that_lacks_a_key_is_refused(advisor):
    plan, _ = propose(advisor, "digits_mlp", [32], learning_rate=[1e-3])
    document = plan_document(plan)
    assert plan_from(document) == plan
    for key in document:
        less = {name: value for name, value in document.items() if name != key}
        with pytest.raises(PlanError, match="another version"):
            plan_from(less)


# -- stopping --------------------------------------------------------------------------


def test_approved_stops_stop_those_jobs_and_no_others(advisor):
    first, second = queued(advisor, 32), queued(advisor, 64)
    proposal = propose_cancel(advisor.parts, [advisor.queue.job(first)])
    assert advisor.queue.job(first).state == "queued"
    done = advisor.approve(proposal.id)
    assert done.ids == (first,)
    assert "job 1 (digits_mlp at batch 32)" in done.text
    assert advisor.queue.job(first).state == "cancelled"
    assert advisor.queue.job(second).state == "queued"


def test_a_job_that_ended_meanwhile_is_named_and_left_alone(advisor):
    job_id = queued(advisor)
    proposal = propose_cancel(advisor.parts, [advisor.queue.job(job_id)])
    advisor.cancel(job_id)
    done = advisor.approve(proposal.id)
    assert done.ids == ()
    assert done.text.startswith("Already over: job 1")


def test_jobs_that_are_over_are_not_offered_to_be_stopped(advisor):
    first, second = queued(advisor, 32), queued(advisor, 64)
    advisor.cancel(first)
    document = call_tool(advisor, "propose_cancel", {"jobs": [first, second, second]})
    assert advisor.proposals.find(document["plan_id"]).details == {"job_ids": [second]}
    advisor.cancel(second)
    document = call_tool(advisor, "propose_cancel", {"jobs": [first]})
    assert document["plan_id"] is None


# -- observations ----------------------------------------------------------------------


def test_an_observation_counts_only_after_the_yes(advisor):
    proposal = propose_observation(advisor.parts, SEEN)
    before = advisor.recommend("original", 8)
    assert advisor.library.told() == []
    done = advisor.approve(proposal.id)
    (told,) = advisor.library.told()
    assert done.ids == (told.id,)
    assert told == replace(SEEN, id=told.id, created=told.created)
    after = advisor.recommend("original", 8)
    assert told.id in after.evidence.used
    assert told.id not in before.evidence.used
    assert after.learning_rate < before.learning_rate


def test_an_observation_is_kept_once(advisor):
    proposal = propose_observation(advisor.parts, SEEN)
    advisor.approve(proposal.id)
    with pytest.raises(PlanError):
        advisor.approve(proposal.id)
    assert len(advisor.library.told()) == 1


def test_an_observation_taken_back_no_longer_counts(advisor):
    before = advisor.recommend("original", 8)
    advisor.approve(propose_observation(advisor.parts, SEEN).id)
    (told,) = advisor.library.told()
    proposal = propose_retraction(advisor.parts, told)
    assert advisor.library.told() == [told]
    done = advisor.approve(proposal.id)
    assert done.text.startswith("Taken back: ")
    assert advisor.library.told() == []
    assert advisor.recommend("original", 8).learning_rate == before.learning_rate
    assert advisor.store.verify().problems == ()


def test_what_an_earlier_version_kept_as_a_claim_is_taken_back_alike(advisor):
    before = advisor.recommend("original", 8)
    claim = Claim(
        *("claim:own/1", TOLD, "Your own observation", "2026-11-22", "bound", "It."),
        *(0.7, "original", "adam", "faceswap-2021", "cpu", 8, 8e-5, "unstable"),
    )
    advisor.store.record_claims([claim])
    assert advisor.library.told() == [claim]
    assert claim.id in advisor.recommend("original", 8).evidence.used
    advisor.take_back(claim.id)
    assert advisor.recommend("original", 8) == before


def test_taking_back_twice_says_that_there_is_nothing_to_do(advisor):
    advisor.approve(propose_observation(advisor.parts, SEEN).id)
    (told,) = advisor.library.told()
    first, second = (propose_retraction(advisor.parts, told) for _ in range(2))
    advisor.approve(first.id)
    with pytest.raises(PlanError, match="nothing to do"):
        advisor.approve(second.id)


# -- words -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "action"),
    [
        ("verify digits_mlp at batch 32 with lr 0.01", Action.VERIFY),
        (WORDS, Action.OBSERVATION),
    ],
)
def test_what_is_offered_in_words_can_be_approved_by_its_id(advisor, question, action):
    answer = advisor.ask(question)
    assert answer.proposal.action is action
    done = advisor.approve(answer.proposal.id)
    assert done.to_dict()["action"] == action.value
    assert done.to_dict()["plan_id"] == answer.proposal.id


@pytest.mark.parametrize(
    "question",
    ["verify digits_mlp at batch 32 with lr 0.01", "run a test of realface at batch 5"],
)
def test_runs_that_were_approved_belong_to_the_answer_that_proposed_them(
    advisor, question
):
    """A conversation that is opened again shows them, and offers none to be started."""
    answer = advisor.ask(question)
    done = advisor.approve(answer.proposal.id)
    found = advisor.verifications.of_answer(answer.answer_id)
    assert found is not None
    assert found.id == done.verification_id
    turn = reopened_turn(advisor, saved_answer(advisor.store, answer.answer_id))
    assert turn.verification_id == done.verification_id
    assert not turn.has_open_plan
    assert turn.open_proposal is None
