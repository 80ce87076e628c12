"""How well forecasts held, scored against the runs they were made of (pure).

P(stable) of a run is scored by its end, an interval by the runs after it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from advisor.estimates import LEVEL
from advisor.evidence.trajectories import is_labelled, overtaken_runs, trajectory
from advisor.track_record.intervals import (
    CheckedInterval,
    JobState,
    StatedInterval,
    check_interval,
    first_intervals,
    is_before,
    stated_once,
)
from knowledge.records import Document, Forecast, Run

BIN_EDGES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)
WAITS = "the run is not over"
STOPPED = "the run was stopped before its end"
LATE = "the run had started before the forecast was made"
NO_START = "nothing says when the run started"
OTHER_RULE = "the run was judged by another rule"


@dataclass(frozen=True)
class ScoredForecast(Document):
    """A forecast with the run it was made of."""

    forecast: Forecast
    run_id: str
    outcome: str
    stable: bool

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        f = self.forecast
        return {
            "forecast": f.id,
            "run": self.run_id,
            "made": f.made,
            "workload": f.workload,
            "batch_size": f.batch_size,
            "learning_rate": f.learning_rate,
            "steps": f.horizon_steps,
            "probability_stable": f.probability_stable,
            "outcome": self.outcome,
        }


@dataclass(frozen=True)
class Bin:
    """Runs whose P(stable) lay in one range, and how many of them were stable.

    `low` and `high` are the 90 % interval of the share that such runs are stable.
    """

    start: float
    end: float
    n_runs: int
    n_stable: int
    mean_forecast: float
    low: float
    high: float

    @property
    def share_stable(self) -> float:
        """The share that was stable."""
        return self.n_stable / self.n_runs


@dataclass(frozen=True)
class TrackRecord(Document):
    """Every forecast with its score, every interval with its check."""

    forecasts: tuple[ScoredForecast, ...] = ()
    unscored: Mapping[str, int] | None = None
    intervals: tuple[CheckedInterval, ...] = ()

    @property
    def n_stable(self) -> int:
        """How many forecast runs were stable."""
        return sum(f.stable for f in self.forecasts)

    @property
    def expected_stable(self) -> float:
        """How many should have been stable by the forecasts."""
        return sum(f.forecast.probability_stable for f in self.forecasts)

    @property
    def expected_range(self) -> tuple[int, int]:
        """The same with chance allowed for: 90 % of such counts lie in it."""
        return count_range([f.forecast.probability_stable for f in self.forecasts])

    @property
    def brier(self) -> float | None:
        """Mean squared difference of P(stable) and what happened; 0 is perfect."""
        errors = [
            (f.forecast.probability_stable - f.stable) ** 2 for f in self.forecasts
        ]
        return sum(errors) / len(errors) if errors else None

    @property
    def brier_of_share(self) -> float | None:
        """The same for whoever had known only the share that would be stable."""
        if not self.forecasts:
            return None
        share = self.n_stable / len(self.forecasts)
        return share * (1 - share)

    @property
    def bins(self) -> tuple[Bin, ...]:
        """The scored forecasts by what they said; empty ranges are left out."""
        return reliability_bins(
            [f.forecast.probability_stable for f in self.forecasts],
            [f.stable for f in self.forecasts],
        )

    @property
    def settled(self) -> tuple[CheckedInterval, ...]:
        """The intervals of which later runs tell whether they held."""
        return tuple(i for i in self.intervals if i.held is not None)

    @property
    def n_held(self) -> int:
        """How many of the settled intervals held."""
        return sum(bool(i.held) for i in self.settled)

    @property
    def typical_factor(self) -> float | None:
        """The median ratio of a settled interval's ends: a wide one holds easily."""
        if not self.settled:
            return None
        return float(np.median([i.stated.high / i.stated.low for i in self.settled]))

    @property
    def held_share_range(self) -> tuple[float, float] | None:
        """The 90 % interval of the share that holds; None before any is settled."""
        if not self.settled:
            return None
        return share_interval(self.n_held, len(self.settled))

    def to_dict(self) -> dict[str, Any]:
        """The document under `calibration` in `lr-advisor doctor --json`."""
        settled = self.settled
        held_range = self.held_share_range or (None, None)
        return {
            "forecasts": {
                "scored": len(self.forecasts),
                "stable": self.n_stable,
                "expected_stable": round(self.expected_stable, 2),
                "expected_low": self.expected_range[0],
                "expected_high": self.expected_range[1],
                "brier": _rounded(self.brier),
                "brier_of_share": _rounded(self.brier_of_share),
                "bins": [
                    {**vars(b), "mean_forecast": round(b.mean_forecast, 3)}
                    for b in self.bins
                ],
                "unscored": dict(self.unscored or {}),
                "runs": [f.to_dict() for f in self.forecasts],
            },
            "intervals": {
                "level": LEVEL,
                "settled": len(settled),
                "held": self.n_held,
                "share_low": held_range[0],
                "share_high": held_range[1],
                "typical_factor": _rounded(self.typical_factor),
                "open": len(self.intervals) - len(settled),
                "checked": [i.to_dict() for i in self.intervals],
            },
        }


def build_track_record(
    forecasts: Sequence[Forecast],
    answers: Iterable[StatedInterval],
    *,
    runs: Sequence[Run],
    jobs: Mapping[str, JobState],
) -> TrackRecord:
    """Return the scores of all forecasts and of the intervals stated in answers.

    `jobs` are by id; runs that no job carried out are ignored.
    """
    forecasts = sorted(forecasts, key=lambda f: (f.made, f.id))
    scored, unscored = score_forecasts(forecasts, runs=runs, jobs=jobs)
    jobs = _with_first_stops(forecasts, jobs)
    by_batch: dict[tuple[str, int], list[Run]] = {}
    for run in _first_of_each(runs):
        by_batch.setdefault((run.workload.lower(), run.batch_size), []).append(run)
    checked = [
        check_interval(
            interval,
            runs=by_batch.get((interval.workload.lower(), interval.batch_size), ()),
            jobs=jobs,
        )
        for interval in stated_once([*first_intervals(forecasts, runs), *answers])
    ]
    return TrackRecord(tuple(scored), unscored, tuple(checked))


def _with_first_stops(
    forecasts: Iterable[Forecast], jobs: Mapping[str, JobState]
) -> dict[str, JobState]:
    """Return the jobs with the step up to which each was to go at first."""
    stops = {f.job_id: f.horizon_steps for f in forecasts}
    return {
        job_id: replace(job, first_stop=stops.get(job_id))
        for job_id, job in jobs.items()
    }


def _first_of_each(runs: Sequence[Run]) -> list[Run]:
    """Return how far each job's run got, without those that go on from another's."""
    first: dict[object, Run] = {}
    for run in sorted(runs, key=lambda run: (run.steps or 0, run.id)):
        first.setdefault(trajectory(run), run)
    overtaken = overtaken_runs(runs)
    return [
        run
        for run in runs
        if first[trajectory(run)].job_id == run.job_id and run.id not in overtaken
    ]


# -- P(stable) of single runs ----------------------------------------------------------


def score_forecasts(
    forecasts: Iterable[Forecast],
    *,
    runs: Iterable[Run],
    jobs: Mapping[str, JobState],
) -> tuple[list[ScoredForecast], dict[str, int]]:
    """Return the forecasts that can be scored, and how many cannot, by reason.

    Of several forecasts of one job the first counts, scored by the first record that
    tells how the run did within the forecast's steps.
    """
    by_job: dict[str, list[Run]] = {}
    for run in runs:
        if run.job_id is not None:
            by_job.setdefault(run.job_id, []).append(run)
    scored: list[ScoredForecast] = []
    reasons: Counter[str] = Counter()
    seen: set[str] = set()
    for forecast in forecasts:
        if forecast.job_id in seen:
            continue
        seen.add(forecast.job_id)
        told = _telling_run(by_job.get(forecast.job_id, ()), forecast.horizon_steps)
        reason = _why_unscored(forecast, told, jobs.get(forecast.job_id))
        if reason is not None or told is None or told.outcome is None:
            reasons[reason or WAITS] += 1
            continue
        stable = not _failed_within(told, forecast.horizon_steps)
        scored.append(ScoredForecast(forecast, told.id, told.outcome.value, stable))
    return scored, dict(sorted(reasons.items()))


def _telling_run(runs: Iterable[Run], steps: int) -> Run | None:
    """The first record of a job that tells whether it failed within so many steps."""
    for run in sorted(runs, key=lambda run: (run.steps or 0, run.id)):
        if is_labelled(run) or (run.outcome is not None and (run.steps or 0) >= steps):
            return run
    return None


def _failed_within(run: Run, steps: int) -> bool:
    if run.outcome is None or not run.outcome.is_unstable:
        return False
    return run.failed_at_step is None or run.failed_at_step <= steps


def _why_unscored(
    forecast: Forecast, run: Run | None, job: JobState | None
) -> str | None:
    if run is None:
        was_stopped = job is not None and job.state in ("cancelled", "failed")
        return STOPPED if was_stopped else WAITS
    if run.outcome_rule != forecast.outcome_rule:
        return OTHER_RULE
    if job is None or job.started is None:
        return NO_START
    return None if is_before(forecast.made, job.started) else LATE


def reliability_bins(
    probabilities: Sequence[float], stable: Sequence[bool]
) -> tuple[Bin, ...]:
    """Return forecasts gathered by what they said, with how often they came true.

    >>> reliability_bins([0.8, 0.85, 0.2], [True, False, False])[1].share_stable
    0.5
    """
    chances = np.asarray(probabilities, dtype=np.float64)
    held = np.asarray(stable, dtype=bool)
    place = np.clip(np.searchsorted(BIN_EDGES, chances, side="right") - 1, 0, 5)
    bins = []
    for i in range(len(BIN_EDGES) - 1):
        inside = place == i
        n_runs, n_stable = int(inside.sum()), int(held[inside].sum())
        if n_runs:
            low, high = share_interval(n_stable, n_runs)
            mean = float(chances[inside].mean())
            start, end = BIN_EDGES[i], BIN_EDGES[i + 1]
            bins.append(Bin(start, end, n_runs, n_stable, mean, low, high))
    return tuple(bins)


def count_range(
    probabilities: Sequence[float], level: float = LEVEL
) -> tuple[int, int]:
    """Return the central range of how many of independent events happen.

    >>> count_range([0.5] * 100)
    (42, 58)
    """
    shares = np.ones(1)
    for chance in probabilities:
        shares = np.convolve(shares, [1 - chance, chance])
    reached = np.cumsum(shares)
    low, high = np.searchsorted(reached, [(1 - level) / 2, (1 + level) / 2])
    return int(low), int(min(high, len(probabilities)))


def share_interval(
    successes: int, trials: int, level: float = LEVEL
) -> tuple[float, float]:
    """Return the exact binomial interval of a share, to three digits.

    Source: Clopper & Pearson 1934; the ends are quantiles of beta distributions.

    >>> share_interval(9, 10)
    (0.606, 0.995)
    """
    from scipy.special import betaincinv  # of this page alone, and slow to load

    tail = (1 - level) / 2
    low = betaincinv(successes, trials - successes + 1, tail) if successes else 0.0
    high = 1.0
    if successes < trials:
        high = betaincinv(successes + 1, trials - successes, 1 - tail)
    return round(float(low), 3), round(float(high), 3)


# -- in words --------------------------------------------------------------------------


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
