"""Whether a store is sound: the tables against the records, the outcomes anew."""

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from knowledge import inbox
from knowledge.outcome import RULE_VERSION
from knowledge.records import STUDY, Curve
from knowledge.store.judging import judge_anew
from knowledge.store.migrations import migrate
from knowledge.store.tables import TABLES, insert_events
from knowledge.study.reading import mislabelled, recheck_study

Rows = Callable[..., list[tuple[Any, ...]]]

_COMPARED = ("events", *(t for t in TABLES if t not in ("trials", "workloads")))


@dataclass(frozen=True)
class StoreCheck:
    """What `Store.verify` found: how much was checked and what is wrong."""

    records: int
    runs: int
    outcomes_checked: int
    problems: tuple[str, ...]


def verify_tables(
    folder: Path, rows: Rows, curve: Callable[[str], Curve]
) -> StoreCheck:
    """Rebuild the tables from a store's record files, compare, and judge runs again.

    `rows` answers an SQL query with its parameters from the published tables, `curve`
    gives a run's raw curve by id.
    """
    n_records, problems = _compare_with_records(folder, rows)
    checked, wrong = _recheck_outcomes(rows, curve)
    of_study, wrong_of_study = _recheck_study(rows)
    if os.path.isdir(folder / inbox.REJECTED):
        n = len(os.listdir(folder / inbox.REJECTED))
        problems.append(f"{n} files in rejected/ are not records of this program")
    n_runs = rows("select count(*) from runs")[0][0]
    problems += [*wrong, *wrong_of_study]
    return StoreCheck(n_records, n_runs, checked + of_study, tuple(problems))


def _compare_with_records(folder: Path, rows: Rows) -> tuple[int, list[str]]:
    n_records = 0
    with (
        tempfile.TemporaryDirectory(prefix="lr-advisor-rebuild-") as temporary,
        duckdb.connect(str(Path(temporary) / "rebuilt.duckdb")) as con,
    ):
        migrate(con)
        for paths in _chunks([*inbox.archived(folder)], 500):
            events = [inbox.load_record(path) for path in paths]
            n_records += len(events)
            insert_events(con, events)
        judge_anew(con)
        problems = [p for table in _COMPARED for p in _compare(rows, con, table)]
    return n_records, problems


def _compare(rows: Rows, rebuilt: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    fingerprint = (
        f"select count(*), coalesce(sum(hash(t::varchar)::hugeint), 0) from {table} t"
    )
    ours = rows(fingerprint)[0]
    theirs = rebuilt.execute(fingerprint).fetchall()[0]
    if ours == theirs:
        return []
    return [f"table {table}: {ours[0]} rows, {theirs[0]} when rebuilt from the records"]


def _recheck_outcomes(
    rows: Rows, curve: Callable[[str], Curve]
) -> tuple[int, list[str]]:
    judged = rows(
        "select id, outcome, horizon_steps from runs where outcome_rule = ? "
        "and id in (select run_id from curves) order by id",
        [RULE_VERSION],
    )
    wrong = [
        mislabelled(run_id, outcome, curve(run_id), horizon_steps)
        for run_id, outcome, horizon_steps in judged
    ]
    return len(judged), [problem for problem in wrong if problem]


def _recheck_study(rows: Rows) -> tuple[int, list[str]]:
    sql = "select id, outcome, horizon_steps from runs where source = ? and "
    judged = rows(sql + "outcome_rule = ?", [STUDY, RULE_VERSION])
    return recheck_study({run_id: (told, steps) for run_id, told, steps in judged})


def _chunks(paths: list[Path], size: int) -> Iterator[list[Path]]:
    for start in range(0, len(paths), size):
        yield paths[start : start + size]
