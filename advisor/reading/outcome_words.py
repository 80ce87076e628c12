"""The outcomes that a request for runs names: "failed", "did not fail" (pure).

"Not stable" means every other outcome; the answer counts each.
"""

import re

# A run without an outcome is in none of them.
OUTCOMES = ("stable", "diverged", "degraded", "incomplete")
FAILED = frozenset({"diverged", "degraded"})
_STABLE = frozenset({"stable"})

_WORDS: tuple[tuple[str, frozenset[str]], ...] = (
    (r"fail(?:s|ed|ing|ures?)?|unstable|crash(?:ed|es)?|broke|bad", FAILED),
    (
        r"diverg(?:e|es|ed|ing|ence|ent)|explod(?:e|es|ed)|blew up|blow(?:s|n)? up|"
        r"(?:collapse|collapses|collapsed)|nans?",
        frozenset({"diverged"}),
    ),
    (r"degrad(?:e|es|ed|ing)", frozenset({"degraded"})),
    (
        r"stable|h[eo]ld|holds|work(?:s|ed)?|surviv(?:e|es|ed)|succe(?:ed|eds|eded|ss)|"
        r"successful(?:ly)?|fine|good",
        _STABLE,
    ),
    (
        r"incomplete|unfinished|cut short|stopped early|not finish(?:ed)?",
        frozenset({"incomplete"}),
    ),
)
_FOUND = re.compile(
    "|".join(rf"(?P<g{i}>\b(?:{words})\b)" for i, (words, _) in enumerate(_WORDS))
)
_FILLER = (
    r"(?:(?:the|any|a|all|one|ones|run|runs|that|which|who|yet|have|has|been|be|being|"
    r"did|do|were|was|are|is|of|them|end|ended|up|really|quite|as)[\s-]+){0,5}"
)
_RULED_OUT = re.compile(
    r"(?:\b(?:not|never|without|no|non|except|excluding|besides|minus|other than|"
    r"apart from|aside from|all but|rather than|neither|nor)|"
    r"\b(?:did|does|do|was|were|is|are|has|have|had|could|would|wo|ca)n['\u2019]?t)"
    rf"[\s-]+(?:for[\s-]+)?{_FILLER}$"
)
_GOES_ON = re.compile(r"[\s,]*\b(?:or|nor)\b[\s,]*")  # "did not fail or degrade"


def named_outcomes(text: str) -> frozenset[str] | None:
    """Return the outcomes that a text asks for; None when it names none.

    >>> sorted(named_outcomes("how many runs failed?"))
    ['degraded', 'diverged']
    >>> sorted(named_outcomes("which runs did not fail?"))
    ['incomplete', 'stable']
    >>> named_outcomes("list the runs of dlight") is None
    True
    """
    said = text.lower()
    wanted: set[str] = set()
    ruled_out: set[str] = set()
    end, was_out = 0, False
    for found in _FOUND.finditer(said):
        outcomes = next(
            outcomes for i, (_, outcomes) in enumerate(_WORDS) if found[f"g{i}"]
        )
        goes_on = was_out and _GOES_ON.fullmatch(said[end : found.start()])
        was_out = bool(goes_on or _RULED_OUT.search(said[: found.start()]))
        (ruled_out if was_out else wanted).update(outcomes)
        end = found.end()
    if not wanted and not ruled_out:
        return None
    return frozenset((wanted or set(OUTCOMES)) - ruled_out)


def outcomes_verb(outcomes: frozenset[str]) -> str:
    """Return what runs with these outcomes did.

    >>> outcomes_verb(FAILED), outcomes_verb(frozenset({"stable"}))
    ('failed', 'were stable')
    """
    known = {
        FAILED: "failed",
        _STABLE: "were stable",
        frozenset(OUTCOMES) - FAILED: "did not fail",
        frozenset(OUTCOMES) - _STABLE: "were not stable",
        frozenset(OUTCOMES): "have an outcome",
    }
    if outcomes in known:
        return known[outcomes]
    *first, last = [name for name in OUTCOMES if name in outcomes] or ["anything"]
    words = f"{', '.join(first)} or {last}" if first else last
    return words if words in ("diverged", "degraded") else f"were {words}"
