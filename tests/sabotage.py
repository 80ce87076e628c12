"""Processes of ours that end as soon as Python starts them, or as torch is loaded."""

from pathlib import Path

import pytest

from tests.at_start.sitecustomize import SABOTAGE
from tests.processes import python_path

EXITS = "os.write(2, b'a first line\\nno luck today\\n'); os._exit(7)"
IS_KILLED = "os.kill(os.getpid(), 9)"


class Sabotage:
    """What is broken for the processes started from now on, until it is mended."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch):
        self._folder = folder
        folder.mkdir()
        monkeypatch.setenv("PYTHONPATH", python_path(folder))
        monkeypatch.setenv(SABOTAGE, str(folder))

    def at_start_of(self, module: str, then: str) -> None:
        """Have the processes `python -m MODULE` do something else."""
        (self._folder / "at_start.py").write_text(
            f"import os, sys\nif {module!r} in sys.orig_argv:\n    {then}\n"
        )

    def in_torch(self, then: str) -> None:
        """Have something happen when torch is loaded."""
        (self._folder / "torch.py").write_text(f"import os\n{then}\n")

    def mend(self) -> None:
        """Let everything work again."""
        for file in self._folder.glob("*.py"):
            file.unlink()
