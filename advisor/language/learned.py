"""The intent of a text, learnt from questions such as people type.

The decision to know: the cues of `cues.py` know what the subject means and the words
know how people talk, so one multinomial logistic regression weighs both. It is trained
on the questions beside this file; docs/explanation/understanding.md has its scores.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction import DictVectorizer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline

from advisor.language.intents import Intent, shortened
from advisor.language.meanings import meanings_of
from advisor.language.reading import Reading, read_text
from advisor.language.rules import (
    OFFER,
    POINTS_BACK,
    YES,
    intent_of_turn,
    rule_intent,
)
from advisor.language.text import Mark

QUESTIONS = Path(__file__).with_name("questions")
SHORT = 24  # characters of a marked text: a follow-up rather than a sentence
INVERSE_PENALTY = 10.0
SIGN_WEIGHT = 1.0  # a rule's word, beside tf-idf vectors of length one
_TOKEN = r"[\w'/@]+|[?!]"
_SPOKEN = {
    Mark.RATE: " zrate ",
    Mark.BATCH: " zbatch ",
    Mark.OTHER: " znumber ",
    Mark.OPTIMIZER: " zoptimizer ",
    **dict.fromkeys((Mark.CPU, Mark.CUDA, Mark.CUDAS), " zdevice "),
}
_NAMES = dict.fromkeys(range(Mark.FIRST_NAME, Mark.LAST_NAME + 1), " zmodel ")


@dataclass(frozen=True)
class Example:
    """A question with what a helpful advisor would understand; `group` is its phrase."""

    text: str
    context: str | None
    intent: Intent
    slots: dict[str, Any]
    group: str


@dataclass(frozen=True)
class Seen:
    """What the model looks at: the words, those of the turn before, and signs."""

    words: str
    before: str
    signs: dict[str, float]


class IntentModel:
    """Probabilities of the fifteen intents."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    @classmethod
    def train(cls, seen: Sequence[Seen], intents: Sequence[Intent]) -> Self:
        """Return the model that was trained on these examples; the same each time."""
        words = TfidfVectorizer(
            ngram_range=(1, 3), token_pattern=_TOKEN, sublinear_tf=True
        )
        pieces = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2
        )
        before = TfidfVectorizer(
            ngram_range=(1, 2), token_pattern=_TOKEN, sublinear_tf=True, min_df=2
        )
        features = ColumnTransformer(
            [
                ("words", words, 0),
                ("pieces", pieces, 0),
                ("before", before, 1),
                ("signs", DictVectorizer(), 2),
            ],
            transformer_weights={"signs": SIGN_WEIGHT, "before": 0.5},
        )
        pipeline = Pipeline(
            [
                ("features", features),
                ("classes", LogisticRegression(C=INVERSE_PENALTY, max_iter=2000)),
            ]
        )
        pipeline.fit(_columns(seen), [intent.value for intent in intents])
        return cls(pipeline)

    def probabilities(self, seen: Sequence[Seen]) -> list[dict[Intent, float]]:
        """Return P(intent) for each text, most likely first."""
        names = [Intent(name) for name in self._pipeline.classes_]
        return [
            {names[i]: float(row[i]) for i in np.argsort(-row)}
            for row in self._pipeline.predict_proba(_columns(seen))
        ]


def look_at(own: Reading, before: Reading | None) -> Seen:
    """Return what the model looks at in a text that follows another."""
    return Seen(_spoken(own), _spoken(before) if before else "", _signs(own, before))


def load_examples(folder: Path = QUESTIONS) -> list[Example]:
    """Return the questions to learn from, in the order of their files."""
    lines = [
        json.loads(line)
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
    return [
        Example(q["text"], q["context"], Intent(q["intent"]), q["slots"], q["group"])
        for q in lines
    ]


def look_at_example(example: Example) -> Seen:
    """Return what the model looks at in a labelled question."""
    before = read_text(example.context, []) if example.context else None
    return look_at(read_text(example.text, []), before)


@lru_cache(maxsize=1)
def learned_model() -> IntentModel:
    """Return the model trained on the questions that ship with the program."""
    examples = load_examples()
    return IntentModel.train(
        [look_at_example(e) for e in examples], [e.intent for e in examples]
    )


def _columns(seen: Sequence[Seen]) -> np.ndarray:
    table = np.empty((len(seen), 3), dtype=object)
    for i, one in enumerate(seen):
        table[i] = one.words, one.before, one.signs
    return table


def _spoken(reading: Reading) -> str:
    """The marked text with a word for each marker."""
    text = shortened(reading.marked).translate(_NAMES)
    for mark, word in _SPOKEN.items():
        text = text.replace(mark, word)
    return " ".join(text.split())


def _signs(own: Reading, before: Reading | None) -> dict[str, float]:
    """What the rules say of a text, and what it holds."""
    roles = own.roles
    ruled, is_own = rule_intent(own, before)
    signs = {f"cue {intent}": weight for intent, weight in own.cues.weights.items()}
    signs[f"ruled {ruled}"] = 1.0
    signs |= meanings_of(shortened(own.marked))
    is_short = len(own.marked) < SHORT
    if before is not None:
        earlier = intent_of_turn(before)
        signs[f"after {earlier}"] = 1.0
        signs[f"after {earlier}, short"] = 2.0 * is_short
        signs[f"after {earlier}, points back"] = 1.0 * bool(
            POINTS_BACK.search(own.marked)
        )
        signs["after an offer"] = 2.0 * bool(OFFER.search(before.marked))
        signs["after a question"] = 1.0 * ("?" in before.text)
        signs["yes"] = 2.0 * bool(YES.match(own.marked))
        signs |= {f"before {i}": 0.5 * w for i, w in before.cues.weights.items()}
    signs |= {
        "rate": 2.0 * bool(roles.rates),
        "bare rate": 2.0 * bool(roles.bare_rates),
        "several rates": 2.0 * (len(roles.all_rates) > 1),
        "batch": 2.0 * bool(roles.batches),
        "several batches": 2.0 * (len(roles.batches) > 1),
        "model": 2.0 * (len(own.names.workloads) == 1),
        "several models": 2.0 * (len(own.names.workloads) > 1),
        "unknown model": 2.0 * bool(own.names.unknown),
        "optimizer": 2.0 * bool(own.names.optimizer),
        "device": 2.0 * bool(own.names.device),
        "asks": 2.0 * ("?" in own.text),
        "of the subject": 2.0 * own.cues.is_domain,
        "follows": 2.0 * (before is not None),
        "short": 2.0 * is_short,
        "long": 2.0 * (len(own.marked) > 120),
        "job": 2.0 * (own.job is not None),
        "budget": 2.0 * (roles.seconds is not None),
        "own": 2.0 * is_own,
    }
    return {name: value for name, value in signs.items() if value}
