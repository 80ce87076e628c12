"""What was worked out, kept for the next question until there is too much of it."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Memory(Generic[Value]):
    """The values used last, up to a total weight; safe to use from several threads.

    >>> memory = Memory[str](limit=2)
    >>> for key in "abc":
    ...     memory.keep(key, key.upper())
    >>> memory.find("a"), memory.find("c")
    (None, 'C')
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._total = 0.0
        self._kept: OrderedDict[Hashable, tuple[Value, float]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: Hashable) -> Value | None:
        """Return what is kept under the key, or None."""
        kept = self._look_up(key)
        return None if kept is None else kept[0]

    def keep(self, key: Hashable, value: Value, *, weight: float = 1.0) -> None:
        """Keep a value; what was used least goes, but never the one kept last."""
        with self._lock:
            if key in self._kept:
                self._total -= self._kept.pop(key)[1]
            self._kept[key] = value, weight
            self._total += weight
            while self._total > self._limit and len(self._kept) > 1:
                self._total -= self._kept.popitem(last=False)[1][1]

    def remember(
        self,
        key: Hashable,
        make: Callable[[], Value],
        *,
        weight: Callable[[Value], float] = lambda value: 1.0,
    ) -> Value:
        """Return what is kept under the key, or make and keep it."""
        kept = self._look_up(key)
        if kept is not None:
            return kept[0]
        value = make()
        self.keep(key, value, weight=weight(value))
        return value

    def _look_up(self, key: Hashable) -> tuple[Value, float] | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)
