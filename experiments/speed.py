"""`python -m experiments.speed WORKLOAD [...]`: how fast each batch size trains here.

One JSON document on stdout. A batch size is timed by one process alone and then by as
many at once as train at once, since cores share memory. They have one thread each and
take the step of a training run. Of a CPU the time spent on the step counts.
"""

import argparse
import json
import math
import multiprocessing
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import Any

import psutil

from experiments.executors.processes import WORKER_ENVIRONMENT
from experiments.machine import machine_name, peak_memory_mb
from experiments.workloads.registry import get_spec
from knowledge.errors import AdvisorError, BadValueError
from knowledge.records import FP32, RunConfig, Throughput, content_id
from knowledge.version import program_version

BUDGET_SECONDS = 45.0  # for the timing, after about ten seconds to start
LONGEST_SECONDS = 1.5  # of one timing: more tells no more
WARM_UP_STEPS = 3
FEWEST_STEPS = 3
SAFE_RATE = 1e-6  # far below any limit, for nan is not as fast as other numbers
MEMORY_SHARE = 0.8  # of what is free may be taken


@dataclass(frozen=True)
class Timing:
    """One batch size as timed; seconds and examples are those of one process."""

    batch_size: int
    n_workers: int
    seconds_per_step: float
    examples_per_second: float
    peak_memory_mb: float | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the document; 2 and one sentence on stderr where nothing can be timed."""
    parser = argparse.ArgumentParser(prog="python -m experiments.speed")
    parser.add_argument("workload")
    parser.add_argument("--batch-sizes", default="", help="N[,N...]")
    parser.add_argument("--recipe")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default=FP32)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=BUDGET_SECONDS)
    options = parser.parse_args(arguments)
    try:
        spec = get_spec(options.workload)
        config = speed_config(
            options.workload,
            recipe=options.recipe,
            device=options.device,
            precision=options.precision,
        )
        sizes = [int(size) for size in options.batch_sizes.split(",") if size]
        timings, stopped = time_batches(
            config,
            sizes or spec.timed_batch_sizes or spec.usual_batch_sizes,
            n_workers=options.workers if options.device == "cpu" else 1,
            budget_seconds=options.seconds,
        )
    except AdvisorError as error:
        print(error, file=sys.stderr)
        return 2
    print(json.dumps(speed_document(config, timings, stopped)))
    return 0


def speed_document(
    config: RunConfig, timings: Sequence[Timing], stopped: str | None
) -> dict[str, Any]:
    """Return what was timed, with the machine it was timed on."""
    return {
        "machine": machine_name(),
        "device": config.device,
        "workload": config.workload,
        "recipe": config.recipe,
        "precision": config.precision,
        "code_version": program_version(),
        "rows": [asdict(timing) for timing in timings],
        "stopped": stopped,
    }


def speed_rows(document: dict[str, Any]) -> tuple[Throughput, ...]:
    """Return what was timed as the store keeps it, one row a batch size and count."""
    measured = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
    names = {f.name for f in fields(Throughput)}
    shared = {k: v for k, v in document.items() if k in names}
    bodies = [{**shared, **row, "measured": measured} for row in document["rows"]]
    return tuple(Throughput(id=content_id("throughput", b), **b) for b in bodies)


def speed_config(workload: str, **values: Any) -> RunConfig:
    """Return what is trained while steps are timed: at a rate that breaks nothing."""
    spec = get_spec(workload)
    usual = {"recipe": spec.recipes[0], "data": spec.data, "batch_size": 1}
    fixed = {"learning_rate": SAFE_RATE, "seed": 1}
    given = {name: value for name, value in values.items() if value is not None}
    return RunConfig(workload, **{**usual, "steps": 10**6, **given, **fixed})


def time_batches(
    config: RunConfig,
    batch_sizes: Sequence[int],
    *,
    n_workers: int,
    budget_seconds: float,
    watch: Callable[[float], bool] = lambda share: True,
) -> tuple[list[Timing], str | None]:
    """Time the steps of several batch sizes, small ones first.

    Args:
        config: What is trained; its batch size is replaced.
        batch_sizes: Those to time.
        n_workers: Processes that train at once.
        budget_seconds: For all of it, without the start of the processes.
        watch: Told after each batch size which share is done; False ends it there.

    Returns:
        The timings, each batch size alone and then `n_workers` together, and why the
        larger ones were left out, or None when all were timed.

    Raises:
        BadValueError: Not even the smallest batch size can be trained.
    """
    sizes = sorted(set(batch_sizes))
    per_item = get_spec(config.workload).examples_per_item
    share = min(LONGEST_SECONDS, budget_seconds / len(sizes) / min(n_workers, 2))
    helpers = [_Helper(config) for _ in range(n_workers)]
    timings: list[Timing] = []
    stopped = None
    try:
        for helper in helpers:
            helper.answer()  # it has loaded what it needs
        timings += _time_batch(helpers, sizes[0], seconds=share, per_item=per_item)
        # The first batch size also waits for the data; the others need not.
        end = time.monotonic() + budget_seconds * (1 - 1 / len(sizes))
        for number, size in enumerate(sizes[1:], start=1):
            if not watch(number / len(sizes)):
                stopped = "it was cancelled."
                break
            stopped = _why_not(timings, size, seconds_left=end - time.monotonic())
            if stopped:
                break
            timings += _time_batch(helpers, size, seconds=share, per_item=per_item)
    except _CannotTrainError as error:
        stopped = str(error)
    finally:
        for helper in helpers:
            helper.end()
    if not timings:
        raise BadValueError("batch_size", sizes[0], expected=stopped or "it is too big")
    return timings, stopped


def _why_not(
    timings: Sequence[Timing], size: int, *, seconds_left: float
) -> str | None:
    """Why a larger batch size had better not be tried, from those timed so far."""
    last = timings[-1]
    step = last.seconds_per_step * size / last.batch_size
    rounds = 2 if last.n_workers > 1 else 1
    if step * (1 + FEWEST_STEPS) * rounds > seconds_left:
        return f"batch {size} and more would take longer than the time allowed."
    if _more_memory_mb(timings, size) * last.n_workers > _free_memory_mb():
        return f"batch {size} and more may need more memory than is free."
    return None


def _more_memory_mb(timings: Sequence[Timing], size: int) -> float:
    """How much the peak grows up to a batch size, on a line through the last two."""
    known = {t.batch_size: t.peak_memory_mb for t in timings if t.peak_memory_mb}
    if not known:
        return 0.0
    (last, peak) = list(known.items())[-1]
    if len(known) == 1:
        return peak * 0.5
    (before, earlier) = list(known.items())[-2]
    return (peak - earlier) / (last - before) * (size - last)


def _free_memory_mb() -> float:
    return float(psutil.virtual_memory().available) / 1e6 * MEMORY_SHARE


def _time_batch(
    helpers: Sequence["_Helper"], size: int, *, seconds: float, per_item: int
) -> list[Timing]:
    """Time one batch size in the first process alone, then in all of them."""
    first, *others = helpers
    first.ask("prepare", size)
    first.answer()
    first.ask("time", seconds)
    alone = first.answer()
    found = [_timing([alone], size, per_item)]
    peak = alone["peak_memory_mb"] or 0.0
    if not others or peak * len(others) > _free_memory_mb():
        return found
    for helper in others:
        helper.ask("prepare", size)
    for helper in others:
        helper.answer()
    for helper in helpers:
        helper.ask("time", seconds)
    return [*found, _timing([helper.answer() for helper in helpers], size, per_item)]


def _timing(answers: Sequence[dict[str, Any]], size: int, per_item: int) -> Timing:
    seconds = statistics.median(answer["seconds_per_step"] for answer in answers)
    peaks = [a["peak_memory_mb"] for a in answers if a["peak_memory_mb"] is not None]
    return Timing(
        batch_size=size,
        n_workers=len(answers),
        seconds_per_step=float(f"{seconds:.6g}"),
        examples_per_second=float(f"{per_item * size / seconds:.6g}"),
        peak_memory_mb=round(max(peaks), 1) if peaks else None,
    )


class _CannotTrainError(Exception):
    """A helper could not train a batch size; its text says why, in a sentence."""


class _Helper:
    """A process that trains steps when it is asked to."""

    def __init__(self, config: RunConfig):
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, config.to_dict()))
        self._process.daemon = True
        self._process.start()
        theirs.close()

    def ask(self, what: str, value: float) -> None:
        """Have it do something; `answer` waits for the end of it."""
        try:
            self._connection.send((what, value))
        except OSError as error:
            raise _CannotTrainError(_ENDED) from error

    def answer(self) -> dict[str, Any]:
        """Return what it found."""
        try:
            answer: dict[str, Any] = self._connection.recv()
        except (EOFError, OSError) as error:
            raise _CannotTrainError(_ENDED) from error
        if "error" in answer:
            raise _CannotTrainError(answer["error"])
        return answer

    def end(self) -> None:
        """Stop the process and wait until it is gone."""
        self._connection.close()
        self._process.terminate()
        self._process.join()


_ENDED = "a process was ended by the system, most likely for lack of memory."


def _serve(connection: Connection, config: dict[str, Any]) -> None:
    """Be a helper: prepare a batch size, time its steps, again and again."""
    from experiments.training.stepping import prepare_process

    threading.Thread(target=_end_with_parent, daemon=True).start()
    prepare_process()
    timer = _Timer(RunConfig.from_dict(config))
    connection.send({})
    while True:
        try:
            what, value = connection.recv()
        except EOFError:
            return
        try:
            if what == "prepare":
                timer.prepare(int(value))
                connection.send({})
            else:
                connection.send(timer.time_steps(value))
        except AdvisorError as error:
            connection.send({"error": str(error)})
        except (MemoryError, RuntimeError) as error:
            reason = str(error).splitlines()[0][:200] if str(error) else "no reason"
            connection.send({"error": f"training a step failed ({reason})."})


def _end_with_parent() -> None:
    """End this process as soon as the one that started it is gone."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class _Timer:
    """Times the training steps of a workload at one batch size after the other."""

    def __init__(self, config: RunConfig):
        self._config = config
        self._stepper: Any = None
        self._step = 0

    def prepare(self, batch_size: int) -> None:
        """Build the model and the data, after letting go of the previous ones."""
        from experiments.training.stepping import Stepper

        self._stepper = None
        self._stepper = Stepper(replace(self._config, batch_size=batch_size))
        self._step = 0

    def time_steps(self, seconds: float) -> dict[str, Any]:
        """Return the median time of a step over `seconds`, and the peak memory."""
        end = time.perf_counter() + seconds
        self._timed_step()
        if time.perf_counter() < end:
            for _ in range(WARM_UP_STEPS):
                self._timed_step()
        times: list[float] = []
        while len(times) < FEWEST_STEPS or time.perf_counter() < end:
            times.append(self._timed_step())
        return {
            "seconds_per_step": statistics.median(times),
            "peak_memory_mb": self._peak_memory_mb(),
        }

    def _timed_step(self) -> float:
        # A processor's own time: what other programs take of a core does not count.
        clock = time.process_time
        if self._config.device != "cpu":
            clock = time.perf_counter
        self._step += 1
        started = clock()
        if not math.isfinite(self._stepper.take(self._step).item()):
            raise RuntimeError("the loss was not a finite number")
        return clock() - started

    def _peak_memory_mb(self) -> float:
        """The most memory this process has had, on its device."""
        if self._config.device != "cuda":
            return peak_memory_mb()
        import torch

        return torch.cuda.max_memory_allocated() / 1e6


if __name__ == "__main__":
    os.environ.update(WORKER_ENVIRONMENT)
    sys.exit(main())
