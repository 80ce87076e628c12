"""Who carries jobs out: found by name, and able to end what it carries out."""

import os
import subprocess

import psutil
import pytest

from experiments.executors.executor import EXECUTORS, open_executor
from experiments.executors.processes import WORKER, ProcessExecutor
from experiments.jobs.leases import worker_is_alive
from experiments.jobs.queue import Queue
from experiments.jobs.records import Job, NewJob
from knowledge.errors import SettingsError
from knowledge.python_process import python_command, python_environment
from knowledge.records import RunConfig
from tests.waiting import until

CONFIG = RunConfig("digits_mlp", "adam", 32, 1e-3, seed=3, steps=10**6, data="digits")


@pytest.fixture
def queue(tmp_path):
    (tmp_path / "inbox").mkdir()
    queue = Queue(tmp_path)
    yield queue
    queue.close()


@pytest.fixture(params=EXECUTORS)
def executor(request, queue):
    """Each executor there is keeps the same promises."""
    executor = open_executor(request.param, queue, n_workers=1)
    yield executor
    queue.fail_unfinished("the test is over")
    executor.stop()


def running_job(queue: Queue, job_id: str) -> Job | None:
    job = queue.job(job_id)
    return job if job.state == "running" else None


def test_an_executor_nobody_knows_is_refused_with_those_there_are(queue):
    with pytest.raises(SettingsError, match=r"named 'moon'\. Known: local"):
        open_executor("moon", queue, n_workers=1)


def test_what_is_tended_runs_and_is_gone_when_it_is_killed(queue, executor):
    job_id = queue.submit(NewJob(CONFIG))
    executor.tend()
    job = until(lambda: running_job(queue, job_id), what="a job that runs")
    queue.cancel(job_id)
    executor.kill(job)
    assert not worker_is_alive(job)
    executor.tend()
    assert queue.job(job_id).state == "cancelled"


def test_a_process_that_is_no_worker_is_never_killed(queue):
    """By now its number may be somebody else's."""
    job_id = queue.submit(NewJob(CONFIG))
    queue.claim("somebody")  # with the number of this process
    job = queue.job(job_id)
    assert job.pid == os.getpid()
    ProcessExecutor(queue, n_workers=1).kill(job)
    assert psutil.Process(job.pid).is_running()


def test_a_job_that_nobody_has_is_nothing_to_kill(queue):
    job = queue.job(queue.submit(NewJob(CONFIG)))
    ProcessExecutor(queue, n_workers=1).kill(job)
    assert queue.job(job.id).state == "queued"


def test_the_worker_that_is_started_is_a_module_of_ours():
    """A renamed module would leave every job waiting."""
    done = subprocess.run(
        python_command(WORKER, "--help"),
        capture_output=True,
        text=True,
        check=False,
        env=python_environment(),
    )
    assert (done.returncode, done.stdout.split()[0]) == (0, "usage:")
