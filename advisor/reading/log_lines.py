"""Lines of a log that were pasted -> what they show (pure).

A log is told by its shape, not by a program's name: lines that differ in their numbers
alone, or a loss beside a step. Its numbers are neither batch sizes nor rates of the
question, but for a rate that stays the same in all of them.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

JUMPS = 3.0  # times the value before: more is no noise of one batch (our choice)
GRADIENT_JUMPS = 10.0
FLAT = 0.01  # of the value: less over all lines is no progress
DRIFTS = 0.05
RISES = 1.2
_FEWEST_ALIKE = 2
_FEWEST_FLAT = 3
_LONGEST = 200  # characters of a line that is a record by itself

_NUMBER = r"(?:[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?|\bnan\b|[-+]?\binf\b)"
_ANY_NUMBER = re.compile(_NUMBER, re.IGNORECASE)
_SCALER = re.compile(
    r"overflow|skipping (?:step|update)|loss scal\w+ .*\d|\bscaler\b", re.IGNORECASE
)
_SEEN_AS = re.compile(r"nan or inf|returned nan|nan values", re.IGNORECASE)
_MEASURED = re.compile(
    rf"\b(?:train_|val_|eval_)?loss\w*\b.{{0,12}}?{_NUMBER}", re.IGNORECASE
)
_COUNTED = re.compile(
    r"(?:\b(?:step|iter(?:ation)?|it|epoch)\b\W{0,3}|[#])\d|^\W*\d+ ?/ ?\d+|"
    r"[\"'](?:grad_norm|learning_rate|epoch|step)[\"']\s*:",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\?|\b(?:why|what|how|please|is this|is that|help)\b", re.IGNORECASE
)
_PAIR = re.compile(
    rf"(?P<name>[A-Za-z#][A-Za-z_/@# ]{{0,24}}?)[\"']?[\s:=\[(]{{0,3}}"
    rf"(?P<value>{_NUMBER})",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"\b\d{1,2}:\d\d(?::\d\d)?\b|\b\d+(?:\.\d+)?\s?(?:ms|s|sec)\b")
_SERIES = (
    ("lr", re.compile(r"\blr|learning_rate")),
    ("gradient norm", re.compile(r"grad")),
    ("step", re.compile(r"step|iter|\bit$|epoch|#")),
    ("", re.compile(r"acc|time|scale|perplex|eta|mem|seed|job")),
    ("validation loss", re.compile(r"val|eval|test")),
    ("loss A", re.compile(r"\ba$|_a$")),
    ("loss B", re.compile(r"\bb$|_b$")),
    ("loss", re.compile(r"loss|train|nll|mse")),
)
LOSSES = ("loss", "loss A", "loss B", "validation loss")


@dataclass(frozen=True)
class Log:
    """What pasted lines show.

    `rest` is the text without them, `seen` the words of a symptom for what they show,
    `shown` one sentence with their numbers, `rate` the rate in all of them.
    """

    rest: str
    seen: str = ""
    shown: str | None = None
    rate: float | None = None

    @property
    def in_words(self) -> str:
        """The text with what the lines show in their place."""
        rate = f", lr {self.rate:g}" if self.rate else ""
        return f"log: {self.seen}{rate}.\n{self.rest}" if self.seen else self.rest


@dataclass
class _Series:
    """Values in the order of the lines, each with its step where the line has one."""

    name: str
    values: list[float] = field(default_factory=list)
    steps: list[int | None] = field(default_factory=list)

    def at(self, i: int) -> str:
        value = self.values[i]
        said = "not a number" if not math.isfinite(value) else f"{value:g}"
        step = self.steps[i]
        return f"{said} at step {step}" if step is not None else said


def read_log(text: str) -> Log:
    """Return what a text's pasted lines show; without any, the text is the rest.

    >>> read_log("step 20 loss 17.4\\nstep 30 loss nan\\nwhy?").shown
    'Your log: the loss went from 17.4 at step 20 to not a number at step 30.'
    """
    lines = _lines(text)
    logged = _logged(lines)
    if not logged:
        return Log(text)
    rest = "\n".join(line for i, line in enumerate(lines) if i not in logged)
    records = [lines[i] for i in sorted(logged)]
    series = _read_series(records)
    seen, shown = _what_is_seen(records, series)
    rates = set(series["lr"].values) if "lr" in series else set()
    rate = next(iter(rates)) if len(rates) == 1 else None
    return Log(rest, seen, shown, rate if rate and 0 < rate < 1 else None)


def _lines(text: str) -> list[str]:
    """The lines, one for each record where several stand in one line."""
    found: list[str] = []
    for line in text.split("\n"):
        counts = Counter(re.findall(rf"\b([a-z_]{{3,}})[=:] ?{_NUMBER}", line.lower()))
        name, n = counts.most_common(1)[0] if counts else ("", 0)
        if n < _FEWEST_FLAT:
            found.append(line)
            continue
        ends = [
            m.end() for m in re.finditer(rf"(?i)\b{name}[=:] ?{_NUMBER}[,;]?", line)
        ]
        found += [line[a:b] for a, b in zip([0, *ends], [*ends, None], strict=True)]
    return found


def _logged(lines: Sequence[str]) -> set[int]:
    """The places of the lines that are of a log."""
    shapes = [_shape(line) for line in lines]
    common = Counter(shape for shape in shapes if shape)
    found = set()
    for i, line in enumerate(lines):
        is_one_of_many = common.get(shapes[i], 0) >= _FEWEST_ALIKE and _measures(line)
        is_line = len(line) < _LONGEST
        is_record = bool(is_line and _MEASURED.search(line) and _COUNTED.search(line))
        is_event = bool(_SCALER.search(line) or _SEEN_AS.search(line))
        if (is_one_of_many or is_record or is_event) and not _is_speech(line):
            found.add(i)
    if len(lines) < 2:  # a sentence may speak of a step and a loss, too
        return set()
    header = min(found, default=0) - 1
    if header >= 0 and _is_header(lines[header]):
        found.add(header)
    return found


def _shape(line: str) -> str:
    """A line without its numbers; empty where it has none with a fraction."""
    if not re.search(
        rf"\d\.\d|\bnan\b|\binf\b|\d[eE]-?\d|{_SCALER.pattern}", line, re.I
    ):
        return ""
    return _ANY_NUMBER.sub("0", line.strip().lower())


def _measures(line: str) -> bool:
    """Whether a line gives a loss or a step, and is no setting of a run."""
    names = {_series_of(name) for name, _ in _pairs_of(line)}
    is_bare = not re.search("[a-z]{2,}", _ANY_NUMBER.sub(" ", _CLOCK.sub(" ", line)))
    is_measure = bool(names & {*LOSSES, "step", "gradient norm"})
    return (is_measure or is_bare or bool(_SCALER.search(line))) and not re.search(
        r"batch|\bbs\b", line, re.IGNORECASE
    )


def _pairs_of(line: str) -> list[tuple[str, str]]:
    return [(m["name"], m["value"]) for m in _PAIR.finditer(_CLOCK.sub(" ", line))]


def _is_speech(line: str) -> bool:
    return bool(_ASKS.search(line)) and len(re.findall(r"[a-z]{2,}", line.lower())) > 4


def _is_header(line: str) -> bool:
    return line.count(",") >= 1 and not _ANY_NUMBER.search(line.replace("pg0", ""))


def _read_series(records: Sequence[str]) -> dict[str, _Series]:
    """The values of the lines by what they are of."""
    found: defaultdict[str, _Series] = defaultdict(lambda: _Series(""))
    columns: list[str] = []
    for record in records:
        if _is_header(record):
            columns = [name.strip() for name in record.split(",")]
            continue
        pairs = [(n, v) for n, v in _pairs(record, columns) if n]
        step = next((v for n, v in pairs if n == "step" and v >= 0), None)
        for name in dict.fromkeys(n for n, _ in pairs):
            value = next(v for n, v in pairs if n == name)
            found[name].name = name
            found[name].values.append(value)
            found[name].steps.append(int(step) if step is not None else None)
    return dict(found)


def _pairs(record: str, columns: Sequence[str]) -> Iterator[tuple[str, float]]:
    """What a line gives, by name; a bare column of numbers is taken for a loss."""
    fields = record.split(",")
    if columns and len(fields) == len(columns):
        named = list(zip(columns, fields, strict=True))
    else:
        named = _pairs_of(record)
        if not any(_series_of(name) in LOSSES for name, _ in named):
            yield from _unnamed(_CLOCK.sub(" ", record))
    for name, value in named:
        try:
            yield _series_of(name), float(value)
        except ValueError:
            continue


def _unnamed(record: str) -> Iterator[tuple[str, float]]:
    values = _ANY_NUMBER.findall(record)
    losses = [v for v in values if not re.fullmatch(r"[-+]?\d+", v)]
    if values and re.fullmatch(r"\d+", values[0]):
        yield "step", float(values[0])
    for name, value in zip(LOSSES, losses, strict=False):
        yield name, float(value)


def _series_of(name: str) -> str:
    words = name.strip().lower()
    return next((series for series, sign in _SERIES if sign.search(words)), "")


# -- what they show --------------------------------------------------------------------


def _what_is_seen(
    records: Sequence[str], series: dict[str, _Series]
) -> tuple[str, str | None]:
    """The words of a symptom, and a sentence with the numbers."""
    losses = [series[name] for name in LOSSES if name in series]
    for one in losses:
        if found := _broken(one):
            return found
    gradient = series.get("gradient norm")
    if gradient and (found := _burst(gradient, "gradients explode, loss goes up")):
        return found
    skipped = sum(bool(_SCALER.search(record)) for record in records)
    if skipped:
        return (
            "mixed precision: gradient overflow, steps skipped",
            f"Your log: the scaler of mixed precision skipped {skipped} "
            f"step{'s' * (skipped > 1)}, because gradients overflowed. One now and "
            "then is normal; many in a row are not.",
        )
    if any(_SEEN_AS.search(record) for record in records):
        return "loss is nan", "Your log: a value that is not a number came up."
    for one in losses:
        if found := _burst(one, "loss jumped up and stays up"):
            return found
    if found := _parted(series):
        return found
    if losses and (found := _of_the_rate(series.get("lr"), losses)):
        return found
    return _slowly(losses) if losses else ("", None)


def _broken(one: _Series) -> tuple[str, str] | None:
    """A value that is no number, or a loss of nothing."""
    for i, value in enumerate(one.values):
        if not math.isfinite(value):
            step = f" at step {one.steps[i]}" if one.steps[i] is not None else ""
            path = [one.at(j) for j in range(_start_of(one, i), i + 1)]
            how = f"went from {path[0]} to {' and to '.join(path[1:])}"
            how = how if len(path) > 1 else f"is {path[0]}"
            return f"loss is nan{step}", f"Your log: the {one.name} {how}."
    if one.values and one.values[-1] == 0:
        return "loss is 0.0", f"Your log: the {one.name} is exactly 0."
    return None


def _start_of(one: _Series, i: int) -> int:
    """The last value before it went wrong: before a jump, where one came first."""
    jumps = i > 1 and one.values[i - 1] >= JUMPS * one.values[i - 2] > 0
    return i - 2 if jumps else max(i - 1, 0)


def _burst(one: _Series, seen: str) -> tuple[str, str] | None:
    """The largest step up from one line to the next, if it is no noise."""
    times = GRADIENT_JUMPS if one.name == "gradient norm" else JUMPS
    jumps = [
        (after / before, i)
        for i, (before, after) in enumerate(pairwise(one.values), start=1)
        if before > 0 and after / before >= times
    ]
    if not jumps:
        return None
    _, i = max(jumps)
    step = f" at step {one.steps[i]}" if one.steps[i] is not None else ""
    is_back = i + 1 < len(one.values) and one.values[-1] < JUMPS / 2 * one.values[i - 1]
    seen = "loss spikes and comes back" if is_back else seen
    return (
        f"{seen}{step}",
        f"Your log: the {one.name} went from {one.at(i - 1)} to {one.at(i)}"
        f"{', and came back' if is_back else ''}.",
    )


def _parted(series: dict[str, _Series]) -> tuple[str, str] | None:
    """A validation loss that rises while the training loss falls."""
    train, held_out = series.get("loss"), series.get("validation loss")
    if not (train and held_out and min(len(train.values), len(held_out.values)) > 1):
        return None
    least = min(held_out.values)
    rose = held_out.values[-1] > (1 + DRIFTS) * least
    fell = train.values[-1] < (1 - DRIFTS) * train.values[0]
    if not (rose and fell):
        return None
    return (
        "overfit",
        f"Your log: the training loss fell from {train.values[0]:g} to "
        f"{train.values[-1]:g}, while the validation loss rose from {least:g} to "
        f"{held_out.values[-1]:g}.",
    )


def _is_flat(values: Sequence[float]) -> bool:
    """Whether values neither rise nor fall, taken together."""
    scale = max(abs(values[0]), 1e-12)
    steps = [b - a for a, b in pairwise(values)]
    goes_on_falling = all(step < 0 for step in steps)
    moved = abs(values[-1] - values[0]) / scale
    return moved <= FLAT or (not goes_on_falling and moved <= 2 * FLAT)


def _of_the_rate(
    rate: _Series | None, losses: Sequence[_Series]
) -> tuple[str, str] | None:
    """A rate of nothing, or one that is still being warmed up, where a loss stays."""
    if rate is None or not any(_is_flat(one.values) for one in losses):
        return None
    if not any(rate.values):
        return (
            "loss is identical for any lr",
            "Your log: the learning rate is 0 in all of these lines.",
        )
    if len(rate.values) > 1 and rate.values[-1] > 2 * rate.values[0]:
        return (
            "slow learning, warm-up",
            f"Your log: the rate is still being warmed up ({rate.values[0]:g} to "
            f"{rate.values[-1]:g}), so the loss hardly moves yet. That is normal.",
        )
    return None


def _slowly(losses: Sequence[_Series]) -> tuple[str, str | None]:
    """Losses that rise, fall, or do neither."""
    said = []
    for one in losses:
        first, last = one.values[0], one.values[-1]
        if len(one.values) > 1 and first > 0 and last >= RISES * first:
            how = "loss goes up and stays up"
            return how, f"Your log: the {one.name} rose from {first:g} to {last:g}."
        if len(one.values) >= _FEWEST_FLAT and _is_flat(one.values):
            return (
                "loss is stuck and does not go down",
                f"Your log: the {one.name} stays near {last:g}.",
            )
        if len(one.values) > 1 and last < first:
            said.append(f"the {one.name} falls from {first:g} to {last:g}")
    if not said:
        return "loss", None
    return "loss falls", f"Your log: {' and '.join(said)}: nothing in it is wrong."
