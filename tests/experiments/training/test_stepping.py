"""A step: the same as a plain loop's, the same again, and read in blocks elsewhere."""

import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from experiments.training import loop
from experiments.training.allocator import keep_memory
from experiments.training.loop import train
from experiments.training.run_folder import RunFolder
from experiments.training.stepping import Stepper, step_seed
from knowledge.records import Outcome, RunConfig

pytestmark = pytest.mark.usefixtures("few_faces")

DLIGHT = RunConfig("dlight@1/64", "faceswap-2021", 2, 1e-3, seed=3, steps=24)
DIGITS = RunConfig("digits_mlp", "adam", 32, 1e-3, seed=3, steps=60, data="digits")


def go_on(step: int, loss: float) -> bool:
    return True


def test_steps_can_be_taken_in_any_order_from_the_same_weights():
    """Chance is of (seed, step) alone, dropout included."""

    def second_loss(first_step: int) -> float:
        stepper = Stepper(replace(DLIGHT, learning_rate=1e-30))
        stepper.take(first_step)
        return stepper.take(7).item()

    assert second_loss(1) == pytest.approx(second_loss(5), rel=1e-6)


def test_neighbouring_seeds_share_no_step():
    seeds = {step_seed(seed, step) for seed in range(4) for step in range(1, 5000)}
    assert len(seeds) == 4 * 4999


class TestBlocks:
    """Losses read ten at a time, as on a GPU."""

    @pytest.fixture(autouse=True)
    def blocks_of_ten(self, monkeypatch):
        monkeypatch.setattr(loop, "READ_EVERY_STEPS", {})

    def test_the_curve_is_that_of_single_steps(self, tmp_path, monkeypatch):
        blocked = train(DIGITS, RunFolder(tmp_path / "a"), watch=go_on)
        monkeypatch.setattr(loop, "READ_EVERY_STEPS", {"cpu": 1})
        single = train(DIGITS, RunFolder(tmp_path / "b"), watch=go_on)
        assert blocked.curve == single.curve

    def test_nothing_after_a_loss_that_is_not_finite_is_kept(self, tmp_path):
        config = replace(DIGITS, recipe="sgd", learning_rate=1e30)
        result = train(config, RunFolder(tmp_path / "a"), watch=go_on)
        assert result.verdict.outcome is Outcome.DIVERGED
        finite = torch.tensor(result.curve.losses).isfinite()
        assert finite[:-1].all()
        assert not finite[-1]

    def test_a_run_asked_to_stop_within_a_block_ends_with_it(self, tmp_path):
        run = RunFolder(tmp_path / "a")
        first = train(DIGITS, run, watch=lambda step, loss: step < 12)
        assert first.stopped
        assert len(first.curve.losses) == 15  # where a preview is due
        second = train(DIGITS, run, watch=go_on)
        assert second.resumed_from_step == 15
        whole = train(DIGITS, RunFolder(tmp_path / "b"), watch=go_on)
        assert second.curve == whole.curve


def test_checkpoints_take_a_small_share_of_the_time(tmp_path, monkeypatch):
    """A full-size model's takes seconds, and writing it every five would stop it."""
    now = 0.0
    saved: list[float] = []

    def save(*_: object) -> None:
        nonlocal now
        now += 4.0
        saved.append(now)

    def watch(step: int, loss: float) -> bool:
        nonlocal now
        now += 5.0
        return True

    monkeypatch.setattr(loop, "_save_checkpoint", save)
    train(
        replace(DIGITS, steps=100),
        RunFolder(tmp_path / "a"),
        watch=watch,
        clock=lambda: now,
    )
    assert 4.0 * len(saved) <= 0.06 * now + 4.0
    assert len(saved) >= 5


@pytest.mark.skipif(sys.platform != "linux", reason="needs the GNU C library")
def test_a_process_can_be_told_to_keep_its_memory():
    """In a process of its own, for it cannot be undone."""
    script = (
        "from experiments.training.allocator import keep_memory; print(keep_memory())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "True"


def test_elsewhere_memory_is_left_to_the_system(monkeypatch):
    monkeypatch.setattr("platform.libc_ver", lambda: ("", ""))
    assert keep_memory() is False
