"""The peak of a schedule is found from rates logged beside it, or not said."""

import math

import pytest

from knowledge.importers.peaks import peak_of


def linear(part):
    return 1 - part


def cosine(part):
    return (1 + math.cos(math.pi * part)) / 2


def cosine_to_a_tenth(part):
    return 0.1 + 0.9 * cosine(part)


def rates(shape, *, peak=3e-4, warmup=0, total=1000, every=20):
    return [
        (
            s,
            peak
            * (s / warmup if s < warmup else shape((s - warmup) / (total - warmup))),
        )
        for s in range(every, total + 1, every)
    ]


@pytest.mark.parametrize("shape", [linear, cosine, cosine_to_a_tenth])
@pytest.mark.parametrize("warmup", [0, 33, 100, 250])
@pytest.mark.parametrize("peak", [1e-4, 6e-4, 1.7e-4, 0.1])
def test_the_peak_between_two_logged_rates_is_found(shape, warmup, peak):
    logged = rates(shape, peak=peak, warmup=warmup)
    assert peak_of(logged, 1000) == pytest.approx(peak, rel=1e-6)


@pytest.mark.parametrize("late", [-1, 1])
@pytest.mark.parametrize("shape", [linear, cosine, cosine_to_a_tenth])
def test_a_log_that_is_a_step_late_or_early_gives_the_same_peak(shape, late):
    logged = rates(shape, warmup=100, every=10)
    assert peak_of([(s + late, rate) for s, rate in logged], 1000) == 3e-4


@pytest.mark.parametrize("shape", [linear, cosine])
@pytest.mark.parametrize("peak", [0.01, 3e-4])
def test_the_rate_of_the_step_before_is_told_from_the_peak_in_a_short_run(shape, peak):
    """Trainer logs so since version 5; a highest rate of 0.0092 is no rate set."""
    logged = rates(shape, peak=peak, warmup=10, total=60, every=1)
    late = [(s + 1, rate) for s, rate in logged if s % 5 == 4]
    assert peak_of(late, 60) == pytest.approx(peak, rel=1e-6)
    assert peak_of(late, None) in (None, pytest.approx(peak, rel=1e-6))


def test_a_peak_that_close_lines_enclose_loosely_is_not_said():
    def rate(step):
        return 0.01 * (step / 10 if step < 10 else (10 / step) ** 0.5)

    assert peak_of([(s, rate(s - 1)) for s in range(5, 61, 5)], 60) is None


def test_a_line_is_followed_back_without_the_planned_length():
    assert peak_of(rates(linear)[:9]) == pytest.approx(3e-4)


@pytest.mark.parametrize("warmup", [0, 100])
def test_a_rate_that_is_held_is_the_peak(warmup):
    assert peak_of(rates(lambda _: 1, warmup=warmup), 1000) == 3e-4


@pytest.mark.parametrize(
    "logged",
    [
        [],
        [(1, 0.0)],
        [(500, 1e-4)],
        rates(linear, warmup=900)[:40],
        [(s, 1e-3 / (1 + s)) for s in range(20, 400, 20)],
        [(300, 1e-4), (600, 2.7e-5)],
    ],
    ids=["none", "zero", "one", "still rising", "falls steeply", "two far apart"],
)
def test_a_peak_that_the_log_does_not_tell_is_not_said(logged):
    assert peak_of(logged, 1000) is None
