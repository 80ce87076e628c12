"""A rate known at one batch size, at another: by each rule, and by runs (pure).

lr' = lr (B'/B)^p, with p of a rule of thumb, or the exponents that runs of other
workloads have shown with an optimizer that steps alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor.estimates import rounded_shares
from advisor.rates import rate_text, round_exponent, round_rate
from advisor.scaling.published import PublishedFit, titles
from advisor.scaling.records import Finding
from advisor.statistics.fitted import scaling_rule_shares
from advisor.words import count_text, joined, optimizer_title, percent, title_of
from knowledge.names import WorkloadName
from knowledge.optimizers import stepping_of
from knowledge.records import Document

POWERS = {
    "constant": 0.0,
    "inverse_sqrt": -0.5,
    "inverse": -1.0,
    "sqrt": 0.5,
    "linear": 1.0,
}
_RULES = {"constant": "unchanged", "sqrt": "square root", "linear": "linear"}
_RUN_WITH = ("adam", "sgd")  # what the runs and grids here were made with
LEVEL = 0.8
DRAWS = 512  # of each family of workloads, which all count alike
FEWEST_OCTAVES = 1.0  # of batch sizes that a workload's runs must span to speak
_ENDS = (1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2
_SD_OF_80 = 1.2816  # half an 80 % interval of a normal curve, in standard deviations

Draws = NDArray[np.float64]


@dataclass(frozen=True)
class Exponents:
    """How rates went with the batch size, by workload: equally likely powers.

    Families of workloads count alike, however many of each were run; `fits` are those
    of others' published grids.
    """

    by_workload: Mapping[str, Draws]
    fits: tuple[PublishedFit, ...] = ()

    @property
    def draws(self) -> Draws:
        """DRAWS of each family, in order of the family."""
        shares = (np.arange(DRAWS) + 0.5) / DRAWS
        families: dict[str, list[Draws]] = {}
        for name, draws in self.by_workload.items():
            kept = np.quantile(draws, shares)
            families.setdefault(WorkloadName.parse(name).group, []).append(kept)
        return np.concatenate(
            [np.quantile(np.concatenate(f), shares) for f in families.values()]
        )

    def text(self) -> str:
        """Say whose runs they are."""
        published = {fit.workload for fit in self.fits}
        own = dict.fromkeys(
            title_of(name) for name in self.by_workload if name not in published
        )
        shown = list(own)[:4]
        if len(own) > len(shown):
            shown.append(f"{len(own) - len(shown)} more")
        if published:
            of = count_text(len(published), "published grid")
            shown.append(f"{of} ({titles(self.fits)})")
        return joined(shown)


@dataclass(frozen=True)
class MeasuredElsewhere(Document):
    """The rate by the exponents of other workloads' runs, with its interval."""

    median: float
    low: float
    high: float
    level: float
    exponent: dict[str, float]
    scaling_rules: dict[str, float]
    rests_on: tuple[str, ...]


@dataclass(frozen=True)
class PublishedBest(Document):
    """The best rate of models of one kind in others' grids, at one batch size."""

    models: str
    median: float
    low: float
    high: float
    level: float
    n_runs: int
    rests_on: tuple[str, ...]


@dataclass(frozen=True)
class CarriedOver(Document):
    """A rate carried over from one batch size to another.

    `published` says where the rate comes from, if nobody but others' grids told it.
    """

    learning_rate: float
    from_batch_size: int
    to_batch_size: int
    optimizer: str
    rules: dict[str, float]
    measured: MeasuredElsewhere | None
    published: PublishedBest | None = None

    def to_dict(self) -> dict[str, Any]:
        """The keys of the contract."""
        values = super().to_dict()
        rate, batch = values.pop("learning_rate"), values.pop("from_batch_size")
        return {"from": {"batch_size": batch, "learning_rate": rate}, **values}


def exponents_shown(
    findings: Sequence[Finding], fits: Sequence[PublishedFit], optimizer: str
) -> Exponents | None:
    """Return what runs whose optimizer steps alike have shown; None: there are none.

    Of a stored workload that of the best rate where it is known: a rate that worked is
    more like it than like a limit.
    """
    how = stepping_of(optimizer)
    chosen: dict[str, Draws] = {}
    for finding in sorted(findings, key=lambda f: (f.quantity != "best", -f.n_runs)):
        tells = finding.n_runs and finding.n_batch_octaves >= FEWEST_OCTAVES
        if tells and stepping_of(finding.optimizer) is how:
            chosen.setdefault(finding.workload, finding.draws)
    wide = [f for f in fits if f.exponents is not None and f.octaves >= FEWEST_OCTAVES]
    for fit in wide:
        if fit.exponents is not None:
            chosen.setdefault(fit.workload, fit.exponents)
    return Exponents(chosen, tuple(wide)) if chosen else None


def carry_over(
    learning_rate: float,
    from_batch_size: int,
    to_batch_size: int,
    *,
    optimizer: str,
    exponents: Exponents | None,
) -> CarriedOver:
    """Return a rate at another batch size, by rules and by what runs have shown."""
    ratio = to_batch_size / from_batch_size
    return CarriedOver(
        round_rate(learning_rate),
        from_batch_size,
        to_batch_size,
        optimizer,
        {name: round_rate(learning_rate * ratio**p) for name, p in POWERS.items()},
        _measured(np.array([np.log2(learning_rate)]), ratio, exponents),
    )


def carry_over_published(
    fits: Sequence[PublishedFit],
    to_batch_size: int | None,
    *,
    optimizer: str,
    exponents: Exponents | None,
) -> CarriedOver:
    """Return the best rate of published models (at least one) at a batch size.

    From the published batch size nearest to it; without one asked for, from the one
    that most models were run at.
    """
    sizes = [size for fit in fits for size in fit.best]
    wanted = to_batch_size or max(sizes, key=sizes.count)
    known_at = min(sizes, key=lambda size: abs(np.log2(size / wanted)))
    there = [fit for fit in fits if known_at in fit.best]
    logs = _log_rates(there, known_at)
    low, median, high = (round_rate(2.0**x) for x in np.quantile(logs, _ENDS))
    ratio = wanted / known_at
    return CarriedOver(
        median,
        known_at,
        wanted,
        optimizer,
        {name: round_rate(median * ratio**p) for name, p in POWERS.items()},
        _measured(logs, ratio, exponents),
        PublishedBest(
            models=titles(there),
            median=median,
            low=low,
            high=high,
            level=LEVEL,
            n_runs=sum(fit.n_runs for fit in there),
            rests_on=tuple(fit.workload for fit in there),
        ),
    )


def _log_rates(fits: Sequence[PublishedFit], batch_size: int) -> Draws:
    """log2 of the best rates, DRAWS of each fit: two half normal curves by its ends."""
    from scipy.special import ndtri  # loading it takes longer than many an answer

    normal = ndtri((np.arange(DRAWS) + 0.5) / DRAWS)
    draws = []
    for fit in fits:
        low, median, high = np.log2(fit.best[batch_size])
        below, above = (median - low) / _SD_OF_80, (high - median) / _SD_OF_80
        draws.append(median + np.where(normal < 0, below, above) * normal)
    return np.concatenate(draws)


def _measured(
    log_rates: Draws, ratio: float, exponents: Exponents | None
) -> MeasuredElsewhere | None:
    """The rates times ratio^p, over all draws of p: one for each pair in turn."""
    if exponents is None:
        return None
    powers = exponents.draws
    # Every rate meets every power when their counts share no divisor: a fixed shuffle.
    shuffled = np.random.default_rng(0).permutation(
        np.resize(powers, max(len(powers), len(log_rates)))
    )
    logs = np.resize(log_rates, len(shuffled)) + shuffled * np.log2(ratio)
    rates = [round_rate(2.0**x) for x in np.quantile(logs, _ENDS)]
    low, median, high = (round_exponent(x) for x in np.quantile(powers, _ENDS))
    return MeasuredElsewhere(
        median=rates[1],
        low=rates[0],
        high=rates[2],
        level=LEVEL,
        exponent={"median": median, "low": low, "high": high},
        scaling_rules=rounded_shares(scaling_rule_shares(powers)),
        rests_on=tuple(sorted(exponents.by_workload)),
    )


def carried_over_text(
    c: CarriedOver, exponents: Exponents | None, *, whose: str
) -> str:
    """Return where to start, where that comes from, and what the rules of thumb give.

    `whose` names the model in a sentence: "your model", "resnet50".
    """
    is_there = c.from_batch_size == c.to_batch_size
    if is_there and c.published is None:
        return (
            f"Keep {rate_text(c.learning_rate)}: over devices and steps of "
            f"accumulation the batch is {c.to_batch_size} as before, so no rule of "
            f"thumb changes the rate. Nothing here was measured on {whose}; batch norm "
            "and its like see the batch of one device, and may still feel the change."
        )
    if c.published is None:
        known = f"your {rate_text(c.learning_rate)} at batch {c.from_batch_size}"
    else:
        known = _published_text(c.published, c.from_batch_size)
    onward = "" if is_there else f" carried over to batch {c.to_batch_size}"
    said = [
        f"{_start_text(c)} Nothing here was measured on {whose}: it is {known}{onward}."
    ]
    if not is_there:
        said += [_exponent_text(c, exponents), _by_rules_text(c)]
    said.append(
        "Watch the loss of the first few hundred steps: if it rises and stays up, "
        "halve the rate."
    )
    return "\n\n".join(text for text in said if text)


def _start_text(c: CarriedOver) -> str:
    m = c.measured
    if m is None:
        title = optimizer_title(c.optimizer)
        return f"No stored runs with {title} say how the rate scales with batch size."
    return (
        f"Start at {rate_text(m.median)} at batch {c.to_batch_size} "
        f"({percent(m.level)}: {rate_text(m.low)} to {rate_text(m.high)})."
    )


def _published_text(best: PublishedBest, batch_size: int) -> str:
    """Where a rate comes from that nobody told."""
    runs = count_text(best.n_runs, "published run")
    settings = count_text(len(best.rests_on), "setting")
    return (
        f"the best rate in {runs} of {best.models} ({settings}) at batch {batch_size}, "
        f"{rate_text(best.median)} ({percent(best.level)}: {rate_text(best.low)} to "
        f"{rate_text(best.high)})"
    )


def _exponent_text(c: CarriedOver, exponents: Exponents | None) -> str:
    m = c.measured
    if m is None or exponents is None:
        return ""
    shares = ", ".join(
        f"{words} {percent(m.scaling_rules[name])}" for name, words in _RULES.items()
    )
    title = optimizer_title(c.optimizer)
    steps = title if c.optimizer in _RUN_WITH else f"optimizers that step as {title}"
    return (
        f"With {steps} the rate went as "
        f"batch^{m.exponent['median']:g} ({m.exponent['low']:g} to "
        f"{m.exponent['high']:g}) in runs of {exponents.text()}; each rule of thumb "
        f"holds there, within a quarter of a power, with: {shares}."
    )


def _by_rules_text(c: CarriedOver) -> str:
    rules = {name: rate_text(x) for name, x in c.rules.items()}
    return (
        f"The rules give {rules['constant']} (unchanged), {rules['sqrt']} "
        f"(square root) and {rules['linear']} (linear); {rules['inverse_sqrt']} and "
        f"{rules['inverse']} if the rate falls with the batch, as some say."
    )
