"""The store: nothing acknowledged is lost, whoever writes, dies or holds the file."""

import errno
import json
import math
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge import inbox
from knowledge.errors import (
    DiskFullError,
    NotAStoreError,
    RunNotFoundError,
    StoreBusyError,
    StoreError,
    StoreVersionError,
)
from knowledge.outcome import RULE_VERSION
from knowledge.records import (
    Curve,
    Outcome,
    Run,
    Throughput,
    content_id,
)
from knowledge.store import migrations
from knowledge.store.folder import publish
from knowledge.store.sql_box import run_query
from knowledge.store.store import Store
from tests import example_records as examples
from tests.example_records import CLAIM

RUN = replace(
    examples.REALFACE_RUN,
    steps=3,
    horizon_steps=3,
    batch_convention="per_side",
    created="2026-11-22T10:00:00",
)
CURVE = Curve((1.0, 0.5, math.nan), {"sharpness": ((2, 0.5), (3, 0.25))})

FORECAST = replace(
    examples.FORECAST,
    made="2026-11-22T10:00:00.000001",
    verification_id=None,
    evidence=("claim:x/1", "run:1"),
    n_claims=1,
    outcome_rule=RULE_VERSION,
)

SPEED = Throughput(
    id="throughput:1",
    measured="2026-11-22T10:00:00",
    machine="a processor, 2 cores",
    device="cpu",
    workload="realface@1/16",
    recipe="faceswap-2021",
    precision="fp32",
    batch_size=5,
    seconds_per_step=0.1,
    examples_per_second=100.0,
    peak_memory_mb=None,
    n_workers=2,
)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "store") as opened:
        yield opened


def test_a_reader_sees_its_own_writes_at_once(store):
    store.record_run(RUN, CURVE)
    assert store.runs() == [RUN]
    assert store.run("run:1") == RUN
    assert store.runs(workload="REALFACE@1/16") == [RUN]
    assert store.runs_of_group("faceswap") == (RUN,)
    assert store.runs_of_group("digits_mlp") == ()


def test_a_curve_with_nan_survives_unchanged(store):
    store.record_run(RUN, CURVE)
    back = store.curve("run:1")
    assert back.losses[:2] == CURVE.losses[:2]
    assert math.isnan(back.losses[2])
    assert back.metrics == CURVE.metrics


def test_recording_twice_changes_nothing(store):
    for _ in range(3):
        store.record_run(RUN, CURVE)
        store.record_claims([CLAIM])
        store.record_forecasts([FORECAST])
    assert store.counts()["runs"] == 1
    assert store.counts()["forecasts"] == 1
    assert store.counts()["curves"] == 5
    assert store.claims() == [CLAIM]


def test_a_retracted_claim_no_longer_counts_and_stays_in_the_records(store):
    store.record_claims([CLAIM])
    store.record_retraction(CLAIM.id, reason="mistyped")
    assert store.claims() == []
    assert store.counts()["claims"] == 1


def test_a_forecast_survives_unchanged_and_is_told_oldest_first(store):
    later = replace(FORECAST, id="forecast:0", made="2026-11-22T11:00:00")
    store.record_forecasts([later])
    store.record_forecasts([FORECAST])
    store.record_forecasts([])
    assert store.forecasts() == [FORECAST, later]


def test_a_measured_speed_survives_unchanged_counts_once_and_can_be_rebuilt(store):
    later = replace(SPEED, id="throughput:0", measured="2026-11-22T11:00:00")
    store.record_throughput([later])
    store.record_throughput([SPEED])
    store.record_throughput([SPEED])
    store.record_throughput([])
    assert store.throughput() == [SPEED, later]
    assert store.verify().problems == ()


def test_runs_by_id_are_the_same_whether_their_group_was_read_before_or_not(store):
    others = [replace(RUN, id=f"run:{n}", batch_size=9 - n) for n in (2, 3)]
    store.record_runs([RUN, *others, replace(RUN, id="run:4", workload="other/x")])
    ids = ["run:1", "run:none", "run:2", "run:3", "run:4"]
    cold = store.runs_by_id(ids)
    assert [run.id for run in cold] == ["run:4", "run:1", "run:3", "run:2"]
    store.runs_of_group("faceswap")
    assert store.runs_by_id(ids) == cold
    store.record_run(replace(RUN, id="run:none", batch_size=99))
    assert [run.id for run in store.runs_by_id(ids)][-1] == "run:none"


def answer(number: int) -> dict[str, object]:
    return {"id": f"answer:{number}", "question": "what LR?", "slots": {}}


def waiting(store) -> int:
    return len(inbox.waiting(store.folder))


def test_a_saved_answer_waits_while_only_evidence_is_read(store):
    """A question must not pay for bringing in the answer to the one before."""
    store.record_run(RUN, CURVE)
    assert store.runs() == [RUN]
    before = store.snapshot_path
    store.record_answer(answer(1))
    assert store.runs_of_group("faceswap") == (RUN,)
    assert (store.runs(), store.claims(), store.workload_names()) == (
        [RUN],
        [],
        ["realface@1/16"],
    )
    assert waiting(store) == 1
    assert before.exists()


@pytest.mark.parametrize(
    "read",
    [
        lambda store: store.rows("select count(*) from answers")[0][0],
        lambda store: len(store.frame("SELECT * FROM Answers")),
        lambda store: store.counts()["answers"],
        lambda store: store.rows("select count(*) from events")[0][0],
        lambda store: store.verify().records,
        lambda store: run_query(store.snapshot_path, "from answers").rows[0][0][-1:],
    ],
    ids=["rows", "frame", "counts", "events", "verify", "sql"],
)
def test_whoever_reads_answers_sees_all_of_them(store, read):
    store.record_answer(answer(1))
    assert int(read(store)) == 1
    assert waiting(store) == 0


def test_saved_answers_come_in_with_the_next_evidence(store):
    store.record_answer(answer(1))
    store.record_run(RUN, CURVE)
    store.record_answer(answer(2))
    assert store.runs() == [RUN]
    assert waiting(store) == 0
    assert store.verify().problems == ()


def test_only_so_many_answers_wait(store, monkeypatch):
    monkeypatch.setattr("knowledge.inbox.MAX_PATIENT", 3)
    for number in range(4):
        store.record_answer(answer(number))
        assert store.claims() == []
    assert waiting(store) == 0


def test_answers_that_wait_are_there_when_the_store_is_opened_again(tmp_path):
    with Store(tmp_path / "s") as store:
        store.record_answer(answer(1))
    with Store(tmp_path / "s") as store:
        assert store.counts()["answers"] == 1


def test_a_file_with_another_name_is_ingested_at_once(store):
    """Older programs named records by their id alone."""
    store.record_claims([CLAIM])
    (path,) = inbox.waiting(store.folder)
    path.rename(path.with_name("1-3f2a.json"))
    assert store.claims() == [CLAIM]


def test_a_missing_run_is_a_clear_error(store):
    with pytest.raises(RunNotFoundError, match="No run 'run:none'"):
        store.run("run:none")


def test_a_job_keeps_its_newest_state_whatever_the_order(store):
    for number, state in ((2, "finished"), (1, "running")):
        body = {"id": "job:1", "state": state, "kind": "run", "state_number": number}
        inbox.record(store.folder, "job", body)
    assert store.rows("select state from jobs") == [("finished",)]


def test_verify_rebuilds_the_tables_and_finds_them_equal(store):
    store.record_run(RUN, CURVE)
    store.record_claims([CLAIM])
    store.record_forecasts([FORECAST])
    report = store.verify()
    assert report.records == 3
    assert report.problems == ()


def test_of_a_run_recorded_by_two_jobs_the_first_record_counts_also_rebuilt(store):
    """Two jobs may carry the same run to the same step; it stays one run."""
    for apart in (True, False):
        run = replace(RUN, id=f"run:{apart}")
        store.record_run(replace(run, job_id="job:1"), CURVE)
        if apart:
            store.ingest()
        store.record_run(replace(run, job_id="job:2"), CURVE)
        assert store.run(run.id).job_id == "job:1"
    assert store.verify().problems == ()


def test_verify_finds_a_row_that_was_tampered_with(store):
    store.record_run(RUN, CURVE)
    store.ingest()
    with duckdb.connect(str(store.folder / "store.duckdb")) as con:
        con.execute("update runs set learning_rate = 1")
    store.record_claims([CLAIM])
    assert any("table runs" in p for p in store.verify().problems)


def test_verify_finds_a_forecast_that_was_made_better_afterwards(store):
    store.record_forecasts([FORECAST])
    store.ingest()
    with duckdb.connect(str(store.folder / "store.duckdb")) as con:
        con.execute("update forecasts set probability_stable = 1")
    store.record_claims([CLAIM])
    assert any("table forecasts" in p for p in store.verify().problems)


def test_verify_finds_an_outcome_its_curve_contradicts(store):
    store.record_run(replace(RUN, outcome_rule=RULE_VERSION), CURVE)
    assert "its curve says diverged" in store.verify().problems[0]


def test_a_run_that_an_older_rule_judged_is_judged_by_todays(store):
    store.record_run(replace(RUN, outcome=Outcome.STABLE, outcome_rule="1"), CURVE)
    run = store.run("run:1")
    assert (run.outcome, run.outcome_rule) == (Outcome.DIVERGED, RULE_VERSION)
    assert run.failed_at_step == 3
    assert store.verify().problems == ()


def test_an_older_rules_run_without_a_curve_keeps_its_word(store):
    told = replace(RUN, outcome=Outcome.STABLE, outcome_rule="1")
    store.record_run(told)
    assert store.runs() == [told]


def test_opening_a_store_of_an_older_program_judges_its_runs_anew(tmp_path):
    with Store(tmp_path / "s") as store:
        store.record_run(replace(RUN, outcome_rule="1"), CURVE)
        judged = store.runs()
        assert judged[0].outcome is Outcome.DIVERGED
    with duckdb.connect(str(tmp_path / "s" / "store.duckdb")) as con:
        con.execute("update runs set outcome = 'stable', outcome_rule = '1'")
    publish(tmp_path / "s", n_events=1)
    with Store(tmp_path / "s") as store:
        assert store.runs() == judged


def test_a_file_that_is_no_record_is_put_aside(store):
    (store.folder / "inbox" / "0-junk.json").write_text("not json")
    store.record_claims([CLAIM])
    assert store.claims() == [CLAIM]
    aside = sorted((store.folder / "rejected").iterdir())
    assert [p.name for p in aside] == ["0-junk.json", "0-junk.json.reason.txt"]


def test_several_stores_see_each_other(tmp_path):
    with Store(tmp_path / "s") as one, Store(tmp_path / "s") as two:
        one.record_run(RUN)
        assert two.runs() == [RUN]
        two.record_claims([CLAIM])
        assert one.claims() == [CLAIM]


def test_a_temporary_store_disappears():
    with Store(":memory:") as store:
        folder = store.folder
        store.record_run(RUN)
    assert not folder.exists()


# -- folders that are no store --------------------------------------------------------


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path):
    (tmp_path / "holiday.jpg").write_text("x")
    with pytest.raises(NotAStoreError, match="is not a store"):
        Store(tmp_path)
    assert os.listdir(tmp_path) == ["holiday.jpg"]


def test_a_file_is_not_a_store(tmp_path):
    path = tmp_path / "file"
    path.write_text("x")
    with pytest.raises(NotAStoreError, match="is a file"):
        Store(path)


def test_a_store_of_a_newer_format_is_left_alone(store):
    marker = store.folder / "store.json"
    marker.write_text(json.dumps({"format": "lr-advisor-store", "version": 99}))
    with pytest.raises(StoreVersionError, match="update lr-advisor"):
        Store(store.folder)


def test_tables_of_a_newer_schema_are_left_alone(store):
    store.record_run(RUN)
    store.ingest()
    generation = store.generation
    with duckdb.connect(
        str(store.folder / "snapshots" / f"snapshot-{generation}.duckdb")
    ) as con:
        con.execute("insert into schema_migrations values (99, 'later', null)")
    store.close()
    with pytest.raises(StoreVersionError, match="schema version 99"):
        Store(store.folder)


def test_a_marker_that_cannot_be_read_is_a_clear_error(store):
    (store.folder / "store.json").write_text("{")
    with pytest.raises(NotAStoreError, match="cannot be read"):
        Store(store.folder)


def test_a_first_opening_that_was_killed_can_be_repeated(tmp_path):
    (tmp_path / "s" / "inbox").mkdir(parents=True)
    (tmp_path / "s" / "archive").mkdir()
    with Store(tmp_path / "s") as store:
        assert store.is_new


# -- the disk and other programs ------------------------------------------------------


def test_a_full_disk_is_one_sentence_and_loses_nothing(store, monkeypatch):
    store.record_run(RUN)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match=r"is full: free some space"):
        store.record_claims([CLAIM])
    monkeypatch.undo()
    assert store.runs() == [RUN]
    assert list((store.folder / "inbox").iterdir()) == []


def test_a_disk_that_fills_up_within_a_commit_leaves_the_records_waiting(
    store, monkeypatch
):
    """DuckDB has an error of its own for that one; readers see what was published."""

    def full(_: object) -> None:
        raise duckdb.TransactionException("Failed to commit: No space left on device")

    store.record_run(RUN)
    monkeypatch.setattr("knowledge.store.ingesting.judge_anew", full)
    with pytest.raises(DiskFullError, match="waits in the inbox"):
        store.ingest()
    assert store.runs() == []
    monkeypatch.undo()
    assert store.runs() == [RUN]


def test_a_folder_that_cannot_be_written_is_a_clear_error(store, monkeypatch):
    def denied(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "fsync", denied)
    with pytest.raises(StoreError, match="check the folder's permissions"):
        store.record_run(RUN)


HOLD_OPEN = """
import duckdb, sys
con = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""


def test_records_wait_while_another_program_holds_the_file_open(store):
    store.record_run(RUN)
    assert len(store.runs()) == 1
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD_OPEN, str(store.folder / "store.duckdb")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        holder.stdout.readline()
        store.record_claims([CLAIM])
        assert store.claims() == []  # an answer is still possible
        with pytest.raises(StoreBusyError, match="Another program holds"):
            store.ingest_all(wait_seconds=0.2)
    finally:
        holder.kill()
        holder.wait()
        holder.stdin.close()
        holder.stdout.close()
    assert store.claims() == [CLAIM]


WRITER = """
import sys
from pathlib import Path
from knowledge.records import Run
from knowledge.store.sql_box import run_query
from knowledge.store.store import Store
from knowledge.store.folder import publish
folder, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
with Store(folder) as store:
    for i in range(count):
        store.record_run(Run(f"run:{name}-{i}", "w", 1, 0.1, "adam", None, "t"))
        print(i, flush=True)
        store.ingest()
"""


def start_writer(folder: Path, name: str, count: int) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), name, str(count)],
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_eight_processes_recording_at_once_lose_nothing_killed_or_not(tmp_path):
    with Store(tmp_path / "s") as store:
        writers = [start_writer(store.folder, f"w{n}", 8) for n in range(8)]
        killed = writers[:3]
        said = {writer: [writer.stdout.readline()] for writer in killed}
        for writer in killed:  # each has saved something, and is at work
            writer.send_signal(signal.SIGKILL)
        saved = set()
        for n, writer in enumerate(writers):
            lines = [*said.get(writer, []), *writer.stdout]
            writer.stdout.close()
            writer.wait()
            saved |= {f"run:w{n}-{line.strip()}" for line in lines}
        assert {"run:w0-0", "run:w1-0", "run:w2-0"} <= saved
        store.ingest_all()
        stored = {run.id for run in store.runs()}
        assert saved <= stored
        assert len([run for run in stored if run.startswith("run:w7")]) == 8
        assert store.verify().problems == ()


# -- migrations -----------------------------------------------------------------------


def test_migrating_is_done_once_and_recorded():
    con = duckdb.connect()
    assert migrations.migrate(con) == migrations.SCHEMA_VERSION
    assert migrations.migrate(con) == migrations.SCHEMA_VERSION
    rows = con.execute("select version, name from schema_migrations").fetchall()
    assert rows == [(n, name) for n, name, _ in migrations.MIGRATIONS]


def test_a_migration_that_fails_leaves_no_trace(monkeypatch):
    def broken(con):
        con.execute("create table half (x integer)")
        raise RuntimeError("no")

    con = duckdb.connect()
    last = migrations.SCHEMA_VERSION
    steps = (*migrations.MIGRATIONS, (99, "broken", broken))
    monkeypatch.setattr(migrations, "MIGRATIONS", steps)
    monkeypatch.setattr(migrations, "SCHEMA_VERSION", 99)
    with pytest.raises(RuntimeError):
        migrations.migrate(con)
    assert migrations.schema_version(con) == last
    tables = {name for (name,) in con.execute("show tables").fetchall()}
    assert "half" not in tables


def test_an_empty_database_has_schema_version_zero():
    assert migrations.schema_version(duckdb.connect()) == 0


RELEASED = Path(__file__).parent / "released"


@pytest.mark.parametrize("version", range(1, migrations.SCHEMA_VERSION + 1))
def test_the_released_schema_opens_and_keeps_its_rows(version):
    """Each released schema keeps a small file; version 1 is the first."""
    con = duckdb.connect()
    con.execute((RELEASED / f"schema_{version}.sql").read_text())
    assert migrations.schema_version(con) == version
    assert migrations.migrate(con) == migrations.SCHEMA_VERSION
    assert con.execute("select id from runs").fetchall() == [("run:old",)]


def test_a_store_of_the_first_schema_is_brought_up_to_date_when_it_is_opened(store):
    """As an older program left it: tables, a snapshot, and no forecasts yet."""
    folder, newest = store.folder, store.generation
    store.close()
    (folder / "store.duckdb").unlink()
    with duckdb.connect(str(folder / "store.duckdb")) as con:
        con.execute((RELEASED / "schema_1.sql").read_text())
    shutil.copyfile(
        folder / "store.duckdb", folder / "snapshots" / f"snapshot-{newest}.duckdb"
    )
    with Store(folder) as opened:
        assert [run.id for run in opened.runs()] == ["run:old"]
        assert opened.forecasts() == []
        opened.record_forecasts([FORECAST])
        assert opened.forecasts() == [FORECAST]


def test_the_newest_name_and_thumb_count_in_whatever_order_they_arrive(store):
    """Records of two processes may be ingested the wrong way round."""
    for kind, key, value in (
        ("conversation", "id", "name"),
        ("feedback", "answer_id", "thumb"),
    ):
        for minute, said in ((2, "later"), (1, "earlier")):
            body = {key: "x", value: said, "changed": f"2026-11-22T10:0{minute}:00"}
            inbox.record(store.folder, kind, body)
    assert store.rows("select id, name from conversations") == [("x", "later")]
    assert store.rows("select answer_id, thumb from feedback") == [("x", "later")]
    assert store.verify().problems == ()


# -- properties -----------------------------------------------------------------------

names = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="@"),
    min_size=1,
    max_size=20,
).filter(lambda s: s.strip() == s and s)
runs = st.builds(
    Run,
    id=st.just(""),
    workload=names,
    batch_size=st.integers(1, 2**40),
    learning_rate=st.floats(1e-12, 1e3),
    optimizer=names,
    recipe=st.none() | names,
    source=names,
    seed=st.none() | st.integers(0, 2**31),
    outcome=st.none() | st.sampled_from(list(Outcome)),
    metric_value=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    goal=st.none() | st.sampled_from(["min", "max"]),
)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(runs, min_size=1, max_size=4, unique=True))
def test_runs_survive_the_store_unchanged(store, batch):
    batch = [replace(run, id=content_id("run", asdict(run))) for run in batch]
    store.record_runs(batch)
    back = {run.id: run for run in store.runs_by_id([run.id for run in batch])}
    assert back == {run.id: run for run in batch}
