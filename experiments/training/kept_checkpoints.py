"""Checkpoints kept after a run has stopped in good health, so that it can go on later.

All of a store's together stay below a cap; the oldest go first, and a run whose
checkpoint is gone starts over: that costs time and nothing else.
"""

import contextlib
import os
import shutil
from pathlib import Path

from experiments.training.run_folder import RunFolder

# Of all kept checkpoints of a store together; a tenth of what the smallest disks have,
# and some thousands of proxies. A full-size face model alone is larger: not kept.
MOST_KEPT_BYTES = 2_000_000_000
MOST_KEPT_SHARE = 0.05  # of the free disk, where that is less


def keep(folder: RunFolder, store_folder: Path) -> bool:
    """Keep the checkpoint of a run that stopped; False when there is none to keep."""
    with contextlib.suppress(OSError):
        folder.checkpoint_path.replace(folder.kept_path)
        _drop_oldest(store_folder, most_bytes=_cap(store_folder))
    return folder.kept_path.exists()


def take_up(folder: RunFolder, *, source: RunFolder | None) -> None:
    """Make a kept checkpoint the one to go on from: the run's own, else the source's.

    The source keeps its own. A run that is under way goes on from where it is.
    """
    if folder.checkpoint_path.exists():
        return
    with contextlib.suppress(OSError):
        folder.kept_path.replace(folder.checkpoint_path)
        return
    if source is None:
        return
    with contextlib.suppress(OSError):
        if source.pictures_path.exists():
            shutil.copyfile(source.pictures_path, folder.pictures_path)
        temporary = folder.checkpoint_path.with_suffix(".tmp")
        shutil.copyfile(source.kept_path, temporary)
        temporary.replace(folder.checkpoint_path)


def losses_so_far(folder: RunFolder) -> list[float]:
    """Return the losses up to the checkpoint; none where there is no usable one."""
    import torch  # only who trains needs it, and looking at a queue should stay cheap

    try:
        content = torch.load(folder.checkpoint_path, weights_only=True, mmap=True)
        return [float(loss) for loss in content["losses"]]
    except Exception:  # a broken file raises nearly anything; train() says what it is
        return []


def _cap(store_folder: Path) -> float:
    free = shutil.disk_usage(store_folder).free
    return min(MOST_KEPT_BYTES, MOST_KEPT_SHARE * free)


def _drop_oldest(store_folder: Path, *, most_bytes: float) -> None:
    found = []
    for path in (store_folder / "runs").glob(f"*/{RunFolder.KEPT_NAME}"):
        with contextlib.suppress(OSError):  # another worker has dropped it
            facts = path.stat()
            found.append((facts.st_mtime_ns, facts.st_size, path))
    total = sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= most_bytes:
            return
        with contextlib.suppress(OSError):
            os.unlink(path)
        total -= size
