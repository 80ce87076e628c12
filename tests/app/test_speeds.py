"""The fastest batch on the Ask page: its chart, and the button that measures."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from advisor.running import speeds
from advisor.service import Advisor
from advisor.ui.speeds import timing_text
from experiments.jobs.records import NewJob
from experiments.machine import machine_name
from knowledge.errors import RunError
from knowledge.records import RunConfig, Throughput
from tests.app.pages import OpenPage, texts

QUESTION = "Which batch is fastest for RealFace on my machine?"


@pytest.fixture(autouse=True)
def small_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is asked how large a model is."""
    described = {"parameters": {"total": 1000}}
    monkeypatch.setattr(speeds, "describe_workload", lambda *_: described)


def timed(batch_size: int) -> Throughput:
    """What a timing finds of one batch size."""
    return Throughput(
        id=f"throughput:{batch_size}",
        measured="2026-01-01T00:00:00",
        machine=machine_name(),
        device="cpu",
        workload="realface",
        recipe="faceswap-2021",
        precision="fp32",
        batch_size=batch_size,
        seconds_per_step=0.5,
        examples_per_second=4.0 * batch_size,
        peak_memory_mb=400.0,
        n_workers=1,
    )


def ask(open_page: OpenPage) -> AppTest:
    at = open_page("ask")
    at.chat_input(key="ask_input").set_value(QUESTION).run()
    assert not at.exception
    return at


def test_the_speed_is_measured_by_a_job_and_answered_from(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """Its progress stands with the answer, which then has the chart and the rows."""
    at = ask(open_page)
    assert "has not been measured on this machine" in texts(at)
    assert at.button(key="ask_measure_0").label == "Measure it here"
    at.button(key="ask_measure_0").click().run()
    assert not at.exception
    (job,) = advisor.jobs()
    assert (job.kind, job.config.workload) == ("speed", "realface")
    assert job.config.options["n_workers"] == str(advisor.settings.n_workers)
    assert "Measuring RealFace" in texts(at)
    assert not [b for b in at.button if b.key == "ask_measure_0"]
    assert advisor.recommend("realface", 5).learning_rate  # it is no run to wait for

    assert advisor.queue.claim("test") is not None
    advisor.store.record_throughput([timed(2), timed(5)])
    advisor.queue.end(job.id, "test", state="finished")
    at.run()
    assert not at.exception
    assert "Batch 5 is the fastest" in texts(at)
    assert at.get("vega_lite_chart") or at.get("arrow_vega_lite_chart")
    assert list(at.dataframe[0].value["batch size"]) == [2, 5]
    assert at.button(key="ask_measure_0").label == "Measure again"


def test_a_measurement_is_cancelled_and_says_that_nothing_came_of_it(
    advisor: Advisor, open_page: OpenPage
) -> None:
    at = ask(open_page)
    at.button(key="ask_measure_0").click().run()
    at.button(key="ask_timing_cancel_0").click().run()
    assert not at.exception
    assert advisor.jobs()[0].state == "cancelled"
    at.run()
    assert "nothing was measured." in texts(at)
    assert at.button(key="ask_measure_0").label == "Measure it here"


@pytest.mark.parametrize("free_mb", [100.0, 700.0])
def test_what_does_not_fit_into_the_memory_is_not_begun(
    advisor: Advisor, free_mb: float
) -> None:
    """What was measured here counts before any guess."""
    advisor.store.record_throughput([replace(timed(2), peak_memory_mb=900.0)])
    with pytest.raises(RunError, match=r"RealFace needs about 0\.9 GB"):
        speeds.check_memory(advisor.store, "realface", free_mb=free_mb)
    speeds.check_memory(advisor.store, "realface", free_mb=1000.0)
    with pytest.raises(RunError, match=r"DLight needs about 0\.6 GB"):
        speeds.check_memory(advisor.store, "dlight", free_mb=500.0)


def test_nothing_is_measured_while_something_else_goes_on(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """Runs under way would share the cores."""
    config = RunConfig("digits_mlp", "adam", 32, 1e-3, seed=1, steps=10, data="digits")
    advisor.queue.submit(NewJob(config))
    at = ask(open_page)
    at.button(key="ask_measure_0").click().run()
    assert "Runs are under way" in at.error[0].value
    assert len(advisor.jobs()) == 1


def test_the_time_left_is_said_from_the_first_batch_size_on(advisor: Advisor) -> None:
    job_id = speeds.start_measuring(
        advisor.store, advisor.queue, "original", n_workers=1, budget_seconds=30.0
    )
    job = advisor.queue.job(job_id)
    assert timing_text(job, now=0.0).startswith("Starting PyTorch")
    timing = replace(job, started=100.0, progress=0.25)
    said = timing_text(timing, now=115.0)
    assert said == "25 % of the batch sizes are timed, at most 25 s left"


def test_a_model_that_cannot_be_trained_here_has_no_button(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """An imported workload is known by its runs alone."""
    at = open_page("ask")
    at.chat_input(key="ask_input").set_value("What is warm-up?").run()
    assert not [b for b in at.button if b.key and b.key.startswith("ask_measure")]


def test_the_time_a_plan_is_given_is_what_its_runs_take(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """Rounded up to ten seconds, and a minute at least: there are runs to follow up."""
    at = open_page("ask")
    at.chat_input(key="ask_input").set_value("What LR for batch 5 on RealFace?").run()
    plan = advisor.recommend("realface", 5).verification
    given = at.number_input(key="ask_budget_0").value
    taken = max(plan.estimated_seconds, 60)
    assert 0 <= given - taken <= 10
    assert f"{taken:.0f} s on this computer" in texts(at)
