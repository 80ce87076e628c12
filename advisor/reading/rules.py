"""What the cues alone take a text for, and what marks a follow-up.

`learned` weighs this; it decides nothing by itself.
"""

import re

from advisor.reading.intents import NEEDED, Intent
from advisor.reading.question import Question
from advisor.reading.reading import Reading

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
_ORDER = re.compile(r"\b(?:run|start|verify|check|launch)\b")
POINTS_BACK = re.compile(
    r"^\W*(?:and|but|so|then|what about|how about|what if|also|same|why|or|with|at|on|"
    r"for|if|instead|ok|okay|hm+|now|use|make it|no|"
    r"in (?:simple|plain|other))\b|\b(?:it|that|this|there|those|"
    r"them|these|same|instead|too|then|as well|again|behind|either|other|cheaper|"
    r"safer|lower|higher)\b(?! (?:app|tool|program)\b)"
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


_BARE = re.compile(r"\b(?:batch|at|with|on|and)\b|[^\w\s]|[\uE000-\uF7FF]")


def bare_intent(own: Reading) -> Intent | None:
    """Return what one model named with nothing but values asks: "dlight 8 1e-4"."""
    if len(own.names.workloads) != 1 or _BARE.sub(" ", own.marked).strip():
        return None
    sizes = [size for batch in own.roles.batches for size in batch.values]
    rates = own.roles.all_rates
    if not sizes and not rates:
        return None if own.roles.spare else Intent.NEEDS_CLARIFICATION
    if len(sizes) != 1 or len(rates) > 1:
        return None
    return Intent.JUDGE_LR if rates else Intent.RECOMMEND_LR


def follow_up_intent(own: Reading, before: Question) -> Intent | None:
    """Return what a scrap after another turn is about; None if it is no scrap."""
    if not is_scrap(own):
        return None
    names_nothing = not (own.has_rate or own.roles.batches or own.names.workloads)
    offers = before.offered is not None
    # A rate answers an offer of one rate; after others it is a rate to judge.
    offers_rate = before.offered is not None and before.offered.learning_rates
    if _NO.match(own.marked) and names_nothing:
        is_refusal = offers or before.wanted is Intent.STATUS_OF_JOBS
        return Intent.CANCEL if is_refusal else None
    names_rate = own.has_rate and before.wanted not in _ABOUT_A_RATE
    if (offers_rate and names_rate) or (offers and _AGREES.search(own.marked)):
        return Intent.RUN_VERIFICATION
    is_of_another = (
        before.wanted is Intent.DIAGNOSE and before.slots.learning_rate is not None
    )
    if own.has_rate and (before.wanted is Intent.RECOMMEND_LR or is_of_another):
        return Intent.JUDGE_LR
    if before.wanted in (Intent.OFF_TOPIC, Intent.HELP):
        return None
    return before.wanted


_ABOUT_A_RATE = (Intent.MAX_BATCH_FOR_LR, Intent.JUDGE_LR, Intent.DIAGNOSE)
_AGREES = re.compile(r"\b(?:do it|go|start|yes|yeah|ja|run it|please do)\b")


def rule_intent(own: Reading, before: Question | None) -> tuple[Intent, bool]:
    """Return the intent and whether it is the text's own (else the turn before's)."""
    marked = own.marked
    if before and YES.match(marked):
        if before.offered is not None or _ORDER.search(marked):
            return Intent.RUN_VERIFICATION, False
        return before.wanted, False
    if before and (found := follow_up_intent(own, before)):
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
    intent = before.wanted
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
