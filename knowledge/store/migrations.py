"""The store's schema, step by step: applied in order, never edited after release.

Each migration and the row that records it share one transaction.
"""

from collections.abc import Callable

import duckdb

from knowledge.errors import StoreVersionError

Migration = Callable[[duckdb.DuckDBPyConnection], None]


def m001_tables(con: duckdb.DuckDBPyConnection) -> None:
    """Runs, curves, claims, answers, jobs, workloads, events, and the view trials."""
    con.execute(
        """
        create table events (
            event_id varchar primary key, kind varchar not null, recorded timestamp);
        create table workloads (
            name varchar primary key, title varchar, family varchar not null,
            pooled_group varchar not null, width_divisor integer not null,
            origin varchar not null);
        create table runs (
            id varchar primary key, workload varchar not null,
            batch_size bigint not null, learning_rate double not null,
            optimizer varchar not null, recipe varchar, source varchar not null,
            seed bigint, outcome varchar, failed_at_step bigint, steps bigint,
            horizon_steps bigint, metric_name varchar, metric_value double,
            goal varchar, device varchar, "precision" varchar, data varchar,
            batch_convention varchar not null, seconds double,
            examples_per_second double, outcome_rule varchar, code_version varchar,
            created timestamp, job_id varchar, note varchar);
        create table curves (
            run_id varchar not null, metric varchar not null, step bigint not null,
            value double);
        create table claims (
            id varchar primary key, source varchar not null,
            source_title varchar not null, source_date varchar, kind varchar not null,
            statement varchar not null, reliability double not null, workload varchar,
            optimizer varchar, recipe varchar, device varchar, batch_size bigint,
            learning_rate double, bound varchar, at_tool_ceiling boolean not null,
            quantity varchar, exponent double, inferred varchar);
        create table retractions (claim_id varchar primary key, reason varchar);
        create table answers (
            id varchar primary key, asked timestamp, question varchar, context varchar,
            intent varchar, slots json, text varchar, recommendation json,
            evidence json);
        create table jobs (
            id varchar primary key, state varchar not null, kind varchar not null,
            workload varchar, batch_size bigint, learning_rate double, seed bigint,
            steps bigint, verification_id varchar, run_id varchar, attempts integer,
            resumed_from_step bigint, believed_low double, believed_high double,
            reason varchar, error varchar, created timestamp, started timestamp,
            ended timestamp, state_number integer not null);
        create view trials as
            select workload, recipe, optimizer, batch_size, learning_rate,
                count(*) as runs,
                count(*) filter (outcome = 'stable') as stable,
                count(*) filter (outcome = 'degraded') as degraded,
                count(*) filter (outcome = 'diverged') as diverged,
                count(*) filter (outcome = 'incomplete') as incomplete,
                count(*) filter (outcome is null) as unlabelled,
                max(horizon_steps) as longest_horizon_steps,
                median(metric_value) filter (isfinite(metric_value)) as median_metric
            from runs group by all order by all;
        """
    )


def m002_forecasts(con: duckdb.DuckDBPyConnection) -> None:
    """Forecasts: what was said of each run before it started."""
    con.execute(
        """
        create table forecasts (
            id varchar primary key, made timestamp not null, job_id varchar not null,
            verification_id varchar, workload varchar not null, recipe varchar,
            optimizer varchar not null, batch_size bigint not null,
            learning_rate double not null, horizon_steps bigint not null,
            probability_stable double not null, threshold double not null,
            threshold_low double not null, threshold_high double not null,
            level double not null, basis varchar not null, n_runs bigint not null,
            n_claims bigint not null, n_borrowed bigint not null, evidence json,
            evidence_hash varchar not null, outcome_rule varchar not null,
            code_version varchar);
        """
    )


def m003_throughput(con: duckdb.DuckDBPyConnection) -> None:
    """Throughput: how fast each batch size trains on this machine."""
    con.execute(
        """
        create table throughput (
            id varchar primary key, measured timestamp not null,
            machine varchar not null, device varchar not null,
            workload varchar not null, recipe varchar not null,
            "precision" varchar not null, batch_size bigint not null,
            seconds_per_step double not null, examples_per_second double not null,
            peak_memory_mb double, n_workers integer not null, code_version varchar);
        """
    )


def m004_conversations(con: duckdb.DuckDBPyConnection) -> None:
    """Which conversation an answer stands in, their names, and thumbs."""
    con.execute(
        """
        alter table answers add column conversation varchar;
        create table conversations (
            id varchar primary key, name varchar, changed timestamp not null);
        create table feedback (
            answer_id varchar primary key, thumb varchar, changed timestamp not null);
        """
    )


MIGRATIONS: tuple[tuple[int, str, Migration], ...] = (
    (1, "tables", m001_tables),
    (2, "forecasts", m002_forecasts),
    (3, "throughput", m003_throughput),
    (4, "conversations", m004_conversations),
)
SCHEMA_VERSION = MIGRATIONS[-1][0]


def schema_version(con: duckdb.DuckDBPyConnection) -> int:
    """Return the version of the open database; 0 for an empty one."""
    try:
        rows = con.execute("select max(version) from schema_migrations").fetchall()
    except duckdb.CatalogException:  # no such table; looking it up first is slow
        return 0
    return int(rows[0][0] or 0)


def migrate(con: duckdb.DuckDBPyConnection, *, up_to: int | None = None) -> int:
    """Apply what is pending and return the version reached.

    Raises:
        StoreVersionError: The database is of a newer program than this one.
    """
    version = schema_version(con)
    if version > SCHEMA_VERSION:
        raise StoreVersionError(
            f"This store has schema version {version} and this program knows up to "
            f"{SCHEMA_VERSION}: update lr-advisor, or open another store. "
            "Nothing was changed."
        )
    for number, name, apply in MIGRATIONS:
        if number <= version or (up_to is not None and number > up_to):
            continue
        con.execute("begin")
        try:
            con.execute(
                "create table if not exists schema_migrations ("
                "version integer primary key, name varchar, applied timestamp)"
            )
            apply(con)
            con.execute(
                "insert into schema_migrations values "
                "(?, ?, current_timestamp at time zone 'utc')",
                [number, name],
            )
            con.execute("commit")
        except BaseException:
            con.execute("rollback")
            raise
        version = number
    return version
