"""A person's own observation, read from what they wrote, as a claim of theirs (pure).

"batch 8 at 8e-5 got blurry after 20k its on original" bounds the threshold from above.
Only what is told as having happened counts: a question or a fear bounds nothing. The
decision to know: it never counts by itself, a person has to say yes to it.
"""

import re
from dataclasses import asdict, dataclass
from typing import Any

from advisor.language.text import plain
from advisor.priors import OBSERVATION_RELIABILITY
from advisor.rates import rate_text
from advisor.wording import title_of
from knowledge.records import Claim

SOURCE, SOURCE_TITLE = "own-observation", "Your own observation"
_MOST_CHARS = 300

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n|,\s*(?=why|what|is |should|how)")
_FAILURES = (
    r"blur\w*|fuzzy|mush\w*|washed out|grey|gray|nan|diverg\w*|explod\w*|blew up|"
    r"blown up|collapse\w*|collapsing|unstable|broke\w*|failed|died|crashed|went bad|"
    r"swung|swings?|swinging|oscillat\w*|garbage|worse|ruined|never recovered|"
    r"spik\w* and stay\w*"
)
_FAILED = re.compile(rf"\b(?:{_FAILURES})\b")
_DENIED = re.compile(
    r"\b(?:no|not|never|without|didn'?t|did not|wasn'?t)\b(?: \w+){0,2}? "
    rf"(?:{_FAILURES})"
)
_HELD = re.compile(
    r"\b(?:(?:was|were|is|ran|runs|went|looks?|looked|stayed|stays|has been|been|"
    r"held|trained|worked|came out|remained|still) (?:\w+ ){0,2}?(?:fine|stable|"
    r"sharp|ok|okay|good|"
    r"great|well|clean|smooth(?:ly)?|perfect(?:ly)?|alright|solid|clear)|held up|"
    r"(?:no|without)(?: any| a)? (?:problem|issue|blur|trouble)\w*|never (?:"
    r"blur\w*|diverg\w*|failed|broke|exploded)|didn'?t (?:blur|diverge|explode|fail|"
    r"break)|did not (?:blur|diverge|explode|fail|break)|worked(?! out)|held)\b"
)
_TOLD = re.compile(
    r"\b(?:got|went|was|were|became|turned|ran|run|held|blew|failed|diverged|exploded|"
    r"collapsed|broke|died|crashed|gave|gives|saw|had|have|has|trained|worked|works|"
    r"stayed|looked|looks|i've|never|didn'?t|did not|been|swung|stays|after|at step|at "
    r"iter\w*)\b"
)
_NOT_TOLD = re.compile(
    r"\b(?:will|would|should|could|can|might|may|if|what if|whether|is it|are they|"
    r"would it|going to|expect|afraid|worried|suppose|imagine|someone|somebody|they "
    r"sa(?:y|id)|people|forum|article|claims?|heard|read that|does|do you|is that|"
    r"safe)\b"
)


@dataclass(frozen=True)
class Observation:
    """What a person saw of one rate at one batch size.

    `bound` is `stable` or `unstable`; `words` what they wrote, `assumed` what they did
    not say and we filled in.
    """

    workload: str
    batch_size: int
    learning_rate: float
    bound: str
    words: str
    optimizer: str | None = None
    recipe: str | None = None
    device: str | None = None
    assumed: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


def told_outcome(text: str) -> str | None:
    """Return `stable` or `unstable` if a text tells how a run went, else None.

    >>> told_outcome("batch 8 at 8e-5 got blurry after 20k its on original")
    'unstable'
    >>> told_outcome("is 8e-5 going to get blurry at batch 8?") is None
    True
    """
    for sentence in _SENTENCE_END.split(plain(text).lower()):
        if found := _told_in(sentence):
            return found
    return None


def _told_in(sentence: str) -> str | None:
    if sentence.endswith("?") or _NOT_TOLD.search(sentence):
        return None
    if not _TOLD.search(sentence):
        return None
    # "never blurry" and "no nan" speak of what did not happen.
    without_denied = _DENIED.sub(" held ", sentence)
    if _FAILED.search(without_denied):
        return "unstable"
    return "stable" if _HELD.search(without_denied) else None


def observed_text(seen: Observation) -> str:
    """Return an observation as a sentence without its full stop."""
    how = "held" if seen.bound == "stable" else "failed"
    return (
        f"{title_of(seen.workload)} at batch {seen.batch_size}, "
        f"{rate_text(seen.learning_rate)}: {how}"
    )


def observed_claim(seen: Observation, *, plan_id: str, made: str) -> Claim:
    """Return the observation as a claim; a plan's id gives one claim, however often."""
    return Claim(
        id=f"claim:own/{plan_id.removeprefix('plan:')}",
        source=SOURCE,
        source_title=SOURCE_TITLE,
        source_date=made[:19],
        kind="bound",
        statement=f"{observed_text(seen)} (\u201c{seen.words[:_MOST_CHARS]}\u201d).",
        reliability=OBSERVATION_RELIABILITY,
        workload=seen.workload,
        optimizer=seen.optimizer,
        recipe=seen.recipe,
        device=seen.device,
        batch_size=seen.batch_size,
        learning_rate=seen.learning_rate,
        bound=seen.bound,
        quantity="max_stable",
        inferred=seen.assumed,
    )
