"""A language model's wording as a text: plain, short, no deeds, no promises (pure).

What is checked is what is shown: the text in plain characters. So a trick with letters
that look alike, or hidden ones, is gone or refused before anything is read in it.
"""

import re

from advisor.language.text import HEAD_CHARACTERS, TAIL_CHARACTERS, plain

# As much as `plain` keeps: of a longer text it would cut the middle out.
MOST_CHARACTERS = HEAD_CHARACTERS + TAIL_CHARACTERS
_LAST_LATIN = "\u024f"
_FURTHER_CHARACTERS = "\nμβ≤≥±→°"
_THOUGHTS = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_EMPHASIS = re.compile(r"\*\*|__(?=\S)|(?<=\S)__|`")
_MARKUP = re.compile(
    r"<\s*[a-z/!?]|[a-z]>|[\[\]{}|$\\]|https?:|www\.|\w:/|data:\w+/|javascript:|&#?\w+;|"
    r"\b[a-z0-9-]+\.[a-z]{2,}\b|^\s*(?:#|>|!)",
    re.IGNORECASE | re.MULTILINE,
)
_LIST_MARK = re.compile(r"^\s*(?:[-*+]|(\d{1,2})[.)])\s+", re.MULTILINE)

_TO_DO = (
    "start launch queue run begin submit schedule execute train cancel stop save store "
    "record delete approve verify change update import test measure"
).split()
_DONE = (
    "started launched queued ran run kicked began begun submitted scheduled executed "
    "trained cancelled canceled stopped saved stored recorded deleted approved "
    "verified changed updated imported tested measured"
).split()
_DOING = (
    "starting launching queueing running beginning submitting scheduling executing "
    "training cancelling canceling stopping saving storing recording deleting "
    "approving verifying changing updating importing testing measuring"
).split()
_ADVERBS = r"(?:(?:just|already|now|also|then|gone ahead and|going to)\s)*"
_CLAIMS_A_DEED = re.compile(
    r"\b(?:i|we)(?:'ve| have|'m| am|'re| are|'d| had)?\s"
    rf"{_ADVERBS}(?:{'|'.join((*_DONE, *_DOING))})\b|"
    rf"\b(?:i|we)(?:'ll| will|'m| am|'re| are| did)\s{_ADVERBS}"
    rf"(?:{'|'.join(_TO_DO)})\b|"
    r"\b(?:runs?|jobs?|verification|training|tests?|experiments?|trials?|it|they|plan)\s"
    r"(?:(?:is|are|was|were|has|have|been|being|now|already|just)\s)+(?:start|launch|"
    r"queue|running|under ?way|in progress|submit|schedule|execute|approve|cancel)|"
    r"\b(?:now running|kicked off|in the background|under ?way|in progress)\b|"
    r"\b(?:started|launched|queued)\s(?:a|an|the|your|these|those|this|\d+)\b"
)
_PROMISES = re.compile(
    r"\b(?:guarantee\w*|certainly|never fails?|always (?:holds|safe))"
)


def tidy_wording(text: str) -> str:
    """Return a model's text without its thoughts and emphasis, in plain characters.

    One that is too long comes back at its length, to be refused for it.

    >>> tidy_wording("<think>hm</think>**Start** at 5.71e-5.")
    'Start at 5.71e-5.'
    """
    bare = _EMPHASIS.sub("", _THOUGHTS.sub("", text, count=1)).strip()
    return plain(bare) if len(bare) <= MOST_CHARACTERS else bare


def fault_of_form(text: str) -> str | None:
    """Return why a text may not be shown whatever it is about, or None."""
    if not text:
        return "it said nothing"
    if len(text) > MOST_CHARACTERS:
        return f"it wrote more than {MOST_CHARACTERS:,} characters"
    if not all(
        " " <= c <= "~" or "\xa1" <= c <= _LAST_LATIN or c in _FURTHER_CHARACTERS
        for c in text
    ):
        return "it used characters that cannot be checked"
    if _MARKUP.search(text):
        return "it wrote markup or a link"
    lowered = text.lower()
    if _CLAIMS_A_DEED.search(lowered):
        return "it claimed to have done something"
    if _PROMISES.search(lowered):
        return "it promised what no run can"
    return None


def without_list_marks(text: str) -> str:
    """Remove bullets, and numbers that count lines from 1."""
    count = 0

    def remove(match: re.Match[str]) -> str:
        nonlocal count
        if match[1] is not None:
            if int(match[1]) != count + 1:
                return match[0]
            count += 1
        return ""

    return _LIST_MARK.sub(remove, text)
