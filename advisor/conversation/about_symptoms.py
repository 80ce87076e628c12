"""The answer to "why did it go wrong?": causes in order, of this trial or in general.

After a change of batch size the rate is judged at both.
"""

from dataclasses import replace

from advisor.answers.evidence_rows import evidence_of, run_summary
from advisor.answers.recommendation import Judgement
from advisor.checks import check_batch_size, check_learning_rate, several
from advisor.conversation.answer import Answer, reply
from advisor.conversation.asking_back import missing
from advisor.conversation.parts import Parts
from advisor.diagnosis.diagnosing import diagnose
from advisor.diagnosis.records import SLOTS, Diagnosis
from advisor.diagnosis.wording import diagnosis_details, diagnosis_text
from advisor.evidence.scope import Asked
from advisor.planning.plan import VerificationPlan
from advisor.planning.request import VerificationRequest
from advisor.rates import rate_text
from advisor.reading.question import Question, Slots
from advisor.reading.symptoms import Change, ChangeKind, Symptoms, read_symptoms
from advisor.words import chance_text
from experiments.workloads.registry import find_spec
from knowledge.errors import BadValueError
from knowledge.names import WorkloadName

HELPS = 0.1  # of probability: less is within what the figures can tell (our choice)


def diagnosis_answer(parts: Parts, q: Question, asked: Asked) -> Answer:
    """Return the causes of what a person saw, likeliest first."""
    seen = _without_proposed(read_symptoms(q.told or q.text), q.proposed)
    workloads, rates = several(q.slots.workload), several(q.slots.learning_rate)
    change = seen.change(ChangeKind.BATCH_SIZE)
    batch = _batch_after(q, change)
    if not (workloads and rates and batch is not None):
        lacking = [name for name in SLOTS if getattr(q.slots, name) is None]
        if q.unknown_workload is not None:  # it was named, and naming it is no help
            return _in_general(q, seen)
        found = diagnose(seen, missing=lacking)
        return reply(
            q,
            diagnosis_text(found),
            details=diagnosis_details(found),
            diagnosis=found,
            clarification=missing(q, lacking or SLOTS),
        )

    def judge(batch_size: int) -> Judgement:
        return parts.answers.judge(
            workloads[0],
            check_batch_size(batch_size),
            check_learning_rate(rates[0]),
            asked,
        )

    judgement = judge(batch)
    before = _whole(change.before) if change else None
    group = WorkloadName.parse(judgement.workload).group
    found = diagnose(
        seen,
        judgement,
        before=judge(before) if before is not None and before != batch else None,
        runs=parts.store.runs_of_group(group),
    )
    tried = _tried_text(parts, q, asked, judgement)
    return _answer_of(parts, q, asked, judgement, found, tried)


def _in_general(q: Question, seen: Symptoms) -> Answer:
    found = diagnose(seen, missing=())
    return reply(
        q,
        diagnosis_text(found),
        details=diagnosis_details(found),
        diagnosis=found,
    )


def _without_proposed(seen: Symptoms, proposed: Slots) -> Symptoms:
    """The symptoms without changes that are only thought of."""
    thought_of = {
        ChangeKind.BATCH_SIZE: several(proposed.batch_size),
        ChangeKind.LEARNING_RATE: several(proposed.learning_rate),
    }
    made = [c for c in seen.changes if c.after not in thought_of.get(c.kind, ())]
    return replace(seen, changes=tuple(made))


def _tried_text(parts: Parts, q: Question, asked: Asked, j: Judgement) -> str:
    """Whether what a person thinks of would help, by the chance that it holds."""
    size, rate = q.proposed.batch_size, q.proposed.learning_rate
    if not isinstance(size, int | None) or not isinstance(rate, float | None):
        return ""
    if (size is None and rate is None) or j.probability_stable is None:
        return ""
    other = parts.answers.judge(
        j.workload,
        check_batch_size(size or j.batch_size),
        check_learning_rate(rate or j.learning_rate),
        asked,
    )
    if other.probability_stable is None:
        return ""
    gain = other.probability_stable - j.probability_stable
    what = f"batch {size}" if size else rate_text(rate or 0)
    helps = "would help" if gain >= HELPS else "would hardly help"
    helps = "would make it worse" if gain <= -HELPS else helps
    return (
        f"Would {what} help? It {helps}: {rate_text(other.learning_rate)} holds at "
        f"batch {other.batch_size} with probability "
        f"{chance_text(other.probability_stable)}, "
        f"at batch {j.batch_size} {rate_text(j.learning_rate)} with "
        f"{chance_text(j.probability_stable)}."
    )


def _answer_of(
    parts: Parts,
    q: Question,
    asked: Asked,
    j: Judgement,
    found: Diagnosis,
    tried: str,
) -> Answer:
    r = j.recommendation
    asked = replace(asked, optimizer=r.optimizer, recipe=r.recipe, device=r.device)
    counted = [
        {"kind": "run", "id": run.id, "summary": run_summary(run)}
        for run in parts.library.runs_by_id(found.evidence)
    ]
    rests_on = {row["id"]: row for row in (*counted, *evidence_of(parts.library, [r]))}
    return reply(
        q,
        "\n\n".join(filter(None, [tried, diagnosis_text(found)])),
        details=diagnosis_details(found),
        recommendations=(r,),
        judgements=(j,),
        evidence=tuple(rests_on.values()),
        diagnosis=found,
        plan=_plan_of_trial(parts, found, asked),
    )


def _plan_of_trial(
    parts: Parts, found: Diagnosis, asked: Asked
) -> VerificationPlan | None:
    """The runs that would tell, where this machine can make them in minutes."""
    trial = found.trial
    spec = find_spec(trial.workload) if trial else None
    if trial is None or spec is None:
        return None
    if not (spec.small_enough_for_cpu or WorkloadName.parse(trial.workload).is_proxy):
        return None
    request = VerificationRequest(
        trial.workload,
        (trial.batch_size,),
        asked,
        learning_rates=trial.learning_rates,
        n_seeds=trial.seeds,
    )
    try:
        return parts.planner.requested(request)
    except BadValueError:  # more than its data holds: the causes stand all the same
        return None


def _batch_after(q: Question, change: Change | None) -> int | None:
    """The batch size it went wrong at: after a change the new one."""
    after = _whole(change.after) if change else None
    if after is not None:
        return after
    named = several(q.slots.batch_size)
    return named[-1] if named else None


def _whole(value: float | None) -> int | None:
    """A batch size as a whole number; None if it can be none."""
    try:
        return None if value is None else check_batch_size(round(value))
    except (BadValueError, OverflowError, ValueError):
        return None
