"""A gate at which the runs of worker processes stand still until a test opens it.

A test that needs a run to be still under way cannot trust to its length: a fast machine
ends any run before a busy one has looked at it.
"""

from pathlib import Path

from tests.at_start.sitecustomize import GATE, HELD_AT_STEP
from tests.processes import python_path

__all__ = ["HELD_AT_STEP", "Gate"]


class Gate:
    """Closed at first; for processes that get its `environment`."""

    def __init__(self, folder: Path):
        folder.mkdir()
        self._folder = folder

    @property
    def environment(self) -> dict[str, str]:
        """What worker processes, or those that start them, must find."""
        return {"PYTHONPATH": python_path(), GATE: str(self._folder)}

    def held(self) -> list[int]:
        """The processes that have come to the gate."""
        return [int(p.name) for p in self._folder.iterdir() if p.name != "open"]

    def open(self) -> None:
        """Let runs pass, now and later."""
        (self._folder / "open").touch()

    def close(self) -> None:
        """Hold those that come from now on."""
        (self._folder / "open").unlink(missing_ok=True)
