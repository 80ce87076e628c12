"""The measuring process: what it prints, and what it does when it cannot go on."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from experiments import speed
from experiments.machine import machine_name, peak_memory_mb
from experiments.speed import Timing
from experiments.workloads.registry import get_spec
from knowledge.errors import BadValueError
from knowledge.records import RunConfig

CONFIG = RunConfig("digits_mlp", "adam", 4, 1e-6, 1, 10, data="digits")


def run_speed(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "experiments.speed", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def timing(batch_size: int, seconds: float, memory: float = 100.0) -> Timing:
    return Timing(batch_size, 1, seconds, batch_size / seconds, memory)


def test_the_steps_of_a_workload_are_timed_into_one_document():
    """Far more time than it takes: with less, a slow machine leaves the second out."""
    done = run_speed("digits_mlp", "--batch-sizes", "32,8", "--seconds", "600")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["machine"] == machine_name()
    assert document["recipe"] == get_spec("digits_mlp").recipes[0]
    rows = [(row["batch_size"], row["n_workers"]) for row in document["rows"]]
    assert rows == [(8, 1), (32, 1)]
    for row in document["rows"]:
        examples = row["batch_size"] / row["seconds_per_step"]
        assert row["examples_per_second"] == pytest.approx(examples, rel=1e-3)
    assert document["stopped"] is None


def test_the_smaller_batch_sizes_are_kept_when_a_larger_one_cannot_be_trained(
    monkeypatch,
):
    monkeypatch.setattr(speed, "_serve", _pretend)
    timings, stopped = speed.time_batches(
        CONFIG, [8, 200, 4], n_workers=2, budget_seconds=1000.0
    )
    rows = [(t.batch_size, t.n_workers, t.seconds_per_step) for t in timings]
    assert rows == [(4, 1, 0.04), (4, 2, 0.04), (8, 1, 0.08), (8, 2, 0.08)]
    assert timings[0].examples_per_second == 100.0
    assert stopped == "batch 200 is too much"


def _pretend(connection: Any, config: dict[str, Any]) -> None:
    """A helper that trains nothing: a hundredth of a second an example."""
    connection.send({})
    batch_size = 0
    while True:
        try:
            what, value = connection.recv()
        except EOFError:
            return
        if what == "time":
            found = {"seconds_per_step": 0.01 * batch_size, "peak_memory_mb": 10.0}
            connection.send(found)
        elif value > 100:
            connection.send({"error": f"batch {value} is too much"})
        else:
            batch_size = value
            connection.send({})


def test_a_batch_larger_than_the_data_is_refused_with_the_reason():
    timer = speed._Timer(CONFIG)
    with pytest.raises(BadValueError, match="100000"):
        timer.prepare(100_000)


def test_an_unknown_workload_is_one_sentence():
    done = run_speed("nothing")
    assert done.returncode == 2
    assert done.stderr.startswith("No workload named 'nothing'")
    assert done.stdout == ""


def test_a_batch_that_would_take_too_long_is_left_out():
    found = speed._why_not([timing(4, 1.0)], 8, seconds_left=3.0)
    assert found is not None
    assert "longer than the time allowed" in found
    assert speed._why_not([timing(4, 1.0)], 8, seconds_left=30.0) is None


def test_a_batch_that_may_need_more_memory_than_is_free_is_left_out(monkeypatch):
    monkeypatch.setattr(speed, "_free_memory_mb", lambda: 500.0)
    known = [timing(4, 0.1, 1000.0), timing(8, 0.2, 1400.0)]
    found = speed._why_not(known, 16, seconds_left=100.0)
    assert found is not None
    assert "more memory than is free" in found
    assert speed._why_not(known, 12, seconds_left=100.0) is None


def test_a_process_that_dies_is_said_to_have_died(monkeypatch):
    """As when the system ends it for lack of memory."""
    monkeypatch.setattr(speed, "_serve", _die)
    with pytest.raises(BadValueError, match="ended by the system"):
        speed.time_batches(CONFIG, [4], n_workers=1, budget_seconds=1.0)


def _die(connection: object, config: object) -> None:
    os._exit(9)


def test_the_forums_batch_sizes_are_among_those_that_are_timed():
    assert {5, 9, 12} <= set(get_spec("realface").timed_batch_sizes)


def test_a_machines_name_is_stable_and_holds_no_host_name():
    assert machine_name() == machine_name()
    assert "core" in machine_name()
    assert os.uname().nodename.lower() not in machine_name().lower()


def test_the_peak_of_a_process_is_its_own_and_not_its_parents():
    ask = "from experiments.machine import peak_memory_mb; print(peak_memory_mb())"
    held = bytearray(os.urandom(1 << 20) * 300)
    assert peak_memory_mb() > 300
    child = subprocess.run(
        [sys.executable, "-c", ask], capture_output=True, text=True, check=True
    )
    assert len(held) > 3e8
    assert 1 < float(child.stdout) < 200
