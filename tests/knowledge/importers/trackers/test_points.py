"""Long logs are kept in bounded memory, and what tells of a run's end stays."""

import math

from hypothesis import given
from hypothesis import strategies as st

from knowledge.importers.trackers.points import PackedCurves, Points
from knowledge.records import Curve


@given(
    count=st.integers(1, 500),
    bad=st.lists(st.integers(0, 499), max_size=3),
    most=st.integers(2, 40),
)
def test_a_thinned_log_keeps_its_first_failure_and_its_last_value(count, bad, most):
    points = Points(most)
    for step in range(count):
        points.add(step, math.nan if step in bad else float(step))
    kept = points.pairs()
    assert len(kept) <= 2 * most + 2
    assert kept[-1][0] == count - 1
    assert [step for step, _ in kept] == sorted({step for step, _ in kept})
    first = min((step for step in bad if step < count), default=None)
    found = next((step for step, value in kept if math.isnan(value)), None)
    assert found == first


def test_a_short_log_is_kept_whole():
    points = Points()
    for step in range(1000):
        points.add(step, step / 7)
    assert points.pairs() == tuple((step, step / 7) for step in range(1000))
    assert not points.is_thinned


def test_a_packed_curve_comes_back_as_it_was():
    curve = Curve((), {"loss": ((1, 0.1), (5, math.inf))})
    curves = PackedCurves()
    curves.add("run:1", curve)
    assert curves["run:1"] == curve
    assert list(curves) == ["run:1"]
