"""A language model's wording as a text: plain, short, no digits, no deeds (pure).

What is checked is what is shown: plain characters, so that a trick with letters that
look alike, or hidden ones, is gone or refused.
"""

import re
import unicodedata

from advisor.reading.text import HEAD_CHARACTERS, TAIL_CHARACTERS, plain

# As much as `plain` keeps: of a longer text it would cut the middle out.
MOST_CHARACTERS = HEAD_CHARACTERS + TAIL_CHARACTERS
_THOUGHTS = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_EMPHASIS = re.compile(r"\*\*|__(?=\S)|(?<=\S)__|`")
_DIGIT = re.compile(r"[^\s\d]{0,8}\d\S{0,16}")
_OTHER_CHARACTER = re.compile(r"[^A-Za-z\s.,;:!?'\"()-]")
_MARKUP = re.compile(
    r"<\s*[a-z/!?]|[a-z]>|\]\(|&#?\w+;|https?:|www\.|\w:/|data:\w|javascript:|"
    r"\b[a-z0-9-]+\.[a-z]{2,}\b|^\s*[#>!]",
    re.IGNORECASE | re.MULTILINE,
)

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
    r"\b(?:started|launched|queued)\s(?:a|an|the|your|these|those|this)\b"
)
_PROMISES = re.compile(
    r"\b(?:guarantee\w*|certainly|never fails?|always (?:holds|safe))"
)


def tidy_wording(text: str) -> str:
    """Return a model's text without its thoughts and emphasis, in plain characters.

    Numbers that are not digits become a 0, and a text that is too long stays so: both
    are refused.

    >>> tidy_wording("<think>hm</think>**Start** at {rate}, or \N{ROMAN NUMERAL FIVE}.")
    'Start at {rate}, or 0.'
    """
    bare = _EMPHASIS.sub("", _THOUGHTS.sub("", text, count=1)).strip()
    if len(bare) > MOST_CHARACTERS:
        return bare
    return plain("".join("0" if _is_number(c) else c for c in bare))


def _is_number(character: str) -> bool:
    """Whether it is a number that `plain` might turn into a letter, or leave."""
    return unicodedata.numeric(character, None) is not None and (
        unicodedata.category(character) != "Nd"
    )


def fault_of_form(text: str) -> str | None:
    """Return why a tidied wording may not be shown whatever it is about, or None."""
    if len(text) > MOST_CHARACTERS:
        return f"it wrote more than {MOST_CHARACTERS:,} characters"
    if _MARKUP.search(text):
        return "it wrote markup or a link"
    if digit := _DIGIT.search(text):
        shown = re.sub(r"[^\w.+-]", "?", digit[0].rstrip(".,;:!?"), flags=re.ASCII)
        return f'it wrote a digit of its own ("{shown}")'
    if _OTHER_CHARACTER.search(text):
        return "it used characters that cannot be checked"
    lowered = text.lower()
    if _CLAIMS_A_DEED.search(lowered):
        return "it claimed to have done something"
    if _PROMISES.search(lowered):
        return "it promised what no run can"
    return None
