"""What Lightning's CSVLogger writes, read as the run that it was."""

import pytest

from advisor.service import Advisor
from knowledge.importers.choosing import parse_runs
from knowledge.importers.importer import FileOptions
from knowledge.records import Outcome
from tests.knowledge.importers.real.training import train_with


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of two trainings, the second of which breaks."""
    folder = tmp_path_factory.mktemp("lightning")
    train_with("lightning", folder)
    return folder


def test_a_training_is_a_run_with_its_hyperparameters(trained):
    parsed = parse_runs(trained / "good", asked=FileOptions(workload="net"))
    (run,) = parsed.runs
    assert parsed.format == "lightning"
    assert (run.learning_rate, run.batch_size, run.optimizer) == (0.01, 16, "adamw")
    assert (run.metric_name, run.steps) == ("val_loss", 48)
    metrics = parsed.curves[run.id].metrics
    assert [step for step, _ in metrics["train_loss_step"]] == list(range(5, 48, 5))
    assert not (run.outcome and run.outcome.is_unstable)


def test_a_training_without_hyperparameters_is_asked_about(trained, tmp_path):
    (metrics,) = (trained / "good").rglob("metrics.csv")
    alone = tmp_path / "metrics.csv"
    alone.write_text(metrics.read_text())
    parsed = parse_runs(alone, asked=FileOptions(workload="net", batch_size=16))
    rates = [run.learning_rate for run in parsed.runs]
    assert [one.field for one in parsed.asked] == ["learning_rate"] or rates == [0.01]


def test_a_training_whose_loss_is_no_number_has_failed_at_that_step(trained):
    (run,) = parse_runs(trained / "broken", asked=FileOptions(workload="net")).runs
    assert (run.outcome, run.failed_at_step) == (Outcome.DIVERGED, 5)


def test_a_question_is_answered_from_the_trainings(trained, tmp_path):
    with Advisor.open(tmp_path / "store", study=False) as advisor:
        assert advisor.import_runs(trained, workload="net", dry_run=True).added == 2
        assert advisor.import_runs(trained, workload="net").added == 2
        answer = advisor.recommend("net", batch_size=16)
        assert answer.learning_rate <= 0.01
