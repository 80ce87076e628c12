"""What a follow-up means comes from the record of the turn before, not from its words.

Also: the record is saved with an answer, and a turn that is known by its text alone is
read once.
"""

import json
from dataclasses import replace

import pytest

from advisor.answers.recommendation import Recommendation
from advisor.conversation import about_rates, about_symptoms
from advisor.conversation.history import answers_of
from advisor.reading.intents import Intent
from advisor.reading.question import Offer, Question
from advisor.service import Advisor

# Whoever read this again would take it for anything but what was answered.
REWORDED = (
    "Which model, and at which batch size? Start at 3e-3 for digits_cnn at batch 64. I "
    "can check 7e-7 for DLight. Shall I? As you asked: for 500 steps at a risk of 1 %."
)
CHAINS = [
    ("What LR for batch 5 on RealFace?", "and at batch 9?"),
    ("What LR for batch 5 on RealFace for 20k steps?", "is 2e-4 too much then?"),
    ("Is 1e-4 safe for digits_mlp at batch 32?", "run it"),
    ("Largest batch for 1e-4 on RealFace?", "and 5e-5?"),
    ("my realface at batch 5 with 3e-4 went blurry after 20k", "and at 1e-4?"),
    ("compare realface and dlight at batch 6", "at 16 rather"),
]


@pytest.fixture(scope="module")
def advisor(tmp_path_factory):
    with Advisor.open(
        tmp_path_factory.mktemp("store"), study=False, library=False
    ) as opened:
        yield opened


def understood(advisor, first, then):
    """What a follow-up of a first question is taken for, and the text before it."""
    before = advisor.ask(first)
    after = advisor.ask(then, before.leads_on)
    taken = after.intent, after.slots, after.conditions, after.inherited
    return taken, before.text


@pytest.mark.parametrize(("first", "then"), CHAINS)
def test_a_follow_up_means_the_same_however_the_answer_is_worded(
    advisor, monkeypatch, first, then
):
    as_it_is, text = understood(advisor, first, then)
    for module in (about_rates, about_symptoms):
        for name in vars(module):
            if name.endswith("text_of") or (
                name.endswith("_text") and name != "rate_text"
            ):
                monkeypatch.setattr(module, name, lambda *_, **__: REWORDED)
    reworded, other_text = understood(advisor, first, then)
    assert other_text != text
    assert REWORDED in other_text
    assert reworded == as_it_is
    assert reworded[0] is not Intent.NEEDS_CLARIFICATION


@pytest.mark.parametrize("yes", ["yes", "run it", "do that", "go ahead"])
def test_a_yes_proposes_the_runs_that_were_offered(advisor, yes):
    before = advisor.ask("What LR for batch 5 on RealFace?")
    offered = before.offered_plan.spec
    assert offered.workload == "realface@1/16"
    answer = advisor.ask(yes, before.leads_on)
    assert answer.intent is Intent.RUN_VERIFICATION
    spec = answer.proposal.details["spec"]
    assert spec["workload"] == offered.workload
    assert spec["batch_sizes"] == list(offered.batch_sizes)
    assert spec["learning_rates"] == []


def test_who_names_another_rate_means_the_model_that_was_asked_about(advisor):
    before = advisor.ask("What LR for batch 5 on RealFace?")
    answer = advisor.ask("sure, but with 8e-5", before.leads_on)
    assert answer.intent is Intent.RUN_VERIFICATION
    assert (answer.slots["workload"], answer.slots["learning_rate"]) == (
        "realface",
        8e-5,
    )


@pytest.mark.parametrize(
    ("first", "rate"),
    [
        ("What LR for batch 5 on RealFace?", "and 2e-4?"),
        ("my realface at batch 5 with 3e-4 went blurry after 20k", "and at 1e-4?"),
    ],
)
def test_another_rate_alone_is_judged_and_starts_nothing(advisor, first, rate):
    before = advisor.ask(first)
    assert before.leads_on.offered is not None
    answer = advisor.ask(rate, before.leads_on)
    assert answer.intent is Intent.JUDGE_LR
    assert answer.proposal is None


def test_the_rates_that_were_offered_are_those_a_yes_proposes(advisor):
    before = advisor.ask("verify digits_mlp at batch 32 with lr 0.01")
    assert before.leads_on.offered == Offer("digits_mlp", (32,), (0.01,))
    again = advisor.ask("ok do it", before.leads_on)
    assert again.proposal.details["spec"]["learning_rates"] == [0.01]


def test_a_yes_where_no_runs_are_offered_proposes_none(advisor):
    before = advisor.ask("verify digits_mlp at batch 32 with lr 0.01").leads_on
    answer = advisor.ask("yes", replace(before, offered=None, wanted=Intent.JUDGE_LR))
    assert answer.proposal is None


def test_what_was_asked_for_stays_known_while_the_rest_is_asked_back(advisor):
    turn = None
    for text in ("my realface went blurry after 20k", "batch 5", "1e-4"):
        answer = advisor.ask(text, turn)
        turn = answer.leads_on
    assert answer.intent is Intent.DIAGNOSE
    assert answer.judgements[0].learning_rate == 1e-4
    assert "blurry" in turn.told
    safe = advisor.ask("is 1e-4 safe for realface?")
    assert safe.clarification["question"] == "Which batch size?"
    assert advisor.ask("5", safe.leads_on).intent is Intent.JUDGE_LR


def test_turns_that_name_nothing_hand_on_the_one_before(advisor):
    first = advisor.ask("What LR for batch 5 on RealFace?")
    between = first
    for text in ("help", "status of the jobs?", "what is warm-up?"):
        between = advisor.ask(text, between.leads_on)
        assert between.leads_on.slots == first.leads_on.slots
    assert advisor.ask("help").leads_on is None


def test_a_saved_answer_knows_the_turn_it_followed(advisor):
    first = advisor.ask("What LR for batch 5 on RealFace for 20k steps?")
    then = advisor.ask("and at batch 9?", first.leads_on, conversation="conversation:x")
    (saved,) = answers_of(advisor.store, "conversation:x")
    assert isinstance(saved.context, Question)
    assert saved.context.to_document() == first.leads_on.to_document()
    again = advisor.ask(saved.question, saved.context, save=False)
    assert (again.slots, again.conditions) == (then.slots, then.conditions)
    assert isinstance(again.recommendation, Recommendation)


@pytest.mark.parametrize("context", ["What LR for batch 5 on RealFace?", '{"a": 1}'])
def test_an_answer_that_was_saved_with_a_text_is_read_as_before(advisor, context):
    conversation = f"conversation:{len(context)}"
    advisor.ask("and at batch 9?", context, conversation=conversation)
    (saved,) = answers_of(advisor.store, conversation)
    assert saved.context == context
    advisor.ask(saved.question, saved.context, save=False)


def test_a_turn_as_a_record_survives_json(advisor):
    turn = advisor.ask("verify digits_mlp at batch 32 and 64 in bf16").leads_on
    again = Question.from_document(json.loads(json.dumps(turn.to_document())))
    kept = replace(turn, confidence=0.0, alternatives=(), budget_seconds=None)
    assert again == kept
    assert again.offered.batch_sizes == (32, 64)


# -- the setting -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "conditions"),
    [
        ("in bf16", {"precision": "bf16"}),
        ("with half precision bf16", {"precision": "bf16"}),
        ("in fp32", {"precision": "fp32"}),
        ("with the sgd-warmup recipe", {"recipe": "sgd-warmup"}),
        ("with sgd and momentum", {"recipe": "momentum"}),
    ],
)
def test_a_recipe_and_a_precision_in_words_reach_the_answer_and_its_plan(
    advisor, words, conditions
):
    answer = advisor.ask(f"What LR for digits_mlp at batch 32 {words}?")
    same = advisor.recommend("digits_mlp", 32, **conditions)
    assert answer.conditions == conditions
    assert answer.warnings == ()
    assert answer.recommendation.learning_rate == same.learning_rate
    spec = answer.offered_plan.spec
    assert conditions.items() <= {**vars(spec)}.items()
    after = advisor.ask("and at batch 64?", answer.leads_on)
    assert after.conditions == conditions


@pytest.mark.parametrize(
    ("words", "recipe"),
    [
        ("with today's betas", "faceswap-3"),
        ("faceswap-3 recipe", "faceswap-3"),
        ("with the old betas", "faceswap-2021"),
    ],
)
def test_the_eras_of_the_face_program_are_named_by_recipe_or_betas(
    advisor, words, recipe
):
    answer = advisor.ask(f"What LR for RealFace at batch 5 {words}?")
    assert answer.recommendation.recipe == recipe
    assert answer.slots["batch_size"] == 5
    digits = advisor.ask(f"What LR for digits_mlp at batch 32 {words}?")
    assert digits.conditions == {}


def test_runs_that_are_asked_for_in_bf16_are_made_in_bf16(advisor):
    answer = advisor.ask("verify digits_mlp at batch 32 with lr 0.01 in bf16")
    assert answer.proposal.details["spec"]["precision"] == "bf16"


@pytest.mark.parametrize("words", ["in fp16", "with mixed precision fp16", "with amp"])
def test_fp16_is_heeded_as_the_option_for_it_is(advisor, words):
    answer = advisor.ask(f"What LR for digits_mlp at batch 32 {words}?")
    assert answer.warnings == ()
    assert answer.conditions == {"precision": "fp16"}
    asked = advisor.recommend("digits_mlp", 32, precision="fp16")
    assert answer.recommendation.learning_rate == asked.learning_rate


def test_a_recipe_that_a_model_is_not_trained_with_is_said_not_to_count(advisor):
    answer = advisor.ask("What LR for digits_mlp at batch 32 with the old betas?")
    assert answer.warnings == (
        "I did not take into account: the recipe faceswap-2021.",
    )
