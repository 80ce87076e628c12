"""What Keras' CSVLogger writes, read as the run that it was."""

import pytest

from advisor.service import Advisor
from knowledge.importers.choosing import parse_runs
from knowledge.importers.importer import FileOptions
from knowledge.records import Outcome
from tests.knowledge.importers.real.training import train_with

SAID = {"workload": "net", "optimizer": "Adam", "batch_size": 16}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of three logs: with the rate, without it, and of a broken training."""
    folder = tmp_path_factory.mktemp("keras")
    train_with("keras", folder)
    return folder


def test_a_rate_in_single_precision_is_the_one_that_was_set(trained):
    assert "0.10000000149" in (trained / "logged.csv").read_text()
    parsed = parse_runs(trained / "logged.csv", asked=FileOptions(**SAID))
    (run,) = parsed.runs
    assert parsed.format == "keras"
    assert (run.learning_rate, run.steps, run.optimizer) == (0.1, 6, "adam")
    assert (run.metric_name, run.goal) == ("val_loss", "min")


def test_a_rate_that_is_not_logged_is_asked_for(trained):
    parsed = parse_runs(trained / "plain.csv", asked=FileOptions(**SAID))
    assert [one.field for one in parsed.asked] == ["learning_rate"]
    said = FileOptions(**SAID, learning_rate=0.01)
    (run,) = parse_runs(trained / "plain.csv", asked=said).runs
    assert (run.learning_rate, run.batch_size) == (0.01, 16)


def test_a_training_whose_loss_is_no_number_has_failed(trained):
    (run,) = parse_runs(trained / "broken.csv", asked=FileOptions(**SAID)).runs
    assert (run.outcome, run.failed_at_step) == (Outcome.DIVERGED, 1)
    assert run.learning_rate == 1e30


def test_a_question_is_answered_from_the_training(trained, tmp_path):
    file = trained / "logged.csv"
    with Advisor.open(tmp_path / "store", study=False) as advisor:
        assert advisor.import_runs(file, **SAID, dry_run=True).added == 1
        assert advisor.import_runs(file, **SAID).added == 1
        answer = advisor.recommend("net", batch_size=16)
        assert answer.learning_rate <= 0.1
