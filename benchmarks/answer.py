"""How long an answer takes on stores of thousands to a million runs, in milliseconds.

`python -m benchmarks.answer` makes the stores in a temporary folder (up to 1 GB each)
and asks, in one process, what a person asks: in words, from reading the question to
the saved answer. Run it on a machine that does nothing else.
"""

import argparse
import itertools
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from advisor.reading.parsing import parse_question, turn_of
from advisor.service import Advisor
from benchmarks.machine import describe_machine
from benchmarks.made_up_stores import StoreSize, make_store
from experiments.workloads.registry import WORKLOADS
from knowledge.python_process import python_command, python_environment
from knowledge.records import OURS, Curve, Run

Seconds = NDArray[np.float64]

SIZES = (
    StoreSize(1_000, n_workloads=20, n_families=5),
    StoreSize(20_000, n_workloads=100, n_families=1),
    StoreSize(100_000, n_workloads=500, n_families=40),
    StoreSize(1_000_000, n_workloads=2_000, n_families=100),
)
N_FAMILIES, N_WORKLOADS = 4, 12  # asked about, so that most questions are no cold start
FEW_WORKLOADS = 20  # in a store whose report on all of them is timed
CURVE = Curve(tuple(np.linspace(2, 1, 2000).tolist()))

# Kinds of questions in words; `w` and `v` are workloads, `b` is a batch size.
ANOTHER_BATCH = "What LR for batch {b} on {w}?"
KINDS = {
    "is a rate safe": "Is 1e-3 safe for {w} at batch {b}?",
    "largest batch": "What is the largest batch for lr 1e-3 on {w}?",
    "which of two": "Compare {w} and {v} at batch {b}",
    "how it scales": "How does the learning rate scale with batch size for {w}?",
    "show runs": "Show the runs of {w} at batch {b}",
    "what went wrong": "Loss is nan on {w} at batch {b} with lr 1e-2, why?",
    "a concept": "What is warm-up?",
    "help": "help",
}
FOLLOW_UP = "and at batch {b}?"
# What is promised, in milliseconds.
PARSE_BAR, ANSWER_BAR = 20.0, 150.0


def measure(
    sizes: Sequence[StoreSize] = SIZES,
    *,
    n_calls: int = 60,
    fresh_process: bool = True,
    seed: int = 0,
    folder: Path | None = None,
) -> pd.DataFrame:
    """Return one row for each store and question.

    Args:
        sizes: Of the stores.
        n_calls: Questions behind each median at least, where they can be repeated.
        fresh_process: Whether to time the command in a process of its own.
        seed: Of the runs.
        folder: Where to make the stores; None: the machine's temporary folder.

    Returns:
        Columns `store`, `question`, `n`, `median_ms`, `p95_ms`, `cpu_ms` (the median
        of the processor's time, which others on the machine slow down less), `bar_ms`
        (NaN where none is promised) and `ratio` of p95 and bar. `attrs["machine"]`
        names the machine and how busy it was.
    """
    rows = []
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="answer-", dir=folder) as temporary:
            store = Path(temporary) / "store"
            make_store(store, size, seed=seed)
            timings = _time_store(
                store, size, n_calls=n_calls, fresh_process=fresh_process
            )
            for question, bar, seconds in timings:
                rows.append({"store": size.title, **_row(question, bar, seconds)})
    table = pd.DataFrame(rows)
    table.attrs["machine"] = describe_machine()
    return table


def markdown(table: pd.DataFrame) -> str:
    """Return the table as Markdown, with the machine named above it."""
    lines = [
        f"Machine: {table.attrs['machine']}.",
        "",
        "| store | question | calls | median ms | p95 ms | CPU ms | at most | ratio |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in table.itertuples():
        has_bar = not np.isnan(row.bar_ms)
        bar = f"{row.bar_ms:.0f}" if has_bar else ""
        ratio = f"{row.ratio:.2f}" if has_bar else ""
        lines.append(
            f"| {row.store} | {row.question} | {row.n} | {row.median_ms:.1f} "
            f"| {row.p95_ms:.1f} | {row.cpu_ms:.1f} | {bar} | {ratio} |"
        )
    return "\n".join(lines)


def workloads_asked(size: StoreSize) -> list[str]:
    """Return the workloads that are asked about, those of one family side by side."""
    families = itertools.groupby(sorted(size.workloads, key=_family), key=_family)
    per_family = N_WORKLOADS // min(N_FAMILIES, size.n_families)
    return [
        name
        for _, names in itertools.islice(families, N_FAMILIES)
        for name in itertools.islice(names, per_family)
    ]


def questions(size: StoreSize, template: str, n: int) -> list[str]:
    """Return different questions of a kind: other workloads, then other batches."""
    names = workloads_asked(size)
    return [
        template.format(
            w=names[i % len(names)],
            v=names[(i + 1) % len(names)],
            b=5 + 3 * (i // len(names)),
        )
        for i in range(n)
    ]


def _family(name: str) -> str:
    return name.split("/")[0]


class _Asker:
    """What is asked of one store, each as a call without arguments."""

    def __init__(self, advisor: Advisor):
        self._advisor = advisor
        names = advisor.store.workload_names()
        self._known = list(dict.fromkeys([*WORKLOADS, *names]))
        self._later = itertools.count()

    def parse(self, text: str, context: str | None = None) -> None:
        """Understand a question alone."""
        before = turn_of(context, self._known)
        parse_question(text, before=before, known_workloads=self._known)

    def ask(self, text: str, context: str | None = None) -> None:
        """Ask in words."""
        self._advisor.ask(text, context)

    def ask_after_a_run(self, run: Run, text: str) -> None:
        """Save a run as a worker does and ask."""
        self._advisor.store.record_run(run, CURVE)
        self.ask(text)

    def new_run(self, workload: str) -> Run:
        """A run made here: like one that is known, with another seed."""
        known = self._advisor.store.runs(workload=workload)[0]
        number = next(self._later)
        return replace(
            known, id=f"run:later-{number}", seed=10_000 + number, source=OURS
        )


def _time_store(
    store: Path, size: StoreSize, *, n_calls: int, fresh_process: bool
) -> Iterator[tuple[str, float, Seconds]]:
    """Yield each question with its bar and the seconds of its calls."""
    none = float("nan")
    yield "open the store", none, _timed([partial(_open, store)] * 5)
    with Advisor.open(store) as advisor:
        asker = _Asker(advisor)
        names = workloads_asked(size)
        texts = questions(size, ANOTHER_BATCH, n_calls)
        mixed = [text for kind in KINDS.values() for text in questions(size, kind, 12)]
        asker.parse(texts[0])  # loads what is learnt
        parse = [partial(asker.parse, text) for text in [*texts, *mixed]]
        yield "parse a question", PARSE_BAR, _timed(parse)
        first = [
            partial(asker.ask, f"What LR for batch 4 on {name}?") for name in names
        ]
        yield "first question about a workload", ANSWER_BAR, _timed(first)
        another = [partial(asker.ask, text) for text in texts]
        yield "another batch of it", ANSWER_BAR, _timed(another)
        yield "the same again", ANSWER_BAR, _timed(another)
        follow = [
            partial(asker.ask, FOLLOW_UP.format(b=101 + i), text)
            for i, text in enumerate(texts)
        ]
        yield "a follow-up", ANSWER_BAR, _timed(follow)
        found = []
        for kind, template in KINDS.items():
            asked = [partial(asker.ask, t) for t in questions(size, template, 12)]
            found.append(_timed(asked))
            yield kind, ANSWER_BAR, found[-1]
        yield "all of these eight kinds", ANSWER_BAR, np.concatenate(found)
        runs = [asker.new_run(name) for name in names]
        after = [
            partial(
                asker.ask_after_a_run, run, f"What LR for batch 4 on {run.workload}?"
            )
            for run in runs
        ]
        yield "after a new run of it", ANSWER_BAR, _timed(after)
        if size.n_workloads <= FEW_WORKLOADS:
            whole = partial(asker.ask, "Does the learning rate scale with batch size?")
            yield "scaling of the whole store", none, _timed([whole])
            yield "the same again, whole store", none, _timed([whole] * 3)
    if fresh_process:
        command = partial(_run_command, store, texts[0])
        yield "the command, each in a new process", none, _timed([command] * 3)


def _open(store: Path) -> None:
    Advisor.open(store).close()


def _timed(calls: Sequence[Callable[[], None]]) -> Seconds:
    """Elapsed and processor seconds of each call, shape (n_calls, 2)."""
    found = []
    for call in calls:
        start, cpu_start = time.perf_counter(), cpu_seconds()
        call()
        found.append((time.perf_counter() - start, cpu_seconds() - cpu_start))
    return np.array(found)


def cpu_seconds() -> float:
    """Processor time of this process and of those it waited for."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def _run_command(store: Path, question: str) -> None:
    command = python_command("advisor.cli", "ask", question)
    command += ["--store", str(store), "--json"]
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, env=python_environment()
    )


def _row(question: str, bar: float, seconds: Seconds) -> dict[str, object]:
    elapsed, cpu = 1e3 * seconds.T
    p95 = float(np.quantile(elapsed, 0.95))
    return {
        "question": question,
        "n": len(elapsed),
        "median_ms": float(np.median(elapsed)),
        "p95_ms": p95,
        "cpu_ms": float(np.median(cpu)),
        "bar_ms": bar,
        "ratio": p95 / bar,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, store by store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=60)
    parser.add_argument("--runs", type=int, nargs="*", help="only stores of so many")
    parser.add_argument("--folder", type=Path, help="where to make the stores")
    options = parser.parse_args(arguments)
    for size in SIZES:
        if not options.runs or size.n_runs in options.runs:
            table = measure([size], n_calls=options.calls, folder=options.folder)
            print(markdown(table), flush=True)


if __name__ == "__main__":
    main()
