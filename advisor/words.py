"""Lists as they are read aloud (pure)."""

from collections.abc import Iterable


def joined(words: Iterable[object]) -> str:
    """Return words or numbers as a list in a sentence.

    >>> joined(["a", "b", "c"]), joined([2, 5])
    ('a, b and c', '2 and 5')
    """
    *first, last = map(str, words)
    return f"{', '.join(first)} and {last}" if first else last
