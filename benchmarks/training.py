"""How fast a training step is: ours against the plain loop and the processor's peak.

Ours is the step that `lr-advisor verify` takes (`experiments.training.stepping`), in
float32 and in bf16, with one thread and two; the plain loop is
`benchmarks.plain_training`; then two processes of ours with one thread each, as a
verification runs proxies. All take their steps in turn, so that whatever else the
machine does slows all of them down. The plain loop shares this process and so the
settings that make ours faster.

`python -m benchmarks.training` measures the proxies and digits, `--full` the full-size
models as well (10 to 40 minutes). Run it on a machine that does nothing else.
"""

import argparse
import json
import multiprocessing
import platform
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.machine import describe_machine
from benchmarks.plain_training import PlainStepper
from experiments.machine import peak_memory_mb, usable_cores
from experiments.training.stepping import Stepper, prepare_process
from experiments.workloads.faces.task import FaceTask
from experiments.workloads.registry import get_spec
from knowledge.names import WorkloadName
from knowledge.records import RunConfig

FORUM_BATCH = {"original": 12, "dlight": 9, "realface": 5}
PROXIES = tuple(f"{name}@1/{width}" for name in FORUM_BATCH for width in (16, 8))
DIGITS = ("digits_mlp", "digits_cnn")
BATCHES = (2, 5, 12, 32)
SAFE_RATE = 1e-6  # far below any limit, for nan is not as fast as other numbers
MATRIX_SIDE = 2048  # of the product whose speed is called the peak
# What is promised.
FULL_SIZE_FAST, FULL_SIZE_FP32, PROXY = 2.0, 1.15, 1.5
DATA_SHARE_FULL_SIZE, DATA_SHARE_PROXY = 0.05, 0.25

PLAIN = ("plain, 1 thread", "plain, 2 threads")
FP32 = ("fp32, 1 thread", "fp32, 2 threads")
BF16 = ("bf16, 1 thread", "bf16, 2 threads")
TWO_WORKERS = "fp32, 2 workers"


@dataclass(frozen=True)
class Row:
    """One workload at one batch size.

    `rates` are examples per second by contender (faces of both sides, as EGs/sec);
    `data_share` is what data and augmentation take of an fp32 step with one thread;
    `peak_share` what an fp32 step with one thread reaches of a matrix product's speed;
    `memory_mb` the most that a process of ours and a plain one have had, measured at
    the forum's batch size.
    """

    workload: str
    batch_size: int
    rates: Mapping[str, float]
    gigaflops_per_step: float
    peak_share: float
    data_share: float | None
    memory_mb: Mapping[str, float]

    @property
    def plain(self) -> float:
        """Examples per second of the plain loop, with the better number of threads."""
        return max(self.rates.get(name, 0.0) for name in PLAIN)

    def times_plain(self, *names: str) -> float:
        """How many times as fast as the plain loop the best of some contenders is."""
        return max(self.rates.get(name, 0.0) for name in names) / self.plain


@dataclass(frozen=True)
class Bar:
    """Something promised, with what was measured."""

    what: str
    measured: float
    wanted: float
    at_most: bool = False

    @property
    def met(self) -> bool:
        """Whether the promise holds."""
        if self.at_most:
            return self.measured <= self.wanted
        return self.measured >= self.wanted


def measure(
    workloads: Sequence[str],
    *,
    batch_sizes: Sequence[int] = BATCHES,
    repeats: int = 5,
    seconds: float = 1.0,
    count: int = 1,
) -> Iterator[Row]:
    """Measure one workload and batch size after the other.

    Args:
        workloads: Names, proxies included. A full-size face model is measured at the
            forum's batch size alone.
        batch_sizes: Those of the others; the forum's is always among a proxy's.
        repeats: Rounds in which every contender has its turn.
        seconds: Of a turn, about.
        count: Steps in a turn, at least.
    """
    for workload in workloads:
        for batch_size in _batches_of(workload, batch_sizes):
            yield _measure_one(
                workload, batch_size, repeats=repeats, seconds=seconds, count=count
            )


def bars(rows: Sequence[Row]) -> list[Bar]:
    """Return what is promised of the workloads measured."""
    found = []
    for row in rows:
        name = WorkloadName.parse(row.workload)
        at = f"{row.workload}, batch {row.batch_size}"
        if name.base not in FORUM_BATCH:
            continue
        if name.is_proxy:
            limit = DATA_SHARE_PROXY
            if name.width_divisor == 16:
                best = row.times_plain(*BF16, TWO_WORKERS)
                found.append(Bar(f"{at}: fast recipe or two workers", best, PROXY))
        else:
            limit = DATA_SHARE_FULL_SIZE
            fast, exact = row.times_plain(*BF16), row.times_plain(*FP32)
            found.append(Bar(f"{at}: fast recipe", fast, FULL_SIZE_FAST))
            found.append(Bar(f"{at}: fp32", exact, FULL_SIZE_FP32))
        if row.data_share is not None:
            found.append(Bar(f"{at}: data", row.data_share, limit, at_most=True))
    return found


def markdown(rows: Sequence[Row]) -> str:
    """Return the measurements and the bars as two tables."""
    contenders = (*PLAIN, *FP32, *BF16, TWO_WORKERS)
    titles = ["workload", "batch", *contenders, "fp32 x", "bf16 x", "workers x"]
    titles += ["of peak", "data", "MB plain", "MB fp32", "MB bf16"]
    lines = [_line(titles), _line(["---", *["---:"] * (len(titles) - 1)])]
    for row in rows:
        share = "" if row.data_share is None else f"{row.data_share:.1%}"
        ratios = [row.times_plain(*names) for names in (FP32, BF16, (TWO_WORKERS,))]
        lines.append(
            _line(
                [
                    row.workload,
                    str(row.batch_size),
                    *(_number(row.rates.get(name)) for name in contenders),
                    *(f"{ratio:.2f}" if ratio else "" for ratio in ratios),
                    f"{row.peak_share:.0%}",
                    share,
                    *(_number(row.memory_mb.get(n)) for n in ("plain", "fp32", "bf16")),
                ]
            )
        )
    lines += ["", "| bar | measured | wanted | |", "| --- | ---: | ---: | --- |"]
    for bar in bars(rows):
        sign, word = "<=" if bar.at_most else ">=", "met" if bar.met else "NOT MET"
        lines.append(
            f"| {bar.what} | {bar.measured:.2f} | {sign} {bar.wanted:g} | {word} |"
        )
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}" if value < 1000 else f"{value:.0f}"


# Measuring ----------------------------------------------------------------------------


def _batches_of(workload: str, batch_sizes: Sequence[int]) -> Sequence[int]:
    name = WorkloadName.parse(workload)
    usual = FORUM_BATCH.get(name.base)
    if usual is None:
        return batch_sizes
    if not name.is_proxy:
        return [usual]
    return sorted({*batch_sizes, usual} if usual in batch_sizes else batch_sizes)


def _measure_one(
    workload: str, batch_size: int, *, repeats: int, seconds: float, count: int
) -> Row:
    spec = get_spec(workload)
    config = RunConfig(
        workload=workload,
        recipe=spec.recipes[0],
        batch_size=batch_size,
        learning_rate=SAFE_RATE,
        seed=1,
        steps=10**6,
        data=spec.data,
    )
    is_full_size = not spec.small_enough_for_cpu and "@" not in workload
    cores = usable_cores()
    flops, peak = _flops_of(config), _Peak()
    timings: dict[str, list[float]] = defaultdict(list)
    usual = FORUM_BATCH.get(WorkloadName.parse(workload).base)
    memory = _memory_of(config) if batch_size == usual else {}
    with _contenders(config, two_workers=cores > 1 and not is_full_size) as turns:
        lengths = {}
        for name, take in turns.items():
            take(1)
            lengths[name] = max(count, round(seconds / take(1)))
        for _ in range(repeats):
            peak.measure()
            for name, take in turns.items():
                timings[name].append(take(lengths[name]))
    medians = {name: statistics.median(times) for name, times in timings.items()}
    data = medians.pop("data", None)
    examples = {
        name: spec.examples_per_item * batch_size * (2 if name == TWO_WORKERS else 1)
        for name in medians
    }
    step = medians[FP32[0]]
    return Row(
        workload=workload,
        batch_size=batch_size,
        rates={name: examples[name] / medians[name] for name in medians},
        gigaflops_per_step=flops / 1e9,
        peak_share=flops / step / peak.per_second,
        data_share=None if data is None else data / step,
        memory_mb=memory,
    )


@contextmanager
def _contenders(
    config: RunConfig, *, two_workers: bool
) -> Iterator[dict[str, Callable[[int], float]]]:
    """What is compared: each takes some steps and returns the seconds of one."""
    ours, plain = Stepper(config), PlainStepper(config)
    fast = Stepper(replace(config, precision="bf16"))
    turns: dict[str, Callable[[int], float]] = {}
    both = (1, 2) if usable_cores() > 1 else (1,)
    for stepper, names in ((plain, PLAIN), (ours, FP32), (fast, BF16)):
        for threads, name in zip(both, names, strict=False):
            turns[name] = _turn(stepper.take, threads=threads)
    if isinstance(ours.task, FaceTask):
        turns["data"] = _turn(ours.task.batch, threads=1)
    helpers = [_Helper(config) for _ in range(2 if two_workers else 0)]
    try:
        for helper in helpers:
            helper.wait()
        if helpers:
            turns[TWO_WORKERS] = partial(_together, helpers)
        yield turns
    finally:
        for helper in helpers:
            helper.end()


def _turn(take: Callable[[int], object], *, threads: int) -> Callable[[int], float]:
    """Take the next steps of a stepper; the seconds of one of them."""
    step = 0

    def turn(count: int) -> float:
        nonlocal step
        torch.set_num_threads(threads)
        started = time.perf_counter()
        for _ in range(count):
            step += 1
            result = take(step)
            if isinstance(result, torch.Tensor):
                result.item()
        return (time.perf_counter() - started) / count

    return turn


def _flops_of(config: RunConfig) -> float:
    """Floating-point operations of the plain loop's step, forward and backward."""
    stepper = PlainStepper(replace(config, batch_size=min(config.batch_size, 2)))
    with FlopCounterMode(display=False) as counter:
        stepper.take(1)
    per_example = counter.get_total_flops() / stepper.config.batch_size
    return float(per_example * config.batch_size)


class _Peak:
    """The speed of a large matrix product in float32, on one thread."""

    def __init__(self) -> None:
        self._matrix = torch.rand(MATRIX_SIDE, MATRIX_SIDE)
        self._seconds: list[float] = []

    def measure(self) -> None:
        """Time one more product."""
        torch.set_num_threads(1)
        started = time.perf_counter()
        self._matrix @ self._matrix
        self._seconds.append(time.perf_counter() - started)

    @property
    def per_second(self) -> float:
        """Operations a second, the median."""
        return 2.0 * MATRIX_SIDE**3 / statistics.median(self._seconds)


# Other processes ----------------------------------------------------------------------


class _Helper:
    """A process with one thread that takes steps when it is asked to."""

    def __init__(self, config: RunConfig, *, plain: bool = False) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, config.to_dict(), plain), daemon=True
        )
        self._process.start()
        theirs.close()

    def ask(self, count: int) -> None:
        """Have it take some steps; `wait` for the end of them."""
        self._connection.send(count)

    def wait(self) -> float:
        """Wait until it is ready; the most memory it has had, in megabytes."""
        return float(self._connection.recv())

    def end(self) -> None:
        """Stop the process."""
        self._process.terminate()
        self._process.join()


def _serve(connection: Connection, config: dict[str, Any], plain: bool) -> None:
    if not plain:
        prepare_process()
    torch.set_num_threads(1)
    stepper = (PlainStepper if plain else Stepper)(RunConfig.from_dict(config))
    step = 0
    while True:
        connection.send(peak_memory_mb())
        try:
            count = connection.recv()
        except EOFError:
            return
        for _ in range(count):
            step += 1
            stepper.take(step).item()


def _together(helpers: Sequence[_Helper], count: int) -> float:
    """Have all of them take some steps at once; the seconds of one step of each."""
    started = time.perf_counter()
    for helper in helpers:
        helper.ask(count)
    for helper in helpers:
        helper.wait()
    return (time.perf_counter() - started) / count


def _memory_of(config: RunConfig) -> dict[str, float]:
    """The most memory a process has had after two steps, in megabytes."""
    found = {}
    for name, plain, precision in (
        ("plain", True, "fp32"),
        ("fp32", False, "fp32"),
        ("bf16", False, "bf16"),
    ):
        helper = _Helper(replace(config, precision=precision), plain=plain)
        try:
            helper.wait()
            helper.ask(2)
            found[name] = helper.wait()
        finally:
            helper.end()
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the tables and write the numbers."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training")
    parser.add_argument("--workloads", nargs="+", help="default: proxies and digits")
    parser.add_argument("--batch-sizes", nargs="+", type=int, default=list(BATCHES))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each turn")
    parser.add_argument("--full", action="store_true", help="full-size models too")
    parser.add_argument("--json", type=Path, help="where to write the numbers")
    options = parser.parse_args(arguments)
    full_size = tuple(FORUM_BATCH) if options.full else ()
    workloads = options.workloads or (*PROXIES, *DIGITS, *full_size)
    prepare_process()
    rows = []
    for row in measure(
        workloads,
        batch_sizes=options.batch_sizes,
        repeats=options.repeats,
        seconds=options.seconds,
    ):
        print(f"{row.workload}, batch {row.batch_size}: done", file=sys.stderr)
        rows.append(row)
    print(f"Machine: {describe_machine()}; torch {torch.__version__}.\n")
    print(markdown(rows))
    if options.json:
        document = {
            "machine": describe_machine(),
            "python": platform.python_version(),
            "torch": torch.__version__,
            "rows": [asdict(row) for row in rows],
            "bars": [{**asdict(bar), "met": bar.met} for bar in bars(rows)],
        }
        options.json.write_text(json.dumps(document, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
