"""Stores as large as one likes, made up: many workloads in families, every run scored.

Each workload has a threshold that rises with the batch size, and a best rate an octave
below it; families share a slope. The same seed makes the same runs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from advisor.service import Advisor
from knowledge.records import Outcome, Run, content_id

STEPS = 2000
BATCH_SIZES = (4, 8, 16, 32, 64, 128, 256, 512)
OPTIMIZERS = ("adam", "sgd")
AT_ONCE = 50_000  # runs in one record


@dataclass(frozen=True)
class StoreSize:
    """How many runs a store holds, and over how many workloads and families."""

    n_runs: int
    n_workloads: int
    n_families: int

    @property
    def title(self) -> str:
        """The size in words."""
        families = (
            "one family" if self.n_families == 1 else f"{self.n_families} families"
        )
        return f"{self.n_runs:,} runs ({self.n_workloads:,} workloads, {families})"

    def workload(self, number: int) -> str:
        """The name of a workload."""
        return f"net{number % self.n_families}/size{number}"

    @property
    def workloads(self) -> list[str]:
        """The names of all workloads."""
        return [self.workload(number) for number in range(self.n_workloads)]


def make_store(folder: Path, size: StoreSize, *, seed: int = 0) -> None:
    """Make a store as a person has it, with claims and study, and add the runs."""
    with Advisor.open(folder) as advisor:
        for runs in batches_of_runs(size, seed=seed):
            advisor.store.record_runs(runs)
            advisor.store.ingest_all(wait_seconds=600)


def batches_of_runs(size: StoreSize, *, seed: int = 0) -> Iterator[list[Run]]:
    """Yield all runs of a store, some ten thousands at a time."""
    rng = np.random.default_rng(seed)
    slopes = rng.normal(0.4, 0.2, size.n_families)
    waiting: list[Run] = []
    for number in range(size.n_workloads):
        share = size.n_runs * (number + 1) // size.n_workloads
        n_runs = share - size.n_runs * number // size.n_workloads
        slope = slopes[number % size.n_families] + rng.normal(0, 0.1)
        waiting += runs_of(size.workload(number), n_runs, slope=slope, rng=rng)
        if len(waiting) >= AT_ONCE:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def runs_of(
    workload: str, n_runs: int, *, slope: float, rng: np.random.Generator
) -> list[Run]:
    """Return runs of one workload, at rates a quarter octave apart."""
    optimizer = OPTIMIZERS[int(rng.integers(len(OPTIMIZERS)))]
    level = rng.normal(-12.0 if optimizer == "adam" else -4.0, 1.0)
    log_batch = np.log2(rng.choice(BATCH_SIZES, n_runs))
    threshold = level + slope * (log_batch - 5)
    log_rate = np.round(4 * (threshold + rng.uniform(-3, 3, n_runs))) / 4
    above = log_rate - threshold
    fails = rng.random(n_runs) < 1 / (1 + np.exp(-above / 0.15))
    loss = 1 + 0.05 * (above + 1) ** 2 + rng.normal(0, 0.01, n_runs)
    failed_at = rng.integers(10, STEPS, n_runs)
    return [
        Run(
            id=content_id("run", {"workload": workload, "number": i}),
            workload=workload,
            batch_size=int(2 ** log_batch[i]),
            learning_rate=float(2.0 ** log_rate[i]),
            optimizer=optimizer,
            recipe=None,
            source="made up",
            seed=i,
            outcome=Outcome.DIVERGED if fails[i] else Outcome.STABLE,
            failed_at_step=int(failed_at[i]) if fails[i] else None,
            steps=STEPS,
            horizon_steps=STEPS,
            metric_name=None if fails[i] else "loss",
            metric_value=None if fails[i] else float(loss[i]),
            goal=None if fails[i] else "min",
        )
        for i in range(n_runs)
    ]
