"""Answers -> sentences (pure): the short text, and the details behind it.

Every number comes from the answer itself, formatted as in its JSON.
"""

from collections.abc import Mapping
from typing import Any

from advisor.answers.brief import (
    act_text,
    brief_of,
    brief_verdict,
    length_text,
    text_of,
)
from advisor.answers.caveats import Kind
from advisor.answers.comparison import EVEN_MARGIN, LIKELY_FROM, SURE_FROM, Comparison
from advisor.answers.largest_batch import LargestBatch
from advisor.answers.recommendation import Judgement, Recommendation
from advisor.estimates import Estimate
from advisor.evidence.selecting import OVERTAKEN
from advisor.rates import fit_text, shown_rate
from advisor.words import (
    BASIS_WORDS,
    chance_text,
    count_text,
    duration_text,
    joined,
    names_text,
    optimizer_title,
    percent,
    rules_text,
    title_of,
)
from experiments.workloads.registry import find_spec
from knowledge.names import WorkloadName
from knowledge.recipes import RECIPES


def setting_text(r: Recommendation) -> str:
    """Return optimizer, betas and device in a few words."""
    recipe = RECIPES.get(r.recipe or "")
    optimizer = optimizer_title(r.optimizer)
    if recipe is not None and recipe.betas is not None:
        optimizer += f" {recipe.betas[0]:g}/{recipe.betas[1]:g}"
    if recipe is not None and recipe.momentum:
        optimizer += f" with momentum {recipe.momentum:g}"
    if r.is_imported:  # its runs seldom say where they were made
        return optimizer
    return f"{optimizer}, {r.device.upper() if r.device == 'cpu' else r.device}"


def recommendation_text(r: Recommendation) -> str:
    """Return the answer to "what rate at this batch size" in at most 60 words."""
    return text_of(brief_of(r))


def recommendation_details(r: Recommendation) -> tuple[str, ...]:
    """Return what else is known of an answer, a paragraph each."""
    if r.learning_rate is None:
        return r.caveats[1:]
    parts = (
        f"Assumed: {setting_text(r)}{_for_length(r)}.",
        stability_text(r),
        best_text(r),
        f"This is {BASIS_WORDS[r.basis]}. {rests_on_text(r)}",
        exponent_text(r),
        *r.caveats_without(Kind.NO_BEST_RATE),
        plan_text(r),
    )
    return tuple(part for part in parts if part)


def stability_text(r: Recommendation) -> str:
    """Return the share of runs that hold, and the limit with its interval."""
    if r.max_stable is None or r.probability_stable is None:
        return ""
    held = chance_text(r.probability_stable)
    return f"{held} of runs should hold. {half_fail_text(r)}"


def best_text(r: Recommendation) -> str:
    """Return what is known of the rate with the best score, be it loss or accuracy."""
    if r.best is None:
        return "Best rate unknown: this is the highest rate we consider safe."
    b = r.best
    text = (
        f"The best score is expected near {fit_text(b.median)} ({percent(b.level)}: "
        f"{fit_text(b.low)} to {fit_text(b.high)})."
    )
    if r.learning_rate_is == "cap" and r.learning_rate is not None:
        text += " That is above the highest safe rate, so the safe rate comes first."
    return text


def rests_on_text(r: Recommendation) -> str:
    """Return how many runs and reports the answer rests on."""
    e = r.evidence
    pieces = []
    for name, runs, claims in e.by_workload:
        if runs:
            pieces.append(f"{count_text(runs, 'run')} of {title_of(name)}")
        if claims:
            pieces.append(f"{count_text(claims, 'report')} on {title_of(name)}")
    text = f"Evidence: {joined(pieces) if pieces else 'related models'}"
    if r.borrowed_from:
        shared = names_text([title_of(name) for name in r.borrowed_from])
        text += f"; the trend with batch size is shared with {shared}"
        if any(_is_copy(name, r.workload) for name in r.borrowed_from):
            text += ", and the limit leans on the copies of other widths"
    # An earlier record of a run that counts is not left out: the later one holds it.
    left_out = [x for x in e.excluded if x.reason != OVERTAKEN]
    if left_out:
        text += f"; {len(left_out):,} left out"
    if r.is_imported and pieces:
        text += ". Batch sizes count as in those runs"
    return f"{text}."


def _is_copy(name: str, workload: str) -> bool:
    one, other = WorkloadName.parse(name), WorkloadName.parse(workload)
    return name != workload and one.base.lower() == other.base.lower()


def _for_length(r: Recommendation) -> str:
    return f", for{length_text(r)}" if r.horizon_steps else ""


def _within(r: Recommendation) -> str:
    return f" within{length_text(r)}" if r.horizon_steps else ""


def exponent_text(r: Recommendation) -> str:
    """Return the exponent with its interval and the probability of each rule."""
    if r.exponent is None or r.scaling_rules is None:
        return ""
    x = r.exponent
    what = "The limit" if x.quantity == "max_stable" else "The best rate"
    return (
        f"{what} scales with batch size as batch^{x.median:g} ({percent(x.level)}: "
        f"{x.low:g} to {x.high:g}). {rules_text(r.scaling_rules)}"
    )


def plan_text(r: Recommendation) -> str:
    """Return why the evidence is weak, what to run next and what it costs."""
    v = r.verification
    if not v.needed:
        return ""
    if v.spec is None:
        return f"Weak evidence: {v.reason}"
    batches = ", ".join(map(str, sorted(v.spec.batch_sizes)))
    about = "about " if v.more_runs else ""
    count = count_text(len(v.runs) + v.more_runs, "run")
    return (
        f"Weak evidence: {v.reason} Proposed: {about}{count} of "
        f"{title_of(v.spec.workload)} at batch {batches}"
        f"{f' ({v.purpose})' if v.purpose else ''}, about "
        f"{duration_text(v.estimated_seconds)} here."
    )


def judgement_text(j: Judgement) -> str:
    """Return the verdict on a rate, then what would be recommended instead."""
    return text_of(brief_verdict(j))


def judgement_details(j: Judgement) -> tuple[str, ...]:
    """Return what else is known of a verdict, a paragraph each."""
    r = j.recommendation
    parts = (
        f"Assumed: {setting_text(r)}{_for_length(r)}.",
        half_fail_text(r),
        f"This is {BASIS_WORDS[r.basis]}. {rests_on_text(r)}",
        *r.caveats_without(Kind.NO_THRESHOLD),
        plan_text(r),
    )
    return tuple(part for part in parts if part)


def half_fail_text(r: Recommendation) -> str:
    """Return the threshold with its interval and horizon."""
    if r.max_stable is None:
        return ""
    m = r.max_stable
    return (
        f"Half of runs fail{_within(r)} near {fit_text(m.median)} "
        f"({percent(m.level)}: {fit_text(m.low)} to {fit_text(m.high)})."
    )


def largest_batch_text(found: LargestBatch) -> str:
    """Return the largest batch size for a rate with what limits the answer."""
    r, interval = found.recommendation, found.batch_size
    parts = [found.reason]
    if not found.capped and interval and interval["low"] < interval["high"]:
        parts.append(f"{largest_batch_interval(found.to_dict())}.")
    if r is not None:
        parts.append(act_text(r.verification, is_reported=r.basis == "reported"))
    return " ".join(part for part in parts if part)


def largest_batch_details(found: LargestBatch) -> tuple[str, ...]:
    """Return what else is known of a largest batch, a paragraph each."""
    r = found.recommendation
    if r is None:
        return ()
    interval = largest_batch_interval(found.to_dict())
    basis = f"This is {BASIS_WORDS[r.basis]}. {rests_on_text(r)}"
    limits = r.caveats_without(Kind.NO_THRESHOLD)
    parts = (interval and f"{interval}.", basis, *limits, plan_text(r))
    return tuple(part for part in parts if part)


def largest_batch_interval(found: Mapping[str, Any]) -> str:
    """Return the interval of a largest batch, from the JSON or its answer's row."""
    interval = found.get("largest_batch") or found.get("batch_size")
    if interval is None:
        return ""
    looked, start = found["searched_to"], f"{percent(interval['level'])}: batch "
    if looked is None or interval["high"] < looked:
        return f"{start}{interval['low']:g} to {interval['high']:g}"
    return f"{start}{interval['low']:g} or more; I looked as far as batch {looked}"


def comparison_text(found: Comparison) -> str:
    """Return which workload tolerates the higher rate, how surely, and on what."""
    if found.highest is None or found.probability is None:
        return f"I cannot say which tolerates the higher rate: {found.reason}."
    chances = found.probabilities
    is_pair, p = len(chances) == 2, found.probability
    what = {
        "max_stable": f"tolerates the {'higher' if is_pair else 'highest'} rate",
        "best": f"has the {'higher' if is_pair else 'highest'} best rate",
    }[found.quantity or "max_stable"]
    said = f"{title_of(found.highest)} {what} with probability {chance_text(p)}"
    others = [
        f"{title_of(name)} {chance_text(chance)}"
        for name, chance in chances.items()
        if name != found.highest
    ]
    said += f" ({joined(others)})"
    titles = joined([title_of(name) for name in chances])
    if p < 1 / len(chances) + EVEN_MARGIN:
        start = f"No clear difference between {titles}: {said}"
    else:
        sure = "Probably" if p < SURE_FROM else "Almost surely"
        lean = "Perhaps" if p < LIKELY_FROM else sure
        start = f"{lean}, {said}"
    text = (
        f"{start} at batch {found.batch_size}. Evidence: "
        f"{count_text(found.n_runs, 'run')} of these workloads and "
        f"{count_text(found.n_claims, 'report')}."
    )
    lengths = {title_of(n): h for n, h in found.horizon_steps.items() if h}
    if len(set(lengths.values())) > 1 and found.quantity == "max_stable":
        own = joined([f"{n} for {h:,} steps" for n, h in lengths.items()])
        text += f" Each is said for its own run length: {own}."
    return text


def change_text(before: Recommendation, after: Recommendation) -> str:
    """Return what new evidence changed in an answer, and why the rest did not move."""
    new_runs = after.evidence.n_runs - before.evidence.n_runs
    parts = []
    if new_runs > 0:
        counts = "counts" if new_runs == 1 else "count"
        parts.append(f"{count_text(new_runs, 'new run')} {counts}.")
    newly = sorted(set(after.borrowed_from) - set(before.borrowed_from))
    if newly:
        parts.append(f"The trend with batch size now also draws on {joined(newly)}.")
    if before.basis != after.basis:
        parts.append(f"The basis went from {before.basis} to {after.basis}.")
    parts.append(_rate_change(before, after))
    parts.append(_interval_change("limit", before.max_stable, after.max_stable))
    parts.append(_exponent_change(before.exponent, after.exponent))
    if _same(before.learning_rate, after.learning_rate) and after.basis == "reported":
        parts.append(
            "The rate stays: little carries over from narrow copies to the full model."
        )
    return " ".join(part for part in parts if part)


def _rate_change(before: Recommendation, after: Recommendation) -> str:
    old, new = before.learning_rate, after.learning_rate
    if old is None or new is None:
        return f"The rate is now {fit_text(new)}." if new is not None else ""
    if _same(old, new):
        return f"The rate is still {fit_text(new)}."
    return f"The rate went from {fit_text(old)} to {fit_text(new)}."


def _interval_change(name: str, old: Estimate | None, new: Estimate | None) -> str:
    if old is None or new is None:
        return ""
    narrower = new.high / new.low < old.high / old.low * 0.98
    wider = new.high / new.low > old.high / old.low * 1.02
    how = "narrowed" if narrower else "widened" if wider else "stayed"
    return (
        f"The interval of the {name} {how}: {fit_text(old.low)} to "
        f"{fit_text(old.high)} before, {fit_text(new.low)} to {fit_text(new.high)} "
        "now."
    )


def _exponent_change(old: Estimate | None, new: Estimate | None) -> str:
    if old is None or new is None:
        return ""
    several = "it takes runs at several batch sizes to move it."
    if old.median == new.median:
        return f"The exponent is still {new.median:g}: {several}"
    change = f"The exponent went from {old.median:g} to {new.median:g}"
    return (
        f"{change}: {several}" if abs(old.median - new.median) < 0.01 else f"{change}."
    )


def _same(a: float | None, b: float | None) -> bool:
    return a is not None and b is not None and shown_rate(a) == shown_rate(b)


def settings_snippets(r: Recommendation) -> dict[str, str]:
    """Return the recommended rate as people paste it into their programs."""
    if r.learning_rate is None:
        return {}
    rate = fit_text(r.learning_rate)
    recipe = RECIPES.get(r.recipe or "")
    betas = recipe.betas if recipe and recipe.betas else (0.9, 0.999)
    adam = f"torch.optim.Adam(model.parameters(), lr={rate}, betas={betas})"
    sgd = f"torch.optim.SGD(model.parameters(), lr={rate})"
    snippets = {
        "PyTorch": sgd if r.optimizer == "sgd" else adam,
        "argparse": f"--batch-size {r.batch_size} --learning-rate {rate}",
    }
    spec = find_spec(r.workload)
    if spec is not None and (own := spec.settings_snippet):
        snippets[own.program] = own.template.format(
            learning_rate=rate, batch_size=r.batch_size
        )
    return snippets
