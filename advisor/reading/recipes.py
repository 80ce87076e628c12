"""The recipe and the precision that a text names, and the text without them (pure).

So the 3 of "faceswap-3" and the 16 of "bf16" are neither batch sizes nor rates.
"""

import re

from knowledge.recipes import RECIPES
from knowledge.records import FP32, PRECISIONS

HEEDED = (*PRECISIONS, "fp16")  # runs of the last are brought in, not made here
_OPTIMIZERS = {recipe.optimizer for recipe in RECIPES.values()} | {"momentum"}
_NOT = r"(?P<not>\b(?:not|no|without|instead of|rather than|than|from)(?: in| the)? )?"
# An optimizer's name names a recipe only beside that word, any other one by itself.
_NAMED = re.compile(
    "|".join(
        rf"(?<![\w-])recipe (?:called |named )?{re.escape(name)}(?![\w-])|"
        rf"(?<![\w-]){re.escape(name)}(?![\w-])"
        + (r"(?= recipe\b)" if name in _OPTIMIZERS else r"(?: recipe\b)?")
        for name in sorted(RECIPES, key=len, reverse=True)
    )
)
_NAME = re.compile("|".join(map(re.escape, sorted(RECIPES, key=len, reverse=True))))
_MOMENTUM = re.compile(
    r"\b(?:with|and|plus|using|\+) (?:an? )?(?:0?\.9 )?momentum\b(?!-)|"
    r"\bmomentum (?:of |= ?)?0?\.9\b"
)
_ADAPTIVE = re.compile(r"\b(?:n?adam\w*|rmsprop|lion|nesterov)\b")
# The two eras of the face program, by their betas (`knowledge.recipes`).
_ERAS = (
    (
        "faceswap-3",
        re.compile(
            r"\b(?:today's|todays|new|newer|current|latest|present) (?:adam )?betas\b|"
            r"\bbetas?(?:_?1)? ?(?:of|are|is|=|:)? ?\(? ?0?\.9 ?(?:,|/|and| ) ?0?\.999"
            r" ?\)?"
        ),
    ),
    (
        "faceswap-2021",
        re.compile(
            r"\b(?:old|older|former|earlier|previous|2021) (?:adam )?betas\b|"
            r"\bbetas?(?:_?1)? ?(?:of|are|is|=|:)? ?\(? ?0?\.5\b"
            r"(?: ?(?:,|/|and| |;? ?beta_?2 ?=?) ?0?\.9\d* ?\)?)?"
        ),
    ),
)
_PRECISION = re.compile(
    rf"{_NOT}(?:\b(?:in|with|using) )?\b(?:(?:half|mixed)[ -]precision,? ?\(?)?"
    r"(?:(?P<bf16>bf[ -]?16|bfloat[ -]?16)|"
    r"(?P<fp32>fp[ -]?32|float[ -]?32|(?:full|single) precision)|"
    r"(?P<fp16>(?:fp|f|float)[ -]?16|(?:half|mixed)[ -]precision|amp|autocast))\b"
    r"(?: (?:half |mixed |full )?precision)?(?P<off> (?:is |was |turned |switched )?"
    r"(?:off|disabled|false)\b)?"
)


def find_setting(text: str) -> tuple[str, str | None, str | None]:
    """Return the text without its recipe and precision, and the two; None: unsaid.

    >>> find_setting("lr for dlight b9, faceswap-3 recipe, in bf16")[1:]
    ('faceswap-3', 'bf16')
    >>> find_setting("digits_mlp batch 32 with sgd and momentum")[1:]
    ('momentum', None)
    >>> find_setting("in fp16, not bf16")[2], find_setting("no mixed precision")[2]
    ('fp16', 'fp32')
    """
    recipe = _recipe_of(text.lower())
    precisions = _precisions_of(text.lower())
    for pattern in (_PRECISION, _NAMED, *(pattern for _, pattern in _ERAS)):
        text = _without(text, pattern)
    return text, recipe, precisions.pop() if len(precisions) == 1 else None


def _precisions_of(said: str) -> set[str]:
    """The precisions that are meant; without half precision it is the full one."""
    matches = list(_PRECISION.finditer(said))
    is_off = {bool(m["not"] or m["off"]) for m in matches}
    meant = {
        name
        for m in matches
        for name in HEEDED
        if m[name] and not (m["not"] or m["off"])
    }
    return {FP32} if is_off == {True} and not all(m["fp32"] for m in matches) else meant


def _recipe_of(said: str) -> str | None:
    if named := _NAMED.search(said):
        return _NAME.search(named[0].removeprefix("recipe "))[0]  # type: ignore[index]
    for recipe, pattern in _ERAS:
        if pattern.search(said):
            return recipe
    return "momentum" if _MOMENTUM.search(said) and not _ADAPTIVE.search(said) else None


def _without(text: str, pattern: re.Pattern[str]) -> str:
    """The text with a blank for each match, but for an optimizer, which is a slot."""
    lowered = text.lower()
    if len(lowered) != len(text):  # a letter whose small form is two
        text = lowered
    for match in reversed(list(pattern.finditer(lowered))):
        if not set(re.findall(r"[a-z]+", match[0])) & _OPTIMIZERS:
            text = f"{text[: match.start()]} {text[match.end() :]}"
            lowered = text.lower()
    return text
