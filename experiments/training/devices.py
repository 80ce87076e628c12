"""Whether this machine can train on a device; torch is asked only about accelerators.

Training on one that is not here is refused before anything is queued.
"""

from knowledge.errors import BadValueError


def check_device_here(device: str) -> None:
    """Refuse a device on which this machine cannot train.

    Raises:
        BadValueError: With the device to name instead.
    """
    kind = device.partition(":")[0]
    if kind != "cpu" and not _is_here(kind):
        raise BadValueError(
            "device",
            device,
            expected=f"this machine has no {kind.upper()} device, so give cpu.",
        )


def _is_here(kind: str) -> bool:
    import torch  # only here: it takes seconds to load, and cpu needs no asking

    backend = {"cuda": torch.cuda, "mps": torch.backends.mps}.get(kind)
    return backend is not None and bool(backend.is_available())
