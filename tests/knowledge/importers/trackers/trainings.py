"""Small real trainings, whose logs the trackers themselves write in the tests."""

from collections.abc import Iterator

import torch

STEPS, BATCH, TOO_HIGH = 80, 16, 60.0


def train(
    rate: float, *, steps: int = STEPS, schedule: bool = False, seed: int = 0
) -> Iterator[tuple[int, float, float]]:
    """Yield step, loss and rate of a regression by SGD; at `TOO_HIGH` it diverges."""
    torch.manual_seed(seed)
    inputs = torch.randn(256, 8)
    targets = inputs @ torch.randn(8, 1)
    model = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), rate)
    one_cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, rate, total_steps=steps, cycle_momentum=False
    )
    for step in range(1, steps + 1):
        at = torch.randint(0, len(inputs), (BATCH,))
        loss = ((model(inputs[at]) - targets[at]) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        used = optimizer.param_groups[0]["lr"]
        optimizer.step()
        if schedule:
            one_cycle.step()
        yield step, loss.item(), used if schedule else rate
