"""What the advisor does beyond answering: proposed first, done once, after a yes.

Make runs, stop jobs, keep a person's own observation, take one back.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from advisor.answers.recommendation import Recommendation
from advisor.answers.wording import change_text
from advisor.checks import reading_saved
from advisor.conversation.observing import told_text
from advisor.conversation.parts import Parts
from advisor.conversation.proposals import Action, Proposal
from advisor.conversation.telling import keep_run, take_back
from advisor.evidence.scope import Asked
from advisor.planning.plan import VerificationPlan, plan_document, plan_from
from advisor.planning.request import VerificationRequest
from advisor.words import duration_text, joined
from experiments.jobs.records import SPEED, Job
from knowledge.errors import QuestionError
from knowledge.inbox import now_text
from knowledge.records import Claim, Document, Outcome, Run, run_body


@dataclass(frozen=True)
class Done(Document):
    """What an approved proposal did; `ids` are of the jobs or runs it touched."""

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
    if job.kind == SPEED:
        return f"job {job.number} (the speed of {config.workload})"
    return f"job {job.number} ({config.workload} at batch {config.batch_size})"


def propose_observation(parts: Parts, seen: Run) -> Proposal:
    """Propose to keep what a person saw; the run gets its id when it is kept."""
    details = run_body(seen)["run"]
    return parts.proposals.save(Action.OBSERVATION, told_text(seen), details)


def propose_retraction(parts: Parts, told: Run | Claim) -> Proposal:
    """Propose to take what a person told out of the evidence."""
    return parts.proposals.save(
        Action.RETRACTION, f"take back {told_text(told)}", {"told_id": told.id}
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
        seen = Run(
            **{
                **proposal.details,
                "id": f"run:told-{proposal.id.removeprefix('plan:')}",
                "outcome": Outcome(proposal.details["outcome"]),
                "created": now_text(),
            }
        )
    before = _answer_about(parts, seen)
    keep_run(parts, seen)
    text = (
        f"Kept as your observation: {told_text(seen)}. It counts from now on."
        f"{_change(before, _answer_about(parts, seen))} To undo it say \u201ctake "
        "back my observation\u201d."
    )
    return Done(proposal.id, proposal.action, text, (seen.id,))


def _retract(parts: Parts, proposal: Proposal) -> Done:
    with reading_saved(proposal.id):
        told_id = proposal.details["told_id"]
    known = {told.id: told for told in parts.library.told()}
    before = _answer_about(parts, known[told_id]) if told_id in known else None
    told = take_back(parts, told_id)
    text = (
        f"Taken back: {told_text(told)}. It no longer counts."
        f"{_change(before, _answer_about(parts, told))}"
    )
    return Done(proposal.id, proposal.action, text, (told_id,))


def _answer_about(parts: Parts, told: Run | Claim) -> Recommendation | None:
    """What is recommended where a person told something; None: nobody can ask that."""
    asked = Asked(
        optimizer=told.optimizer,
        recipe=told.recipe,
        device=told.device,
        precision=told.precision if isinstance(told, Run) else None,
    )
    try:
        return parts.answers.recommend(told.workload or "", told.batch_size or 1, asked)
    except QuestionError:
        return None


def _change(before: Recommendation | None, after: Recommendation | None) -> str:
    """How the answer moved, at the batch size of what was told."""
    if before is None or after is None:
        return ""
    return f" At batch {after.batch_size}: {change_text(before, after)}"


_CARRY_OUT = {
    Action.VERIFY: _start_runs,
    Action.CANCEL: _cancel_jobs,
    Action.OBSERVATION: _keep_observation,
    Action.RETRACTION: _retract,
}
