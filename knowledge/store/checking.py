"""Whether a store is sound: the tables against the records, the outcomes anew."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from knowledge import inbox
from knowledge.outcome import RULE_VERSION
from knowledge.records import STUDY, Curve
from knowledge.store.ingesting import Odd, fill, unread_text
from knowledge.store.tables import TABLES
from knowledge.study.reading import mislabelled, recheck_study

Rows = Callable[..., list[tuple[Any, ...]]]

_MOST_NAMED = 3
_COMPARED = ("events", *(t for t in TABLES if t not in ("trials", "workloads")))


@dataclass(frozen=True)
class StoreCheck:
    """What `Store.verify` found: how much was checked and what is wrong.

    `can_be_rebuilt`: tables differ from the records, and hold nothing beyond them.
    """

    records: int
    runs: int
    outcomes_checked: int
    problems: tuple[str, ...]
    can_be_rebuilt: bool = False


def verify_tables(
    folder: Path, rows: Rows, curve: Callable[[str], Curve]
) -> StoreCheck:
    """Rebuild the tables from a store's record files, compare, and judge runs again.

    `rows` answers an SQL query with its parameters from the published tables, `curve`
    gives a run's raw curve by id.
    """
    paths = [*inbox.archived(folder)]
    odd, differences, is_covered = _compare_with_records(paths, rows)
    checked, wrong = _recheck_outcomes(rows, curve)
    of_study, wrong_of_study = _recheck_study(rows)
    n_runs = rows("select count(*) from runs")[0][0]
    return StoreCheck(
        records=len(paths) - len(odd),
        runs=n_runs,
        outcomes_checked=checked + of_study,
        problems=(
            *([unread_text([path for path, _ in odd])] if odd else []),
            *differences,
            *_put_aside(folder),
            *wrong,
            *wrong_of_study,
        ),
        can_be_rebuilt=bool(differences) and is_covered,
    )


def _compare_with_records(paths: list[Path], rows: Rows) -> tuple[Odd, list[str], bool]:
    """Return what cannot be read, what differs, and whether records cover the rest."""
    try:
        with (
            tempfile.TemporaryDirectory(prefix="lr-advisor-rebuild-") as temporary,
            duckdb.connect(str(Path(temporary) / "rebuilt.duckdb")) as con,
        ):
            odd = fill(con, paths)
            found = [p for table in _COMPARED for p in _compare(rows, con, table)]
            ids = "select event_id from events"
            return odd, found, {*rows(ids)} <= {*con.execute(ids).fetchall()}
    except (OSError, duckdb.Error) as error:
        said = str(error).splitlines()[0][:120]
        return [], [f"the tables could not be compared with the records: {said}"], False


def _put_aside(folder: Path) -> list[str]:
    found = inbox.put_aside_names(folder)
    if not found:
        return []
    first = [f"{name} ({why})" for name, why in [*found.items()][:_MOST_NAMED]]
    more = f" and {len(found) - len(first)} more" if len(found) > len(first) else ""
    s, are = ("s", "are") if len(found) > 1 else ("", "is")
    return [
        f"{len(found)} file{s} in rejected/ {are} not brought in: "
        f"{'; '.join(first)}{more}"
    ]


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
