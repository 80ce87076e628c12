"""What every importer returns."""

from dataclasses import dataclass

from knowledge.records import Run


@dataclass(frozen=True)
class ParsedFile:
    """The good rows as runs, and `(line, reason)` for each row left out."""

    runs: tuple[Run, ...]
    rejected: tuple[tuple[int, str], ...]
