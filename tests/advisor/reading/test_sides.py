"""The two settings of a text, their scores, and whether it asks if they differ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.reading.differences import asks_of
from advisor.reading.sides import read_sides

KEYS = ("learning_rate", "batch_size", "scores", "n_failed")


@pytest.mark.parametrize(
    ("text", "a", "b"),
    [
        (
            "0.05 gives 0.944 0.933 and 0.1 gives 0.95 0.961 on digits_mlp batch 32",
            (0.05, 32, (0.944, 0.933), 0),
            (0.1, 32, (0.95, 0.961), 0),
        ),
        (
            "seed 1: 0.91, seed 2: 0.92 with 1e-3; seed 1: 0.93, seed 2: 0.9 with 2e-3",
            (1e-3, None, (0.91, 0.92), 0),
            (2e-3, None, (0.93, 0.90), 0),
        ),
        (
            "lr,val_acc\n1e-3,0.951\n1e-3,0.947\n3e-3,0.955\n3e-3,0.958",
            (1e-3, None, (0.951, 0.947), 0),
            (3e-3, None, (0.955, 0.958), 0),
        ),
        (
            "I ran 1e-3 (0.91, nan, 0.90) and 3e-4 (0.89, 0.885)",
            (1e-3, None, (0.91, 0.90), 1),
            (3e-4, None, (0.89, 0.885), 0),
        ),
        (
            "is 0.1 really better than 0.05 at batch 64?",
            (0.1, 64, (), 0),
            (0.05, 64, (), 0),
        ),
        (
            "is 0.93 better than 0.91?",
            (None, None, (0.93,), 0),
            (None, None, (0.91,), 0),
        ),
        (
            "val loss 0.412 at lr 0.1 and 0.405 at 0.2",
            (0.1, None, (0.412,), 0),
            (0.2, None, (0.405,), 0),
        ),
    ],
)
def test_each_score_goes_to_its_setting(text, a, b):
    sides = read_sides(text)
    assert tuple(getattr(sides.a, key) for key in KEYS) == a
    assert tuple(getattr(sides.b, key) for key in KEYS) == b


@pytest.mark.parametrize(
    "text",
    [
        "what lr for realface at batch 5?",
        "compare dlight and original at batch 8",
        "is 1e-4 safe at batch 8 for dlight?",
        "5e-5 worked at batch 16, I go to 64: what lr?",
        "I got loss 0.031 at lr 1e-4 batch 8 and 0.044 at batch 16, is 1e-4 too high?",
        "what is gradient noise?",
        "why three seeds and not one",
        "run two more seeds of exactly that",
    ],
)
def test_other_questions_are_left_to_others(text):
    assert asks_of(text) is None


@given(st.text(max_size=200))
def test_any_text_is_read_without_an_error(text):
    asks_of(text)
    read_sides(text)


scores = st.lists(
    st.integers(1, 999).map(lambda n: f"0.{n:03}"), min_size=1, max_size=5
)


@given(scores, scores)
def test_lists_of_scores_are_read_as_written(a, b):
    sides = read_sides(f"lr 1e-3: {', '.join(a)}; lr 5e-4: {', '.join(b)}. noise?")
    assert sides.a.scores == tuple(map(float, a))
    assert sides.b.scores == tuple(map(float, b))
