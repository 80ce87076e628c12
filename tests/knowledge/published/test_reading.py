"""Other people's grids that ship: whole, named, licensed."""

import shutil
from collections import Counter

import pytest

from knowledge.errors import StudyError
from knowledge.published.reading import FOLDER, find_published
from knowledge.records import LIBRARY, Outcome


@pytest.fixture(scope="module")
def grids():
    return find_published()


def test_every_grid_has_a_source_a_licence_and_as_many_rows_as_it_says(grids):
    columns = grids.columns()
    assert set(grids.grids) == set(LIBRARY) == set(columns["source"])
    counted = Counter(columns["source"])
    for source, grid in grids.grids.items():
        assert grid["licence"] in ("MIT", "Apache-2.0", "BSD-3-Clause")
        assert grid["url"].startswith("https://")
        assert counted[source] == grid["runs"]
        assert source in (FOLDER / "NOTICE.md").read_text()


def test_every_row_can_be_a_run(grids):
    columns = grids.columns()
    assert len(set(columns["id"])) == len(columns["id"])
    assert all(0 < rate < 10 for rate in columns["learning_rate"])
    assert all(size >= 1 for size in columns["batch_size"])
    assert {o for o in columns["outcome"] if o} <= set(map(str, Outcome))
    assert set(columns["goal"]) == {"min", "max"}


def test_a_row_read_off_the_source_is_there(grids):
    """Llama-3.1-8B, rank 16: 0.0003 is the best of its rates there."""
    columns = grids.columns()
    rows = list(zip(*(columns[n] for n in _NAMES), strict=True))
    name = "lora/meta-llama-Llama-3.1-8B-r16"
    scored = {rate: score for w, rate, score in rows if w == name and score is not None}
    assert min(scored, key=lambda rate: scored[rate]) == 3e-4


_NAMES = ("workload", "learning_rate", "metric_value")


def test_damaged_rows_are_said_to_be_damaged(tmp_path):
    folder = tmp_path / "published"
    shutil.copytree(FOLDER, folder)
    (folder / "runs.parquet").write_bytes(b"cut")
    with pytest.raises(StudyError, match="left out: install the program again"):
        find_published(folder).columns()


def test_no_folder_means_no_grids(tmp_path):
    assert find_published(tmp_path) is None
