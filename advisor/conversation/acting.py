"""What the advisor does beyond answering: proposed first, done once, after a yes.

Four actions: make runs, stop jobs, keep a person's own observation as a claim, and take
one back. A proposal changes nothing; `approve` carries it out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from advisor.answers.recommendation import Recommendation
from advisor.answers.wording import change_text
from advisor.conversation.observing import Observation, observed_claim, observed_text
from advisor.conversation.proposals import Action, Proposal
from advisor.planning.checks import check_trainable
from advisor.words import duration_text, joined
from experiments.jobs.records import Job
from knowledge.errors import PlanError
from knowledge.inbox import now_text
from knowledge.records import Claim

if TYPE_CHECKING:
    from advisor.service import Advisor

TAKEN_BACK = "Taken back by the person who reported it."


@dataclass(frozen=True)
class Done:
    """What an approved proposal did; `ids` are of the jobs or claims it touched."""

    plan_id: str
    action: Action
    text: str
    ids: tuple[str, ...] = ()
    verification_id: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of `lr-advisor approve`."""
        return {
            "plan_id": self.plan_id,
            "action": self.action.value,
            "text": self.text,
            "ids": list(self.ids),
            "verification_id": self.verification_id,
        }


# -- proposing -------------------------------------------------------------------------


def propose_runs(
    advisor: "Advisor",
    workload: str,
    batch_sizes: Sequence[int],
    learning_rates: Sequence[float] = (),
    *,
    optimizer: str | None = None,
    recipe: str | None = None,
    device: str | None = None,
    budget_seconds: float | None = None,
) -> tuple[dict[str, Any], Proposal | None]:
    """Return the plan of runs and, if it has any, the proposal to make them.

    Raises:
        AdvisorError: A name or number cannot be right.
    """
    plan = advisor.plan_runs(
        workload,
        batch_sizes,
        learning_rates,
        optimizer=optimizer,
        recipe=recipe,
        device=device,
        budget_seconds=budget_seconds,
    )
    if not plan["runs"]:
        return plan, None
    first = plan["runs"][0]
    sizes = sorted({run["batch_size"] for run in plan["runs"]})
    check_trainable(first["workload"], plan["recipe"], sizes)
    details = {
        "workload": first["workload"],
        "batch_sizes": sizes,
        "learning_rates": list(learning_rates),
        # As planned: what has most evidence may be another one by then.
        "recipe": plan["recipe"],
        "device": plan["device"],
        "steps": first["steps"],
        "budget_seconds": None if learning_rates else plan["takes_seconds"],
    }
    return plan, advisor.proposals.save(Action.VERIFY, runs_text(plan), details)


def runs_text(plan: dict[str, Any]) -> str:
    """Return what a plan would run, in a sentence."""
    count = len(plan["runs"])
    names = sorted({run["workload"] for run in plan["runs"]})
    sizes = sorted({run["batch_size"] for run in plan["runs"]})
    what = (
        f"{count} run{'s' if count != 1 else ''} of {', '.join(names)} at batch "
        f"{', '.join(map(str, sizes))}"
    )
    time = duration_text(plan["takes_seconds"])
    if plan["learning_rates"]:
        return f"{what} in at most about {time}"
    return f"about {what}, as many as fit into about {time}"


def propose_cancel(advisor: "Advisor", jobs: Sequence[Job]) -> Proposal:
    """Propose to stop jobs; their verifications will plan no further runs."""
    summary = f"stop {joined([job_words(job) for job in jobs])}"
    return advisor.proposals.save(
        Action.CANCEL, summary, {"job_ids": [job.id for job in jobs]}
    )


def job_words(job: Job) -> str:
    """Return a job's number and what it runs."""
    config = job.config
    return f"job {job.number} ({config.workload} at batch {config.batch_size})"


def propose_observation(advisor: "Advisor", seen: Observation) -> Proposal:
    """Propose to keep what a person saw as a claim of theirs."""
    return advisor.proposals.save(
        Action.OBSERVATION, observed_text(seen), seen.to_dict()
    )


def propose_retraction(advisor: "Advisor", claim: Claim) -> Proposal:
    """Propose to take a person's own claim out of the evidence."""
    return advisor.proposals.save(
        Action.RETRACTION,
        f"take back {claim.statement.rstrip('.')}",
        {"claim_id": claim.id},
    )


# -- carrying out ----------------------------------------------------------------------


def approve(advisor: "Advisor", plan_id: str) -> Done:
    """Carry out a proposal, once.

    Raises:
        PlanError: The id is unknown or was used.
        AdvisorError: It cannot be done; the proposal waits on.
    """
    with advisor.proposals.taken(plan_id) as proposal:
        return _CARRY_OUT[proposal.action](advisor, proposal)


def _start_runs(advisor: "Advisor", proposal: Proposal) -> Done:
    wish = proposal.details
    verification = advisor.verify(
        workload=wish["workload"],
        batch_size=wish["batch_sizes"],
        learning_rate=wish["learning_rates"],
        recipe=wish["recipe"],
        device=wish["device"],
        steps=wish["steps"],
        budget_seconds=wish["budget_seconds"],
        verification_id=proposal.verification_id,
    )
    return Done(
        proposal.id,
        proposal.action,
        f"Started: {proposal.summary}.",
        tuple(verification.job_ids),
        verification.id,
    )


def _cancel_jobs(advisor: "Advisor", proposal: Proposal) -> Done:
    found = [advisor.queue.job(job_id) for job_id in proposal.details["job_ids"]]
    stopped = [job for job in found if not job.is_over]
    for job in stopped:
        advisor.cancel(job.id)
    over = [job for job in found if job.is_over]
    parts = []
    if stopped:
        parts.append(
            f"Stopping {joined([job_words(job) for job in stopped])}. Finished runs "
            "count."
        )
    if over:
        parts.append(f"Already over: {joined([job_words(job) for job in over])}.")
    ids = tuple(job.id for job in stopped)
    return Done(proposal.id, proposal.action, " ".join(parts), ids)


def _keep_observation(advisor: "Advisor", proposal: Proposal) -> Done:
    seen = Observation(**proposal.details)
    claim = observed_claim(seen, plan_id=proposal.id, made=now_text())
    before = _answer_about(advisor, claim)
    advisor.store.record_claims([claim])
    advisor.store.ingest_all()
    text = (
        f"Kept as your observation: {claim.statement} It counts from now on. "
        f"{_change(before, _answer_about(advisor, claim))} To undo it say \u201ctake "
        "back my observation\u201d."
    )
    return Done(proposal.id, proposal.action, text, (claim.id,))


def _retract(advisor: "Advisor", proposal: Proposal) -> Done:
    claim_id = proposal.details["claim_id"]
    known = {claim.id: claim for claim in advisor.own_claims()}
    if claim_id not in known:
        raise PlanError("That observation was taken back before: nothing to do.")
    claim = known[claim_id]
    before = _answer_about(advisor, claim)
    advisor.store.record_retraction(claim_id, reason=TAKEN_BACK)
    advisor.store.ingest_all()
    text = (
        f"Taken back: {claim.statement} It no longer counts. "
        f"{_change(before, _answer_about(advisor, claim))}"
    )
    return Done(proposal.id, proposal.action, text, (claim_id,))


def _answer_about(advisor: "Advisor", claim: Claim) -> Recommendation:
    """What is recommended where a person's own claim speaks."""
    return advisor.recommend(
        claim.workload or "",
        claim.batch_size or 1,
        optimizer=claim.optimizer,
        recipe=claim.recipe,
        device=claim.device,
    )


def _change(before: Recommendation, after: Recommendation) -> str:
    """How the answer moved, at the batch size of the claim."""
    return f"At batch {after.batch_size}: {change_text(before, after)}"


_CARRY_OUT = {
    Action.VERIFY: _start_runs,
    Action.CANCEL: _cancel_jobs,
    Action.OBSERVATION: _keep_observation,
    Action.RETRACTION: _retract,
}
