"""Rows that are moments of one run become that run; rows that are runs stay."""

import pytest

from advisor.service import Advisor
from knowledge.importers.choosing import parse_runs
from knowledge.records import Outcome

HEADER = (
    "workload,optimizer,batch_size,learning_rate,metric_name,metric_value,"
    "steps_or_tokens,source"
)


def parsed(tmp_path, rows):
    path = tmp_path / "runs.csv"
    lines = [
        f"net,sgd,16,{rate},val_loss,{score},{step},me" for rate, score, step in rows
    ]
    path.write_text("\n".join([HEADER, *lines]))
    return parse_runs(path)


WARMED = [(r, 1 / k, k) for k, r in enumerate([3e-3, 6e-3, 8e-3, 6e-3, 4e-3, 2e-3], 1)]


@pytest.mark.parametrize(
    ("rows", "rate"),
    [
        (WARMED, 8e-3),
        ([(1e-3, 1 / k, 500 * k) for k in range(1, 9)], 1e-3),
        ([(10.0**-k, 1 / k, k) for k in range(1, 6)], 0.1),
        ([*((r, s, 10 * k) for r, s, k in WARMED), (1e-3, 0.16, 64)], 8e-3),
    ],
    ids=["warm-up and decay", "constant", "steps down", "a shorter last stretch"],
)
def test_a_history_is_one_run_at_its_peak_rate_with_last_score_and_curve(
    tmp_path, rows, rate
):
    found = parsed(tmp_path, rows)
    (run,) = found.runs
    assert (run.learning_rate, run.steps) == (rate, rows[-1][2])
    assert run.metric_value == pytest.approx(rows[-1][1])
    (points,) = found.curves[run.id].metrics.values()
    assert len(points) == len(rows)
    assert (
        f"{len(rows)} rows of net at batch 16 are the history of one run"
        in (found.notes[0])
    )


@pytest.mark.parametrize(
    "rows",
    [
        [(1e-3, 0.5, 100)] * 8,
        [(rate, 0.5, 100) for rate in (1e-4, 1e-3, 1e-2, 1e-1)],
        [(1e-3, 0.5, 100), (1e-3, 0.4, 200), (1e-3, 0.3, 300)],
        [(1e-3, 0.5, s) for s in (100, 1000, 5000, 10000)],
        [(r, 0.5, 100 * k) for k, r in enumerate([1e-3, 1e-4, 1e-2, 1e-4, 1e-2], 1)],
    ],
    ids=["replicates", "a sweep", "three lengths", "uneven lengths", "rates at random"],
)
def test_runs_that_stand_in_a_row_each_stay_runs(tmp_path, rows):
    found = parsed(tmp_path, rows)
    assert len(found.runs) == len(rows)
    assert not found.notes


def test_a_history_that_ends_not_finite_is_one_that_diverged_at_that_step(tmp_path):
    rows = [(1e-2, 0.5, 10), (1e-2, 0.4, 20), (1e-2, "nan", 30), (1e-2, "nan", 40)]
    (run,) = parsed(tmp_path, rows).runs
    assert (run.outcome, run.failed_at_step) == (Outcome.DIVERGED, 30)
    assert run.metric_value is None


def test_two_histories_of_one_file_are_two_runs(tmp_path):
    found = parsed(tmp_path, WARMED + [(r / 2, s, k) for r, s, k in WARMED])
    assert [run.learning_rate for run in found.runs] == [8e-3, 4e-3]


def test_an_imported_history_keeps_its_curve_and_is_told_in_the_report(tmp_path):
    parsed(tmp_path, WARMED)
    with Advisor.open(tmp_path / "store", seeded=False) as advisor:
        report = advisor.import_runs(tmp_path / "runs.csv")
        assert (report.added, len(report.notes)) == (1, 1)
        assert advisor.import_runs(tmp_path / "runs.csv").skipped == 1
        (run,) = advisor.store.runs()
        assert len(advisor.store.curve(run.id).metrics["val_loss"]) == len(WARMED)
