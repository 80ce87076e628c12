"""How well questions are understood: writes docs/explanation/understanding.md.

Two scores: cross-validation on the questions that ship (folds keep phrasings that
differ in names and numbers alone together), and a set that nobody looked at while the
rules were written. And what changes when a question is asked a little differently.
"""

import argparse
import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from rapidfuzz import fuzz, process
from sklearn.model_selection import StratifiedGroupKFold

from advisor.reading.intents import Intent
from advisor.reading.learned import (
    Example,
    IntentModel,
    learned_model,
    load_examples,
    taught_by,
)
from advisor.reading.parsing import parse_question, turn_of
from advisor.reading.question import SLOT_NAMES
from benchmarks.machine import describe_machine

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/explanation/understanding.md"
KEPT_BACK = ROOT / "tests/advisor/reading/kept_back"
LATER = "kept-"  # groups of the questions in twelve manners
FAR = "wide-"  # groups of the short and far-fetched questions that ship
FOLDS, SEED = 5, 0
ALIKE = 80  # of 100 by token_sort_ratio: two such texts go into one fold
ALIKE_AFTER = 92  # the same for follow-ups, which are short and alike anyway


@dataclass(frozen=True)
class Parse:
    """What a question was taken for."""

    example: Example
    intent: str
    slots: dict[str, Any]

    @property
    def has_intent(self) -> bool:
        """Whether the intent is the one a person would have understood."""
        return self.intent == self.example.intent

    @property
    def wrong_slots(self) -> list[str]:
        """The slots that are not as a person would have read them."""
        wanted = self.example.slots
        return [n for n in SLOT_NAMES if plain(self.slots[n]) != plain(wanted[n])]

    @property
    def is_right(self) -> bool:
        """Whether the intent and every slot are right."""
        return self.has_intent and not self.wrong_slots


def plain(value: Any) -> Any:
    """Return a slot's value so that equal ones compare equal; lists are sets."""
    if isinstance(value, list | tuple):
        return sorted(map(plain, value), key=str)
    return float(f"{value:.6g}") if isinstance(value, int | float) else value


def parse(example: Example, model: IntentModel | None = None) -> Parse:
    """Return how an example is understood."""
    before = turn_of(example.context, [], model)
    found = parse_question(example.text, before=before, known_workloads=[], model=model)
    return Parse(example, found.intent, found.slots.to_dict())


def groups_of(examples: Sequence[Example], texts: Sequence[str]) -> np.ndarray:
    """Return a number for each example; those phrased alike share one."""
    parent = list(range(len(examples)))

    def root(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    likeness = process.cdist(texts, texts, scorer=fuzz.token_sort_ratio)
    first: dict[str, int] = {}
    for i, example in enumerate(examples):
        least = ALIKE_AFTER if example.context else ALIKE
        for j in np.flatnonzero(likeness[i, :i] > least):
            parent[root(i)] = root(int(j))
        parent[root(i)] = root(first.setdefault(example.group, i))
    return np.array([root(i) for i in range(len(examples))])


def cross_validate(examples: Sequence[Example], *, n_folds: int = FOLDS) -> list[Parse]:
    """Return how examples are understood by a model that has not seen their like.

    Those of the first `n_folds` of the folds; a model of its own is learnt for each.
    """
    taught = [taught_by(example) for example in examples]
    intents = np.array([example.intent.value for example in examples])
    groups = groups_of(examples, [seen[0].words for seen in taught])
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    parses: dict[int, Parse] = {}
    for learnt, asked in islice(folds.split(intents, intents, groups), n_folds):
        model = IntentModel.train(
            [seen for i in learnt for seen in taught[i]],
            [examples[i].intent for i in learnt for _ in taught[i]],
        )
        parses |= {int(i): parse(examples[i], model) for i in asked}
    return [parses[i] for i in sorted(parses)]


# -- the same question, a little different ---------------------------------------------


def politely(text: str, chance: random.Random) -> str:
    """Return the question between courtesies."""
    before = chance.choice(("hi, ", "hello! ", "hey there, ", "good evening. "))
    return before + text + chance.choice((" thanks!", " please", " cheers", ""))


def mistyped(text: str, chance: random.Random) -> str:
    """Return the question with two letters of one word exchanged."""
    words = [m for m in re.finditer(r"[A-Za-z]{5,}", text)]
    if not words:
        return text
    word = chance.choice(words)
    i = word.start() + chance.randrange(1, len(word[0]) - 2)
    return text[:i] + text[i + 1] + text[i] + text[i + 2 :]


def renumbered(text: str, chance: random.Random) -> str:
    """Return the question with another mantissa in each rate like 5e-5."""
    return re.sub(
        r"\b[1-9](?=(?:\.\d)?e-\d)", lambda _: str(chance.randrange(1, 10)), text
    )


def reordered(text: str, chance: random.Random) -> str:
    """Return the question with its two halves about a comma exchanged."""
    del chance
    parts = re.fullmatch(r"([^,.?!\n]{6,}), ([^,.?!\n]{6,})([?.!]?)", text)
    return f"{parts[2]}, {parts[1]}{parts[3]}" if parts else text


CHANGES: dict[str, Callable[[str, random.Random], str]] = {
    "politeness": politely,
    "a typo": mistyped,
    "other rates": renumbered,
    "another order": reordered,
}


def changed_share(
    change: Callable[[str, random.Random], str], examples: Sequence[Example]
) -> tuple[int, int]:
    """Return how many parses a change of wording changes, and of how many."""
    chance = random.Random(SEED)
    changed = total = 0
    for example in examples:
        text = change(example.text, chance)
        if text == example.text:
            continue
        total += 1
        before = turn_of(example.context, [])
        one, other = (
            parse_question(t, before=before, known_workloads=[])
            for t in (example.text, text)
        )
        names = [n for n in SLOT_NAMES if change is not renumbered or n[0] != "l"]
        changed += one.intent != other.intent or any(
            plain(getattr(one.slots, n)) != plain(getattr(other.slots, n))
            for n in names
        )
    return changed, total


# -- the page --------------------------------------------------------------------------


def score_row(name: str, parses: Sequence[Parse]) -> str:
    """Return a row of the table of scores."""
    n = len(parses)
    intents = sum(p.has_intent for p in parses) / n
    slots = sum(not p.wrong_slots for p in parses) / n
    both = sum(p.is_right for p in parses) / n
    return f"| {name} | {n} | {intents:.3f} | {slots:.3f} | {both:.3f} |"


def confusion_rows(parses: Sequence[Parse]) -> Iterator[str]:
    """Yield a row for each intent: how often it was understood, and else as what."""
    for intent in Intent:
        of_it = [p for p in parses if p.example.intent is intent]
        missed = Counter(p.intent for p in of_it if not p.has_intent)
        found = len(of_it) - missed.total()
        claimed = sum(p.intent == intent for p in parses)
        rest = ", ".join(f"{name} {count}" for name, count in missed.most_common(4))
        yield (
            f"| {intent} | {len(of_it)} | {found / max(len(of_it), 1):.2f} | "
            f"{found / max(claimed, 1):.2f} | {rest} |"
        )


def parse_milliseconds(examples: Sequence[Example]) -> tuple[float, float]:
    """Return the median and the 95th percentile of one parse, in milliseconds."""
    learned_model()
    taken = []
    for example in examples:
        start = time.perf_counter()
        parse(example)
        taken.append(1e3 * (time.perf_counter() - start))
    return float(np.median(taken)), float(np.quantile(taken, 0.95))


def is_far(one: Parse) -> bool:
    """Whether a question is one of the short and far-fetched."""
    return one.example.group.startswith(FAR)


LABELS = """## How questions are labelled

Two people would label some questions differently. What holds here:

- What a rule says, and which rules there are, is `scaling_rule`; why it holds and who
  found it is `explain_concept`.
- Who wants to see runs, claims or sources, or what an answer rests on, asks
  `show_runs`; how the numbers come about in general is `explain_concept`.
- One's own training gone wrong is `diagnose`; what goes wrong in general is
  `explain_concept`.
- Rates for several models are `recommend_lr`; which of them takes more, or one held
  against the other, is `compare_models`.
- Whether a gap is chance, and how large the spread between seeds is, is `difference`;
  what noise is, `explain_concept`.
- How one does something here is `help`, also how to stop a job; the order to do so is
  `cancel` (or `run_verification`).
- Too little said is `needs_clarification`, with what was said as slots.
- A slot is what the text names, beside the point too (a batch of 24 biscuits). "Why so
  wide?" is about the answer before and carries its slots; the meaning of a word
  carries none.
"""


def build_page(examples: Sequence[Example], kept_back: Sequence[Example]) -> str:
    """Return the page."""
    validated = cross_validate(examples)
    unseen = [parse(example) for example in kept_back]
    later = [p for p in unseen if p.example.group.startswith(LATER)]
    first = [p for p in unseen if not p.example.group.startswith(LATER)]
    middle, slowest = parse_milliseconds(examples)
    lines = [
        "# How questions are understood",
        "",
        "What a person types is read offline, with no language model: names and "
        "numbers are found by rules, what is wanted is learnt. Run length and risk "
        'count only when you ask for them ("for 20k steps", "1 % risk"), not in a '
        'report ("after 30k it went NaN"). A reported failure is never read as a '
        "success; if unclear, the program asks. The questions it learns from are in "
        "`advisor/reading/questions/`; `python -m benchmarks.questions` writes this "
        "page.",
        "",
        "## Scores",
        "",
        f"Cross-validation: {FOLDS} folds; questions phrased alike are in one fold. "
        "The far-fetched ones were written to widen what is understood: a few words "
        "each, of many fields, most of a kind that was mistaken for another. "
        "Held out: looked at by nobody while rules and questions were written. The "
        "first were written apart. The later ones, in twelve manners of asking (typing "
        "errors, rambling, configs, logs, flags, several cards, ...), were written "
        "beforehand by the hand that then changed the rules, half again as many by "
        "changing order, spelling and numbers: expect less of strangers' questions. "
        "Slots: all five as a person would read them.",
        "",
        "| questions | number | intent | slots | both |",
        "| --- | --- | --- | --- | --- |",
        score_row("cross-validation", [p for p in validated if not is_far(p)]),
        score_row("the same, far-fetched", [p for p in validated if is_far(p)]),
        score_row("held out, first", first),
        score_row("held out, twelve manners", later),
        "",
        f"One question takes {middle:.1f} ms (19 of 20 at most {slowest:.1f} ms) on "
        f"{describe_machine()}.",
        "",
        *LABELS.splitlines(),
        "",
        "## What is taken for what",
        "",
        "In cross-validation. Found: of the questions with that intent. Right: of "
        "those that were taken for it.",
        "",
        "| intent | questions | found | right | else taken for |",
        "| --- | --- | --- | --- | --- |",
        *confusion_rows(validated),
        "",
        "The same of the held-out questions in twelve manners.",
        "",
        "| intent | questions | found | right | else taken for |",
        "| --- | --- | --- | --- | --- |",
        *confusion_rows(later),
        "",
        "## The same question asked otherwise",
        "",
        "| change | questions | parses that change |",
        "| --- | --- | --- |",
    ]
    for name, change in CHANGES.items():
        changed, total = changed_share(change, kept_back)
        changed_here, total_here = changed_share(change, examples)
        both = changed + changed_here, total + total_here
        lines.append(f"| {name} | {both[1]} | {both[0] / both[1]:.3f} |")
    return "\n".join([*lines, ""])


def main() -> None:
    """Write the page, or show what is understood wrongly."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--wrong", action="store_true", help="list what goes wrong")
    options = parser.parse_args()
    examples = load_examples()
    if options.wrong:
        for one in cross_validate(examples):
            if not one.is_right:
                said = {
                    n: (one.example.slots[n], one.slots[n]) for n in one.wrong_slots
                }
                row = one.example.text, one.example.context, one.example.intent.value
                print(json.dumps([*row, one.intent, said], ensure_ascii=False))
        return
    PAGE.write_text(build_page(examples, load_examples(KEPT_BACK)), encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
