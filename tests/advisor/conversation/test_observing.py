"""A person's own observation: what counts as told, and the claim it becomes."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.conversation.observing import (
    FAILED,
    HELD,
    IN_DOUBT,
    is_same_told,
    outcome_told,
    told_outcome,
    told_precision,
    told_steps,
    told_text,
)
from advisor.reading.symptom_patterns import PATTERNS
from advisor.reading.symptoms import read_symptoms
from knowledge.records import TOLD, Outcome, Run

SEEN = Run(
    "run:1",
    "original",
    8,
    8e-5,
    "adam",
    "x",
    TOLD,
    outcome=Outcome.DEGRADED,
    note="ugh",
)
SENTENCES = [
    json.loads(line)
    for line in Path(__file__)
    .parents[1]
    .joinpath("reading", "symptom_sentences.jsonl")
    .read_text(encoding="utf-8")
    .splitlines()
]
# How people say each symptom that means a failure of training.
FAILURES = {
    "not_a_number": "went NaN|became inf|turned nan|was not finite|overflowed",
    "constant_output": (
        "went to pure grey|showed mode collapse|gave the same face for everyone|turned "
        "into a featureless blob|was all black|became a solid color"
    ),
    "loss_up": (
        "exploded|diverged|blew up|went through the roof|shot up|skyrocketed|got worse "
        "and worse|had a loss going up|saw its loss climb|lost everything"
    ),
    "loss_swings": (
        "swung wildly|oscillated|zig-zagged|bounced around|went all over the place|was "
        "unstable|was erratic|went up and down"
    ),
    "blurry": (
        "went blurry|became mush|turned to mud|got fuzzy|smeared|looked like porridge|"
        "lost its details|was out of focus|turned to soup|got hazy"
    ),
    "washed_out": (
        "went washed out|got pale|faded|turned yellow|lost its colours|went all green|"
        "looked bleached|became too dark"
    ),
    "artefacts": (
        "showed a checkerboard|had artifacts|got blocky|turned into noise|was pixelated"
    ),
    "never_sharp": "never got sharp|stayed blurry|remained mushy|was still fuzzy",
    # No pattern of a symptom reads these, and yet they say it plainly.
    "else": (
        "went white|went black|went grey|turned grey|gave garbage|broke|broke down|"
        "failed|died|crashed|collapsed|was ruined|went haywire|fell apart|melted|"
        "looked like a potato|was a mess|became useless|went flat after that|"
        "flatlined|had a flat loss after it|went bad|was trash|looked awful"
    ),
}
WAYS = [(kind, way) for kind, ways in FAILURES.items() for way in ways.split("|")]


@pytest.mark.parametrize(
    "text",
    [
        "batch 8 at 8e-5 got blurry after 20k its on original",
        "realface b5 1e-4 blew up overnight, why?",
        "NaN at step 300 on original bs 12 lr 1e-4",
        "my dlight run at batch 9 and 9e-5 diverged yesterday",
        "had batch 4 with 1e-4 on realface. It exploded.",
        "original 12 / 1e-4: previews became mush",
        "1e-4 on batch 6 was unstable for me",
        "the loss swung wildly with 7e-5 at batch 5 on realface",
        "original batch 8 at 3e-4 was not stable",
        "it was anything but stable at 3e-4",
        "realface b5 1e-4 did not look sharp",
        "fine until it wasn't",
        "my loss went NaN on original batch 16 at 1e-4, can you help?",
        "loss is swinging like crazy, original, batch 2, lr 1e-4",
    ],
)
def test_what_went_wrong_is_read_as_a_failure(text):
    assert told_outcome(text) == "unstable"


@pytest.mark.parametrize(
    "text",
    [
        "original batch 8 ran fine at 5e-5 for 30k iterations",
        "dlight batch 9 6e-5: no blur after 40k",
        "4e-5 held on realface at batch 5",
        "my run at 1e-4 batch 4 was stable for a week",
        "realface bs 2 at 1e-4 never diverged",
        "It worked at 5e-5 batch 6. Now can I go to batch 12?",
        "trained original at 6e-5 batch 6 without any problems",
        "the preview stayed sharp at 8e-5, batch 3",
        "dlight at 5e-5 didn't diverge",
    ],
)
def test_what_went_well_is_read_as_held(text):
    assert told_outcome(text) == "stable"


@pytest.mark.parametrize(
    "text",
    [
        "What LR for batch 5 on RealFace?",
        "is 8e-5 going to get blurry at batch 8?",
        "would 1e-4 get blurry at batch 5 on realface",
        "the forum said 7e-5 got blurry",
        "I am afraid 1e-4 blew up for others",
        "does it diverge at 1e-4?",
        "run a test of original at batch 8",
        "if it got blurry at 1e-4 I would stop",
        "my friend said original at batch 8 with 1e-3 was fine",
        "according to reddit 1e-3 was stable",
        "I have never run original at 1e-3 but it looks stable on paper",
        "original 1e-4 hasn't failed yet",
        "original 1e-5 crashed with CUDA out of memory",
        "the power failed while I ran original at 1e-5",
        "I want no blur at 1e-4 on original at batch 8",
        "tell me the odds of nan at 1e-4",
        "realface at 1e-4 ran out of memory and broke",
        "digits_mlp at 0.1 got worse on the validation set while training got better",
        "",
    ],
)
def test_questions_fears_and_hearsay_bound_nothing(text):
    assert told_outcome(text) is None


@pytest.mark.parametrize(("kind", "way"), WAYS)
def test_every_symptom_of_a_failure_is_a_failure(kind, way):
    """Whatever words an answer about causes reads, or plain ones that it does not."""
    told = f"dlight batch 9 at 7e-5 {way}"
    assert told_outcome(told) == "unstable"
    assert told_outcome(f"{told} after 30k") == "unstable"
    assert told_outcome(f"my dlight at batch 9 with 7e-5 {way} :(") == "unstable"
    if kind != "else":
        assert kind in [k.value for k in read_symptoms(told).kinds]


@pytest.mark.parametrize("way", [way for _, way in WAYS])
def test_what_went_well_first_and_wrong_later_is_a_failure(way):
    told = f"my dlight at batch 8 with 1e-4 ran fine for 40k, then it {way}"
    assert told_outcome(told) == "unstable"
    assert told_outcome(told.replace(", then it", ". Then it")) == "unstable"
    assert told_outcome(told.replace(", then it", " until it")) == "unstable"


def test_no_symptom_of_a_failure_is_left_out_above():
    left = {name for name, _, _ in PATTERNS} - FAILURES.keys()
    assert left == {
        *("out_of_memory", "overfit", "odd_loss", "sides_alike", "one_side"),
        *("slow_steps", "spike", "plateau", "slow"),
        *("gains_at_low_rate", "rate_without_effect"),
    }


def test_no_sentence_about_a_symptom_is_ever_read_as_held():
    """Of those that people typed, nearly all that mean a failure are read as one."""
    told = {s["text"]: told_outcome(s["text"]) for s in SENTENCES}
    assert [text for text, outcome in told.items() if outcome == "stable"] == []
    failing = [s["text"] for s in SENTENCES if set(s["kinds"]) & FAILURES.keys()]
    assert sum(told[text] == "unstable" for text in failing) >= 0.7 * len(failing)


@pytest.mark.parametrize(
    "text",
    [
        "dlight batch 8 at 1e-4 ran fine until 40k",
        "dlight batch 8 at 1e-4 was fine at first",
        "dlight batch 8 at 1e-4 held but slowly",
        "dlight batch 8 at 1e-4 spiked but came back",
        "dlight batch 8 at 1e-4 had a loss stuck at 0.03",
        "5 of 6 runs of dlight batch 8 at 1e-4 were fine",
        "sometimes dlight batch 8 at 1e-4 went blurry",
        "it went blurry at batch 8, restarted it and it was fine",
        "batch 4 was fine, batch 8 blew up",
        "it ran fine at 1e-4. Will it get blurry later?",
        "dlight batch 8 at 1e-4 looked ok, I guess",
        "dlight batch 8 at 1e-4 ran fine for 40k, then it went to the moon",
    ],
)
def test_what_may_be_read_both_ways_is_in_doubt(text):
    assert told_outcome(text) == IN_DOUBT


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("went blurry after 30k", 30_000),
        ("ran fine for 40k, then went NaN", 40_000),
        ("held for 20,000 steps", 20_000),
        ("held for 0.5 million its", 500_000),
        ("it held", None),
    ],
)
def test_how_long_a_run_went_is_read(text, steps):
    assert told_steps(text) == steps


@given(st.text(max_size=300))
def test_any_text_is_read_without_an_error(text):
    assert told_outcome(text) in ("stable", "unstable", IN_DOUBT, None)


@pytest.mark.parametrize(
    ("text", "precision"),
    [
        ("with mixed precision went nan at 20000", "fp16"),
        ("in half-precision it went nan", "fp16"),
        ("with amp on it went nan", "fp16"),
        ("fp16, batch 4, blew up", "fp16"),
        ("mixed precision (bf16) held", "bf16"),
        ("in bfloat16 it held", "bf16"),
        ("with full precision it held", "fp32"),
        ("without mixed precision it held", "fp32"),
        ("mixed precision was off and it held", "fp32"),
        ("not bf16 but fp16: blew up", "fp16"),
        ("half of all runs held", None),
        ("batch 16 at 3e-5 went nan", None),
    ],
)
def test_the_precision_of_a_run_is_read_as_it_is_told(text, precision):
    assert told_precision(text) == precision


@pytest.mark.parametrize(
    ("text", "bound", "outcome"),
    [
        ("it went nan", FAILED, "diverged"),
        ("the loss exploded", FAILED, "diverged"),
        ("it got blurry", FAILED, "degraded"),
        ("it was garbage", FAILED, "degraded"),
        ("it held without nan", HELD, "stable"),
    ],
)
def test_what_a_run_ended_in_is_kept(text, bound, outcome):
    assert outcome_told(text, bound) == outcome


def test_an_observation_is_said_with_the_model_s_title():
    assert told_text(SEEN) == "Original at batch 8, 8e-5: failed"
    held = replace(SEEN, outcome=Outcome.STABLE, steps=30_000)
    assert told_text(held) == "Original at batch 8, 8e-5: held for 30,000 steps"
    more = {"precision": "fp16", "metric_name": "loss", "metric_value": 0.5}
    assert told_text(replace(SEEN, failed_at_step=900, **more)) == (
        "Original at batch 8, 8e-5: failed after 900 steps, in fp16, loss 0.5"
    )
    short = replace(SEEN, outcome=Outcome.INCOMPLETE, steps=10)
    assert told_text(short).endswith("stopped early after 10 steps")


def test_the_same_run_told_in_other_words_is_the_same():
    assert is_same_told(SEEN, replace(SEEN, id="run:2", note="it got blurry"))
    assert not is_same_told(SEEN, replace(SEEN, precision="fp16"))
