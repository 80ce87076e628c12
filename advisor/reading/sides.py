"""Two settings and the scores that a person says they had (pure).

"val loss 0.412 at lr 1e-3 and 0.405 at 2e-3", "batch 16: 0.91, 0.92, nan; batch 64:
0.93, 0.91", "97.1 +/- 0.3 vs 96.8 +/- 0.4, 5 seeds each". The roles of `roles` are not
used: a score beside a rate looks like a rate.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from advisor.reading.names import find_names
from advisor.reading.numbers import Number, mark_numbers
from advisor.reading.text import NAME, Mark, plain
from advisor.reading.text import NUMBER as N
from knowledge.metrics import LESS_IS_BETTER, MORE_IS_BETTER, direction_of

COUNTED = r"(?:seeds?|runs?|replicates?|repeats?|repetitions?|trials?)"

_FAILED = (
    r"(?:diverg\w*|fail\w*|nans?|inf|exploded|blew(?: up)?|crashed|collapsed|died|oom)"
)
_K_OF_N = re.compile(
    rf"(?P<share>(?P<k>{N}|\b(?:none|no|all)\b) ?(?:of|out of|/) ?"
    rf"(?:the |its |my |their )?(?P<n>{N})(?: ?{COUNTED})?)"
    rf"[^.?!,;\n]{{0,40}}?(?P<how>\b{_FAILED}\b)|"
    rf"(?P<none>\bnone of (?:the |its |my )?(?P<of>{N}))|"
    rf"(?P<one>{N}) (?:{COUNTED} )?(?P<so>\b{_FAILED}\b)"
)
_A_FAILURE = re.compile(rf"\b{_FAILED}\b")
_COUNT = re.compile(
    rf" ?(?:x )?(?:different |random |independent |other )?(?P<what>{COUNTED}|"
    r"steps?|epochs?|its?|iters?|iterations?|updates?|layers?|gpus?|hours?|hrs?|"
    r"minutes?|mins?|days?|m params|parameters|k steps|images|classes|tokens)\b"
)
_NOT_A_SCORE = re.compile(
    r"\b(?:seed|run|step|epoch|warm-?up|momentum|wd|weight decay|decay|beta_? ?\d?|"
    r"p|level|alpha|power|version|dropout|horizon|top|rank)s? ?[#=<]? ?"
    rf"(?:{N} ?(?:-|to|,|and) ?)*$"
)
_PLUS_MINUS = re.compile(r"(?:±|\+ ?/ ?-|\+-|\bplus[- ]?(?:or[- ])?minus) ?$")
_STD_BEFORE = re.compile(
    r"\b(?:std|sd|stdev|standard deviation|spread)(?: of| is)? ?[=:]? ?$"
)
_FILL = r"(?: ?(?:[=:~(]|\b(?:is|of|at|was|to|size|a|an|the|peak|around)\b)){0,3} ?$"
_AFTER_RATE = re.compile(rf"\b(?:lr|rate|rates){_FILL}")
_AFTER_BATCH = re.compile(rf"\bbatch{_FILL}")
_SOFT = re.compile(
    rf"(?:\b(?:at|with|for|using|use|and|vs\.?|versus|or|than|to|from|against|between|"
    rf"on)|[,/;(]|^|\n|{N} ?/) ?$"
)
_METRIC_BEFORE = re.compile(
    r"\b(?:loss(?:es)?|error|err|mse|mae|rmse|acc(?:uracy)?|score[sd]?|f1|auc|bleu|"
    r"nll|ppl|perplexity|got|gets|gives|gave)\b[ :=of~]*$"
)
# "0.05 gives 0.94 and 0.95": what a list of scores is said of.
_GIVES = re.compile(
    r" ?(?::|=>|->|\b(?:gives?|gave|gets?|got|scores?|scored|reach\w*|yields?|yielded|"
    rf"has|had|shows?|made|ended at)\b) ?(?:\w+ ){{0,2}}?{N}"
)
_TIERS = tuple(
    re.compile(pattern)
    for pattern in (
        r"\b(?:run|config\w*|setting|variant|option|group|arm|version) ?(?:b|two)\b",
        r"\b(?:vs|versus|against|compared (?:to|with)|than)\b|\|",
        r"\bthe other\b|\bothers?\b|\bwhile\b|\bwhereas\b|\bthen\b",
        r";|\n",
        r"\band\b|\bor\b|\bto\b",
    )
)
_MOST_BATCH = 65_536
_SMALL_RATE = Decimal("0.0075")  # written out, without an exponent, a score is larger
# "is 0.1 better than 0.05" speaks of rates, "is 0.91 better than 0.9" of scores: our
# choice of where the one ends.
_LARGE_RATE, _RATES_APART = 0.5, 1.25
_PLACED = re.compile(r"\b(?:at|with|for|using) ?$")
_SAID_AGAIN = re.compile(
    r"\b(?:is|does|do|that|than|say|whether|if|was|with|at|for|or|rate|lr) ?$"
)
_JOINED = re.compile(r"\b(?:than|vs\.?|versus|and|or|to|beats?)\b")
_METRIC_WORDS = (LESS_IS_BETTER | MORE_IS_BETTER) - frozenset(
    "change bits pass return returns map em time top1 top5 ap ar ter mer".split()
)


class _Is(StrEnum):
    RATE = "rate"
    BATCH = "batch"
    SCORE = "score"
    SPREAD = "spread"
    COUNT = "count"
    FAILURE = "failure"
    OF = "of"


@dataclass(frozen=True)
class _Item:
    """One thing that a text says: where, what it is, and its value."""

    at: int
    kind: _Is
    value: Decimal
    is_sure: bool = True


@dataclass(frozen=True)
class ToldSide:
    """One of two settings, with the scores that a person says it had.

    `n` are all its runs, where that is said; `sd` where `scores` is their mean: "97.1
    +/- 0.3, 5 seeds".
    """

    learning_rate: float | None = None
    batch_size: int | None = None
    scores: tuple[float, ...] = ()
    n_failed: int = 0
    n: int | None = None
    sd: float | None = None


@dataclass(frozen=True)
class Sides:
    """Two settings that are compared; what both share is at both.

    `resolution` is the last digit that scores were written to. `n_named` are all the
    settings that a text names.
    """

    a: ToldSide
    b: ToldSide
    metric: str | None = None
    goal: str | None = None
    resolution: float = 0.0
    n_named: int = 2

    @property
    def has_scores(self) -> bool:
        """Whether the person says how the runs went."""
        told = (self.a, self.b)
        return all(side.scores or side.n for side in told)

    @property
    def has_settings(self) -> bool:
        """Whether the two are named, so that stored runs can be looked up."""
        places = {(s.learning_rate, s.batch_size) for s in (self.a, self.b)}
        return len(places) == 2


def read_sides(text: str, known: Sequence[str] = ()) -> Sides | None:
    """Return the two settings that a text compares; None where there are not two.

    >>> s = read_sides("batch 16 scored 0.91, 0.92 and batch 64 0.93, 0.91")
    >>> s.a.batch_size, s.a.scores, s.b.scores
    (16, (0.91, 0.92), (0.93, 0.91))
    """
    marked, numbers, exponents = mark_text(text, known)
    items = _settle(marked, _items(marked, numbers, exponents))
    rates, batches = (_distinct(items, kind) for kind in (_Is.RATE, _Is.BATCH))
    kind = _Is.RATE if len(rates) > 1 else _Is.BATCH if len(batches) > 1 else None
    a, b = _sides_of(marked, items, kind)
    if a is None or b is None:
        return None
    if kind is _Is.RATE and len(batches) == 1:
        a, b = (replace(s, batch_size=int(batches[0])) for s in (a, b))
    if kind is _Is.RATE and len(batches) == 2:
        a, b = (
            replace(s, batch_size=int(size))
            for s, size in zip((a, b), batches, strict=True)
        )
    if kind is not _Is.RATE and len(rates) == 1:
        a, b = (replace(s, learning_rate=float(rates[0])) for s in (a, b))
    if kind is None and len(batches) == 1:
        a, b = (replace(s, batch_size=int(batches[0])) for s in (a, b))
    metric, goal = _metric_in(marked)
    named = max(len(rates), len(batches), 2)
    return Sides(a, b, metric, goal, _resolution(items), named)


def mark_text(
    text: str, known: Sequence[str]
) -> tuple[str, list[Number], set[Decimal]]:
    """The text with markers, its numbers, and those written with an exponent."""
    found = re.findall(r"\d+(?:[.,]\d+)?e[-+]?\d{1,3}\b", plain(text).lower())
    exponents = {Decimal(number.replace(",", ".")) for number in found}
    # "sd" with a number is no image model here.
    text = re.sub(r"\b[sS][dD]\b(?= ?[=:]? ?[\d.])", "std", plain(text))
    marked, numbers = mark_numbers(find_names(text, known=known).marked)
    return marked, numbers, exponents


def _items(
    marked: str, numbers: Sequence[Number], exponents: set[Decimal]
) -> list[_Item]:
    """Every number and failure of a text, in its order."""
    failed, items = _failures(marked, numbers), []
    for match in re.finditer(N, marked):
        at = match.start()
        if any(one.covers(at) for one in failed):
            continue
        number = numbers[ord(match[0]) - Mark.FIRST_NUMBER]
        kind, is_sure = _kind_of(marked, at, number, exponents)
        if kind is not None:
            items.append(_Item(at, kind, number.value, is_sure))
    for one in failed:
        at = one.spans[0][0]
        items.append(_Item(at, _Is.FAILURE, Decimal(one.count)))
        if one.of is not None:
            items.append(_Item(at, _Is.OF, Decimal(one.of)))
    return sorted(items, key=lambda item: item.at)


@dataclass(frozen=True)
class _Failed:
    """So many runs failed, of so many if that is said; `spans` are its words."""

    spans: tuple[tuple[int, int], ...]
    count: int
    of: int | None = None

    def covers(self, at: int) -> bool:
        """Whether a place is in its words."""
        return any(start <= at < end for start, end in self.spans)


def _failures(marked: str, numbers: Sequence[Number]) -> list[_Failed]:
    """What runs are said to have failed, in the order of the text."""

    def value(mark: str | None) -> int | None:
        if mark is None or not re.fullmatch(N, mark):
            return None
        number = numbers[ord(mark) - Mark.FIRST_NUMBER]
        is_count = number.is_whole and 0 <= number.value < _MOST_BATCH
        return int(number.value) if is_count else None

    found = []
    for match in _K_OF_N.finditer(marked):
        of = value(match["n"] or match["of"])
        count = value(match["k"] or match["one"])
        if match["k"] == "all":
            count = of
        elif match["k"] in ("none", "no") or match["none"]:
            count = 0
        if count is not None and (of is None or count <= of):
            names = [n for n in ("share", "how", "none", "one", "so") if match[n]]
            found.append(_Failed(tuple(match.span(n) for n in names), count, of))
    for match in _A_FAILURE.finditer(marked):
        # One of a list of scores: "0.91, nan, 0.90".
        before = re.search(rf"(?:{N} ?,|[:,=(]|\band) ?$", marked[: match.start()])
        if before and not any(one.covers(match.start()) for one in found):
            found.append(_Failed((match.span(),), 1))
    return found


def _kind_of(
    marked: str, at: int, number: Number, exponents: set[Decimal]
) -> tuple[_Is | None, bool]:
    """What a number is, and whether what stands beside it says so."""
    before, after = marked[max(0, at - 40) : at], marked[at + 1 : at + 40]
    value, count = number.value, _COUNT.match(after)
    if count and number.is_whole:
        is_of_runs = re.fullmatch(COUNTED, count["what"]) and number.is_whole
        return (_Is.COUNT if is_of_runs else None), True
    if _PLUS_MINUS.search(before) or _STD_BEFORE.search(before):
        return _Is.SPREAD, True
    if number.is_word or (number.is_whole and _NOT_A_SCORE.search(before)):
        return None, True
    if re.search(r"\b(?:p|alpha|level|momentum|decay|wd) ?[=<]? ?$", before):
        return None, True
    if _AFTER_RATE.search(before) and 0 < value < 100:
        return _Is.RATE, True
    if _AFTER_BATCH.search(before) and number.is_whole and 0 < value <= _MOST_BATCH:
        return _Is.BATCH, True
    if value in exponents and 0 < value < 1 and _GIVES.match(after):
        return _Is.RATE, True
    if 0 < value < 1 and not _METRIC_BEFORE.search(before):
        if value in exponents or value < _SMALL_RATE:
            # "1e-3: 0.002, 0.001": within a list it is a score that looks like one.
            is_listed = re.search(rf"{N} ?[,:=(/] ?$", before)
            return _Is.RATE, value in exponents and not is_listed
        if re.match(r" ?(?:lr|rate)\b", after):
            return _Is.RATE, True
    if 0 < value < 1 and _GIVES.match(after) and not _METRIC_BEFORE.search(before):
        return _Is.RATE, True
    is_size = number.is_whole and 0 < value <= _MOST_BATCH and "batch" in marked
    if is_size and _SOFT.search(before):
        return _Is.BATCH, False
    return _Is.SCORE, True


def _settle(marked: str, items: list[_Item]) -> list[_Item]:
    """The items with what was in doubt decided by what else is said.

    Whole numbers are batch sizes only where another is surely one, and no fraction is
    a score; of rates that nothing calls rates, two settings are the most.
    """
    sure = _distinct([i for i in items if i.is_sure], _Is.RATE)
    items = [
        replace(i, kind=_Is.RATE)
        if i.kind is _Is.SCORE
        and i.value in sure
        and _SAID_AGAIN.search(marked[: i.at])
        else i
        for i in items
    ]
    sure = _distinct([i for i in items if i.is_sure], _Is.BATCH)
    scores = [i for i in items if i.kind is _Is.SCORE]
    is_fraction = any(i.value != i.value.to_integral_value() for i in scores)
    if len(sure) > 1 or not (is_fraction or not scores):
        items = _as_scores(items, _Is.BATCH)
    if len(_distinct([i for i in items if i.is_sure], _Is.RATE)) > 1 or (
        len(_distinct(items, _Is.RATE)) > 2
    ):
        items = _as_scores(items, _Is.RATE)
    rates = [i for i in items if i.kind is _Is.RATE]
    scores = [i for i in items if i.kind is _Is.SCORE]
    distinct = _distinct(rates, _Is.RATE)
    if len(distinct) == 1 and not sure[1:]:
        # "0.95 at lr 0.1 and 0.94 at 0.2": what stands where the one rate could.
        placed = [
            i for i in scores if _PLACED.search(marked[: i.at]) and 0 < i.value < 1
        ]
        if len(_distinct(placed, _Is.SCORE)) == 1 and len(scores) > len(placed):
            items = _as_rates(items, placed)
    if len(distinct) == 1 and len(scores) == 1:
        # "is lr 0.1 really better than 0.05": the number that is joined to the one.
        ends = sorted((rates[0].at, scores[0].at))
        is_joined = _JOINED.search(marked[ends[0] + 1 : ends[1]])
        if is_joined and 0 < scores[0].value < 1 and not _metric_in(marked)[0]:
            items = _as_rates(items, scores)
    if not rates and not sure[1:] and len(scores) == 2 and not _metric_in(marked)[0]:
        low, high = sorted(float(i.value) for i in scores)
        between = marked[scores[0].at + 1 : scores[1].at]
        is_ratio = 0 < low < high <= _LARGE_RATE and high / low >= _RATES_APART
        is_of_rates = re.search(r"\b(?:better|worse|beats?)\b", between) or (
            re.search(NAME, marked) and _JOINED.search(between)
        )
        if is_ratio and is_of_rates:
            items = _as_rates(items, scores)
    return items


def _as_rates(items: Sequence[_Item], these: Sequence[_Item]) -> list[_Item]:
    return [replace(i, kind=_Is.RATE) if i in these else i for i in items]


def _as_scores(items: Sequence[_Item], kind: _Is) -> list[_Item]:
    """The items, those that are of a kind in doubt taken for scores."""
    return [
        replace(i, kind=_Is.SCORE) if i.kind is kind and not i.is_sure else i
        for i in items
    ]


def _distinct(items: Sequence[_Item], kind: _Is) -> list[Decimal]:
    return list(dict.fromkeys(i.value for i in items if i.kind is kind))


def _sides_of(
    marked: str, items: Sequence[_Item], kind: _Is | None
) -> tuple[ToldSide | None, ToldSide | None]:
    """The first two settings of a kind, each with what is said of it."""
    told = [i for i in items if i.kind not in (_Is.RATE, _Is.BATCH)]
    if kind is None:
        a, b = (_side(part) for part in _split(marked, told))
        return _with_shared_counts(told, a, b) if a and b else (None, None)
    first, second = _distinct(items, kind)[:2]
    groups: dict[Decimal, list[_Item]] = {first: [], second: []}
    keys = [i for i in items if i.kind is kind]
    scores = [i for i in told if i.kind is not _Is.COUNT]
    comes_first = bool(scores) and scores[0].at < keys[0].at
    for item in told:
        near = _key_of(item, keys, comes_first=comes_first)
        if near in groups:
            groups[near].append(item)
    if any(not _scored(group) for group in groups.values()) and len(scores) > 1:
        # "1e-3 or 5e-4? 0.91 0.92 vs 0.93 0.92": in the order they were named.
        groups = dict(zip(groups, _split(marked, told), strict=True))
    sides = []
    for value, group in groups.items():
        side = _side(group) or ToldSide()
        if kind is _Is.RATE:
            sides.append(replace(side, learning_rate=float(value)))
        else:
            sides.append(replace(side, batch_size=int(value)))
    return _with_shared_counts(told, sides[0], sides[1])


def _key_of(item: _Item, keys: Sequence[_Item], *, comes_first: bool) -> Decimal:
    """The setting that a score belongs to: the one after it, or the last before."""
    if comes_first:
        later = [k for k in keys if k.at > item.at]
        return later[0].value if later else keys[-1].value
    earlier = [k for k in keys if k.at < item.at]
    return earlier[-1].value if earlier else keys[0].value


def _scored(items: Sequence[_Item]) -> bool:
    return any(i.kind in (_Is.SCORE, _Is.FAILURE) for i in items)


def _split(marked: str, items: Sequence[_Item]) -> tuple[list[_Item], list[_Item]]:
    """The items in two groups, at the strongest word that parts them in two.

    Without one two scores are one of each; other lists are not parted.
    """
    scores = [i for i in items if i.kind in (_Is.SCORE, _Is.FAILURE)]
    for tier in _TIERS:
        cuts = [
            later.at
            for earlier, later in pairwise(scores)
            if tier.search(marked[earlier.at + 1 : later.at])
        ]
        if len(cuts) == 1:
            before = [i for i in items if i.at < cuts[0]]
            return before, [i for i in items if i.at >= cuts[0]]
    if len(scores) == 2:
        cut = scores[1].at
        return [i for i in items if i.at < cut], [i for i in items if i.at >= cut]
    return [], []


def _side(items: Sequence[_Item]) -> ToldSide | None:
    if not _scored(items):
        return None
    scores = tuple(float(i.value) for i in items if i.kind is _Is.SCORE)
    spreads = [float(i.value) for i in items if i.kind is _Is.SPREAD]
    counts = [int(i.value) for i in items if i.kind is _Is.COUNT]
    of = [int(i.value) for i in items if i.kind is _Is.OF]
    is_mean = len(scores) == 1
    return ToldSide(
        scores=scores,
        n_failed=sum(int(i.value) for i in items if i.kind is _Is.FAILURE),
        n=of[0] if of else counts[0] if is_mean and counts else None,
        sd=spreads[0] if is_mean and spreads else None,
    )


def _with_shared_counts(
    items: Sequence[_Item], a: ToldSide, b: ToldSide
) -> tuple[ToldSide, ToldSide]:
    """The sides with the one number of runs that was said for both."""
    counts = [int(i.value) for i in items if i.kind is _Is.COUNT]
    if len(set(counts)) != 1:
        return a, b
    if len(a.scores) != 1 or len(b.scores) != 1:
        return a, b
    return replace(a, n=counts[0]), replace(b, n=counts[0])


def _metric_in(marked: str) -> tuple[str | None, str | None]:
    """The metric that a text names, and which way it goes."""
    if re.search(r"\b(?:higher|larger|more|bigger) is better\b", marked):
        return None, "max"
    if re.search(r"\b(?:lower|smaller|less) is better\b", marked):
        return None, "min"
    for match in re.finditer(
        r"\b(?:(?P<of>train(?:ing)?|test|val(?:idation)?|eval)[ _/.-])?"
        r"(?P<word>[a-z][a-z0-9]*)\b",
        marked,
    ):
        word = match["word"]
        word = word.removesuffix("es") if word == "losses" else word
        if word in _METRIC_WORDS:
            name = f"{match['of']}_{word}" if match["of"] else word
            return name, direction_of(name)
    return None, None


def _resolution(items: Sequence[_Item]) -> float:
    """The last digit to which the scores were written."""
    places = [
        exponent
        for i in items
        if i.kind is _Is.SCORE
        and isinstance(exponent := i.value.as_tuple().exponent, int)
    ]
    return 10.0 ** min(places) if places else 0.0
