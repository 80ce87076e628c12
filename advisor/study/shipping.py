"""From a store's runs to the study that ships with the program.

The ones that go were made by this program on its own workloads and have a curve; of a
run that was carried further, the record that got furthest.
"""

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import date
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

from advisor.evidence.trajectories import runs_that_count
from experiments.jobs.records import VERIFICATION, verification_id_of
from experiments.workloads.registry import BUILT_IN, find_spec
from knowledge.records import FOLDER_SEPARATOR, Outcome, Run
from knowledge.store.store import Store
from knowledge.study.reading import ShippedStudy
from knowledge.study.writing import write_study

_VERSIONED = ("torch", "numpy", "scikit-learn", "scikit-image")
_STUDY_PREFIX = verification_id_of("study-")


def ship_study(store: Store, folder: Path, *, made: date) -> ShippedStudy:
    """Write the store's measured runs as a study into a folder, and return it.

    `made` is the day that study.toml names.

    Raises:
        StudyError: There is nothing to ship, or a shipped curve is damaged.
        StoreError: The folder cannot be written.
    """
    runs = [run for run in store.runs() if is_shippable(run)]
    pairs = [(run, store.curve(run.id)) for run in runs_that_count(runs)]
    shipped = [(run, curve) for run, curve in pairs if curve.losses]
    facts = study_facts([run for run, _ in shipped], _parts(store), made=made)
    return write_study(folder, shipped, facts)


def is_shippable(run: Run) -> bool:
    """Whether this program made the run, on one of its own workloads and data."""
    return (
        run.is_measured
        and run.outcome is not None
        and run.horizon_steps is not None
        and find_spec(run.workload) in BUILT_IN
        and FOLDER_SEPARATOR not in (run.data or "")  # a person's own folders of faces
    )


def study_facts(
    runs: Sequence[Run], parts: Mapping[str, str], *, made: date
) -> dict[str, Any]:
    """Return what study.toml says of the runs and of this machine.

    `parts` gives the study's part by job id; `made` is the day it names.
    """
    step_seconds = _step_seconds(runs)
    grouped: dict[tuple[str, str, str], list[Run]] = {}
    for run in runs:
        named = parts.get(run.job_id or "", f"{run.workload} {run.recipe}")
        grouped.setdefault((named, run.workload, run.recipe or ""), []).append(run)
    return {
        "made": made.isoformat(),
        "code_versions": sorted({run.code_version or "" for run in runs}),
        "cpu_hours": _hours(runs, step_seconds),
        "machine": {
            "cpu": _cpu_model(),
            "cores": os.cpu_count() or 1,
            "system": f"{platform.system()} {platform.machine()}",
        },
        "versions": {
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in _VERSIONED},
        },
        "parts": [
            {
                **{"name": name, "workload": workload, "recipe": recipe},
                "batch_sizes": sorted({run.batch_size for run in group}),
                "horizons": sorted({run.horizon_steps or 0 for run in group}),
                "seeds": len({run.seed for run in group}),
                "runs": len(group),
                **{o.value: sum(run.outcome == o for run in group) for o in Outcome},
                "cpu_hours": _hours(group, step_seconds),
            }
            for (name, workload, recipe), group in sorted(grouped.items())
        ],
    }


def _parts(store: Store) -> dict[str, str]:
    """The part of the study each job was run for, by job id."""
    rows = store.rows("select id, verification_id from jobs")
    return {
        job_id: verification_id.removeprefix(VERIFICATION).split(".")[0]
        for job_id, verification_id in rows
        if (verification_id or "").startswith(_STUDY_PREFIX)
    }


def _step_seconds(runs: Sequence[Run]) -> dict[tuple[str, int], float]:
    """The median seconds of a step, by workload and batch size.

    A run that was paused, or shared its core, took longer by the clock than it cost.
    """
    timed: dict[tuple[str, int], list[float]] = {}
    for run in runs:
        if run.seconds and run.steps:
            key = run.workload, run.batch_size
            timed.setdefault(key, []).append(run.seconds / run.steps)
    return {key: median(seconds) for key, seconds in timed.items()}


def _hours(runs: Sequence[Run], step_seconds: Mapping[tuple[str, int], float]) -> float:
    """CPU-hours: a run has one core, and each of its steps takes what is usual."""
    seconds = sum(
        (run.steps or 0) * step_seconds.get((run.workload, run.batch_size), 0.0)
        for run in runs
    )
    return round(seconds / 3600, 3)


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()
