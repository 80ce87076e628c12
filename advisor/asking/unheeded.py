"""Conditions that a question names and no answer takes into account, said aloud (pure).

Silence would pass off the usual answer as one for fp16, for other betas or for a risk
of a person's own.
"""

import re

from advisor.language.text import plain

_CONDITIONS = {
    "half precision": r"\b(?:fp16|bf16|bfloat16|half precision|mixed precision|amp)\b",
    "other betas": r"\bbetas?[ _]?[12]?\s*[=:]?\s*\(?0?\.\d|\bamsgrad\b",
    "the resolution": r"\b\d{2,4} ?px\b|\b(?:image|input|output) (?:size|resolution)\b",
    "the risk you accept": r"\b\d[\d.]* ?(?:%|percent) (?:safe|sure|risk|certain|"
    r"chance)|\brisk (?:of )?\d",
    "how long you want to train": r"\bfor (?:about |some )?\d[\d.,]* ?(?:k|m|thousand|"
    r"million)? ?(?:its?|iters?|iterations?|steps?|epochs?)\b",
    "weight decay": r"\bweight decay\b|\bwd ?[=:]? ?\d",
    "a schedule": r"\bcosine\b|\bone-?cycle\b|\bstep decay\b",
    "gradient clipping": r"\bclip(?:ping|norm)\b|\bgradient clip",
}
_FOUND = {
    name: re.compile(pattern, re.IGNORECASE) for name, pattern in _CONDITIONS.items()
}


def unheeded_warning(text: str) -> str | None:
    """Return a sentence that names what was not taken into account; None: nothing.

    >>> unheeded_warning("lr for dlight batch 9 in fp16?")
    'I did not take into account: half precision.'
    """
    said = plain(text)
    found = [name for name, pattern in _FOUND.items() if pattern.search(said)]
    return f"I did not take into account: {', '.join(found)}." if found else None
