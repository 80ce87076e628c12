"""What a person thinks of trying after a failure: "reduce batch to 2?" (pure).

That is no part of the run that failed, so it is told apart by how it is said: a verb in
its plain form, or a question whether it would help.
"""

import re

from advisor.reading.text import Mark

_VALUE = f"[{Mark.BATCH}{Mark.RATE}]"
_TRIES = (
    r"(?:reduce|lower|drop|decrease|raise|increase|cut|halve|go|switch|change|try|use|"
    r"set|move|take|put|turn|bring|scale)"
)
_BETWEEN = r"(?:down|up|back|it|this|that|the|my|to|batch|lr|rate|with|at|of|a)"
_PROPOSAL = re.compile(
    rf"\b{_TRIES}(?: {_BETWEEN}){{0,5}} ?(?P<tried>{_VALUE})|"
    rf"\b(?:would|will|could|can|does|is|should) (?:{_BETWEEN} )*(?P<asked>{_VALUE}) "
    r"(?:\w+ )?(?:help|enough|better|safer|fix|work|do|hold|be|cure|solve)\b|"
    rf"\b(?:what about|how about|or|maybe|instead of it) (?:{_BETWEEN} )*"
    rf"(?P<other>{_VALUE}) ?(?:instead|then)?\?"
)
_ENDS = re.compile(r"[.?!;\n]+(?=\s|$)")
_WONDERS = re.compile(
    r"\b(?:should|shall|would|will|could|can|if|is it|does it|maybe|better to|or)\b|"
    rf"^[\s,]*{_TRIES}\b"
)


def proposed_places(marked: str) -> frozenset[int]:
    """Return where in a marked text the values stand that are only thought of."""
    found = set()
    for match in _PROPOSAL.finditer(marked):
        name = next(key for key in ("tried", "asked", "other") if match[key])
        before = marked[: match.start()]
        start = max((m.end() for m in _ENDS.finditer(before)), default=0)
        after = _ENDS.search(marked, match.end())
        sentence = marked[start : after.start() if after else len(marked)]
        asks = bool(after and "?" in after[0])
        if asks or _WONDERS.search(sentence):
            found.add(match.start(name))
    return frozenset(found)
