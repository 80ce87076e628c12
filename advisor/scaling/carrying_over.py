"""A rate known at one batch size, at another: by each rule, and by runs (pure).

lr' = lr (B'/B)^p, with p of a rule of thumb, or the exponents that runs of other
workloads have shown with an optimizer that steps alike.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from advisor.estimates import rounded_shares
from advisor.rates import rate_text, round_exponent, round_rate
from advisor.scaling.published import PublishedFit, titles
from advisor.scaling.records import Finding
from advisor.statistics.fitted import scaling_rule_shares
from advisor.words import count_text, joined, optimizer_title, percent
from knowledge.names import WorkloadName
from knowledge.optimizers import stepping_of
from knowledge.published.settings import PublishedSetting
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
        """Say how many workloads they are of."""
        n_grids = len({fit.workload for fit in self.fits})
        own = len(self.by_workload) - n_grids
        counted = (own, "model"), (n_grids, "published grid")
        return joined([count_text(n, of) for n, of in counted if n])


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

    `published` and `settings` say where the rate comes from, if nobody but others'
    grids, or others' published settings, told it.
    """

    learning_rate: float
    from_batch_size: int
    to_batch_size: int
    optimizer: str
    rules: dict[str, float]
    measured: MeasuredElsewhere | None
    published: PublishedBest | None = None
    settings: tuple[PublishedSetting, ...] = ()

    @property
    def is_others(self) -> bool:
        """Whether the rate was published by others, and not told by a person."""
        return self.published is not None or bool(self.settings)

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
    to_batch_size: int,
    *,
    optimizer: str,
    exponents: Exponents | None,
) -> CarriedOver:
    """Return the best rate of published models (at least one) at a batch size.

    From the published batch size nearest to it.
    """
    sizes = [size for fit in fits for size in fit.best]
    known_at = min(sizes, key=lambda size: abs(np.log2(size / to_batch_size)))
    there = [fit for fit in fits if known_at in fit.best]
    logs = _log_rates(there, known_at)
    low, median, high = (round_rate(2.0**x) for x in np.quantile(logs, _ENDS))
    ratio = to_batch_size / known_at
    return CarriedOver(
        median,
        known_at,
        to_batch_size,
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


def carry_over_settings(
    settings: Sequence[PublishedSetting],
    to_batch_size: int,
    *,
    optimizer: str,
    exponents: Exponents | None,
) -> CarriedOver:
    """Return where others' settings (at least one) would start at a batch size.

    The rules carry the setting over whose batch size is nearest, the runs each of them.
    """
    nearest = min(settings, key=lambda s: abs(np.log2(s.batch_size / to_batch_size)))
    logs = np.log2([s.learning_rate for s in settings])
    ratios = np.array([to_batch_size / s.batch_size for s in settings])
    found = carry_over(
        nearest.learning_rate,
        nearest.batch_size,
        to_batch_size,
        optimizer=optimizer,
        exponents=None,
    )
    return replace(
        found, settings=tuple(settings), measured=_measured(logs, ratios, exponents)
    )


def measured_exponent(exponents: Exponents | None) -> MeasuredElsewhere | None:
    """Return what runs have shown of the batch size alone: a rate of 1 stays 1."""
    return _measured(np.array([0.0]), 1.0, exponents)


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
    log_rates: Draws, ratios: float | Draws, exponents: Exponents | None
) -> MeasuredElsewhere | None:
    """The rates times ratio^p, over all draws of p: one for each pair in turn."""
    if exponents is None:
        return None
    powers = exponents.draws
    # Every rate meets every power when their counts share no divisor: a fixed shuffle.
    shuffled = np.random.default_rng(0).permutation(
        np.resize(powers, max(len(powers), len(log_rates)))
    )
    octaves = np.resize(np.log2(ratios), len(log_rates))
    logs = np.resize(log_rates, len(shuffled)) + shuffled * np.resize(
        octaves, len(shuffled)
    )
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
    c: CarriedOver, exponents: Exponents | None, *, whose: str, with_rules: bool = False
) -> str:
    """Return where to start, where that comes from, and what the rules of thumb give.

    `whose` names the model in a sentence: "your model", "resnet50". `with_rules` adds
    how likely each rule is, for who asks of them.
    """
    is_there = c.from_batch_size == c.to_batch_size
    if is_there and not c.is_others:
        return (
            f"Keep {rate_text(c.learning_rate)}: over devices and steps of "
            f"accumulation the batch is {c.to_batch_size} as before, so no rule of "
            f"thumb changes the rate. Nothing here was measured on {whose}; batch norm "
            "and its like see the batch of one device, and may still feel the change."
        )
    m, said = c.measured, [_start_text(c), _origin_text(c, whose)]
    if m is not None and exponents is not None and (with_rules or not c.is_others):
        said += [exponent_text(m, c.optimizer, exponents, with_rules=with_rules)]
    rules = [] if is_there else [_by_rules_text(c)]
    return "\n\n".join([" ".join(said), *rules])


def exponent_text(
    m: MeasuredElsewhere, optimizer: str, exponents: Exponents, *, with_rules: bool
) -> str:
    """Return how the rate went with the batch size in runs, and which rule held."""
    title = optimizer_title(optimizer)
    steps = title if optimizer in _RUN_WITH else f"{title} and its like"
    went = (
        f"With {steps} the rate went as batch^{m.exponent['median']:g} "
        f"({m.exponent['low']:g} to {m.exponent['high']:g}) in {exponents.text()}."
    )
    shares = ", ".join(
        f"{words} {percent(m.scaling_rules[name])}" for name, words in _RULES.items()
    )
    return f"{went} How likely is each rule: {shares}." if with_rules else went


def _start_text(c: CarriedOver) -> str:
    m = c.measured
    if m is None:
        title = optimizer_title(c.optimizer)
        return f"No stored runs with {title} say how the rate scales with batch size."
    where = f"{rate_text(m.median)} at batch {c.to_batch_size}"
    if m.low == m.high:
        return f"Start near {where}."
    # How good a setting is nobody knows: the interval is of the batch size.
    of_one_kind = len({setting.kind for setting in c.settings}) == 1
    of_what = " for the batch size" if of_one_kind else ""
    return (
        f"Start {'near' if c.settings else 'at'} {where} ({percent(m.level)}{of_what}: "
        f"{rate_text(m.low)} to {rate_text(m.high)})."
    )


def _origin_text(c: CarriedOver, whose: str) -> str:
    nothing = f"Nothing here was measured on {whose}"
    if c.settings:
        return f"{nothing}, so this is weak: {_settings_text(c.settings)}."
    if c.published is not None:
        known = _published_text(c.published, c.from_batch_size)
    else:
        known = f"your {rate_text(c.learning_rate)} at batch {c.from_batch_size}"
    onward = "" if c.from_batch_size == c.to_batch_size else ", carried over"
    return f"{nothing}: it is {known}{onward}."


def _settings_text(settings: Sequence[PublishedSetting]) -> str:
    """What others set, with who says so; of many kinds only how many."""
    if len({setting.kind for setting in settings}) > 1:
        of = count_text(len(settings), "published setting")
        return f"I know no model like it, and these are {of} of other kinds"
    told = [
        f"{s.model} at {rate_text(s.learning_rate)}, batch {s.batch_size} "
        f"({s.source.partition(' (')[0]})"
        for s in settings
    ]
    return f"others train {joined(told)}"


def _published_text(best: PublishedBest, batch_size: int) -> str:
    """Where a rate comes from that nobody told."""
    runs = count_text(best.n_runs, "published run")
    return (
        f"the best rate in {runs} of {best.models} at batch {batch_size}, "
        f"{rate_text(best.median)} ({percent(best.level)}: {rate_text(best.low)} to "
        f"{rate_text(best.high)})"
    )


def _by_rules_text(c: CarriedOver) -> str:
    rules = {name: rate_text(x) for name, x in c.rules.items()}
    return (
        f"Rules of thumb: {rules['constant']} (unchanged), {rules['sqrt']} (square "
        f"root), {rules['linear']} (linear), {rules['inverse_sqrt']} (inverse square "
        f"root), {rules['inverse']} (inverse)."
    )
