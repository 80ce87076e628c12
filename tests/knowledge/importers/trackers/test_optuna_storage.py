"""Studies that Optuna kept come in as runs: scored, pruned, failed and diverged."""

import math

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from knowledge.importers.choosing import parse_runs
from knowledge.importers.importer import FileOptions
from knowledge.records import Outcome
from tests.knowledge.importers.trackers.trainings import BATCH, TOO_HIGH, train

RATES = (0.01, 0.05, TOO_HIGH, 0.02, 0.03)
SAID = FileOptions(workload="net", optimizer="sgd")


def _objective(trial):
    rate = trial.suggest_float("lr", 1e-3, 100, log=True)
    trial.suggest_categorical("batch_size", [BATCH])
    for step, loss, _ in train(rate, steps=40):
        if step % 5 == 0 or not math.isfinite(loss):
            trial.report(loss, step)
        if trial.number == 3 and step == 20:
            raise optuna.TrialPruned
        if trial.number == 4 and step == 20:
            raise RuntimeError("the card was taken")
    return loss


@pytest.fixture(params=["sqlite", "journal"])
def storage_path(request, tmp_path):
    """A study of trials that ended well, with NaN, pruned, and in an error."""
    path = tmp_path / "study.bin"
    if request.param == "sqlite":
        storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
    else:
        storage = JournalStorage(JournalFileBackend(str(path)))
    optuna.logging.set_verbosity(optuna.logging.CRITICAL)
    study = optuna.create_study(storage=storage, study_name="rates")
    for rate in RATES:
        study.enqueue_trial({"lr": rate, "batch_size": BATCH})
    study.optimize(_objective, n_trials=len(RATES), catch=(RuntimeError,))
    if request.param == "sqlite":
        storage.remove_session()
        storage.engine.dispose()
    return path


def test_trials_are_runs_with_the_end_that_each_had(storage_path):
    before = storage_path.read_bytes()
    assert [one.field for one in parse_runs(storage_path).asked] == [
        *("workload", "optimizer"),
    ]
    parsed = parse_runs(storage_path, asked=SAID)
    assert parsed.format == "optuna"
    assert [run.learning_rate for run in parsed.runs] == list(RATES)
    assert [run.outcome for run in parsed.runs] == [
        *(None, None, Outcome.DIVERGED, Outcome.INCOMPLETE, None),
    ]
    good, _, high, _, failed = parsed.runs
    assert (good.metric_name, good.goal) == ("objective", "min")
    assert 1 < high.failed_at_step < 40
    assert (failed.metric_value, failed.outcome) == (None, None)
    assert len(parsed.curves[good.id].metrics["objective"]) == 8
    assert storage_path.read_bytes() == before
    told = FileOptions(
        workload="net", optimizer="sgd", outcome_of={"FAILED": "diverged"}
    )
    assert parse_runs(storage_path, asked=told).runs[-1].outcome is Outcome.DIVERGED


def test_the_study_says_which_way_its_objective_goes(tmp_path):
    path = tmp_path / "journal.log"
    storage = JournalStorage(JournalFileBackend(str(path)))
    study = optuna.create_study(storage=storage, direction="maximize")
    study.add_trial(
        optuna.create_trial(
            params={"lr": 0.1},
            distributions={"lr": optuna.distributions.FloatDistribution(0, 1)},
            user_attrs={"batch_size": 8, "model": "net", "optimizer": "Adam"},
            value=0.9,
        )
    )
    (run,) = parse_runs(path).runs
    assert (run.goal, run.metric_value, run.steps) == ("max", 0.9, None)
    assert (run.workload, run.optimizer, run.batch_size) == ("net", "adam", 8)


def test_of_several_objectives_one_is_asked_for(tmp_path):
    path = tmp_path / "journal.log"
    storage = JournalStorage(JournalFileBackend(str(path)))
    study = optuna.create_study(storage=storage, directions=["minimize", "maximize"])
    study.add_trial(
        optuna.create_trial(values=[1.0, 0.5], user_attrs={"lr": 0.1, "bs": 8})
    )
    assert [one.field for one in parse_runs(path, asked=SAID).asked] == ["metric"]
    asked = FileOptions(workload="net", optimizer="sgd", metric="objective_1")
    (run,) = parse_runs(path, asked=asked).runs
    assert (run.metric_value, run.goal) == (0.5, "max")
