"""What a question about a rate asks of it besides: patterns of the text as typed."""

import re

HOW_SURE = re.compile(
    r"\bhow (?:sure|certain|confident|reliable|safe is that|much (?:do|can|should) "
    r"(?:i|you) trust)\b|\bare you (?:sure|certain)\b|\bcan i trust\b",
    re.IGNORECASE,
)
TRIES_NEXT = re.compile(
    r"\b(?:which|what|wich)\b[^.?!]{0,30}\b(?:try|test|run|do) (?:it )?"
    r"(?:next|first|now|out)\b|\b(?:next|first) (?:lr|learning[- ]?rate|rate) to "
    r"(?:try|test|run)\b",
    re.IGNORECASE,
)
BEST_SO_FAR = re.compile(
    r"\bbest\b[^.?!]{0,40}\b(?:so far|yet|until now|to date|up to now|of (?:my|our|the)"
    r" runs|(?:i|we)(?:'ve| have)? (?:had|tried|ran|run|got))\b",
    re.IGNORECASE,
)
