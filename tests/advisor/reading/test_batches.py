"""What multiplies which batch size: for any sizes, cards and steps."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from advisor.reading.carried import Carried, read_carried
from advisor.reading.reading import read_text

SIZE = st.integers(2, 99)
MANY = st.integers(2, 16)


def sizes(text):
    """All batch sizes of a text, in their order."""
    return [size for b in read_text(text, ()).roles.batches for size in b.values]


@given(size=SIZE, cards=MANY, steps=MANY)
@pytest.mark.parametrize(
    "text",
    [
        "{size} per gpu on {cards} gpus, accumulation {steps}, lr?",
        "accumulation {steps} and {cards} gpus, batch {size} each: lr?",
        "{cards} cards, batch {size}, {steps} accumulation steps, which lr",
        "per_device_train_batch_size: {size}, gradient_accumulation_steps: {steps}, "
        "{cards} gpus, lr?",
    ],
)
def test_a_batch_is_over_all_devices_and_steps_in_whatever_order(
    text, size, cards, steps
):
    told = text.format(size=size, cards=cards, steps=steps)
    assert sizes(told) == [size * cards * steps]


@given(size=SIZE, cards=MANY)
@pytest.mark.parametrize(
    "text",
    [
        "1e-4 worked with batch {size} on one gpu, now I have {cards} gpus, lr?",
        "batch {size} per gpu and 1e-4, going from one card to {cards} cards, lr?",
        "1e-4 was ok at batch {size} without accumulation, now accumulation {cards}?",
    ],
)
def test_what_is_there_later_leaves_the_size_before_as_it_was(text, size, cards):
    carried = read_carried(text.format(size=size, cards=cards))
    assert carried == Carried(1e-4, size, size * cards)


@given(first=SIZE, few=MANY, then=SIZE, more=MANY)
def test_each_setting_has_its_own_steps(first, few, then, more):
    assume(first * few != then * more and first != then)
    text = (
        f"batch {first} with accumulation {few} worked at 1e-4, now batch {then} with "
        f"accumulation {more}, lr?"
    )
    assert read_carried(text) == Carried(1e-4, first * few, then * more)


@given(size=SIZE, cards=MANY)
@pytest.mark.parametrize(
    "text",
    [
        "effective batch {total} from {size} on {cards} gpus, lr?",
        "I can do {total} on my {cards} cards, lr?",
        "{total} images over {cards} gpus, lr?",
        "{size} on each of {cards} gpus is {total} in total, lr?",
    ],
)
def test_a_total_is_multiplied_by_nothing(text, size, cards):
    assume(size * cards not in (size, cards))
    told = text.format(size=size, cards=cards, total=size * cards)
    assert set(sizes(told)) == {size * cards}


@given(size=st.integers(2, 1000))
@pytest.mark.parametrize(
    "text",
    [
        "and {} pictures?",
        "{} samples",
        "the new card holds {} images",
        "what with {} faces at once",
        "what about {} photos",
    ],
)
def test_images_that_fit_or_come_next_are_a_batch(text, size):
    assert sizes(text.format(size)) == [size]


@pytest.mark.parametrize(
    "text",
    [
        "my dataset has 700 images",
        "I use 9000 images for training",
        "there are 300 images a class",
    ],
)
def test_images_of_a_data_set_are_none(text):
    assert sizes(text) == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("4 of those cards actually", 4),
        ("I bought 3 of them", 3),
        ("we use 5 of these gpus", 5),
    ],
)
def test_of_them_counts_the_cards_a_batch_is_over(text, count):
    roles = read_text(text, ()).roles
    assert [(f.value, f.what) for f in roles.factors] == [(count, "devices")]
    assert not roles.batches


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("sgd with momentum 0.95, 0.3 at batch 64, lr for 128?", 0.3),
        ("weight decay 0.05 and 0.002 at batch 64, lr for 128?", 0.002),
        ("Adam betas 0.5 0.9, 3e-4 at batch 64, lr for 128?", 3e-4),
        ("beta1 0.5 beta2 0.999, 3e-4 at batch 64, lr for 128?", 3e-4),
    ],
)
def test_what_stands_beside_a_rate_is_not_the_rate(text, rate):
    assert read_carried(text) == Carried(rate, 64, 128)
