"""Conditions that a question names and no answer takes into account, said aloud (pure).

Else the usual answer would pass for one about fp16 or amsgrad.
"""

import re

from advisor.reading.question import Question
from advisor.reading.recipes import find_setting
from advisor.reading.text import plain
from knowledge.recipes import RECIPES
from knowledge.records import FP16

_USUAL_BETAS = (0.9, 0.999)

_CONDITIONS = {
    "other betas": r"\bbetas?[ _]?[12]?\s*[=:]?\s*\(?0?\.\d|\bamsgrad\b",
    "the resolution": r"\b\d{2,4} ?px\b|\b(?:image|input|output) (?:size|resolution)\b",
    "how long you want to train": r"\b(?:for|only|over|within) "
    r"(?:about |some |the next )?\d[\d.,]* ?(?:epochs?|hours?|days?|weeks?|months?)\b",
    "weight decay": r"\bweight decay\b|\bwd ?[=:]? ?\d",
    "a schedule": r"\bcosine\b|\bone-?cycle\b|\bstep decay\b",
    "gradient clipping": r"\bclip(?:ping|norm)\b|\bgradient clip",
}
_MEMORY = re.compile(
    r"\bfits?\b.{0,40}\b(?:gb|gigs?|gigabytes?|v?ram|memory|card|gpu)\b|"
    r"\b(?:enough|how much|what|out of|need) (?:v?ram|memory)\b",
    re.IGNORECASE,
)
MEMORY_IS_UNKNOWN = "How much memory a batch takes is not something I know."
_FOUND = {
    name: re.compile(pattern, re.IGNORECASE) for name, pattern in _CONDITIONS.items()
}


def unheeded_warning(q: Question) -> str | None:
    """Return a sentence that names what was not taken into account; None: nothing."""
    said = find_setting(plain(q.text))[0]
    found = [name for name, pattern in _FOUND.items() if pattern.search(said)]
    found += _unheeded_recipe(q)
    sentences = [MEMORY_IS_UNKNOWN] if _MEMORY.search(said) else []
    return " ".join([*sentences, *_not_taken(found)]) or None


def unheeded_setting(q: Question, *, judged: bool) -> str | None:
    """Return the same of recipe and precision alone, for a diagnosis.

    What else it names may be what went wrong. Where no rate was judged, nothing of the
    setting counted.
    """
    if q.unknown_workload is not None:  # nothing of a model without runs was compared
        return None
    setting = {} if judged else q.conditions.setting.said
    found = [
        f"the {name} {value}" for name, value in setting.items() if value != FP16
    ]  # that of fp16 is weighed as a cause
    return " ".join(_not_taken([*found, *_unheeded_recipe(q)])) or None


def _unheeded_recipe(q: Question) -> list[str]:
    """A recipe that was named and that the workload is not trained with."""
    if q.unknown_workload is not None:  # recipes are those of our own models
        return []
    recipe = find_setting(plain(q.text))[1]
    heeded = (None, q.conditions.recipe, q.slots.optimizer)
    # Who names the usual betas gets them, whatever the workload.
    if recipe in heeded or RECIPES[recipe].betas == _USUAL_BETAS:
        return []
    return [f"the recipe {recipe}"]


def _not_taken(names: list[str]) -> list[str]:
    return [f"I did not take into account: {', '.join(names)}."] if names else []
