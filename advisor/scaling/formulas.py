"""Published formulas for the learning rate, each with its number for a case (pure).

Each says what it needs; without that it says nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from advisor.rates import rate_text, round_rate
from advisor.words import joined
from knowledge.optimizers import stepping_of
from knowledge.records import Document

NANOCHAT_BATCH_TOKENS = 2**19
# Widths as the models' configuration files have them, by maker and billions.
_HIDDEN = {
    ("llama", 1.0): 2048,
    ("llama", 3.0): 3072,
    ("llama", 8.0): 4096,
    ("llama", 70.0): 8192,
    ("qwen", 4.0): 2560,
    ("qwen", 8.0): 4096,
    ("qwen", 30.0): 2048,
    ("qwen", 32.0): 5120,
}
_TINKER_POWERS = {"llama": 0.781, "qwen": 0.0775}


@dataclass(frozen=True)
class Case:
    """What is known of the run that a rate is wanted for; None: not said.

    `learning_rate` worked at `from_batch_size` and one is wanted at `to_batch_size`.
    `parameters` and `tokens` are a language model's N and D, `batch_tokens` its batch.
    `maker` is whose model LoRA adapts, in lower case.
    """

    learning_rate: float | None = None
    from_batch_size: int | None = None
    to_batch_size: int | None = None
    parameters: float | None = None
    tokens: float | None = None
    batch_tokens: float | None = None
    hidden_size: int | None = None
    maker: str | None = None
    is_lora: bool = False

    @property
    def width(self) -> int | None:
        """The hidden size: as said, else that of the model it must be."""
        if self.hidden_size or not self.parameters:
            return self.hidden_size
        billions = float(f"{self.parameters / 1e9:.1g}")
        return _HIDDEN.get((self.maker or "", billions))


@dataclass(frozen=True)
class Formula:
    """One formula: its words, where it is meant to hold, what it needs, its source."""

    name: str
    words: str
    holds: str
    needs: str
    source: str
    rate: Callable[[Case], float | None]
    carries: bool = False  # from one batch size to another


@dataclass(frozen=True)
class Figure(Document):
    """How far a formula is off on one collection of grids.

    `factor` is the median of how many times too high or low its rate is; `regret` the
    mean loss against the best rate that was run, in `unit`, over `questions` cells.
    """

    formula: str
    grid: str
    optimizer: str
    questions: int
    factor: float
    regret: float
    unit: str


@dataclass(frozen=True)
class FormulaSays(Document):
    """A formula's rate for a case, and how far it is off elsewhere."""

    name: str
    words: str
    holds: str
    source: str
    learning_rate: float | None
    needs: str | None
    figures: tuple[Figure, ...]


def _power(p: float) -> Callable[[Case], float | None]:
    def rate(case: Case) -> float | None:
        known, there, here = (
            case.learning_rate,
            case.from_batch_size,
            case.to_batch_size,
        )
        if known is None or there is None or here is None:
            return None
        return float(known * (here / there) ** p)

    return rate


def _step_law(case: Case) -> float | None:
    if case.parameters is None or case.tokens is None:
        return None
    return float(1.79 * case.parameters**-0.713 * case.tokens**0.307)


def _tinker(case: Case) -> float | None:
    power = _TINKER_POWERS.get(case.maker or "")
    if not case.is_lora or power is None or case.width is None:
        return None
    return float(5e-4 * (2000 / case.width) ** power)


def _nanochat(case: Case) -> float | None:
    if case.batch_tokens is None:
        return None
    return float(0.02 * (case.batch_tokens / NANOCHAT_BATCH_TOKENS) ** 0.5)


_PAIR = "a rate that worked, its batch size and where you go"
FORMULAS = (
    Formula(
        "unchanged",
        "lr as it was",
        "Adam at small batch sizes, and where nothing says otherwise",
        _PAIR,
        "Shallue and others 2019, arXiv:1811.03600; no rule holds everywhere",
        _power(0.0),
        carries=True,
    ),
    Formula(
        "square root",
        "lr x sqrt(B'/B)",
        "Adam while gradient noise dominates, its betas and eps scaled along",
        _PAIR,
        "Krizhevsky 2014, arXiv:1404.5997; Malladi and others 2022, arXiv:2205.10287",
        _power(0.5),
        carries=True,
    ),
    Formula(
        "linear",
        "lr x B'/B",
        "SGD with warm-up at fixed epochs, far below the noise scale",
        _PAIR,
        "Goyal and others 2017, arXiv:1706.02677",
        _power(1.0),
        carries=True,
    ),
    Formula(
        "Step Law",
        "lr = 1.79 N^-0.713 D^0.307",
        "language models trained from scratch with AdamW; the batch does not enter",
        "parameters and tokens (124M, 10B tokens)",
        "Li and others 2025, arXiv:2503.04715",
        _step_law,
    ),
    Formula(
        "tinker's LoRA formula",
        "lr = 5e-4 (2000/width)^0.781 for Llama, ^0.0775 for Qwen",
        "LoRA on Llama and Qwen at batch 128; its authors have a table instead by now",
        "LoRA, Llama or Qwen, and its size",
        "thinking-machines-lab/tinker-cookbook, hyperparam_utils.py before its tables",
        _tinker,
    ),
    Formula(
        "nanochat's rule",
        "Muon's lr = 0.02 sqrt(batch tokens / 2^19), Adam's scaled alike",
        "small language models with Muon; its author calls it not studied carefully",
        "the batch in tokens",
        "karpathy/nanochat, scripts/base_train.py",
        _nanochat,
    ),
)


def what_formulas_say(case: Case, figures: Sequence[Figure]) -> tuple[FormulaSays, ...]:
    """Return every formula with its rate for a case, or what it would need."""
    return tuple(
        FormulaSays(
            name=formula.name,
            words=formula.words,
            holds=formula.holds,
            source=formula.source,
            learning_rate=None if rate is None else round_rate(rate),
            needs=formula.needs if rate is None else None,
            figures=tuple(f for f in figures if f.formula == formula.name),
        )
        for formula in FORMULAS
        for rate in (formula.rate(case),)
    )


def formulas_text(said: Sequence[FormulaSays], optimizer: str | None = None) -> str:
    """Return a line for each formula that has a number, then what others would need.

    Without an optimizer all grids' figures are told, else those of its kind.
    """
    lines = [
        f"- {f.name}: {rate_text(f.learning_rate)}, {f.words} "
        f"({f.source.partition(';')[0]}){_figures_text(f.figures, optimizer)}."
        for f in said
        if f.learning_rate is not None
    ]
    missing: dict[str, list[str]] = {}
    for f in said:
        if f.learning_rate is None:
            missing.setdefault(f.needs or "", []).append(f.name)
    asked = [f"{joined(names)} from {needs}" for needs, names in missing.items()]
    more = [f"To have more: {'; '.join(asked)}."] if asked else []
    return "\n\n".join(["\n".join(lines), *more] if lines else more)


def _figures_text(found: Sequence[Figure], optimizer: str | None) -> str:
    how = stepping_of(optimizer)
    kept = [f for f in found if optimizer is None or stepping_of(f.optimizer) is how]
    if not kept:
        return "; tested on no grid here"
    told = joined(f"{f.factor:.2g} times on {f.grid}" for f in kept)
    return f"; off by {told}"
