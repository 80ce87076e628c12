"""Workloads, optimizers and devices in a text, each replaced by a marker.

"Original" is also a plain word, so in lower case before another noun ("my original
rate", "the original post") it is not the workload.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA
from spellchecker import SpellChecker

from advisor.reading import vocabulary
from advisor.reading.pasted import optimizer_named
from advisor.reading.text import Mark, plain, tidy
from experiments.workloads.registry import WORKLOADS, names_of_kind
from knowledge.names import WorkloadName


@dataclass(frozen=True)
class Names:
    """What was named, in the order of the text, and the text with markers in place."""

    marked: str
    workloads: tuple[str, ...]
    unknown: tuple[str, ...]
    optimizer: str | None
    device: str | None


def find_names(text: str, *, known: Sequence[str]) -> Names:
    """Return the workloads, the optimizer and the device that the text names.

    The case of the text tells "Original" from "original". `known` names are matched
    without case and returned as given.
    """
    finder = _Finder(_index(tuple(known)))
    marked = finder.find_workloads(tidy(text), has_capital=_has_capital_original(text))
    marked, optimizer = _find_optimizer(marked)
    marked, device = _find_device(marked)
    marked = finder.find_unknown(marked)
    return Names(marked, finder.workloads(), finder.unknown(), optimizer, device)


def _has_capital_original(text: str) -> bool:
    return bool(re.search(r"(?<=\w |, )Original\b", plain(text)))


@lru_cache(maxsize=8)
def _index(known: tuple[str, ...]) -> dict[str, str]:
    """Return lower-case spellings and the names they mean."""
    names = {name.lower(): name for name in (*WORKLOADS, *known)}
    for alias, name in vocabulary.ALIASES.items():
        names.setdefault(alias, name)
    for name in names_of_kind("digits"):
        names.setdefault(name.replace("_", " "), name)
    return names


@lru_cache(maxsize=4096)
def _is_of_the_language(word: str) -> bool:
    """Whether a word that nothing calls a model stands in a dictionary of English."""
    return any(part in _english() for part in (word, word.rstrip("s")))


@lru_cache(maxsize=1)
def _english() -> frozenset[str]:
    """The words of English; read when the first one is asked for (half a second)."""
    return frozenset(SpellChecker(language="en", distance=1).word_frequency.words())


_HIDDEN = "\uf600"
_CHUNK = re.compile(r"[a-z_][\w/.+-]*\w|[a-z_]|(?<!\d)\d+[a-z_][\w/.+-]*\w")
_SLASHED = re.compile(r"[a-z_][\w-]*(?:/[a-z_][\w-]*)+")
_WIDTH_AFTER = re.compile(
    r"\s?@?\s?(?:at |with |of )?\(?1\s?/\s?(?P<width>\d{1,4})\)?(?![\d.])"
    r"(?: (?:the )?(?:width|scale|proxy|size))?"
)
_WIDTH_BEFORE = re.compile(
    r"(?<![\d.])1\s?/\s?(?P<width>\d{1,4})(?:th|nd)?[ -](?:width |scale |size )?"
    r"(?:proxy |copy )?(?:of )?(?:the )?$"
)


class _Finder:
    """Collects names while the text is rewritten with a marker for each."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names
        self._longest = max(map(len, names), default=0)
        self._found: list[tuple[tuple[str, ...], bool]] = []

    def workloads(self) -> tuple[str, ...]:
        """All names, known or not, each once."""
        return tuple(dict.fromkeys(name for names, _ in self._found for name in names))

    def unknown(self) -> tuple[str, ...]:
        """The names that nobody here knows."""
        return tuple(
            dict.fromkeys(n for names, known in self._found if not known for n in names)
        )

    def find_workloads(self, text: str, *, has_capital: bool) -> str:
        """Replace known names, proxies, groups and well-known foreign models."""
        if not has_capital:
            text = vocabulary.NOT_THE_WORKLOAD.sub(
                lambda match: match[0].replace("original", _HIDDEN), text
            )
        text = vocabulary.OTHER_KIND.sub(self._mark_other_kind, text)
        text = self._replace_names(_SLASHED.sub(self._split_slashes, text))
        text = vocabulary.FOREIGN.sub(self._mark_foreign, text)
        if not self._found:
            text = vocabulary.DATA_SET.sub(
                lambda match: self._mark([match[0]], known=False), text
            )
        for pattern, group in (
            (vocabulary.FACE_GROUP, names_of_kind("faces")),
            (vocabulary.DIGITS_GROUP, names_of_kind("digits")),
            (vocabulary.EVERY_MODEL, tuple(WORKLOADS)),
        ):
            text = pattern.sub(self._mark_group(group), text)
        return text

    def find_unknown(self, text: str) -> str:
        """Replace a word that stands where a workload would stand."""
        for pattern in (
            vocabulary.WORKLOAD_WORD,
            vocabulary.BEFORE_BATCH,
            vocabulary.AT_THE_END,
        ):
            text = pattern.sub(self._mark_unknown, text)
        return text.replace(_HIDDEN, "")

    def _mark_foreign(self, match: re.Match[str]) -> str:
        name = match[0]
        if match["given"] and _is_of_the_language(name):
            return name
        if vocabulary.UNET.fullmatch(name) and (
            match.string[match.end() :].lstrip().startswith("lr")
            or vocabulary.NOT_A_UNET.search(match.string)
        ):
            return name
        in_place = vocabulary.MODELS_PLACE.search(match.string[: match.start()])
        if name in vocabulary.ALSO_WORDS and not in_place:
            return name
        return self._mark([name], known=False)

    def _mark_other_kind(self, match: re.Match[str]) -> str:
        data = match["data"]
        if match["subject"] is None:
            is_ours = data in vocabulary.PLAIN_WORDS or data.startswith("digit")
            if is_ours or data in vocabulary.OPTIMIZERS or self._is_name(data):
                return match[0]
        return self._mark([match[0]], known=False)

    def _mark_unknown(self, match: re.Match[str]) -> str:
        name = match["name"]
        if name in vocabulary.PLAIN_WORDS or self._found or not 3 <= len(name) <= 40:
            return match[0]
        if match.re is not vocabulary.WORKLOAD_WORD and _is_of_the_language(name):
            return match[0]
        before = match[0][: match.start("name") - match.start()]
        return before + self._mark([name], known=False)

    def _replace_names(self, text: str) -> str:
        chunks = list(_CHUNK.finditer(text))
        pieces, end, i = [], 0, 0
        while i < len(chunks):
            name, count = self._name_at(text, chunks, i)
            if name is None:
                i += 1
                continue
            start, stop = chunks[i].start(), chunks[i + count - 1].end()
            start, stop, name = _with_width(text, start, stop, name, floor=end)
            pieces += [text[end:start], self._mark([name], known=True)]
            end = stop
            i += count
            while i < len(chunks) and chunks[i].start() < end:
                i += 1
        return "".join(pieces) + text[end:]

    def _split_slashes(self, match: re.Match[str]) -> str:
        """Part "dlight/adam/batch" where it is no name but a part of it is."""
        parts = match[0].split("/")
        if match[0] in self._names or not any(part in self._names for part in parts):
            return match[0]
        return " / ".join(parts)

    def _name_at(
        self, text: str, chunks: list[re.Match[str]], i: int
    ) -> tuple[str | None, int]:
        """Return the name that starts at chunk i and how many chunks it takes."""
        start = chunks[i].start()
        for count in range(min(_MOST_WORDS, len(chunks) - i), 0, -1):
            joined = text[start : chunks[i + count - 1].end()]
            if len(joined) > self._longest:
                continue
            name = self._names.get(joined) or self._names.get(_spelled(joined))
            if name and joined not in vocabulary.PLAIN_WORDS:
                return name, count
        for count in range(min(2, len(chunks) - i), 0, -1):
            joined = text[start : chunks[i + count - 1].end()]
            if count == 2 and self._is_name(chunks[i + 1][0]):
                continue
            if len(joined) <= _LONGEST_SLIP and (name := _misspelled(joined)):
                return name, count
        return None, 0

    def _is_name(self, word: str) -> bool:
        """Whether the word is a name by itself ("or original" is no slip of it)."""
        return word in self._names or _misspelled(word) is not None

    def _mark_group(self, group: tuple[str, ...]) -> Callable[[re.Match[str]], str]:
        def mark(match: re.Match[str]) -> str:
            asks = match[0].startswith(("which", "what"))
            is_named = any(set(names) & set(group) for names, _ in self._found)
            if is_named or (self._found and not asks):
                return match[0]
            return ("which" if asks else "") + self._mark(group, known=True)

        return mark

    def _mark(self, names: Iterable[str], *, known: bool) -> str:
        place = Mark.FIRST_NAME + len(self._found)
        if place > Mark.LAST_NAME:
            return " "
        self._found.append((tuple(names), known))
        return f" {chr(place)} "


def _spelled(words: str) -> str:
    """Return the words with one blank between them, hyphens as blanks."""
    return " ".join(words.replace("-", " ").split())


# The longest names are "mlp on the digits" and "digits_mlp" with a slip or two.
_MOST_WORDS = 4
_LONGEST_SLIP = 14


@lru_cache(maxsize=4096)
def _misspelled(word: str) -> str | None:
    """Return the workload that a word, or two, is a slip of, if it is one."""
    word = re.sub(r"[\s_-]", "", word)
    if not 5 <= len(word) <= 12 or word in vocabulary.REAL_WORDS:
        return None
    for name in WORKLOADS:
        target = name.replace("_", "")
        slips = 1 if len(target) < 7 else 2
        if word[0] == target[0] and OSA.distance(word, target) <= slips:
            return name
    return None


def _with_width(
    text: str, start: int, stop: int, name: str, *, floor: int
) -> tuple[int, int, str]:
    """Return span and name with the width of a proxy, written after it or before."""
    if name not in WORKLOADS:
        return start, stop, name
    after = _WIDTH_AFTER.match(text, stop)
    before = None if after else _WIDTH_BEFORE.search(text[floor:start])
    width = after or before
    if not width:
        return start, stop, name
    try:
        proxy = WorkloadName.parse(f"{name}@1/{width['width']}").text
    except ValueError:
        return start, stop, name
    if after:
        return start, after.end(), proxy
    return floor + width.start(), stop, proxy


def _find_optimizer(text: str) -> tuple[str, str | None]:
    """Return the text with optimizers marked, and the first that is not ruled out."""
    meant: list[str] = []

    def mark(match: re.Match[str]) -> str:
        name = vocabulary.OPTIMIZERS.get(match["name"]) or optimizer_named(
            match["name"]
        )
        if name is None:
            return match[0]
        if not match["not"]:
            meant.append(name)
        if match["name"] in vocabulary.WEAK_OPTIMIZERS:
            return match[0]
        return f"{match['not'] or ''}{Mark.OPTIMIZER} "

    marked = vocabulary.OPTIMIZER.sub(mark, text)
    strong = [name for name in meant if name not in vocabulary.WEAK_OPTIMIZERS]
    weak = ["momentum"] if meant else []
    return marked, next(iter(strong or weak), None)


def _is_batch_size(match: re.Match[str]) -> bool:
    """Whether what looks like a card is a number of examples ("batch of 3060")."""
    before = match.string[max(0, match.start() - 14) : match.start()]
    return match[0].isdigit() and bool(
        re.search(r"\bbatch(?: of| is|[ =:])*$", before)
        or re.match(" per (?:batch|side|step)", match.string[match.end() :])
    )


def _find_device(text: str) -> tuple[str, str | None]:
    """Return the text with devices marked, and `cpu`, `cuda` or None if undecided."""
    meant: set[str] = set()
    ruled_out: set[str] = set()

    def mark(match: re.Match[str]) -> str:
        if match["cuda"] and _is_batch_size(match):
            return match[0]
        kind = "cpu" if match["cpu"] else "cuda"
        (ruled_out if match["not"] or match["busy"] else meant).add(kind)
        if kind == "cpu":
            return f" {Mark.CPU} "
        return f" {Mark.CUDAS if match['many'] else Mark.CUDA} "

    marked = vocabulary.DEVICE.sub(mark, text)
    if "cuda" in ruled_out:
        meant = {"cpu"}
    elif "cpu" in ruled_out:
        meant -= {"cpu"}
    return marked, meant.pop() if len(meant) == 1 else None
