"""Damage to a store's files: no evidence is lost, and nothing ends in a traceback.

A real store of 24 imported runs and the claims; each damage is done to a copy.
"""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from advisor.service import Advisor
from advisor.settings import load_settings
from knowledge import inbox
from knowledge.errors import StoreVersionError
from knowledge.records import Run
from knowledge.store.folder import newest_generation, snapshot_file
from knowledge.store.store import Store

HEAD = (
    "workload,batch_size,learning_rate,optimizer,outcome,metric_name,metric_value,"
    "steps_or_tokens,source\n"
)
REST = ",loss,,100,t\n"
ONE_MORE = f"{HEAD}smallw,8,0.5,adam,diverged{REST}"
RATES = [1e-4 * (n + 1) for n in range(12)]


def rows_of(rates, n_stable):
    return HEAD + "".join(
        f"smallw,{(8, 16, 32)[n % 3]},{rate},adam,"
        f"{'stable' if n < n_stable else 'diverged'}{REST}"
        for n, rate in enumerate(rates)
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A store made by two imports, and as it was after the first."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "1.csv").write_text(rows_of(RATES, n_stable=6))
    (folder / "2.csv").write_text(rows_of([r + 0.01 for r in RATES], n_stable=0))
    with Advisor.open(folder / "store", study=False, library=False) as advisor:
        advisor.import_runs(folder / "1.csv")
        shutil.copyfile(folder / "store" / "store.duckdb", folder / "older.duckdb")
        advisor.import_runs(folder / "2.csv")
        (folder / "answer").write_text(answer_of(advisor))
        (folder / "counts").write_text(str(counts_of(advisor)))
    return folder


@pytest.fixture
def folder(made, tmp_path):
    shutil.copytree(made / "store", tmp_path / "store")
    return tmp_path / "store"


def answer_of(advisor):
    return json.dumps(advisor.recommend("smallw", 8).to_dict())


def counts_of(advisor):
    counted = advisor.store.counts()
    return counted["runs"], counted["claims"]


def open_advisor(folder):
    return Advisor.open(folder, study=False, library=False, settings=load_settings({}))


def database(folder):
    return folder / "store.duckdb"


def snapshot(folder):
    return snapshot_file(folder, newest_generation(folder))


def cut(n_bytes):
    return lambda path: os.truncate(path, path.stat().st_size - n_bytes)


def overwrite(*places):
    def damage(path):
        with path.open("r+b") as file:
            for place in places or range(12_288, path.stat().st_size, 262_144):
                file.seek(place + 64 * bool(not places))
                file.write(b"\xa5" * 64)

    return damage


def make_folder(path):
    path.unlink()
    path.mkdir()


def empty_tables(path):
    path.unlink()
    duckdb.connect(str(path)).close()


FILE_DAMAGES = {
    "lost": Path.unlink,
    "0 bytes": lambda path: os.truncate(path, 0),
    "half": lambda path: os.truncate(path, path.stat().st_size // 2),
    "1 byte short": cut(1),
    "4 kB short": cut(4096),
    "a block short": cut(262_144),
    "garbage": lambda path: path.write_bytes(b"\xa5" * 100_000),
    "its start overwritten": overwrite(0),
    "overwritten at 4096": overwrite(4096, 8192),
    "every block overwritten": overwrite(),
    "tables of nothing": empty_tables,
}


def pointer(text):
    return lambda folder: (folder / "snapshots" / "newest").write_text(text)


def both(damage):
    def do(folder):
        damage(database(folder))
        damage(snapshot(folder))

    return do


DAMAGES = {
    **{
        f"database {name}": lambda f, d=d: d(database(f))
        for name, d in FILE_DAMAGES.items()
    },
    **{
        f"snapshot {name}": lambda f, d=d: d(snapshot(f))
        for name, d in FILE_DAMAGES.items()
    },
    **{f"both {name}": both(d) for name, d in FILE_DAMAGES.items()},
    "log is garbage": lambda f: (f / "store.duckdb.wal").write_bytes(b"\xa5" * 999),
    "log is empty": lambda f: (f / "store.duckdb.wal").write_bytes(b""),
    "snapshots lost": lambda f: shutil.rmtree(f / "snapshots"),
    "snapshots and database lost": lambda f: (
        shutil.rmtree(f / "snapshots"),
        database(f).unlink(),
    ),
    "pointer lost": lambda f: (f / "snapshots" / "newest").unlink(),
    "pointer empty": pointer(""),
    "pointer garbled": pointer("\x00x"),
    "pointer ahead": pointer("77"),
    "pointer negative": pointer("-3"),
    "pointer of 30 digits": pointer("9" * 30),
    "pointer of 4000 digits": pointer("9" * 4000),
    "pointer of 5000 digits": pointer("9" * 5000),
    "records half in the inbox": lambda f: [
        path.rename(f / "inbox" / path.name) for path in [*inbox.archived(f)][::2]
    ],
}
# The answer is right until these are seen: at the next ingest, or by the doctor.
UNSEEN = {
    "an older copy put back": lambda f, made: shutil.copyfile(
        made / "older.duckdb", database(f)
    ),
    "an older copy in both places": lambda f, made: (
        shutil.copyfile(made / "older.duckdb", database(f)),
        shutil.copyfile(made / "older.duckdb", snapshot(f)),
    ),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_reader_finds_all_runs_and_the_same_answer_after(damage, folder, made):
    damage(folder)
    with open_advisor(folder) as advisor:
        assert answer_of(advisor) == (made / "answer").read_text()
        assert str(counts_of(advisor)) == (made / "counts").read_text()
        advisor.doctor()  # mends what was not read
    assert_sound(folder)


@pytest.mark.parametrize("damage", FILE_DAMAGES.values(), ids=FILE_DAMAGES)
def test_a_query_of_ones_own_counts_all_runs_after(damage, folder):
    both(damage)(folder)
    with open_advisor(folder) as advisor:
        query = "select count(*), count(distinct learning_rate), max(id) from runs"
        assert advisor.sql(query).rows[0][0] == 24


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_an_import_adds_to_all_runs_after(damage, folder, tmp_path):
    damage(folder)
    assert_import_adds(folder, tmp_path)


@pytest.mark.parametrize("damage", UNSEEN.values(), ids=UNSEEN)
def test_tables_that_lack_saved_records_are_made_anew_by_an_import(
    damage, folder, made, tmp_path
):
    damage(folder, made)
    assert_import_adds(folder, tmp_path)


@pytest.mark.parametrize("damage", UNSEEN.values(), ids=UNSEEN)
def test_tables_that_lack_saved_records_are_made_anew_by_the_doctor(
    damage, folder, made
):
    damage(folder, made)
    with open_advisor(folder) as advisor:
        problems = advisor.doctor()["problems"]
        assert any("rebuilt from the records" in p for p in problems)
        assert str(counts_of(advisor)) == (made / "counts").read_text()


def assert_import_adds(folder, tmp_path):
    (tmp_path / "more.csv").write_text(ONE_MORE)
    with open_advisor(folder) as advisor:
        assert advisor.import_runs(tmp_path / "more.csv").added == 1
        assert advisor.store.counts()["runs"] == 25
    assert_sound(folder)


def assert_sound(folder):
    with open_advisor(folder) as advisor:
        assert advisor.doctor()["problems"] == []
        assert advisor.store.repairs == []


@pytest.mark.parametrize("damage", FILE_DAMAGES.values(), ids=FILE_DAMAGES)
def test_the_doctor_mends_tables_and_is_content_the_next_time(damage, folder):
    damage(database(folder))
    with open_advisor(folder) as advisor:
        advisor.doctor()
    assert_sound(folder)


@pytest.mark.parametrize(
    ("damage", "said"),
    [(Path.unlink, "was missing"), (overwrite(4096), "could not be read")],
    ids=["lost", "overwritten"],
)
def test_a_command_says_in_one_line_that_tables_were_made_anew(
    damage, said, folder, tmp_path
):
    damage(database(folder))
    (tmp_path / "more.csv").write_text(ONE_MORE)
    names = ["import", str(tmp_path / "more.csv"), "--store", str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "advisor.cli", *names],
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"store.duckdb {said}")
    assert "it was rebuilt from the records" in line


def test_tables_of_a_newer_program_are_not_made_anew(folder):
    with duckdb.connect(str(database(folder))) as con:
        con.execute("insert into schema_migrations values (99, 'later', null)")
    with Store(folder) as store:
        store.record_workloads([{"name": "w", "origin": "a test"}])
        with pytest.raises(StoreVersionError):
            store.ingest()


def test_what_only_the_published_tables_hold_outlives_the_loss_of_the_others(
    folder, made, tmp_path
):
    shutil.rmtree(folder / "archive")
    database(folder).unlink()
    (tmp_path / "more.csv").write_text(ONE_MORE)
    with open_advisor(folder) as advisor:
        advisor.import_runs(tmp_path / "more.csv")
        assert advisor.store.counts()["runs"] == 25
        assert "published tables, which hold more" in advisor.store.repairs[0]


def test_the_doctor_leaves_tables_alone_that_hold_more_than_the_records(folder):
    shutil.rmtree(folder / "archive")
    with open_advisor(folder) as advisor:
        problems = advisor.doctor()["problems"]
        assert any("table runs: 24 rows, 0 when rebuilt" in p for p in problems)
        assert advisor.store.counts()["runs"] == 24


# -- archived records -----------------------------------------------------------------

RECORD_DAMAGES = {
    "cut": cut(5),
    "0 bytes": lambda path: os.truncate(path, 0),
    "garbage": lambda path: path.write_bytes(b"\xa5" * 99),
    "another shape": lambda path: path.write_text('{"event_id": [], "kind": 3}'),
    "deep": lambda path: path.write_text("[" * 200_000),
    "odd rows": lambda path: path.write_text(
        json.dumps({**json.loads(path.read_text()), "body": {"runs": [{"id": "q"}]}})
    ),
}


@pytest.mark.parametrize("damage", RECORD_DAMAGES.values(), ids=RECORD_DAMAGES)
def test_the_doctor_names_a_damaged_record_and_compares_the_rest(damage, folder):
    path = [*inbox.archived(folder)][-1]
    damage(path)
    with open_advisor(folder) as advisor:
        report = advisor.doctor()
        assert f"1 record cannot be read: {path.name}." in report["problems"]
        assert (
            "table runs: 24 rows, 12 when rebuilt from the records"
            in (report["problems"])
        )
        assert report["records"] == len([*inbox.archived(folder)]) - 1
        assert advisor.store.counts()["runs"] == 24  # the tables are all there is of it


@pytest.mark.parametrize("damage", RECORD_DAMAGES.values(), ids=RECORD_DAMAGES)
def test_a_damaged_record_is_named_when_the_tables_are_made_anew(
    damage, folder, tmp_path
):
    path = [*inbox.archived(folder)][-1]
    damage(path)
    shutil.rmtree(folder / "snapshots")
    database(folder).unlink()
    with open_advisor(folder) as advisor:
        assert f"1 record cannot be read: {path.name}." in advisor.store.repairs[0]
        assert advisor.store.counts()["runs"] == 12
        n_repairs = len(advisor.store.repairs)
        (tmp_path / "more.csv").write_text(ONE_MORE)
        advisor.import_runs(tmp_path / "more.csv")
        assert len(advisor.store.repairs) == n_repairs  # not again at each ingest


# -- the inbox ------------------------------------------------------------------------

NAME = "01700000000000000000-run-x.json"
ROW = {
    "id": "run:q",
    "workload": "smallw",
    "batch_size": 8,
    "learning_rate": 0.1,
    "optimizer": "adam",
    "source": "t",
    "batch_convention": "total",
}


def record_of(kind="run", event_id="run:x", **body):
    return json.dumps({"event_id": event_id, "kind": kind, "body": body})


ODD = {
    "a run that is a number": record_of(run=5),
    "a run without a rate": record_of(kind="runs", runs=[{"id": "run:q"}]),
    "a rate in words": record_of(kind="runs", runs=[{**ROW, "learning_rate": "x"}]),
    "a rate below zero": record_of(kind="runs", runs=[{**ROW, "learning_rate": -1}]),
    "an unknown outcome": record_of(kind="runs", runs=[{**ROW, "outcome": "fine"}]),
    "runs that are none": record_of(kind="runs", runs={"a": 1}),
    "a body that is a list": json.dumps({"event_id": "x", "kind": "run", "body": []}),
    "an empty body": record_of(),
    "an id that is a list": record_of(event_id=["x"]),
    "a kind that is a list": record_of(kind=["run"]),
    "an id of half a character": record_of(kind="runs", runs=[ROW], event_id="\ud800"),
    "deeply nested": "[" * 200_000,
    "a number of 5000 digits": record_of(kind="runs", runs=[ROW])[:-1]
    + f', "x": {"9" * 5000}}}',
    "a format in words": json.dumps({"format": "x", **json.loads(record_of(run={}))}),
    "a date that is none": json.dumps(
        {**json.loads(record_of("runs", runs=[ROW])), "recorded": "yesterday"}
    ),
    "a list": "[]",
    "cut": '{"event_id": "run:x", "ki',
    "a forecast without evidence": record_of("forecasts", forecasts=[{"id": "f"}]),
    "claims without a source": record_of("claims", claims=[{"id": "c"}]),
    "a study with columns of two lengths": record_of(
        "study", columns={"id": ["a"], "workload": ["b", "c"]}
    ),
    "a state of a job without a number": record_of("job", id="j", state="queued"),
    "a thumb without an answer": record_of("feedback", thumb="up"),
}


def drop(folder, text, name=NAME):
    (folder / "inbox" / name).write_text(text, encoding="utf-8", errors="replace")


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_an_odd_record_is_put_aside_and_the_others_come_in(
    text, folder, made, tmp_path
):
    drop(folder, text)
    assert_import_adds_beside_one_put_aside(folder, tmp_path, NAME)


def test_a_folder_in_the_inbox_is_put_aside(folder, tmp_path):
    (folder / "inbox" / "x.json").mkdir()
    (folder / "inbox" / "x.json" / "file").write_text("kept")
    assert_import_adds_beside_one_put_aside(folder, tmp_path, "x.json")
    assert (folder / "rejected" / "x.json" / "file").read_text() == "kept"


@pytest.mark.skipif(os.name == "nt", reason="there are no pipes with a name")
def test_a_pipe_in_the_inbox_is_put_aside(folder, tmp_path):
    os.mkfifo(folder / "inbox" / "x.json")
    assert_import_adds_beside_one_put_aside(folder, tmp_path, "x.json")


@pytest.mark.parametrize("name", ["run-x.json", "x.json", f"{'9' * 30}-run-x.json"])
def test_a_record_by_any_name_comes_in_and_counts_when_rebuilt(name, folder):
    drop(folder, record_of("runs", runs=[ROW]), name)
    with open_advisor(folder) as advisor:
        assert advisor.store.counts()["runs"] == 25
        assert inbox.waiting(folder) == []
    assert_sound(folder)
    database(folder).unlink()
    shutil.rmtree(folder / "snapshots")
    with open_advisor(folder) as advisor:
        assert advisor.store.counts()["runs"] == 25


def test_two_records_of_one_name_are_both_kept(folder):
    for number in (1, 2):
        runs = [{**ROW, "id": f"run:{number}"}]
        drop(folder, record_of("runs", f"e{number}", runs=runs), "run-x.json")
        with open_advisor(folder) as advisor:
            assert advisor.store.counts()["runs"] == 24 + number
    assert_sound(folder)


def test_records_that_are_there_twice_make_no_rebuild(folder, tmp_path):
    """Two stores' records may be joined; then there are more files than events."""
    for path in inbox.archived(folder):
        number, _, rest = path.name.partition("-")
        shutil.copyfile(path, folder / "inbox" / f"{int(number) + 1:020d}-{rest}")
    assert_import_adds(folder, tmp_path)
    with open_advisor(folder) as advisor:
        advisor.import_runs(tmp_path / "more.csv")
        assert advisor.store.repairs == []


def test_tables_that_shrink_and_grow_are_not_taken_for_damaged(folder):
    """DuckDB leaves out free blocks at the end of a file."""
    with Store(folder) as store:
        runs = [Run(f"run:{n}", "w", 1, 0.1, "adam", None, "t") for n in range(20_000)]
        store.record_runs(runs)
        store.ingest_all()
        for n in range(12):
            store.record_run(Run(f"run:more-{n}", "w", 1, 0.1, "adam", None, "t"))
            assert store.ingest() == 1
        assert store.repairs == []


def test_good_records_are_not_put_aside_when_the_tables_are_at_fault(folder):
    """The fault is the record's only where new tables refuse it, too."""
    with duckdb.connect(str(database(folder))) as con:
        con.execute("drop view trials; drop table runs")
    drop(folder, record_of("runs", runs=[ROW]))
    with open_advisor(folder) as advisor:
        assert advisor.store.counts()["runs"] == 25
    assert not (folder / "rejected").exists()
    assert_sound(folder)


def assert_import_adds_beside_one_put_aside(folder, tmp_path, name):
    (tmp_path / "more.csv").write_text(ONE_MORE)
    with open_advisor(folder) as advisor:
        advisor.import_runs(tmp_path / "more.csv")
        assert advisor.store.counts()["runs"] == 25
        assert [*inbox.put_aside_names(folder)] == [name]
        assert (folder / "rejected" / f"{name}.reason.txt").read_text().strip()
        (problem,) = advisor.doctor()["problems"]
        assert problem.startswith(f"1 file in rejected/ is not brought in: {name} (")
        assert advisor.recommend("smallw", 8).evidence.n_runs == 25


# -- a full disk ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
        (OSError(errno.EACCES, "Permission denied"), "the tables cannot be written"),
        (duckdb.IOException("IO: No space left on device"), "the disk is full"),
        (duckdb.FatalException("FATAL: File too large"), "the disk is full"),
    ],
    ids=["full", "denied", "full in a write", "too large"],
)
def test_an_answer_says_that_it_does_not_rest_on_what_could_not_be_read(
    error, why, folder, monkeypatch
):
    def refuse(*_, **__):
        raise error

    with open_advisor(folder) as advisor:
        monkeypatch.setattr("knowledge.store.ingesting.publish", refuse)
        for n in (1, 2):
            drop(folder, record_of("runs", f"e{n}", runs=[ROW]), f"0{n}-runs-e{n}.json")
        said = (
            f"2 saved records could not be brought in ({why}): this answer does not "
            "rest on them."
        )
        assert advisor.recommend("smallw", 8).caveats[0] == said
        assert advisor.judge("smallw", 8, 1e-3).recommendation.caveats[0] == said
        asked = advisor.ask("what LR for batch 5 on realface?", save=False)
        assert said in asked.text
        assert said in advisor.ask("show the runs of smallw", save=False).warnings
        monkeypatch.undo()
        assert said not in advisor.recommend("smallw", 8).caveats
        assert said not in advisor.ask("show the runs of smallw", save=False).warnings


TOO_LARGE = """
import resource, sys
from pathlib import Path
from advisor.service import Advisor
folder = Path(sys.argv[1])
with Advisor.open(folder, study=False, library=False) as advisor:
    largest = (folder / "store.duckdb").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    r = advisor.recommend("smallw", 8)
    print(r.caveats[0], r.evidence.n_runs)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no limit on files")
def test_a_file_that_may_not_grow_leaves_records_waiting_and_an_answer_says_so(folder):
    runs = [{**ROW, "id": f"run:{n}", "note": f"{n}" * 50} for n in range(20_000)]
    drop(folder, record_of("runs", runs=runs))
    done = subprocess.run(
        [sys.executable, "-c", TOO_LARGE, str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == (
        "1 saved record could not be brought in (the disk is full): this answer does "
        "not rest on it. 24\n"
    ), done.stderr
    with open_advisor(folder) as advisor:
        assert advisor.store.counts()["runs"] == 20_024
    assert_sound(folder)
