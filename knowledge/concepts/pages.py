"""Short explanations in our own words, with sources: what a concept question gets.

One Markdown file per concept beside this one: a title, lines of `keywords`, `ties` and
`related`, a first paragraph that answers by itself, the rest, a line with the source. A
page holds no number of our own runs: `ties` names what `advisor.concepts.evidence`
reads from the store.
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources

from knowledge.concepts.finding import Finder


@dataclass(frozen=True)
class Concept:
    """One explanation; `keywords` are what questions about it say."""

    key: str
    title: str
    keywords: tuple[str, ...]
    ties: str | None  # what our own runs say of it: advisor.concepts.evidence.TIES
    related: tuple[str, ...]  # keys, the nearest first
    answer: str  # one or two sentences that stand by themselves
    rest: str
    source: str

    @property
    def text(self) -> str:
        """The whole page without title and source."""
        return f"{self.answer} {self.rest}"


def load_concepts() -> list[Concept]:
    """Return every shipped concept, ordered by key."""
    return list(_concepts())


def get_concept(key: str) -> Concept:
    """Return the concept with this key, or raise KeyError."""
    return {concept.key: concept for concept in _concepts()}[key]


def find_concept(question: str) -> Concept | None:
    """Return the concept a question is about, or None when there is no page on it.

    >>> find_concept("what is a learning rate range test").key
    'lr-finder'
    >>> find_concept("what is the price of tea") is None
    True
    """
    for concept in _concepts():  # "Explain: TITLE" is how the next one is offered
        if question.lower().endswith(f": {concept.title.lower()}"):
            return concept
    key = _finder().find(question)
    return get_concept(key) if key else None


def related_concepts(concept: Concept) -> list[Concept]:
    """Return the concepts to offer next, the nearest first."""
    return [get_concept(key) for key in concept.related]


@cache
def _concepts() -> tuple[Concept, ...]:
    files = resources.files("knowledge.concepts").iterdir()
    pages = sorted((f for f in files if f.name.endswith(".md")), key=lambda f: f.name)
    return tuple(_parse(f.name[:-3], f.read_text(encoding="utf-8")) for f in pages)


@cache
def _finder() -> Finder:
    return Finder({c.key: (c.keywords, f"{c.title} {c.text}") for c in _concepts()})


def _parse(key: str, page: str) -> Concept:
    head, answer, *rest, source = page.strip().split("\n\n")
    title, *lines = head.splitlines()
    fields = dict(line.split(": ", 1) for line in lines)
    return Concept(
        key=key,
        title=title.removeprefix("# "),
        keywords=_listed(fields["keywords"]),
        ties=fields.get("ties"),
        related=_listed(fields["related"]),
        answer=_joined(answer),
        rest=" ".join(_joined(paragraph) for paragraph in rest),
        source=_joined(source).removeprefix("Source: "),
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(","))


def _joined(paragraph: str) -> str:
    return " ".join(paragraph.split())
