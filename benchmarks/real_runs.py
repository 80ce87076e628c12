"""Real training runs for the search benchmark: trained once, kept on disk, asked often.

A run here is what `experiments.training.loop` would train, without its folder, pictures
and checkpoints: same task, optimizer, schedule, seeds of each step and judge. Runs of
the first seeds are trained past a verdict of "diverged", so that the verdict can be
held against the run's end.

The one decision to know: rates stand on a grid of an eighth of an octave (no rate is
further than 4.4 % from it), so that searches share runs. A search pays for every run it
asks for, kept or not.
"""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import platformdirs
import torch

from experiments.training.loop import JUDGE_EVERY_FRACTION
from experiments.training.optimizers import build_optimizer
from experiments.training.schedules import build_schedule
from experiments.training.stepping import step_seed
from experiments.workloads.protocol import Task, build_task
from knowledge.outcome import (
    DIVERGED_RISE,
    END_FRACTION,
    HUGE_LOSS,
    INITIAL_STEPS,
    RULE_VERSION,
    Verdict,
    judge_curve,
    smooth,
)
from knowledge.recipes import RECIPES
from knowledge.records import Curve, Outcome, Recipe, RunConfig, content_id

RATES_PER_OCTAVE = 8
REPLAYED_SEEDS = (1, 2)
_MEASUREMENTS = 15


@dataclass(frozen=True)
class RealRun:
    """One run: whether it failed, and when training stopped or would have stopped.

    `stopped_at` is the step of the first verdict of "diverged", else the horizon;
    `stopped_early` whether there was such a verdict; `onset` the step the rule names as
    the first bad one, None for a run that held. `stayed_bad` says of a run that was
    trained on past its verdict whether its loss was still high at the horizon.
    """

    batch_size: int
    learning_rate: float
    seed: int
    horizon_steps: int
    failed: bool
    stopped_at: int
    stopped_early: bool
    onset: int | None = None
    stayed_bad: bool | None = None

    def reaches(self, rung: int) -> int:
        """The step at which the run stops when it is to stop at a rung.

        One that is going wrong there goes on until that is clear, as in verifying.
        """
        is_wrong = self.failed and (self.onset or self.stopped_at) <= rung
        return self.stopped_at if is_wrong else rung

    def cost(self, steps: float) -> float:
        """Examples seen if the run is to stop after `steps` steps, or when it fails."""
        return self.batch_size * min(steps, self.stopped_at)


class Laboratory(Protocol):
    """Where runs come from: real ones, or made-up ones in tests."""

    workload: str
    recipe: str
    horizon_steps: int

    def run(self, batch_size: int, log_rate: float, seed: int) -> RealRun:
        """The run at the rate of the grid nearest to `log_rate` (log2)."""
        ...

    def sweep(
        self, batch_size: int, log_rates: Sequence[float], seed: int
    ) -> list[float]:
        """Losses of one run whose rate takes these values (log2), one a step.

        It ends early at a loss that is no number.
        """
        ...


def on_grid(log_rate: float) -> float:
    """Return the nearest rate (log2) that is run.

    >>> on_grid(-7.49)
    -7.5
    """
    return round(log_rate * RATES_PER_OCTAVE) / RATES_PER_OCTAVE


class TrainedRuns:
    """Runs of one workload and recipe, trained in this process when first asked for.

    Args:
        workload: One of ours, proxies included.
        recipe: The recipe's name.
        horizon_steps: Length of every run.
        cache: Folder of the runs; None: the platform's cache folder.
    """

    def __init__(
        self,
        workload: str,
        recipe: str,
        *,
        horizon_steps: int,
        cache: Path | None = None,
    ):
        self.workload, self.recipe = workload, recipe
        self.horizon_steps = horizon_steps
        root = cache or Path(platformdirs.user_cache_dir("lr-advisor", appauthor=False))
        self._folder = root / "search-benchmark"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._runs: dict[tuple[int, float, int], RealRun] = {}

    def run(self, batch_size: int, log_rate: float, seed: int) -> RealRun:
        """Return one run, trained now unless it was before."""
        log_rate = on_grid(log_rate)
        key = (batch_size, log_rate, seed)
        if key not in self._runs:
            config = self._config(batch_size, math.exp2(log_rate), seed)
            name = content_id("run", {**config.to_dict(), "rule": RULE_VERSION})
            kept = self._kept(name, lambda: asdict(_judged(config)))
            self._runs[key] = RealRun(**kept)
        return self._runs[key]

    def sweep(
        self, batch_size: int, log_rates: Sequence[float], seed: int
    ) -> list[float]:
        """Return the losses of a run whose rate rises, trained unless it was before."""
        rates = [math.exp2(x) for x in log_rates]
        config = self._config(batch_size, rates[-1], seed, steps=len(rates))
        identity = {**config.to_dict(), "rates": [f"{rate:.6g}" for rate in rates]}
        name = content_id("sweep", identity)
        losses: list[float] = self._kept(name, lambda: _sweep_losses(config, rates))
        return losses

    def _config(
        self, batch_size: int, rate: float, seed: int, steps: int | None = None
    ) -> RunConfig:
        return RunConfig(
            workload=self.workload,
            recipe=self.recipe,
            batch_size=batch_size,
            learning_rate=rate,
            seed=seed,
            steps=steps or self.horizon_steps,
        )

    def _kept(self, name: str, make: Callable[[], Any]) -> Any:
        path = self._folder / f"{name.replace(':', '-')}.json"
        if path.exists():
            return json.loads(path.read_text(encoding="utf-8"))
        made = make()
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(made), encoding="utf-8")
        temporary.replace(path)
        return made


def _judged(config: RunConfig) -> RealRun:
    """Train, apply the rule as often as training does, and say how it went."""
    recipe = RECIPES[config.recipe].at_batch(config.batch_size)
    schedule = build_schedule(
        recipe.schedule, steps=config.steps, warmup_steps=recipe.warmup_steps
    )
    rates = [config.learning_rate * schedule(s) for s in range(1, config.steps + 1)]
    measure_every = max(1, config.steps // _MEASUREMENTS)
    judge_every = max(10, int(JUDGE_EVERY_FRACTION * config.steps))
    losses: list[float] = []
    spread: list[tuple[int, float]] = []
    first: tuple[int, Verdict] | None = None
    for step, (task, loss) in enumerate(_training(config, recipe, rates), start=1):
        losses.append(loss)
        is_over = not abs(loss) < HUGE_LOSS
        if not is_over and step % measure_every == 0:
            spread.append((step, task.measure()["output_spread"]))
        if first is None and (is_over or step % judge_every == 0):
            curve = Curve(tuple(losses), {"output_spread": tuple(spread)})
            verdict = judge_curve(curve, config.steps)
            if verdict.outcome is Outcome.DIVERGED and step < config.steps:
                first = (step, verdict)
        if is_over or (first and config.seed not in REPLAYED_SEEDS):
            break
    end = judge_curve(
        Curve(tuple(losses), {"output_spread": tuple(spread)}), config.steps
    )
    stopped_at, verdict = first or (config.steps, end)
    return RealRun(
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        seed=config.seed,
        horizon_steps=config.steps,
        failed=verdict.outcome is not Outcome.STABLE,
        stopped_at=stopped_at,
        stopped_early=first is not None,
        onset=verdict.failed_at_step,
        stayed_bad=_ends_high(losses)
        if first and config.seed in REPLAYED_SEEDS
        else None,
    )


def _ends_high(losses: Sequence[float]) -> bool:
    """Whether the last losses lie nearer to the first ones than to the best."""
    if not abs(losses[-1]) < HUGE_LOSS:
        return True
    smoothed = smooth(losses)
    initial, best = float(np.mean(losses[:INITIAL_STEPS])), float(smoothed.min())
    end = float(np.mean(losses[-max(1, round(END_FRACTION * len(losses))) :]))
    return end > best + DIVERGED_RISE * max(initial - best, 0.0)


def _sweep_losses(config: RunConfig, rates: Sequence[float]) -> list[float]:
    recipe = RECIPES[config.recipe].at_batch(config.batch_size)
    losses = []
    for _, loss in _training(config, recipe, rates):
        if not abs(loss) < HUGE_LOSS:
            break
        losses.append(loss)
    return losses


def _training(
    config: RunConfig, recipe: Recipe, rates: Sequence[float]
) -> Iterator[tuple[Task, float]]:
    """Yield the task and the loss of each step, one optimizer step per rate."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    task = build_task(config)
    optimizer = build_optimizer(recipe, task.model.parameters(), rates[0])
    for step, rate in enumerate(rates, start=1):
        # torch.manual_seed does the same and takes half a millisecond.
        torch.default_generator.manual_seed(step_seed(config.seed, step))
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss = task.training_loss(step)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        yield task, loss.item()
