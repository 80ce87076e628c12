"""What Hugging Face's Trainer writes, read as the run that it was."""

import pytest

from advisor.service import Advisor
from knowledge.importers.choosing import parse_runs
from knowledge.importers.importer import FileOptions
from knowledge.records import Outcome
from tests.knowledge.importers.real.training import train_with

SAID = {"workload": "line", "optimizer": "adamw_torch", "accumulation": 2}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of several trainings."""
    folder = tmp_path_factory.mktemp("transformers")
    train_with("transformers", folder)
    return folder


@pytest.mark.parametrize(("name", "rate"), [("linear", 0.01), ("cosine", 0.02)])
def test_a_training_is_a_run_at_the_rate_that_was_set(trained, name, rate):
    parsed = parse_runs(trained / name, asked=FileOptions(**SAID))
    (run,) = parsed.runs
    assert parsed.format == "trainer_state"
    assert (run.learning_rate, run.batch_size, run.steps) == (rate, 16, 60)
    assert (run.metric_name, run.goal) == ("eval_loss", "min")
    assert len(parsed.curves[run.id].metrics["loss"]) == 12
    assert len(parsed.curves[run.id].metrics["eval_loss"]) == 3
    assert not (run.outcome and run.outcome.is_unstable)


def test_losses_that_are_logged_as_zero_are_seen_to_be_no_numbers(trained):
    state = trained / "broken" / "checkpoint-60" / "trainer_state.json"
    assert '"loss": 0.0' in state.read_text()
    (run,) = parse_runs(state, asked=FileOptions(**SAID)).runs
    assert (run.outcome, run.failed_at_step) == (Outcome.DIVERGED, 5)


def test_a_question_is_answered_from_the_trainings(trained, tmp_path):
    with Advisor.open(tmp_path / "store", study=False) as advisor:
        report = advisor.import_runs(trained, **{**SAID, "dry_run": True})
        assert (report.added, report.asked) == (3, ())
        assert advisor.import_runs(trained, **SAID).added == 3
        answer = advisor.recommend("line", batch_size=16, optimizer="adamw")
        assert 0.005 < answer.learning_rate < 0.05
