"""Which rate, known at which batch size, is wanted at which other one."""

import pytest
from hypothesis import given
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
    ],
)
def test_what_is_carried_over(text, rate, known_at, wanted_at):
    assert read_carried(text) == Carried(rate, known_at, wanted_at)


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
    assert found is None or found.from_batch_size != found.to_batch_size
