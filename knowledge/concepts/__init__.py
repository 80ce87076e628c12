"""Short explanations in our own words, with sources: what a concept question gets.

One Markdown file per concept beside this one: a title line, a line of keywords, the
text, a line with the source.
"""

from dataclasses import dataclass
from importlib import resources

from rapidfuzz import fuzz


@dataclass(frozen=True)
class Concept:
    """One explanation; `keywords` are what questions about it say."""

    key: str
    title: str
    keywords: tuple[str, ...]
    text: str
    source: str


def load_concepts() -> list[Concept]:
    """Return every shipped concept, ordered by key."""
    files = resources.files("knowledge.concepts").iterdir()
    pages = sorted((f for f in files if f.name.endswith(".md")), key=lambda f: f.name)
    return [_parse(f.name[:-3], f.read_text(encoding="utf-8")) for f in pages]


def find_concept(question: str) -> Concept | None:
    """Return the concept a question is about, or None when none is near.

    >>> find_concept("what is a learning rate range test").key
    'lr-finder'
    """
    asked = question.lower()
    scored = [
        (max(_likeness(word, asked) for word in concept.keywords), concept)
        for concept in load_concepts()
    ]
    score, best = max(scored, key=lambda pair: pair[0])
    return best if score >= 85 else None


def _likeness(keyword: str, question: str) -> float:
    """How much of a keyword the question holds; longer keywords say more."""
    return fuzz.partial_ratio(keyword, question) + min(len(keyword), 30) / 30


def _parse(key: str, page: str) -> Concept:
    lines = page.strip().splitlines()
    return Concept(
        key=key,
        title=lines[0].removeprefix("# "),
        keywords=tuple(k.strip() for k in lines[1].split(":", 1)[1].split(",")),
        text=" ".join(line for line in lines[2:-1] if line),
        source=lines[-1].removeprefix("Source: "),
    )
