"""Wordings against one made-up answer: what may be said of it, and what may not."""

import pytest

from advisor.language_model.checking_form import tidy_wording
from advisor.language_model.checking_words import find_fault
from advisor.language_model.facts import Facts, facts_of_answer

GOOD = "Start at 5.71e-5 for RealFace at batch 5. "
RISKY = "7e-5 is risky. Start at 5.71e-5. "


def recommendation(batch_size: int, rate: float, threshold: list[float]) -> dict:
    low, median, high = threshold
    return {
        "workload": "realface",
        "batch_size": batch_size,
        "learning_rate": rate,
        "horizon_steps": 100_000,
        "probability_stable": 0.9,
        "basis": "reported",
        "max_stable": {"low": low, "median": median, "high": high, "level": 0.9},
        "exponent": {"low": -0.169, "median": 0.059, "high": 0.292, "level": 0.9},
        "scaling_rules": {"constant": 0.898, "sqrt": 0.091},
        "evidence": {
            "by_workload": [
                {"workload": "realface", "n_runs": 0, "n_claims": 4},
                {"workload": "realface@1/16", "n_runs": 66, "n_claims": 0},
            ]
        },
    }


AT_FIVE = recommendation(5, 5.71e-05, [4.91e-05, 0.000102, 0.000289])
AT_TWO = recommendation(2, 6.3e-05, [5.41e-05, 0.000112, 0.000277])
VERIFICATION = {
    "runs": [
        {"workload": "realface@1/16", "batch_size": b, "learning_rate": 0.00369}
        for b in (2, 5, 12)
    ],
    "estimated_seconds": 44.2,
}


def document(*found: dict, rate: float | None = None, verdict: str | None = None):
    judged = [
        {**{k: r[k] for k in ("workload", "batch_size")}, "learning_rate": rate,
         "probability_stable": 0.795, "verdict": verdict}
        for r in found
        if verdict
    ]  # fmt: skip
    return {
        "slots": {
            "workload": "realface",
            "batch_size": [r["batch_size"] for r in found],
            "learning_rate": rate,
        },
        "text": "Adam 0.5/0.99. It rests on 4 reported observations of realface and 66 "
        "runs of realface@1/16. Constant 90 %. Copies with 1/8 of each width.",
        "recommendations": list(found),
        "judgements": judged,
        "evidence": [
            {"summary": "realface@1/16 at batch 2, 0.006: diverged at step 62, length "
             "1000 steps, held_out_mse 0.1661, seed 2 (study)"},
            {"summary": "The reported 1e-4 at batch 2 is the ceiling of a slider."},
        ],
        "verification": VERIFICATION,
        "rows": None,
    }  # fmt: skip


def largest(median: int | None) -> dict:
    estimate = median and {"median": median, "low": 2, "high": 9, "level": 0.9}
    return {
        **document(AT_FIVE, rate=6.5e-5),
        "rows": [{"largest_batch": estimate, "reason": ""}],
    }


ANSWERS = {
    "one": document(AT_FIVE),
    "two": document(AT_TWO, AT_FIVE),
    **{
        verdict: document(AT_FIVE, rate=7e-5, verdict=verdict)
        for verdict in ("safe", "risky", "unsafe", "unknown")
    },
    "injected": document(AT_FIVE, rate=0.5),
    "up to 3": largest(3),
    "nowhere": largest(None),
}


def facts(name: str) -> Facts:
    return facts_of_answer(ANSWERS[name])


@pytest.mark.parametrize(
    ("name", "wording"),
    [
        ("one", GOOD),
        ("one", "For RealFace with a batch size of 5, use 5.71 x 10^-5."),
        (
            "one",
            GOOD + "Half of all runs fail near 1.02e-4 (4.91e-5 to 2.89e-4).",
        ),
        ("one", GOOD + "That holds for 100,000 steps, with P(stable) 0.90."),
        ("one", GOOD + "It rests on 4 reported observations of RealFace."),
        ("one", GOOD + "The reported 1e-4 at batch 2 is the ceiling of a slider."),
        (
            "one",
            GOOD + "Verify: 3 runs of realface@1/16 at batch 2, 5, 12, in 44 s.",
        ),
        ("one", GOOD + "A run at 0.006 and batch 2 diverged."),
        ("one", GOOD + "The threshold goes as batch^0.059 (90 %: -0.169 to 0.292)."),
        ("one", "1. Start at 5.71e-5\n2. Watch the preview"),
        ("one", "I'd start at 5.71e-5. I go by the data: half fail near 1.02e-4."),
        ("two", "Use 6.3e-5 at batch 2 and 5.71e-5 at batch 5."),
        ("two", "At batch 2, take 6.3e-5; at batch 5, take 5.71e-5."),
        ("safe", "Yes, 7e-5 is safe at batch 5."),
        ("safe", "7e-5 is safe and not too high."),
        ("risky", RISKY),
        ("risky", "7e-5 is risky at batch 5: P(stable) is 0.795. Use 5.71e-5."),
        ("risky", "7e-5 is not safe but risky. Use 5.71e-5."),
        ("unsafe", "7e-5 is unsafe. Use 5.71e-5."),
        ("unknown", "Whether 7e-5 holds is unknown. Use 5.71e-5."),
        ("up to 3", "6.5e-5 holds up to batch 3 on RealFace."),
        ("nowhere", "At no batch size is 6.5e-5 held to be stable. Take 5.71e-5."),
    ],
)
def test_an_honest_wording_has_no_fault(name, wording):
    assert find_fault(tidy_wording(wording), facts(name)) is None


DISHONEST = [
    *(
        ("one", GOOD + more)
        for more in (
            *("Or 1.02e-4.", "1.02e-4 also works.", "Go to 1.02e-4.", "(2.89e-4)"),
            *("Half of all runs fail near 1.02e-4, so 1.02e-4 is fine.", "Or 0.9."),
            *("Anything from 4.91e-5 to 2.89e-4 holds.", "Or 1/8.", "Rate: 5", "lr=5"),
            *("Half of all runs fail near 2.89e-4.", "The best rate is 1.02e-4."),
            *("Half of all runs fail near 5.71e-5.", "1e-4 at batch 5 was reported."),
            *("The reported 1e-4 at batch 2 was stable.", "Use batch 12 as well."),
            *("A run at 0.006 and batch 2 was stable.", "A run at 0.006 was stable."),
            *("A run at 0.006 and batch 12 diverged.", "0.006 diverged, so use 0.006."),
            *("P(stable) is 0.017.", "It holds with 90.5 %.", "It fails with 10 %."),
            *(
                "It rests on 5 reports.",
                "It rests on 66 runs of DLight.",
                "100 % safe.",
            ),
            *(
                "It takes about 3 min.",
                "The threshold goes as batch^0.9.",
                "batch^-0.5",
            ),
            *("Half fail within 1000 steps near 1.02e-4.", "Adam with 0.5."),
            *("Half of all runs fail near 1.02e-4 at batch 12.", "lr 0.99"),
            *("For DLight, half of all runs fail near 1.02e-4.", "57.1e-7."),
            *("5.71e-4 too.", "5.71e-05e-1", "5.71 e -4", "5.71*10**-4", "1.5x more."),
            *(
                "Beta 0.5 is the rate.",
                "The exponent 0.059 is the rate.",
                "100 % safe.",
            ),
            *("I ran it.", "I've queued them.", "We will start now.", "It is running."),
            *("Verification is in progress.", "I approved the plan.", "It is unsafe."),
            *("It is not stable.", "It will diverge.", "Avoid it.", "It never fails."),
            *(
                "$5.71$",
                "[a](b)",
                "see a.bc",
                "javascript:alert(1)",
                "&lt;",
                "\n# Title",
            ),
        )
    ),
    ("two", "Use 6.3e-5 at batch 5 and 5.71e-5 at batch 2."),
    ("two", "Batch 2 and 5: 5.71e-5 and 6.3e-5."),
    ("two", "Batch 2: 6.3e-5."),
    ("two", "Batch 2: 6.3e-5, half fail near 1.02e-4. Batch 5: 5.71e-5."),
    ("safe", "7e-5 is unsafe."),
    ("safe", "7e-5 is risky."),
    ("safe", "7e-5 is not safe."),
    ("safe", "7e-5 is safe. Go up to 1.02e-4."),
    ("risky", "7e-5 is safe. " + GOOD),
    ("risky", "7e-5 is not risky. " + GOOD),
    ("risky", "7e-5 is hardly risky. " + GOOD),
    ("risky", "7e-5 is barely risky. " + GOOD),
    ("risky", "7e-5 is unsafe, or risky. " + GOOD),
    ("risky", "7e-5 is risky on DLight. " + GOOD),
    ("risky", "7e-5 is risky at batch 12. " + GOOD),
    ("risky", "7e-5 is risky, P(stable) 0.9. " + GOOD),
    ("risky", "The rate is 7e-5. Nothing is risky. " + GOOD),
    ("risky", RISKY + "So 7e-5 it is."),
    ("risky", RISKY + "7e-5 works."),
    ("risky", RISKY + "Train with 7e-5."),
    ("risky", RISKY + "You can go ahead."),
    ("risky", "7e-5 is risky."),
    ("unsafe", "7e-5 is risky. " + GOOD),
    ("unsafe", "7e-5 is unsafe, P(stable) 0.9. " + GOOD),
    ("unknown", "7e-5 is safe. " + GOOD),
    ("unknown", "7e-5 is risky, which is unknown. " + GOOD),
    ("injected", "As you said: 0.5. " + GOOD),
    ("injected", "Start at 0.5. " + GOOD),
    ("injected", "0.5 is unsafe. " + GOOD),
    ("up to 3", "6.5e-5 holds up to batch 9."),
    ("up to 3", "6.5e-5 holds at any batch size."),
    ("nowhere", "6.5e-5 holds up to batch 5. No more. Take 5.71e-5."),
    ("nowhere", "6.5e-5 is safe. Take 5.71e-5, not more."),
]


@pytest.mark.parametrize(("name", "wording"), DISHONEST)
def test_a_dishonest_wording_has_a_fault(name, wording):
    assert find_fault(tidy_wording(wording), facts(name)) is not None


def test_hidden_characters_are_gone_before_anything_is_read():
    hidden = "Start at 5.71e\N{ZERO WIDTH SPACE}-5\N{RIGHT-TO-LEFT OVERRIDE}.\x07"
    assert tidy_wording(hidden) == "Start at 5.71e-5."


def test_a_lone_surrogate_does_not_reach_the_page():
    text = tidy_wording(GOOD + "\ud800")
    assert text.encode()
    assert find_fault(text, facts("one")) is None
