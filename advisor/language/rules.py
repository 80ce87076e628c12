"""What the cues alone take a text for, and what tells a follow-up of another turn.

This is one of the witnesses that `learned` weighs; it decides nothing by itself.
"""

import re

from advisor.language.intents import NEEDED, Intent
from advisor.language.reading import Reading

# Below this weight a text has no intent of its own when there is a context.
_OWN_INTENT_WEIGHT = 1.9

# "stop", "why?" and "status" say nothing of what they speak of.
SHORTEST_SENTENCE = 8

YES = re.compile(
    r"^(?!\s*(?:thanks?|thank you|great|good|now|all|both)[\s!.]*$)[\s!.,]*(?:(?:yes|"
    r"yep|yeah|yup|ya|y|sure|ok|okay|please|do|go|it|that|them|ahead|run|start|fine|"
    r"sounds good|let's|lets|of course|absolutely|proceed|alright|great|good|verify|"
    r"right|correct|exactly|make it so|launch|now|thanks|thank you|check|both|all|for "
    r"it|so|the|this|verification|plan|runs|jobs?|please do|why not|certainly|"
    r"definitely)\b[\s!.,]*)+$"
)
OFFER = re.compile(
    r"\b(?:start (?:it|them|this|that|now)|run (?:it|them)|shall i|should i|i can "
    r"(?:check|run|verify|test|measure|train)|verif\w+|want me to|launch|i could "
    r"(?:check|run))\b"
)
_ORDER = re.compile(r"\b(?:run|start|verify|check|launch)\b")
POINTS_BACK = re.compile(
    r"^\W*(?:and|but|so|then|what about|how about|what if|also|same|why|or|with|at|on|"
    r"for|if|instead|ok|okay|hm+|now|use|make it|no)\b|\b(?:it|that|this|there|those|"
    r"them|these|same|instead|too|then|as well|again|behind|either|other|cheaper|"
    r"safer|lower|higher)\b(?! (?:app|tool|program)\b)"
)


def rule_intent(own: Reading, before: Reading | None) -> tuple[Intent, bool]:
    """Return the intent and whether it is the text's own (else the context's)."""
    marked = own.marked
    if before and YES.match(marked):
        if OFFER.search(before.marked) or _ORDER.search(marked):
            return Intent.RUN_VERIFICATION, False
        return intent_alone(before), False
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
    intent = intent_alone(before)
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
