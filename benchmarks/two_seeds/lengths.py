"""How long a rate holds: failure over time, by the proxies (pure)."""

from advisor.scaling.records import Verdict
from advisor.scaling.verdicts import agreed
from advisor.words import joined, title_of
from benchmarks.two_seeds.boundaries import boundaries_by_length, interval
from benchmarks.two_seeds.clocks import FailureClock, falls_between, fit_clock
from benchmarks.two_seeds.findings import (
    FORUM_RECIPE,
    PROXIES,
    Finding,
    Table,
    interval_text,
    query_of,
    rates_text,
)
from benchmarks.two_seeds.material import Material
from benchmarks.two_seeds.pictures import picture_lengths, picture_times

HALF_WAY = 0.5  # from steps (power 0) to examples (power -1)


def length_findings(material: Material) -> list[Finding]:
    """Return what the failure times say of run length and of its clock."""
    return [_lengths(material), _clock(material)]


def _lengths(material: Material) -> Finding:
    by_workload = {
        name: boundaries_by_length(material.of(name, FORUM_RECIPE)) for name in PROXIES
    }
    rows, first_falls, last_falls, falling = [], [], [], []
    for name, found in by_workload.items():
        if len(found) < 2:
            continue
        sizes = found[max(found)].batch_sizes
        middle = sizes[len(sizes) // 2]
        falls = falls_between(found, middle)
        first_falls.append(falls[0].octaves)
        if falls[0].octaves.low > 0:
            falling.append(title_of(name))
        if len(falls) > 1:
            last_falls.append((falls[0].octaves, falls[-1].octaves))
        told = {fall.to_steps: interval_text(fall.octaves) for fall in falls}
        rows += [
            (
                title_of(name),
                f"{steps:,}",
                rates_text(boundary.threshold(middle)),
                told.get(steps, ""),
                interval_text(interval(boundary.exponents)),
                str(len(boundary.runs)),
            )
            for steps, boundary in found.items()
        ]
    verdict = Verdict.UNDECIDED
    if falling:
        verdict = Verdict.CONTRADICTED
    elif first_falls and all(fall.high < 0.1 for fall in first_falls):
        verdict = Verdict.SUPPORTED
    levels = [last.high < first.median / 2 for first, last in last_falls]
    goes_on = [last.low > first.median / 2 for first, last in last_falls]
    if levels and all(levels):
        end = " The fall levels off within the lengths that were run."
    elif any(goes_on):
        end = " The fall goes on to the longest runs."
    else:
        end = " Whether the fall levels off is not decided."
    said = dict(
        contradicted=(
            "Failure comes late: with more steps the limit falls, for sure in "
            f"{joined(falling or ['no model'])}."
        ),
        supported="Longer runs have the same limit here.",
        undecided="Too few runs of several lengths to say.",
    )
    header = (
        *("workload", "steps", "limit at the middle batch"),
        *("fall per doubling, factors of 2", "exponent in batch", "runs"),
    )
    return Finding(
        anchor="length",
        statement="A rate that works for a few hundred steps works for good.",
        verdict=verdict,
        answer=said[verdict] + (end if rows else ""),
        says=(
            "Neither source says so, but every short test assumes it. The same runs "
            "are looked at after so many steps; runs that were planned or stopped "
            "shorter are left out. A fall of 1 halves the limit.",
        ),
        tables=(Table(header, tuple(rows)),) if rows else (),
        pictures=picture_lengths(by_workload),
        open_questions=(
            "The forum's month of training is some 100,000 steps. A rate for so long "
            "is an extrapolation from the longest runs here; proxies near the limit "
            "with 30,000 steps would carry it on.",
        ),
        query=query_of(PROXIES, [FORUM_RECIPE]),
    )


def _clock(material: Material) -> Finding:
    clocks = {name: fit_clock(material.of(name, FORUM_RECIPE)) for name in PROXIES}
    found = {name: clock for name, clock in clocks.items() if clock}
    verdicts = {name: _judge_clock(clock) for name, clock in found.items()}
    verdict = agreed(list(verdicts.values()))
    rows = [
        (
            title_of(name),
            interval_text(clock.power),
            str(clock.n_failures),
            str(clock.n_survivors),
            f"{clock.batch_range[0]} to {clock.batch_range[1]}",
        )
        for name, clock in found.items()
    ]
    powers = [clock.power.median for clock in found.values()]
    said = dict(
        supported="Failure counts steps: it comes after as many at each batch size.",
        contradicted="Failure does not count steps alone: at one rate a larger batch "
        f"fails {'sooner' if min(powers, default=0.0) < 0 else 'later'}.",
        undecided="The failure times do not tell steps from examples.",
    )
    header = ("workload", "power of the batch", "failures", "survivors", "batches")
    return Finding(
        anchor="clock",
        statement="Failure comes after so many steps, whatever the batch size.",
        verdict=verdict,
        answer=said[verdict],
        says=(
            "How the step of failure scales with the batch size, at one rate: power 0 "
            "means equal steps, -1 equal examples. If it were -1, comparing batch "
            "sizes at equal steps would make larger ones look worse by that alone.",
        ),
        tables=(Table(header, tuple(rows)),) if rows else (),
        pictures=picture_times(material, PROXIES, FORUM_RECIPE),
        query=query_of(PROXIES, [FORUM_RECIPE]),
    )


def _judge_clock(clock: FailureClock) -> Verdict:
    """Steps, when the power is surely nearer to 0 than to 1 or -1."""
    power = clock.power
    if power.high < -HALF_WAY or power.low > HALF_WAY:
        return Verdict.CONTRADICTED
    return (
        Verdict.SUPPORTED
        if power.low > -HALF_WAY and power.high < HALF_WAY
        else Verdict.UNDECIDED
    )
