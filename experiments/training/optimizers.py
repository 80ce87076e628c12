"""Recipe -> torch optimizer.

Keras's Adam of 2021 adds epsilon to the uncorrected root, torch's to the corrected one;
at epsilon 1e-7 the difference is confined to the first steps, so torch's own is used
(docs/dev/decisions.md).
"""

from collections.abc import Iterable

import torch
from torch import nn

from knowledge.records import Recipe


def build_optimizer(
    recipe: Recipe, parameters: Iterable[nn.Parameter], learning_rate: float
) -> torch.optim.Optimizer:
    """Return the recipe's optimizer at its peak rate."""
    parameters = list(parameters)
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(
            parameters,
            lr=learning_rate,
            momentum=recipe.momentum,
            weight_decay=recipe.weight_decay,
        )
    if recipe.optimizer not in ("adam", "adamw"):
        raise ValueError(f"recipe {recipe.name} names optimizer {recipe.optimizer}")
    build = torch.optim.AdamW if recipe.optimizer == "adamw" else torch.optim.Adam
    return build(
        parameters,
        lr=learning_rate,
        betas=recipe.betas or (0.9, 0.999),
        eps=recipe.epsilon or 1e-8,
        weight_decay=recipe.weight_decay,
        fused=True,
    )
