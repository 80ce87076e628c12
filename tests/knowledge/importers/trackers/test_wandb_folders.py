"""The folders that wandb wrote offline come in as runs with their curves."""

import json

import pytest

from knowledge.importers.choosing import parse_runs
from knowledge.importers.importer import FileOptions
from knowledge.records import Outcome
from tests.knowledge.importers.trackers.trainings import STEPS, TOO_HIGH, train

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
SAID = FileOptions(workload="net")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A good run with a schedule, one that diverged, one that crashed."""
    folder = tmp_path_factory.mktemp("wandb-project")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_MODE", "offline")
        patch.setenv("WANDB_SILENT", "true")
        import wandb

        for name, rate in (("good", 0.05), ("high", TOO_HIGH), ("crashed", 0.02)):
            run = wandb.init(
                project="p",
                dir=folder,
                name=name,
                config={
                    "train": {"learning_rate": rate, "batch_size": 8},
                    "accumulate_grad_batches": 2,
                    "optimizer": {"name": "SGD"},
                },
            )
            for step, loss, used in train(rate, schedule=name == "good"):
                run.log({"train/loss": loss, "lr": used}, step=step)
            run.log({"val/loss": loss}, step=STEPS + 1)
            run.finish(exit_code=int(name == "crashed"))
    return folder / "wandb"


def test_a_folder_of_runs_is_read_with_settings_curves_and_ends(project):
    assert [one.field for one in parse_runs(project).asked] == ["workload"]
    parsed = parse_runs(project, asked=SAID)
    assert parsed.format == "wandb"
    runs = {run.note.split(";")[0]: run for run in parsed.runs}
    assert {name: run.outcome for name, run in runs.items()} == {
        "run good": Outcome.STABLE,
        "run high": Outcome.DIVERGED,
        "run crashed": None,
    }
    assert {run.batch_size for run in runs.values()} == {16}
    good, high = runs["run good"], runs["run high"]
    assert (good.learning_rate, good.optimizer) == (0.05, "sgd")
    assert (good.metric_name, good.goal) == ("val/loss", "min")
    assert 1 < high.failed_at_step < STEPS
    assert len(parsed.curves[good.id].metrics["train/loss"]) == STEPS


def test_one_run_is_read_by_its_folder_or_its_log(project):
    folder = next(one for one in project.iterdir() if one.name.startswith("offline"))
    (by_folder,) = parse_runs(folder, asked=SAID).runs
    (log,) = folder.glob("*.wandb")
    (by_log,) = parse_runs(log, asked=SAID).runs
    assert by_folder == by_log


def test_a_log_cut_in_the_middle_says_nothing_of_its_end(project, tmp_path):
    log = next(
        log
        for log in project.glob("offline-*/*.wandb")
        if parse_runs(log, asked=SAID).runs[0].learning_rate == 0.05
    )
    content = log.read_bytes()
    (tmp_path / "run-x.wandb").write_bytes(content[: len(content) // 2])
    parsed = parse_runs(
        tmp_path, asked=FileOptions(workload="net", metric="train/loss")
    )
    assert parsed.runs[0].outcome is None
    assert any("how the run ended" in note for note in parsed.notes)


def test_a_folder_without_its_log_gives_settings_and_last_values(tmp_path):
    files = tmp_path / "run-20260101_000000-abc" / "files"
    files.mkdir(parents=True)
    (files / "config.yaml").write_text(
        "_wandb:\n    value: {}\nlearning_rate:\n    value: 0.001\n"
        "batch_size:\n    value: 32\noptimizer:\n    value: AdamW\n"
    )
    summary = {"_step": 900, "val/loss": 0.5, "train/loss": "NaN"}
    (files / "wandb-summary.json").write_text(json.dumps(summary))
    (run,) = parse_runs(tmp_path, asked=SAID).runs
    assert (run.outcome, run.failed_at_step) == (Outcome.DIVERGED, 900)
    assert (run.learning_rate, run.batch_size, run.steps) == (0.001, 32, 900)
