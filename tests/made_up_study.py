"""A made-up study for tests: runs whose threshold is known, with curves to match."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from knowledge.outcome import RULE_VERSION, judge_curve
from knowledge.records import Curve, Run, content_id
from knowledge.study.reading import ShippedStudy
from knowledge.study.writing import write_study

THRESHOLD, EXPONENT = 3e-3, -0.4  # at batch 5; made up
BATCHES = (2, 3, 5, 9, 12)


def made_up_curve(*, fails: bool, steps: int, seed: int) -> Curve:
    """A loss that falls, or that falls and then jumps up and stays there."""
    rng = np.random.default_rng(seed)
    at = np.arange(steps)
    losses = 0.2 + 0.8 * np.exp(-at / (steps / 6)) + rng.normal(0, 0.02, steps)
    if fails:
        losses[steps // 3 :] = 1.5 + rng.normal(0, 0.02, steps - steps // 3)
    spread = tuple((int(step), 0.1 + step / 1e5) for step in range(0, steps, 50))
    return Curve(tuple(losses.astype(np.float32).tolist()), {"output_spread": spread})


def made_up_runs(
    n_runs: int,
    *,
    workloads: Iterable[tuple[str, str]] = (("realface@1/16", "faceswap-2021"),),
    steps: int = 300,
    source: str = "ours",
) -> list[tuple[Run, Curve]]:
    """Runs spread over batches and rates about the threshold, with their curves."""
    cases = list(workloads)
    rng = np.random.default_rng(n_runs)
    found = []
    for i in range(n_runs):
        workload, recipe = cases[i % len(cases)]
        batch = BATCHES[i // len(cases) % len(BATCHES)]
        off = rng.normal(0, 0.6)
        rate = float(f"{THRESHOLD * (batch / 5) ** EXPONENT * 2**off:.3g}")
        curve = made_up_curve(
            fails=off > 0.15 * rng.logistic(), steps=steps, seed=1000 + i
        )
        verdict = judge_curve(curve, steps)
        run = Run(
            id=content_id("run", {"made-up": i, "of": n_runs}),
            workload=workload,
            batch_size=batch,
            learning_rate=rate,
            optimizer="adam",
            recipe=recipe,
            source=source,
            seed=i,
            outcome=verdict.outcome,
            failed_at_step=verdict.failed_at_step,
            steps=steps,
            horizon_steps=steps,
            metric_name="held_out_mse",
            metric_value=0.01,
            goal="min",
            device="cpu",
            precision="fp32",
            data="generated",
            batch_convention="per_side",
            seconds=1.0,
            outcome_rule=RULE_VERSION,
            code_version="0.1.0",
            created="2026-01-02T03:04:05",
            job_id=f"job:{i:012x}",
        )
        found.append((run, curve))
    return found


def made_up_study(folder: Path, n_runs: int = 12, **runs: object) -> ShippedStudy:
    """Write such runs as a study that ships with the program."""
    made = made_up_runs(n_runs, **runs)  # type: ignore[arg-type]
    return write_study(folder, made, {"made": "2026-01-02"})
