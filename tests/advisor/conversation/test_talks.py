"""Whole conversations about models nobody here has run, each kind once.

Each ends with a rate one can use, how little it rests on, and a way in.
"""

import json

import pytest

from advisor.rates import rate_text
from advisor.service import Advisor

MOST_WORDS = 90
OWN, GRIDS, SETTINGS = "told", "grids", "settings"
GPT = """batch_size = 6
block_size = 512
gradient_accumulation_steps = 30
learning_rate = 4e-4
weight_decay = 1e-1
beta2 = 0.95
my nanogpt has one 4090 now so i want gradient_accumulation_steps = 5. lr?"""
YOLO = """task: detect
model: yolov5m.pt
batch: 32
imgsz: 512
lr0: 0.01
optimizer: SGD
which lr0?"""


@pytest.fixture(scope="module")
def advisor():
    with Advisor.open(":memory:", study=True, library=True) as opened:
        yield opened


def talk(advisor, *turns):
    """The answers of a conversation, each asked after the one before."""
    answers, before = [], None
    for turn in turns:
        answers.append(advisor.ask(turn, context=before))
        before = answers[-1].leads_on
    return answers


@pytest.mark.parametrize(
    ("turns", "model", "source", "known_at", "to"),
    [
        (
            (
                "sdxl lora, rank 64, which lr for batch 2 with adamw?",
                "what if i accumulate 6 on top of that",
            ),
            "sdxl",
            SETTINGS,
            1,
            12,
        ),
        (
            (
                "resnet101 on imagenet, sgd momentum 0.9, 0.2 at batch 512 is what the "
                "paper has. I got 4 gpus with 48 images each. lr?",
                "does linear scaling hold there",
                "and at 96?",
            ),
            "resnet101",
            OWN,
            512,
            96,
        ),
        (
            (GPT, "is linear scaling right for adam", "plus accumulation 3 on top?"),
            "nanogpt",
            OWN,
            180,
            90,
        ),
        (
            ("my dfl-saehd runs fine at 4e-5 with batch 6, so 10?", "and 20 images?"),
            "dfl-saehd",
            OWN,
            6,
            20,
        ),
        ((YOLO, "AdamW with lr0 0.003", "20 pics"), "yolov5m", SETTINGS, 64, 20),
        (
            (
                "unet for cell segmentation, adam, batch 16: which learning rate?",
                "6 worked fine at 2e-4 on the old box. the new one fits 24 images",
                "3 of those cards, sorry",
            ),
            "unet",
            OWN,
            6,
            72,
        ),
        (
            (
                "sngan, Adam betas 0.0 0.9, batch 48: lr for g and d?",
                "the authors used 3e-4 at 96",
                "so what at 24",
            ),
            "sngan",
            OWN,
            96,
            24,
        ),
        (
            ("finetuning qwen2.5 7b, bsz 4: which lr?", "it is a qlora, r=32"),
            "qwen2.5 7b",
            GRIDS,
            128,
            4,
        ),
        (
            (
                "qwen2.5 7b with lora, batch 4: which lr?",
                "and a full fine-tune?",
                "with 2 gpus and grad accum 4?",
            ),
            "qwen2.5 7b",
            SETTINGS,
            64,
            32,
        ),
        (
            (
                "deit-tiny: 5e-4 works at 1024 with adamw, I can do 256 on my 2 cards, "
                "which lr?",
                "how confident are you",
                "which rate should I test next?",
            ),
            "deit-tiny",
            OWN,
            1024,
            256,
        ),
        (
            ("lr for a small gru, batch 40, adam?", "and at 160?"),
            "gru",
            SETTINGS,
            32,
            160,
        ),
        (
            ("tabular mlp, adam, batch 32, lr?", "and at 512?", "is 0.02 too much"),
            "tabular mlp",
            GRIDS,
            256,
            512,
        ),
        (
            ("krakennet at batch 12 with adam, which lr?",),
            "krakennet",
            SETTINGS,
            8,
            12,
        ),
    ],
)
def test_a_conversation_ends_with_a_rate_its_honesty_and_a_way_in(
    advisor, turns, model, source, known_at, to
):
    answers = talk(advisor, *turns)
    last = answers[-1]
    told = last.to_dict()
    assert told["unknown_workload"] == model
    carried = told["carried_over"]
    assert (carried["from"]["batch_size"], carried["to_batch_size"]) == (known_at, to)
    assert (carried["published"] is not None) == (source == GRIDS)
    assert bool(carried["settings"]) == (source == SETTINGS)
    measured = carried["measured"]
    shown = [measured["median"], measured["low"], measured["high"]]
    shown += carried["rules"].values()
    assert all(rate_text(rate) in last.text for rate in shown)
    assert f"Nothing here was measured on {model}" in last.text
    assert "lr-advisor import FILE" in last.text
    for answer in answers:
        assert len(answer.text.split()) <= MOST_WORDS, answer.text
        assert "I cannot say" not in answer.text
    json.dumps(told, allow_nan=False)


def test_a_setting_of_others_is_cited_and_called_weak(advisor):
    (answer,) = talk(advisor, "lr for pix2pix at batch 4, adam?")
    assert "so this is weak" in answer.text
    for setting in answer.carried_over.settings:
        assert setting.source.partition(" (")[0] in answer.text
        assert rate_text(setting.learning_rate) in answer.text


def test_a_rate_that_is_asked_about_is_set_against_a_setting_of_others(advisor):
    _, answer = talk(advisor, "yolov8m with sgd, batch 64, lr?", "is 0.05 ok there?")
    assert "5e-2 is 5 times that rate" in answer.text


def test_a_rate_told_with_another_optimizer_takes_the_place_of_the_first(advisor):
    *_, answer = talk(
        advisor,
        "yolo11s with SGD, 0.02 works at batch 32. which lr for batch 96?",
        "Adam with lr 0.004",
        "and at 128?",
    )
    carried = answer.carried_over
    assert (carried.learning_rate, carried.optimizer) == (0.004, "adam")
    assert (carried.from_batch_size, carried.to_batch_size) == (32, 128)
    assert "needs one of its own" not in answer.text


def test_a_rate_is_not_carried_over_to_an_optimizer_that_steps_otherwise(advisor):
    *_, answer = talk(
        advisor, "unet: adam, 1e-3 works at batch 8, for batch 24?", "with sgd"
    )
    assert "Your rate was with Adam: SGD needs one of its own" in answer.text


def test_an_optimizer_that_finds_its_rate_gets_no_rate_of_another(advisor):
    *_, answer = talk(
        advisor, "flux lora: 2e-4 works at batch 2, what for 8?", "and with prodigy?"
    )
    assert answer.carried_over is None
    assert answer.text.startswith("Prodigy finds its rate itself")


def test_accumulation_said_anew_takes_the_place_of_the_earlier_one(advisor):
    _, answer = talk(
        advisor,
        "mistral 7b lora, bsz 3 and accumulation 8, lr?",
        "what if i go down to accumulation 2",
    )
    assert answer.carried_over.to_batch_size == 6
    assert "3 x 2 steps of accumulation = 6." in answer.warnings


@pytest.mark.parametrize(
    "question",
    [
        "do you read tensorboard logs?",
        "could you load wandb exports?",
        "can I hand you my sweep as a csv",
        "how can i send you my history.json",
    ],
)
def test_how_to_bring_runs_in_is_told_in_the_middle_of_a_conversation(
    advisor, question
):
    *_, answer = talk(advisor, "gru: 1e-3 works at batch 16, what for 64?", question)
    assert answer.intent == "help"
    assert "lr-advisor import" in answer.text


def test_which_rule_holds_is_said_where_no_rate_is_known(advisor):
    *_, answer = talk(
        advisor, "what is krakennet like?", "does linear scaling hold for it with sgd?"
    )
    assert "How likely is each rule" in answer.text
