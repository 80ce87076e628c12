"""The Runs page: jobs under way and stopped, one run with its curve and pictures."""

import json
from dataclasses import replace

import pytest
from PIL import Image

from advisor.service import Advisor
from advisor.ui import run_views
from experiments.jobs.records import NewJob
from experiments.training.run_folder import RunFolder
from knowledge.records import Curve, Outcome, RunConfig
from tests.app.pages import OpenPage, proxy_run, texts

CURVE = Curve(
    tuple(1.0 / step for step in range(1, 41)),
    {"sharpness": ((20, 0.4), (40, 0.6)), "output_spread": ((20, 0.01), (40, 0.02))},
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


@pytest.mark.parametrize("page", ["runs", "app"])
def test_an_empty_store_says_what_to_do(
    advisor: Advisor, open_page: OpenPage, page: str
) -> None:
    """No table of nothing, no error."""
    at = open_page(page)
    if page == "app":
        at.switch_page("advisor/ui/pages/runs.py").run()
    assert not at.exception
    shown = texts(at)
    assert "Nothing is running." in shown
    assert "Ask a question, and press Run" in shown
    assert "No run yet." in shown


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
    """The error is shown as it is, and Resume queues the job again."""
    job_id = advisor.queue.submit(NewJob(config()))
    advisor.queue.claim("w")
    advisor.queue.end(job_id, "w", state="failed", error="No face in *folder*.")
    at = open_page("runs")
    shown = texts(at)
    assert r"No face in \*folder\*." in shown
    assert "Nothing is running." in shown
    assert "Ended without a result" in shown
    at.button(key=f"runs_resume_{job_id}").click().run()
    assert not at.exception
    assert advisor.queue.job(job_id).state == "queued"


def test_only_the_newest_ten_without_a_result_are_listed(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """Newest first by when they ended, and never among what is under way."""
    ids = [advisor.queue.submit(NewJob(config(seed=n))) for n in range(12)]
    for job_id in ids:
        advisor.queue.cancel(job_id)
    at = open_page("runs")
    assert "Nothing is running." in texts(at)
    resumable = [b.key for b in at.button if "resume" in (b.key or "")]
    assert resumable == [f"runs_resume_{job_id}" for job_id in reversed(ids)][:10]
    assert "2 older ones in the table of all jobs." in texts(at)


def test_what_runs_is_not_listed_as_ended(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """The heading stands only above something."""
    advisor.queue.submit(NewJob(config()))
    shown = texts(open_page("runs"))
    assert "Nothing is running." not in shown
    assert "Ended without a result" not in shown


def test_a_job_whose_worker_is_gone_is_interrupted_and_can_be_resumed(
    advisor: Advisor, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restart in the middle of a run finds it again."""
    job_id = advisor.queue.submit(NewJob(config()))
    advisor.queue.claim("w")
    jobs = "experiments.jobs"
    for module in (f"{jobs}.leases", f"{jobs}.queue", "advisor.running.job_documents"):
        monkeypatch.setattr(f"{module}.worker_is_alive", lambda job: False)
    at = open_page("runs")
    assert "interrupted" in texts(at)
    at.button(key=f"runs_resume_{job_id}").click().run()
    assert not at.exception
    assert advisor.queue.job(job_id).state == "queued"


def test_a_link_opens_one_run(advisor: Advisor, open_page: OpenPage) -> None:
    """Outcome, failed step, reason, curve and metrics of the run in the address."""
    run_id = record(advisor, note="the loss is not finite")
    at = open_page("runs", run=run_id)
    values = {m.label: m.value for m in at.metric}
    assert values["Outcome"] == "diverged"
    assert "the loss is not finite" in texts(at)
    charts = at.get("vega_lite_chart") or at.get("arrow_vega_lite_chart")
    assert len(charts) == 1 + len(CURVE.metrics)


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
    slider = at.select_slider(key=f"runs_preview_run_{folder.path.name}")
    assert slider.value == 40
    slider.set_value(20).run()
    assert not at.exception


def test_the_same_run_may_be_looked_at_as_a_job_too(
    advisor: Advisor, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Selected in both tables it is drawn twice, and no widget meets its double."""
    job_id = advisor.queue.submit(NewJob(config()))
    folder = RunFolder.of_job(advisor.store.folder, job_id)
    folder.create(config())
    for step in (20, 40):
        Image.new("RGB", (12, 8)).save(folder.preview_path(step))
    run_id = record(advisor, job_id=job_id)
    advisor.queue.claim("w")
    advisor.queue.end(job_id, "w", state="finished", run_id=run_id)
    monkeypatch.setattr(run_views, "render_jobs_table", lambda advisor: job_id)
    at = open_page("runs", run=run_id)
    assert len(at.select_slider) == 2


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
            run_views.st, name, lambda body, *_, **__: drawn.append(type(body).__name__)
        )
    run_views.render_job(advisor, advisor.queue.job(job_id))
    assert drawn[0] == "LayerChart"
    assert drawn[-1] == "str"


def test_every_row_is_found_by_its_workload(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """The filter narrows the table of runs."""
    record(advisor, 1)
    record(advisor, 2, workload="original@1/16")
    at = open_page("runs")
    at.multiselect(key="runs_workload").set_value(["original@1/16"]).run()
    assert not at.exception
    assert list(at.dataframe[-1].value["workload"]) == ["original@1/16"]


def test_the_config_of_a_run_is_readable(advisor: Advisor, open_page: OpenPage) -> None:
    """Everything that is stored of it, without the empty fields."""
    run_id = record(advisor)
    at = open_page("runs", run=run_id)
    shown = json.loads(at.json[0].value)
    assert shown["id"] == run_id
    assert None not in shown.values()
