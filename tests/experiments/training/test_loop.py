"""The training loop: the same curve to the last digit, also after an interruption."""

import math

import pytest
import torch

from experiments.training import loop
from experiments.training.loop import train
from experiments.training.optimizers import build_optimizer
from experiments.training.run_folder import RunFolder
from experiments.training.schedules import build_schedule
from knowledge.errors import BadValueError, DataFolderError, StoreError
from knowledge.recipes import RECIPES
from knowledge.records import Curve, Outcome, RunConfig

pytestmark = pytest.mark.usefixtures("few_faces")

DIGITS = RunConfig("digits_mlp", "adam", 32, 1e-3, seed=3, steps=60, data="digits")
FACES = RunConfig("dlight@1/64", "faceswap-2021", 2, 1e-3, seed=3, steps=24)


def go_on(step: int, loss: float) -> bool:
    return True


def folder(tmp_path, name: str) -> RunFolder:
    return RunFolder(tmp_path / name)


@pytest.mark.parametrize("config", [DIGITS, FACES], ids=["digits", "faces"])
def test_the_same_seed_gives_the_same_curve_bit_for_bit(tmp_path, config):
    one = train(config, folder(tmp_path, "a"), watch=go_on)
    two = train(config, folder(tmp_path, "b"), watch=go_on)
    assert one.curve == two.curve
    assert len(one.curve.losses) == config.steps


def test_another_seed_gives_another_curve(tmp_path):
    from dataclasses import replace

    one = train(DIGITS, folder(tmp_path, "a"), watch=go_on)
    two = train(replace(DIGITS, seed=4), folder(tmp_path, "b"), watch=go_on)
    assert one.curve.losses[0] != two.curve.losses[0]


@pytest.mark.parametrize("config", [DIGITS, FACES], ids=["digits", "faces"])
def test_a_resumed_run_equals_an_undisturbed_one_to_the_last_digit(tmp_path, config):
    """Dropout (dlight) and batch norm included."""
    whole = train(config, folder(tmp_path, "whole"), watch=go_on)
    broken = folder(tmp_path, "broken")
    first = train(config, broken, watch=lambda step, loss: step < 11)
    assert first.stopped
    assert first.verdict.outcome is Outcome.INCOMPLETE
    second = train(config, broken, watch=go_on)
    assert second.resumed_from_step == 11
    assert second.curve == whole.curve


def test_a_run_killed_between_checkpoints_repeats_the_steps_since(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(loop, "CHECKPOINT_SHARE", math.inf)
    whole = train(DIGITS, folder(tmp_path, "whole"), watch=go_on)

    class KilledError(BaseException):
        pass

    def kill(step: int, loss: float) -> bool:
        if step == 30:
            raise KilledError
        return True

    broken = folder(tmp_path, "broken")
    with pytest.raises(KilledError):
        train(DIGITS, broken, watch=kill)
    again = train(DIGITS, broken, watch=go_on)
    assert again.resumed_from_step == 30
    assert again.curve == whole.curve


def test_a_rate_so_high_that_the_loss_is_nan_ends_as_diverged(tmp_path):
    from dataclasses import replace

    config = replace(DIGITS, recipe="sgd", learning_rate=1e30)
    result = train(config, folder(tmp_path, "a"), watch=go_on)
    assert result.verdict.outcome is Outcome.DIVERGED
    assert len(result.curve.losses) < config.steps
    assert not math.isfinite(result.curve.losses[-1])


def test_an_injected_nan_becomes_diverged_at_its_step(tmp_path, monkeypatch):
    from experiments.workloads.digits.task import DigitsTask

    loss = DigitsTask.training_loss
    monkeypatch.setattr(
        DigitsTask,
        "training_loss",
        lambda self, step: loss(self, step) * (float("nan") if step == 7 else 1.0),
    )
    result = train(DIGITS, folder(tmp_path, "a"), watch=go_on)
    assert result.verdict.outcome is Outcome.DIVERGED
    assert result.verdict.failed_at_step == 7


def test_the_folder_holds_config_curve_and_previews(tmp_path):
    run = folder(tmp_path, "a")
    result = train(FACES, run, watch=go_on)
    assert run.load_curve() == result.curve
    assert '"dlight@1/64"' in run.config_path.read_text()
    steps = [step for step, _ in run.previews()]
    assert steps[-1] == FACES.steps
    assert not list(run.path.glob("*.tmp"))


def test_face_runs_measure_detail_and_digits_measure_accuracy(tmp_path):
    faces = train(FACES, folder(tmp_path, "a"), watch=go_on).curve.metrics
    digits = train(DIGITS, folder(tmp_path, "b"), watch=go_on).curve.metrics
    assert {"sharpness", "matched_detail", "output_spread"} <= set(faces)
    assert {"validation_accuracy", "output_spread"} <= set(digits)


def test_a_batch_larger_than_the_data_names_the_largest(tmp_path):
    from dataclasses import replace

    with pytest.raises(BadValueError, match="batch_size is 5000"):
        train(replace(DIGITS, batch_size=5000), folder(tmp_path, "a"), watch=go_on)


def test_a_missing_folder_of_faces_is_a_clear_error(tmp_path):
    from dataclasses import replace

    config = replace(FACES, data=f"{tmp_path}/none::{tmp_path}/nor")
    with pytest.raises(DataFolderError):
        train(config, folder(tmp_path, "a"), watch=go_on)


def test_a_broken_checkpoint_is_a_clear_error(tmp_path):
    run = folder(tmp_path, "a")
    run.create(DIGITS)
    run.checkpoint_path.write_bytes(b"PK not a checkpoint")
    with pytest.raises(StoreError, match="remove it to start this run again"):
        train(DIGITS, run, watch=go_on)


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return (print, ("ran",))

    run = folder(tmp_path, "a")
    run.create(DIGITS)
    torch.save({"model": Evil()}, run.checkpoint_path)
    with pytest.raises(StoreError, match="cannot be used"):
        train(DIGITS, run, watch=go_on)


def test_a_disk_without_room_for_a_checkpoint_does_not_end_the_run(
    tmp_path, monkeypatch, capsys
):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(torch, "save", full)
    result = train(DIGITS, folder(tmp_path, "a"), watch=go_on)
    assert result.verdict.outcome is Outcome.STABLE
    assert "No checkpoint at step" in capsys.readouterr().out


def test_the_recipe_decides_the_optimizer():
    weights = [torch.nn.Parameter(torch.zeros(2))]
    adam = build_optimizer(RECIPES["faceswap-2021"], weights, 1e-4)
    assert adam.defaults["betas"] == (0.5, 0.99)
    assert adam.defaults["eps"] == 1e-7
    sgd = build_optimizer(RECIPES["momentum"], weights, 0.1)
    assert sgd.defaults["momentum"] == 0.9
    decayed = build_optimizer(RECIPES["adamw"], weights, 0.1)
    assert decayed.defaults["weight_decay"] == 0.01


def test_a_warm_up_reaches_the_peak_and_a_cosine_ends_at_zero():
    schedule = build_schedule("cosine", steps=100, warmup_steps=10)
    assert schedule(5) == 0.5
    assert schedule(10) == 1.0
    assert schedule(100) == pytest.approx(0.0, abs=1e-9)
    with pytest.raises(ValueError, match="unknown schedule"):
        build_schedule("square", steps=10)


def test_a_folder_without_a_curve_reads_as_an_empty_one(tmp_path):
    assert folder(tmp_path, "none").load_curve() == Curve()


def test_a_job_id_that_is_none_of_ours_names_no_folder(tmp_path):
    with pytest.raises(ValueError, match="not a job id"):
        RunFolder.of_job(tmp_path, "job:../../etc")
