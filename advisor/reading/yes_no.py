"""Whether a text says yes, no, or is mere politeness (pure)."""

from advisor.reading.rules import NO, POLITE, SAYS_NO, SAYS_YES, YES
from advisor.reading.text import plain


def is_yes(text: str) -> bool:
    """Whether a text agrees to what was proposed, and says nothing else.

    >>> is_yes("yes, run it"), is_yes("yes but on batch 8"), is_yes("ok thanks")
    (True, False, False)
    """
    said = plain(text).lower().replace("\N{THUMBS UP SIGN}", " yes ")
    return bool(YES.match(said.strip()) and SAYS_YES.search(said))


def is_no(text: str) -> bool:
    """Whether a text turns down what was proposed, and says nothing else.

    >>> is_no("no thanks"), is_no("no, batch 8")
    (True, False)
    """
    said = plain(text).lower()
    return bool(NO.fullmatch(said) and SAYS_NO.search(said))


def is_polite(text: str) -> bool:
    """Whether a text is mere politeness, which agrees to nothing.

    >>> is_polite("ok thanks"), is_polite("ok, and at batch 8?")
    (True, False)
    """
    return bool(POLITE.fullmatch(plain(text).lower()))
