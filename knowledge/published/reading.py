"""Other people's grids, as rows of the table `runs`, with whose they are.

A row is a cell of a grid: a run somebody else made, or the mean of several, as its
`note` says. `grids.toml` names each grid's source, commit, licence and what was
changed, and holds the hash of `runs.parquet`; NOTICE.md holds the licences' texts.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from knowledge.records import PUBLISHED
from knowledge.study.reading import ShippedRuns, read_facts

FOLDER = Path(__file__).parent
FACTS_FILE = "grids.toml"


@dataclass(frozen=True)
class PublishedGrids(ShippedRuns):
    """The grids in their folder; `facts` is the content of grids.toml."""

    kind: ClassVar[str] = PUBLISHED

    @property
    def grids(self) -> dict[str, dict[str, Any]]:
        """What is said of each grid, by the `source` of its runs."""
        return {grid["source"]: grid for grid in self.facts["grids"]}


def find_published(folder: Path = FOLDER) -> PublishedGrids | None:
    """Return the grids that ship with the program, or None where there are none.

    Raises:
        StudyError: There are some, and they cannot be read.
    """
    facts = read_facts(folder / FACTS_FILE)
    return PublishedGrids(folder, facts) if facts else None
