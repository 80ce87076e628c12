"""A text as weighted terms, as scikit-learn's TfidfVectorizer(sublinear_tf=True).

With numpy alone: loading scikit-learn takes longer than the answer.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Splitter = Callable[[str], list[str]]

_TOKEN = re.compile(r"[\w'/@]+|[?!]")


def words_of(text: str, most_words: int) -> list[str]:
    """Return a text's words and the runs of up to so many of them.

    >>> words_of("Which rate?", 2)
    ['which', 'rate', '?', 'which rate', 'rate ?']
    """
    tokens = _TOKEN.findall(text.lower())
    return [
        " ".join(tokens[i : i + n])
        for n in range(1, most_words + 1)
        for i in range(len(tokens) - n + 1)
    ]


def pieces_of(text: str, fewest: int, most: int) -> list[str]:
    """Return the pieces of so many characters of each word, a space at either end.

    >>> pieces_of("LR", 2, 5)
    [' l', 'lr', 'r ', ' lr', 'lr ', ' lr ']
    """
    found = []
    for word in text.lower().split():
        padded = f" {word} "
        for n in range(fewest, most + 1):
            found += [padded[i : i + n] for i in range(max(len(padded) - n + 1, 1))]
            if n >= len(padded):  # the whole of a short word counts once
                break
    return found


@dataclass(frozen=True)
class Terms:
    """The terms that are known, each with its column and how rare it is."""

    split: Splitter
    columns: dict[str, int]
    rarity: NDArray[np.float64]

    @classmethod
    def learn(cls, split: Splitter, texts: Sequence[str], *, fewest_texts: int) -> Self:
        """Return the terms that at least so many of the texts hold."""
        counts = Counter(term for text in texts for term in set(split(text)))
        names = sorted(term for term, n in counts.items() if n >= fewest_texts)
        n_holding = np.array([counts[name] for name in names], dtype=np.float64)
        rarity = np.log((1 + len(texts)) / (1 + n_holding)) + 1
        return cls(split, {name: i for i, name in enumerate(names)}, rarity)

    def weigh(self, text: str) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the columns of a text's known terms and their weights, of length 1."""
        counts = Counter(
            self.columns[term] for term in self.split(text) if term in self.columns
        )
        columns = np.array(list(counts), dtype=np.intp)
        weights = np.log(np.array(list(counts.values()), dtype=np.float64)) + 1
        weights *= self.rarity[columns]
        length = float(np.sqrt(np.square(weights).sum()))
        return columns, weights / length if length else weights
