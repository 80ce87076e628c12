"""One run's model, data and optimizer, taken step by step.

For `train()`, for measuring speed and for `benchmarks/training.py` alike.
"""

import torch
from torch import Tensor

from experiments.training.allocator import keep_memory
from experiments.training.optimizers import build_optimizer
from experiments.training.precision import check_precision
from experiments.training.schedules import build_schedule
from experiments.workloads.protocol import Task, build_task
from knowledge.recipes import RECIPES
from knowledge.records import RunConfig


class Stepper:
    """A run between two steps: its task and its optimizer, ready for the next.

    Raises:
        BadValueError: The config asks for what the workload does not offer.
        DataFolderError: The folders of faces cannot be used.
    """

    task: Task
    optimizer: torch.optim.Optimizer

    def __init__(self, config: RunConfig) -> None:
        check_precision(config.precision, device=config.device)
        recipe = RECIPES[config.recipe].at_batch(config.batch_size)
        self.config = config
        self.task = build_task(config)
        self.optimizer = build_optimizer(
            recipe, self.task.model.parameters(), config.learning_rate
        )
        self._schedule = build_schedule(
            recipe.schedule, steps=config.steps, warmup_steps=recipe.warmup_steps
        )

    def take(self, step: int) -> Tensor:
        """Take one optimizer step and return the loss before it, on the run's device.

        Steps count from 1; a step is the same whatever went before in this process.
        Reading the loss waits for the device.
        """
        _seed_torch(step_seed(self.config.seed, step), device=self.config.device)
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * self._schedule(step)
        loss = self.task.training_loss(step)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimizer.step()
        return loss.detach()


def step_seed(seed: int, step: int) -> int:
    """Return the seed of everything random within one step of one run."""
    return (seed * 1_000_003 + step) % 2**63


def _seed_torch(seed: int, *, device: str) -> None:
    """Seed what a model draws from; seeding every device takes half a millisecond."""
    if device == "cpu":
        torch.default_generator.manual_seed(seed)
    else:
        torch.manual_seed(seed)


def prepare_process() -> None:
    """Set this process up for training: one thread, its memory, its small numbers.

    A collapsed model is full of denormal numbers, which are tens of times slower.
    """
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    keep_memory()
