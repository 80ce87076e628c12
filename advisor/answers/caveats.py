"""What limits an answer: what its evidence does not tell, a sentence each (pure)."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from advisor.evidence.scope import PRECISION, Scope
from advisor.evidence.selecting import Evidence
from advisor.planning.plan import verification_target, why_not_trainable
from advisor.rates import factor_text, rate_text
from advisor.words import joined
from experiments.workloads.registry import find_spec
from knowledge.names import WorkloadName
from knowledge.optimizers import Stepping, stepping_of
from knowledge.records import Run

EXTRAPOLATION_OCTAVES = 2.0  # beyond the data rules fail: arXiv:1811.03600
GUESS_OCTAVES = 5.0  # a factor of 32: our choice
USUAL_RATES = (1e-8, 10.0)  # outside them a rate is a sign of missing evidence
TIME_EXTRAPOLATION = 2.0  # times the longest run before it is called extrapolation
CONTRADICTING_SHARE = 0.2  # of runs, above the few that chance puts out of order


class Kind(StrEnum):
    """What a caveat is about."""

    NOT_BROUGHT_IN = "not brought in"
    NOTHING_KNOWN = "nothing known"
    CLAIMS = "claims"
    BATCH_SIZES = "batch sizes"
    OUTCOMES = "outcomes"
    SCORES = "scores"
    RUN_LENGTH = "run length"
    WIDTH = "width"
    SETTING = "setting"
    NO_THRESHOLD = "no threshold"
    NO_BEST_RATE = "no best rate"
    RATE = "rate"


@dataclass(frozen=True)
class Caveat:
    """One thing that limits an answer, as a person is told it."""

    kind: Kind
    text: str


def find_caveats(
    scope: Scope,
    batch_size: int,
    evidence: Evidence,
    basis: str,
    rate: float | None,
    *,
    knows_best: bool,
    knows_threshold: bool,
    largest_known: int | None = None,
) -> tuple[Caveat, ...]:
    """Return what limits the answer, one sentence each, gravest first."""
    found = {
        Kind.NOTHING_KNOWN: _none_caveats(scope, basis, largest_known),
        Kind.CLAIMS: _claim_caveats(evidence, batch_size, basis),
        Kind.BATCH_SIZES: _batch_caveats(evidence, batch_size, largest_known),
        Kind.OUTCOMES: _outcome_caveats(evidence, batch_size, basis),
        Kind.SCORES: _score_caveats(evidence),
        Kind.RUN_LENGTH: _time_caveats(scope, evidence, knows_best=knows_best),
        Kind.WIDTH: _width_caveats(scope, evidence),
        Kind.SETTING: _setting_caveats(scope, evidence),
    }
    if basis != "none" and not knows_threshold:
        found[Kind.NO_THRESHOLD] = [
            "There is no stability evidence: nothing says how far above this rate "
            "training would fail."
        ]
    if basis != "none" and not knows_best:
        found[Kind.NO_BEST_RATE] = [
            "The best rate is unknown, since no run of this workload has been "
            "scored at enough rates: this is the highest rate we consider safe."
        ]
    found[Kind.RATE] = _rate_caveats(rate)
    return tuple(Caveat(kind, text) for kind, texts in found.items() for text in texts)


def _none_caveats(scope: Scope, basis: str, largest_known: int | None) -> list[str]:
    if basis != "none" or largest_known is not None:
        return []
    start = f"Nothing is known about {scope.workload} under these settings"
    spec = find_spec(scope.workload)
    if spec is None:
        how = "importing runs of it with an outcome or a metric would change that."
    elif verification_target(scope) is None:
        how = why_not_trainable(scope)
    else:
        how = "a verification run, or importing your own runs, would change that."
    return [f"{start}: {how}"]


def _claim_caveats(evidence: Evidence, batch_size: int, basis: str) -> list[str]:
    caveats = []
    claims = evidence.own.claims
    ceilings = sorted(
        {c.learning_rate for c in claims if c.at_tool_ceiling and c.learning_rate}
    )
    if ceilings:
        at = sorted(
            {c.batch_size for c in claims if c.at_tool_ceiling and c.batch_size}
        )
        rate = rate_text(ceilings[0])
        caveats.append(
            f"The reported {rate} at batch {joined(at)} is that program's highest "
            "setting; higher rates are untested."
        )
    if basis == "reported":
        caveats.append(
            "It rests on reports, not on runs of ours; how long their runs were is not "
            "known exactly."
        )
        reported = {c.batch_size for c in claims}
        reported |= {r.batch_size for r in (*evidence.own.runs, *evidence.scored)}
        if batch_size not in reported:
            caveats.append(f"Nobody reported on batch {batch_size} itself.")
    if basis == "borrowed":
        caveats.append(
            "Nothing is known about this model itself: the rate comes from related "
            "models and may be off by a factor of several."
        )
    return caveats


def _batch_caveats(
    evidence: Evidence, batch_size: int, largest_known: int | None
) -> list[str]:
    if largest_known is not None:
        return [
            f"Batch {batch_size} lies beyond {largest_known}, four times the largest "
            "batch size with evidence, and rules fail that far out: runs nearer to it "
            "would change that."
        ]
    runs = evidence.labelled_runs or evidence.own.runs or evidence.scored
    batches = {run.batch_size for run in runs}
    batches |= {c.batch_size for c in evidence.own.claims if c.batch_size}
    if not batches:
        return []
    low, high = min(batches), max(batches)
    octaves = max(math.log2(low / batch_size), math.log2(batch_size / high))
    if octaves <= 0:
        return []
    text = (
        f"Batch {batch_size} lies {factor_text(octaves)} outside the batch sizes with "
        f"evidence ({low if low == high else f'{low} to {high}'})"
    )
    if octaves > GUESS_OCTAVES:
        return [f"{text}, so far outside that it is a guess."]
    if octaves > EXTRAPOLATION_OCTAVES:
        return [f"{text}, where rules fail: verify before you rely on it."]
    return [f"{text}."]


def _rate_caveats(rate: float | None) -> list[str]:
    if rate is None or USUAL_RATES[0] <= rate <= USUAL_RATES[1]:
        return []
    return [
        f"{rate_text(rate)} lies far from any rate in use: the evidence hardly reaches "
        "that far."
    ]


def _outcome_caveats(evidence: Evidence, batch_size: int, basis: str) -> list[str]:
    runs = evidence.labelled_runs
    if not runs:
        return _cut_short_caveats(evidence)
    unstable = [r for r in runs if r.outcome and r.outcome.is_unstable]
    claimed = {claim.bound for claim in evidence.own.claims}
    if not unstable and "unstable" not in claimed:
        return ["No run has failed yet, so only a lower bound of the limit is known."]
    if len(unstable) == len(runs) and "stable" not in claimed:
        unsaid = len({r.id for r in evidence.scored} - {r.id for r in runs})
        which = "Every run whose outcome is known" if unsaid else "Every run"
        return [f"{which} failed, so only an upper bound of the limit is known."]
    n_odd = count_contradictions(runs)
    if n_odd > CONTRADICTING_SHARE * len(runs):
        return [
            f"The runs contradict each other: at the same batch size {n_odd} of "
            f"{len(runs)} fit no rate below which runs hold and above which they fail."
        ]
    if basis == "interpolated" and not evidence.labelled_at(batch_size):
        return [f"No run was made at batch {batch_size} itself."]
    return []


def _cut_short_caveats(evidence: Evidence) -> list[str]:
    """What is said where no run went to its end."""
    steps = [run.steps for run in evidence.own.runs if run.steps]
    if not steps:
        return []
    return [
        f"No run has gone to its end yet: they were fine for up to {max(steps):,} "
        "steps and stopped there, so only a lower bound of the limit is known."
    ]


def _score_caveats(evidence: Evidence) -> list[str]:
    tried = Counter(
        b for b, _ in {(r.batch_size, r.learning_rate) for r in evidence.scored}
    )
    if not tried or max(tried.values()) > 1:
        return []
    return [
        "Only one rate was scored at each batch size: that says what somebody used, "
        "not that another would do worse."
    ]


def count_contradictions(runs: Sequence[Run]) -> int:
    """Return how many labelled runs fit no threshold of their batch size."""
    total = 0
    for batch in {run.batch_size for run in runs}:
        here = [run for run in runs if run.batch_size == batch]
        here.sort(key=lambda run: run.learning_rate)
        failed = [bool(run.outcome and run.outcome.is_unstable) for run in here]
        rates = [run.learning_rate for run in here]
        # A threshold may lie below all rates, above all, or between two different ones.
        cuts = [
            i
            for i in range(len(here) + 1)
            if i in (0, len(here)) or rates[i - 1] < rates[i]
        ]
        total += min(sum(failed[:i]) + failed[i:].count(False) for i in cuts)
    return total


def _time_caveats(scope: Scope, evidence: Evidence, *, knows_best: bool) -> list[str]:
    if scope.horizon_steps is None:
        return []
    labelled = max((r.steps for r in evidence.labelled_runs if r.steps), default=None)
    scored = max((r.steps for r in evidence.scored if r.steps), default=None)
    caveats = []
    if labelled and scope.horizon_steps > TIME_EXTRAPOLATION * labelled:
        caveats.append(
            f"The longest run had {labelled:,} steps and the answer is for "
            f"{scope.horizon_steps:,}: failures come late, so it is an extrapolation."
        )
    if knows_best and scored and scope.horizon_steps > TIME_EXTRAPOLATION * scored:
        caveats.append(
            f"The best rate is read from scores after at most {scored:,} steps; which "
            "rate scores best later is not known."
        )
    return caveats


def _width_caveats(scope: Scope, evidence: Evidence) -> list[str]:
    """Full size without runs of its own learns from narrower copies."""
    if scope.name.width_divisor > 1 or evidence.labelled_runs:
        return []
    base = scope.name.base
    names = [
        WorkloadName.parse(body.workload) for body in evidence.siblings if body.runs
    ]
    copies = {
        name.width_divisor for name in names if name.is_proxy and name.base == base
    }
    if not copies:
        return []
    widths = joined([f"1/{divisor}" for divisor in sorted(copies)])
    return [
        f"The effect of batch size comes from narrow copies ({widths} of each width), "
        "and so does a part of the limit; the full model is untested."
    ]


def _setting_caveats(scope: Scope, evidence: Evidence) -> list[str]:
    devices = {r.device for r in evidence.own.runs if r.device}
    devices |= {c.device for c in evidence.own.claims if c.device}
    other = sorted(devices - {scope.device})
    caveats = []
    if stepping_of(scope.optimizer) is Stepping.UNKNOWN:
        caveats.append(
            f"'{scope.optimizer}' is not an optimizer known here: its rates may scale "
            "with batch size as Adam's do, or as those of SGD."
        )
    if scope.precision != PRECISION:
        caveats.append(
            f"This applies to runs in mixed precision ({scope.precision}); those in "
            f"{PRECISION} only show the trend with batch size."
        )
    if other:
        what = ", ".join(other)
        caveats.append(f"Part of the evidence comes from another device ({what}).")
    data = sorted({run.data for run in evidence.own.runs if run.data})
    if len(data) > 1:
        caveats.append(f"The runs were made on different data ({', '.join(data)}).")
    return caveats
