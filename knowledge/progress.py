"""How far long work has come, said to whoever listens and to nobody otherwise.

What is long says so by `say`; the edge that can show it listens. Without a listener a
call costs next to nothing.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

SECONDS_BETWEEN = 2.0  # also before the first word: what is over sooner says nothing
_listener: ContextVar[Callable[[str], None] | None] = ContextVar(
    "listener", default=None
)


def say(text: str) -> None:
    """Tell the listener, if there is one, how far the work has come."""
    if listener := _listener.get():
        listener(text)


@contextmanager
def heard_by(
    show: Callable[[str], None], *, clock: Callable[[], float] = time.monotonic
) -> Iterator[None]:
    """Have `show` called with what is said, at most once in `SECONDS_BETWEEN`."""
    last = clock()

    def listen(text: str) -> None:
        nonlocal last
        if clock() - last >= SECONDS_BETWEEN:
            last = clock()
            show(text)

    token = _listener.set(listen)
    try:
        yield
    finally:
        _listener.reset(token)
