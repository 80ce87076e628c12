"""What the commands share: opening the store, what was asked, tables."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from knowledge.errors import AdvisorError, SettingsError

Result = tuple[Any, str]


class EndedBadly(AdvisorError):
    """A command went its way and its end is an error; the document says how far."""

    def __init__(self, reason: str, document: dict[str, Any]):
        super().__init__(reason)
        self.document = document


def open_advisor(options: argparse.Namespace) -> Any:
    """Open the store that the options name; say on stderr what is wrong with it."""
    from advisor.service import Advisor

    advisor = Advisor.open(
        options.store,
        seeded=not options.no_seeds,
        study=False if options.no_study else None,
        library=False if options.no_library else None,
    )
    if advisor.study_problem:
        sys.stderr.write(f"{advisor.study_problem}\n")
    return advisor


def asked_values(options: argparse.Namespace) -> dict[str, Any]:
    """Return what the options ask an answer to hold for, by keyword."""
    return {
        "optimizer": options.optimizer,
        "recipe": options.recipe,
        "device": options.device,
        "horizon": options.horizon,
        "risk": options.risk,
        "exclude": options.exclude,
        "precision": options.precision,
    }


def check_port(port: int) -> None:
    """Check a port's number, or raise SettingsError."""
    if not 1 <= port <= 65535:
        raise SettingsError(f"port {port} is not one: give 1 to 65535.")


def table(rows: Sequence[dict[str, Any]], columns: Sequence[str] | None = None) -> str:
    """Return rows as aligned columns of text."""
    columns = list(columns or (rows[0] if rows else ()))
    cells = [[_cell(row.get(c)) for c in columns] for row in rows]
    widths = [
        max(len(str(c)), *(len(row[i]) for row in cells), 0)
        for i, c in enumerate(columns)
    ]
    lines = [[str(c) for c in columns], *cells]
    return "\n".join(
        "  ".join(
            cell.ljust(width) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)
