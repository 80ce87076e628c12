"""For how many steps and at what risk: what is wanted is read, reports are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.reading.conditions import Conditions
from advisor.reading.reading import read_text
from advisor.reading.typed import CHECKS
from knowledge.errors import BadValueError


def read(text):
    return read_text(text, ()).conditions


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("realface b5 for 20,000 its", 20_000),
        ("realface b5 20k steps", 20_000),
        ("only have time for 5k its, dlight batch 9", 5_000),
        ("i train for twenty thousand iterations, dlight batch 6", 20_000),
        ("what lr for a 50k run of dlight b6", 50_000),
        ("stable over 200k iterations?", 200_000),
        ("what lr over 1 million steps", 1_000_000),
        ("want to leave it for 120k iters", 120_000),
        ("verify orignal b13 at 1.1e-4, horizon 20k", 20_000),
        ("what about 5k steps?", 5_000),
        ("test original, batch 11, .0001, stop at 20k iterations", 20_000),
    ],
)
def test_a_run_length_that_is_wanted_is_read(text, steps):
    assert read(text) == Conditions(horizon_steps=steps)


@pytest.mark.parametrize(
    "text",
    [
        "after 30k it went NaN",
        "my dlight ran fine for 40k, then went NaN",
        "i'm at 45k its, batch 10, 8e-5 realface, ok?",
        "no trouble up to 60k its he says",
        "8k its in and the preview is all purple",
        "spikes every 900 steps",
        "loss stuck since 30k",
        "warm-up of 500 steps, dlight batch 8, lr?",
        "accumulate 4 steps of 8 on dlight",
        "256 steps per epoch",
        "lost 80k iterations to NaN",
        "ok 20 it is",
        "it stopped at 20k iterations",
        "what lr for batch 32",
    ],
)
def test_steps_that_are_reported_or_something_else_are_not_wanted(text):
    assert read(text).horizon_steps is None


@pytest.mark.parametrize(
    ("text", "risk"),
    [
        ("realface batch 5 risk 1%", 0.01),
        ("I accept 30 % risk", 0.3),
        ("a risk of 5 percent", 0.05),
        ("risk 0.05", 0.05),
        ("risk 5", 0.05),
        ("99% sure, realface batch 5", 0.01),
        ("I want to be safe: 1 %", 0.01),
        ("with P(stable) at least 0.95", 0.05),
        ("1 in 20 may fail", 0.05),
        ("one in a hundred runs may diverge", 0.01),
        ("at most 5% failing", 0.05),
        ("a 20% chance of failing is ok", 0.2),
        ("a 90% chance of success", 0.1),
    ],
)
def test_a_risk_is_read_however_it_is_said(text, risk):
    assert read(text).risk == pytest.approx(risk)


@pytest.mark.parametrize(
    "text",
    [
        "is batch 6 safe?",
        "is 1e-4 stable",
        "dlight batch 12 risk?",
        "how risky is 8e-5",
        "would lr=0.4 blow up the digits mlp",
        "10% dropout",
        "risk 0%",
        "risk 100%",
    ],
)
def test_rates_and_batch_sizes_are_no_risk(text):
    assert read(text).risk is None


def test_a_condition_is_no_batch_size_and_no_rate():
    roles = read_text("dlight batch 6, 1 in 20 may fail, for 5k, 0.05 risk", ()).roles
    assert [batch.values for batch in roles.batches] == [(6,)]
    assert roles.all_rates == []
    assert roles.spare == []


def test_what_is_unsaid_is_filled_up_from_before():
    before = Conditions(20_000, 0.05)
    assert Conditions(risk=0.01).filled_up(before) == Conditions(20_000, 0.01)
    assert Conditions().filled_up(before) == before


# -- the setting -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "recipe", "precision"),
    [
        ("dlight b9 with the faceswap-3 recipe", "faceswap-3", None),
        ("recipe faceswap-2021-eps", "faceswap-2021-eps", None),
        ("the adamw recipe", "adamw", None),
        ("with adamw", None, None),
        ("sgd and momentum", "momentum", None),
        ("momentum 0.9", "momentum", None),
        ("sgd without momentum", None, None),
        ("adam with momentum", None, None),
        ("betas (0.9, 0.999)", "faceswap-3", None),
        ("beta1 = 0.5", "faceswap-2021", None),
        ("in half precision bf16", None, "bf16"),
        ("bfloat16", None, "bf16"),
        ("in full precision", None, "fp32"),
        ("in fp16", None, "fp16"),
        ("fp32 or bf16?", None, None),
        ("fp32 instead of bf16", None, "fp32"),
    ],
)
def test_recipe_and_precision_are_read_however_they_are_said(text, recipe, precision):
    assert read(text) == Conditions(recipe=recipe, precision=precision)


def test_the_numbers_of_a_setting_are_no_batch_size_and_no_rate():
    said = "realface batch 6, faceswap-3 recipe, betas (0.9, 0.999), bf16"
    roles = read_text(said, ()).roles
    assert [batch.values for batch in roles.batches] == [(6,)]
    assert roles.all_rates == []
    assert roles.spare == []


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("recipe", " FaceSwap-3 ", "faceswap-3"),
        ("precision", "BF16", "bf16"),
        ("horizon_steps", "20k", 20_000),
        ("risk", "5 %", 0.05),
    ],
)
def test_a_condition_is_typed_into_a_field(name, typed, value):
    assert CHECKS[name](typed) == value
    with pytest.raises(BadValueError):
        CHECKS[name]("fp8")


@given(st.text(max_size=200))
def test_any_text_has_conditions_that_can_be_right(text):
    found = read(text)
    assert found.horizon_steps is None or found.horizon_steps >= 1
    assert found.risk is None or 0 < found.risk < 1
