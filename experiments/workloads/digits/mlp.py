"""A small dense classifier of digits, 64-128-10, with PyTorch's own initialisers."""

from collections.abc import Mapping

import torch
from torch import nn

from experiments.workloads.protocol import (
    Parameters,
    Task,
    WorkloadDescription,
    count_parameters,
    resolve_options,
)
from knowledge.records import RunConfig


def build_model() -> nn.Sequential:
    """The classifier: (n, 1, 8, 8) to logits (n, 10)."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10)
    )


def build_task(config: RunConfig) -> Task:
    """The task of one run; torch's global random state is seeded here."""
    # Describing needs no data set, so scikit-learn is loaded here.
    from experiments.workloads.digits.task import DigitsTask

    resolve_options("digits_mlp", (), given=config.options)
    torch.manual_seed(config.seed)
    return DigitsTask(build_model(), config)


def describe(name: str, options: Mapping[str, str]) -> WorkloadDescription:
    """The model's shapes and parameter count; it has no options."""
    with torch.device("meta"):
        total = count_parameters(build_model())
    return WorkloadDescription(
        name=name,
        input_shape=(8, 8, 1),
        output_shape=(10,),
        options=resolve_options("digits_mlp", (), given=options),
        parameters=Parameters(total=total),
    )
