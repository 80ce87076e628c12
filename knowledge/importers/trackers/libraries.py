"""The libraries that read trackers' formats, and the word on one that is missing."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from knowledge.errors import MissingReaderError


def load_library(module: str, *, extra: str, reads: str) -> Any:
    """Return a module of an optional library.

    Args:
        module: Its full name, such as `optuna.storages`.
        extra: The extra of this package that installs it.
        reads: What it is needed to read, as it stands in the sentence.

    Raises:
        MissingReaderError: It is not installed, or too old for what is asked of it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingReaderError(reads, module.split(".")[0], extra) from error


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """Set variables of the environment for a while, those that libraries read."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
