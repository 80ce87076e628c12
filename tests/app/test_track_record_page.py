"""The Track record page: what was forecast, how it came out, and where to look."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from advisor.service import Advisor
from knowledge import inbox
from knowledge.records import Outcome
from tests.app.pages import OpenPage, proxy_run, texts
from tests.example_records import FORECAST

MADE = datetime(2026, 11, 22, 10)


def record_forecast(
    advisor: Advisor, number: int, *, chance: float, rate: float, outcome: Outcome
) -> None:
    """Store a forecast with the run it was made of and the job between them."""
    run = proxy_run(number, rate=rate, outcome=outcome)
    job_id = f"job:{number:012x}"
    forecast = replace(
        FORECAST,
        id=f"forecast:{number}",
        made=(MADE + timedelta(minutes=number)).isoformat(),
        job_id=job_id,
        workload=run.workload,
        recipe=run.recipe,
        optimizer=run.optimizer,
        batch_size=run.batch_size,
        learning_rate=rate,
        probability_stable=chance,
    )
    advisor.store.record_forecasts([forecast])
    job = {
        "id": job_id,
        "state": "finished",
        "kind": "run",
        "state_number": 2,
        "believed_low": 1e-4,
        "started": (MADE + timedelta(minutes=number, seconds=1)).isoformat(),
        "run_id": run.id,
    }
    inbox.record(advisor.store.folder, "job", job)
    advisor.store.record_run(replace(run, job_id=job_id, outcome_rule="1"))


@pytest.fixture
def eight_runs(advisor: Advisor) -> None:
    """Eight scored forecasts of one verification, about a threshold that was found."""
    rates = [1e-3, 1.4e-3, 1.7e-3, 1.9e-3, 2.2e-3, 2.5e-3, 3e-3, 4e-3]
    for number, rate in enumerate(rates):
        record_forecast(
            advisor,
            number,
            chance=0.95 - 0.12 * number,
            rate=rate,
            outcome=Outcome.STABLE if rate < 2e-3 else Outcome.DIVERGED,
        )


def test_an_empty_record_says_what_will_appear_and_how(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """One sentence, no chart of nothing."""
    at = open_page("track_record")
    assert "No forecast yet. When an answer is verified" in texts(at)
    assert len(at.dataframe) == 0
    assert len(at.metric) == 0


def test_the_record_is_told_in_sentences_figures_and_a_chart(
    advisor: Advisor, open_page: OpenPage, eight_runs: None
) -> None:
    """The same numbers in each."""
    at = open_page("track_record")
    shown = texts(at)
    assert "Of 8 runs forecast before the start, 4 held" in shown
    assert "90 % intervals of the limit held in 1 of 1" in shown
    assert "Where it said 90 to 100 %, 1 of 1 run held." in shown
    assert "Runs forecast: 8" in shown
    assert "Intervals that held: 1 of 1" in shown
    assert len(at.get("vega_lite_chart") or at.get("arrow_vega_lite_chart")) == 1


def test_every_number_leads_to_its_run(
    advisor: Advisor, open_page: OpenPage, eight_runs: None
) -> None:
    """Each row links to the page of the run it was scored by."""
    at = open_page("track_record")
    forecasts, intervals = (frame.value for frame in at.dataframe)
    assert list(forecasts["run"]) == [
        f"runs?run=run:{number:016x}" for number in reversed(range(8))
    ]
    assert list(forecasts["outcome"])[-1] == "● held"
    assert list(intervals["verdict"]) == ["● held"]
    assert list(intervals["runs"]) == [8]
    linked = open_page("runs", run=forecasts["run"][0].removeprefix("runs?run="))
    assert "✕ failed at step 20" in texts(linked)


def test_forecasts_that_wait_are_counted(advisor: Advisor, open_page: OpenPage) -> None:
    """Nothing is scored, and the page says why."""
    advisor.store.record_run(proxy_run(1, rate=1e-3, outcome=Outcome.STABLE))
    advisor.verify("realface@1/16", 5, learning_rate=[1e-3, 1e-2], steps=150)
    at = open_page("track_record")
    shown = texts(at)
    assert "Not scored: 2 because the run is not over." in shown
    assert "1 interval" not in shown
    assert "0 intervals settled, 1 open." in shown


def test_the_tables_hold_the_forecasts(
    advisor: Advisor, open_page: OpenPage, eight_runs: None
) -> None:
    """Evidence shows them as they were recorded."""
    at = open_page("evidence", evidence_tab="Tables")
    at.segmented_control(key="evidence_table").set_value("forecasts").run()
    assert not at.exception
    assert "**8 rows**" in texts(at)


def test_a_damaged_study_is_said_and_everything_else_works(
    advisor: Advisor, open_page: OpenPage
) -> None:
    advisor.study_problem = "The study that ships is damaged."
    at = open_page("track_record")
    assert [warning.value for warning in at.warning] == [advisor.study_problem]
