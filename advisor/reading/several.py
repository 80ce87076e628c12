"""Several questions in one message: where one ends and the next begins (pure)."""

import re

# "4 and what is warm-up" begins a question; "batch 4 and 8" does not.
_NEXT = re.compile(
    r"(?<=[?!.])\s+|\n+|[,;]?\s+(?:and|also|but|plus|then)\s+(?:also\s+)?(?="
    r"(?:what|what's|which|how|why|is|are|does|do|should|can|could|would|explain|tell|"
    r"show|list)\b(?! (?:about|if)\b))",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\W*(?:and |also |but |plus |then |ok,? |so )*(?:what|which|how|why|is|are|does|"
    r"do|should|can|could|will|would|explain|tell|show|list|compare|recommend|give)\b",
    re.IGNORECASE,
)
_FEWEST_WORDS = 3
_MOST = 4


def split_questions(text: str) -> list[str]:
    """Return the questions of a message, at most four; what only tells is left out.

    >>> split_questions("LR for batch 5 on RealFace? And what is warm-up?")
    ['LR for batch 5 on RealFace?', 'And what is warm-up?']
    >>> split_questions("is 1e-4 ok at batch 4 and 8?")
    ['is 1e-4 ok at batch 4 and 8?']
    """
    parts = [part.strip() for part in _NEXT.split(text)]
    asking = [part for part in parts if part.endswith("?") or _ASKS.match(part)]
    return [part for part in asking if len(part.split()) >= _FEWEST_WORDS][:_MOST]
