"""Several cards and steps of accumulation in words; arrows; adapters; short orders."""

import pytest

from advisor.reading.carried import Carried, read_carried
from advisor.reading.intents import Intent
from advisor.reading.parsing import parse_question, turn_of

KNOWN = ("original", "realface", "dlight", "digits_mlp", "digits_cnn")


def ask(text, before=None):
    turn = turn_of(before, KNOWN)
    return parse_question(text, before=turn, known_workloads=KNOWN)


@pytest.mark.parametrize(
    ("text", "batch_size"),
    [
        ("original on 6 cards times 12, lr?", 72),
        ("original on 2x3080, 9 on each, lr?", 18),
        ("original, 4xA100, per_device 3, accum 2: lr?", 24),
        ("original, 8gpu x 16bs, lr?", 128),
        ("original, mbs 4 gas 8, lr?", 32),
        ("original, 5 accumulated 4 times, lr?", 20),
        ("original, bs 3, a step every fourth batch, lr?", 12),
        ("original, bsz 2, grad_acc 16, world size 2, lr?", 64),
        ("original, batch 6 per gpu on a pair of gpus, lr?", 12),
        ("original, two cards at 14, lr?", 28),
    ],
)
def test_the_effective_batch_is_every_device_times_every_step(text, batch_size):
    found = ask(text)
    assert found.slots.workload == "original"
    assert found.slots.batch_size == batch_size


@pytest.mark.parametrize(
    ("text", "batch_size"),
    [
        ("original, effective 16 from micro 2, lr?", 16),
        ("original, effective 64 = 2 per gpu x 4 gpus x 8 steps, lr?", 64),
        ("original, 64 images over 4 gpus, lr?", 64),
        ("original, batch 16 x accumulation 8 (=128), lr?", 128),
        ("original, total 48 on 6 cards with 8, lr?", 48),
    ],
)
def test_a_total_that_is_stated_is_not_multiplied(text, batch_size):
    assert ask(text).slots.batch_size == batch_size


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("from one gpu with 16 to eight gpus with 16 each, scale the lr?", (16, 128)),
        ("from 2 to 8 gpus, 16 each, linear or sqrt for the lr?", (32, 128)),
        ("dlight was 16, now 8 with accumulation 4: scale the lr?", (16, 32)),
        ("dlight 6>24, scale the lr?", (6, 24)),
        ("dlight 5 => 20, scale the lr?", (5, 20)),
        ("going 4 → 12 on dlight, how much should the lr move", (4, 12)),
    ],
)
def test_what_was_before_and_what_comes_after_are_both_read(text, sizes):
    found = ask(text)
    assert found.intent is Intent.SCALING_RULE
    assert found.slots.batch_size == sizes


def test_a_rate_after_the_steps_of_accumulation_is_a_rate():
    found = ask("original, micro batch 16, accum 4, 1e-4: is it safe?").slots
    assert (found.batch_size, found.learning_rate) == (64, 1e-4)


def test_memory_of_a_card_is_no_batch_size():
    assert ask("a 3060 with twelve gigabytes, which lr?").slots.batch_size is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sdxl lora rank 128, alpha 256, 8 per step, lr?", ("sdxl", 8, None)),
        ("sdxl lora, dim 32, batch 2, which unet lr?", ("sdxl", 2, None)),
        ("unet batch 8 lr?", ("unet", 8, None)),
    ],
)
def test_words_of_adapters_are_neither_batch_nor_rate_nor_model(text, expected):
    found = ask(text).slots
    assert (found.workload, found.batch_size, found.learning_rate) == expected


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("dlight 8 1e-4", Intent.JUDGE_LR),
        ("dlight 8", Intent.RECOMMEND_LR),
        ("dlight!!", Intent.NEEDS_CLARIFICATION),
        ("stpo it now", Intent.CANCEL),
        ("get rid of job 12", Intent.CANCEL),
        ("is it done yet?", Intent.STATUS_OF_JOBS),
        ("how much of it is through", Intent.STATUS_OF_JOBS),
        ("what can this page do", Intent.HELP),
        ("sources for dlight at batch 8", Intent.SHOW_RUNS),
        ("what do your runs say on linear scaling", Intent.SCALING_RULE),
    ],
)
def test_short_questions_and_orders_are_understood(text, intent):
    assert ask(text).intent is intent


def test_a_rate_that_was_recommended_is_not_taken_over_for_another_batch():
    found = ask("and at 14?", "For Original at batch 10 start at 6.2e-5.").slots
    assert (found.batch_size, found.learning_rate) == (14, None)


def test_the_arithmetic_of_an_effective_batch_is_shown():
    found = ask("original, 4 per gpu on 8 gpus, accumulation 2: lr?")
    assert found.slots.batch_size == 64
    assert "4 x 8 devices x 2 steps of accumulation = 64." in found.warnings


def test_cards_that_were_there_before_multiply_what_was_before():
    text = "my convnext on 6 gpus, 24 each, 4e-4 was fine, i only have 2 of them now"
    assert read_carried(text) == Carried(4e-4, from_batch_size=144, to_batch_size=48)
