"""Settings that others publish for one kind of model, as data beside this file.

One rate at one batch size, with its source: where somebody starts, and no grid that
would show it to be the best.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from knowledge.records import Document

SETTINGS_FILE = Path(__file__).with_name("settings.toml")


@dataclass(frozen=True)
class PublishedSetting(Document):
    """A rate that somebody publishes for a model, an optimizer and a batch size."""

    kind: str
    model: str
    optimizer: str
    batch_size: int
    learning_rate: float
    source: str


@dataclass(frozen=True)
class ModelKind:
    """A kind of model: how people speak of it, and what is published for it.

    `note` says what else is often meant.
    """

    title: str
    note: str
    words: re.Pattern[str]
    unless: re.Pattern[str] | None
    settings: tuple[PublishedSetting, ...]

    def is_of(self, text: str) -> bool:
        """Whether a text, in lower case, speaks of a model of this kind."""
        is_other = self.unless is not None and self.unless.search(text)
        return bool(self.words.search(text)) and not is_other


@lru_cache(maxsize=1)
def model_kinds() -> tuple[ModelKind, ...]:
    """Return every kind with its settings, in the order of the file."""
    rows = tomllib.loads(SETTINGS_FILE.read_text(encoding="utf-8"))["kinds"]
    return tuple(
        ModelKind(
            title=row["title"],
            note=row.get("note", ""),
            words=re.compile(row["words"], re.DOTALL),
            unless=re.compile(row["unless"]) if "unless" in row else None,
            settings=tuple(
                PublishedSetting(kind=row["title"], **values)
                for values in row["settings"]
            ),
        )
        for row in rows
    )
