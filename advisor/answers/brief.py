"""An answer about a rate in at most 60 words: rate, why, doubt, act (pure).

Citations are numbered in the order in which the text has them. All else that is known
stands in the details (`advisor.answers.wording`).
"""

from dataclasses import dataclass

from advisor.answers.caveats import Kind
from advisor.answers.recommendation import Judgement, Recommendation
from advisor.answers.seen import Seen
from advisor.estimates import Estimate
from advisor.planning.plan import VerificationPlan
from advisor.rates import fit_text, rate_text
from advisor.words import count_text, duration_text, joined, percent, title_of
from knowledge.records import Document

WELL_KNOWN, ROUGHLY_KNOWN = 1.5, 4.0  # ratio of the ends of the limit's 90 % interval
SAFE_FROM, PROBABLE_FROM, EVEN_FROM = 0.9, 0.7, 0.4  # shares of runs that hold
# What is said at once; the other limits of an answer stand in its details.
_AT_ONCE = (Kind.NOT_BROUGHT_IN, Kind.OUTCOMES)


@dataclass(frozen=True)
class Sentence:
    """A sentence of a short answer, what it is about, and the ids that it cites."""

    name: str
    text: str
    cites: tuple[str, ...] = ()


@dataclass(frozen=True)
class Citation(Document):
    """A numbered run or report that a sentence of an answer rests on."""

    number: int
    id: str
    summary: str


def brief_of(r: Recommendation) -> tuple[Sentence, ...]:
    """Return the short answer to "what rate at this batch size"."""
    if r.learning_rate is None:
        said = (Sentence("start", start_text(r)), *_doubts(r), _act(r))
    else:
        said = (Sentence("start", start_text(r)), _why(r), *_doubts(r), _act(r))
    return tuple(sentence for sentence in said if sentence.text)


def brief_verdict(j: Judgement) -> tuple[Sentence, ...]:
    """Return the short answer to "is this rate safe at this batch size"."""
    r = j.recommendation
    said: tuple[Sentence, ...]
    verdict = Sentence("verdict", verdict_text(j))
    start = Sentence("start", would_start_text(r))
    if j.verdict == "unknown":
        said = (verdict, start, _act(r))
    else:
        seen, doubt = _what_was_seen(r, None), Sentence("doubt", f"{_known(r)}.")
        said = (verdict, seen, start, doubt, _act(r))
    return tuple(sentence for sentence in said if sentence.text)


def text_of(sentences: tuple[Sentence, ...]) -> str:
    """Return the sentences as one paragraph."""
    return " ".join(sentence.text for sentence in sentences)


def cited_in(sentences: tuple[Sentence, ...]) -> tuple[str, ...]:
    """Return the ids that the sentences cite, by their numbers from 1 on."""
    return tuple(dict.fromkeys(i for sentence in sentences for i in sentence.cites))


# -- the rate --------------------------------------------------------------------------


def start_text(r: Recommendation) -> str:
    """Return the rate to start at, its place and how surely it holds."""
    where = f"{title_of(r.workload)} at batch {r.batch_size}"
    known = r.largest_known
    if known is not None and known.learning_rate is not None:
        return (
            f"I have no rate for {where}; at batch {known.batch_size}, the largest I "
            f"can speak for, it would be {fit_text(known.learning_rate)}."
        )
    if r.learning_rate is None:
        return f"I have no rate for {where} yet."
    return (
        f"Start at {fit_text(r.learning_rate)} for {where}{tried_text(r)}{_lasts(r)}."
    )


def tried_text(r: Recommendation) -> str:
    """Return the clause that says how the rate stands to those that were run."""
    if r.tried is None or r.learning_rate is None:
        return ""
    return r.tried.text(r.learning_rate)


def _lasts(r: Recommendation) -> str:
    if r.probability_stable is None or r.max_stable is None:
        return ""
    return f": {percent(r.probability_stable)} of runs should last{length_text(r)}"


def length_text(r: Recommendation) -> str:
    """Return for how long a rate is said to hold, as it follows a verb."""
    if not r.horizon_steps:
        return " to their end"
    return f" {r.horizon_steps:,} {steps_word(r)}"


def steps_word(r: Recommendation) -> str:
    """Return the unit of a run's length; files give one column for all of them."""
    if r.is_imported:
        return "steps (or epochs or tokens, as its source counts)"
    return "steps"


def verdict_text(j: Judgement) -> str:
    """Return the verdict on a rate at its place, in a person's words."""
    r, p = j.recommendation, j.probability_stable
    rate, where = (
        rate_text(j.learning_rate),
        f"for {title_of(j.workload)} at batch {j.batch_size}",
    )
    if p is None or j.verdict == "unknown":
        return f"I cannot say whether {rate} is safe {where}. {j.reason}".strip()
    return (
        f"{rate} {VERDICT_WORDS[verdict_word(p)]} {where}: {percent(p)} of runs should "
        f"last{length_text(r)}."
    )


VERDICT_WORDS = {
    "safe": "is safe",
    "probably": "is probably fine",
    "coin toss": "is a coin toss",
    "no": "is too high",
}


def verdict_word(probability: float) -> str:
    """Return what a share of runs that hold is called.

    >>> [verdict_word(p) for p in (0.9, 0.84, 0.5, 0.1)]
    ['safe', 'probably', 'coin toss', 'no']
    """
    if probability >= SAFE_FROM:
        return "safe"
    if probability >= PROBABLE_FROM:
        return "probably"
    return "coin toss" if probability >= EVEN_FROM else "no"


def would_start_text(r: Recommendation) -> str:
    """Return the rate to start at, beside a verdict on another."""
    if r.learning_rate is None:
        return ""
    return f"I would start at {fit_text(r.learning_rate)}{tried_text(r)}."


# -- why -------------------------------------------------------------------------------


def _why(r: Recommendation) -> Sentence:
    if r.seen is None or not r.seen.sightings:
        return Sentence("why", _counts(r))
    return _what_was_seen(r, r.learning_rate)


def _what_was_seen(r: Recommendation, rate: float | None) -> Sentence:
    """What was seen nearest to the setting, and why the rate differs from it."""
    seen = r.seen
    if seen is None or not seen.sightings:
        return Sentence("why", "")
    tells_stability = seen.held is not None or seen.failed is not None
    says_best = r.learning_rate_is == "best" or not tells_stability
    points = [
        (one, word)
        for one, word in (
            (seen.best if says_best else None, "scored best"),
            (None if says_best else seen.held, "held"),
            (seen.failed, "failed"),
        )
        if one is not None
    ]
    cites = tuple(dict.fromkeys(one.id for one, _ in points))
    said = [
        f"{rate_text(one.learning_rate)} {word} [{cites.index(one.id) + 1}]"
        for one, word in points
    ]
    text = f"{_who(r, seen)}: {', '.join(said)}{_difference(r, seen, rate)}."
    return Sentence("why", text, cites)


def _who(r: Recommendation, seen: Seen) -> str:
    here = seen.batch_size == r.batch_size
    by = {one.by for one in seen.sightings}
    if not here:
        return f"Nearest, batch {seen.batch_size}"
    return {
        frozenset({"run"}): "Runs of it",
        frozenset({"you"}): "You saw",
        frozenset({"report"}): "Reported for it",
    }.get(frozenset(by), "Seen for it")


def _difference(r: Recommendation, seen: Seen, rate: float | None) -> str:
    """Why the rate is not the one that was seen to hold at this very setting."""
    if rate is None or seen.batch_size != r.batch_size:
        return ""
    held, failed = seen.held, seen.failed
    if failed is not None and rate > failed.learning_rate:
        return "; I go higher, since the other evidence held there"
    if held is None or rate > 0.98 * held.learning_rate:
        return ""
    if r.learning_rate_is == "best":
        return ""
    return "; I start lower to be safe"


def _counts(r: Recommendation) -> str:
    """How much the answer rests on, where nothing was seen of the workload itself."""
    e = r.evidence
    counted = [
        count_text(n, word)
        for n, word in ((e.n_claims, "report"), (e.n_runs, "run"))
        if n
    ]
    if counted:
        return f"Evidence: {joined(counted)}."
    return "Evidence: related models only."


# -- doubt and act ---------------------------------------------------------------------


def _doubts(r: Recommendation) -> tuple[Sentence, ...]:
    at_once = [limit.text for limit in r.limits if limit.kind in _AT_ONCE][:1]
    if r.learning_rate is None:
        return tuple(Sentence("doubt", text) for text in r.caveats[:1])
    return (Sentence("doubt", _doubt(r)), *(Sentence("limit", t) for t in at_once))


def _doubt(r: Recommendation) -> str:
    if r.max_stable is None:
        if r.best is None:
            return ""
        return (
            f"The best score may lie {_range(r.best)}; nothing says where training "
            "would fail."
        )
    m = r.max_stable
    if m.high / m.low <= WELL_KNOWN:
        return f"{_known(r)}: half would fail near {fit_text(m.median)}."
    return f"{_known(r)}: half would fail somewhere {_range(m)}."


def _known(r: Recommendation) -> str:
    """How well the limit is known, in words, and why no better."""
    m = r.max_stable
    if m is None or m.high / m.low > ROUGHLY_KNOWN:
        return f"Weak evidence{_BECAUSE.get(r.basis, '')}"
    if m.high / m.low > WELL_KNOWN:
        return f"Roughly known{_BECAUSE.get(r.basis, '')}"
    return "Well known"


_BECAUSE = {
    "reported": ", reports only",
    "borrowed": ", related models only",
    "extrapolated": ", beyond the batch sizes run",
}


def _range(estimate: Estimate) -> str:
    return f"from {fit_text(estimate.low)} to {fit_text(estimate.high)}"


def _act(r: Recommendation) -> Sentence:
    return Sentence("act", act_text(r.verification, is_reported=r.basis == "reported"))


def act_text(plan: VerificationPlan, *, is_reported: bool = False) -> str:
    """Return the one thing to do next, if anything would change the answer."""
    if not plan.needed:
        if plan.full_size is None or not is_reported:
            return ""
        seconds = duration_text(plan.full_size.estimated_seconds)
        return f"Tell me how yours went, or train the full model ({seconds})."
    if plan.spec is None:
        return "Import or tell runs of it to narrow this down."
    run = f"run tests ({duration_text(plan.estimated_seconds)})"
    if is_reported:
        return f"Tell me how yours went, or {run}."
    return f"To narrow this down, {run}."
