"""What every importer returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from knowledge.records import Curve, Run


@dataclass(frozen=True)
class ParsedFile:
    """The good rows as runs, and `(line, reason)` for each row left out.

    `curves` holds what is known of a run's way by its id, `notes` a sentence on what
    the file was taken for.
    """

    runs: tuple[Run, ...]
    rejected: tuple[tuple[int, str], ...]
    curves: Mapping[str, Curve] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
