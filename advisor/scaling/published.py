"""What others' published grids say, and which of them are like a model nobody knows.

Each workload of the grids was fitted once, as any workload of a store is; what the fits
say ships as `published_fits.json`, since fitting them all takes minutes. Written by
`python -m benchmarks.published_grids fits`; a test fits some of them anew.
"""

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from advisor.scaling.formulas import Figure
from knowledge.optimizers import Stepping, stepping_of
from knowledge.published.settings import ModelKind, PublishedSetting, model_kinds

FITS_FILE = Path(__file__).with_name("published_fits.json")
FIGURES_FILE = Path(__file__).with_name("formulas.json")
QUANTILES = tuple(np.round(np.linspace(0.025, 0.975, 20), 3).tolist())
# What a name or a question says when it is of that kind of model.
_KINDS = {
    "library:lora": re.compile(r"\b(?:q|do|ada|rs)?-?loras?\b|\badapters?\b|\bpeft\b"),
    "library:cifar10": re.compile(
        r"\bcifar(?:-?100?)?\b|\b(?:wide-?|pre-?act-?)?res-?net\w*|\bvgg\w*|\bconv-?nets?\b"
    ),
    "library:fcnet": re.compile(r"\bmlps?\b|\btabular\b|\bfeed-?forward\b"),
    "library:hpobench": re.compile(r"\bmlps?\b|\btabular\b|\bfeed-?forward\b"),
}
_TITLES = {
    "library:lora": "LoRA fine-tuning of language models",
    "library:cifar10": "ResNet-preact-20 on CIFAR-10",
    "library:fcnet": "two-layer networks on regressions",
    "library:hpobench": "small networks on tables",
}
_BILLIONS = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)\s?b(?:illion)?\b")
_RANK = re.compile(r"\brank\s*(?:=|of|:)?\s*(\d+)\b|\br\s*=\s*(\d+)\b")
_ALL_WEIGHTS = re.compile(
    r"\bfull[- ]?(?:fine|ft\b|param|weight|model)|\b(?:no|not|without)(?: an?)? q?lora|"
    r"\ball (?:the )?(?:weights|parameters)\b"
)
_MAKERS = re.compile(r"qwen|llama|deepseek|kimi|nemotron|gpt-oss")
_ALIKE_OCTAVES = 1.5  # of model size or of rank: as near as the best rates tell apart


@dataclass(frozen=True)
class PublishedFit:
    """What the rows of one published workload say of one optimizer.

    `best` holds the best rate by batch size: the 80 % interval's low end, the median,
    its high end. `exponents` are draws of its power of the batch size, equally likely;
    None where one batch size was run.
    """

    workload: str
    optimizer: str
    source: str
    n_runs: int
    best: dict[int, tuple[float, float, float]]
    exponents: NDArray[np.float64] | None

    @property
    def octaves(self) -> float:
        """Of batch sizes, from the smallest to the largest."""
        return math.log2(max(self.best) / min(self.best))

    @property
    def billions(self) -> float | None:
        """The parameters its name speaks of, in billions."""
        found = _BILLIONS.search(self.workload.lower().replace("-", " "))
        return float(found[1]) if found else None

    @property
    def rank(self) -> int | None:
        """LoRA's rank, as its name ends."""
        found = re.search(r"-r(\d+)$", self.workload)
        return int(found[1]) if found else None


@lru_cache(maxsize=1)
def published_fits() -> tuple[PublishedFit, ...]:
    """Return the fits that ship, in the order of workload and optimizer."""
    return tuple(
        PublishedFit(
            workload=row["workload"],
            optimizer=row["optimizer"],
            source=row["source"],
            n_runs=row["n_runs"],
            best={int(size): tuple(ends) for size, ends in row["best"].items()},
            exponents=None if row["exponents"] is None else np.array(row["exponents"]),
        )
        for row in json.loads(FITS_FILE.read_text(encoding="utf-8"))
    )


@lru_cache(maxsize=1)
def formula_figures() -> tuple[Figure, ...]:
    """Return how far formulas are off here; `benchmarks.formulas` writes it."""
    rows = json.loads(FIGURES_FILE.read_text(encoding="utf-8"))
    return tuple(Figure(**row) for row in rows)


def stepping_alike(optimizer: str) -> list[PublishedFit]:
    """Return the fits over several batch sizes whose optimizer steps alike."""
    how = stepping_of(optimizer)
    return [
        fit
        for fit in published_fits()
        if fit.exponents is not None and stepping_of(fit.optimizer) is how
    ]


def models_alike(text: str, optimizer: str | None = None) -> list[PublishedFit]:
    """Return the fits of models of the kind a text speaks of; empty when of none.

    Among them those of the size, maker and rank it names, where it names any; of the
    optimizer, or without one of the one that most of them were trained with.
    """
    text = _as_it_stands(text)
    sources = {source for source, words in _KINDS.items() if words.search(text)}
    kin = [fit for fit in published_fits() if fit.source in sources]
    kin = _of_optimizer(kin, optimizer)
    makers = set(_MAKERS.findall(text))
    kin = [f for f in kin if makers & set(_MAKERS.findall(f.workload.lower()))] or kin
    kin = _nearest(kin, _BILLIONS.search(text), lambda fit: fit.billions)
    return _nearest(kin, _RANK.search(text), lambda fit: fit.rank)


def kind_of(text: str) -> ModelKind | None:
    """Return the first kind of model with published settings that a text speaks of."""
    text = _as_it_stands(text)
    return next((kind for kind in model_kinds() if kind.is_of(text)), None)


def settings_with(
    optimizer: str | None, kind: ModelKind | None = None
) -> list[PublishedSetting]:
    """Return the settings, of a kind or of all, whose optimizer steps alike.

    Without an optimizer those of the way of stepping that most of them have.
    """
    kinds = model_kinds() if kind is None else (kind,)
    settings = [setting for one in kinds for setting in one.settings]
    how = stepping_of(optimizer)
    if optimizer is None:
        ways = [stepping_of(setting.optimizer) for setting in settings]
        how = max(ways, key=ways.count)
    return [setting for setting in settings if stepping_of(setting.optimizer) is how]


def _as_it_stands(text: str) -> str:
    """A text in lower case, without a LoRA that was taken back: "full fine-tune"."""
    text = text.lower()
    taken_back = list(_ALL_WEIGHTS.finditer(text))
    if not taken_back:
        return text
    end = taken_back[-1].end()
    return _KINDS["library:lora"].sub(" ", text[:end]) + text[end:]


def titles(fits: Sequence[PublishedFit]) -> str:
    """Say in words which models the fits are of."""
    kinds = dict.fromkeys(fit.source for fit in fits)
    return " and ".join(_TITLES[kind] for kind in kinds)


def _of_optimizer(
    fits: list[PublishedFit], optimizer: str | None
) -> list[PublishedFit]:
    if optimizer is None:
        counts = {f.optimizer: 0 for f in fits}
        for fit in fits:
            counts[fit.optimizer] += fit.n_runs
        optimizer = max(counts, key=lambda name: counts[name], default=None)
    same = [fit for fit in fits if fit.optimizer == optimizer]
    how = stepping_of(optimizer)
    alike = [fit for fit in fits if stepping_of(fit.optimizer) is how]
    return same or ([] if how is Stepping.UNKNOWN else alike)


def _nearest(
    fits: list[PublishedFit],
    said: re.Match[str] | None,
    size_of: Callable[[PublishedFit], float | None],
) -> list[PublishedFit]:
    """The fits nearest in what a text says a number of, and those not far from them."""
    if said is None:
        return fits
    wanted = float(next(group for group in said.groups() if group))
    sized = [(fit, size) for fit in fits if (size := size_of(fit))]
    if not sized or not wanted:
        return fits
    off = {id(fit): abs(math.log2(size / wanted)) for fit, size in sized}
    reach = max(min(off.values()), _ALIKE_OCTAVES)
    return [fit for fit, _ in sized if off[id(fit)] <= reach]
