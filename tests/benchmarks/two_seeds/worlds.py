"""Made-up runs of worlds whose rules are known, as a store would hold them."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from advisor.service import Advisor
from benchmarks.two_seeds.material import Material, Measured, gather_material
from knowledge.recipes import RECIPES
from knowledge.records import Outcome, Run

BATCHES = (2, 4, 8, 16)
LENGTH = 3000


def run_of(number: int, *, workload: str, recipe: str, batch: int, rate: float) -> Run:
    """A run that held to its end."""
    faces = recipe.startswith("faceswap")
    return Run(
        id=f"run:{workload}:{recipe}:{number:05}",
        workload=workload,
        batch_size=batch,
        learning_rate=rate,
        optimizer=RECIPES[recipe].optimizer,
        recipe=recipe,
        source="ours",
        seed=number % 3,
        outcome=Outcome.STABLE,
        steps=LENGTH,
        horizon_steps=LENGTH,
        metric_name="held_out_mse" if faces else "validation_accuracy",
        metric_value=0.1 if faces else 0.9,
        goal="min" if faces else "max",
        device="cpu",
        precision="fp32",
        batch_convention="per_side" if faces else "total",
    )


def face_runs(
    exponent: float,
    *,
    workload: str = "original@1/16",
    recipe: str = "faceswap-2021",
    level: float = 4e-3,
    fall: float = 0.0,
    clock: float = 0.0,
    batches: tuple[int, ...] = BATCHES,
    seed: int = 0,
) -> list[Run]:
    """Runs about a boundary that goes as batch^exponent, three seeds each.

    The boundary falls by `fall` octaves per doubling of the length; failure then comes
    at batch^clock times the step at which it comes at batch 4.
    """
    chance = np.random.default_rng(seed)
    runs: list[Run] = []
    for batch in batches:
        for octaves in (-1.5, -1.0, -0.5, -0.25, 0.25, 0.5, 1.0, 1.5):
            for _ in range(3):
                boundary = level * (batch / 4) ** exponent
                rate = boundary * 2**octaves
                margin = octaves + chance.logistic() * 0.1
                run = run_of(
                    len(runs), workload=workload, recipe=recipe, batch=batch, rate=rate
                )
                if fall:
                    log_step = math.log2(LENGTH / 4) - margin / fall
                    step = 2 ** (log_step + clock * math.log2(batch / 4))
                else:
                    step = LENGTH / 3 if margin > 0 else math.inf
                runs.append(run if step > LENGTH else failed_at(run, max(1, int(step))))
    return runs


def failed_at(run: Run, step: int) -> Run:
    """The run had it diverged at a step."""
    return Run(
        **{
            **vars(run),
            "outcome": Outcome.DIVERGED,
            "failed_at_step": step,
            "steps": min(LENGTH, step + 200),
        }
    )


def flipped(run: Run) -> Run:
    """The run with the opposite outcome."""
    if run.outcome is Outcome.STABLE:
        return failed_at(run, LENGTH // 3)
    held = {"outcome": Outcome.STABLE, "failed_at_step": None, "steps": LENGTH}
    return Run(**{**vars(run), **held})


def digit_runs(
    best_exponent: float,
    *,
    workload: str = "digits_mlp",
    recipe: str = "sgd",
    best_at_32: float = 0.1,
    batches: tuple[int, ...] = (4, 32, 128, 512),
    boundary_factor: float = 6.0,
    small_gain: float = 0.0,
) -> tuple[list[Run], dict[str, Measured]]:
    """Runs whose loss is lowest at a rate that goes as batch^best_exponent."""
    chance = np.random.default_rng(1)
    runs: list[Run] = []
    measured = {}
    for batch in batches:
        best = best_at_32 * (batch / 32) ** best_exponent
        for octaves in range(-4, 5):
            for _ in range(3):
                run = run_of(
                    len(runs),
                    workload=workload,
                    recipe=recipe,
                    batch=batch,
                    rate=best * 2**octaves,
                )
                loss = 0.2 + 0.02 * octaves**2 + 0.001 * chance.normal()
                accuracy = 1.1 - loss + small_gain * (batch <= 32)
                steps = int(400 / math.sqrt(batch)) + 20 * abs(octaves)
                if 2**octaves > boundary_factor:
                    run = failed_at(run, 100)
                    measured[run.id] = Measured()
                else:
                    run = Run(**{**vars(run), "metric_value": accuracy})
                    measured[run.id] = Measured(
                        training_loss=loss,
                        validation_loss=loss,
                        steps_to_learn=steps,
                        sharpness=2.0 * batch**0.1,
                        noise_scale=100.0,
                    )
                runs.append(run)
    return runs, measured


def material_of(
    runs: Sequence[Run], measured: dict[str, Measured] | None = None
) -> Material:
    """Runs and what their curves say, without asking the program about them."""
    ordered = tuple(sorted(runs, key=lambda run: run.id))
    return Material(ordered, measured=measured or {})


def answered_material(
    runs: Sequence[Run], measured: dict[str, Measured] | None = None
) -> Material:
    """What the report is written from: what a store with these runs gives."""
    with Advisor.open(":memory:", study=False, library=False) as advisor:
        advisor.store.record_runs(runs)
        advisor.store.ingest_all()
        material = gather_material(advisor)
    return replace(material, measured=measured or {})
