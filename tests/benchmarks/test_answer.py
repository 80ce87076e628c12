"""The benchmark of answers: it runs, and says what it measured where."""

import pytest

from benchmarks.answer_speed import (
    BARS,
    KINDS,
    StoreKind,
    markdown,
    measure,
    synthetic_rows,
)


@pytest.fixture(scope="module")
def table():
    kinds = [StoreKind(True, True, True), StoreKind(False, False, True)]
    return measure(kinds, n_workloads=2, n_runs=12, n_calls=2, fresh_process=False)


def test_every_kind_of_store_is_asked_every_question(table):
    by_store = table.groupby("store")["question"].apply(list)
    assert list(by_store.index) == [
        "many families, scores",
        "one family, outcomes and scores",
    ]
    assert by_store.iloc[0] == by_store.iloc[1]
    assert set(BARS) <= set(by_store.iloc[0])


def test_times_are_positive_and_compared_with_what_is_promised(table):
    assert (table["median_ms"] > 0).all()
    assert (table["p90_ms"] >= table["median_ms"]).all()
    promised = table[table["question"].isin(BARS)]
    assert (promised["ratio"] == promised["median_ms"] / promised["bar_ms"]).all()
    assert table[~table["question"].isin(BARS)]["ratio"].isna().all()


def test_the_markdown_names_the_machine_and_has_a_line_for_each_row(table):
    text = markdown(table)
    assert table.attrs["machine"] in text.splitlines()[0]
    assert "cores" in text.splitlines()[0]
    assert len(text.splitlines()) == 4 + len(table)
    assert "nan" not in text


def test_the_same_seed_makes_the_same_runs():
    one, two, other = (
        synthetic_rows(KINDS[0], n_workloads=2, n_runs=5, seed=s) for s in (1, 1, 2)
    )
    assert one == two
    assert one != other
    assert len({row["workload"] for row in one}) == 2


def test_stores_without_outcomes_have_scores_alone():
    (row,) = synthetic_rows(
        StoreKind(True, False, True), n_workloads=1, n_runs=1, seed=0
    )
    assert (row["outcome"], row["failed_at_step"]) == ("", "")
    assert row["metric_name"] == "loss"
