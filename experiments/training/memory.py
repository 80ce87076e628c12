"""How large a batch the memory allows, said when one did not fit.

What a step keeps for its backward pass is counted by running two tiny batches.
"""

import contextlib
import gc
from dataclasses import replace
from typing import Any

import psutil
import torch

from experiments.workloads.protocol import build_task
from knowledge.records import RunConfig

# Two tiny batches whose difference is the memory of one more example ...
_SMALL, _LARGER = 2, 4
# ... in bytes kept, times this for what passes through besides: gradients on their way
# back, and the scratch space of kernels. Proxies of the face models took 1.9 to 2.3
# times what they keep (measured: docs/dev/log.md).
PASSING = 3.0
USABLE = 0.8  # of what is free: other programs want some too
STATES = 4  # numbers kept of each weight: itself, its gradient, two moments of Adam


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on the processor or a GPU."""
    if isinstance(error, MemoryError | torch.cuda.OutOfMemoryError):
        return True
    text = str(error).lower()
    return "allocate memory" in text or "out of memory" in text


def free_bytes(device: str) -> float:
    """Return the memory a run may still take: of the GPU, else of this process."""
    if device.startswith("cuda"):
        torch.cuda.empty_cache()
        return float(torch.cuda.mem_get_info(device)[0])
    free = float(psutil.virtual_memory().available)
    with contextlib.suppress(ImportError):  # Windows sets a process no such limit
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            free = min(free, limit - psutil.Process().memory_info().vms)
    return max(free, 0.0)


def largest_fitting_batch(config: RunConfig, *, free: float) -> int | None:
    """Return a power of two that should fit into `free` bytes; None if none does."""
    gc.collect()
    small, weights = _kept_bytes(replace(config, batch_size=_SMALL))
    larger, _ = _kept_bytes(replace(config, batch_size=_LARGER))
    per_example = PASSING * (larger - small) / (_LARGER - _SMALL)
    room = (USABLE * free - STATES * weights) / max(per_example, 1.0)
    below = min(room, config.batch_size - 1)
    return 2 ** (int(below).bit_length() - 1) if below >= 1 else None


def _kept_bytes(config: RunConfig) -> tuple[float, float]:
    """Bytes one step keeps for its backward pass, and bytes of all weights."""
    kept: dict[int, int] = {}

    def note(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    def same(tensor: Any) -> Any:
        return tensor

    task = build_task(config)
    with torch.autograd.graph.saved_tensors_hooks(note, same):
        loss = task.training_loss(1)
    total = float(sum(kept.values()))
    weights = sum(p.numel() * p.element_size() for p in task.model.parameters())
    del loss
    return total, float(weights)
