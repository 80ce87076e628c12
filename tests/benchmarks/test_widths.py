"""The benchmark of the law of the width, in small."""

import numpy as np
import pandas as pd
import pytest

from benchmarks import widths
from benchmarks.widths import LAWS, OURS, chart, load_runs, markdown, summary, write
from knowledge.records import Outcome


@pytest.fixture(scope="module")
def table():
    """Limits that this law predicts well and the others badly."""
    rows = [
        {
            "model": model,
            "divisor": divisor,
            "batch_size": batch,
            "runs": 4 + batch,
            "steps": 1000,
            "law": law,
            "measured": -9.0 - np.log2(16 / divisor),
            "measured_sd": 0.1,
            "predicted": -9.0 - np.log2(16 / divisor) + 0.1 * (1 + 9 * i),
            "sd": 0.3,
            "error": 0.1 * (1 + 9 * i),
        }
        for model in widths.MODELS
        for divisor in (1, 8)
        for batch in (2, 5)
        for i, law in enumerate(LAWS)
    ]
    return pd.DataFrame(rows)


def test_the_runs_beside_the_benchmark_are_of_several_widths():
    runs = load_runs()
    assert {run.workload for run in runs} >= {"original", "original@1/4", "realface"}
    assert {run.outcome for run in runs} >= {Outcome.DIVERGED, Outcome.INCOMPLETE}
    assert len({run.id for run in runs}) == len(runs)


def test_each_law_is_scored_with_every_width_counting_once(table):
    found = summary(table).set_index("law")
    assert list(found.index) == list(LAWS)
    assert (found["cells"] == 8).all()
    assert (found["widths"] == 4).all()
    assert found["error"][OURS] == pytest.approx(0.1)
    assert found["cover_80"][OURS] == 1.0
    assert found["cover_90"].iloc[1:].max() == 0.0


def test_more_batch_sizes_of_one_width_do_not_count_more(table):
    narrow = table[(table["divisor"] == 8) & (table["batch_size"] == 2)]
    more = narrow.assign(batch_size=12, error=5.0)
    found = summary(pd.concat([table, more])).set_index("law")
    assert found["error"][OURS] == pytest.approx((0.1 + (0.2 + 5.0) / 3) / 2)
    assert found["full_size"][OURS] == pytest.approx(0.1)


def test_the_page_gets_tables_and_the_picture_and_keeps_the_rest(table, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{widths._START}\nstale\n{widths._END}\nafter\n")
    for _ in range(2):
        write(table, page, tmp_path)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "stale" not in text
    assert text.count(markdown(table)) == 1
    assert "<svg" in (tmp_path / widths.PICTURE).read_text()
    assert chart(table).to_dict()["facet"]["column"]["field"] == "model"
