"""The benchmark of training steps: the plain loop, the bars, and a run in small."""

import json
from dataclasses import replace

import pytest
import torch

from benchmarks import training
from benchmarks.plain_training import PlainStepper, plain_loss
from benchmarks.training import Row, bars, main, markdown
from experiments.training.stepping import Stepper
from experiments.workloads.faces.losses import face_loss
from knowledge.records import RunConfig

pytestmark = pytest.mark.usefixtures("few_faces")

STEPS = 50


def run(workload: str, *, recipe: str = "faceswap-2021") -> RunConfig:
    return RunConfig(workload, recipe, 2, 1e-4, seed=1, steps=STEPS)


def distance(ours: list[torch.Tensor], exact: list[torch.Tensor]) -> float:
    """The norm of the difference, relative to the exact weights'."""
    squares = [
        ((x.double() - y).square().sum(), y.square().sum())
        for x, y in zip(ours, exact, strict=True)
    ]
    above, below = map(sum, zip(*squares, strict=True))
    return float(above / below) ** 0.5


@pytest.mark.parametrize("workload", ["original@1/32", "realface@1/64"])
def test_fp32_equals_the_plain_loop_after_50_steps_within_rounding(workload):
    """Both stray from exact arithmetic about as far: neither is the wrong one.

    A first gradient is as exact in either. Later Adam turns the sign of a gradient near
    zero into a whole step, so that distances grow by chance, and differ by it.
    """
    torch.set_num_threads(1)
    config = run(workload)
    steppers = (
        Stepper(config),
        PlainStepper(config),
        PlainStepper(config, dtype=torch.float64),
    )
    losses = [
        [stepper.take(step).item() for step in range(1, STEPS + 1)]
        for stepper in steppers
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    ours, plain, exact = (
        [p.detach() for p in model.parameters()]
        for model in (steppers[0].task.model, steppers[1].model, steppers[2].model)
    )
    assert distance(ours, exact) <= 5.0 * distance(plain, exact)
    assert distance(ours, exact) < 2e-3


@pytest.mark.parametrize("workload", ["original@1/32", "realface@1/64"])
def test_a_first_gradient_is_as_exact_as_the_plain_loops(workload):
    config = run(workload)
    ours, plain = Stepper(config), PlainStepper(config)
    exact = PlainStepper(config, dtype=torch.float64)
    ours.task.training_loss(1).backward()
    plain.loss(1).backward()
    exact.loss(1).backward()
    a, b, c = (
        [p.grad for p in model.parameters()]
        for model in (ours.task.model, plain.model, exact.model)
    )
    assert distance(a, c) <= 2.0 * distance(b, c)
    assert distance(a, c) < 1e-5


@pytest.mark.parametrize("options", [{}, {"details": "fast"}])
def test_dlight_draws_what_its_plain_model_draws(options):
    """Dropout aside, which draws other numbers when sides go through one by one."""
    config = replace(run("dlight@1/64"), options=options)
    ours, plain = Stepper(config), PlainStepper(config)
    inputs, _ = ours.task.batch(1)
    for model in (ours.task.model, plain.model):
        model.eval()
    with torch.no_grad():
        for drawn, wanted in zip(
            ours.task.model(*inputs.chunk(2)),
            plain.model(*inputs.chunk(2)),
            strict=True,
        ):
            torch.testing.assert_close(drawn, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["ssim-2021+mse", "ssim+mse"])
def test_the_plain_losses_are_those_of_the_recipes(name):
    generator = torch.Generator().manual_seed(0)
    x, y = torch.rand(2, 2, 3, 20, 20, generator=generator).double()
    torch.testing.assert_close(plain_loss(name)(x, y), face_loss(name)(x, y))


def row(workload: str, batch_size: int, **rates: float) -> Row:
    names = {
        "plain1": "plain, 1 thread",
        "plain2": "plain, 2 threads",
        "fp32": "fp32, 1 thread",
        "bf16": "bf16, 2 threads",
        "workers": "fp32, 2 workers",
    }
    return Row(
        workload,
        batch_size,
        rates={names[name]: rate for name, rate in rates.items()},
        gigaflops_per_step=1.0,
        peak_share=0.5,
        data_share=0.04,
        memory_mb={},
    )


def test_bars_compare_with_the_faster_of_the_plain_loops():
    full = row("original", 12, plain1=2.0, plain2=4.0, fp32=4.4, bf16=9.0)
    fast, exact, data = bars([full])
    assert (fast.measured, fast.met) == (2.25, True)
    assert (exact.measured, exact.met) == (pytest.approx(1.1), False)
    assert data.met


def test_a_sixteenth_is_judged_by_fast_steps_or_two_workers():
    proxy = row("dlight@1/16", 5, plain1=10, plain2=9, fp32=11, bf16=12, workers=18)
    speed, data = bars([proxy])
    assert (speed.measured, speed.met) == (1.8, True)
    assert data.wanted == 0.25
    assert bars([row("digits_mlp", 8, plain1=1, fp32=1)]) == []


def test_a_bar_that_is_not_met_says_so():
    table = markdown([row("original", 12, plain1=2.0, fp32=2.0, bf16=2.0)])
    assert "NOT MET" in table
    assert "| original, batch 12: fp32 | 1.00 | >= 1.15 |" in table


def test_a_run_in_small_prints_tables_and_writes_the_numbers(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(training, "MATRIX_SIDE", 64)
    monkeypatch.setattr(training, "usable_cores", lambda: 1)
    monkeypatch.setattr(training, "prepare_process", lambda: None)
    path = tmp_path / "numbers.json"
    arguments = ["--workloads", "digits_mlp", "original@1/64", "--batch-sizes", "2"]
    arguments += ["--repeats", "1", "--seconds", "0.01", "--json", str(path)]
    assert main(arguments) == 0
    assert "| original@1/64 | 2 |" in capsys.readouterr().out
    found = json.loads(path.read_text())["rows"]
    assert [row["workload"] for row in found] == ["digits_mlp", "original@1/64"]
    rates = found[1]["rates"]
    assert set(rates) == {"plain, 1 thread", "fp32, 1 thread", "bf16, 1 thread"}
    assert all(rate > 0 for rate in rates.values())
    assert 0 < found[1]["data_share"] < 1
