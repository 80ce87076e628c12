"""What was timed on this machine: the runs made here and the speeds measured here.

Shipped or imported runs do not count, nor do speeds of another processor.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from advisor.evidence.library import NO_RUNS, Library
from advisor.evidence.scope import PRECISION
from advisor.memory import Memory
from advisor.planning.costs import (
    RunCost,
    Timing,
    fit_run_cost,
    timing_of_run,
    timing_of_speed,
)
from experiments.machine import machine_name
from knowledge.records import Run, Throughput
from knowledge.store.store import Store

MAX_KEPT = 200
MOST_TIMINGS = 300  # older ones hardly count


@dataclass(frozen=True)
class _Known:
    runs: Sequence[Run]
    speeds: Sequence[Throughput]
    cost: RunCost


class Timings:
    """What was timed in one store's machine; safe to use from several threads."""

    def __init__(self, store: Store, library: Library, *, n_workers: int):
        self._store = store
        self._library = library
        self._n_workers = n_workers
        self._known = Memory[_Known](MAX_KEPT)

    def run_cost(
        self, workload: str, *, device: str, precision: str = PRECISION
    ) -> RunCost:
        """Return what runs of a workload cost here: a guess until one was timed."""
        shelf = self._library.shelves(workload).get(workload.lower(), NO_RUNS)
        speeds = self._store.throughput()
        key = workload, device, precision
        known = self._known.find(key)
        if known and known.runs is shelf.runs and known.speeds == speeds:
            return known.cost
        timings = _timings(
            self.runs(workload, device=device, precision=precision),
            self.speeds(workload, device=device, precision=precision),
        )
        cost = fit_run_cost(workload, timings, n_workers=self._n_workers)
        self._known.keep(key, _Known(shelf.runs, speeds, cost))
        return cost

    def runs(
        self, workload: str, *, device: str, precision: str = PRECISION
    ) -> list[Run]:
        """Return the runs of ours that were timed, newest first."""
        shelf = self._library.shelves(workload).get(workload.lower(), NO_RUNS)
        found = [
            run
            for run in shelf.runs
            if run.device == device
            and run.precision in (None, precision)
            and timing_of_run(run) is not None
        ]
        return sorted(found, key=lambda run: run.created or "", reverse=True)

    def speeds(
        self, workload: str, *, device: str, precision: str = PRECISION
    ) -> list[Throughput]:
        """Return the speeds measured on this machine, newest first."""
        here = machine_name()
        return [
            row
            for row in reversed(self._store.throughput())
            if (row.workload, row.device, row.precision, row.machine)
            == (workload, device, precision, here)
        ]


def _timings(runs: Sequence[Run], speeds: Sequence[Throughput]) -> list[Timing]:
    """Both kinds in one list, newest first."""
    dated = [(run.created or "", timing_of_run(run)) for run in runs]
    dated += [(row.measured, timing_of_speed(row)) for row in speeds]
    dated.sort(key=lambda pair: pair[0], reverse=True)
    return [timing for _, timing in dated if timing is not None][:MOST_TIMINGS]
