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
from advisor.diagnosis.wording import diagnosis_text
from advisor.evidence.scope import Asked
from advisor.planning.plan import VerificationPlan
from advisor.planning.request import VerificationRequest
from advisor.reading.question import Question
from advisor.reading.symptoms import Change, ChangeKind, read_symptoms
from experiments.workloads.registry import find_spec
from knowledge.errors import BadValueError
from knowledge.names import WorkloadName


def diagnosis_answer(parts: Parts, q: Question, asked: Asked) -> Answer:
    """Return the causes of what a person saw, likeliest first."""
    seen = read_symptoms(q.told or q.text)
    workloads, rates = several(q.slots.workload), several(q.slots.learning_rate)
    change = seen.change(ChangeKind.BATCH_SIZE)
    batch = _batch_after(q, change)
    if not (workloads and rates and batch is not None):
        lacking = [name for name in SLOTS if getattr(q.slots, name) is None]
        found = diagnose(seen, missing=lacking)
        return reply(
            q,
            diagnosis_text(found),
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
    return _answer_of(parts, q, asked, judgement, found)


def _answer_of(
    parts: Parts, q: Question, asked: Asked, j: Judgement, found: Diagnosis
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
        diagnosis_text(found),
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
