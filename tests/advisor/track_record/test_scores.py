"""Scores of forecasts: what counts, what it adds up to, and whether it is true."""

import json
import math
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from advisor.evidence.selecting import LEFT_OUT
from advisor.track_record.intervals import (
    FEWEST_LATER_RUNS,
    JobState,
    StatedInterval,
    check_interval,
    likely_range,
)
from advisor.track_record.scores import (
    LATE,
    NO_START,
    OTHER_RULE,
    STOPPED,
    WAITS,
    TrackRecord,
    build_track_record,
    count_range,
    reliability_bins,
    share_interval,
)
from advisor.track_record.wording import track_record_sentences
from knowledge.records import Forecast, Outcome, Run
from tests import example_records as examples

MADE = datetime(2026, 11, 22, 10)
FORECAST = replace(
    examples.FORECAST,
    workload="digits_mlp",
    recipe="adam",
    batch_size=32,
    learning_rate=1e-2,
    horizon_steps=60,
    threshold=2e-2,
    threshold_low=1e-2,
    threshold_high=4e-2,
    n_runs=2,
    evidence=("run:a", "run:b"),
)

RUN = replace(
    examples.REALFACE_RUN,
    workload="digits_mlp",
    recipe="adam",
    batch_size=32,
    learning_rate=1e-2,
    seed=None,
    steps=60,
    horizon_steps=60,
    outcome_rule="1",
    job_id="job:1",
    precision="fp32",
    device="cpu",
)


def started(seconds: float, *, planned: bool = True) -> JobState:
    """A finished job that started so long after the forecast was made."""
    start = MADE + timedelta(seconds=seconds)
    return JobState("finished", start.isoformat(), planned)


def record_of(
    forecasts: list[Forecast], runs: list[Run], jobs: dict[str, JobState]
) -> TrackRecord:
    """The record without any answers."""
    return build_track_record(forecasts, [], runs=runs, jobs=jobs)


def later_runs(
    rates: list[float], failed: list[bool], *, planned: bool = True, after: float = 1
) -> tuple[list[Run], dict[str, JobState]]:
    """Runs at the forecast's batch size with the jobs that carried them out."""
    runs = [
        replace(
            RUN,
            id=f"run:later-{i}",
            job_id=f"job:later-{i}",
            learning_rate=rate,
            outcome=Outcome.DIVERGED if bad else Outcome.STABLE,
        )
        for i, (rate, bad) in enumerate(zip(rates, failed, strict=True))
    ]
    return runs, {str(run.job_id): started(after, planned=planned) for run in runs}


# -- which forecasts count -------------------------------------------------------------


def test_without_any_forecast_it_says_what_will_appear() -> None:
    """One friendly sentence, and a document without numbers."""
    record = record_of([], [], {})
    assert "No forecast yet" in " ".join(track_record_sentences(record))
    document = record.to_dict()
    assert document["forecasts"]["scored"] == 0
    assert document["forecasts"]["brier"] is None
    assert document["intervals"]["share_low"] is None


def test_a_forecast_made_before_the_start_is_scored_by_how_the_run_ended() -> None:
    """The run is named, so that the score can be looked up."""
    record = record_of([FORECAST], [RUN], {"job:1": started(0.001)})
    (scored,) = record.forecasts
    assert (scored.run_id, scored.stable) == ("run:1", True)
    assert record.brier == pytest.approx(0.04)
    assert track_record_sentences(record)[0] == (
        "Of 1 run forecast before the start, 1 held; the forecasts expected 0 to 1."
    )


@pytest.mark.parametrize(
    ("run", "job", "reason"),
    [
        (RUN, started(0), LATE),
        (RUN, started(-5), LATE),
        (RUN, JobState("finished", None), NO_START),
        (RUN, None, NO_START),
        (None, JobState("running", MADE.isoformat()), WAITS),
        (None, None, WAITS),
        (None, JobState("failed", MADE.isoformat()), STOPPED),
        (
            replace(RUN, outcome=Outcome.INCOMPLETE, steps=20),
            JobState("cancelled", MADE.isoformat()),
            STOPPED,
        ),
        (replace(RUN, outcome_rule="0"), started(1), OTHER_RULE),
    ],
)
def test_what_cannot_be_scored_is_counted_with_its_reason(
    run: Run | None, job: JobState | None, reason: str
) -> None:
    """A forecast written down when the run was under way proves nothing."""
    runs, jobs = [run] if run else [], {"job:1": job} if job else {}
    record = record_of([FORECAST], runs, jobs)
    assert record.forecasts == ()
    assert record.unscored == {reason: 1}
    assert f"1 because {reason}" in " ".join(track_record_sentences(record))


def test_a_resumed_job_is_scored_once_by_its_whole_run() -> None:
    """The part before it was cancelled is no run of its own."""
    part = replace(RUN, id="run:0", steps=20, outcome=Outcome.INCOMPLETE)
    record = record_of([FORECAST], [RUN, part], {"job:1": started(1)})
    assert [f.run_id for f in record.forecasts] == ["run:1"]


@pytest.mark.parametrize(
    ("change", "stable"),
    [
        ({"steps": 60, "outcome": Outcome.INCOMPLETE}, True),
        ({"steps": 900, "outcome": Outcome.STABLE}, True),
        ({"steps": 80, "outcome": Outcome.DIVERGED, "failed_at_step": 55}, False),
        ({"steps": 300, "outcome": Outcome.DIVERGED, "failed_at_step": 200}, True),
    ],
)
def test_a_run_is_held_to_the_steps_its_forecast_speaks_of(change, stable) -> None:
    """Whether it was carried further then, and how that went, changes no score."""
    run = replace(RUN, horizon_steps=900, **change)
    further = replace(
        run, id="run:2", steps=901, outcome=Outcome.DEGRADED, failed_at_step=10
    )
    for runs in ([run], [further, run]):
        record = record_of([FORECAST], runs, {"job:1": started(1)})
        (scored,) = record.forecasts
        assert (scored.run_id, scored.stable) == ("run:1", stable)


def test_of_several_forecasts_of_one_run_the_first_counts() -> None:
    """Whoever looks again later has seen more."""
    again = replace(
        FORECAST,
        id="forecast:0",
        made=(MADE + timedelta(seconds=1)).isoformat(),
        probability_stable=0.99,
    )
    record = record_of([again, FORECAST], [RUN], {"job:1": started(2)})
    assert [f.forecast.id for f in record.forecasts] == ["forecast:1"]


# -- sums ------------------------------------------------------------------------------

chances = st.floats(0, 1)
cases = st.lists(
    st.tuples(chances, st.booleans(), st.sampled_from([1.0, -1.0])), max_size=30
)


@settings(deadline=None, max_examples=60)
@given(cases, st.randoms(use_true_random=False))
def test_every_forecast_is_counted_once_whatever_the_order(cases, random) -> None:
    """Scored and unscored add up, and so do the ranges of what was said."""
    forecasts, runs, jobs = [], [], {}
    for i, (chance, stable, after) in enumerate(cases):
        job_id = f"job:{i}"
        forecasts.append(
            replace(
                FORECAST, id=f"forecast:{i}", job_id=job_id, probability_stable=chance
            )
        )
        outcome = Outcome.STABLE if stable else Outcome.DEGRADED
        runs.append(replace(RUN, id=f"run:{i}", job_id=job_id, outcome=outcome))
        jobs[job_id] = started(after)
    record = record_of(forecasts, runs, jobs)
    n_late = sum(after < 0 for _, _, after in cases)
    assert len(record.forecasts) == len(cases) - n_late
    assert sum((record.unscored or {}).values()) == n_late
    assert sum(b.n_runs for b in record.bins) == len(record.forecasts)
    assert sum(b.n_stable for b in record.bins) == record.n_stable
    for found in record.bins:
        assert found.start <= found.mean_forecast <= found.end
        assert found.low <= found.share_stable <= found.high
    low, high = record.expected_range
    assert 0 <= low <= high <= len(record.forecasts)
    document = record.to_dict()
    json.dumps(document, allow_nan=False)
    random.shuffle(forecasts)
    random.shuffle(runs)
    assert record_of(forecasts, runs, jobs).to_dict() == document


@pytest.mark.parametrize(("successes", "trials"), [(0, 1), (1, 1), (3, 7), (46, 50)])
def test_the_interval_of_a_share_is_the_exact_binomial_one(successes, trials) -> None:
    """As scipy has it."""
    exact = binomtest(successes, trials).proportion_ci(0.9, method="exact")
    found = share_interval(successes, trials)
    assert found == pytest.approx((exact.low, exact.high), abs=6e-4)


def test_the_range_of_a_count_is_the_binomial_one_for_equal_chances() -> None:
    """As scipy has it."""
    expected = tuple(binom.ppf([0.05, 0.95], 40, 0.3))
    assert count_range([0.3] * 40) == expected
    assert count_range([]) == (0, 0)
    assert count_range([1.0, 1.0]) == (2, 2)


def test_a_forecast_of_one_or_zero_has_its_place() -> None:
    """The last range holds its upper end."""
    bins = reliability_bins([0.0, 1.0], [False, True])
    assert [(b.start, b.end, b.n_stable) for b in bins] == [(0, 0.1, 0), (0.9, 1, 1)]


def simulated_sentence(seed: int, *, temper: float) -> str:
    """The first sentence about 60 runs; less than 1 makes forecasts bold."""
    random = np.random.default_rng(seed)
    truth = random.uniform(0.02, 0.98, 60)
    said = truth**temper
    happened = random.random(60) < truth
    forecasts, runs, jobs = [], [], {}
    for i in range(60):
        job_id = f"job:{i}"
        forecasts.append(
            replace(
                FORECAST,
                id=f"forecast:{i}",
                job_id=job_id,
                probability_stable=float(said[i]),
            )
        )
        outcome = Outcome.STABLE if happened[i] else Outcome.DIVERGED
        runs.append(replace(RUN, id=f"run:{i}", job_id=job_id, outcome=outcome))
        jobs[job_id] = started(1)
    return track_record_sentences(record_of(forecasts, runs, jobs))[0]


def test_calibrated_forecasts_are_seldom_blamed_and_bold_ones_mostly() -> None:
    """Blame by chance happens in one record of ten."""
    fair = [simulated_sentence(seed, temper=1.0) for seed in range(100)]
    assert sum("too" in text for text in fair) <= 16
    bold = [simulated_sentence(seed, temper=0.5) for seed in range(100)]
    assert sum("too bold" in text for text in bold) >= 60


# -- intervals -------------------------------------------------------------------------

INTERVAL = StatedInterval.of_forecast(FORECAST, RUN)
ABOUT_HERE = ([0.016, 0.018, 0.02, 0.022, 0.025, 0.03], [False] * 3 + [True] * 3)
FAR_ABOVE = ([0.02, 0.04, 0.08, 0.16, 0.2, 0.3], [False] * 4 + [True] * 2)


@pytest.mark.parametrize(("runs", "held"), [(ABOUT_HERE, True), (FAR_ABOVE, False)])
def test_later_runs_settle_an_interval(runs, held) -> None:
    """A threshold found inside holds it, one found outside does not."""
    later, jobs = later_runs(*runs)
    checked = check_interval(INTERVAL, runs=later, jobs=jobs)
    assert checked.held is held
    assert checked.run_ids == tuple(run.id for run in later)
    assert checked.likely_low < checked.likely_high


@pytest.mark.parametrize(
    "change",
    [
        {"horizon_steps": 600},
        {"batch_size": 64},
        {"recipe": "sgd"},
        {"optimizer": "sgd"},
        {"workload": "digits_cnn"},
        {"precision": "bf16"},
        {"device": "cuda"},
        {"outcome": Outcome.INCOMPLETE},
        {"outcome": None},
        {"job_id": None},
    ],
)
def test_only_runs_of_the_very_thing_count(change) -> None:
    """Other lengths, batch sizes, settings and unlabelled runs settle nothing."""
    later, jobs = later_runs(*FAR_ABOVE)
    checked = check_interval(
        INTERVAL, runs=[replace(run, **change) for run in later], jobs=jobs
    )
    assert checked.held is None
    assert checked.run_ids == ()


def test_a_middle_decides_where_what_is_likely_sticks_out_and_is_narrow() -> None:
    """And its verdict is as plain as the others, ready for JSON."""
    wide = replace(INTERVAL, low=1e-4, high=0.05)
    rates = [0.012, 0.03, 0.034, 0.036, 0.044, 0.046, 0.06]
    later, jobs = later_runs(rates, [False] * 3 + [True, False, True, True])
    checked = check_interval(wide, runs=later, jobs=jobs)
    assert checked.likely_low < wide.high < checked.likely_high
    assert checked.held is True
    json.dumps(checked.to_dict(), allow_nan=False)


def test_runs_that_had_started_or_were_known_do_not_count() -> None:
    """An interval is not checked by what it was made from."""
    later, jobs = later_runs(*FAR_ABOVE, after=-1)
    assert check_interval(INTERVAL, runs=later, jobs=jobs).run_ids == ()
    later, jobs = later_runs(*FAR_ABOVE)
    knowing = replace(INTERVAL, rested_on=frozenset(run.id for run in later[1:]))
    checked = check_interval(knowing, runs=later, jobs=jobs)
    assert checked.run_ids == ("run:later-0",)


def test_few_runs_leave_an_interval_open() -> None:
    """Right ones are settled sooner than wrong ones, which would flatter us."""
    rates, failed = ABOUT_HERE
    n = FEWEST_LATER_RUNS - 1
    later, jobs = later_runs(rates[:n], failed[:n])
    assert check_interval(INTERVAL, runs=later, jobs=jobs).held is None


def test_named_rates_count_only_when_they_could_have_shown_it_wrong() -> None:
    """All inside, they can find the threshold inside and nowhere else."""
    rates, failed = ABOUT_HERE
    later, jobs = later_runs(rates, failed, planned=False)
    assert check_interval(INTERVAL, runs=later, jobs=jobs).held is None
    later, jobs = later_runs(
        [0.005, *rates, 0.1], [False, *failed, True], planned=False
    )
    assert check_interval(INTERVAL, runs=later, jobs=jobs).held is True


def test_a_verification_counts_with_its_first_interval_at_each_batch_size() -> None:
    """The next ones rest on the runs that check the first."""
    second = replace(
        FORECAST,
        id="forecast:2",
        job_id="job:2",
        made=(MADE + timedelta(seconds=5)).isoformat(),
        threshold_low=1.9e-2,
    )
    other_batch = replace(second, id="forecast:3", job_id="job:3", batch_size=64)
    record = record_of([FORECAST, second, other_batch], [], {})
    assert [i.stated.id for i in record.intervals] == ["forecast:1", "forecast:3"]


def test_what_an_answer_had_said_before_is_not_counted_again() -> None:
    """The answer came first, so it is the one that is held to it."""
    answer = replace(
        INTERVAL, id="answer:1", made=(MADE - timedelta(seconds=9)).isoformat()
    )
    later, jobs = later_runs(*FAR_ABOVE)
    forecast = replace(FORECAST, job_id=later[0].job_id)
    record = build_track_record([forecast], [answer], runs=later, jobs=jobs)
    assert [i.stated.id for i in record.intervals] == ["answer:1"]
    assert record.to_dict()["intervals"]["held"] == 0
    assert "held in 0 of 1" in " ".join(track_record_sentences(record))


def recommendation(**changes: object) -> dict[str, object]:
    """The part of an answer's document that matters here."""
    return {
        "workload": "digits_mlp",
        "recipe": "adam",
        "optimizer": "adam",
        "batch_size": 32,
        "horizon_steps": 60,
        "device": "cpu",
        "precision": "fp32",
        "max_stable": {"median": 2e-2, "low": 1e-2, "high": 4e-2, "level": 0.9},
        "evidence": {"used": ["run:a"], "excluded": []},
        **changes,
    }


@pytest.mark.parametrize("change", [{"precision": "bf16"}, {"device": "cuda"}])
def test_each_statement_is_held_to_runs_of_its_own_precision_and_device(change) -> None:
    """An answer says them itself, a forecast by the runs of its verification."""
    later, jobs = later_runs(*FAR_ABOVE)
    other = [
        replace(run, id=f"{run.id}-other", job_id=f"{run.job_id}-other", **change)
        for run in later
    ]
    jobs |= {str(run.job_id): started(1) for run in other}
    forecast = replace(FORECAST, id="forecast:other", job_id=other[0].job_id)
    forecast = replace(forecast, verification_id="verification:other")
    made = replace(FORECAST, job_id=later[0].job_id)
    answer = StatedInterval.of_answer(
        "answer:1", (MADE - timedelta(seconds=9)).isoformat(), recommendation(**change)
    )
    assert answer is not None
    record = build_track_record(
        [made, forecast], [answer], runs=[*later, *other], jobs=jobs
    )
    assert {i.stated.id: i.run_ids for i in record.intervals} == {
        "answer:1": tuple(run.id for run in other),  # the forecast only repeats it
        "forecast:1": tuple(run.id for run in later),
    }


def test_an_answer_of_an_older_program_speaks_of_the_usual_precision() -> None:
    """It was saved without one, and hardly ever meant another."""
    document = recommendation()
    del document["precision"]
    stated = StatedInterval.of_answer("answer:1", MADE.isoformat(), document)
    assert stated is not None
    assert stated.precision == "fp32"


def test_an_answer_is_held_to_its_interval() -> None:
    """With what it rested on."""
    stated = StatedInterval.of_answer("answer:1", MADE.isoformat(), recommendation())
    assert stated is not None
    assert (stated.low, stated.high) == (1e-2, 4e-2)
    assert stated.rested_on == {"run:a"}


@pytest.mark.parametrize(
    "change",
    [
        {"max_stable": None},
        {"horizon_steps": None},
        {
            "evidence": {
                "used": [],
                "excluded": [{"id": "run:b", "reason": LEFT_OUT}],
            }
        },
    ],
)
def test_an_answer_without_a_checkable_statement_is_left_out(change) -> None:
    """No interval, no length of run, or a what-if."""
    document = recommendation(**change)
    assert StatedInterval.of_answer("answer:1", MADE.isoformat(), document) is None


def simulated_check(seed: int, *, stretch: float) -> bool | None:
    """One interval of a threshold drawn from what it claims, checked by ten runs.

    The runs go where a plain posterior is unsure, as planned ones do. `stretch` makes
    the stated interval wider or narrower than the truth warrants.
    """
    random = np.random.default_rng(seed)
    sd, width = 0.8, 0.12
    truth = random.normal(0, sd)
    grid = np.linspace(-5, 5, 501)
    belief = -0.5 * (grid / sd) ** 2
    rates, failed = [], []
    for _ in range(10):
        share = np.cumsum(np.exp(belief - belief.max()))
        rate = float(np.interp(random.uniform(0.2, 0.8), share / share[-1], grid))
        bad = random.random() < 1 / (1 + math.exp(-(rate - truth) / width))
        chance = 1 / (1 + np.exp(-(rate - grid) / width))
        belief += np.log(np.maximum(chance if bad else 1 - chance, 1e-9))
        rates.append(2.0**rate)
        failed.append(bool(bad))
    half = stretch * 1.645 * sd
    interval = replace(INTERVAL, low=2.0**-half, median=1.0, high=2.0**half)
    later, jobs = later_runs(rates, failed)
    return check_interval(interval, runs=later, jobs=jobs).held


def test_calibrated_intervals_are_found_to_hold_as_often_as_they_say() -> None:
    """And those of half the width far less often; few stay open."""
    fair = [simulated_check(seed, stretch=1.0) for seed in range(150)]
    settled = [held for held in fair if held is not None]
    assert len(settled) >= 130
    assert 0.84 <= np.mean(settled) <= 0.96
    narrow = [simulated_check(seed, stretch=0.5) for seed in range(150)]
    assert np.mean([held for held in narrow if held is not None]) <= 0.75


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.tuples(st.floats(-8, 8), st.booleans()), min_size=1, max_size=8),
    st.floats(-30, 30),
)
def test_what_is_likely_moves_with_the_unit_of_the_rate(runs, shift) -> None:
    """And lies open to the side on which nothing was seen."""
    rates, failed = np.array([x for x, _ in runs]), [bad for _, bad in runs]
    low, high = likely_range(rates, failed)
    assert low <= high
    moved = likely_range(rates + shift, failed)
    assert moved == pytest.approx((low + shift, high + shift), abs=0.05)
    if not any(failed):
        assert high == math.inf
    if all(failed):
        assert low == -math.inf


# -- runs that were stopped on the way -------------------------------------------------

WHOLE, STOP, FALL, WIDTH = 900, 100, 0.4, 0.15  # steps, steps, octaves, octaves


def stopped_search(seed: int) -> tuple[list[Run], dict[str, JobState], list[Forecast]]:
    """Runs about a threshold of 1.0, made to a first stop; half are carried on."""
    random = np.random.default_rng(seed)
    runs, jobs, forecasts = [], {}, []
    for i in range(20):
        log_rate = random.uniform(-0.8, 0.8)
        # Its own threshold falls with time: it fails when that meets its rate.
        own = random.logistic(0.0, WIDTH)
        fails_at = WHOLE * 2.0 ** ((own - log_rate) / FALL)
        until = WHOLE if random.random() < 0.5 else STOP
        failed = fails_at <= (until if fails_at > STOP else STOP)
        outcome = Outcome.STABLE if until == WHOLE else Outcome.INCOMPLETE
        job_id = f"job:{i}"
        runs.append(
            replace(
                RUN,
                id=f"run:{i}",
                job_id=job_id,
                seed=i,
                learning_rate=2.0**log_rate,
                outcome=Outcome.DIVERGED if failed else outcome,
                failed_at_step=max(1, int(fails_at)) if failed else None,
                steps=min(until, max(1, int(fails_at))) if failed else until,
                horizon_steps=WHOLE,
            )
        )
        jobs[job_id] = started(1)
        forecasts.append(
            replace(FORECAST, id=f"f:{i}", job_id=job_id, horizon_steps=STOP)
        )
    return runs, jobs, forecasts


def check_stopped(seed: int, low: float, high: float) -> bool | None:
    runs, jobs, forecasts = stopped_search(seed)
    stated = StatedInterval(
        "answer:1",
        MADE.isoformat(),
        "digits_mlp",
        "adam",
        "adam",
        32,
        WHOLE,
        low,
        1,
        high,
    )
    record = build_track_record(forecasts, [stated], runs=runs, jobs=jobs)
    return next(i.held for i in record.intervals if i.stated.id == "answer:1")


def test_runs_stopped_on_the_way_do_not_make_right_intervals_look_wrong() -> None:
    """Counting only runs whose end is known would: those that fail early end first."""
    right = [check_stopped(seed, 0.7, 1.4) for seed in range(60)]
    assert right.count(False) <= 3
    assert right.count(True) >= 30
    too_low = [check_stopped(seed, 0.35, 0.7) for seed in range(60)]
    assert too_low.count(True) <= 3
    assert too_low.count(False) >= 20
