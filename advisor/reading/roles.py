"""Which number in a text is a batch size, a learning rate, or neither.

Losses, steps, memory, speeds and jobs are claimed first, then what is beside "batch" or
"lr", then bare numbers: a fraction as a rate, a whole number as a batch size unless
something follows that it could be counting.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from advisor.reading import patterns
from advisor.reading.batches import over_all
from advisor.reading.effective import Batch, EffectiveBatch, Role, Roles, index_of
from advisor.reading.numbers import Number
from advisor.reading.text import NAME, Mark
from advisor.reading.text import NUMBER as N

# Without the word batch beside it a larger number counts something else.
_LARGEST_BARE = 8192
_FIRST_YEAR, _LAST_YEAR = 1990, 2040
_LARGEST_PER_SIDE = 1024  # "1,800 images a side" is a data set
_BEFORE_WORD = re.compile(rf"\b(?:at|about|with|use|try|meant?|from|{N} to) $")


def read_roles(marked: str, numbers: Sequence[Number]) -> Roles:
    """Return what each number of a marked text means, in the order of markers."""
    return _Reader(marked, numbers).read()


class _Reader(EffectiveBatch):
    """Claims numbers pattern by pattern; a number once claimed stays so."""

    def __init__(self, text: str, numbers: Sequence[Number]) -> None:
        super().__init__(text, numbers)
        self._rates: list[tuple[int, float]] = []
        self._bare_rates: list[tuple[int, float]] = []
        self._spare: list[tuple[int, int]] = []

    def read(self) -> Roles:
        """Claim every number, surest signs first."""
        self._read_job()
        for match in patterns.ADAPTER.finditer(self._text):
            self._claim(match[0], Role.OTHER)
        self._read_products()
        self._read_totals()
        self._read_batches(patterns.SURE_BATCH)
        self._read_batches(patterns.IMAGES)
        self._read_accumulation()
        self._read_devices()
        self._read_durations()
        self._read_others()
        self._read_batches(patterns.BATCH)
        self._read_rates()
        self._read_bare()
        roles = self._roles
        roles.batches.sort(key=lambda batch: batch.position)
        self._leave_out_parts()
        if self._factors and not roles.batches:
            # "was 16, now 8 with accumulation 4"
            roles.batches = [Batch((i,), at, True) for at, i in self._spare]
            roles.spare = []
        self._take_factors_in()
        roles.rates = [value for _, value in sorted(self._rates)]
        roles.bare_rates = [value for _, value in sorted(self._bare_rates)]
        both = sorted([*self._rates, *self._bare_rates])
        roles.all_rates = [value for _, value in both]
        roles.placed_rates = both
        roles.marked = re.sub(N, self._role_marker, self._text)
        return roles

    def _take_factors_in(self) -> None:
        """Make the batch sizes those over all devices and steps."""
        roles = self._roles
        named = [
            replace(batch, is_each=batch.position in self._each)
            for batch in roles.batches
        ]
        if not named or not self._factors:
            roles.factors = self._factors
            return
        roles.batches, said = over_all(named, self._factors, self._text)
        roles.warnings += said
        roles.is_same_again = _is_one(roles.batches) and not _is_one(named)

    def _role_marker(self, match: re.Match[str]) -> str:
        role = self._role[index_of(match[0])]
        return {Role.BATCH: Mark.BATCH, Role.RATE: Mark.RATE}.get(
            role or Role.OTHER, Mark.OTHER
        )

    def _read_job(self) -> None:
        for match in patterns.JOB.finditer(self._text):
            mark = match["a"] or match["b"] or match["c"]
            number = self._numbers[index_of(mark)]
            if not number.is_whole or number.value < 0:
                continue
            self._roles.job = self._roles.job or str(int(number.value))
            self._claim(match[0], Role.OTHER)

    def _read_durations(self) -> None:
        for match in patterns.DURATION.finditer(self._text):
            unit = "mo" if match["unit"].startswith("mo") else match["unit"][0]
            if match["n"]:
                if not self._free(match["n"]):
                    continue
                amount = float(self._numbers[index_of(match["n"])].value)
                amount += 0.5 if match["half"] else 0
            else:
                article = match["article"]
                amount = 0.5 if "half" in article else 2 if "couple" in article else 1
            self._claim(match[0], Role.OTHER)
            if self._roles.seconds is None and 0 < amount < 1e6:
                self._roles.seconds = amount * patterns.SECONDS[unit]
                self._roles.is_budget = bool(
                    patterns.BUDGET_WORD.match(match["before"] or "")
                )

    def _read_others(self) -> None:
        for match in patterns.BETAS.finditer(self._text):
            first, second = (self._numbers[index_of(match[key])].value for key in "ab")
            if 0 <= first < 1 and 0.9 <= second < 1:
                self._claim(match[0], Role.OTHER)
        for match in patterns.NOT_THIS.finditer(self._text):
            if len(self._numbers) > 1:
                self._claim(match[0], Role.OTHER)
        for pattern in patterns.OTHER:
            for match in pattern.finditer(self._text):
                numbers = self._free(match[0])
                # A face loss is never that small: "loss spikes at 1e-4" names a rate.
                is_loss = bool(re.match(patterns.MEASURE, match[0]))
                is_loss |= match[0].endswith("loss")
                is_loss |= match[0].startswith(("by", "factor"))
                if match[0].endswith("loss") and any(map(self._is_whole, numbers)):
                    continue  # "batch 16 loss stuck at 2.3"
                for i in numbers:
                    if not (is_loss and self._is_tiny(i)):
                        self._role[i] = Role.OTHER

    def _is_tiny(self, i: int) -> bool:
        return 0 < self._numbers[i].value < patterns.SMALLEST_LOSS

    def _read_batches(self, which: Sequence[re.Pattern[str]]) -> None:
        for pattern in which:
            for match in pattern.finditer(self._text):
                taken: list[int] = []
                for i in (index_of(mark) for mark in re.findall(N, match[0])):
                    if self._role[i] is not None and not taken:
                        continue  # "alpha 32, 8 per step"
                    if self._role[i] is not None or not self._numbers[i].is_whole:
                        break
                    is_data = self._numbers[i].value > _LARGEST_PER_SIDE
                    if is_data and (
                        which is patterns.IMAGES or match[0].endswith("side")
                    ):
                        break
                    taken.append(i)
                if taken:
                    self._add_batch(taken, match.start(), True)
                else:
                    self._refuse_fraction(match[0])

    def _refuse_fraction(self, marks: str) -> None:
        for i in self._free(marks)[:1]:
            number = self._numbers[i]
            if not (number.could_be_rate or number.is_whole):
                self._role[i] = Role.OTHER
                self._roles.warnings.append(
                    f"A batch size is a whole number, not {number.value}."
                )

    def _read_rates(self) -> None:
        for match in patterns.RATE_AFTER_KEY.finditer(self._text):
            is_weak = bool(patterns.WEAK_FILL.search(match["fill"]))
            self._add_rates(match["chain"], match.start(), any_first=not is_weak)
        for match in patterns.RATE_BEFORE_KEY.finditer(self._text):
            self._add_rates(match[0], match.start(), any_first=False)
        for match in patterns.RATE_OF_OPTIMIZER.finditer(self._text):
            is_one = not self._numbers[index_of(match["chain"])].is_whole
            self._add_rates(match["chain"], match.start(), any_first=is_one)

    def _add_rates(self, marks: str, position: int, *, any_first: bool) -> None:
        for place, i in enumerate(index_of(mark) for mark in re.findall(N, marks)):
            number = self._numbers[i]
            if self._role[i] is not None:
                break
            any_goes = any_first and place == 0
            if number.is_whole and self._precedes_name(i):
                break  # "lr 4 original": for
            if number.could_be_rate or -1 < number.value < 0 or any_goes:
                self._role[i] = Role.RATE
                where = self._text.index(chr(Mark.FIRST_NUMBER + i), position)
                self._rates.append((where, float(number.value)))

    def _precedes_name(self, i: int) -> bool:
        end = self._text.index(chr(Mark.FIRST_NUMBER + i)) + 1
        return bool(re.match(f" {NAME}", self._text[end:]))

    def _read_bare(self) -> None:
        last_end = -10
        for match in re.finditer(N, self._text):
            i = index_of(match[0])
            number = self._numbers[i]
            if self._role[i] is not None:
                continue
            self._role[i] = Role.OTHER
            is_rate = number.could_be_rate or -1 < number.value < 0
            if is_rate and not number.is_word and number.value < 0.6:
                self._role[i] = Role.RATE
                self._bare_rates.append((match.start(), float(number.value)))
            elif self._is_bare_batch(match, number):
                self._role[i] = Role.BATCH
                joined = re.fullmatch(
                    patterns.JOIN, self._text[last_end : match.start()]
                )
                if joined and self._roles.batches:
                    before = self._roles.batches.pop()
                    values = (*before.values, int(number.value))
                    position, sure = before.position, before.is_explicit
                else:
                    values, position, sure = (int(number.value),), match.start(), False
                self._roles.batches.append(Batch(values, position, sure))
                last_end = match.end()
            elif (
                number.is_whole
                and 1 <= number.value <= _LARGEST_BARE
                and not number.in_thousands  # "and for 5k?" means steps
                and not self._before(match).endswith(("the ", "times "))
            ):
                self._roles.spare.append(int(number.value))
                self._spare.append((match.start(), int(number.value)))

    def _is_bare_batch(self, match: re.Match[str], number: Number) -> bool:
        return (
            number.is_whole
            and 1 <= number.value <= _LARGEST_BARE
            and not _FIRST_YEAR <= number.value <= _LAST_YEAR
            and not number.in_thousands
            and not (number.is_word and not _BEFORE_WORD.search(self._before(match)))
            and bool(
                patterns.BEFORE_BARE.search(self._before(match))
                or patterns.ARROW_NEXT.match(self._text, match.end())
            )
            and bool(patterns.MAY_FOLLOW_BARE.match(self._text, match.end()))
        )

    def _before(self, match: re.Match[str]) -> str:
        return self._text[max(0, match.start() - 12) : match.start()]


def _is_one(batches: Sequence[Batch]) -> bool:
    """Whether all batch sizes of a text, if there are any, are the same."""
    return len({size for batch in batches for size in batch.values}) < 2
