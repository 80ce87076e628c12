"""Settings pasted from other programs: the batch over all devices, the rate, the names.

Keys that nobody listed are told by their parts.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.reading.parsing import parse_question
from advisor.reading.pasted import settings_in_words


def slots_of(text):
    found = parse_question(text, known_workloads=[]).slots
    return found.workload, found.batch_size, found.learning_rate, found.optimizer


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        (
            "per_device_train_batch_size=8 gradient_accumulation_steps=4, model "
            "bert-base, optim=adamw_torch, learning_rate=2e-5: ok?",
            ("bert-base", 32, 2e-5, "adamw"),
        ),
        (
            '{"base_model": "org/llama-3-8b", "batch_size": 128, "micro_batch_size": 4,'
            ' "learning_rate": 0.0003, "lora_r": 16, "lora_alpha": 32}\ntoo high?',
            ("llama-3-8b", 128, 3e-4, None),
        ),
        (
            "train.py --arch resnet18 -b 14 --lr 3e-4 --wd 1e-4 --opt sgd, safe?",
            ("resnet18", 14, 3e-4, "sgd"),
        ),
        (
            "model: dlight\nbatch_per_gpu: 6\nn_gpus: 2\nlr: 5e-5\nweight_decay: 0.05\n"
            "is that fine?",
            ("dlight", 12, 5e-5, None),
        ),
        (
            "trainer = realface\nimages_per_step_micro_bs = 3\ngrad_accum = 4\n"
            "lr = 6e-5\nmin_lr = 1e-7\nok?",
            ("realface", 12, 6e-5, None),
        ),
        (
            "effective_batch_size: 64\nmicro_batch_size: 16\naccum_steps: 4\n"
            "model: original\nlearning_rate: ???\nwhich?",
            ("original", 64, None, None),
        ),
        ("-t dlight -bs 14 -lr 1e-4 fine?", ("dlight", 14, 1e-4, None)),
        (
            "optimizer_type: AdamW8bit\ntrain_batch_size: 4\nunet_lr: 1e-4\nmodel: "
            "sdxl\n"
            "network_alpha: 0.5\nsane?",
            ("sdxl", 4, 1e-4, "adamw"),
        ),
    ],
)
def test_a_config_says_model_effective_batch_rate_and_optimizer(text, slots):
    assert slots_of(text) == slots


def test_how_the_batch_came_about_is_shown_as_arithmetic():
    found = parse_question(
        "original: micro_batch_size 1, gradient_accumulation_steps 8: what lr?",
        known_workloads=[],
    )
    assert found.slots.batch_size == 8
    written = "--per_gpu_batch 4 --n_gpus 2 --grad_accum 3 --model dlight: lr?"
    assert "4 x 2 x 3 = 24." in parse_question(written, known_workloads=[]).warnings


@pytest.mark.parametrize(
    "text",
    [
        "Learning rate: which one for batch 8?",
        "I said: batch 8 on dlight",
        "is lr 1e-4 ok - or not?",
        "note: it failed at 9e-5",
        "",
    ],
)
def test_a_sentence_stays_as_it_is(text):
    assert settings_in_words(text) == (text, ())


@given(
    each=st.integers(1, 64),
    steps=st.integers(2, 64),
    key=st.sampled_from(
        [
            "micro_batch_size",
            "per_device_batch_size",
            "batch_size_per_gpu",
            "batch_size",
        ]
    ),
    form=st.sampled_from(["{}: {}\n", "{}={} ", "--{} {} ", '"{}": {},\n']),
)
def test_the_batch_is_that_of_a_step_of_the_optimizer(each, steps, key, form):
    text = form.format(key, each) + form.format("gradient_accumulation_steps", steps)
    said, notes = settings_in_words(f"{text}model=dlight which lr?")
    assert f"batch {each * steps}" in said
    assert notes == (f"{each} x {steps} = {each * steps}.",)


@given(st.text(max_size=300))
def test_no_text_is_too_odd_for_it(text):
    said, notes = settings_in_words(text)
    assert isinstance(said, str)
    assert all(note.endswith(".") for note in notes)
