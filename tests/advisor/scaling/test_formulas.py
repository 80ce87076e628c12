"""Formulas of others: their numbers, what they need, and how far they are off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.reading.formulas import asks_of_formulas, read_model_numbers
from advisor.scaling.formulas import (
    FORMULAS,
    Case,
    formulas_text,
    what_formulas_say,
)
from advisor.scaling.published import formula_figures

RATES = st.floats(1e-6, 1.0)
SIZES = st.integers(1, 4096)


def _says(case):
    return {f.name: f for f in what_formulas_say(case, formula_figures())}


@given(rate=RATES, there=SIZES, here=SIZES)
def test_rules_of_thumb_go_there_and_back(rate, there, here):
    said = _says(Case(rate, there, here))
    back = {
        name: _says(Case(said[name].learning_rate, here, there))[name].learning_rate
        for name in ("unchanged", "square root", "linear")
    }
    assert all(found == pytest.approx(rate, rel=0.02) for found in back.values())


def test_the_step_law_gives_the_papers_number():
    """N = 1.07e9, D = 56.9e9: 1.79 N^-0.713 D^0.307, worked out by hand."""
    said = _says(Case(parameters=1.07e9, tokens=56.9e9))["Step Law"]
    assert said.learning_rate == pytest.approx(0.00131, rel=0.02)


def test_tinkers_formula_gives_its_authors_number_for_llama_8b():
    case = Case(parameters=8e9, maker="llama", is_lora=True)
    said = _says(case)["tinker's LoRA formula"]
    assert said.learning_rate == pytest.approx(5e-4 * (2000 / 4096) ** 0.781, rel=0.01)


def test_nanochats_rule_is_its_own_rate_at_its_own_batch():
    said = _says(Case(batch_tokens=2**19))["nanochat's rule"]
    assert said.learning_rate == 0.02


def test_a_formula_without_what_it_needs_says_what_that_is():
    said = what_formulas_say(Case(), ())
    assert all(f.learning_rate is None and f.needs for f in said)
    text = formulas_text(said)
    assert all(formula.name in text for formula in FORMULAS)


def test_every_figure_is_of_a_formula_and_counts_its_questions():
    names = {formula.name for formula in FORMULAS}
    for figure in formula_figures():
        assert figure.formula in names
        assert figure.questions > 0
        assert figure.factor >= 1
        assert figure.regret >= 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("N=215M, D=4B tokens", {"parameters": 215e6, "tokens": 4e9}),
        ("a 1.5b model on 300 billion tokens", {"parameters": 1.5e9, "tokens": 3e11}),
        ("batch of 512k tokens", {"batch_tokens": 512e3}),
        ("batch size 0.5M tokens for gpt2 124M", {"batch_tokens": 5e5}),
        ("qlora on Qwen3-8B", {"is_lora": True, "maker": "qwen", "parameters": 8e9}),
        ("d_model=768, 12 layers", {"hidden_size": 768}),
        ("batch 64 at 3e-4", {}),
    ],
)
def test_what_a_text_says_of_a_language_model_is_read(text, expected):
    found = read_model_numbers(text)
    assert {name: getattr(found, name) for name in expected} == expected
    if not expected:
        assert vars(found) == vars(read_model_numbers(""))


@pytest.mark.parametrize(
    "text",
    [
        "What do the formulas say for batch 512?",
        "step law for 1B params and 20B tokens?",
        "does nanochat's rule give something for 256k tokens",
        "tinker's number for llama 8b lora?",
        "linear or square root: what do they give from 0.1 at 256 to 1024",
        "what do the scaling laws predict for my 124M gpt",
    ],
)
def test_a_question_about_formulas_is_known_as_one(text):
    assert asks_of_formulas(text)


@pytest.mark.parametrize(
    "text",
    [
        "Does the square root rule hold for RealFace?",
        "5e-4 x batch/512 at batch 64",
        "what lr for batch 5 on RealFace?",
        "I formulated it badly",
    ],
)
def test_other_questions_are_not(text):
    assert not asks_of_formulas(text)
