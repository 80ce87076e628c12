"""One turn of the conversation: a record that a page can draw again and again.

Redrawing the history asks neither the store nor the model.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from advisor.answers.changes import Change, change_between
from advisor.answers.recommendation import Recommendation
from advisor.answers.ruler import Ruler, marks_at
from advisor.charts.threshold import (
    BandPoint,
    ThresholdBand,
    ThresholdChartData,
    batch_grid,
)
from advisor.conversation.answer import Answer
from advisor.conversation.history import SavedAnswer
from advisor.conversation.proposals import Action, Proposal
from advisor.estimates import Estimate
from advisor.reading.intents import Intent
from advisor.reading.question import Question
from advisor.service import Advisor
from experiments.jobs.records import new_verification_id
from knowledge.errors import AdvisorError
from knowledge.names import WorkloadName
from knowledge.records import Claim, Run

MAX_RUNS_LISTED = 500
# Questions whose answer is one rate, which the ruler shows.
RULED = (Intent.RECOMMEND_LR, Intent.JUDGE_LR, Intent.RUN_VERIFICATION)
TURNED_DOWN = "Nothing was done."


@dataclass(frozen=True)
class Turn:
    """A question with its answer, and the records that the answer rests on.

    One that is not whole has no chart and no ruler yet. `context` is the turn it
    follows, `change` what it changed of the answer before.
    Under `plan_id` the proposed verification starts
    once, however often the button is pressed. `verification_id` is the one under way,
    `ended_id` the last one over, `before` the recommendation that it changed, of whose
    runs `n_counted` now count. Of one under way `n_over` runs are over, which moved the
    limit from `limit_before`. `measuring_id` is a timing under way. `done` says what
    came of another proposal, `said` what was answered earlier. `told_id` is the run
    that was told here and can be taken back.
    """

    answer: Answer
    context: Question | str | None
    chart: ThresholdChartData | None
    runs: tuple[Run, ...]
    claims: tuple[Claim, ...]
    plan_id: str
    ruler: Ruler | None = None
    change: Change | None = None
    is_whole: bool = False
    verification_id: str | None = None
    ended_id: str | None = None
    before: Recommendation | None = None
    n_counted: int = 0
    n_over: int = 0
    limit_before: Estimate | None = None
    measuring_id: str | None = None
    done: str | None = None
    told_id: str | None = None
    said: SavedAnswer | None = None

    @property
    def single(self) -> Recommendation | None:
        """The recommendation of an answer that has exactly one."""
        found = self.answer.recommendations
        return found[0] if len(found) == 1 else None

    @property
    def is_updated(self) -> bool:
        """Whether the answer was computed anew after a verification."""
        return self.before is not None

    @property
    def is_started(self) -> bool:
        """Whether its runs were started."""
        return self.verification_id is not None or self.ended_id is not None

    @property
    def open_proposal(self) -> Proposal | None:
        """What waits for a yes, if anything does."""
        proposal = self.answer.proposal
        if proposal is None or self.done is not None:
            return None
        is_of_runs = proposal.action is Action.VERIFY
        return None if is_of_runs and self.is_started else proposal

    @property
    def leads_on(self) -> Question | None:
        """What a follow-up may leave unsaid; runs that were started are no offer."""
        turn = self.answer.leads_on
        return replace(turn, offered=None) if turn and self.is_started else turn

    @property
    def has_open_plan(self) -> bool:
        """Whether runs are offered that were not started."""
        plan = self.answer.offered_plan
        return bool(plan and plan.runs and not self.is_started)


@dataclass(frozen=True)
class Refusal:
    """A question that could not be answered as it was put, and why."""

    question: str
    error: AdvisorError


@dataclass(frozen=True)
class Note:
    """A yes or a no to what was proposed, and what came of it."""

    question: str
    text: str


def ask_turn(
    advisor: Advisor,
    question: str,
    context: Question | str | None,
    *,
    conversation: str | None = None,
    save: bool = True,
    before: Turn | None = None,
    is_whole: bool = True,
) -> Turn:
    """Ask, and return the turn with everything that is needed to draw it.

    `before` is the answer that this one follows or takes the place of. Without
    `is_whole` it has no chart and no ruler yet: `completed` adds them.

    Raises:
        AdvisorError: The question cannot be answered as it was put.
    """
    answer = advisor.ask(
        question, context=context, conversation=conversation, save=save
    )
    runs, claims = _evidence_of(advisor, answer)
    proposal = answer.proposal
    plan_id = proposal.verification_id if proposal else new_verification_id()
    turn = Turn(answer, context, None, runs, claims, plan_id)
    turn = replace(turn, change=_change_since(before, turn))
    return completed(advisor, turn) if is_whole else turn


def completed(advisor: Advisor, turn: Turn) -> Turn:
    """Return the turn with its chart and its ruler, which take a while.

    Raises:
        AdvisorError: The store cannot be used.
    """
    if turn.is_whole:
        return turn
    chart = _chart_data(advisor, turn.answer, turn.claims)
    return replace(turn, chart=chart, ruler=ruler_of(advisor, turn), is_whole=True)


def _change_since(before: Turn | None, turn: Turn) -> Change | None:
    """What changed of the rate before; None where another thing is asked."""
    if before is None or turn.answer.judgements or turn.answer.plan is not None:
        return None
    if not turn.answer.recommendation or before.single is None or turn.single is None:
        return None
    return change_between(before.single, turn.single)


def ruler_of(advisor: Advisor, turn: Turn) -> Ruler | None:
    """Return how surely each rate holds where an answer with one rate speaks of.

    Raises:
        AdvisorError: The store cannot be used.
    """
    r, judged = turn.single, turn.answer.judgements
    if r is None or turn.answer.intent not in RULED:
        return None
    marks = marks_at(
        r.batch_size, r.workload, _runs(advisor, r.workload, r), turn.claims
    )
    asked = judged[0].learning_rate if len(judged) == 1 else None
    return advisor.answers.ruler(r, marks, asked)


def reopened_turns(
    advisor: Advisor, saved: Sequence[SavedAnswer]
) -> Iterator[Turn | Refusal]:
    """Yield earlier questions answered of today's evidence, under their old ids.

    The last one is whole, the others are to be completed once they are unfolded.
    """
    before: Turn | None = None
    for one in saved:
        is_last = one is saved[-1]
        turn = reopened_turn(advisor, one, before, is_whole=is_last)
        yield turn
        before = turn if isinstance(turn, Turn) else before


def reopened_turn(
    advisor: Advisor,
    saved: SavedAnswer,
    before: Turn | None = None,
    *,
    is_whole: bool = True,
) -> Turn | Refusal:
    """Return an earlier question answered of today's evidence, under its old id.

    What was started from it is shown with it again, under way or over.
    """
    try:
        followed = before if isinstance(saved.context, Question) else None
        turn = ask_turn(
            advisor,
            saved.question,
            saved.context,
            save=False,
            before=followed,
            is_whole=is_whole,
        )
        answer = replace(turn.answer, answer_id=saved.id)
        return rejoined(advisor, replace(turn, answer=answer, said=saved))
    except AdvisorError as error:
        return Refusal(saved.question, error)


def rejoined(advisor: Advisor, turn: Turn) -> Turn:
    """Return the turn with the newest verification that was started from its answer.

    Raises:
        AdvisorError: The queue cannot be read.
    """
    found = advisor.verifications.of_answer(turn.answer.answer_id)
    if found is None:
        return turn
    proposal = turn.answer.proposal
    if proposal is not None and proposal.action is Action.VERIFY:
        advisor.proposals.withdraw(proposal.id)
        turn = replace(turn, answer=replace(turn.answer, proposal=None))
    if found.state == "running":
        return replace(turn, verification_id=found.id, ended_id=None)
    return replace(turn, ended_id=found.id)


def settle(advisor: Advisor, turn: Turn) -> Turn:
    """Carry out what a turn proposes, and return it with what came of it.

    What was told counts from now on, so it is answered again.

    Raises:
        AdvisorError: It cannot be done, or was done before.
    """
    proposal = turn.open_proposal
    if proposal is None:
        return turn
    done = advisor.approve(proposal.id)
    if proposal.action is Action.OBSERVATION:
        return retold_turn(advisor, turn, done.text, told_id=done.ids[0])
    return replace(turn, done=done.text)


def turned_down(advisor: Advisor, turn: Turn) -> Turn:
    """Return the turn with its proposal withdrawn."""
    if turn.open_proposal is not None:
        advisor.proposals.withdraw(turn.open_proposal.id)
    return replace(turn, done=TURNED_DOWN)


def retold_turn(
    advisor: Advisor, turn: Turn, note: str, *, told_id: str | None = None
) -> Turn:
    """Return the turn answered again after a run was told or taken back, with a note.

    Raises:
        AdvisorError: The store cannot be used.
    """
    again = ask_turn(
        advisor, turn.answer.question, turn.context, save=False, before=turn
    )
    return replace(
        again,
        answer=replace(again.answer, answer_id=turn.answer.answer_id),
        plan_id=turn.plan_id,
        done=note,
        told_id=told_id,
    )


def measured_turn(advisor: Advisor, turn: Turn, n_over: int) -> Turn:
    """Return the turn with its ruler drawn anew from the runs that are over so far.

    Raises:
        AdvisorError: The store cannot be used.
    """
    r, before = turn.single, turn.limit_before
    again = replace(turn, n_over=n_over)
    if r is None or turn.ruler is None or not n_over:
        return again
    asked = replace(r.setting, horizon_steps=r.horizon_steps, risk=r.risk)
    now = advisor.answers.recommend(r.workload, r.batch_size, asked)
    shown = replace(again, answer=replace(turn.answer, recommendations=(now,)))
    ruler = ruler_of(advisor, shown)
    if ruler is not None:  # the text, which stays until the end, names this rate
        marked, text = turn.ruler.marked, turn.ruler.marked_text
        ruler = replace(ruler, marked=marked, marked_text=text)
    return replace(again, ruler=ruler, limit_before=before or turn.ruler.limit)


def updated_turn(advisor: Advisor, turn: Turn) -> Turn:
    """Return the turn answered anew after its verification, with what it said before.

    Raises:
        AdvisorError: The store cannot be used.
    """
    again = ask_turn(advisor, turn.answer.question, turn.context, save=False)
    before = turn.answer.recommendation
    used = {i for r in again.answer.recommendations for i in r.evidence.used}
    jobs = advisor.queue.jobs(verification_id=turn.verification_id)
    if again.answer.proposal is not None:  # it was carried out: the card offers more
        advisor.proposals.withdraw(again.answer.proposal.id)
    return replace(
        again,
        answer=replace(again.answer, answer_id=turn.answer.answer_id, proposal=None),
        plan_id=new_verification_id(),
        ended_id=turn.verification_id,
        before=before,
        limit_before=before.max_stable if before else None,
        n_counted=len(used & {job.run_id for job in jobs}),
    )


# -- chart -----------------------------------------------------------------------------


def _evidence_of(
    advisor: Advisor, answer: Answer
) -> tuple[tuple[Run, ...], tuple[Claim, ...]]:
    """Return the runs and claims an answer rests on, its own workload's first."""
    used = {i for r in answer.recommendations for i in r.evidence.used}
    asked = {r.workload for r in answer.recommendations}
    run_ids = sorted(i for i in used if i.startswith("run:"))[:MAX_RUNS_LISTED]
    runs = advisor.library.runs_by_id(run_ids) if run_ids else []
    claims = [c for c in advisor.library.claims() if c.id in used]
    return (
        tuple(sorted(runs, key=lambda run: run.workload not in asked)),
        tuple(sorted(claims, key=lambda claim: claim.workload not in asked)),
    )


def _chart_data(
    advisor: Advisor, answer: Answer, used: Iterable[Claim]
) -> ThresholdChartData | None:
    """Return what the answer's chart shows; None when there is nothing to show."""
    found = answer.recommendations
    if not found:
        return None
    asked = list(dict.fromkeys(r.workload for r in found))
    copies = [copy for name in asked if (copy := _narrow_copy(advisor, name))]
    workloads = list(dict.fromkeys([*asked, *copies]))
    by_workload = {r.workload: r for r in reversed(found)}
    runs = [run for w in workloads for run in _runs(advisor, w, found[0])]
    claims = [
        c
        for c in used
        if c.workload in asked and c.learning_rate and c.batch_size and c.bound
    ]
    sizes = _batch_sizes([*runs, *claims], found)
    bands = tuple(
        band
        for w in workloads
        if (band := _band(advisor, w, by_workload.get(w), found[0], sizes))
    )
    if not (bands or runs or claims):
        return None
    return ThresholdChartData(found, bands, tuple(runs), tuple(claims))


def _narrow_copy(advisor: Advisor, workload: str) -> str | None:
    """Return the proxy of a full-size workload that was run most, if any was."""
    if WorkloadName.parse(workload).is_proxy:
        return None
    rows = advisor.store.rows(
        "select workload from runs where starts_with(lower(workload), ?) "
        "group by workload order by count(*) desc, workload limit 1",
        [f"{workload.lower()}@"],
    )
    return rows[0][0] if rows else None


def _runs(advisor: Advisor, workload: str, like: Recommendation) -> list[Run]:
    runs = advisor.store.runs(workload=workload)
    return [
        run
        for run in runs
        if run.optimizer == like.optimizer
        and run.recipe in (None, like.recipe)
        and run.precision in (None, like.precision)
    ]


def _batch_sizes(
    seen: Iterable[Run | Claim], found: Iterable[Recommendation]
) -> list[float]:
    sizes = [float(item.batch_size) for item in seen if item.batch_size]
    return batch_grid([*sizes, *[float(r.batch_size) for r in found]])


def _band(
    advisor: Advisor,
    workload: str,
    own: Recommendation | None,
    like: Recommendation,
    sizes: list[float],
) -> ThresholdBand | None:
    if own is not None and own.max_stable is None and own.best is None:
        return None
    is_best = own is not None and own.max_stable is None
    scope = own or like
    answers = advisor.answers
    read_band = answers.best_rate_band if is_best else answers.threshold_band
    asked = replace(scope.setting, horizon_steps=own.horizon_steps if own else None)
    rows = read_band(workload, sizes, asked)
    if not rows:
        return None
    points = tuple(BandPoint(**row) for row in rows)
    horizon = own.horizon_steps if own else answers.usual_length(workload, asked)
    quantity = "best" if is_best else "max_stable"
    return ThresholdBand(workload, horizon, points, quantity)
