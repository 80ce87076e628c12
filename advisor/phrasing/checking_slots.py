"""The slots of a wording: known, none missing, each where its text can stand (pure).

Words fit into a sentence: they stand between blanks and stops, with nothing glued to
them. A sentence stands by itself, so that nothing turns it round or takes it back.
"""

import re
from collections.abc import Sequence

from advisor.phrasing.slots import NAMED, Slot

# They stand for slots where a wording is read; no wording may hold them itself.
WORDS_MARK, SENTENCE_MARK = "\xa4", "\xb6"
_WORDS_PLACE = re.compile(
    rf"(?<![^\s(\"'{SENTENCE_MARK}])(?<!-\s){WORDS_MARK}(?![^\s.,;:!?)\"'])"
)
_SENTENCE_PLACE = re.compile(
    rf"(?:\A|(?<=\n)|(?<=[.!?:)\"'{SENTENCE_MARK}]\s)|(?<=\n-\s)|(?<=\A-\s))"
    rf"{SENTENCE_MARK}"
    rf"(?=[.!?]?(?:\s*\Z|\s*\n|\s+[A-Z(\"'{WORDS_MARK}{SENTENCE_MARK}]))"
)
_MOST_SHOWN = 24


def marked(wording: str, slots: Sequence[Slot]) -> str:
    """Return a wording with one character in place of each slot."""
    words = {slot.name for slot in slots if slot.is_words}
    return NAMED.sub(
        lambda match: WORDS_MARK if match[1] in words else SENTENCE_MARK, wording
    )


def fault_of_names(wording: str, slots: Sequence[Slot]) -> str | None:
    """Return which slot of a wording the answer does not have, or None."""
    known = {slot.name for slot in slots}
    for name in NAMED.findall(wording):
        if name not in known:
            return f"it named a slot that there is not ({name[:_MOST_SHOWN]})"
    if re.search(r"[{}]", NAMED.sub("", wording)):
        return "it named a slot in a form that is not understood"
    return None


def fault_of_places(wording: str, slots: Sequence[Slot]) -> str | None:
    """Return which slot is missing, is said twice or stands in a wrong place."""
    names = NAMED.findall(wording)
    for slot in slots:
        if slot.is_required and slot.name not in names:
            return f"it left out {slot.meaning}"
        if not slot.is_words and names.count(slot.name) > 1:
            return f"it said twice {slot.meaning}"
    text = marked(wording, slots)
    if len(_WORDS_PLACE.findall(text)) < text.count(WORDS_MARK):
        return "it glued something to a slot"
    if len(_SENTENCE_PLACE.findall(text)) < text.count(SENTENCE_MARK):
        return "it built a sentence of ours into one of its own"
    return None
