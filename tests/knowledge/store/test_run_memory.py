"""Runs kept between snapshots: never stale, never without bound."""

import threading
from dataclasses import replace

import duckdb
import pytest

from knowledge.records import Run, run_body
from knowledge.store.migrations import migrate
from knowledge.store.run_memory import RunMemory
from knowledge.store.store import Store
from knowledge.store.tables import insert_events
from tests.example_records import GRID_RUN


def database(*ids: str, workload: str = "bench/a"):
    """An open database that holds runs with these ids, ingested in this order."""
    con = duckdb.connect(":memory:")
    migrate(con)
    add(con, *ids, workload=workload)
    return con


def add(con: duckdb.DuckDBPyConnection, *ids: str, workload: str = "bench/a") -> None:
    insert_events(
        con,
        [
            {
                "event_id": run_id,
                "kind": "run",
                "recorded": None,
                "body": run_body(replace(GRID_RUN, id=run_id, workload=workload)),
            }
            for run_id in ids
        ],
    )


def ids_of(runs: tuple[Run, ...]) -> list[str]:
    return [run.id for run in runs]


def test_the_same_tuple_comes_back_while_nothing_was_added():
    con, memory = database("run:a", "run:b"), RunMemory()
    first = memory.read(con, "bench", generation=1)
    assert memory.read(con, "bench", generation=1) is first
    assert memory.read(con, "bench", generation=2) is first  # an answer was saved, say


def test_runs_that_were_added_stand_behind_the_very_same_earlier_ones():
    con, memory = database("run:b", "run:c"), RunMemory()
    first = memory.read(con, "bench", generation=1)
    add(con, "run:a")
    second = memory.read(con, "bench", generation=2)
    assert ids_of(second) == ["run:b", "run:c", "run:a"]
    assert all(one is other for one, other in zip(first, second, strict=False))


def test_runs_of_another_group_change_nothing():
    con, memory = database("run:a"), RunMemory()
    first = memory.read(con, "bench", generation=1)
    add(con, "run:b", workload="other/x")
    assert memory.read(con, "bench", generation=2) is first
    assert ids_of(memory.read(con, "other", generation=2)) == ["run:b"]


@pytest.mark.parametrize(
    "after",
    [("run:b", "run:a", "run:c"), ("run:b",), ("run:x", "run:y", "run:z"), ()],
    ids=["reordered", "fewer", "others", "none"],
)
def test_tables_that_were_made_anew_are_read_anew(after):
    """A store restored from a backup may hold fewer runs, or in another order."""
    memory = RunMemory()
    memory.read(database("run:a", "run:b"), "bench", generation=1)
    runs = memory.read(database(*after), "bench", generation=2)
    assert sorted(ids_of(runs)) == sorted(after)


def test_what_is_asked_for_least_is_forgotten_and_read_again():
    con, memory = database("run:a", "run:b"), RunMemory(max_runs=2)
    add(con, "run:c", workload="other/x")
    first = memory.read(con, "bench", generation=1)
    memory.read(con, "other", generation=1)
    again = memory.read(con, "bench", generation=1)
    assert again == first
    assert again is not first


def test_kept_runs_are_found_by_id_as_long_as_they_are_of_this_snapshot():
    con, memory = database("run:a", "run:b"), RunMemory()
    runs = memory.read(con, "bench", generation=1)
    found = memory.find(["run:b", "run:none"], generation=1)
    assert found == {"run:b": runs[1]}
    assert memory.find(["run:b"], generation=2) == {}


def test_a_group_without_runs_is_empty():
    assert RunMemory().read(database(), "nobody", generation=1) == ()


def test_threads_that_read_while_runs_are_added_never_miss_what_was_saved(tmp_path):
    seen: list[int] = []
    with Store(tmp_path / "store") as store:

        def write_and_read(number: int) -> None:
            store.record_run(replace(GRID_RUN, id=f"run:{number}"))
            found = ids_of(store.runs_of_group("bench"))
            seen.append(found.count(f"run:{number}"))

        threads = [threading.Thread(target=write_and_read, args=[i]) for i in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        store.ingest_all()
        found = store.runs_of_group("bench")
        assert sorted(ids_of(found)) == [f"run:{i}" for i in range(6)]
        assert len(seen) == 6
        assert max(seen) == 1
