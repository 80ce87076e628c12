"""Precision: what may be asked for, and that bf16 touches only a model's products."""

from dataclasses import replace

import pytest
import torch

from experiments.training import precision
from experiments.training.loop import train
from experiments.training.precision import (
    check_precision,
    find_precision_caveat,
    has_native_bf16,
)
from experiments.training.run_folder import RunFolder
from experiments.training.stepping import Stepper
from knowledge.errors import BadValueError
from knowledge.records import Outcome, RunConfig

pytestmark = pytest.mark.usefixtures("few_faces")

FACES = RunConfig("dlight@1/64", "faceswap-2021", 2, 1e-4, seed=3, steps=20)
DIGITS = RunConfig("digits_cnn", "adam", 16, 1e-3, seed=3, steps=20, data="digits")


def test_another_precision_is_refused_with_those_there_are(tmp_path):
    config = replace(DIGITS, precision="fp16")
    with pytest.raises(BadValueError, match="precision is fp16: use fp32 or bf16"):
        train(config, RunFolder(tmp_path / "a"), watch=lambda *_: True)


def test_bf16_is_refused_where_it_is_not_offered():
    check_precision("bf16", device="cuda:1")
    check_precision("fp32", device="mps")
    with pytest.raises(BadValueError, match="use fp32 on mps"):
        check_precision("bf16", device="mps")


@pytest.mark.parametrize("config", [FACES, DIGITS], ids=["faces", "digits"])
def test_bf16_starts_from_the_same_weights_and_data_and_stays_near(config):
    losses, weights = {}, {}
    for name in ("fp32", "bf16"):
        stepper = Stepper(replace(config, precision=name))
        losses[name] = [stepper.take(step).item() for step in range(1, 11)]
        weights[name] = next(stepper.task.model.parameters())
        assert weights[name].dtype == torch.float32
    assert losses["bf16"] != losses["fp32"]
    assert losses["bf16"] == pytest.approx(losses["fp32"], rel=0.03)


def test_a_run_in_bf16_is_the_same_after_an_interruption(tmp_path):
    config = replace(FACES, precision="bf16")
    whole = train(config, RunFolder(tmp_path / "whole"), watch=lambda *_: True)
    broken = RunFolder(tmp_path / "broken")
    train(config, broken, watch=lambda step, loss: step < 7)
    again = train(config, broken, watch=lambda *_: True)
    assert again.resumed_from_step == 7
    assert again.curve == whole.curve
    assert whole.verdict.outcome is Outcome.STABLE


def test_a_processor_without_bfloat16_is_told_of_in_the_log(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(precision, "has_native_bf16", lambda capabilities: False)
    assert find_precision_caveat(DIGITS) is None
    train(
        replace(DIGITS, precision="bf16"),
        RunFolder(tmp_path / "a"),
        watch=lambda *_: True,
    )
    assert "correct but slow" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ({"avx2": True, "avx512_f": True, "avx512_bf16": False}, False),
        ({"avx512_bf16": True}, True),
        ({"amx_bf16": True}, True),
        ({"architecture": "aarch64", "bf16": True}, True),
        ({}, False),
    ],
)
def test_native_bfloat16_is_read_off_the_processors_capabilities(
    capabilities, expected
):
    assert has_native_bf16(capabilities) is expected
