"""A person's own observation: what counts as told, and the claim it becomes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.asking.observing import (
    Observation,
    observed_claim,
    observed_text,
    told_outcome,
)

SEEN = Observation("original", 8, 8e-5, "unstable", "it got blurry", recipe="x")


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
        "fine until it wasn't",
        "",
    ],
)
def test_questions_fears_and_hearsay_bound_nothing(text):
    assert told_outcome(text) is None


@given(st.text(max_size=300))
def test_any_text_is_read_without_an_error(text):
    assert told_outcome(text) in ("stable", "unstable", None)


def test_the_claim_names_what_was_seen_in_the_person_s_words():
    claim = observed_claim(
        SEEN, plan_id="plan:0123456789ab", made="2026-11-22T10:00:00.000001"
    )
    assert claim.id == "claim:own/0123456789ab"
    assert (claim.workload, claim.batch_size, claim.learning_rate) == (
        "original",
        8,
        8e-5,
    )
    assert (claim.bound, claim.kind) == ("unstable", "bound")
    assert "it got blurry" in claim.statement
    assert claim.source_date == "2026-11-22T10:00:00"
    assert 0.5 < claim.reliability < 0.8


def test_an_observation_is_said_with_the_model_s_title():
    assert observed_text(SEEN) == "Original at batch 8, 8e-5: failed"
