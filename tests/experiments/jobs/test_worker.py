"""A worker's run: stopped early while fine, carried further, or said why it failed."""

import json
import math
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
import torch

from experiments import speed
from experiments.jobs import carrying_out, timing, worker
from experiments.jobs.carrying_out import build_run
from experiments.jobs.queue import Queue
from experiments.jobs.records import SPEED, Job, NewJob
from experiments.jobs.worker import do_job
from experiments.training import kept_checkpoints, loop
from experiments.training.kept_checkpoints import keep
from experiments.training.loop import train
from experiments.training.memory import largest_fitting_batch
from experiments.training.run_folder import RunFolder
from experiments.workloads.digits.task import DigitsTask
from experiments.workloads.faces import task
from experiments.workloads.faces.pictures import FaceSet, generate_faces, load_faces
from knowledge import inbox
from knowledge.outcome import is_in_doubt
from knowledge.records import Run, RunConfig, run_body

pytestmark = pytest.mark.usefixtures("few_faces")

CONFIG = RunConfig("digits_mlp", "adam", 32, 1e-3, seed=3, steps=60, data="digits")
LONGER = replace(CONFIG, steps=120)
FACES = RunConfig("original@1/64", "faceswap-2021", 2, 1e-3, seed=3, steps=24)


class Bench:
    """A queue and a store folder in which jobs are carried out one at a time."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.queue = Queue(folder)

    def run(self, config: RunConfig = CONFIG, **values: object) -> Job:
        """Queue a job, carry it out and return it as it ended."""
        return self.go_on(self.queue.submit(NewJob(config, **values)))

    def go_on(self, job_id: str) -> Job:
        """Carry out a job that waits."""
        job = self.queue.claim("us")
        assert job is not None
        assert job.id == job_id
        do_job(self.queue, self.folder, job, "us")
        return self.queue.job(job_id)

    def of(self, job: Job) -> RunFolder:
        """The job's folder."""
        return RunFolder.of_job(self.folder, job.id)

    def records(self) -> list[dict[str, object]]:
        """The bodies of the runs recorded so far."""
        events = map(inbox.load_record, inbox.waiting(self.folder))
        return [event["body"] for event in events if event["kind"] == "run"]


@pytest.fixture
def bench(tmp_path):
    (tmp_path / "inbox").mkdir()
    bench = Bench(tmp_path)
    yield bench
    bench.queue.close()


@pytest.fixture(autouse=True)
def in_no_doubt(monkeypatch):
    """Runs this short have learned nothing yet, so they would not be stopped."""
    monkeypatch.setattr(worker, "is_in_doubt", lambda losses, steps: False)


def undisturbed(config: RunConfig, folder: Path) -> tuple[float, ...]:
    result = train(config, RunFolder(folder), watch=lambda step, loss: True)
    return result.curve.losses


def test_a_run_stops_where_it_was_to_stop_and_its_record_says_how_far(bench):
    job = bench.run(stop_after=20)
    assert (job.state, job.progress, job.error) == ("finished", 1.0, None)
    (record,) = bench.records()
    run = record["run"]
    assert (run["outcome"], run["steps"], run["horizon_steps"]) == (
        "incomplete",
        20,
        60,
    )
    assert len(record["losses"]) == 20
    assert bench.of(job).kept_path.exists()


@pytest.mark.parametrize("spread", [0.5, math.nan], ids=["finite", "not finite"])
def test_a_run_is_saved_as_the_store_itself_would_save_it(bench, monkeypatch, spread):
    """Also with a number that JSON has no word for: the outcome must not be lost."""
    made = []

    def build(config: RunConfig, **values: object) -> Run:
        run = replace(build_run(config, **values), metric_value=spread)
        made.append((run, values["curve"]))
        return run

    monkeypatch.setattr(carrying_out, "build_run", build)
    job = bench.run()
    assert (job.state, job.error) == ("finished", None)
    run, curve = made[0]
    body = run_body(replace(run, job_id=job.id), curve)
    assert bench.records() == [json.loads(json.dumps(body))]


@pytest.mark.parametrize("config", [CONFIG, FACES], ids=["digits", "faces"])
def test_a_run_carried_further_twice_equals_an_undisturbed_one(bench, config):
    """To the last digit, and each stop leaves a record of its own."""
    job = bench.run(config, stop_after=8)
    for stop in (16, None):
        bench.queue.carry_further(job.id, stop_after=stop)
        job = bench.go_on(job.id)
    assert job.resumed_from_step == 16
    *parts, whole = bench.records()
    assert [part["run"]["outcome"] for part in parts] == ["incomplete"] * 2
    assert whole["run"]["steps"] == config.steps
    assert len({record["run"]["id"] for record in bench.records()}) == 3
    assert {record["run"]["job_id"] for record in bench.records()} == {job.id}
    assert tuple(whole["losses"]) == undisturbed(config, bench.folder / "whole")


def test_a_longer_run_goes_on_from_the_checkpoint_of_a_shorter_one(bench):
    """The stored curve is whole, as if nobody had stopped in between."""
    short = bench.run(stop_after=30)
    long = bench.run(LONGER, continues_job=short.id)
    assert long.resumed_from_step == 30
    assert tuple(bench.records()[-1]["losses"]) == undisturbed(
        LONGER, bench.folder / "whole"
    )
    assert bench.of(short).kept_path.exists()  # the source may go on too


def test_a_longer_run_whose_source_is_gone_starts_anew(bench):
    short = bench.run(stop_after=30)
    bench.of(short).kept_path.unlink()
    long = bench.run(LONGER, continues_job=short.id)
    assert (long.state, long.resumed_from_step) == ("finished", None)
    assert len(bench.records()[-1]["losses"]) == LONGER.steps


def test_a_run_that_began_otherwise_is_not_gone_on_from(bench):
    """Whoever asks: a checkpoint of another rate would make a run nobody can repeat."""
    short = bench.run(stop_after=30)
    other = bench.run(replace(LONGER, learning_rate=1.1e-3), continues_job=short.id)
    assert other.resumed_from_step is None


def test_a_run_in_doubt_goes_on_until_it_is_clear(bench, monkeypatch):
    seen: list[int] = []

    def in_doubt(losses: list[float], steps: int) -> bool:
        seen.append(len(losses))
        return len(losses) < 40

    monkeypatch.setattr(worker, "is_in_doubt", in_doubt)
    bench.run(stop_after=20)
    assert seen == [20, 30, 40]
    assert bench.records()[0]["run"]["steps"] == 40


def test_a_run_that_learns_nothing_is_not_stopped_early(bench, monkeypatch):
    """So does a model that collapsed: it goes on until the rule can tell."""
    monkeypatch.setattr(worker, "is_in_doubt", is_in_doubt)
    bench.run(replace(CONFIG, learning_rate=1e-9), stop_after=20)
    assert bench.records()[0]["run"]["steps"] == CONFIG.steps


def test_losses_of_earlier_attempts_count_when_it_is_judged_whether_to_stop(
    bench, monkeypatch
):
    lengths: list[int] = []
    monkeypatch.setattr(
        worker,
        "is_in_doubt",
        lambda losses, steps: lengths.append(len(losses)) or False,
    )
    job = bench.run(stop_after=20)
    bench.queue.carry_further(job.id, stop_after=40)
    bench.go_on(job.id)
    assert lengths == [20, 40]


def test_cancelling_wins_over_stopping_early(bench, monkeypatch):
    monkeypatch.setattr(
        worker.Heartbeat,
        "_may_stop_early",
        lambda self, step: not self._asked_to_stop.wait(),
    )
    monkeypatch.setattr(Queue, "beat", lambda *args, **values: False)
    job = bench.run(stop_after=40)
    assert job.state == "cancelled"
    assert bench.of(job).checkpoint_path.exists()  # for `jobs resume`


def test_a_failed_run_keeps_no_checkpoint(bench, monkeypatch):
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    job = bench.run(replace(CONFIG, recipe="sgd", learning_rate=1e30), stop_after=30)
    assert bench.records()[0]["run"]["outcome"] == "diverged"
    folder = bench.of(job)
    assert not folder.checkpoint_path.exists()
    assert not folder.kept_path.exists()


def test_kept_checkpoints_stay_below_their_cap_and_the_oldest_go_first(
    bench, monkeypatch
):
    first, second = bench.run(stop_after=20), bench.run(stop_after=20)
    # Two files that a fast machine writes may bear the same time.
    for age, job in enumerate((first, second)):
        os.utime(bench.of(job).kept_path, (age, age))
    size = bench.of(second).kept_path.stat().st_size
    monkeypatch.setattr(kept_checkpoints, "MOST_KEPT_BYTES", 2.5 * size)
    third = bench.run(stop_after=20)
    kept = [bench.of(job).kept_path.exists() for job in (first, second, third)]
    assert kept == [False, True, True]


def test_a_checkpoint_larger_than_the_cap_is_not_kept(bench, monkeypatch):
    monkeypatch.setattr(kept_checkpoints, "MOST_KEPT_BYTES", 10)
    job = bench.run(stop_after=20)
    assert job.state == "finished"
    assert not bench.of(job).kept_path.exists()
    assert not keep(bench.of(job), bench.folder)


def test_a_job_that_an_earlier_version_queued_is_carried_out(bench):
    """Its file lacks columns; its config is what it was."""
    job_id = bench.queue.submit(NewJob(CONFIG))
    with sqlite3.connect(bench.queue.path) as con:
        for column in ("stop_after", "continues_job", "note"):
            con.execute(f"alter table jobs drop column {column}")
    con.close()
    bench.queue.close()
    bench.queue = Queue(bench.folder)
    job = bench.go_on(job_id)
    assert (job.state, job.error) == ("finished", None)
    assert bench.records()[0]["run"]["job_id"] == job_id


def test_a_run_is_carried_out_by_somebody_who_has_no_queue(tmp_path):
    """As a worker on another machine does: it gets the record and the curve to send."""

    class Watching:
        steps: ClassVar[list[int]] = []
        resumed: ClassVar[list[int]] = []

        def __call__(self, step: int, loss: float) -> bool:
            self.steps.append(step)
            return step != 20

        def note_resumed(self, step: int) -> None:
            self.resumed.append(step)

        def note(self, text: str) -> None:
            raise AssertionError(text)

    folder, watch = RunFolder(tmp_path / "run"), Watching()
    first = carrying_out.carry_out(CONFIG, folder, watch)
    assert (first.stopped, first.run.steps, first.run.outcome) == (
        True,
        20,
        "incomplete",
    )
    whole = carrying_out.carry_out(CONFIG, folder, watch)
    assert watch.steps == list(range(1, CONFIG.steps + 1))
    assert set(watch.resumed) == {20}
    assert not whole.stopped
    assert whole.curve.losses == undisturbed(CONFIG, tmp_path / "undisturbed")
    assert whole.run.metric_name == "validation_accuracy"


# -- faults ----------------------------------------------------------------------------


def test_a_rate_at_which_the_first_step_is_nan_diverges_at_once(bench):
    """Its curve is stored and its preview drawn, and the next job runs as ever."""
    job = bench.run(replace(FACES, learning_rate=1e38), stop_after=12)
    assert (job.state, job.error) == ("finished", None)
    (record,) = bench.records()
    assert record["run"]["outcome"] == "diverged"
    assert record["run"]["failed_at_step"] <= 3
    assert record["losses"][-1] is None
    assert bench.of(job).previews()
    assert bench.run().state == "finished"


def test_a_loss_that_is_nan_at_the_very_first_step_is_a_result(bench, monkeypatch):
    monkeypatch.setattr(
        DigitsTask,
        "training_loss",
        lambda self, step: self.model.parameters().__next__().sum() * float("nan"),
    )
    bench.run(stop_after=20)
    run = bench.records()[0]["run"]
    assert (run["outcome"], run["failed_at_step"], run["steps"]) == ("diverged", 1, 1)


def test_a_full_disk_costs_the_checkpoints_and_is_said_once(bench, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(torch, "save", full)
    job = bench.run()
    assert (job.state, job.error) == ("finished", None)
    assert "No checkpoint at step 1 (No space left on device)" in job.note
    assert bench.records()[0]["run"]["outcome"] == "stable"
    assert bench.of(job).log_path.read_text().count("No checkpoint") == 1


def test_a_run_that_stopped_early_without_room_for_its_checkpoint_starts_anew(
    bench, monkeypatch
):
    with monkeypatch.context() as patched:
        patched.setattr(
            torch, "save", lambda *_: (_ for _ in ()).throw(OSError(28, "No space"))
        )
        job = bench.run(stop_after=20)
    bench.queue.carry_further(job.id, stop_after=None)
    job = bench.go_on(job.id)
    assert job.state == "finished"
    assert tuple(bench.records()[-1]["losses"]) == undisturbed(
        CONFIG, bench.folder / "whole"
    )


def people(folder: Path) -> str:
    """Two folders of six pictures each, as `--data` names them."""
    from PIL import Image

    faces = generate_faces(64, 6)
    for name, side in (("a", faces.train_a), ("b", faces.train_b)):
        (folder / name).mkdir(parents=True)
        for i, face in enumerate(side):
            pixels = (face * 255).byte().permute(1, 2, 0).numpy()
            Image.fromarray(pixels).save(folder / name / f"{i}.png")
    return f"{folder / 'a'}::{folder / 'b'}"


def add_a_picture(folder: Path) -> None:
    (folder / "b" / "9.png").write_bytes((folder / "b" / "0.png").read_bytes())


def empty(folder: Path) -> None:
    for path in (folder / "b").iterdir():
        path.unlink()


@pytest.mark.parametrize("change", [add_a_picture, empty], ids=["added", "vanished"])
def test_a_run_is_not_resumed_with_other_pictures(
    bench, tmp_path, change: Callable[[Path], None]
):
    """They would silently make another run of it; nothing else is disturbed."""
    config = replace(FACES, data=people(tmp_path / "people"))
    job = bench.run(config, stop_after=8)
    change(tmp_path / "people")
    bench.queue.carry_further(job.id, stop_after=None)
    job = bench.go_on(job.id)
    assert job.state == "failed"
    assert "are no longer those this run began with" in job.error
    assert str(tmp_path / "people" / "b") in job.error
    assert len(bench.records()) == 1
    assert bench.run().state == "finished"


def test_what_looks_like_folders_is_none_to_a_workload_without_pictures(
    bench, tmp_path
):
    """Its `data` may be written in any way; nothing is looked up and nothing kept."""
    config = replace(CONFIG, data=people(tmp_path / "people"))
    job = bench.run(config, stop_after=8)
    assert not bench.of(job).pictures_path.exists()
    add_a_picture(tmp_path / "people")
    bench.queue.carry_further(job.id, stop_after=None)
    assert bench.go_on(job.id).state == "finished"


def test_pictures_that_vanish_during_a_run_do_not_matter_to_it(
    bench, tmp_path, monkeypatch
):
    """They were read at its start."""
    config = replace(FACES, data=people(tmp_path / "people"))

    def load_then_lose(data: str, size: int) -> FaceSet:
        faces = load_faces(data, size)
        empty(tmp_path / "people")
        return faces

    monkeypatch.setattr(task, "load_faces", load_then_lose)
    assert bench.run(config).state == "finished"


def test_a_run_that_needs_too_much_memory_says_which_batch_should_fit(
    bench, monkeypatch
):
    def too_large(self: DigitsTask, step: int) -> torch.Tensor:
        if self._batch_size > 256:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: ...")
        return loss(self, step)

    loss = DigitsTask.training_loss
    monkeypatch.setattr(DigitsTask, "training_loss", too_large)
    job = bench.run(replace(CONFIG, batch_size=1024))
    assert job.state == "failed"
    assert "Batch 1024 needs more memory than is free here: batch 512" in job.error
    assert bench.run().state == "finished"


def test_the_batch_that_should_fit_grows_with_the_free_memory():
    config = replace(FACES, batch_size=10_000)
    fits = [largest_fitting_batch(config, free=free) for free in (1e6, 1e8, 4e8, 1e13)]
    assert fits[0] is None
    assert 1 <= fits[1] < fits[2] < fits[3] == 8192


_CHILD = """
import resource, sys, psutil
from dataclasses import replace
from pathlib import Path
import experiments.training.loop
from experiments.jobs.records import NewJob
from experiments.jobs.queue import Queue
from experiments.jobs.worker import do_job
limit = psutil.Process().memory_info().vms + 400 * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
queue = Queue(Path(sys.argv[1]))
def work():
    job = queue.claim("child")
    do_job(queue, Path(sys.argv[1]), job, "child")
    return queue.job(job.id)
too_large, small = work(), work()
fitting = int(too_large.error.split(": batch ")[1].split()[0])
queue.submit(NewJob(replace(small.config, batch_size=fitting)))
work()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no address-space limit there")
def test_memory_that_really_runs_out_fails_the_job_and_not_the_next_one(bench):
    """The batch that is said to fit does fit, in the same process."""
    config = replace(FACES, steps=2, data="lfw")
    for batch_size in (4096, 2):
        bench.queue.submit(NewJob(replace(config, batch_size=batch_size)))
    subprocess.run(
        [sys.executable, "-c", _CHILD, str(bench.folder)],
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
        cwd=Path(worker.__file__).parents[2],
    )
    too_large, small, fitting = bench.queue.jobs()
    assert too_large.state == "failed"
    assert "Batch 4096 needs more memory than is free here: batch " in too_large.error
    assert (small.state, fitting.state) == ("finished", "finished")
    assert 8 <= fitting.config.batch_size < 4096


def test_a_timing_is_a_job_whose_rows_are_saved(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts in hundredths, and its options are none of the model's."""
    asked: dict[str, object] = {}

    def time_batches(config: RunConfig, sizes: object, **values: object) -> object:
        asked.update(values, sizes=sizes, options=config.options)
        assert values["watch"](0.4)  # type: ignore[operator]
        return [speed.Timing(4, 1, 0.5, 8.0, 300.0)], "batch 9 would take longer."

    monkeypatch.setattr(timing, "time_batches", time_batches)
    options = timing.timing_options((4, 9), n_workers=2, budget_seconds=7.0)
    config = speed.speed_config("digits_mlp", steps=timing.PERCENT, options=options)
    job = bench.run(config, kind=SPEED)
    assert job.error is None
    assert (job.state, job.run_id, job.progress) == ("finished", None, 1.0)
    assert job.note == "No larger batch was measured: batch 9 would take longer."
    assert (asked["sizes"], asked["n_workers"]) == ([4, 9], 2)
    assert (asked["budget_seconds"], asked["options"]) == (7.0, {})
    records = map(inbox.load_record, inbox.waiting(bench.folder))
    (saved,) = [record for record in records if record["kind"] == "throughput"]
    (row,) = saved["body"]["rows"]
    assert (row["batch_size"], row["workload"]) == (4, "digits_mlp")
