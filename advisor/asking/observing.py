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
_FAILED = (
    r"blur\w*|fuzzy|mush\w*|washed out|grey|gray|nan|diverg\w*|explod\w*|blew up|"
    r"blown up|collapse\w*|collapsing|unstable|broke\w*|fail\w*|died|"
    r"crash\w*|went bad|swung|swings?|swinging|oscillat\w*|garbage|worse|bad|badly|"
    r"ruined|never recovered|problems?|issues?|trouble|spik\w* and stay\w*"
)
_HELD = (
    r"fine|stable|sharp|good|great|well|clean|smooth(?:ly)?|perfect(?:ly)?|alright|"
    r"solid|clear|held(?: up)?|worked(?! (?:out|badly))|ok|okay"
)
_NOT = (
    r"\b(?:no|not|never|without|hardly|barely|nothing|anything but|far from|\w+n'?t)"
    r"(?: (?:\w+|a|any|all|at all|so|really|look\w*|get\w*|got)){0,2}?"
)
_SIGNS = re.compile(rf"(?P<no>{_NOT} )?\b(?:(?P<failed>{_FAILED})|(?P<held>{_HELD}))\b")
_TOLD = re.compile(
    r"\b(?:got|went|was|were|became|turned|ran|run|held|blew|failed|diverged|exploded|"
    r"collapsed|broke|died|crashed|gave|gives|saw|had|have|has|trained|worked|works|"
    r"stayed|looked|looks|i've|never|didn'?t|did not|wasn'?t|been|swung|stays|after|at "
    r"step|at iter\w*|no)\b"
)
# Questions, fears, plans, what others say, and what broke besides the training.
_NOT_TOLD = re.compile(
    r"\b(?:will|would|should|could|can|might|may|if|what if|whether|is it|are they|"
    r"going to|expect|afraid|worried|suppose|imagine|dream\w*|on paper|in theory|"
    r"someone|somebody|people|they|he|she|his|her|friends?'?s?|buddy'?s?|neighbou?r\w*|"
    r"brother|colleague\w*|guys?|users?|reddit|discord|youtube|video|tutorial|forum|post|"
    r"article|claims?|heard|read that|according|says|said|reported|does|do you|is that|"
    r"safe|never (?:ran|run|tried|used|trained)|not (?:run|tried|trained)|yet|until|"
    r"memory|oom|vram|cuda|power|disk|drive|driver|bluescreen|windows|pc|computer|"
    r"electricity|accident\w*)\b"
)
_STEPS = re.compile(
    r"(?P<number>\d[\d.,]*)\s*(?P<unit>k|m|thousand|million)?\s*(?:its?|iters?|"
    r"iterations?|steps?)\b"
)
_UNITS = {"k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6}


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
    """What one sentence tells; nothing where it says both."""
    if sentence.endswith("?") or _NOT_TOLD.search(sentence):
        return None
    if not _TOLD.search(sentence):
        return None
    # "never blurry" tells that it held, "not stable" that it failed.
    signs = {
        "stable" if (sign["held"] is None) == (sign["no"] is not None) else "unstable"
        for sign in _SIGNS.finditer(sentence)
    }
    return signs.pop() if len(signs) == 1 else None


def told_steps(text: str) -> float | None:
    """Return for how many steps a run went, if that is said.

    >>> told_steps("ran fine at 5e-5 for 30k iterations")
    30000.0
    """
    found = _STEPS.search(plain(text).lower())
    if found is None:
        return None
    try:
        number = float(found["number"].replace(",", "").rstrip("."))
    except ValueError:
        return None
    return number * _UNITS.get(found["unit"] or "", 1.0)


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
