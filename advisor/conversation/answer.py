"""Answer: what a person gets back, wherever they asked (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from advisor.answers.brief import Citation
from advisor.answers.comparison import Comparison
from advisor.answers.difference import Difference
from advisor.answers.fastest_batch import FastestBatch
from advisor.answers.recommendation import Judgement, Recommendation
from advisor.conversation.proposals import Proposal
from advisor.diagnosis.records import Diagnosis
from advisor.evidence.scope import Asked
from advisor.planning.plan import VerificationPlan
from advisor.reading.intents import Intent
from advisor.reading.question import Question
from advisor.scaling.carrying_over import CarriedOver
from advisor.scaling.formulas import FormulaSays
from advisor.scaling.records import ScalingReport
from knowledge.records import Document, to_document


@dataclass(frozen=True)
class Answer(Document):
    """What a person gets back; every number in `text` is in the other fields.

    `text` is short, `details` are the paragraphs behind it, `citations` the rows that
    its marks [1], [2] name. `leads_on` is what a follow-up builds on. `proposal` is an
    action that waits for a yes, `plan` the runs it would make. `sql` are the queries
    that count and list `rows`. `also` are the answers to what else the message asked.
    `clarification` asks back, or offers other readings. `phrased` is a language model's
    wording that passed the check, `phrasing_note` the line that says whose it is or why
    it is not shown.
    """

    question: str
    intent: Intent
    slots: dict[str, Any]
    text: str
    recommendations: tuple[Recommendation, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    details: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    evidence: tuple[dict[str, str], ...] = ()
    rows: tuple[dict[str, Any], ...] | None = None
    counts: dict[str, int] | None = None
    sql: tuple[str, ...] = ()
    scaling: ScalingReport | None = None
    comparisons: tuple[Comparison, ...] = ()
    difference: Difference | None = None
    fastest: FastestBatch | None = None
    diagnosis: Diagnosis | None = None
    concept: dict[str, Any] | None = None
    conditions: dict[str, int | float | str] = field(default_factory=dict)
    unknown_workload: str | None = None
    carried_over: CarriedOver | None = None
    formulas: tuple[FormulaSays, ...] = ()
    clarification: dict[str, Any] | None = None
    also: "tuple[Answer, ...]" = ()
    inherited: tuple[str, ...] = ()
    leads_on: Question | None = field(default=None, compare=False)
    warnings: tuple[str, ...] = ()
    plan: VerificationPlan | None = None
    proposal: Proposal | None = None
    phrased: str | None = None
    phrasing_note: str | None = None
    answer_id: str | None = field(default=None, compare=False)

    @property
    def recommendation(self) -> Recommendation | None:
        """The recommendation when there is one."""
        return self.recommendations[0] if self.recommendations else None

    @property
    def offered_plan(self) -> VerificationPlan | None:
        """The runs that may be started from here: asked for, or to make it surer."""
        r = self.recommendation
        return self.plan or (r.verification if r and r.verification.needed else None)

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of the contract."""
        values = {
            name: to_document(getattr(self, _STANDS_IN.get(name, name)))
            for name in _KEYS.split()
        }
        for judgement in values["judgements"]:
            del judgement["recommendation"]
        return values


_KEYS = (
    "question intent slots conditions text details citations recommendation "
    "recommendations judgements evidence rows counts sql scaling comparisons "
    "difference fastest_batch diagnosis verification proposal concept "
    "unknown_workload carried_over formulas clarification also inherited "
    "warnings phrased phrasing_note answer_id"
)
_STANDS_IN = {"fastest_batch": "fastest", "verification": "offered_plan"}


def reply(q: Question, text: str, **parts: Any) -> Answer:
    """Return the answer to a question, with whatever parts it has."""
    given = {"intent": q.intent, "conditions": q.conditions.said, **parts}
    return Answer(question=q.text, slots=q.slots.to_dict(), text=text, **given)


def asked_of(q: Question, exclude: Sequence[str] = ()) -> Asked:
    """Return what an answer to a question is to hold for."""
    return Asked(
        optimizer=q.slots.optimizer,
        device=q.slots.device,
        horizon_steps=q.conditions.horizon_steps,
        risk=q.conditions.risk,
        recipe=q.conditions.recipe,
        precision=q.conditions.precision,
        exclude=tuple(exclude),
    )
