"""The numbers a run computes with: float32, or bfloat16 where it suffices ("bf16").

Under bf16 the model's products run in bfloat16; weights, the output layer, the loss,
the optimizer, data and measurements stay in float32. No torch is loaded here until a
run asks for it.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from knowledge.errors import BadValueError
from knowledge.records import BF16, FP32, PRECISIONS, RunConfig

BF16_DEVICES = ("cpu", "cuda")


def check_precision(precision: str, *, device: str) -> None:
    """Refuse a precision that does not exist, or not on that device.

    Raises:
        BadValueError: With what to write instead.
    """
    if precision not in PRECISIONS:
        raise BadValueError(
            "precision", precision, expected=f"use {' or '.join(PRECISIONS)}"
        )
    if precision == BF16 and device.partition(":")[0] not in BF16_DEVICES:
        raise BadValueError("precision", precision, expected=f"use {FP32} on {device}")


def mixed_precision(config: RunConfig) -> AbstractContextManager[Any]:
    """Return what a model's forward pass is to run in."""
    if config.precision == FP32:
        return nullcontext()
    import torch

    return torch.autocast(torch.device(config.device).type, dtype=torch.bfloat16)


def find_precision_caveat(config: RunConfig) -> str | None:
    """Return a sentence for the log where the precision makes a run slow, else None."""
    if config.precision != BF16 or config.device != "cpu":
        return None
    import torch

    if has_native_bf16(torch.cpu.get_capabilities()):
        return None
    return (
        "This processor has no instructions for bfloat16: the run is correct but slow. "
        "fp32 is faster here."
    )


def has_native_bf16(capabilities: Mapping[str, Any]) -> bool:
    """Whether a processor multiplies bfloat16 itself, from what torch knows of it."""
    names = ("avx512_bf16", "amx_bf16", "bf16")
    return any(capabilities.get(name) for name in names)
