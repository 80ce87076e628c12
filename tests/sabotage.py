"""Processes of ours that end as soon as Python starts them, or as torch is loaded.

Python runs a module `sitecustomize` of any folder it looks in before anything else.
"""

import contextlib
from pathlib import Path

import psutil
import pytest

EXITS = "os.write(2, b'a first line\\nno luck today\\n'); os._exit(7)"
IS_KILLED = "os.kill(os.getpid(), 9)"


class Sabotage:
    """What is broken for the processes started from now on, until it is mended."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch):
        self._folder = folder
        folder.mkdir()
        monkeypatch.setenv("PYTHONPATH", str(folder))

    def at_start_of(self, module: str, then: str) -> None:
        """Have the processes `python -m MODULE` do something else."""
        (self._folder / "sitecustomize.py").write_text(
            f"import os, sys\nif {module!r} in sys.orig_argv:\n    {then}\n"
        )

    def in_torch(self, then: str) -> None:
        """Have something happen when torch is loaded."""
        (self._folder / "torch.py").write_text(f"import os\n{then}\n")

    def mend(self) -> None:
        """Let everything work again."""
        for file in self._folder.glob("*.py"):
            file.unlink()


def processes(store_folder: Path, module: str) -> list[psutil.Process]:
    """Return the live processes of a module that are at work for a store."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if module in line and str(store_folder) in line:
            found.append(process)
    return found


def kill_all(store_folder: Path) -> None:
    """End what is at work for a store, and wait until it is gone."""
    for module in ("advisor.running.supervisor", "experiments.jobs.worker"):
        for process in processes(store_folder, module):
            with contextlib.suppress(psutil.NoSuchProcess):  # it may end by itself
                process.kill()
            psutil.wait_procs([process])
