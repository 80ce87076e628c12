"""A question in plain words from an intent and its slots, and read back as the same."""

import pytest

from advisor.conversation.kinds import KINDS
from advisor.conversation.rephrasing import other_readings, sentence_for
from advisor.reading.conditions import Conditions
from advisor.reading.intents import Intent
from advisor.reading.parsing import parse_question
from advisor.reading.question import Question, Slots

SLOTS = {"workload": "realface", "batch_size": 5, "learning_rate": 1e-4}
NAMED = {
    Intent.RECOMMEND_LR: ("workload", "batch_size"),
    Intent.COMPARE_MODELS: ("workload", "batch_size"),
    Intent.JUDGE_LR: tuple(SLOTS),
    Intent.MAX_BATCH_FOR_LR: ("workload", "learning_rate"),
    Intent.SCALING_RULE: ("workload",),
    Intent.FASTEST_BATCH: ("workload",),
    Intent.RUN_VERIFICATION: tuple(SLOTS),
    Intent.SHOW_RUNS: ("workload", "batch_size"),
}


def test_every_intent_has_a_row_of_the_table():
    assert set(KINDS) == set(Intent)


@pytest.mark.parametrize("intent", NAMED)
def test_a_question_in_plain_words_is_read_back_as_itself(intent):
    slots = {name: SLOTS[name] for name in NAMED[intent]} | {"device": "cpu"}
    if intent is Intent.COMPARE_MODELS:
        slots["workload"] = ["realface", "dlight"]
    found = parse_question(sentence_for(intent, slots), known_workloads=[])
    assert found.intent is intent
    assert {k: v for k, v in found.slots.to_dict().items() if v is not None} == slots


@pytest.mark.parametrize(
    "conditions",
    [
        {"horizon_steps": 20_000, "risk": 0.05},
        {"recipe": "faceswap-3"},
        {"precision": "bf16", "horizon_steps": 5000},
        {"recipe": "faceswap-2021", "precision": "fp32", "risk": 0.01},
    ],
)
def test_conditions_in_plain_words_are_read_back_as_they_were(conditions):
    sentence = sentence_for(Intent.RECOMMEND_LR, SLOTS, conditions)
    found = parse_question(sentence, known_workloads=[])
    assert found.conditions.said == conditions
    assert (found.slots.workload, found.slots.batch_size) == ("realface", 5)


@pytest.mark.parametrize("intent", NAMED)
def test_what_is_missing_makes_no_question(intent):
    sentence = sentence_for(intent, {"device": "cpu"})
    assert (sentence is None) is (intent is not Intent.SCALING_RULE)
    assert sentence_for(Intent.HELP, SLOTS) is None


def test_other_readings_are_offered_only_in_doubt():
    question = Question(
        "realface 5 1e-4",
        Intent.JUDGE_LR,
        Slots(**SLOTS),
        wanted=Intent.JUDGE_LR,
        conditions=Conditions(precision="bf16"),
        confidence=0.4,
        alternatives=(Intent.RUN_VERIFICATION, Intent.HELP, Intent.DIAGNOSE),
    )
    assert other_readings(question)["options"] == [
        "Run a test of RealFace at batch size 5 with a learning rate of 1e-4 in bf16."
    ]
    sure = Question(**{**vars(question), "confidence": 0.9})
    assert other_readings(sure) is None
