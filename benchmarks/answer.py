"""How long an answer takes on stores of thousands of runs, in milliseconds.

Synthetic stores are made through `import_runs`, as a person would: 50 workloads of one
family or of fifty, with outcomes, with scores, or both. Run it on a machine that does
nothing else: `python -m benchmarks.answer_speed`.
"""

import argparse
import csv
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advisor.service import Advisor
from knowledge.records import OURS, Run

Seconds = NDArray[np.float64]

BATCH_SIZE = 32
STEPS = 2000
# What the product promises, in milliseconds.
BARS = {"unchanged evidence": 20.0, "after an import": 300.0, "after a run": 300.0}


@dataclass(frozen=True)
class StoreKind:
    """What a synthetic store holds."""

    one_family: bool
    outcomes: bool
    scores: bool

    @property
    def title(self) -> str:
        """The kind in words."""
        what = " and ".join(
            word
            for word, is_there in (
                ("outcomes", self.outcomes),
                ("scores", self.scores),
            )
            if is_there
        )
        return f"{'one family' if self.one_family else 'many families'}, {what}"

    def workload(self, number: int) -> str:
        """The name of a workload."""
        return f"bench/w{number}" if self.one_family else f"bench{number}/w"


KINDS = tuple(
    StoreKind(one_family, outcomes, scores)
    for one_family in (True, False)
    for outcomes, scores in ((True, True), (True, False), (False, True))
)


def measure(
    kinds: Sequence[StoreKind] = KINDS,
    *,
    n_workloads: int = 50,
    n_runs: int = 200,
    n_calls: int = 20,
    fresh_process: bool = True,
    seed: int = 0,
) -> pd.DataFrame:
    """Return one row for each kind of store and question.

    Args:
        kinds: Of stores.
        n_workloads: In each store.
        n_runs: Of each workload.
        n_calls: Timed calls behind each median, where a call can be repeated.
        fresh_process: Whether to time the command in a process of its own.
        seed: Of the runs.

    Returns:
        Columns `store`, `question`, `n`, `median_ms`, `p90_ms`, `cpu_ms` (the median
        of the processor's time, which others on the machine slow down less), `bar_ms`
        (NaN where none is promised) and `ratio` of median and bar. `attrs["machine"]`
        names the machine and how busy it was.
    """
    rows = []
    for kind in kinds:
        with tempfile.TemporaryDirectory(prefix="answer-speed-") as folder:
            timings = _time_store(
                kind,
                Path(folder),
                n_workloads=n_workloads,
                n_runs=n_runs,
                n_calls=n_calls,
                fresh_process=fresh_process,
                seed=seed,
            )
            for question, seconds in timings:
                rows.append({"store": kind.title, **_row(question, seconds)})
    table = pd.DataFrame(rows)
    table.attrs["machine"] = describe_machine()
    return table


def markdown(table: pd.DataFrame) -> str:
    """Return the table as Markdown, with the machine named above it."""
    lines = [
        f"Machine: {table.attrs['machine']}.",
        "",
        "| store | question | calls | median ms | p90 ms | CPU ms | at most | ratio |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in table.itertuples():
        has_bar = not np.isnan(row.bar_ms)
        bar = f"{row.bar_ms:.0f}" if has_bar else ""
        ratio = f"{row.ratio:.2f}" if has_bar else ""
        lines.append(
            f"| {row.store} | {row.question} | {row.n} | {row.median_ms:.1f} "
            f"| {row.p90_ms:.1f} | {row.cpu_ms:.1f} | {bar} | {ratio} |"
        )
    return "\n".join(lines)


def describe_machine() -> str:
    """Return processor, cores, system and load of this machine."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.split(":", 1)[1].strip()
            for line in cpuinfo.read_text().splitlines()
            if line.startswith("model name")
        ]
        model = names[0] if names else model
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{model}, {os.cpu_count()} cores, {platform.system()}{load}"


def synthetic_rows(
    kind: StoreKind, *, n_workloads: int, n_runs: int, seed: int
) -> list[dict[str, object]]:
    """Return rows of the import format: thresholds that rise with the batch size.

    Each workload has its own level and slope; rates lie three octaves about the
    threshold, a quarter octave apart, and the best rate an octave below it.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(n_workloads):
        level, slope = rng.normal(-12.0, 1.0), rng.normal(0.3, 0.2)
        log_batch = rng.integers(2, 10, n_runs).astype(float)
        threshold = level + slope * (log_batch - 6)
        log_rate = np.round(4 * (threshold + rng.uniform(-3, 3, n_runs))) / 4
        above = log_rate - threshold
        fails = rng.random(n_runs) < 1 / (1 + np.exp(-above / 0.15))
        loss = 1 + 0.05 * (above + 1) ** 2 + rng.normal(0, 0.01, n_runs)
        failed_at = rng.integers(10, STEPS, n_runs)
        for i in range(n_runs):
            outcome = "diverged" if fails[i] else "stable"
            timed = kind.outcomes and fails[i]
            rows.append(
                {
                    "workload": kind.workload(number),
                    "optimizer": "adam",
                    "batch_size": int(2 ** log_batch[i]),
                    "learning_rate": float(2.0 ** log_rate[i]),
                    "metric_name": "loss" if kind.scores else "",
                    "metric_value": float(loss[i]) if kind.scores else "",
                    "steps_or_tokens": STEPS,
                    "source": "synthetic",
                    "seed": i,
                    "outcome": outcome if kind.outcomes else "",
                    "failed_at_step": int(failed_at[i]) if timed else "",
                }
            )
    return rows


def write_rows(path: Path, rows: Sequence[dict[str, object]]) -> Path:
    """Write rows as CSV and return the path."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


class _Asker:
    """The questions of one store, each as a call without arguments."""

    def __init__(self, advisor: Advisor, workload: str):
        self._advisor = advisor
        self._workload = workload

    def recommend(self, batch_size: int = BATCH_SIZE) -> None:
        """Ask for a rate."""
        self._advisor.recommend(self._workload, batch_size)

    def judge(self) -> None:
        """Ask about a rate."""
        self._advisor.judge(self._workload, BATCH_SIZE, 2.0**-12)

    def largest_batch(self) -> None:
        """Ask for the largest batch size of a rate."""
        self._advisor.largest_batch(self._workload, 2.0**-12)

    def scaling(self) -> None:
        """Ask for the report over all workloads."""
        self._advisor.scaling()

    def import_file(self, path: Path) -> None:
        """Import a file."""
        self._advisor.import_runs(path)

    def import_and_recommend(self, path: Path) -> None:
        """Import a file and ask again."""
        self.import_file(path)
        self.recommend()

    def finish_and_recommend(self, run: Run) -> None:
        """Save a run as a worker does and ask again."""
        self._advisor.store.record_run(run)
        self.recommend()

    def new_runs(self, rows: Sequence[dict[str, object]]) -> list[Run]:
        """Runs made here: like one that is known, at the rows' batches and rates."""
        known = self._advisor.store.runs(workload=self._workload)[0]
        return [
            replace(
                known,
                id=f"run:later-{i}",
                seed=10_000 + i,
                source=OURS,
                batch_size=int(str(row["batch_size"])),
                learning_rate=float(str(row["learning_rate"])),
            )
            for i, row in enumerate(rows)
        ]


def _time_store(
    kind: StoreKind,
    folder: Path,
    *,
    n_workloads: int,
    n_runs: int,
    n_calls: int,
    fresh_process: bool,
    seed: int,
) -> Iterator[tuple[str, Seconds]]:
    """Yield each question with the seconds of its calls."""
    rows = synthetic_rows(kind, n_workloads=n_workloads, n_runs=n_runs, seed=seed)
    later = synthetic_rows(kind, n_workloads=1, n_runs=2 * n_calls, seed=seed + 1)
    runs_file = write_rows(folder / "runs.csv", rows)
    files = [
        write_rows(folder / f"later-{i}.csv", [{**row, "source": f"later {i}"}])
        for i, row in enumerate(later[:n_calls])
    ]
    name = kind.workload(0)
    with Advisor.open(folder / "store", seeded=False) as advisor:
        ask = _Asker(advisor, name)
        title = f"import of {len(rows)} rows"
        yield title, _timed([partial(ask.import_file, runs_file)])
        yield "first answer", _timed([ask.recommend])
        yield "unchanged evidence", _timed([ask.recommend] * n_calls)
        imports = [partial(ask.import_and_recommend, path) for path in files]
        yield "after an import", _timed(imports)
        runs = ask.new_runs(later[n_calls:])
        finished = [partial(ask.finish_and_recommend, run) for run in runs]
        yield "after a run", _timed(finished)
        yield "another batch size", _timed([partial(ask.recommend, BATCH_SIZE * 2)])
        yield "judge", _timed([ask.judge] * n_calls)
        yield "largest batch", _timed([ask.largest_batch] * n_calls)
        yield "scaling of the whole store", _timed([ask.scaling])
    if fresh_process:
        command = partial(_run_command, folder / "store", name)
        yield "the command, each in a new process", _timed([command] * 3)


def _timed(calls: Sequence[Callable[[], None]]) -> Seconds:
    """Elapsed and processor seconds of each call, shape (n_calls, 2)."""
    found = []
    for call in calls:
        start, cpu_start = time.perf_counter(), _cpu_seconds()
        call()
        found.append((time.perf_counter() - start, _cpu_seconds() - cpu_start))
    return np.array(found)


def _cpu_seconds() -> float:
    """Processor time of this process and of those it waited for."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def _run_command(store: Path, workload: str) -> None:
    command = [sys.executable, "-m", "advisor.cli", "recommend", "--no-seeds"]
    command += ["--store", str(store), "--workload", workload]
    command += ["--batch-size", str(BATCH_SIZE), "--json"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _row(question: str, seconds: Seconds) -> dict[str, object]:
    elapsed, cpu = 1e3 * seconds.T
    median = float(np.median(elapsed))
    bar = BARS.get(question, np.nan)
    return {
        "question": question,
        "n": len(elapsed),
        "median_ms": median,
        "p90_ms": float(np.quantile(elapsed, 0.9)),
        "cpu_ms": float(np.median(cpu)),
        "bar_ms": bar,
        "ratio": median / bar,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workloads", type=int, default=50)
    parser.add_argument("--runs", type=int, default=200, help="of each workload")
    parser.add_argument("--calls", type=int, default=20)
    options = parser.parse_args(arguments)
    table = measure(
        n_workloads=options.workloads, n_runs=options.runs, n_calls=options.calls
    )
    print(markdown(table))


if __name__ == "__main__":
    main()
