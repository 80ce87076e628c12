"""What MLflow keeps, in files or in SQLite, comes in as runs with their curves."""

import hashlib

import mlflow
import pytest

from knowledge.importers.choosing import parse_runs
from knowledge.importers.importer import FileOptions
from knowledge.records import Outcome
from tests.knowledge.importers.trackers.trainings import STEPS, TOO_HIGH, train

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(params=["files", "sqlite"], scope="module")
def store(request, tmp_path_factory):
    """Two good runs, one that diverged, one killed, one running, and a parent."""
    folder = tmp_path_factory.mktemp("mlflow")
    patch = pytest.MonkeyPatch()
    patch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    path = folder / ("mlruns" if request.param == "files" else "tracking.db")
    uri = path.as_uri() if request.param == "files" else f"sqlite:///{path}"
    client = mlflow.MlflowClient(tracking_uri=uri)
    experiment = client.create_experiment("regression", str(folder / "artifacts"))
    for name, rate, status in (
        ("one", 0.01, "FINISHED"),
        ("two", 0.05, "FINISHED"),
        ("high", TOO_HIGH, "FAILED"),
        ("killed", 0.02, "KILLED"),
        ("running", 0.03, "RUNNING"),
    ):
        run = client.create_run(experiment, run_name=name)
        for key, value in {
            "learning_rate": rate,
            "per_device_train_batch_size": 4,
            "gradient_accumulation_steps": 2,
            "n_gpu": 2,
            "optim": "adamw_torch_fused",
            "model": "mlp",
        }.items():
            client.log_param(run.info.run_id, key, value)
        for step, loss, _ in train(rate):
            client.log_metric(run.info.run_id, "train_loss", loss, step=step)
        client.log_metric(run.info.run_id, "val_loss", loss, step=STEPS)
        client.set_terminated(run.info.run_id, status)
    client.create_run(experiment, run_name="parent")
    patch.undo()
    return path


def _digest(path):
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    return {
        str(file): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
        if file.is_file()
    }


def test_runs_come_with_set_rate_whole_batch_curve_and_end(store):
    before = _digest(store)
    parsed = parse_runs(store)
    assert parsed.format == "mlflow"
    runs = {run.note.split(";")[0]: run for run in parsed.runs}
    assert {name: run.learning_rate for name, run in runs.items()} == {
        "run one": 0.01,
        "run two": 0.05,
        "run high": TOO_HIGH,
        "run killed": 0.02,
        "run running": 0.03,
    }
    assert {run.batch_size for run in runs.values()} == {16}
    assert {run.optimizer for run in runs.values()} == {"adamw"}
    assert "as written: adamw_torch_fused" in runs["run one"].note
    assert {name: run.outcome for name, run in runs.items()} == {
        "run one": Outcome.STABLE,
        "run two": Outcome.STABLE,
        "run high": Outcome.DIVERGED,
        "run killed": None,
        "run running": Outcome.INCOMPLETE,
    }
    assert 1 < runs["run high"].failed_at_step < STEPS
    assert runs["run killed"].metric_value is None
    assert len(parsed.curves[runs["run one"].id].metrics["train_loss"]) == STEPS
    assert [why for _, why in parsed.rejected] == [
        "parent: holds no loss and no other score of a run."
    ]
    assert _digest(store) == before
    assert {run.id for run in parse_runs(store).runs} == {run.id for run in parsed.runs}


def test_one_run_or_experiment_of_a_store_of_files_is_read_by_itself(store):
    if store.is_file():
        assert len(parse_runs(store, "mlflow").runs) == 5
        return
    experiment = next(one for one in store.iterdir() if list(one.glob("*/params")))
    assert len(parse_runs(experiment).runs) == 5
    run = next(one for one in experiment.glob("*/params/optim")).parent.parent
    assert len(parse_runs(run).runs) == 1
    assert len(parse_runs(store.parent, asked=FileOptions(workload="x")).runs) == 5
