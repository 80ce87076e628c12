"""A rate that worked at one batch size, at another: by each rule, and by runs (pure).

lr' = lr (B'/B)^p, with p of a rule of thumb, or the exponents that runs of other
workloads have shown with an optimizer that steps alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from advisor.rates import rate_text, round_exponent, round_rate
from advisor.scaling.records import Finding
from advisor.words import joined, optimizer_title, percent, title_of
from knowledge.optimizers import stepping_of
from knowledge.records import Document

POWERS = {
    "constant": 0.0,
    "inverse_sqrt": -0.5,
    "inverse": -1.0,
    "sqrt": 0.5,
    "linear": 1.0,
}
LEVEL = 0.8
DRAWS = 512  # of each workload, which all count alike
FEWEST_OCTAVES = 1.0  # of batch sizes that a workload's runs must span to speak


@dataclass(frozen=True)
class MeasuredElsewhere(Document):
    """The rate by the exponents of other workloads' runs, with its interval."""

    median: float
    low: float
    high: float
    level: float
    exponent: dict[str, float]
    rests_on: tuple[str, ...]


@dataclass(frozen=True)
class CarriedOver(Document):
    """A rate carried over from one batch size to another."""

    learning_rate: float
    from_batch_size: int
    to_batch_size: int
    optimizer: str
    rules: dict[str, float]
    measured: MeasuredElsewhere | None

    def to_dict(self) -> dict[str, Any]:
        """The keys of the contract."""
        values = super().to_dict()
        rate, batch = values.pop("learning_rate"), values.pop("from_batch_size")
        return {"from": {"batch_size": batch, "learning_rate": rate}, **values}


def carry_over(
    learning_rate: float,
    from_batch_size: int,
    to_batch_size: int,
    *,
    optimizer: str,
    findings: Sequence[Finding],
) -> CarriedOver:
    """Return a rate at another batch size, by rules and by what runs have shown."""
    ratio = to_batch_size / from_batch_size
    return CarriedOver(
        learning_rate,
        from_batch_size,
        to_batch_size,
        optimizer,
        {name: round_rate(learning_rate * ratio**p) for name, p in POWERS.items()},
        _measured(learning_rate, ratio, _speaking(findings, optimizer)),
    )


def _speaking(findings: Sequence[Finding], optimizer: str) -> list[Finding]:
    """One finding a workload, of runs whose optimizer steps alike.

    That of the best rate where it is known: a rate that worked is more like it than
    like a limit.
    """
    how = stepping_of(optimizer)
    chosen: dict[str, Finding] = {}
    for finding in sorted(findings, key=lambda f: (f.quantity != "best", -f.n_runs)):
        tells = finding.n_runs and finding.n_batch_octaves >= FEWEST_OCTAVES
        if tells and stepping_of(finding.optimizer) is how:
            chosen.setdefault(finding.workload, finding)
    return list(chosen.values())


def _measured(
    rate: float, ratio: float, findings: Sequence[Finding]
) -> MeasuredElsewhere | None:
    if not findings:
        return None
    shares = (np.arange(DRAWS) + 0.5) / DRAWS
    exponents = np.concatenate([np.quantile(f.draws, shares) for f in findings])
    ends = (1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2
    low, median, high = (float(x) for x in np.quantile(exponents, ends))
    rates = sorted(rate * ratio**power for power in (low, median, high))
    return MeasuredElsewhere(
        median=round_rate(rates[1]),
        low=round_rate(rates[0]),
        high=round_rate(rates[2]),
        level=LEVEL,
        exponent={
            "median": round_exponent(median),
            "low": round_exponent(low),
            "high": round_exponent(high),
        },
        rests_on=tuple(sorted(f.workload for f in findings)),
    )


def carried_over_text(carried: CarriedOver, *, whose: str) -> str:
    """Return the rates to choose from, what runs of other models say first.

    `whose` names the model in a sentence: "your model", "resnet50".
    """
    c, rules = carried, {name: rate_text(x) for name, x in carried.rules.items()}
    start = (
        f"Nothing here was measured on {whose}: this carries your "
        f"{rate_text(c.learning_rate)} at batch {c.from_batch_size} over to batch "
        f"{c.to_batch_size}."
    )
    by_rule = (
        f"The rules of thumb give {rules['constant']} (unchanged), {rules['sqrt']} "
        f"(square root) and {rules['linear']} (linear); {rules['inverse_sqrt']} and "
        f"{rules['inverse']} if the rate falls with the batch, as some say."
    )
    watch = (
        "Watch the loss of the first few hundred steps: if it rises and stays up, "
        "halve the rate."
    )
    return " ".join([start, _measured_text(c), by_rule, watch])


def _measured_text(c: CarriedOver) -> str:
    title = optimizer_title(c.optimizer)
    m = c.measured
    if m is None:
        return f"No stored runs with {title} say how the rate goes with the batch."
    names = joined(dict.fromkeys(title_of(name) for name in m.rests_on[:4]))
    more = len(m.rests_on) - 4
    return (
        f"Start at {rate_text(m.median)} ({percent(m.level)}: {rate_text(m.low)} to "
        f"{rate_text(m.high)}): with {title} the rate went as "
        f"batch^{m.exponent['median']:g} ({m.exponent['low']:g} to "
        f"{m.exponent['high']:g}) in runs of {names}"
        f"{f' and {more} more' if more > 0 else ''}."
    )
