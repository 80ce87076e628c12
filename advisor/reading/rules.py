"""What the cues alone take a text for, and what tells a follow-up of another turn.

This is one of the witnesses that `learned` weighs; it decides nothing by itself.
"""

import re

from advisor.reading.intents import NEEDED, Intent
from advisor.reading.reading import Reading
from advisor.reading.text import NAME, Mark

# Below this weight a text has no intent of its own when there is a context.
_OWN_INTENT_WEIGHT = 1.9

# "stop", "why?" and "status" say nothing of what they speak of.
SHORTEST_SENTENCE = 8

YES = re.compile(
    r"^(?!\s*(?:thanks?|thank you|great|good|now|all|both)[\s!.]*$)[\s!.,]*(?:(?:yes|"
    r"ja|yep|yeah|yup|ya|y|sure|ok|okay|please|do|go|it|that|them|ahead|run|start|fine|"
    r"sounds good|let's|lets|of course|absolutely|proceed|alright|great|good|verify|"
    r"right|correct|exactly|make it so|launch|now|thanks|thank you|check|both|all|for "
    r"it|so|the|this|verification|plan|runs|jobs?|please do|why not|certainly|"
    r"definitely)\b[\s!.,]*)+$"
)
NO = re.compile(
    r"[\s!.,]*(?:(?:no+|nope|nah|nein|not now|don'?t|do not|never ?mind|forget it|"
    r"leave it|skip it|cancel that|drop it|thanks?|thank you|please|later|rather not|"
    r"not that)[\s!.,]*)+"
)
# What takes more than politeness: "ok thanks" and "right" agree to nothing.
SAYS_YES = re.compile(
    r"\b(?:yes|yep|yeah|yup|ya|y|ja|sure|go|do it|do that|run|start|proceed|launch|"
    r"of course|absolutely|make it so|verify|certainly|definitely|let'?s|why not)\b"
)
SAYS_NO = re.compile(
    r"\b(?:no+|nope|nah|nein|not|don'?t|mind|forget|leave|skip|cancel|drop|later)\b"
)
POLITE = re.compile(
    r"[\s!.,]*(?:(?:ok(?:ay)?|thanks?|thank you|thx|ty|cheers|great|good|nice|cool|"
    r"fine|right|alright|perfect|awesome|got it|i see|please|very much|a lot|all)"
    r"[\s!.,]*)+"
)
OFFER = re.compile(
    r"\b(?:start (?:it|them|this|that|now)|run (?:it|them)|shall i|should i|i can "
    r"(?:check|run|verify|test|measure|train)|verif\w+|want me to|launch|i could "
    r"(?:check|run))\b"
)
_ORDER = re.compile(r"\b(?:run|start|verify|check|launch)\b")
POINTS_BACK = re.compile(
    r"^\W*(?:and|but|so|then|what about|how about|what if|also|same|why|or|with|at|on|"
    r"for|if|instead|ok|okay|hm+|now|use|make it|no|"
    r"in (?:simple|plain|other))\b|\b(?:it|that|this|there|those|"
    r"them|these|same|instead|too|then|as well|again|behind|either|other|cheaper|"
    r"safer|lower|higher)\b(?! (?:app|tool|program)\b)"
)


# What we say ourselves, or ask back, and what is wanted by who answers with a scrap.
_R, _B, _O = Mark.RATE, Mark.BATCH, Mark.OTHER
_SAID = tuple(
    (intent, re.compile(pattern))
    for intent, pattern in (
        (
            Intent.JUDGE_LR,
            r"\bto judge\b|\bwhether (?:that |this )?(?:rate )?.{0,3}\bis\b",
        ),
        (Intent.DIAGNOSE, r"\bwhen it (?:diverged|failed)|\bwhat exactly did you see"),
        (Intent.FASTEST_BATCH, r"\bfastest\b|\bspeed\b|\bthroughput\b|\begs? ?/ ?s"),
        (
            Intent.RECOMMEND_LR,
            r"(?:lr|rate)\b[^!]*\bwhich\b|\bwhich\b[^!]*\b(?:lr|rate)\b|"
            r"(?:lr|rate)\b[^!]*\bwhat is your batch",
        ),
        (
            Intent.STATUS_OF_JOBS,
            rf"\bjobs? {_O} (?:is|has|was|are)\b|\bno jobs?\b|\b(?:queued|started) "
            rf"(?:as )?(?:job|{_O} (?:checks|jobs))|\bjobs? (?:are|is) running",
        ),
        (
            Intent.MAX_BATCH_FOR_LR,
            rf"{_R}[^.?!]{{0,40}}\bup to (?:about )?batch|"
            r"\bbatch[^.?!]{0,30}\bcan go to|"
            r"\blargest batch",
        ),
        (
            Intent.SCALING_RULE,
            rf"\b(?:to the power|barely changes|hardly moves|grew as|proportional)\b|"
            rf"\bfrom batch {_B} to (?:batch )?{_B}",
        ),
        (
            Intent.COMPARE_MODELS,
            rf"{NAME}[^.?!]{{0,40}}\bthan\b[^.?!]{{0,10}}{NAME}",
        ),
        (
            Intent.JUDGE_LR,
            rf"^\W*{_R}(?: \w+)? (?:is|are|looks?|seems|holds|diverged|should be|"
            r"works?)\b|"
            rf"{_R} (?:is|looks) (?:fine|ok|risky|too|safe|stable|at the edge|inside)",
        ),
        (
            Intent.RECOMMEND_LR,
            rf"\b(?:start|try|begin|go)[^.?!]{{0,40}}{_R}|{_B}[^.?!]{{0,4}}:? {_R}|"
            rf"{_R} for ",
        ),
        (
            Intent.SHOW_RUNS,
            r"\b(?:runs?|nothing) (?:for|recorded|at|of)\b|\bruns, with\b",
        ),
    )
)
_NO = re.compile(r"^\W*(?:no+|nope|nah|nein|not now|no thanks|no thank you)\b")
_FILLER = re.compile(
    r"\b(?:and|n|so|but|ok(?:ay)?|then|what|about|how|if|it|is|was|on|at|for|in|with|to|"
    r"the|a|an|of|one|ones|only|those|these|no|nope|not|i|meant?|we|use|used|try|say|"
    r"also|too|as|well|instead|rather|now|please|just|make|that|this|there|would|"
    r"batch|model|same|oh|oops|sorry|wait|hm+|actually|case|my|move|take|switch|"
    r"half the rate|twice the rate|double the rate|typo|typed|should have been|add|"
    r"twice|double|half|or|do|go|them|all|both|"
    r"against|against|by|from|n't|s)\b|[^\w\s]|[\uE000-\uF7FF]|\d"
)


def is_scrap(own: Reading) -> bool:
    """Whether a text names values and little else: "and at 9?", "on adam not sgd"."""
    return len(own.marked) < 60 and not _FILLER.sub(" ", own.marked).strip()


def said_intent(before: Reading) -> Intent | None:
    """Return what an answer or a question of ours was about; None: it is neither."""
    asks_back = bool(ASKS_BACK.search(before.marked))
    is_question = before.cues.weight >= _CLEAR and "?" in before.text
    is_order = before.cues.intent is Intent.RUN_VERIFICATION and not (
        asks_back or _STARTS_AT.search(before.marked)
    )
    if (is_question and not asks_back) or (
        is_order and not OFFER.search(before.marked)
    ):
        return None
    for intent, pattern in _SAID:
        if pattern.search(before.marked):
            return intent
    return None


def intent_of_turn(before: Reading) -> Intent:
    """Return what the turn before was about, be it a question or an answer of ours."""
    return said_intent(before) or intent_alone(before)


_STARTS_AT = re.compile(rf"\b(?:start|try|begin)[^.?!]{{0,20}}{_R}")
_CLEAR = 3.0
ASKS_BACK = re.compile(
    rf"\b(?:which|what) ?(?:model|batch|lr|rate|{NAME})[^.?!]{{0,80}}\?|\bstart it\?"
)


def follow_up_intent(own: Reading, before: Reading, earlier: Intent) -> Intent | None:
    """Return what a scrap after another turn is about; None if it is no scrap.

    Args:
        own: The text.
        before: The turn before it.
        earlier: What that was about.
    """
    if not is_scrap(own):
        return None
    asks_back = bool(ASKS_BACK.search(before.marked))
    offers = bool(OFFER.search(before.marked)) and not (
        asks_back and "start it" not in before.marked
    )
    names_nothing = not (own.has_rate or own.roles.batches or own.names.workloads)
    if _NO.match(own.marked) and names_nothing:
        is_refusal = offers or earlier is Intent.STATUS_OF_JOBS
        return Intent.CANCEL if is_refusal else None
    names_rate = own.has_rate and earlier not in _ABOUT_A_RATE
    if offers and (names_rate or _AGREES.search(own.marked)):
        return Intent.RUN_VERIFICATION
    if earlier is Intent.RECOMMEND_LR and own.has_rate:
        return Intent.JUDGE_LR
    if earlier in (Intent.OFF_TOPIC, Intent.HELP):
        return None
    return earlier


_ABOUT_A_RATE = (Intent.MAX_BATCH_FOR_LR, Intent.JUDGE_LR)
_AGREES = re.compile(r"\b(?:do it|go|start|yes|yeah|ja|run it|please do)\b")


def rule_intent(own: Reading, before: Reading | None) -> tuple[Intent, bool]:
    """Return the intent and whether it is the text's own (else the context's)."""
    marked = own.marked
    if before and YES.match(marked):
        if OFFER.search(before.marked) or _ORDER.search(marked):
            return Intent.RUN_VERIFICATION, False
        return intent_of_turn(before), False
    if before and (found := follow_up_intent(own, before, intent_of_turn(before))):
        return found, False
    is_weak = own.cues.intent is None or own.cues.weight < _OWN_INTENT_WEIGHT
    if (
        before
        and own.cues.intent is Intent.EXPLAIN_CONCEPT
        and POINTS_BACK.search(marked)
    ):
        return own.cues.intent, True
    if not before or not is_weak:
        return intent_alone(own), True
    belongs = own.cues.is_domain or own.names.device or POINTS_BACK.search(marked)
    if not belongs:
        return Intent.OFF_TOPIC, True
    intent = intent_of_turn(before)
    rates = own.roles.rates or own.roles.bare_rates
    if intent is Intent.RECOMMEND_LR and rates:
        return Intent.JUDGE_LR, False
    return intent, False


def intent_alone(reading: Reading) -> Intent:
    """Return the intent of one text, from its cues or else from what it names."""
    intent, roles = reading.cues.intent, reading.roles
    has_rate = bool(roles.rates or roles.bare_rates)
    is_weak = reading.cues.weight < _OWN_INTENT_WEIGHT
    if intent is not None and not (is_weak and has_rate):
        if intent is Intent.OFF_TOPIC or reading.cues.is_domain:
            return intent
        if intent in NEEDED or intent is Intent.EXPLAIN_CONCEPT:
            return Intent.OFF_TOPIC
        return intent
    if has_rate:
        return Intent.JUDGE_LR
    if reading.names.workloads and roles.batches:
        return Intent.RECOMMEND_LR
    is_scrap = bool(POINTS_BACK.search(roles.marked)) and len(roles.marked) < 16
    has_words = bool(re.search(r"[^\W\d_]{2}", reading.text))
    if reading.cues.is_domain or is_scrap or not has_words:
        return Intent.NEEDS_CLARIFICATION
    return Intent.OFF_TOPIC
