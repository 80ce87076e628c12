"""A person's own SQL: one SELECT, read-only, within limits."""

import pytest

from knowledge.errors import QueryError
from knowledge.records import Run
from knowledge.store import sql_box
from knowledge.store.sql_box import run_query
from knowledge.store.store import Store


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    with Store(tmp_path_factory.mktemp("sql") / "s") as store:
        runs = [Run(f"run:{i}", "w", 8, 0.1, "adam", None, "s") for i in range(30)]
        store.record_runs(runs)
        yield store.snapshot_path


def test_a_select_gives_columns_and_rows(snapshot):
    result = run_query(snapshot, "select id, batch_size from runs order by id limit 2")
    assert result.columns == ("id", "batch_size")
    assert result.rows == (("run:0", 8), ("run:1", 8))
    assert not result.truncated


def test_more_rows_than_allowed_are_cut_and_said(snapshot):
    result = run_query(snapshot, "from runs", max_rows=10)
    assert len(result.rows) == 10
    assert result.truncated


def test_values_that_json_has_no_word_for_become_text(snapshot):
    result = run_query(snapshot, "select 'nan'::double, 1.5::decimal(3,1), [1,2], null")
    assert result.rows == (("nan", 1.5, [1, 2], None),)


@pytest.mark.parametrize("sql", ["describe runs", "summarize runs", "show tables"])
def test_looking_around_is_allowed(snapshot, sql):
    assert run_query(snapshot, sql).rows


@pytest.mark.parametrize(
    "sql",
    [
        "delete from runs",
        "select 1; select 2",
        "",
        "attach 'x.db'",
        "set memory_limit = '50GB'",
        "copy runs to '/tmp/stolen.csv'",
        "with x as (copy runs to '/tmp/stolen.csv') select 1",
        "select * from read_text('/etc/passwd')",
        "select * from 'x.csv'",
        "select * from glob('/*')",
        "install httpfs",
        "create table t as select 1",
        "selec 1",
        "\x00",
    ],
)
def test_anything_else_is_refused_in_a_sentence(snapshot, sql):
    with pytest.raises(QueryError):
        run_query(snapshot, sql)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sql", "seconds"),
    [
        ("select lpad('x', 2000000000, 'y')", sql_box.TIMEOUT_SECONDS),
        ("select count(*) from range(100000000000) a, range(1000) b", 5.0),
        (
            "with recursive r as (select 1 n union all select n + 1 from r) "
            "select count(*) from r",
            5.0,
        ),
    ],
)
def test_a_query_that_would_eat_the_machine_is_stopped(
    snapshot, sql, seconds, monkeypatch
):
    monkeypatch.setattr(sql_box, "TIMEOUT_SECONDS", seconds)
    with pytest.raises(QueryError, match=r"stopped|memory|failed"):
        run_query(snapshot, sql)


def test_the_store_is_unchanged_after_all_that(snapshot):
    assert run_query(snapshot, "select count(*) from runs").rows == ((30,),)
