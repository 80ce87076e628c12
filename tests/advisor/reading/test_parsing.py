"""Questions as people type them, over every intent and every way to name a slot."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.reading.learned import QUESTIONS
from advisor.reading.numbers import mark_numbers
from advisor.reading.parsing import parse_question, turn_of
from advisor.reading.question import SLOT_NAMES, Slots

KNOWN = ("original", "dlight", "realface", "digits_mlp", "digits_cnn", "steplaw/N1-D2")
# The first questions that the rules were made with; all of them must stay right.
EARLY = [
    json.loads(line)
    for line in (QUESTIONS / "early.jsonl").read_text(encoding="utf-8").splitlines()
]


def parse(text, context=None):
    """Parse with the workloads of this file."""
    before = turn_of(context, KNOWN)
    return parse_question(text, before=before, known_workloads=KNOWN)


@pytest.mark.parametrize("known", EARLY, ids=lambda known: known["text"][:60])
def test_a_question_gets_its_intent_and_its_slots(known):
    question = parse(known["text"], known["context"])
    assert question.intent == known["intent"]
    assert question.slots.to_dict() == known["slots"]


def test_a_turn_says_which_slots_it_inherited():
    question = parse("and at batch 12?", "best lr for dlight at batch 9 on cpu?")
    assert question.inherited == {"workload", "device"}
    assert parse("lr for dlight at batch 9").inherited == frozenset()


@pytest.mark.parametrize(
    ("text", "job"),
    [
        ("cancel job 7", "7"),
        ("how is job:a1b2-c3 doing?", "a1b2-c3"),
        ("stop #12", "12"),
        ("cancel jobs 3 and 4", "3"),
        ("cancel everything", None),
    ],
)
def test_a_job_is_named_by_number_or_id(text, job):
    question = parse(text)
    assert question.job == job
    assert question.slots == Slots()


def test_it_is_the_job_of_the_turn_before():
    assert parse("cancel it", "Job 9 runs on this CPU.").job == "9"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("verify dlight at batch 9 within 2 minutes", 120),
        ("verify dlight at batch 9, budget 90s", 90),
        ("run a verification of dlight, bs 9, at most half an hour", 1800),
        ("verify dlight at batch 9 for 1.5 h", 5400),
        ("what lr for dlight at batch 9 if I train for 3 days", None),
        ("verify dlight at batch 9", None),
    ],
)
def test_a_budget_is_read_in_seconds(text, seconds):
    question = parse(text)
    assert question.budget_seconds == seconds
    assert question.slots.batch_size == 9


def test_a_model_nobody_knows_is_named_as_such():
    assert parse("lr for villain at batch 8").unknown_workload == "villain"
    assert parse("lr for realfce at batch 8").unknown_workload is None
    assert parse("lr for the cpu at batch 8").unknown_workload is None


def test_an_imported_name_is_found_whatever_its_case_among_thousands():
    known = [f"family/N{i}-D{i}" for i in range(3000)]
    question = parse_question("lr for FAMILY/n77-d77 at b64", known_workloads=known)
    assert question.slots.workload == "family/N77-D77"
    assert question.unknown_workload is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("is lr 7 ok for dlight at batch 8", "unusually high"),
        ("is lr -1e-4 ok for dlight at batch 8", "not positive"),
        ("lr for dlight at batch -4", "below 1"),
        ("lr for dlight at batch 1e9", "unusually large"),
        ("lr for dlight at batch 2.5", "whole number"),
        ("lr for dlight at batch 8x4 accum", "8 x 4 steps of accumulation = 32"),
    ],
)
def test_a_value_that_can_hardly_be_meant_is_kept_with_a_warning(text, said):
    assert said in " ".join(parse(text).warnings)


def test_an_ordinary_question_has_no_warning_and_more_confidence_than_a_jumble():
    clear, vague = (
        parse("What LR for batch 5 on RealFace?"),
        parse("stable rate of speed jobs"),
    )
    assert clear.warnings == ()
    assert 0 <= vague.confidence < clear.confidence <= 1


def test_a_total_batch_over_several_gpus_is_not_multiplied():
    question = parse("lr for dlight, global batch 64 over 4 gpus")
    assert question.slots.batch_size == 64


@pytest.mark.parametrize(
    "text",
    [
        "loss 0.03 at step 300 after 20k its, 8 GB, 30 EGs/s, 1.2 it/s",
        "epoch 5, 12 cores, 90 %, 64px faces, seed 3, version 2.0",
        "betas 0.5 and 0.99, weight decay 0.01, warmup 500, momentum 0.9",
    ],
)
def test_numbers_of_other_things_fill_no_slot(text):
    found = parse(f"what lr for dlight? {text}").slots
    assert (found.batch_size, found.learning_rate) == (None, None)


def test_a_name_as_a_plain_word_is_no_workload():
    assert parse("what does the original post say of lr?").slots.workload is None
    assert parse("is the original lr 1e-4 ok at batch 8?").slots.workload == "original"


FORMS = ["{:.6f}", "{:e}", "{:.2E}", "{:g}"]


@given(st.integers(1, 999), st.sampled_from(FORMS), st.booleans())
def test_a_rate_in_any_form_is_the_same_rate(micro, form, comma):
    rate = micro / 1_000_000
    if float(form.format(rate)) != rate:
        return
    written = form.format(rate)
    if comma:
        written = written.replace(".", ",")
    plain = parse(f"is {micro} micro ok for dlight at batch 9")
    question = parse(f"is {written} ok for dlight at batch 9")
    assert question.slots == plain.slots
    assert question.slots.learning_rate == rate


@given(st.integers(-99, 99_999))
def test_a_batch_in_any_form_is_the_same_batch(size):
    forms = ("batch {}", "bs={}", "batch size of {}", "batch_size: {}", "{} per batch")
    found = {parse(f"lr for dlight, {form.format(size)}").slots for form in forms}
    assert found == {Slots("dlight", size)}


@given(st.integers(2, 99))
def test_a_number_in_words_is_the_number(value):
    units = (
        "zero one two three four five six seven eight nine ten eleven twelve".split()
    )
    units += [f"{w}teen" for w in "thir four fif six seven eigh nine".split()]
    tens = "twenty thirty forty fifty sixty seventy eighty ninety".split()
    words = units[value] if value < 20 else tens[value // 10 - 2]
    if value >= 20 and value % 10:
        words += "-" + units[value % 10]
    assert [number.value for number in mark_numbers(words)[1]] == [value]


@settings(deadline=None)
@given(st.text(max_size=300), st.none() | st.text(max_size=100))
def test_any_text_at_all_is_a_question(text, context):
    question = parse(text, context)
    assert tuple(question.slots.to_dict()) == SLOT_NAMES
    assert question.text == text
    json.dumps(question.slots.to_dict(), allow_nan=False)


PIECES = (
    "what which lr batch bs b8 of is at to for the 5 1e-4 12 8x4 realface "
    "original gpu cpu 3060 adam not no , . ? / - job 7 loss nan run verify "
    "accum 2 gpus x 16 per each from and or 20k its % one hundred -4 1e9 1e400 "
    "1e-400 0 @1/16 1,024 6,5e-5 65u ten \x00 \u202e \u0663 \ue000 \uf000 "
    "\uf500 ^ ** 10^-4 minus yes cancel why show runs"
).split(" ")


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(PIECES), max_size=25), st.booleans())
def test_any_jumble_of_the_right_words_is_a_question(pieces, has_context):
    text = " ".join(pieces)
    question = parse(text, text[::-1] if has_context else None)
    json.dumps(question.slots.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    "piece", ["9", "1,", "1 ", "lr 1e-4, ", "bs 8 to ", "rtx ", "("]
)
def test_a_text_of_a_hundred_kilobytes_is_read(piece):
    """A pattern with two ways to match a blank would never come back from these."""
    text = "What LR for batch 5 on RealFace? " + piece * (100_000 // len(piece))
    assert parse(text).slots.workload == "realface"


def test_markers_typed_by_a_person_are_nothing():
    assert parse("lr for \uf000 at batch \ue000").slots == Slots()


def test_the_shared_sample_is_understood():
    """30 questions by somebody else; they are not part of this project."""
    root = Path(__file__).resolve().parents[3]
    shared = Path(os.environ.get("LR_ADVISOR_SHARED", root.parent / "shared"))
    sample = shared / "data" / "questions-sample.jsonl"
    if not sample.is_file():
        pytest.skip("no shared sample here; LR_ADVISOR_SHARED names its folder")
    rows = [json.loads(line) for line in sample.read_text("utf-8").splitlines()]
    found = [parse(row["text"], row["context"]) for row in rows]
    pairs = list(zip(found, rows, strict=True))
    wrong = [row["id"] for question, row in pairs if question.intent != row["intent"]]
    assert wrong == []
    wrong = [r["id"] for question, r in pairs if question.slots.to_dict() != r["slots"]]
    assert len(wrong) <= 1, wrong
