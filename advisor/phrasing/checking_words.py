"""A wording's own words, those between the slots: no number and no verdict (pure).

A word that judges, denies or compares is refused, even where a person would have
understood it rightly: the answer is shown anyway.
"""

import re

from advisor.phrasing.checking_slots import SENTENCE_MARK

_UNITS = (
    r"runs?|steps?|iterations?|epochs?|batch(?:es)?|seeds?|examples?|reports?|"
    r"observations?|octaves?|percent|seconds?|minutes?|hours?|days?|weeks?|months?"
)
_NUMBER = re.compile(
    r"\b(?:zero|nought|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|"
    r"thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|"
    r"fifty|sixty|seventy|eighty|ninety|(?:hundred|thousand|million|billion)s?|dozens?|"
    r"couple|percent|per cent|half|halves|halv\w+|thirds?|quarter\w*|fifths?|sixths?|"
    r"sevenths?|eighths?|ninths?|tenths?|\w*(?:hundred|thousand|million)ths?|twice|"
    r"doubl\w+|tripl\w+|quadrupl\w+|\w+fold|times|squared?|orders? of magnitude)\b|"
    rf"\bone[\s-](?:{_UNITS})\b|\ban?\s(?:second|minute|hour|day|week|month)s?\b|"
    rf"\b(?:{_UNITS}|size|rate|lr|probability|chance)\s(?:of\s|is\s)?one\b",
    re.IGNORECASE,
)
_ROMAN = re.compile(r"\b[IVXLC]{2,}\b")
_JUDGES = re.compile(
    r"\b(?:(?:un)?safe\w*|risk\w*|danger\w*|harm\w*|(?:un|in)?stab\w+|fail\w*|"
    r"diverg\w*|degrad\w*|explod\w*|blow\w*|break\w*|collaps\w*|avoid\w*|fine|ok|okay|"
    r"good|great|perfect\w*|best|optim\w+|ideal\w*|acceptabl\w+|(?:un)?reliabl\w+|"
    r"works?|problem\w*|worr\w+|yes|sure\w*|holds?|held|too|supported|contradict\w*|"
    r"undecided|true|false|wrong|right|correct\w*|(?:un)?known|measured|prove[ns]?|"
    r"proof|verified|tested|confirm\w*|ignor\w+|disregard\w*|forget|regardless|despite|"
    r"anyway|feel free|go ahead|theory|paper|formality|exaggerat\w*|overly|"
    r"conservative|pessimis\w+)\b",
    re.IGNORECASE,
)
_TURNS = re.compile(
    r"\b(?:not?|never|none|nothing|nobody|nowhere|neither|nor|hardly|barely|scarcely|"
    r"cannot|above|below|beyond|past|exceed\w*|higher|lower\w*|larger|smaller|bigger|more|"
    r"less|least|most|up to|rais\w+|increas\w+|decreas\w+|reduc\w+|multipl\w+|divid\w+|"
    r"rather|except|other than|over|under|roots?|sum|plus|minus|per|inverse|tad|bit|"
    r"slightly)\b|n't\b",
    re.IGNORECASE,
)
_ENGLISH = re.compile(
    r"\b(?:the|of|and|to|for|with|at|this|that|it|i|you|would|your|from|by|here|these|"
    r"start|keep|please|also|they|what|how|when|but|are|will)\b",
    re.IGNORECASE,
)
_LEAST_WORDS = 5  # of a sentence before it is asked to be English


def fault_of_words(text: str) -> str | None:
    """Return what a wording, marked by `checking_slots`, says that only a slot may."""
    for pattern, fault in (
        (_NUMBER, "it wrote a number in words"),
        (_ROMAN, "it wrote a number in words"),
        (_JUDGES, "it judged in words of its own"),
        (_TURNS, "it denied or compared in words of its own"),
    ):
        if found := pattern.search(text):
            return f'{fault} ("{" ".join(found[0].lower().split())}")'
    for sentence in re.split(rf"[.!?\n{SENTENCE_MARK}]", text):
        words = re.findall(r"[a-z]+", sentence.lower())
        if len(words) >= _LEAST_WORDS and not _ENGLISH.search(sentence):
            return "it did not write English"
    return None
