"""The digits runs of one model under one recipe: accuracy and speed (pure)."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from statistics import fmean, median

from advisor.evidence.selecting import has_failed
from advisor.words import title_of
from benchmarks.two_seeds.answers import DIGITS, DigitsAnswers
from benchmarks.two_seeds.boundaries import usual_steps
from benchmarks.two_seeds.material import Material
from benchmarks.two_seeds.scores import Cell, best_cells
from knowledge.records import Run

SMALL, LARGE = 32, 256  # batches up to here are small, from here on large


@dataclass(frozen=True)
class DigitsSetting:
    """The runs of one digits model under one recipe, all of the usual length."""

    workload: str
    recipe: str
    runs: tuple[Run, ...]
    material: Material

    @property
    def title(self) -> str:
        """Model and recipe, as a row's first cell."""
        return f"{title_of(self.workload)}, {self.recipe}"

    @property
    def answers(self) -> DigitsAnswers:
        """What the program answers about it."""
        return self.material.answers.digits[self.workload, self.recipe]

    @cached_property
    def accuracy(self) -> Mapping[int, Cell]:
        """The best mean accuracy over rates, by batch size."""
        return best_cells(self.runs)

    def steps_to_learn(self, batch_size: int) -> float | None:
        """The fewest steps to LEARNED_LOSS over rates; seeds count by their median."""
        by_rate: dict[float, list[float]] = defaultdict(list)
        for run in self.runs:
            if run.batch_size == batch_size:
                steps = self.material.about(run).steps_to_learn
                never = steps is None or has_failed(run)
                by_rate[run.learning_rate].append(math.inf if never else steps or 0)
        fewest = min((median(steps) for steps in by_rate.values()), default=math.inf)
        return fewest if math.isfinite(fewest) else None


def settings_of(material: Material, recipes: Iterable[str]) -> list[DigitsSetting]:
    """Return the digits settings that have runs, each with runs of its usual length."""
    found = []
    for workload, recipe in product(DIGITS, recipes):
        runs = material.of(workload, recipe)
        if runs:
            steps = usual_steps(runs)
            kept = tuple(r for r in runs if r.horizon_steps == steps)
            found.append(DigitsSetting(workload, recipe, kept, material))
    return found


@dataclass(frozen=True)
class Ends:
    """What small and large batches reach in one setting, each at its best rate."""

    small: tuple[int, ...]
    large: tuple[int, ...]
    accuracy_gain: float  # of small over large, as a share
    accuracy_error: float
    step_ratio: float | None  # steps to learn, smallest by largest batch
    example_ratio: float | None


def ends_of(s: DigitsSetting) -> Ends | None:
    """Return what small and large batches reach; None without both."""
    batches = sorted({run.batch_size for run in s.runs})
    known = [b for b in batches if b in s.accuracy]
    small = tuple(b for b in known if b <= SMALL)
    large = tuple(b for b in known if b >= LARGE)
    if not small or not large:
        return None
    means = []
    for part in (small, large):
        found = [s.accuracy[batch] for batch in part]
        error = math.sqrt(sum(cell.error**2 for cell in found)) / len(found)
        means.append((fmean(cell.mean for cell in found), error))
    (few, few_error), (many, many_error) = means
    steps = [s.steps_to_learn(b) for b in (small[0], large[-1])]
    ratio = steps[0] / steps[1] if steps[0] and steps[1] else None
    return Ends(
        small,
        large,
        few - many,
        math.hypot(few_error, many_error),
        ratio,
        None if ratio is None else ratio * small[0] / large[-1],
    )
