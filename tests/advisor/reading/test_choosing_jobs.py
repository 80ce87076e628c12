"""Which jobs a text means."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.reading.choosing_jobs import choose_jobs, named_numbers
from experiments.jobs.queue import Queue
from experiments.jobs.records import Job, NewJob
from knowledge.records import RunConfig

WANTED = (
    ("realface@1/16", 5),
    ("digits_mlp", 32),
    ("digits_cnn", 16),
    ("original@1/16", 8),
)


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> list[Job]:
    """Four waiting jobs of a real queue, numbered from 1."""
    queue = Queue(tmp_path_factory.mktemp("queue"))
    for i, (workload, batch) in enumerate(WANTED):
        config = RunConfig(workload, "r", batch, 1e-3, seed=i, steps=10)
        queue.submit(NewJob(config), now=float(i))
    return queue.jobs()


def numbers(jobs: Sequence[Job]) -> list[int]:
    return [job.number for job in jobs]


@pytest.mark.parametrize(
    ("text", "workloads", "expected"),
    [
        ("cancel job 3", (), [3]),
        ("stop jobs 2 and 3", (), [2, 3]),
        ("kill #1, #4", (), [1, 4]),
        ("cancel job 9", (), []),
        ("stop the realface one", ("realface",), [1]),
        ("stop all but the digits ones", ("digits_mlp", "digits_cnn"), [1, 4]),
        ("cancel everything except original", ("original",), [1, 2, 3]),
        ("kill the last one", (), [4]),
        ("stop the first job", (), [1]),
        ("keep the first, stop the rest", (), [2, 3, 4]),
        ("stop the second one", (), [2]),
        ("kill the sixth of april", (), []),
        ("cancel everything", (), [1, 2, 3, 4]),
        ("stop it", (), [1, 2, 3, 4]),
    ],
)
def test_a_text_means_these_jobs(
    jobs: list[Job], text: str, workloads: tuple[str, ...], expected: list[int]
) -> None:
    assert numbers(choose_jobs(text, jobs, workloads=workloads)) == expected


def test_a_job_is_found_by_its_id(jobs: list[Job]) -> None:
    assert numbers(choose_jobs(f"cancel {jobs[1].id}", jobs)) == [2]


def test_a_batch_size_chooses_among_one_model_s_jobs(jobs: list[Job]) -> None:
    assert numbers(choose_jobs("stop the b8 run", jobs, batch_sizes=[8])) == [4]


def test_not_the_others_leaves_the_named_ones_chosen(jobs: list[Job]) -> None:
    text = "stop jobs at batch 8, not the others"
    assert numbers(choose_jobs(text, jobs, batch_sizes=[8])) == [4]


def test_a_job_keeps_its_number_when_others_end(tmp_path: Path) -> None:
    queue = Queue(tmp_path)
    config = RunConfig("digits_mlp", "r", 8, 1e-3, seed=1, steps=10)
    first = queue.submit(NewJob(config), now=1.0)
    second = queue.submit(NewJob(replace(config, seed=2)), now=2.0)
    queue.cancel(first)
    assert queue.job(second).number == 2


@given(st.text(max_size=80))
def test_any_text_chooses_some_of_the_jobs_or_none(text: str) -> None:
    assert choose_jobs(text, []) == []
    assert all(n.isdigit() or n.startswith("job:") for n in named_numbers(text))
