"""Pasted log lines: what they show is said; their numbers are no batch and no rate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.reading.log_lines import read_log
from advisor.reading.parsing import parse_question
from advisor.reading.symptoms import Symptom, read_symptoms


@pytest.mark.parametrize(
    ("text", "symptom", "shown"),
    [
        (
            "iter 5 loss 0.31\niter 6 loss 0.30\niter 7 loss nan\nwhy?",
            Symptom.NOT_A_NUMBER,
            "from 0.3 at step 6 to not a number at step 7",
        ),
        (
            "[#0100] A: 0.031 B: 0.029\n[#0110] A: 0.030 B: 0.028\n"
            "[#0120] A: 0.210 B: 0.500\nrealface b6, why?",
            Symptom.LOSS_UP,
            "loss A went from 0.03 at step 110 to 0.21 at step 120",
        ),
        (
            "{'loss': 1.9, 'eval_loss': 2.0}\n{'loss': 1.2, 'eval_loss': 2.3}\n"
            "{'loss': 0.6, 'eval_loss': 3.1}\nwhat is this?",
            Symptom.OVERFIT,
            "training loss fell from 1.9 to 0.6",
        ),
        (
            "step,loss,lr\n10,4.2,0.0\n20,4.2,0.0\n30,4.2,0.0\nwhy does it not learn",
            Symptom.RATE_WITHOUT_EFFECT,
            "the learning rate is 0 in all of these lines",
        ),
        (
            "Gradient overflow. Skipping step, loss scaler reducing to 1024.0\n"
            "Gradient overflow. Skipping step, loss scaler reducing to 512.0\nbad?",
            None,
            "the scaler of mixed precision skipped 2 steps",
        ),
        (
            "0 2.303\n1 2.303\n2 2.302\n3 2.303\nwhy flat",
            Symptom.PLATEAU,
            "the loss stays near 2.303",
        ),
    ],
)
def test_what_the_lines_show_is_the_symptom_and_is_said(text, symptom, shown):
    found = read_symptoms(text)
    assert shown in found.shown
    if symptom is not None:
        assert found.main is symptom
    asked = parse_question(text, known_workloads=[])
    assert asked.intent == "diagnose"
    assert asked.slots.learning_rate is None
    assert asked.slots.batch_size in (None, 6)


def test_a_rate_that_stays_the_same_in_all_lines_is_the_rate():
    text = "step 1 lr 5e-5 loss 0.8\nstep 2 lr 5e-5 loss 0.8\nstep 3 lr 5e-5 loss 0.8"
    assert read_log(text).rate == 5e-5
    asked = parse_question(f"{text}\nwhy?", known_workloads=[])
    assert asked.slots.learning_rate == 5e-5


@pytest.mark.parametrize(
    "text",
    [
        "what lr for dlight at batch 8?",
        "batch_size: 8, lr: 5e-5\nbatch_size: 16, lr: 1e-4\nwhich is safer on dlight?",
        "loss went to 3.7 at step 950, original batch 14",
        "Trainer: RealFace\nBatch size: 8\nLearning rate: 5e-05\nok?",
    ],
)
def test_what_is_no_log_stays_as_it_is(text):
    assert read_log(text).rest == text


@given(st.text(max_size=400))
def test_no_text_is_too_odd_for_it(text):
    log = read_log(text)
    assert isinstance(log.in_words, str)
    assert log.rate is None or 0 < log.rate < 1
