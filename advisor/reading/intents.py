"""What is wanted: cues in the marked text, each with a weight.

Cues see names and numbers as markers. The classifiers of `learned.py` weigh what they
find together with the words; docs/dev/decisions.md says why both.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from advisor.reading.cues import CUES, DOMAIN


class Intent(StrEnum):
    """The sixteen things a person may want."""

    RECOMMEND_LR = "recommend_lr"
    JUDGE_LR = "judge_lr"
    MAX_BATCH_FOR_LR = "max_batch_for_lr"
    COMPARE_MODELS = "compare_models"
    DIFFERENCE = "difference"
    SCALING_RULE = "scaling_rule"
    FASTEST_BATCH = "fastest_batch"
    RUN_VERIFICATION = "run_verification"
    SHOW_RUNS = "show_runs"
    EXPLAIN_CONCEPT = "explain_concept"
    DIAGNOSE = "diagnose"
    STATUS_OF_JOBS = "status_of_jobs"
    CANCEL = "cancel"
    HELP = "help"
    OFF_TOPIC = "off_topic"
    NEEDS_CLARIFICATION = "needs_clarification"


# What has to be known before an answer of that kind can be given.
NEEDED: dict[Intent, tuple[str, ...]] = {
    Intent.RECOMMEND_LR: ("workload", "batch_size"),
    Intent.JUDGE_LR: ("workload", "batch_size", "learning_rate"),
    Intent.MAX_BATCH_FOR_LR: ("workload", "learning_rate"),
    Intent.FASTEST_BATCH: ("workload",),
    Intent.RUN_VERIFICATION: ("workload", "batch_size"),
}

# Intents whose answers hold for a run length and at a risk that a person may name.
CONDITIONAL = (
    *(Intent.RECOMMEND_LR, Intent.JUDGE_LR, Intent.MAX_BATCH_FOR_LR),
    *(Intent.COMPARE_MODELS, Intent.FASTEST_BATCH, Intent.NEEDS_CLARIFICATION),
    *(Intent.RUN_VERIFICATION, Intent.DIFFERENCE),
)
# Intents whose answers hold for a recipe and a precision that a person may name.
OF_A_SETTING = (
    *(Intent.SCALING_RULE, Intent.RUN_VERIFICATION, Intent.SHOW_RUNS),
    Intent.DIAGNOSE,
)


@dataclass(frozen=True)
class Cues:
    """How much the cues of a text speak for each intent; none for most.

    `weight` is that of the strongest cue and a little for each other one.
    """

    weights: Mapping[Intent, float]
    is_domain: bool

    @property
    def intent(self) -> Intent | None:
        """The intent they speak for most; None without a cue."""
        return max(self.weights, key=lambda i: self.weights[i], default=None)

    @property
    def weight(self) -> float:
        """The weight of that intent."""
        return max(self.weights.values(), default=0.0)


# Of a long text the two ends say what is wanted; a hundred cues are tried on each.
_HEAD = 600
_TAIL = 300

_COMPILED = {
    Intent(name): tuple((weight, re.compile(pattern)) for weight, pattern in cues)
    for name, cues in CUES.items()
}


def shortened(marked: str) -> str:
    """Return the two ends of a long text, the whole of another."""
    if len(marked) <= _HEAD + _TAIL:
        return marked
    return marked[:_HEAD] + "\n" + marked[-_TAIL:]


def read_cues(marked: str) -> Cues:
    """Return what the cues of a marked text speak for."""
    marked = shortened(marked)
    weights = {
        intent: weight
        for intent, cues in _COMPILED.items()
        if (weight := _weigh(marked, cues))
    }
    return Cues(weights, bool(DOMAIN.search(marked)))


def _weigh(marked: str, cues: tuple[tuple[float, re.Pattern[str]], ...]) -> float:
    """Return the strongest cue's weight; further cues add a little each."""
    weights = sorted(
        (weight for weight, pattern in cues if pattern.search(marked)), reverse=True
    )
    return weights[0] + 0.1 * (len(weights) - 1) if weights else 0.0
