"""An Optuna study's storage: an SQLite file, or a journal of JSON lines.

Its study says which way the objective goes. A trial that Optuna calls failed may have
met an error of any kind: only a value that is not finite tells more.
"""

import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from knowledge.errors import ImportFileError
from knowledge.importers.importer import FileOptions, ParsedFile, load_bytes
from knowledge.importers.one_run import History
from knowledge.importers.trackers.databases import copied, tables_of
from knowledge.importers.trackers.libraries import load_library
from knowledge.importers.trackers.points import Points
from knowledge.importers.trackers.run_set import history_of, runs_of

_TABLES = {"studies", "trials", "trial_params", "study_directions"}
_JOURNAL = b'{"op_code":'
_READS = "the storage of an Optuna study"
_GOALS = {"MINIMIZE": "min", "MAXIMIZE": "max"}


def is_storage(path: Path) -> bool:
    """Whether a file is a storage of studies."""
    head = load_bytes(path, most=len(_JOURNAL) + 1).replace(b" ", b"")
    return head.startswith(_JOURNAL) or tables_of(path) >= _TABLES


def read_storage(path: Path, asked: FileOptions) -> ParsedFile:
    """Read the trials of every study in it."""
    optuna = load_library("optuna", extra="optuna", reads=_READS)
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings(), _opened(path) as storage:
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            found = _histories(optuna, storage)
            return runs_of(path, found, asked, source="Optuna study")
    except (RuntimeError, ValueError, KeyError, optuna.exceptions.OptunaError) as error:
        why = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise ImportFileError(f"{path} cannot be read by Optuna: {why}.") from error
    finally:
        optuna.logging.set_verbosity(before)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    storages = load_library("optuna.storages", extra="optuna", reads=_READS)
    if tables_of(path):
        with copied(path) as url:
            storage = storages.RDBStorage(url, skip_compatibility_check=True)
            try:
                if storage.get_current_version() != storage.get_head_version():
                    storage.upgrade()
                yield storage
            finally:
                storage.remove_session()
                storage.engine.dispose()
        return
    journal = load_library("optuna.storages.journal", extra="optuna", reads=_READS)
    with TemporaryDirectory(prefix="lr-advisor-") as folder:
        copy = shutil.copy(path, Path(folder) / "journal.log")
        yield storages.JournalStorage(journal.JournalFileBackend(str(copy)))


def _histories(optuna: Any, storage: Any) -> Iterator[History]:
    for name in optuna.get_all_study_names(storage):
        study = optuna.load_study(study_name=name, storage=storage)
        metrics = study.metric_names or _names_of(len(study.directions))
        goals = {
            metric: _GOALS[direction.name]
            for metric, direction in zip(metrics, study.directions, strict=True)
            if direction.name in _GOALS
        }
        for trial in study.get_trials(deepcopy=False):
            yield _history(name, study.user_attrs, trial, goals)


def _names_of(count: int) -> list[str]:
    return ["objective"] if count == 1 else [f"objective_{n}" for n in range(count)]


def _history(
    study: str, settings: dict[str, Any], trial: Any, goals: dict[str, str]
) -> History:
    logged: dict[str, Points] = {}
    if len(goals) == 1 and trial.intermediate_values:
        (metric,) = goals
        logged[metric] = Points()
        for step, value in sorted(trial.intermediate_values.items()):
            logged[metric].add(step, value)
    return history_of(
        f"{study} trial {trial.number}",
        {**settings, **trial.user_attrs, **trial.params},
        logged,
        state={"FAIL": "failed"}.get(trial.state.name, trial.state.name),
        scores=dict(zip(goals, trial.values or (), strict=False)),
        goals=goals,
        watched=next(iter(goals)) if len(goals) == 1 else None,
    )
