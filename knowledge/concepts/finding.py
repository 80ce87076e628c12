"""Which page a question in words is about, if any (pure).

Only a page's keywords call it, word by word, so `rate` is never found in `generate`. A
match counts by how rare its words are over all pages, which puts `epsilon` before
`adam` before `batch size`. No good match: no page.
"""

import math
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

ENOUGH = 1.0  # of rareness: below, a match says nothing
COMMON = 0.6  # rareness of a word that most pages have; two of them are enough
ASIDE = 0.4  # weight of a sentence that does not ask
STRANGE = 0.8  # what a question loses if no page knows any of its words
LOOSE = 0.15  # weight of a page's keyword words beside its best phrase, in any order
TEXT = 0.15  # weight of the words of its text
ENOUGH_LOOSE = 1.6  # of rareness, for a page that no phrase calls
TYPING_MISTAKE = 84  # likeness of a word that no page knows to one that a page knows
MIN_MISTAKEN = 4  # letters; shorter words are too easily another word
MIN_STEM = 4  # letters that stay when an ending is taken off
SHORT = 7  # words: in so short a question every word counts

_STOP = frozenset(
    "a an the this that these those of in on at for to from with by as and or but so "
    "ok okay is are was be been does do did can could should would will it its he she "
    "they me my i you your u we our what whats which who wtf wat how why when where "
    "then than there here mean means meaning meant define explain eli5 describe tell "
    "about please pls plz thanks exactly actually really even just only at all any "
    "anyway noob dumb sorry question simple plain words term terms short good bad "
    "get got have has had not no yes if into up out s t im ive like five tired "
    "said say basically again now really use used using one ones some people bother "
    "thing stuff hurt hurts help helps happen happens pick matter matters useful "
    "need want work works way good for sentence sentences supposed stand stands "
    "difference between vs versus different same que es el la was bedeutet ist "
    "eigentlich der die das ein eine".split()
)
_KEPT = frozenset({"up", "one", "not", "no", "work", "short", "different"})
_SAME = {
    "lr": "learning rate",
    "lrs": "learning rate",
    "bs": "batch size",
    "batchsize": "batch size",
    "warmup": "warm up",
    "minibatch": "mini batch",
    "batchnorm": "batch norm",
    "halflife": "half life",
    "accum": "accumulation",
    "sqrt": "square root",
    "bigger": "larger",
    "biggest": "larger",
    "generalize": "generalise",
    "generalization": "generalisation",
    "normalization": "normalisation",
    "regularization": "regularisation",
}
_WORD = re.compile(r"[a-z0-9]+(?:[/@.][a-z0-9]+)*|%")
_SENTENCE = re.compile(r"(?<=[.?!:;])\s+")
_ASKS = re.compile(
    r"\?|^\W*(?:(?:and|ok|so|but|hi|also)\W+)*"
    r"(?:what|whats|wat|wtf|why|how|which|is|are|do|does|can|define|explain|tell|"
    r"should|would|difference)\b",
    re.IGNORECASE,
)
_P_STABLE = re.compile(r"\bp\s?\(\s*stable\s*\)|\bp stable\b")


@dataclass(frozen=True)
class _Phrase:
    key: str
    stems: tuple[str, ...]


class Finder:
    """Finds the page a question is about.

    Args:
        pages: By key, the page's keywords and its text. A keyword that begins with `=`
            must be the whole question, but for words that say nothing.
    """

    def __init__(self, pages: Mapping[str, tuple[Sequence[str], str]]):
        self._whole: dict[tuple[str, ...], str] = {}
        self._by_first: dict[str, list[_Phrase]] = {}
        self._called_by: dict[str, set[str]] = {}
        self._said_by: dict[str, set[str]] = {}
        for key, (keywords, text) in pages.items():
            self._called_by[key] = {s for k in keywords for s in _content(_words(k))}
            self._said_by[key] = set(_content(_words(text)))
            for keyword in keywords:
                self._add(key, keyword)
        spoken = {key: self._called_by[key] | self._said_by[key] for key in pages}
        self._known = set().union(*spoken.values())
        self._called = sorted(
            {s for found in self._by_first.values() for p in found for s in p.stems}
        )
        counts = {s: sum(s in said for said in spoken.values()) for s in self._known}
        self._rareness = {
            s: max(math.log(len(pages) / n), COMMON) for s, n in counts.items()
        }

    def find(self, question: str) -> str | None:
        """Return the key of the page a question is about, or None."""
        words = _words(question)
        whole = self._whole.get(tuple(words)) or self._whole.get(_content(words))
        if whole:
            return whole
        scores = dict.fromkeys(self._called_by, 0.0)
        called: set[str] = set()
        for sentence, weight in _sentences(question):
            stems = [self._corrected(stem) for stem in _content(_words(sentence))]
            phrases = self._phrases(stems)
            called |= phrases.keys()
            for key in scores:
                scores[key] += weight * self._score(key, stems, phrases.get(key, ()))
        best = max(scores, key=lambda key: (scores[key], key in called))
        enough = ENOUGH if best in called else ENOUGH_LOOSE
        return best if scores[best] >= enough else None

    def _add(self, key: str, keyword: str) -> None:
        if keyword.startswith("="):
            self._whole[tuple(_words(keyword))] = key
            return
        stems = _content(_words(keyword))
        self._by_first.setdefault(stems[0], []).append(_Phrase(key, stems))

    def _phrases(self, stems: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The rarest phrase of each page that the words hold."""
        found: dict[str, tuple[str, ...]] = {}
        for start, first in enumerate(stems):
            for phrase in self._by_first.get(first, ()):
                end = start + len(phrase.stems)
                if tuple(stems[start:end]) != phrase.stems:
                    continue
                if len(phrase.stems) == 1 and self._is_half_a_word(stems, end):
                    continue
                known = found.get(phrase.key, ())
                found[phrase.key] = max(known, phrase.stems, key=self._worth)
        return found

    def _worth(self, stems: Collection[str]) -> float:
        return sum(self._rareness[stem] for stem in stems)

    def _score(self, key: str, stems: Sequence[str], phrase: tuple[str, ...]) -> float:
        """How much the words of a sentence say for a page."""
        others = set(stems) - set(phrase)
        called = others & self._called_by[key]
        said = (others - called) & self._said_by[key]
        worth = self._worth(phrase) + LOOSE * self._worth(called)
        about_us = 1 - STRANGE * self._strange_share(stems)
        return about_us * (worth + TEXT * self._worth(said))

    def _strange_share(self, stems: Sequence[str]) -> float:
        """The share of words that no page knows."""
        strange = [s for s in stems if s.isalpha() and s not in self._known]
        return len(strange) / max(len(stems), 1)

    def _is_half_a_word(self, stems: Sequence[str], end: int) -> bool:
        """Whether a short question ends on a word no page knows: `seed oil`."""
        if len(stems) > SHORT or end != len(stems) - 1:
            return False
        return stems[end].isalpha() and stems[end] not in self._known

    def _corrected(self, stem: str) -> str:
        """The stem itself, or the one that a page calls and that it is nearly."""
        if stem in self._known or len(stem) < MIN_MISTAKEN or stem[0].isdigit():
            return stem
        found = process.extractOne(
            stem, self._called, scorer=fuzz.ratio, score_cutoff=TYPING_MISTAKE
        )
        return found[0] if found and found[0][0] == stem[0] else stem


def _sentences(text: str) -> list[tuple[str, float]]:
    """The sentences with their weights: full for those that ask, if any does."""
    parts = [part for part in _SENTENCE.split(text) if part]
    asking = [bool(_ASKS.search(p)) and bool(_telling(_words(p))) for p in parts]
    if not any(asking):
        return [(text, 1.0)]
    return [(p, 1.0 if asks else ASIDE) for p, asks in zip(parts, asking, strict=True)]


def _words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", text.lower()).replace("'", "")
    plain = _P_STABLE.sub(" pstable ", plain.replace("\u2019", ""))
    words = _WORD.findall(plain.replace("-", " ").replace("_", " "))
    return [w for word in words for w in _SAME.get(word, word).split()]


def _content(words: Sequence[str]) -> tuple[str, ...]:
    """The stems of the words that say something; of all words where none does."""
    return tuple(_stems(_telling(words) or words))


def _telling(words: Sequence[str]) -> list[str]:
    return [w for w in words if w not in _STOP or w in _KEPT]


def _stems(words: Sequence[str]) -> list[str]:
    return [_stem(word) for word in words]


def _stem(word: str) -> str:
    """The word without its ending, so that forms of it are alike.

    >>> _stem("averaged"), _stem("averaging"), _stem("gradients")
    ('averag', 'averag', 'gradient')
    """
    if not word.isalpha():
        return word
    if len(word) > MIN_STEM - 1 and word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    for ending in ("ing", "ed", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= MIN_STEM:
            return word.removesuffix(ending)
    return word
