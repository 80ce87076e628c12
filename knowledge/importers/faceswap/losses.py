"""The losses of a model's sessions, from the event files beside its state file.

What a step is has changed between eras, so the order in the file counts. A log is
flushed at saves only and may lack the last iterations of a session.

Source of the tags: deepfakes/faceswap, lib/training/tensorboard.py and
lib/gui/analysis/event_reader.py.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from knowledge.importers.trackers.tensorboard import scalars_of

LONGEST_SAVE_INTERVAL = 1000  # iterations; the most that the program lets one set
_TOTALS = ("batch_total", "batch_loss")
_SIDE = re.compile(r"batch_(?:face|mask)_([ab])(?:_\d+)?")


@dataclass(frozen=True)
class Losses:
    """One loss an iteration, from a training's first: of both sides, and of each."""

    total: tuple[float, ...] = ()
    sides: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def followed_by(self, other: "Losses") -> "Losses":
        """These losses with those of the session after; sides that both have."""
        total = (*self.total, *other.total)
        if not self.total:
            return other
        both = self.sides.keys() & other.sides.keys()
        return Losses(
            total, {side: (*self.sides[side], *other.sides[side]) for side in both}
        )


def log_of(state: Path, session: int) -> Path | None:
    """Return the event file of a session; of several the last by name counts."""
    model = state.name.removesuffix(".bk").removesuffix("_state.json")
    folder = state.parent / f"{model}_logs" / f"session_{session}" / "train"
    files = sorted(folder.glob("events.out.tfevents.*"))
    return files[-1] if files else None


def losses_of(log: Path) -> Losses:
    """Return what a session's event file holds of its losses.

    Raises:
        ImportFileError: TensorBoard is not installed, or the file cannot be read.
    """
    logged: dict[str, list[float]] = {}
    for tag, value in scalars_of(log):
        logged.setdefault(tag.lower(), []).append(value)
    total = next((logged[tag] for tag in _TOTALS if tag in logged), [])
    parts: dict[str, list[list[float]]] = {}
    for tag, values in logged.items():
        if match := _SIDE.fullmatch(tag):
            parts.setdefault(match[1], []).append(values)
    # A killed process leaves a last step without some of its tags.
    sides = {
        side: tuple(map(sum, zip(*lists, strict=False)))[: len(total)]
        for side, lists in parts.items()
    }
    whole = {
        side: values for side, values in sides.items() if len(values) + 1 >= len(total)
    }
    return Losses(tuple(total), whole)


def per_step(losses: Sequence[float], accumulation: int) -> tuple[float, ...]:
    """Return one loss an optimizer step: the mean of those it was gathered over.

    >>> per_step([1.0, 3.0, 5.0], 2)
    (2.0,)
    """
    if accumulation == 1:
        return tuple(losses)
    starts = range(0, len(losses) - accumulation + 1, accumulation)
    return tuple(sum(losses[i : i + accumulation]) / accumulation for i in starts)
