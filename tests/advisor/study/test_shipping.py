"""Which of a store's runs are shipped, and what is said of them."""

import dataclasses
import json
import tomllib
from datetime import date

import pytest

from advisor.service import Advisor
from advisor.study.shipping import is_shippable, ship_study, study_facts
from knowledge.records import Curve
from tests.made_up_study import made_up_runs

DAY = date(2026, 1, 2)


@pytest.fixture
def advisor(tmp_path, monkeypatch):
    monkeypatch.setattr("knowledge.study.reading.FOLDER", tmp_path / "shipped")
    with Advisor.open(tmp_path / "s", study=False, library=False) as opened:
        yield opened


def test_measured_runs_of_our_own_workloads_with_a_curve_are_shipped(advisor, tmp_path):
    made = made_up_runs(5)
    for run, curve in made:
        advisor.store.record_run(run, curve)
    odd = made[0][0]
    strangers = [
        dataclasses.replace(odd, id="run:imported", source="a table"),
        dataclasses.replace(odd, id="run:elsewhere", workload="Grid/W"),
        dataclasses.replace(odd, id="run:private", data="/my/a::/my/b"),
        dataclasses.replace(odd, id="run:unjudged", outcome=None),
    ]
    assert not any(is_shippable(run) for run in strangers)
    for run in strangers:
        advisor.store.record_run(dataclasses.replace(run, job_id=None), made[0][1])
    bare = dataclasses.replace(odd, id="run:bare", job_id=None)
    advisor.store.record_run(bare, Curve())
    study = ship_study(advisor.store, tmp_path / "out", made=DAY)
    assert sorted(study.columns()["id"]) == sorted(run.id for run, _ in made)


def test_of_a_run_carried_further_the_furthest_is_shipped_and_paid_for_once(
    advisor, tmp_path
):
    """Also when a job of another step went on from it."""
    run, curve = made_up_runs(1)[0]
    run = dataclasses.replace(run, seconds=3600.0)
    short = dataclasses.replace(run, id="run:short", steps=100, seconds=1200.0)
    further = dataclasses.replace(
        run, id="run:further", job_id="job:other", steps=600, seconds=7200.0
    )
    loose = dataclasses.replace(short, id="run:loose", job_id=None)
    for row in (short, run, further, loose):
        advisor.store.record_run(row, curve)
    study = ship_study(advisor.store, tmp_path / "out", made=DAY)
    assert sorted(study.columns()["id"]) == ["run:further", "run:loose"]
    said = tomllib.loads((tmp_path / "out" / "study.toml").read_text())
    assert said["cpu_hours"] == pytest.approx((7200 + 1200) / 3600, abs=1e-3)


def test_a_study_can_be_shipped_again_from_a_store_that_started_with_it(
    advisor, tmp_path
):
    for run, curve in made_up_runs(4):
        advisor.store.record_run(run, curve)
    first = ship_study(advisor.store, tmp_path / "shipped", made=DAY)
    with Advisor.open(tmp_path / "fresh", study=True) as fresh:
        again = ship_study(fresh.store, tmp_path / "shipped", made=DAY)
    assert again.id == first.id
    assert dict(again.curves()) == dict(first.curves())


def test_the_facts_name_machine_versions_and_parts():
    runs = [run for run, _ in made_up_runs(6)]
    facts = study_facts(runs, {runs[0].job_id: "study-part"}, made=DAY)
    assert facts["made"] == "2026-01-02"
    assert facts["machine"]["cores"] >= 1
    assert facts["machine"]["cpu"]
    assert set(facts["versions"]) >= {"python", "torch", "numpy"}
    assert facts["code_versions"] == ["0.1.0"]
    assert facts["cpu_hours"] == pytest.approx(6 / 3600, abs=1e-3)
    names = {part["name"]: part["runs"] for part in facts["parts"]}
    assert names == {"realface@1/16 faceswap-2021": 5, "study-part": 1}
    for part in facts["parts"]:
        counts = [part[o] for o in ("stable", "degraded", "diverged", "incomplete")]
        assert sum(counts) == part["runs"]
    json.dumps(facts, allow_nan=False)


def test_a_run_that_was_paused_costs_no_more_than_its_steps():
    runs = [run for run, _ in made_up_runs(11)]
    paused = dataclasses.replace(runs[0], seconds=86_400.0)
    facts = study_facts([paused, *runs[1:]], {}, made=DAY)
    assert facts["cpu_hours"] == pytest.approx(11 / 3600, abs=1e-3)


def test_no_path_of_the_machine_is_shipped(advisor, tmp_path):
    for run, curve in made_up_runs(2):
        advisor.store.record_run(run, curve)
    ship_study(advisor.store, tmp_path / "out", made=DAY)
    text = (tmp_path / "out" / "study.toml").read_text()
    assert str(tmp_path) not in text
