"""Day one: a new store holds the study's runs, and says what it rests on."""

import dataclasses
import shutil

import pytest

from advisor.answers.evidence_rows import run_summary
from advisor.cli.main import main
from advisor.evidence.library import Library
from advisor.service import Advisor
from knowledge.errors import StudyError
from knowledge.store.store import Store
from knowledge.study.reading import find_study
from knowledge.study.writing import write_study
from tests.made_up_study import made_up_runs, made_up_study

N_RUNS = 14


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A made-up study in the place of the shipped one."""
    monkeypatch.setattr("knowledge.study.reading.FOLDER", tmp_path / "study")
    monkeypatch.delenv("LR_ADVISOR_NO_STUDY", raising=False)
    return made_up_study(tmp_path / "study", N_RUNS)


def n_used(advisor: Advisor) -> int:
    return advisor.recommend("realface@1/16", 5).evidence.n_runs


def test_a_new_store_answers_from_measured_runs(study):
    with Advisor.open(":memory:") as advisor:
        r = advisor.recommend("realface@1/16", 5)
        assert (r.basis, r.evidence.n_runs) == ("measured", N_RUNS)
        assert advisor.recommend("realface", 5).borrowed_from[:1] != ()
        assert advisor.recommend("realface", 5).basis == "reported"
        counts = advisor.store.counts()
    assert (counts["runs"], counts["curves"]) == (N_RUNS, 0)


def test_without_the_study_or_the_seeds_there_are_none(study, monkeypatch):
    for how in ({"study": False}, {"seeded": False}):
        with Advisor.open(":memory:", **how) as advisor:
            assert advisor.store.counts()["runs"] == 0
    monkeypatch.setenv("LR_ADVISOR_NO_STUDY", "1")
    with Advisor.open(":memory:") as advisor:
        assert advisor.store.counts()["runs"] == 0
        assert advisor.store.counts()["claims"] > 0


@pytest.mark.parametrize("how", [{"study": False}, {"seeded": False}])
def test_a_store_made_without_it_stays_without(study, tmp_path, how):
    with Advisor.open(tmp_path / "s", **how):
        pass
    with Advisor.open(tmp_path / "s") as advisor:
        assert advisor.store.counts()["runs"] == 0


@pytest.mark.parametrize("how", [{"study": False}, {"seeded": False}])
def test_opened_without_it_a_store_leaves_its_runs_out(study, tmp_path, how):
    with Advisor.open(tmp_path / "s") as advisor:
        assert n_used(advisor) == N_RUNS
    with Advisor.open(tmp_path / "s", **how) as advisor:
        assert n_used(advisor) == 0
        assert advisor.scaling("realface@1/16").n_runs == 0
        advisor.store.record_run(dataclasses.replace(made_up_runs(3)[0][0], id="run:x"))
        assert n_used(advisor) == 1


def test_a_store_from_before_is_given_the_study_once(study, tmp_path, monkeypatch):
    monkeypatch.setattr("knowledge.study.reading.FOLDER", tmp_path / "none yet")
    with Advisor.open(tmp_path / "s") as advisor:
        assert advisor.store.counts()["runs"] == 0
    monkeypatch.setattr("knowledge.study.reading.FOLDER", tmp_path / "study")
    for _ in range(2):
        with Advisor.open(tmp_path / "s") as advisor:
            assert advisor.store.counts()["runs"] == N_RUNS
            assert not advisor.store.lacks(study)
    records = [*(tmp_path / "s").rglob("*-study-*.json")]
    assert len(records) == 1


def test_a_newer_study_adds_its_runs_and_the_old_ones_stay(study, tmp_path):
    with Advisor.open(tmp_path / "s") as advisor:
        first = {run.id for run in advisor.store.runs()}
    made_up_study(tmp_path / "study", N_RUNS + 3)
    with Advisor.open(tmp_path / "s") as advisor:
        runs = {run.id for run in advisor.store.runs()}
        assert first < runs
        assert len(runs) == 2 * N_RUNS + 3
        # The first study's files are gone; what the store was told of it is not.
        assert advisor.store.verify().problems == ()
        assert advisor.store.curve(min(first)).losses == ()


def test_a_newer_studys_word_on_a_run_replaces_the_older_ones(study, tmp_path):
    made = made_up_runs(N_RUNS)
    run, curve = made[0]
    with Advisor.open(tmp_path / "s") as advisor:
        assert advisor.store.run(run.id).seconds == 1.0
        assert n_used(advisor) == N_RUNS
        again = [(dataclasses.replace(run, seconds=2.0), curve), *made[1:]]
        advisor.store.record_shipped(write_study(tmp_path / "study", again, {}))
        assert advisor.store.run(run.id).seconds == 2.0
        assert n_used(advisor) == N_RUNS
        assert advisor.store.verify().problems == ()


@pytest.mark.parametrize("ours_first", [True, False])
def test_a_run_that_was_made_here_too_is_ours_whichever_came_first(
    study, tmp_path, ours_first
):
    """Its seconds are this machine's; rebuilt from the records it is the same."""
    run, curve = made_up_runs(N_RUNS)[4]
    mine = dataclasses.replace(run, seconds=9.0)
    with Store(tmp_path / "s") as store:
        if ours_first:
            store.record_run(mine, curve)
            store.ingest_all()
        store.record_shipped(study)
        store.ingest_all()
        if not ours_first:
            store.record_run(mine, curve)
        kept = store.run(run.id)
        assert (kept.source, kept.seconds) == ("ours", 9.0)
        assert store.counts()["runs"] == N_RUNS
        assert store.curve(run.id) == curve
        assert store.verify().problems == ()


def test_remembered_runs_notice_that_one_became_ours(study, tmp_path):
    run, curve = made_up_runs(N_RUNS)[4]
    with Advisor.open(tmp_path / "s") as advisor:
        assert n_used(advisor) == N_RUNS
        advisor.store.record_run(run, curve)
        assert n_used(advisor) == N_RUNS
        sources = [r.source for r in advisor.store.runs_of_group("faceswap")]
        assert sorted(sources) == ["ours", *["study"] * (N_RUNS - 1)]


def test_the_studys_seconds_say_nothing_of_this_machine(study):
    with (
        Advisor.open(":memory:") as advisor,
        Advisor.open(":memory:", study=False) as b,
    ):
        mine, without = (
            x.recommend("realface@1/16", 40).verification.runs[0] for x in (advisor, b)
        )
        per_step = mine.estimated_seconds / mine.steps
        assert per_step == pytest.approx(
            without.estimated_seconds / without.steps, rel=0.2
        )


def test_a_curve_is_read_from_the_shipped_file(study):
    run, curve = made_up_runs(N_RUNS)[2]
    with Advisor.open(":memory:") as advisor:
        assert advisor.store.curve(run.id).losses == pytest.approx(
            curve.losses, rel=1e-3
        )
        report = advisor.doctor()
    assert report["outcomes_checked"] == N_RUNS
    assert report["ok"]


def test_a_damaged_study_is_a_sentence_and_the_store_opens(study, tmp_path, capsys):
    (tmp_path / "study" / "runs.parquet").write_bytes(b"PAR1")
    with Advisor.open(tmp_path / "s") as advisor:
        assert advisor.recommend("realface", 5).basis == "reported"
        assert "runs.parquet is missing or damaged" in advisor.study_problem
        assert advisor.study_problem in advisor.doctor()["problems"]
    code = main(["workloads", "--store", str(tmp_path / "s"), "--json"])
    said = capsys.readouterr()
    assert code == 0
    assert said.err.count("\n") == 1
    assert "damaged" in said.err


def test_damaged_curves_are_a_sentence_where_they_are_looked_at(study, tmp_path):
    with Advisor.open(tmp_path / "s") as advisor:
        (tmp_path / "study" / "curves-1.parquet").write_bytes(b"")
        assert n_used(advisor) == N_RUNS
        with pytest.raises(StudyError, match="damaged"):
            advisor.store.curve(advisor.store.runs()[0].id)
        assert any("damaged" in problem for problem in advisor.doctor()["problems"])


def test_runs_of_a_study_judged_by_an_older_rule_are_left_out(study):
    with Advisor.open(":memory:") as advisor:
        made = dataclasses.replace(made_up_runs(2)[0][0], id="run:old", job_id=None)
        older = dataclasses.replace(made, source="study", outcome_rule="1")
        advisor.store.record_runs([older])
        r = advisor.recommend("realface@1/16", 5)
        assert r.evidence.n_runs == N_RUNS
        reasons = {e.id: e.reason for e in r.evidence.excluded}
        assert reasons == {"run:old": "judged by an older outcome rule (1)"}


def test_two_processes_that_open_one_store_bring_it_in_once(study, tmp_path):
    with Store(tmp_path / "s") as store:
        store.record_shipped(study)
        store.record_shipped(study)
        assert store.counts()["runs"] == N_RUNS
        assert store.verify().problems == ()


def test_without_the_package_the_store_keeps_what_it_was_told(study, tmp_path):
    with Advisor.open(tmp_path / "s") as advisor:
        before = n_used(advisor)
    shutil.rmtree(tmp_path / "study")
    with Advisor.open(tmp_path / "s") as advisor:
        assert n_used(advisor) == before
        assert advisor.store.verify().problems == ()


def test_what_is_said_of_a_study_run_has_its_unit_and_its_origin(study):
    with Advisor.open(":memory:") as advisor:
        text = run_summary(advisor.store.runs()[0])
        assert "length 300 steps" in text
        assert text.endswith("(study)")
        report = advisor.scaling("realface@1/16")
        sources = {alone.source for f in report.findings for alone in f.by_source}
        assert sources == {"study"}


def test_an_unseeded_library_leaves_the_studys_runs_out(study):
    with Advisor.open(":memory:") as advisor:
        library = Library(advisor.store, seeded=False)
        assert library.shelves("realface") == {}


def test_what_ships_now_is_whole_and_labelled_by_todays_rule():
    """The real one, if there is one: every label is what its curve says."""
    study = find_study()
    if study is None:
        pytest.skip("this version ships no study")
    with Advisor.open(":memory:", study=True) as advisor:
        assert advisor.study_problem is None
        assert advisor.store.counts()["runs"] == study.facts["runs"]
        report = advisor.store.verify()
    assert report.problems == ()
    assert report.outcomes_checked == study.facts["runs"]
