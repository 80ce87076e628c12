"""Wordings with slots of one made-up answer: which are shown and which are not."""

import pytest

from advisor.phrasing.checking_form import tidy_wording
from advisor.phrasing.phrasing import find_fault
from advisor.phrasing.slots import Slot, fill

SLOTS = (
    Slot("rate", "5.71e-5", "the rate", is_words=True),
    Slot("batch_size", "batch 5", "the batch size", False, True),
    Slot("verdict", "7e-5 is risky. P(stable) 0.8.", "the verdict"),
    Slot("caveat_1", "Nobody has tried more.", "a limit"),
    Slot("plan", "Verify: 3 runs.", "the plan", False),
)
GOOD = "{verdict} Start at {rate} for {batch_size}. {caveat_1} "


def fault_of(wording: str) -> str | None:
    return find_fault(tidy_wording(wording), SLOTS)


@pytest.mark.parametrize(
    "wording",
    [
        GOOD,
        GOOD + "What to do here: {plan}",
        "**Start** at `{rate}`.\n\n{verdict}\n{caveat_1}",
        "- {verdict}\n- {caveat_1}\n- I would start at { rate }",
        'Here is the verdict: {verdict}. "Start" at {rate} ({batch_size}); {REST}',
        "<think>0.5 is safe</think>" + GOOD,
        "One thing to keep in mind: {caveat_1} For that I would start at {rate}, "
        "with {batch_size}. And this is the verdict: {verdict}",
        "I'd start at {rate}. I go by the data. {verdict} {caveat_1}",
    ],
)
def test_an_honest_wording_has_no_fault(wording):
    assert fault_of(wording.replace("; {REST}", ". {caveat_1}")) is None


def test_a_wording_is_filled_with_the_texts_of_the_answer():
    wording = "{verdict} Start at {rate}, for {batch_size}. Mind: {caveat_1}."
    assert fault_of(wording) is None
    assert fill(wording, SLOTS) == (
        "7e-5 is risky. P(stable) 0.8. Start at 5.71e-5, for batch 5. "
        "Mind: Nobody has tried more."
    )


DIGITS = [
    "Or 1e-4.",
    "At 5.",
    "\uff15.",
    "\u2464",
    "\u00b2",
    "10\u207b\u2074",
    "\u4e94",
]
NUMBERS = [
    *("Ten runs.", "Take half.", "A dozen.", "Twenty-five of it.", "For one hour."),
    *("It is tenfold.", "Batch one.", "XII of it.", "In a minute.", "Ninety percent."),
    *("Some hundreds.", "It is squared.", "Do it three times.", "T\u200bwo."),
]
VERDICTS = [
    *("It is safe.", "It is risky.", "That works.", "You can go ahead.", "Avoid it."),
    *("It is fine.", "It holds.", "It will diverge.", "The best there is.", "Yes."),
    *("It is unstable.", "It is too high.", "It was measured.", "Ignore that."),
    *(
        "It is overly careful.",
        "Only in theory.",
        "That is wrong.",
        "It is S\u00adAFE.",
    ),
]
DENIALS = [
    *("It isn't so.", "That is no limit.", "Never.", "Go higher.", "Stay below it."),
    *("Increase it.", "Hardly so.", "Use more of it.", "Use anything rather than it."),
    *(
        "Just over it.",
        "Stay under it.",
        "Take its root.",
        "The roots of it.",
        "Per GPU.",
    ),
    *("The sum of it.", "It plus some.", "That minus a tad.", "A bit.", "Slightly so."),
    *("Go inverse to it.", "Add a tad."),
]
FORMS = [
    *("$x$", "[a](b)", "see a.bc", "javascript:a", "&lt;", "\n# Title", "<b>", "a | b"),
    *("I ran it.", "I've queued them.", "We will start now.", "It is running."),
    *("Verification is in progress.", "Guaranteed.", "Certainly.", "\u0430.", "\xa4"),
    *(
        "das ist ohne jeden Zweifel richtig",
        "puedes usar esta tasa siempre",
        "{",
        "{rate:g}",
    ),
    *("{unknown}", "{Rate}", "{plan} {plan}", "{caveat_1}"),
]


@pytest.mark.parametrize("more", [*DIGITS, *NUMBERS, *VERDICTS, *DENIALS, *FORMS])
def test_what_only_a_slot_may_say_is_refused(more):
    assert fault_of(GOOD + more) is not None


@pytest.mark.parametrize(
    "wording",
    [
        "{verdict} {caveat_1}",
        "Start at {rate}. {caveat_1}",
        "Start at {rate}. {verdict}",
        "Start at -{rate}. {verdict} {caveat_1}",
        "Start at - {rate}. {verdict} {caveat_1}",
        "Start at {rate}{batch_size}. {verdict} {caveat_1}",
        "Start at {rate}k. {verdict} {caveat_1}",
        "Start at {rate}%. {verdict} {caveat_1}",
        "Start at {rate}.{batch_size}. {verdict} {caveat_1}",
        "They think that {verdict} Start at {rate}. {caveat_1}",
        "{verdict} as some say. Start at {rate}. {caveat_1}",
        "{verdict}, as some say. Start at {rate}. {caveat_1}",
        "Start at {verdict} {rate} it is. {caveat_1}",
        "{verdict}{caveat_1} Start at {rate}.",
        "",
    ],
)
def test_slots_that_lack_or_stand_wrong_are_a_fault(wording):
    assert fault_of(wording) is not None


def test_the_reason_is_one_line():
    assert fault_of(GOOD + "For one\nrun.") == 'it wrote a number in words ("one run")'


def test_a_lone_surrogate_does_not_reach_the_page():
    assert tidy_wording(GOOD + "\ud800").encode()
