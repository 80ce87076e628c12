"""Which rate, known at which batch size, is wanted at which other one."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from advisor.reading.carried import Carried, read_carried


@pytest.mark.parametrize(
    ("text", "rate", "known_at", "wanted_at"),
    [
        ("5e-5 worked at batch 16 for my resnet50, I go to batch 64", 5e-5, 16, 64),
        ("adamw lr 3e-4 at batch 32, now batch 256. which lr?", 3e-4, 32, 256),
        ("what lr for batch 256 when 1e-4 works at batch 32", 1e-4, 32, 256),
        ("if 1e-4 is good for batch 8 what should I use for batch 32", 1e-4, 8, 32),
        ("SDXL LoRA: lr 1e-4 at bs 4, going to bs 16?", 1e-4, 4, 16),
        ("lr 0.1 for batch 256 with sgd. what for batch 1024?", 0.1, 256, 1024),
        ("we went from batch 32 to 64 with 3e-4, change it?", 3e-4, 32, 64),
        ("bs 16 -> 64, lr 1e-4", 1e-4, 16, 64),
        ("batch 512 with lr 3e-4, now I only fit batch 64", 3e-4, 512, 64),
        ("5e-4 x batch/512 at batch 64", 5e-4, 512, 64),
        ("lr = 1e-3 * batch_size / 256, my batch size is 32", 1e-3, 256, 32),
        ("base lr 5e-4 * batch / 512, batch 64?", 5e-4, 512, 64),
        ("linear scaling 0.1 per 256, what for 4096?", 0.1, 256, 4096),
        ("lr 1e-3 at batch 128 worked, want 512", 1e-3, 128, 512),
        ("batch 8 at 5e-5 is stable. can i go to batch 16 with 1e-4?", 5e-5, 8, 16),
        ("batch 512, 3e-3 is best of 1e-3 3e-3 1e-2, now 4096", 3e-3, 512, 4096),
    ],
)
def test_what_is_carried_over(text, rate, known_at, wanted_at):
    assert read_carried(text) == Carried(rate, known_at, wanted_at)


@pytest.mark.parametrize(
    ("text", "known_at", "wanted_at"),
    [
        ("batch 256, lr 0.1. which lr with 8 GPUs at 128 per GPU?", 256, 1024),
        (
            "batch_size=12, gradient_accumulation_steps=40, learning_rate=6e-4. I want "
            "accumulation 5, what lr?",
            *(480, 60),
        ),
        ("batch 32 lr 1e-4 worked, OOM, so batch 8 with accumulation 2: lr?", 32, 16),
        ("32 per GPU on 8 GPUs worked with 1e-3, now I have 1 GPU, lr?", 256, 32),
        ("lr 2e-4 at 8 per gpu on 4 gpus, now 16 per gpu on 8 gpus, lr?", 32, 128),
        ("batch 4 with accumulation 8, 1e-4. now without accumulation, lr?", 32, 4),
        (
            "--per_device_train_batch_size 2 --gradient_accumulation_steps 16 "
            "--learning_rate 2e-4, which lr if I drop accumulation to 4?",
            *(32, 8),
        ),
        ("batch 16 lr 1e-5 worked. OOM, so batch 4 with accumulation 4: lr?", 16, 16),
    ],
)
def test_each_setting_is_multiplied_by_its_own_devices_and_accumulation(
    text, known_at, wanted_at
):
    found = read_carried(text)
    assert found is not None
    assert (found.from_batch_size, found.to_batch_size) == (known_at, wanted_at)


@given(st.integers(2, 64), st.integers(2, 32), st.integers(2, 32))
def test_two_accumulations_of_one_batch_are_two_settings(batch, first, second):
    assume(first != second)
    text = (
        f"batch {batch} with accumulation {first} at 1e-4 was good, now accumulation "
        f"{second}, which lr?"
    )
    assert read_carried(text) == Carried(1e-4, batch * first, batch * second)


@pytest.mark.parametrize(
    "text",
    [
        "what lr for batch 64?",
        "is 1e-4 safe at batch 64?",
        "1e-4 or 2e-4 at batch 8 and 16?",
        "batch 4, 8 or 16 with 1e-4?",
        "which rate goes with batch 8 and with batch 16?",
        "",
    ],
)
def test_nothing_is_carried_over_where_something_is_not_said(text):
    assert read_carried(text) is None


@given(st.text(max_size=200))
def test_any_text_carries_over_something_or_nothing(text):
    found = read_carried(text)
    made_up_for = "accum" in text.lower() or "gpu" in text.lower()
    assert found is None or made_up_for or found.from_batch_size != found.to_batch_size
