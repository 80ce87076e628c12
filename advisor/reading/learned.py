"""The intent of a text, learnt from questions such as people type.

A few linear classifiers, folded into one, weigh the cues of `cues.py`, which know the
subject, and the words, which know how people talk. They learn from the questions beside
this file and ship trained: `python -m advisor.reading.learned` writes them.
docs/explanation/understanding.md has the scores.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from random import Random
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from advisor.reading.clauses import choose_rates
from advisor.reading.elsewhere import signs_of_elsewhere
from advisor.reading.intents import Intent, shortened
from advisor.reading.meanings import meanings_of
from advisor.reading.question import SLOT_NAMES, Question
from advisor.reading.reading import Reading, read_text
from advisor.reading.rules import POINTS_BACK, YES, intent_alone, rule_intent
from advisor.reading.symptoms import read_symptoms
from advisor.reading.terms import Splitter, Terms, pieces_of, words_of
from advisor.reading.text import WORDS, Mark
from advisor.reading.turn_text import read_turn
from knowledge.concepts.pages import find_concept

QUESTIONS = Path(__file__).with_name("questions")
TRAINED = Path(__file__).with_name("intents.npz")
WORDS_OF_OURS = Path(__file__).with_name("words_of_ours.txt")
_DOCS = Path(__file__).parents[2] / "docs"
_CONCEPTS = Path(__file__).parents[2] / "knowledge" / "concepts"
_OWN_PAGE = _DOCS / "explanation" / "understanding.md"
SHORT = 24  # characters of a marked text: a follow-up rather than a sentence
# Chosen by the log loss and the share right in cross-validation.
INVERSE_PENALTY = 3.0  # of 0.3, 1, 3 and 10
_MARGIN_PENALTY = 0.2
_SMOOTHING = 0.3  # of the counts of naive Bayes
_SIGNS_COUNT = 0.5  # what a sign weighs beside a term; of 0.25, 0.35, 0.5 and 1
_SHARPER = 1.4  # a mean of several is too unsure; of 1, 1.4 and 2
_KINDS: dict[str, Splitter] = {
    "words": partial(words_of, most_words=3),
    "pieces": partial(pieces_of, fewest=2, most=5),
}
_LEAST_TEXTS = {"words": 3, "pieces": 4}  # a feature must stand in
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
    """A question with what a helpful advisor would understand.

    `group` names its phrasing: what differs in names and numbers alone shares one.
    """

    text: str
    context: str | None
    intent: Intent
    slots: dict[str, Any]
    group: str


@dataclass(frozen=True)
class Seen:
    """What the model looks at: the words, and signs of them and of the turn before."""

    words: str
    signs: dict[str, float]


class IntentModel:
    """Probabilities of the intents.

    `coefficients` (n_intents, n_features) and `intercepts` (n_intents,) belong to the
    features of the two kinds of terms and the signs, in that order.
    """

    def __init__(
        self,
        terms: dict[str, Terms],
        signs: Sequence[str],
        intents: Sequence[Intent],
        coefficients: NDArray[np.float32],
        intercepts: NDArray[np.float32],
    ) -> None:
        self._terms = terms
        self._signs = {name: i for i, name in enumerate(signs)}
        self._intents = list(intents)
        self._coefficients = coefficients
        self._intercepts = intercepts

    @classmethod
    def train(cls, seen: Sequence[Seen], intents: Sequence[Intent]) -> Self:
        """Return the model that was trained on these examples; the same each time."""
        # Who asks a question need not wait for what only teaching takes.
        from scipy.sparse import csr_matrix

        terms = {
            kind: Terms.learn(
                split,
                [one.words for one in seen],
                fewest_texts=_LEAST_TEXTS[kind],
            )
            for kind, split in _KINDS.items()
        }
        signs = sorted({name for one in seen for name in one.signs})
        empty = np.zeros((0, 0), dtype=np.float32)
        untrained = cls(terms, signs, (), empty, empty)
        features = [untrained._features(one) for one in seen]
        rows = np.repeat(np.arange(len(seen)), [len(values) for _, values in features])
        columns = np.concatenate([columns for columns, _ in features])
        values = np.concatenate([values for _, values in features])
        n_terms = sum(len(t.columns) for t in terms.values())
        texts = csr_matrix(
            (values, (rows, columns)), shape=(len(seen), n_terms + len(signs))
        )
        coefficients, intercepts = _weigh(texts, [i.value for i in intents], n_terms)
        return cls(
            terms,
            signs,
            sorted(set(intents)),
            coefficients.astype(np.float32),
            intercepts.astype(np.float32),
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return the model that was saved in a file of numpy arrays."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(
                {
                    kind: Terms(
                        split,
                        {t: i for i, t in enumerate(stored[f"{kind}_terms"].tolist())},
                        stored[f"{kind}_idf"].astype(np.float64),
                    )
                    for kind, split in _KINDS.items()
                },
                stored["signs"].tolist(),
                [Intent(name) for name in stored["intents"].tolist()],
                stored["coefficients"].astype(np.float32),
                stored["intercepts"],
            )

    def save(self, path: Path, *, trained_on: str) -> None:
        """Write the model, in half precision, with the hash of what it learnt from."""
        arrays: dict[str, Any] = {
            "signs": np.array(list(self._signs)),
            "intents": np.array([intent.value for intent in self._intents]),
            "coefficients": self._coefficients.astype(np.float16),
            "intercepts": self._intercepts,
            "trained_on": np.array(trained_on),
        }
        for kind, terms in self._terms.items():
            arrays[f"{kind}_terms"] = np.array(list(terms.columns))
            arrays[f"{kind}_idf"] = terms.rarity.astype(np.float32)
        np.savez_compressed(path, **arrays)

    def probabilities(self, seen: Sequence[Seen]) -> list[dict[Intent, float]]:
        """Return P(intent) for each text, most likely first."""
        return [self._chances(*self._features(one)) for one in seen]

    def _chances(
        self, columns: NDArray[np.intp], values: NDArray[np.float64]
    ) -> dict[Intent, float]:
        levels = self._coefficients[:, columns] @ values + self._intercepts
        chances = np.exp(levels - levels.max())
        chances /= chances.sum()
        return {self._intents[i]: float(chances[i]) for i in np.argsort(-chances)}

    def _features(self, seen: Seen) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """The columns of a text's features that are not zero, and their values."""
        columns, values, start = [], [], 0
        for terms in self._terms.values():
            its_columns, its_values = terms.weigh(seen.words)
            columns.append(start + its_columns)
            values.append(its_values)
            start += len(terms.columns)
        known = {n: value for n, value in seen.signs.items() if n in self._signs}
        columns.append(np.array([start + self._signs[n] for n in known], np.intp))
        values.append(_SIGNS_COUNT * np.array(list(known.values()), np.float64))
        return np.concatenate(columns), np.concatenate(values)


def _weigh(
    texts: Any, intents: Sequence[str], n_terms: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The mean weights of four classifiers: each errs elsewhere, their mean less.

    `texts` is sparse, of shape (n_texts, n_features), the terms first, then the signs,
    on which one of the four looks alone, and another on the terms alone.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import ComplementNB
    from sklearn.svm import LinearSVC

    def regression() -> LogisticRegression:
        return LogisticRegression(C=INVERSE_PENALTY, max_iter=2000, tol=1e-3)

    n_signs = texts.shape[1] - n_terms
    both = regression().fit(texts, intents)
    margins = LinearSVC(C=_MARGIN_PENALTY, random_state=0).fit(texts, intents)
    of_signs = regression().fit(texts[:, n_terms:], intents)
    of_terms = ComplementNB(alpha=_SMOOTHING).fit(texts[:, :n_terms], intents)
    coefficients = (
        0.3 * both.coef_
        + 0.3 * 2.5 * margins.coef_  # a margin of one is odds of twelve to one
        + 0.2 * np.pad(of_signs.coef_, ((0, 0), (n_terms, 0)))
        + 0.2 * np.pad(of_terms.feature_log_prob_, ((0, 0), (0, n_signs)))
    )
    intercepts = (
        0.3 * both.intercept_
        + 0.3 * 2.5 * margins.intercept_
        + 0.2 * of_signs.intercept_
    )
    return _SHARPER * coefficients, _SHARPER * intercepts


def look_at(own: Reading, before: Question | None) -> Seen:
    """Return what the model looks at in a text that follows another."""
    return Seen(_spoken(own), _signs(own, before))


def load_examples(folder: Path = QUESTIONS) -> list[Example]:
    """Return the questions of a folder by file; what a line leaves out is None."""
    lines = [
        json.loads(line)
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
    nothing = dict.fromkeys(SLOT_NAMES)
    return [
        Example(
            text=q["text"],
            context=q.get("context"),
            intent=Intent(q["intent"]),
            slots=nothing | q.get("slots", {}),
            group=q["group"],
        )
        for q in lines
    ]


def look_at_example(example: Example) -> Seen:
    """Return what the model looks at in a labelled question."""
    context = example.context
    before = read_turn(context, [], intent_alone) if context else None
    return look_at(read_text(example.text, []), before)


def taught_by(example: Example) -> list[Seen]:
    """Return what the model learns from a question: from half of them, twice.

    Who asks at length says much that is beside the point, before and after.
    """
    seen = [look_at_example(example)]
    chance = Random(example.text)
    if example.context is None and chance.random() < _SHARE_BESIDE:
        text = f"{chance.choice(_BEFORE)} {example.text}"
        if chance.random() < _SHARE_BESIDE:
            text = f"{example.text} {chance.choice(_AFTER)}"
        seen.append(look_at(read_text(text, []), None))
    return seen


_SHARE_BESIDE = 0.5
_BEFORE = (
    *("hi there.", "Sorry to bother you.", "quick one:", "ok so", "hey guys,"),
    *("I looked everywhere and found no answer.", "My brother told me to ask here."),
    *("It is late and I am tired.", "I have about 3,000 pictures.", "new here."),
    *("The cat wants to be fed, so in short:", "Thanks for this tool."),
)
_AFTER = (
    *("thanks", "Thanks in advance!", "cheers", "please help", "any help is great"),
    *("greetings from Leeds", "thx", "sorry for my english", "pls", "have a nice day"),
)


def train_on(examples: Sequence[Example]) -> IntentModel:
    """Return the model that these examples teach."""
    taught = [(seen, e.intent) for e in examples for seen in taught_by(e)]
    return IntentModel.train([seen for seen, _ in taught], [i for _, i in taught])


@lru_cache(maxsize=1)
def learned_model() -> IntentModel:
    """Return the model that ships with the program."""
    return IntentModel.load(TRAINED)


def fingerprint(examples: Sequence[Example]) -> str:
    """Return a hash of everything a model learns from: questions and their features."""
    seen = [(taught_by(e), e.intent.value) for e in examples]
    return hashlib.sha256(repr(seen).encode()).hexdigest()


def _spoken(reading: Reading) -> str:
    """The marked text with a word for each marker."""
    text = shortened(reading.marked).translate(_NAMES)
    for mark, word in _SPOKEN.items():
        text = text.replace(mark, word)
    return " ".join(text.split())


def _signs(own: Reading, before: Question | None) -> dict[str, float]:
    """What the rules say of a text, and what it holds."""
    roles = own.roles
    ruled, is_own = rule_intent(own, before)
    signs = {f"cue {intent}": weight for intent, weight in own.cues.weights.items()}
    signs[f"ruled {ruled}"] = 1.0
    signs |= meanings_of(shortened(own.marked))
    signs |= signs_of_elsewhere(shortened(own.marked))
    signs |= _strangeness(_spoken(own))
    is_short = len(own.marked) < SHORT
    if before is not None:
        earlier = before.wanted
        points_back = bool(POINTS_BACK.search(own.marked))
        signs |= {
            f"after {earlier}": 1.0,
            f"after {earlier}, short": 2.0 * is_short,
            f"after {earlier}, points back": 1.0 * points_back,
            "after an offer": 2.0 * (before.offered is not None),
            "after asking back": 1.0 * (before.intent is Intent.NEEDS_CLARIFICATION),
            "after a rate": 1.0 * (before.slots.learning_rate is not None),
            "after a batch": 1.0 * (before.slots.batch_size is not None),
            "after a model": 1.0 * (before.slots.workload is not None),
            "after a symptom": 1.0 * (before.told is not None),
            "yes": 2.0 * bool(YES.match(own.marked)),
        }
    asked = choose_rates(roles)
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
        "log": 3.0 * own.marked.startswith("log:"),
        "pasted settings": 2.0 * (own.marked.count("\n") > 1),
        "a symptom": 2.5 * bool(read_symptoms(own.text).kinds),
        "a concept": 2.0 * (find_concept(own.text) is not None),
        "rate in the question": 2.0 * bool(asked),
        "rate beside the question": 2.0 * bool(roles.all_rates and not asked),
    }
    return {name: value for name, value in signs.items() if value}


def _strangeness(spoken: str) -> dict[str, float]:
    """How much of a text our own documentation has no word for."""
    words = [w for w in _LONGER_WORD.findall(spoken) if not w.startswith("z")]
    strange = sum(word not in _words_of_ours() for word in words)
    return {
        "share of strange words": 4.0 * strange / max(len(words), 1),
        "a strange word": 2.0 * (strange > 0),
        "several strange words": 2.0 * (strange > 1),
        "no strange word": 2.0 * (strange == 0),
    }


_LONGER_WORD = re.compile(r"[a-z][a-z']{2,}")


@lru_cache(maxsize=1)
def _words_of_ours() -> frozenset[str]:
    return frozenset(WORDS_OF_OURS.read_text(encoding="utf-8").split())


def words_of_ours() -> list[str]:
    """Return the words of the documentation and of the pages on concepts."""
    pages = [*_DOCS.glob("*/*.md"), *_CONCEPTS.glob("*.md")]
    texts = [p.read_text("utf-8").lower() for p in pages if p != _OWN_PAGE]
    return sorted({word for text in texts for word in _LONGER_WORD.findall(text)})


def usual_words(examples: Sequence[Example]) -> list[str]:
    """Return the longer words that several questions hold, most used first."""
    counts = Counter(
        word
        for example in examples
        for word in set(re.findall(r"[a-z]{5,}", example.text.lower()))
    )
    found = [(n, word) for word, n in counts.items() if n >= _LEAST_QUESTIONS]
    return [word for _, word in sorted(found, key=lambda pair: (-pair[0], pair[1]))]


_LEAST_QUESTIONS = 3  # else a slip of somebody's would count as a word


def main() -> None:
    """Write the words and the model, from the questions that ship and our own pages."""
    examples = load_examples()
    WORDS_OF_OURS.write_text("\n".join(words_of_ours()) + "\n", encoding="utf-8")
    WORDS.write_text("\n".join(usual_words(examples)) + "\n", encoding="utf-8")
    train_on(examples).save(TRAINED, trained_on=fingerprint(examples))
    print(f"Learnt from {len(examples)} questions: {TRAINED.name}")


if __name__ == "__main__":
    main()
