"""What a store and a machine are like: checked, counted, and what is wrong."""

import shutil
from importlib import metadata
from typing import Any

from advisor.checks import this_device
from advisor.running.job_documents import shown_state
from advisor.running.supervision import Supervision
from advisor.settings import Settings
from advisor.track_record.reading import read_track_record
from advisor.track_record.wording import track_record_document
from experiments.workloads.registry import WORKLOADS
from knowledge import inbox
from knowledge.errors import SettingsError
from knowledge.store.migrations import SCHEMA_VERSION
from knowledge.store.store import Store
from knowledge.version import PROGRAM

_VERSIONED = (PROGRAM, "torch", "duckdb", "streamlit", "scikit-learn", "altair")


def examine(
    store: Store,
    supervision: Supervision,
    settings: Settings,
    *,
    study_problem: str | None = None,
) -> dict[str, Any]:
    """Check the store against its records; say versions, device and what lacks."""
    report = store.verify()
    waiting = len(inbox.waiting(store.folder))
    problems = [*report.problems, *store.repairs]
    if study_problem and study_problem not in problems:
        problems.append(study_problem)
    try:
        list(WORKLOADS)
    except SettingsError as error:  # a named file that cannot be used
        problems.append(str(error))
    if waiting:
        problems.append(
            f"{waiting} records wait to be ingested: is another program holding "
            f"{store.folder / 'store.duckdb'} open, or the disk full? Nothing is lost."
        )
    if trouble := supervision.trouble():
        problems.append(trouble)
    interrupted = [
        j.id for j in supervision.queue.jobs() if shown_state(j) == "interrupted"
    ]
    if interrupted:
        problems.append(
            f"{len(interrupted)} jobs lost their worker: `lr-advisor jobs resume "
            f"{interrupted[0]}` goes on with the first."
        )
    return {
        "store": str(store.folder),
        "schema_version": SCHEMA_VERSION,
        "generation": store.generation,
        "tables": store.counts(),
        "records": report.records,
        "outcomes_checked": report.outcomes_checked,
        "versions": {name: _version(name) for name in _VERSIONED},
        "device": this_device(),
        "workers": settings.n_workers,
        "free_disk_gb": round(shutil.disk_usage(store.folder).free / 1e9, 1),
        "calibration": track_record_document(read_track_record(store)),
        "problems": problems,
        "ok": not problems,
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
