"""Record bodies to rows: how each kind of event becomes rows of the tables.

A row that is there stays as it is, so a record may be ingested twice.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import duckdb

from knowledge.names import WorkloadName
from knowledge.records import (
    SHIPPED,
    STUDY,
    TOLD,
    Claim,
    Curve,
    Forecast,
    Outcome,
    Run,
    Throughput,
)

# What a person sees.
TABLES = (
    *("runs", "curves", "claims", "answers", "conversations", "feedback"),
    *("forecasts", "throughput", "jobs", "workloads", "trials"),
)
RUN_COLUMNS = tuple(f.name for f in fields(Run))
CLAIM_COLUMNS = tuple(f.name for f in fields(Claim))
FORECAST_COLUMNS = tuple(f.name for f in fields(Forecast))
THROUGHPUT_COLUMNS = tuple(f.name for f in fields(Throughput))
JOB_COLUMNS = (
    "id state kind workload batch_size learning_rate seed steps verification_id run_id "
    "attempts resumed_from_step believed_low believed_high reason error created "
    "started ended state_number"
).split()
ANSWER_COLUMNS = (
    "id asked question context intent slots text recommendation evidence conversation"
).split()


def run_from_row(row: Sequence[Any]) -> Run:
    """Build a Run from a row in the order of RUN_COLUMNS."""
    values = dict(zip(RUN_COLUMNS, row, strict=True))
    values["outcome"] = Outcome(values["outcome"]) if values["outcome"] else None
    values["created"] = values["created"].isoformat() if values["created"] else None
    return Run(**values)


def claim_from_row(row: Sequence[Any]) -> Claim:
    """Build a Claim from a row in the order of CLAIM_COLUMNS."""
    return Claim(**dict(zip(CLAIM_COLUMNS, row, strict=True)))


def forecast_from_row(row: Sequence[Any]) -> Forecast:
    """Build a Forecast from a row in the order of FORECAST_COLUMNS."""
    values = dict(zip(FORECAST_COLUMNS, row, strict=True))
    values["made"] = values["made"].isoformat()
    values["evidence"] = tuple(json.loads(values["evidence"]))
    return Forecast(**values)


def throughput_from_row(row: Sequence[Any]) -> Throughput:
    """Build a Throughput from a row in the order of THROUGHPUT_COLUMNS."""
    values = dict(zip(THROUGHPUT_COLUMNS, row, strict=True))
    values["measured"] = values["measured"].isoformat()
    return Throughput(**values)


def insert_events(
    con: duckdb.DuckDBPyConnection, events: Sequence[Mapping[str, Any]]
) -> None:
    """Insert what the events say; the caller holds the transaction."""
    new = _new_events(con, events)
    for event in new:  # first, so that their titles stand before claims name them
        if event["kind"] == "workloads":
            _insert_workloads(con, event["body"]["workloads"])
    runs = [e["body"] for e in new if e["kind"] == "run"]
    batches = [e["body"]["runs"] for e in new if e["kind"] == "runs"]
    _insert_runs(con, runs, [run for batch in batches for run in batch])
    for event in new:
        if event["kind"] in SHIPPED:
            _insert_shipped(con, event["body"]["columns"])
    claims = [c for e in new if e["kind"] == "claims" for c in e["body"]["claims"]]
    insert_rows(con, "claims", CLAIM_COLUMNS, claims)
    forecasts = [
        f for e in new if e["kind"] == "forecasts" for f in e["body"]["forecasts"]
    ]
    insert_rows(con, "forecasts", FORECAST_COLUMNS, forecasts)
    speeds = [t for e in new if e["kind"] == "throughput" for t in e["body"]["rows"]]
    insert_rows(con, "throughput", THROUGHPUT_COLUMNS, speeds)
    names = {c["workload"] for c in claims if c.get("workload")}
    _insert_workloads(con, [{"name": n, "origin": "claims"} for n in sorted(names)])
    answers = [e["body"] for e in new if e["kind"] == "answer"]
    insert_rows(con, "answers", ANSWER_COLUMNS, answers)
    for event in new:
        if event["kind"] == "retraction":
            insert_rows(con, "retractions", ("claim_id", "reason"), [event["body"]])
        elif event["kind"] == "conversation":
            _keep_newest(con, "conversations", ("id", "name", "changed"), event)
        elif event["kind"] == "feedback":
            _keep_newest(con, "feedback", ("answer_id", "thumb", "changed"), event)
        elif event["kind"] == "job":
            _upsert_job(con, event["body"])
    _drop_taken_back(con)
    insert_rows(con, "events", ("event_id", "kind", "recorded"), new)


def insert_rows(
    con: duckdb.DuckDBPyConnection,
    table: str,
    columns: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
) -> None:
    """Insert mappings by column name; a row whose key is there already is left out."""
    if not rows:
        return
    data = {c: [_cell(row.get(c)) for row in rows] for c in columns}
    _register(con, data)
    names = ", ".join(f'"{c}"' for c in columns)
    con.execute(
        f"insert into {table} ({names}) select {names} from incoming "
        "on conflict do nothing"
    )
    con.unregister("incoming")


def _register(con: duckdb.DuckDBPyConnection, columns: Mapping[str, list[Any]]) -> None:
    """Let the columns be read as the table `incoming`, until it is unregistered."""
    import pyarrow as pa  # who only reads a store need not load it

    con.register("incoming", pa.table(dict(columns)))


def _new_events(
    con: duckdb.DuckDBPyConnection, events: Iterable[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    unique: dict[str, Mapping[str, Any]] = {}
    for event in events:  # the first counts, also when both come in one go
        unique.setdefault(event["event_id"], event)
    known = con.execute(
        "select event_id from events where event_id in (select unnest(?))",
        [list(unique)],
    ).fetchall()
    for (event_id,) in known:
        unique.pop(event_id)
    return list(unique.values())


def _insert_runs(
    con: duckdb.DuckDBPyConnection,
    measured: Sequence[Mapping[str, Any]],
    imported: Sequence[Mapping[str, Any]],
) -> None:
    if not measured and not imported:
        return
    bodies = {body["run"]["id"]: body for body in measured}
    # Made here as well: ours holds this machine's seconds and its own curve.
    con.execute(
        "delete from runs where source = ? and id in (select unnest(?))",
        [STUDY, list(bodies)],
    )
    known = con.execute(
        "select id from runs where id in (select unnest(?))", [list(bodies)]
    ).fetchall()
    for (run_id,) in known:
        bodies.pop(run_id)
    rows = [body["run"] for body in bodies.values()] + list(imported)
    _check_runs(rows)
    insert_rows(con, "runs", RUN_COLUMNS, rows)
    points = [point for body in bodies.values() for point in _curve_points(body)]
    if points:
        names_of_points = ("run_id", "metric", "step", "value")
        columns = map(list, zip(*points, strict=True))
        _register(con, dict(zip(names_of_points, columns, strict=True)))
        con.execute(
            "insert into curves select run_id, metric, step, value from incoming"
        )
        con.unregister("incoming")
    names = {row["workload"]: row["source"] for row in rows}
    _insert_workloads(con, [{"name": n, "origin": o} for n, o in sorted(names.items())])


def _drop_taken_back(con: duckdb.DuckDBPyConnection) -> None:
    """Delete runs that were taken back, and workloads known by such a run alone."""
    taken_back = "select claim_id from retractions"
    con.execute(f"delete from runs where id in ({taken_back})")
    con.execute(
        "delete from workloads where origin = ? "
        "and name not in (select workload from runs) and name not in "
        "(select workload from claims where workload is not null)",
        [TOLD],
    )


def _check_runs(rows: Sequence[Mapping[str, Any]]) -> None:
    """Refuse runs that nobody could read again, or reason about: ValueError."""
    for row in rows:
        Outcome(row.get("outcome") or Outcome.STABLE)
        rate, batch_size = float(row["learning_rate"]), int(row["batch_size"])
        if not (0 < rate < math.inf and batch_size > 0):
            raise ValueError(f"a learning rate of {rate:g} at batch {batch_size}")


def _insert_shipped(
    con: duckdb.DuckDBPyConnection, columns: Mapping[str, Sequence[Any]]
) -> None:
    """Insert shipped runs; a newer version's word on a run replaces an older one's.

    A run made here stays as it is, whichever comes first.
    """
    if not columns:
        return
    kept = {name: columns[name] for name in RUN_COLUMNS if name in columns}
    _register(con, {name: list(values) for name, values in kept.items()})
    con.execute(
        "delete from runs where id in (select id from incoming) "
        "and source in (select source from incoming)"
    )
    names = ", ".join(f'"{name}"' for name in kept)
    con.execute(
        f"insert into runs ({names}) select {names} from incoming "
        "on conflict do nothing"
    )
    con.unregister("incoming")
    named = sorted(set(zip(columns["workload"], columns["source"], strict=True)))
    _insert_workloads(con, [{"name": name, "origin": source} for name, source in named])


def _curve_points(body: Mapping[str, Any]) -> Iterable[tuple[str, str, int, float]]:
    run_id = body["run"]["id"]
    curve = Curve.from_dict(body)
    for step, loss in enumerate(curve.losses, start=1):
        yield run_id, "loss", step, loss
    for name, points in curve.metrics.items():
        for step, value in points:
            yield run_id, name, step, value


def _insert_workloads(
    con: duckdb.DuckDBPyConnection, workloads: Sequence[Mapping[str, Any]]
) -> None:
    rows = []
    for workload in workloads:
        name = WorkloadName.parse(workload["name"])
        rows.append(
            {
                **workload,
                "family": name.family,
                "pooled_group": name.group,
                "width_divisor": name.width_divisor,
            }
        )
    columns = ("name", "title", "family", "pooled_group", "width_divisor", "origin")
    insert_rows(con, "workloads", columns, rows)


def _upsert_job(con: duckdb.DuckDBPyConnection, job: Mapping[str, Any]) -> None:
    """Keep the newest state of a job, in whatever order its records arrive."""
    names = ", ".join(JOB_COLUMNS)
    marks = ", ".join("?" for _ in JOB_COLUMNS)
    changes = ", ".join(f"{c} = excluded.{c}" for c in JOB_COLUMNS if c != "id")
    con.execute(
        f"insert into jobs ({names}) values ({marks}) on conflict (id) do update set "
        f"{changes} where excluded.state_number > jobs.state_number",
        [job.get(c) for c in JOB_COLUMNS],
    )


def _keep_newest(
    con: duckdb.DuckDBPyConnection,
    table: str,
    columns: Sequence[str],
    event: Mapping[str, Any],
) -> None:
    """Keep what was said last of a key, in whatever order the records arrive."""
    key, value, changed = columns
    con.execute(
        f"insert into {table} ({key}, {value}, {changed}) values (?, ?, ?) "
        f"on conflict ({key}) do update set {value} = excluded.{value}, "
        f"{changed} = excluded.{changed} where excluded.{changed} > {table}.{changed}",
        [event["body"][column] for column in columns],
    )


def _cell(value: Any) -> Any:
    if isinstance(value, dict | list | tuple):
        return json.dumps(value)
    return value
