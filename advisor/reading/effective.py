"""The effective batch size: what each device takes at each step, or a total (pure).

It is per device x devices x steps of accumulation. A total that is stated wins; where
devices or steps become more, the size before is kept beside the one after.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from advisor.reading import patterns
from advisor.reading.numbers import Number
from advisor.reading.text import NUMBER as N
from advisor.reading.text import Mark


class Role(StrEnum):
    """What a number in a question is."""

    BATCH = "batch"
    RATE = "rate"
    OTHER = "other"


@dataclass(frozen=True)
class Factor:
    """What a batch size is multiplied by, where it stands, and in words what it is."""

    value: int
    position: int
    what: str


@dataclass(frozen=True)
class Batch:
    """Batch sizes named in one breath: one, or several that are compared.

    `is_each` says that they are named as those of one device, `factors` what they are
    multiplied by.
    """

    values: tuple[int, ...]
    position: int
    is_explicit: bool
    is_each: bool = False
    factors: tuple[Factor, ...] = ()

    def over_all(self) -> "Batch":
        """The sizes over all devices and steps."""
        whole = math.prod(factor.value for factor in self.factors)
        sizes = tuple(size * whole for size in self.values)
        is_explicit = self.is_explicit or whole > 1
        return replace(self, values=sizes, is_explicit=is_explicit)

    def sums(self) -> list[str]:
        """The arithmetic of each size that is multiplied."""
        told = [f"{f.value} {f.what}".strip() for f in self.factors if f.value > 1]
        pairs = zip(self.values, self.over_all().values, strict=True)
        return [f"{' x '.join([str(a), *told])} = {b}." for a, b in pairs if told]


DEVICES = "devices"
_ACCUMULATION = "steps of accumulation"


@dataclass
class Roles:
    """What the numbers of a text mean; `marked` has a role marker for each."""

    marked: str
    batches: list[Batch] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    bare_rates: list[float] = field(default_factory=list)
    all_rates: list[float] = field(default_factory=list)
    placed_rates: list[tuple[int, float]] = field(default_factory=list)
    spare: list[int] = field(default_factory=list)
    job: str | None = None
    seconds: float | None = None
    is_budget: bool = False
    factors: list[Factor] = field(default_factory=list)  # of a batch not named here
    is_same_again: bool = False  # accumulation or devices make the same batch again
    warnings: list[str] = field(default_factory=list)


class EffectiveBatch:
    """Claims the numbers that make up a batch size; one once claimed stays so."""

    def __init__(self, text: str, numbers: Sequence[Number]) -> None:
        self._text = text
        self._numbers = numbers
        self._role: list[Role | None] = [None] * len(numbers)
        self._factors: list[Factor] = []
        self._totals: list[int] = []
        self._each: set[int] = set()  # where a batch of one device stands
        self._roles = Roles(marked=text)

    def _read_products(self) -> None:
        for match in patterns.PRODUCT.finditer(self._text):
            *factors, total = (
                self._numbers[index_of(m)] for m in re.findall(N, match[0])
            )
            if math.prod(number.value for number in factors) == total.value:
                self._add_batch([index_of(match["total"])], match.start(), True)
                self._claim(match[0], Role.OTHER)
                written = " x ".join(str(int(number.value)) for number in factors)
                self._roles.warnings.append(f"{written} = {int(total.value)}.")

    def _read_totals(self) -> None:
        for match in patterns.TOTAL.finditer(self._text):
            free = self._free(next(filter(None, match.groups())))
            if free and self._is_whole(free[0]):
                self._totals.append(int(self._numbers[free[0]].value))
                if "batch" not in match[0]:  # else with those joined to it
                    self._add_batch(free, match.start(), True)

    def _read_accumulation(self) -> None:
        for match in patterns.ACCUMULATED_TIMES.finditer(self._text):
            self._multiply(match["steps"] or match["over"], _ACCUMULATION)
            if self._free(match["batch"]):
                self._add_batch([index_of(match["batch"])], match.start(), True)
        for match in patterns.IMAGES_BY_STEPS.finditer(self._text):
            self._multiply(match["steps"], _ACCUMULATION)
            self._add_batch([index_of(match["batch"])], match.start(), True)
        for match in patterns.STEPS_OF.finditer(self._text):
            steps, batch = (index_of(mark) for mark in re.findall(N, match[0]))
            if not self._numbers[batch].is_whole:
                continue  # "8x4 accum at 1e-4" goes on with the rate
            self._multiply(chr(Mark.FIRST_NUMBER + steps), _ACCUMULATION)
            self._add_batch([batch], match.start(), True)
        for match in patterns.ACCUMULATE_TO.finditer(self._text):
            if patterns.CHANGED_STEPS.search(self._text[: match.start()]):
                continue  # "drop accumulation to 4" is no total
            total = index_of(match["total"])
            self._role[total] = Role.BATCH
            value = int(self._numbers[total].value)
            self._roles.batches = [Batch((value,), match.start(), True)]
            for earlier in re.finditer(
                rf"\bbatch{patterns.IS}{{0,3}} ?{N}", self._text
            ):
                self._claim(earlier[0], Role.OTHER)
        for match in patterns.ACCUMULATION.finditer(self._text):
            self._multiply(match["a"] or match["b"], _ACCUMULATION)
            if all(map(self._is_whole, self._free(match["more"] or ""))):
                self._claim(match["more"] or "", Role.OTHER)  # else "accum 4, 1e-4"
            start = match.start("a")
            if match["a"] and (before := re.search(rf"({N}) x $", self._text[:start])):
                self._add_batch([index_of(before[1])], before.start(), True)

        for match in patterns.EVERY_NTH.finditer(self._text):
            mark = match["a"] or match["b"] or match["c"] or match["d"]
            self._multiply(mark, _ACCUMULATION)
        without = patterns.NO_ACCUMULATION.search(self._text)
        if without and any(f.what == _ACCUMULATION for f in self._factors):
            self._factors.append(Factor(1, without.start(), _ACCUMULATION))

    def _read_devices(self) -> None:
        each = [*patterns.PER_DEVICE.finditer(self._text)]
        each = each or [*patterns.PER_DEVICE_IS.finditer(self._text)]
        each = each or [*patterns.EACH_TAKES.finditer(self._text)]
        times = [*patterns.TIMES_BATCH.finditer(self._text)]
        at = [*patterns.DEVICES_AT.finditer(self._text)]
        if grew := patterns.GREW_FROM.search(self._text):
            self._read_devices_before(grew)
        for match in patterns.DEVICES.finditer(self._text):
            mark = match["them"] or match["n"] or match["x"] or match["one"]
            before = self._text[: match.start()]
            if match["one"] and not (
                self._numbers[index_of(mark)].is_word
                or re.search(r"\b(?:on|with|using|have|over|across) $", before)
                or patterns.TIMES_NEXT.match(self._text, match.end())
            ):
                continue
            if not each and not times and patterns.SHARED.search(self._text):
                self._claim(mark, Role.OTHER)
                continue
            self._multiply(mark, _kind_of(match[0]))
            if factor := re.search(rf"({N}) x $", before):
                self._add_batch([index_of(factor[1])], factor.start(), True)
        for found in (*each, *times, *at):
            free = self._free(found["batch"])
            if free and self._is_whole(free[0]):
                if self._totals:
                    self._claim(found["batch"], Role.OTHER)
                else:
                    self._add_batch(free, found.start(), True)
                    self._each.add(found.start())

    def _read_devices_before(self, grew: re.Match[str]) -> None:
        """Take "from 2 to 8 gpus" and "from one card to 4" for two settings."""
        before, what = grew["before"], _kind_of(grew[0])
        if re.fullmatch(N, before):
            self._multiply(before, what)
        elif not self._totals:
            self._factors.append(Factor(1, grew.start(), what))

    def _multiply(self, mark: str, what: str) -> None:
        """Take a number as a factor of the batch, unless the total was given."""
        number = self._numbers[index_of(mark)]
        if not self._free(mark):
            return
        self._claim(mark, Role.OTHER)
        usable = number.is_whole and 1 <= number.value <= 4096
        if usable and not self._totals:
            at = self._text.index(mark)
            self._factors.append(Factor(int(number.value), at, what))

    def _leave_out_parts(self) -> None:
        """Of "effective 16 from micro batches of 2" keep the total alone."""
        if not self._totals or patterns.GREW.search(self._text):
            return
        self._roles.batches = [
            batch
            for batch in self._roles.batches
            if len(batch.values) > 1
            or batch.values[0] in self._totals
            or any(total % max(batch.values[0], 1) for total in self._totals)
        ]

    def _free(self, marks: str) -> list[int]:
        """Return the numbers among these characters that nothing has claimed."""
        found = (index_of(mark) for mark in re.findall(N, marks))
        return [i for i in found if self._role[i] is None]

    def _claim(self, marks: str, role: Role) -> None:
        for i in self._free(marks):
            self._role[i] = role

    def _is_whole(self, i: int) -> bool:
        return self._numbers[i].is_whole

    def _add_batch(self, indices: list[int], position: int, is_explicit: bool) -> None:
        values = [int(self._numbers[i].value) for i in indices]
        for i in indices:
            self._role[i] = Role.BATCH
        last = self._text.index(chr(Mark.FIRST_NUMBER + indices[-1])) + 1
        times = patterns.THEN_TIMES.match(self._text, last)
        if is_explicit and times and self._free(times[1]):
            self._multiply(times[1], "")
        self._roles.batches.append(
            Batch(tuple(dict.fromkeys(values)), position, is_explicit)
        )


def _kind_of(devices: str) -> str:
    return "machines" if patterns.MACHINES.search(devices) else DEVICES


def index_of(mark: str) -> int:
    """Return which of the numbers a marker stands for."""
    return ord(mark) - Mark.FIRST_NUMBER
