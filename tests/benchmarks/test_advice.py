"""The advice benchmark in small: grids, rules of thumb, the page."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.advice import (
    OURS,
    PAGE,
    SECTIONS,
    grids_table,
    score_source,
    write_page,
)
from benchmarks.grids import (
    Source,
    full_questions,
    load_grids,
    relatives,
    sparse_questions,
)
from benchmarks.rules import RULES, Seen

SOURCE = Source("Bowls", "bowls.csv", "mean", "%", 1.0)
SCORES = Source("Hills", "hills.csv", "mean", "points", 1.0, True)


def write_grids(folder: Path, *, slope: float = 0.5) -> Path:
    """Four workloads whose best rate goes as a power of the batch size."""
    rows = []
    for k in range(4):
        for batch in (8, 16, 32, 64, 128):
            best = -9 + 0.4 * k + slope * (np.log2(batch) - 5)
            for x in np.arange(-13.0, -5.0):
                loss = 2.0 * np.exp(0.01 * (np.hypot(1, x - best) - 1))
                rows.append(
                    {
                        "workload": f"bowls/set{k}-w8",
                        "optimizer": "adam",
                        "batch_size": batch,
                        "learning_rate": float(np.exp2(x)),
                        "metric_name": "loss",
                        "metric_value": loss,
                        "steps_or_tokens": 100,
                        "source": "made up",
                    }
                )
    table = pd.DataFrame(rows)
    table.to_csv(folder / SOURCE.file, index=False)
    table["metric_value"] = 3.0 - table["metric_value"]
    table["metric_name"] = "acc"
    table.to_csv(folder / SCORES.file, index=False)
    return folder


def test_a_question_never_shows_the_batch_size_it_asks_about(tmp_path):
    grids = load_grids(SOURCE, write_grids(tmp_path))
    sparse = list(sparse_questions(grids, n_draws=2))
    assert len(sparse) == 4 * 5 * 2
    for question in [*sparse, *full_questions(grids)]:
        assert question.batch_size not in set(question.seen["batch_size"])
    assert {len(question.seen) for question in sparse} == {12}


def test_another_width_of_the_same_data_is_no_relative_where_widths_are_siblings(
    tmp_path,
):
    grids = load_grids(SCORES, write_grids(tmp_path))
    table = grids["bowls/set0-w8"]
    twin = type(table)("bowls/set0-w16", SCORES, table.rows, table.cells)
    names = {g.workload for g in relatives(twin, {**grids, twin.workload: twin})}
    assert names == {"bowls/set1-w8", "bowls/set2-w8", "bowls/set3-w8"}


@pytest.mark.parametrize("source", [SOURCE, SCORES])
def test_the_best_rate_of_the_grid_has_no_regret(tmp_path, source):
    grids = load_grids(source, write_grids(tmp_path))
    question = next(full_questions(grids))
    at = question.grid.at(question.batch_size)
    ordered = at.sort_values("metric_value", ascending=not source.is_score)
    best = float(ordered["learning_rate"].iloc[0])
    worst = float(ordered["learning_rate"].iloc[-1])
    right = question.score(best, best, best)
    assert right == {"regret": 0.0, "error": 0.0, "covered": 1.0, "width": 0.0}
    assert question.score(worst, worst, worst)["regret"] > 1


def test_each_rule_of_thumb_is_right_where_it_holds():
    y = np.repeat([3.0, 4.0, 5.0], 9)
    for name, slope in (("square-root rule", 0.5), ("linear rule", 1.0)):
        x = np.tile(np.linspace(-4, 4, 9), 3) - 9 + slope * (y - 4)
        seen = Seen(y, x, np.exp(0.1 * np.square(x + 9 - slope * (y - 4))))
        assert RULES[name](seen, 6.0).rate == pytest.approx(-9 + 2 * slope)
        for other in ("power law (least squares)", "quadratic surface"):
            found = RULES[other](seen, 6.0).rate
            assert found == pytest.approx(-9 + 2 * slope, abs=0.1)


def test_advice_on_lawful_workloads_beats_the_copy_of_a_neighbour(tmp_path):
    scores = score_source(SOURCE, write_grids(tmp_path), n_draws=1, is_sparse=True)
    regret = scores.groupby("method")["regret"].mean()
    assert regret[OURS] < 0.5 * regret["copy of the nearest batch size"]
    assert OURS in grids_table(scores, SOURCE)


def test_a_part_that_is_not_run_anew_keeps_its_section(tmp_path):
    page = tmp_path / "page.md"
    write_page(page, {"grids": "old grids", "search": "old search"})
    write_page(page, {"search": "new search"})
    text = page.read_text()
    assert "old grids" in text
    assert "new search" in text
    assert "old search" not in text
    assert "Not run yet." in text


def test_the_page_in_the_repository_has_every_part():
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"<!-- {key} -->" in text for key in SECTIONS)
    assert "Not run yet." not in text
