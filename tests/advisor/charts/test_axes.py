"""Axes always say where something is."""

import pytest

from advisor.charts.axes import log_axis, rate_axis


@pytest.mark.parametrize(("batch", "rate"), [(12, 7e-5), (3, 3e-4), (48, 4e-3)])
def test_a_single_run_between_round_numbers_has_a_tick_of_its_own(
    batch: int, rate: float
) -> None:
    x, y = log_axis("x", "Batch size", [batch]), rate_axis([rate])
    assert x.to_dict()["axis"]["values"] == [batch]
    assert y.to_dict()["axis"]["values"] == [rate]


def test_round_numbers_in_view_are_the_ticks() -> None:
    assert log_axis("x", "Batch size", [3, 12]).to_dict()["axis"]["values"] == [
        *(2, 4, 8, 16)
    ]
