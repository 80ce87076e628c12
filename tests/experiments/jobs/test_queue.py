"""The job queue: every job is carried out by one worker, or said why not."""

import os
import re
import threading
from pathlib import Path

import pytest

from experiments.jobs import queue as queue_module
from experiments.jobs.leases import LEASE_SECONDS, MAX_ATTEMPTS
from experiments.jobs.queue import Queue
from experiments.jobs.records import JOB_ENDED, Job, NewJob, new_job_id
from knowledge.errors import JobNotFoundError, StoreError
from knowledge.records import RunConfig

CONFIG = RunConfig("digits_mlp", "adam", 32, 1e-3, seed=1, steps=60, data="digits")


@pytest.fixture
def queue(tmp_path):
    queue = Queue(tmp_path)
    yield queue
    queue.close()


def submit(queue: Queue, **values: object) -> str:
    return queue.submit(NewJob(CONFIG, **values))


def test_a_submitted_job_waits_with_its_whole_config(queue):
    job = queue.job(submit(queue, reason="why", believed_low=1e-4, believed_high=1e-2))
    assert (job.state, job.config, job.reason) == ("queued", CONFIG, "why")
    assert (job.believed_low, job.believed_high) == (1e-4, 1e-2)


def test_no_state_is_asked_for_that_no_job_ever_has():
    """What is shown as interrupted is a running job whose worker is gone."""
    files = Path(queue_module.__file__).parent.glob("*.py")
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    lists = re.findall(r"\bstate (?:=|in) *\(?('\w+'(?:, *'\w+')*)", text)
    asked = set(re.findall(r"\w+", " ".join(lists)))
    assert asked == {"queued", "running", *JOB_ENDED}


def test_a_job_may_be_known_by_its_id_before_it_is_queued(queue):
    job_id = new_job_id()
    assert queue.submit(NewJob(CONFIG), job_id=job_id) == job_id
    assert queue.job(job_id).state == "queued"
    with pytest.raises(StoreError):
        queue.submit(NewJob(CONFIG), job_id=job_id)
    assert len(queue.jobs()) == 1


def lose_worker(queue: Queue) -> None:
    """Let the worker of every running job have been a process that is no more."""
    with queue._connection() as con:
        con.execute("update jobs set pid = 2000000000 where state = 'running'")


def test_the_oldest_job_is_claimed_first_and_only_once(queue):
    first, second = submit(queue), submit(queue)
    assert queue.claim("a").id == first
    assert queue.claim("b").id == second
    assert queue.claim("c") is None


def test_many_threads_never_claim_the_same_job(queue):
    ids = {submit(queue) for _ in range(20)}
    claimed: list[str] = []

    def work(name: str) -> None:
        while (job := queue.claim(name)) is not None:
            claimed.append(job.id)
        queue.close()

    threads = [threading.Thread(target=work, args=(f"w{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(ids)


def test_a_lost_lease_is_taken_over_and_the_first_owner_hears_of_it(queue):
    job_id = submit(queue)
    queue.claim("a", now=0.0)
    lose_worker(queue)
    again = queue.claim("b", now=LEASE_SECONDS + 1)
    assert (again.id, again.attempts) == (job_id, 2)
    assert not queue.beat(job_id, "a", progress=0.5, loss=1.0)
    assert not queue.end(job_id, "a", state="finished", run_id="run:1")
    assert queue.beat(job_id, "b", progress=0.5, loss=1.0)
    assert queue.end(job_id, "b", state="finished", run_id="run:1")
    assert queue.job(job_id).progress == 1.0


def test_a_heartbeat_keeps_the_lease(queue):
    job_id = submit(queue)
    queue.claim("a", now=0.0)
    lose_worker(queue)
    queue.beat(job_id, "a", progress=0.1, loss=None, now=LEASE_SECONDS - 1)
    assert queue.claim("b", now=LEASE_SECONDS + 1) is None


def test_a_living_worker_whose_heartbeats_are_late_keeps_its_job(queue):
    """As on a busy machine, or one that has slept."""
    job_id = submit(queue)
    queue.claim("a", now=0.0)
    for late in (LEASE_SECONDS + 1, 100 * LEASE_SECONDS):
        assert queue.claim("b", now=late) is None
    queue.resume(job_id)
    assert queue.job(job_id).state == "running"
    assert queue.beat(job_id, "a", progress=0.5, loss=1.0)


def test_a_job_that_loses_its_worker_too_often_fails_with_advice(queue):
    job_id = submit(queue)
    for attempt in range(MAX_ATTEMPTS):
        assert queue.claim("a", now=1000.0 * attempt) is not None
        lose_worker(queue)
    assert queue.claim("a", now=1e6) is None
    job = queue.job(job_id)
    assert job.state == "failed"
    assert "try a smaller batch" in job.error


def test_cancelling_a_waiting_job_ends_it_at_once(queue):
    job_id = submit(queue)
    queue.cancel(job_id)
    assert queue.job(job_id).state == "cancelled"
    assert queue.claim("a") is None


def test_cancelling_a_running_job_is_heard_at_the_next_heartbeat(queue):
    job_id = submit(queue)
    queue.claim("a")
    queue.cancel(job_id)
    assert not queue.beat(job_id, "a", progress=0.2, loss=1.0)


def test_cancelling_one_run_plans_no_further_ones_of_its_verification(queue):
    opened = queue.submit_verification({"spec": {}})
    job_id = submit(queue, verification_id=opened)
    queue.cancel(job_id)
    assert queue.verification(opened).cancel is not None


def test_cancelling_a_verification_cancels_its_waiting_runs(queue):
    opened = queue.submit_verification({"spec": {}})
    ours, other = submit(queue, verification_id=opened), submit(queue)
    queue.cancel_verification(opened)
    assert queue.job(ours).state == "cancelled"
    assert queue.job(other).state == "queued"


def test_a_verification_id_is_opened_only_once(queue):
    first = queue.submit_verification({"n": 1}, verification_id="verification:x")
    queue.submit_verification({"n": 2}, verification_id="verification:x")
    assert queue.verification(first).spec == {"n": 1}
    assert len(queue.verifications()) == 1


def test_a_cancelled_job_can_be_resumed_and_a_finished_one_not(queue):
    job_id = submit(queue)
    queue.cancel(job_id)
    queue.resume(job_id)
    job = queue.claim("a")
    assert (job.id, job.attempts) == (job_id, 1)
    queue.end(job_id, "a", state="finished", run_id="run:1")
    with pytest.raises(StoreError, match="nothing to resume"):
        queue.resume(job_id)


def test_a_job_whose_process_is_gone_is_given_back(queue):
    job_id = submit(queue)
    queue.claim("a")
    lose_worker(queue)
    assert queue.release_lost() == [job_id]
    assert queue.claim("b").attempts == 2


def test_a_lost_job_that_was_taken_meanwhile_is_not_taken_from_its_new_worker(
    queue, monkeypatch
):
    """Whoever looks for lost jobs looks while workers take them."""
    submit(queue)
    queue.claim("a")
    lose_worker(queue)
    queue.release_lost()

    def taken_now(job: Job) -> bool:
        assert queue.claim("b").attempts == 2
        return False  # as it was read: its worker is gone

    monkeypatch.setattr("experiments.jobs.queue.worker_is_alive", taken_now)
    queue.release_lost()
    assert queue.jobs()[0].pid == os.getpid()
    assert queue.claim("c") is None


def test_a_job_of_a_living_process_is_left_alone(queue):
    submit(queue)
    queue.claim("a")
    assert queue.release_lost() == []


def test_unknown_ids_are_clear_errors(queue):
    with pytest.raises(JobNotFoundError, match="No job 'job:none'"):
        queue.job("job:none")
    with pytest.raises(JobNotFoundError, match="No verification"):
        queue.cancel_verification("verification:none")


def test_a_queue_file_that_is_none_is_a_clear_error(tmp_path):
    (tmp_path / "jobs.sqlite").write_text("this is no database at all, just text")
    with pytest.raises(StoreError, match="cannot be used"):
        Queue(tmp_path)


def test_a_folder_that_may_only_be_read_is_named_as_the_cause(tmp_path, monkeypatch):
    """Opening it is fine, for those who only ask; using it says what to allow."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    queue = Queue(tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(StoreError, match=r"is read-only or you.*another store"):
        queue.has_work()
    queue.close()


def test_a_queue_is_found_again_after_a_restart(tmp_path):
    first = Queue(tmp_path)
    job_id = submit(first)
    first.close()
    second = Queue(tmp_path)
    assert second.job(job_id).config == CONFIG
    assert second.has_work()
    second.close()


def test_a_job_may_stop_early_and_be_carried_further(queue):
    job_id = submit(queue, stop_after=20)
    job = queue.claim("a")
    assert (job.stop_after, job.last_step) == (20, 20)
    queue.end(job_id, "a", state="finished", run_id="run:part")
    queue.carry_further(job_id, stop_after=40)
    again = queue.claim("b")
    assert (again.id, again.attempts, again.last_step) == (job_id, 1, 40)
    assert again.progress == pytest.approx(0.5)
    queue.end(job_id, "b", state="finished", run_id="run:more")
    queue.carry_further(job_id, stop_after=None)
    whole = queue.claim("c")
    assert (whole.stop_after, whole.last_step) == (None, CONFIG.steps)


def test_only_a_job_that_stopped_early_can_be_carried_further(queue):
    job_id = submit(queue)
    with pytest.raises(StoreError, match="cannot be carried"):
        queue.carry_further(job_id, stop_after=None)
    queue.claim("a")
    queue.end(job_id, "a", state="finished", run_id="run:1")
    with pytest.raises(StoreError, match="cannot be carried"):
        queue.carry_further(job_id, stop_after=None)
    assert queue.claim("b") is None


def test_a_queue_file_of_an_earlier_version_keeps_its_jobs(tmp_path):
    """Opening it adds what is new; whoever opens it at the same time does no harm."""
    first = Queue(tmp_path)
    job_id = submit(first, reason="from before")
    with first._connection() as con:
        for column in ("stop_after", "continues_job", "note"):
            con.execute(f"alter table jobs drop column {column}")
    first.close()
    opened = [Queue(tmp_path), Queue(tmp_path)]
    job = opened[1].job(job_id)
    assert (job.reason, job.stop_after, job.last_step) == ("from before", None, 60)
    assert opened[0].claim("a").id == job_id
    for queue in opened:
        queue.close()


def test_a_note_is_kept_beside_a_job_that_goes_on(queue):
    job_id = submit(queue)
    queue.note(job_id, "No room for a checkpoint.")
    assert queue.job(job_id).note == "No room for a checkpoint."
    assert queue.job(job_id).state == "queued"
