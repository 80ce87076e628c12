"""MLflow's local stores: a folder `mlruns` of files, or an SQLite file.

Both are opened by MLflow itself, at one remove, since it writes into what it opens: a
database is copied and the copy brought to the tables of the version installed; of a
folder's experiments there are links in a folder of our own.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from knowledge.errors import ImportFileError
from knowledge.importers.importer import FileOptions, ParsedFile, load_bytes
from knowledge.importers.one_run import History
from knowledge.importers.trackers.databases import copied, tables_of
from knowledge.importers.trackers.libraries import environment, load_library
from knowledge.importers.trackers.points import Points
from knowledge.importers.trackers.run_set import history_of, is_kept, runs_of

name = "mlflow"
_TABLES = {"experiments", "runs", "metrics", "params", "alembic_version"}
_META, _PAGE = "meta.yaml", 200
_READS = "a store of MLflow"


def recognises(path: Path) -> bool:
    """Whether it is MLflow's database, or a folder of its store, experiment or run."""
    return is_store(path) if path.is_dir() else tables_of(path) >= _TABLES


def is_store(folder: Path) -> bool:
    """Whether a folder is a run, an experiment, or holds experiments."""
    return bool(_kind(folder)) or any(
        _kind(Path(entry.path)) == "experiment"
        for entry in os.scandir(folder)
        if entry.is_dir(follow_symlinks=False)
    )


def read(path: Path, asked: FileOptions) -> ParsedFile:
    """Read the runs of all experiments, but those that were deleted."""
    if not recognises(path):
        raise ImportFileError(f"{path} is no store of MLflow.")
    load_library("mlflow", extra=name, reads=_READS)
    errors = load_library("mlflow.exceptions", extra=name, reads=_READS)
    with environment(MLFLOW_ALLOW_FILE_STORE="true"), _quiet():
        try:
            with _database(path) if path.is_file() else _folder(path) as client:
                only = path.name if _kind(path) == "run" else None
                return runs_of(path, _histories(client, only), asked, source="MLflow")
        except errors.MlflowException as error:
            why = str(error).splitlines()[0][:200]
            raise ImportFileError(f"{path} cannot be read by MLflow: {why}.") from error


@contextmanager
def _database(path: Path) -> Iterator[Any]:
    tables = load_library("mlflow.store.db.utils", extra=name, reads=_READS)
    load_library("sqlalchemy", extra=name, reads=_READS)
    with copied(path) as url:
        engine = tables.create_sqlalchemy_engine(url)
        try:
            tables._upgrade_db(engine)
        finally:
            engine.dispose()
        client = _client(url)
        yield client
        client._tracking_client.store.engine.dispose()


@contextmanager
def _folder(path: Path) -> Iterator[Any]:
    experiments = {
        "run": [path.parent],
        "experiment": [path],
    }.get(_kind(path)) or [one for one in path.iterdir() if _kind(one) == "experiment"]
    with TemporaryDirectory(prefix="lr-advisor-") as place:
        root = Path(place)
        for experiment in experiments:
            target = experiment.resolve()
            (root / target.name).symlink_to(target, target_is_directory=True)
        yield _client(root.as_uri())


def _client(uri: str) -> Any:
    tracking = load_library("mlflow.tracking", extra=name, reads=_READS)
    return tracking.MlflowClient(tracking_uri=uri)


def _histories(client: Any, only: str | None) -> Iterator[History]:
    experiments = [one.experiment_id for one in client.search_experiments()]
    token = None
    while experiments:
        page = client.search_runs(experiments, max_results=_PAGE, page_token=token)
        for run in page:
            if only is None or run.info.run_id == only:
                yield _history(client, run)
        token = page.token
        if not token:
            return


def _history(client: Any, run: Any) -> History:
    logged = {}
    for metric in filter(is_kept, run.data.metrics):
        points = logged[metric] = Points()
        for one in sorted(
            client.get_metric_history(run.info.run_id, metric),
            key=lambda one: (one.step, one.timestamp),
        ):
            points.add(one.step, one.value)
    tags = {
        key: value
        for key, value in run.data.tags.items()
        if not key.startswith("mlflow.")
    }
    title = run.info.run_name or run.info.run_id
    return history_of(title, {**tags, **run.data.params}, logged, state=run.info.status)


def _kind(folder: Path) -> str:
    meta = folder / _META
    if not meta.is_file():
        return ""
    head = load_bytes(meta, most=4096)
    if b"artifact_uri:" in head and b"run_id:" in head:
        return "run"
    return "experiment" if b"artifact_location:" in head else ""


@contextmanager
def _quiet() -> Iterator[None]:
    """Let MLflow and its migrations say nothing of the copy."""
    loggers = [logging.getLogger(one) for one in ("mlflow", "alembic")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
