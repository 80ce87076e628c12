"""Event files that torch's SummaryWriter wrote come in as runs with their curves."""

import json
import math

import pytest
from torch.utils.tensorboard import SummaryWriter

from knowledge.importers.choosing import parse_runs
from knowledge.importers.importer import FileOptions
from knowledge.records import Outcome
from tests.knowledge.importers.trackers.trainings import BATCH, STEPS, TOO_HIGH, train

SAID = FileOptions(workload="net", optimizer="sgd")


def write_run(folder, rate, *, hparams=True, schedule=False, last=STEPS):
    with SummaryWriter(folder) as writer:
        for step, loss, used in train(rate, schedule=schedule):
            if step <= last:
                writer.add_scalar("train/loss", loss, step)
                writer.add_scalar("train/lr", used, step)
                writer.add_scalar("speed", 3.0, step)
        writer.add_scalar("val/loss", loss, last)
        if hparams:
            said = {"lr": rate, "batch_size": BATCH, "optimizer": "SGD"}
            writer.add_hparams(said, {"hparam/val_loss": loss})


def test_hparams_of_several_runs_in_a_folder_are_those_runs(tmp_path):
    for rate in (0.01, 0.05, TOO_HIGH):
        write_run(tmp_path / f"lr{rate}", rate)
    parsed = parse_runs(tmp_path, asked=FileOptions(workload="net"))
    assert parsed.format == "tensorboard"
    assert [(r.learning_rate, r.batch_size, r.optimizer) for r in parsed.runs] == [
        (0.01, BATCH, "sgd"),
        (0.05, BATCH, "sgd"),
        (TOO_HIGH, BATCH, "sgd"),
    ]
    good, _, broken = parsed.runs
    assert (good.metric_name, good.goal, good.steps) == ("val/loss", "min", STEPS)
    assert (good.outcome, good.failed_at_step) == (Outcome.STABLE, None)
    assert broken.outcome is Outcome.DIVERGED
    assert 1 < broken.failed_at_step < STEPS
    assert broken.metric_value is None
    curve = parsed.curves[broken.id].metrics["train/loss"]
    assert len(curve) == STEPS
    first = next(step for step, loss in curve if not math.isfinite(loss))
    assert first == broken.failed_at_step


def test_what_event_files_do_not_say_is_asked_for(tmp_path):
    write_run(tmp_path, 0.01, hparams=False)
    asked = parse_runs(tmp_path).asked
    assert [one.field for one in asked] == ["workload", "optimizer", "batch_size"]
    assert not parse_runs(tmp_path).runs


def test_the_rate_is_the_peak_of_a_schedule_that_was_logged(tmp_path):
    write_run(tmp_path, 0.05, hparams=False, schedule=True)
    (run,) = parse_runs(
        tmp_path, asked=FileOptions(workload="net", optimizer="sgd", batch_size=8)
    ).runs
    assert run.learning_rate == pytest.approx(0.05, rel=1e-3)


def test_a_rate_that_the_schedule_rose_above_is_not_the_one_that_was_set(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        for step, loss, used in train(0.05, schedule=True):
            writer.add_scalar("loss", loss, step)
            writer.add_scalar("lr", used, step)
        writer.add_text("args", json.dumps({"learning_rate": 0.002, "bs": 8}))
    parsed = parse_runs(tmp_path, asked=SAID)
    (run,) = parsed.runs
    assert (run.learning_rate, run.batch_size) == (pytest.approx(0.05, rel=1e-3), 8)
    assert any("went above it" in note for note in parsed.notes)


def test_one_event_file_is_read_by_itself(tmp_path):
    write_run(tmp_path, 0.01, hparams=False)
    (file,) = tmp_path.iterdir()
    renamed = file.rename(tmp_path / "log.bin")
    asked = FileOptions(workload="net", optimizer="sgd", batch_size=BATCH)
    assert len(parse_runs(renamed, asked=asked).runs) == 1


def test_folders_of_training_and_validation_are_one_run(tmp_path):
    for part in ("train", "validation"):
        with SummaryWriter(tmp_path / part) as writer:
            for step, loss, _ in train(0.01, steps=5):
                writer.add_scalar("epoch_loss", loss, step)
    asked = FileOptions(
        workload="net", optimizer="sgd", batch_size=8, learning_rate=0.01
    )
    (run,) = parse_runs(tmp_path, asked=asked).runs
    assert run.metric_name == "validation/epoch_loss"


def test_what_add_scalars_writes_beside_a_run_belongs_to_it(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        for step, loss, _ in train(0.01, steps=5):
            writer.add_scalar("train/loss", loss, step)
            writer.add_scalars("loss", {"val": loss}, step)
    asked = FileOptions(
        workload="net", optimizer="sgd", batch_size=8, learning_rate=0.01
    )
    (run,) = parse_runs(tmp_path, asked=asked).runs
    assert run.metric_name == "loss/val"


def test_a_training_taken_up_again_overwrites_what_it_logs_once_more(tmp_path):
    write_run(tmp_path, 0.01, hparams=False, last=60)
    with SummaryWriter(tmp_path, purge_step=50) as writer:
        for step in range(50, 100):
            writer.add_scalar("train/loss", 7.0, step)
        writer.add_scalar("val/loss", 7.0, 99)
    asked = FileOptions(workload="net", optimizer="sgd", batch_size=8)
    parsed = parse_runs(tmp_path, asked=asked)
    (run,) = parsed.runs
    curve = parsed.curves[run.id].metrics["train/loss"]
    assert [step for step, _ in curve] == list(range(1, 100))
    assert {loss for step, loss in curve if step >= 50} == {7.0}


def test_an_event_file_that_ends_in_the_middle_is_read_as_far_as_it_goes(tmp_path):
    write_run(tmp_path, 0.01, hparams=False)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-200])
    asked = FileOptions(workload="net", optimizer="sgd", batch_size=8)
    assert len(parse_runs(tmp_path, asked=asked).runs) == 1
