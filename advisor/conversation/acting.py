"""What the advisor does beyond answering: proposed first, done once, after a yes.

Make runs, stop jobs, keep a person's own observation as a claim, take one back.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from advisor.answers.recommendation import Recommendation
from advisor.answers.wording import change_text
from advisor.checks import reading_saved
from advisor.conversation.observing import Observation, observed_claim, observed_text
from advisor.conversation.parts import Parts
from advisor.conversation.proposals import Action, Proposal
from advisor.evidence.scope import Asked
from advisor.planning.plan import VerificationPlan, plan_document, plan_from
from advisor.planning.request import VerificationRequest
from advisor.words import duration_text, joined
from experiments.jobs.records import Job
from knowledge.errors import PlanError
from knowledge.inbox import now_text
from knowledge.records import Claim, Document

TAKEN_BACK = "Taken back by the person who reported it."


@dataclass(frozen=True)
class Done(Document):
    """What an approved proposal did; `ids` are of the jobs or claims it touched."""

    plan_id: str
    action: Action
    text: str
    ids: tuple[str, ...] = ()
    verification_id: str | None = None


# -- proposing -------------------------------------------------------------------------


def propose_runs(
    parts: Parts, request: VerificationRequest
) -> tuple[VerificationPlan, Proposal | None]:
    """Return the plan of runs and, if it has any, the proposal to make them.

    Raises:
        AdvisorError: A name or number cannot be right.
    """
    plan = parts.planner.requested(request)
    if not plan.runs:
        return plan, None
    details = plan_document(plan)
    return plan, parts.proposals.save(Action.VERIFY, runs_text(plan), details)


def runs_text(plan: VerificationPlan) -> str:
    """Return what a plan would run, in a sentence."""
    if plan.spec is None:
        return "nothing"
    count = len(plan.runs) + plan.more_runs
    what = (
        f"{count} run{'s' if count != 1 else ''} of {plan.spec.workload} at batch "
        f"{', '.join(map(str, sorted(plan.spec.batch_sizes)))}"
    )
    time = duration_text(plan.estimated_seconds)
    if not plan.spec.is_adaptive:
        return f"{what} in at most about {time}"
    return f"about {what}, as many as fit into about {time}"


def propose_cancel(parts: Parts, jobs: Sequence[Job]) -> Proposal:
    """Propose to stop jobs; their verifications will plan no further runs."""
    summary = f"stop {joined([job_words(job) for job in jobs])}"
    return parts.proposals.save(
        Action.CANCEL, summary, {"job_ids": [job.id for job in jobs]}
    )


def job_words(job: Job) -> str:
    """Return a job's number and what it runs."""
    config = job.config
    return f"job {job.number} ({config.workload} at batch {config.batch_size})"


def propose_observation(parts: Parts, seen: Observation) -> Proposal:
    """Propose to keep what a person saw as a claim of theirs."""
    return parts.proposals.save(Action.OBSERVATION, observed_text(seen), seen.to_dict())


def propose_retraction(parts: Parts, claim: Claim) -> Proposal:
    """Propose to take a person's own claim out of the evidence."""
    return parts.proposals.save(
        Action.RETRACTION,
        f"take back {claim.statement.rstrip('.')}",
        {"claim_id": claim.id},
    )


# -- carrying out ----------------------------------------------------------------------


def approve(parts: Parts, plan_id: str) -> Done:
    """Carry out a proposal, once.

    Raises:
        PlanError: The id is unknown or was used.
        AdvisorError: It cannot be done; the proposal waits on.
    """
    with parts.proposals.taken(plan_id) as proposal:
        return _CARRY_OUT[proposal.action](parts, proposal)


def _start_runs(parts: Parts, proposal: Proposal) -> Done:
    verification = parts.verifications.start(
        plan_from(proposal.details),
        verification_id=proposal.verification_id,
        answer_id=proposal.answer_id,
    )
    return Done(
        proposal.id,
        proposal.action,
        f"Started: {proposal.summary}.",
        tuple(verification.job_ids),
        verification.id,
    )


def _cancel_jobs(parts: Parts, proposal: Proposal) -> Done:
    with reading_saved(proposal.id):
        job_ids = list(proposal.details["job_ids"])
    found = [parts.verifications.queue.job(job_id) for job_id in job_ids]
    stopped = [job for job in found if not job.is_over]
    for job in stopped:
        parts.verifications.cancel(job.id)
    over = [job for job in found if job.is_over]
    said = []
    if stopped:
        said.append(
            f"Stopping {joined([job_words(job) for job in stopped])}. Finished runs "
            "count."
        )
    if over:
        said.append(f"Already over: {joined([job_words(job) for job in over])}.")
    ids = tuple(job.id for job in stopped)
    return Done(proposal.id, proposal.action, " ".join(said), ids)


def _keep_observation(parts: Parts, proposal: Proposal) -> Done:
    with reading_saved(proposal.id):
        seen = Observation(**proposal.details)
    claim = observed_claim(seen, plan_id=proposal.id, made=now_text())
    before = _answer_about(parts, claim)
    parts.store.record_claims([claim])
    parts.store.ingest_all()
    text = (
        f"Kept as your observation: {claim.statement} It counts from now on. "
        f"{_change(before, _answer_about(parts, claim))} To undo it say \u201ctake "
        "back my observation\u201d."
    )
    return Done(proposal.id, proposal.action, text, (claim.id,))


def _retract(parts: Parts, proposal: Proposal) -> Done:
    with reading_saved(proposal.id):
        claim_id = proposal.details["claim_id"]
    known = {claim.id: claim for claim in parts.library.own_claims()}
    if claim_id not in known:
        raise PlanError("That observation was taken back before: nothing to do.")
    claim = known[claim_id]
    before = _answer_about(parts, claim)
    parts.store.record_retraction(claim_id, reason=TAKEN_BACK)
    parts.store.ingest_all()
    text = (
        f"Taken back: {claim.statement} It no longer counts. "
        f"{_change(before, _answer_about(parts, claim))}"
    )
    return Done(proposal.id, proposal.action, text, (claim_id,))


def _answer_about(parts: Parts, claim: Claim) -> Recommendation:
    """What is recommended where a person's own claim speaks."""
    return parts.answers.recommend(
        claim.workload or "",
        claim.batch_size or 1,
        Asked(optimizer=claim.optimizer, recipe=claim.recipe, device=claim.device),
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
