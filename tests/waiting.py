"""Waiting for an event, however long it takes on a slow or busy machine.

The one limit here only turns a hang into a failure. It must never decide how a test
ends on a machine that works, so it is long, and no test has a shorter one.
"""

import time
from collections.abc import Callable
from typing import TypeVar

import pytest

LIMIT_SECONDS = 1200.0
POLL_SECONDS = 0.02
Found = TypeVar("Found")


def until(find: Callable[[], Found], *, what: str) -> Found:
    """Return what `find` returns once that is true; `what` is for the error."""
    end = time.monotonic() + LIMIT_SECONDS
    while not (found := find()):
        if time.monotonic() > end:
            pytest.fail(f"nothing of this after {LIMIT_SECONDS:g} s: {what}")
        time.sleep(POLL_SECONDS)
    return found
