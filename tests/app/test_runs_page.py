"""The Runs page: one list in tabs, and beside it one run, or several compared."""

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from advisor.service import Advisor
from advisor.ui.runs import detail, listing
from experiments.jobs.records import NewJob
from experiments.training.run_folder import RunFolder
from knowledge.records import Curve, Outcome, RunConfig
from tests.app.pages import OpenPage, proxy_run, texts

CURVE = Curve(
    tuple(1.0 / step for step in range(1, 41)),
    {
        "output_spread": ((20, 0.01), (40, 0.02)),
        "held_out_loss": ((20, 0.4), (40, 0.6)),
        "mean_face_mse": ((20, 0.05), (40, 0.05)),
    },
)


def config(**changes: object) -> RunConfig:
    """A run nobody will carry out."""
    base = RunConfig("realface@1/16", "faceswap-2021", 5, 1e-3, seed=1, steps=150)
    return replace(base, **changes)


def record(advisor: Advisor, number: int = 1, **changes: object) -> str:
    """Store one run with a curve and return its id."""
    run = replace(proxy_run(number, rate=1e-3, outcome=Outcome.DIVERGED), **changes)
    advisor.store.record_run(run, CURVE)
    return run.id


def show(at: AppTest, tab: str) -> AppTest:
    """Open a tab of the list."""
    at.session_state["runs_tab"] = tab
    at.run()
    assert not at.exception
    return at


def table_key(at: AppTest) -> str:
    """Return the key of the table of runs that is drawn."""
    return str(at.dataframe[0].proto.id).split("-", 2)[2]


def select(
    at: AppTest, *, cells: Sequence[tuple[int, str]] = (), rows: Sequence[int] = ()
) -> AppTest:
    """Click a cell of the table of runs, or tick rows, and see what opens."""
    selection = {"rows": list(rows), "columns": [], "cells": list(cells)}
    at.session_state[table_key(at)] = {"selection": selection}
    at.run()
    assert not at.exception
    return at


def test_an_empty_store_says_in_a_sentence_what_to_do(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """With a way on, and no table of nothing."""
    at = open_page("app")
    at.switch_page("advisor/ui/pages/runs.py").run()
    assert not at.exception
    assert "No run yet: ask a question and press Run" in texts(at)
    assert [link.label for link in at.get("page_link")] == [
        "Ask a question",
        "Import runs",
    ]
    assert not at.dataframe
    assert "Nothing is running." in texts(show(at, "Running"))
    assert "No run failed." in texts(show(at, "Failed"))


def test_a_verification_under_way_can_be_cancelled(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """Its jobs are shown with rate and step; the button stops all of them."""
    verification = advisor.verify("realface@1/16", [2, 5], budget_seconds=60)
    at = open_page("runs")
    assert "Running RealFace@1/16 at batch 2, 5" in texts(at)
    at.button(key=f"runs_{verification.id}_cancel").click().run()
    assert not at.exception
    assert {job.state for job in advisor.jobs()} == {"cancelled"}


def test_a_job_alone_can_be_cancelled(advisor: Advisor, open_page: OpenPage) -> None:
    """Also one that belongs to no verification."""
    job_id = advisor.queue.submit(NewJob(config()))
    at = open_page("runs")
    at.button(key=f"runs_cancel_{job_id}").click().run()
    assert not at.exception
    assert advisor.queue.job(job_id).state == "cancelled"


def test_a_failed_job_says_why_and_can_be_resumed(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """It stands among the failed runs; the error is shown as it is."""
    job_id = advisor.queue.submit(NewJob(config()))
    advisor.queue.claim("w")
    advisor.queue.end(job_id, "w", state="failed", error="No face in *folder*.")
    at = show(open_page("runs"), "Failed")
    assert list(at.dataframe[0].value["how it ended"]) == ["○ broke off"]
    select(at, cells=[(0, "model")])
    assert r"No face in \*folder\*." in texts(at)
    at.button(key=f"runs_resume_{job_id}").click().run()
    assert not at.exception
    assert advisor.queue.job(job_id).state == "queued"


def test_what_was_cancelled_is_listed_with_the_newest_first(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """In the one list, and never among what is under way."""
    ids = [advisor.queue.submit(NewJob(config(seed=n))) for n in range(3)]
    for job_id in ids:
        advisor.queue.cancel(job_id)
    at = open_page("runs")
    assert "Nothing is running." in texts(show(at, "Running"))
    show(at, "Failed")
    assert list(at.dataframe[0].value["run"]) == [f"runs?run={i}" for i in ids[::-1]]
    assert set(at.dataframe[0].value["how it ended"]) == {"○ cancelled"}


def test_what_runs_is_shown_first(advisor: Advisor, open_page: OpenPage) -> None:
    """Whoever comes while something runs wants to see that."""
    advisor.queue.submit(NewJob(config()))
    at = open_page("runs")
    assert at.session_state["runs_tab"] == "Running"
    assert "Nothing is running." not in texts(at)


def test_the_list_has_one_vocabulary(advisor: Advisor, open_page: OpenPage) -> None:
    """Held, failed, stopped early; titles, rates and steps as everywhere."""
    record(advisor, 1, outcome=Outcome.STABLE, learning_rate=2.5e-4)
    record(advisor, 2, outcome=Outcome.DEGRADED, failed_at_step=1200, steps=1500)
    early = {"outcome": Outcome.INCOMPLETE, "steps": 40, "horizon_steps": 12000}
    record(advisor, 3, **early)
    at = open_page("runs")
    shown = at.dataframe[0].value.sort_values("seed")
    assert list(shown["how it ended"]) == [
        "● held",
        "✕ failed at step 1,200",
        "◐ stopped early",
    ]
    assert set(shown["model"]) == {"RealFace@1/16"}
    assert list(shown["steps"]) == ["150", "1,500 of 150", "40 of 12,000"]
    show(at, "Failed")
    assert list(at.dataframe[0].value["how it ended"]) == ["✕ failed at step 1,200"]


def test_a_click_anywhere_in_a_row_opens_its_run_beside_the_list(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """And the address then leads to it; Close takes it away."""
    ids = [record(advisor, n, learning_rate=n * 1e-3) for n in (1, 2)]
    at = open_page("runs")
    order = [link.removeprefix("runs?run=") for link in at.dataframe[0].value["run"]]
    select(at, cells=[(1, "steps")])
    assert at.query_params["run"] == order[1]
    rate = {ids[0]: "1e-3", ids[1]: "2e-3"}[order[1]]
    assert at.header[0].value == f"RealFace@1/16 at batch 5, {rate}"
    at.run()
    assert at.query_params["run"] == order[1]
    at.button(key="runs_close").click().run()
    assert "run" not in at.query_params
    assert not at.header


def test_two_that_are_ticked_are_compared(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """Their curves in one chart, told apart by what differs, and how each ended."""
    record(advisor, 1, learning_rate=1e-4, outcome=Outcome.STABLE)
    record(advisor, 2, learning_rate=5e-4)
    record(advisor, 3, learning_rate=5e-4)
    at = select(open_page("runs"), rows=[0, 1, 2])
    assert at.header[0].value == "3 runs compared"
    labels = sorted(at.table[0].value["Run"])
    assert labels[0].startswith("[1e-4 at batch 5](runs?run=run:")
    assert "5e-4 at batch 5, seed 3" in " ".join(labels)
    measured = at.selectbox(key="runs_compared_metric")
    assert measured.options[:2] == ["Loss, smoothed", "Loss on held-out faces"]
    measured.set_value("output_spread").run()
    assert not at.exception
    assert len(at.get("vega_lite_chart") or at.get("arrow_vega_lite_chart")) == 1


def test_a_tick_never_slips_to_another_run(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """A run that comes in above moves the rows, not what is compared."""
    older = [record(advisor, n) for n in (1, 2)]
    at = select(open_page("runs"), rows=[0, 1])
    record(advisor, 3, created="2026-02-01T00:00:00")
    at.run()
    assert not at.exception
    assert sorted(at.query_params["run"]) == sorted(older)
    assert at.header[0].value == "2 runs compared"


def test_many_runs_come_in_pages(
    advisor: Advisor, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser draws a page of them at a time."""
    monkeypatch.setattr(listing, "PAGE_ROWS", 2)
    for number in range(5):
        record(advisor, number)
    first = listing.load_listed(advisor, listing.Listed("Finished"))
    last = listing.load_listed(advisor, listing.Listed("Finished", page=3))
    assert (len(first), len(last)) == (2, 1)
    assert set(first["id"]).isdisjoint(last["id"])


def test_a_job_whose_worker_is_gone_is_interrupted_and_can_be_resumed(
    advisor: Advisor, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restart in the middle of a run finds it again."""
    job_id = advisor.queue.submit(NewJob(config()))
    advisor.queue.claim("w")
    jobs = "experiments.jobs"
    for module in (f"{jobs}.leases", f"{jobs}.queue", "advisor.running.job_documents"):
        monkeypatch.setattr(f"{module}.worker_is_alive", lambda job: False)
    at = show(open_page("runs"), "Running")
    assert "interrupted" in texts(at)
    at.button(key=f"runs_resume_{job_id}").click().run()
    assert not at.exception
    assert advisor.queue.job(job_id).state == "queued"


def test_a_link_opens_one_run(advisor: Advisor, open_page: OpenPage) -> None:
    """Outcome, failed step, reason, curve and metrics of the run in the address."""
    run_id = record(advisor, note="the loss is not finite")
    at = open_page("runs", run=run_id)
    shown = texts(at)
    assert "✕ failed at step 20" in shown
    assert "The loss is not finite" in shown
    charts = at.get("vega_lite_chart") or at.get("arrow_vega_lite_chart")
    assert len(charts) == 3
    assert shown.index("Loss on held-out faces") < shown.index("How much outputs")


def test_what_never_changed_is_said_and_not_drawn(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """A flat line tells nothing."""
    shown = texts(open_page("runs", run=record(advisor)))
    assert "The same all along" in shown
    assert "Error of always drawing the mean face" in shown


def test_a_link_to_no_run_is_one_sentence(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """An old link says that the run is not here, and the page stays."""
    at = open_page("runs", run="run:<b>gone</b>")
    assert at.error[0].value.startswith(r"No run 'run\:\<b\>gone")
    assert at.title[0].value == "Runs"


def test_preview_pictures_are_shown_with_their_steps(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """The last one first; the others by their step."""
    job_id = advisor.queue.submit(NewJob(config()))
    folder = RunFolder.of_job(advisor.store.folder, job_id)
    folder.create(config())
    for step in (20, 40):
        Image.new("RGB", (12, 8)).save(folder.preview_path(step))
    run_id = record(advisor, job_id=job_id)
    at = open_page("runs", run=run_id)
    slider = at.select_slider(key=f"runs_preview_{folder.path.name}")
    assert slider.value == 40
    slider.set_value(20).run()
    assert not at.exception


def test_a_job_leads_to_the_run_that_it_left(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """An old link to the job still shows what came of it."""
    job_id = advisor.queue.submit(NewJob(config()))
    run_id = record(advisor, job_id=job_id)
    advisor.queue.claim("w")
    advisor.queue.end(job_id, "w", state="finished", run_id=run_id)
    assert "✕ failed at step 20" in texts(open_page("runs", run=job_id))


def test_an_imported_run_has_no_curve_and_says_so(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """Nobody is left wondering; a job id from elsewhere opens no folder."""
    run = replace(
        proxy_run(3, rate=1e-3, outcome=Outcome.STABLE),
        source="somebody's table",
        job_id="../../etc",
    )
    advisor.store.record_run(run)
    at = open_page("runs", run=run.id)
    assert "No curve is stored of it" in texts(at)


def test_a_malformed_job_id_of_ours_opens_no_folder(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """A path can never leave the folder of runs."""
    run_id = record(advisor, job_id="job:../../../x")
    open_page("runs", run=run_id)


def test_a_running_job_shows_its_curve_so_far(
    advisor: Advisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the worker has written is read from its folder, log included."""
    job_id = advisor.queue.submit(NewJob(config()))
    folder = RunFolder.of_job(advisor.store.folder, job_id)
    folder.create(config())
    folder.save_curve(CURVE)
    folder.log_path.write_text("a line of the log\n")
    drawn: list[str] = []
    for name in ("altair_chart", "json", "code"):
        monkeypatch.setattr(
            detail.st, name, lambda body, *_, **__: drawn.append(type(body).__name__)
        )
    detail.render_job(advisor, advisor.queue.job(job_id))
    assert drawn[0] == "LayerChart"
    assert drawn[-1] == "str"


def test_every_row_is_found_by_its_model(advisor: Advisor, open_page: OpenPage) -> None:
    """The filter narrows the list."""
    record(advisor, 1)
    record(advisor, 2, workload="original@1/16")
    at = open_page("runs")
    at.multiselect(key="runs_model_Finished").set_value(["original@1/16"]).run()
    assert not at.exception
    assert list(at.dataframe[0].value["model"]) == ["Original@1/16"]


def test_the_config_of_a_run_is_readable(advisor: Advisor, open_page: OpenPage) -> None:
    """Everything that is stored of it, without the empty fields."""
    run_id = record(advisor)
    at = open_page("runs", run=run_id)
    shown = json.loads(at.json[0].value)
    assert shown["id"] == run_id
    assert None not in shown.values()
