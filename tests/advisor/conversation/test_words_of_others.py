"""Questions as other people ask them: each kind with inputs of its own."""

import pytest

from advisor.service import Advisor
from advisor.settings import Settings

CSV = "\n".join(
    [
        "workload,optimizer,batch_size,learning_rate,metric_name,metric_value,"
        "steps_or_tokens,source,outcome",
        *(
            f"mynet-x,adam,16,{rate},val_loss,{loss},500,me,"
            for rate, loss in ((1e-4, 0.9), (3e-4, 0.4), (1e-3, 0.6), (3e-3, 1.4))
        ),
    ]
)


@pytest.fixture(scope="module")
def advisor(tmp_path_factory):
    folder = tmp_path_factory.mktemp("others")
    settings = Settings(folder, n_workers=1)
    with Advisor.open(folder / "store", settings=settings) as opened:
        path = folder / "runs.csv"
        path.write_text(CSV)
        opened.import_runs(path)
        yield opened


@pytest.mark.parametrize(
    ("text", "batch", "rate"),
    [
        ("loss is nan, batch 4, lr 1e-5", 4, 1e-5),
        ("nan. lr 3e-4. b16", 16, 3e-4),
        ("lr 1e-5, batch 2, and the loss is NaN?!", 2, 1e-5),
        ("Loss = nan (batch size 8, learning rate 0.0001)", 8, 1e-4),
        ("bs 32 / lr 5e-5 / nan after an hour, why", 32, 5e-5),
        ("why is everything nan at 2e-4 and batch 6", 6, 2e-4),
    ],
)
def test_a_nan_is_a_symptom_and_no_model(advisor, text, batch, rate):
    answer = advisor.ask(text)
    assert answer.intent == "diagnose"
    assert answer.to_dict()["unknown_workload"] is None
    assert (answer.slots["batch_size"], answer.slots["learning_rate"]) == (batch, rate)


@pytest.mark.parametrize(
    ("text", "failed", "asked"),
    [
        (
            "realface, batch 4, lr 8e-5, loss is nan after a few hundred iterations. "
            "reduce batch to 2?",
            (4, 8e-5),
            "Would batch 2 help?",
        ),
        (
            "dlight at 10 with 1e-4 is nan. should I drop to 5?",
            (10, 1e-4),
            "Would batch 5 help?",
        ),
        (
            "original, batch 16, 9e-5: nan. would 5e-5 help?",
            (16, 9e-5),
            "Would 5e-5 help?",
        ),
        (
            "my realface blew up (batch 8, lr 1e-4). if I lower the lr to 4e-5, "
            "enough?",
            (8, 1e-4),
            "Would 4e-5 help?",
        ),
        (
            "nan on dlight, batch 12, 9e-5. raise batch to 24?",
            (12, 9e-5),
            "Would batch 24 help?",
        ),
        (
            "original b6 at 2e-4 exploded, is batch 12 better?",
            (6, 2e-4),
            "Would batch 12 help?",
        ),
    ],
)
def test_what_is_only_thought_of_is_judged_and_not_taken_for_what_failed(
    advisor, text, failed, asked
):
    answer = advisor.ask(text)
    assert answer.intent == "diagnose"
    assert (answer.slots["batch_size"], answer.slots["learning_rate"]) == failed
    assert answer.text.startswith(asked)


def test_what_was_changed_before_is_no_proposal(advisor):
    answer = advisor.ask(
        "dlight went nan after I raised the batch from 4 to 16 at 9e-5"
    )
    assert answer.slots["batch_size"] == [4, 16]
    assert not answer.text.startswith("Would")


@pytest.mark.parametrize(
    "text",
    [
        "train loss and val loss are nan",
        "val loss nan, train loss nan",
        "both the training and the validation loss are nan from the first epoch",
        "everything is nan: train, val, accuracy",
        "why are train and test loss NaN?",
        "training loss nan and validation loss nan since step 1",
    ],
)
def test_two_losses_that_are_no_numbers_are_no_overfitting(advisor, text):
    answer = advisor.ask(text)
    assert answer.diagnosis.symptoms.main == "not_a_number"
    assert "too few" not in answer.text


@pytest.mark.parametrize(
    "text",
    [
        "loss identical for lr 1e-5, 5e-5 and 1e-4",
        "I tried six learning rates and the loss is exactly the same each time",
        "same loss whether lr is 1e-3 or 1e-5, to the last digit",
        "the lr has no effect on my loss",
        "with 1e-4 and with 1e-6 the loss curves are identical, why?",
        "loss is the same for any lr",
    ],
)
def test_a_rate_without_effect_does_not_reach_the_optimizer(advisor, text):
    answer = advisor.ask(text)
    assert answer.intent == "diagnose"
    assert answer.diagnosis.first.name == "rate_not_used"
    for word in ("schedule", "state", "frozen", "scaler"):
        assert word in answer.text


@pytest.mark.parametrize(
    "text",
    [
        "improves at lr as low as 1e-7: normal?",
        "my model still learns at 1e-8, is that normal?",
        "loss falls even at a rate of 1e-7, normal?",
        "it gets better even with lr 5e-8, is this normal",
        "dlight still improves at 1e-7. normal?",
    ],
)
def test_learning_at_a_very_low_rate_is_normal(advisor, text):
    answer = advisor.ask(text)
    assert answer.text.startswith("That is normal.")
    assert "a training that goes wrong" not in answer.text


@pytest.mark.parametrize(
    "text",
    [
        "which lr scored best for mynet-x at batch 16?",
        "what rate did best on mynet-x, batch 16",
        "best-scoring lr of mynet-x at batch 16?",
        "best run of mynet-x at batch 16",
        "of the runs of mynet-x at batch 16, which lr came out on top?",
    ],
)
def test_the_best_scoring_rate_is_that_of_a_run_in_the_store(advisor, text):
    answer = advisor.ask(text)
    assert answer.text.startswith("3e-4 scored best of 4 scored runs")
    (run,) = answer.rows
    assert run["id"] in answer.text
    assert run["learning_rate"] == 3e-4


@pytest.mark.parametrize(
    "text",
    [
        "best lr so far for mynet-x at batch 16?",
        "mynet-x, batch 16: best rate of my runs?",
        "what is the best learning rate we have tried on mynet-x at batch 16",
    ],
)
def test_the_best_so_far_is_the_best_row_and_what_the_fit_says(advisor, text):
    answer = advisor.ask(text)
    assert answer.text.startswith("3e-4 scored best of 4 scored runs")
    assert "Start at" in answer.text or "start at" in answer.text


def test_what_has_no_score_is_said_to_have_none(advisor):
    assert "No run" in advisor.ask("which lr scored best for dlight at batch 16?").text


@pytest.mark.parametrize(
    ("words", "precision"),
    [
        ("in fp16", "fp16"),
        ("with mixed precision", "fp16"),
        ("with amp on", "fp16"),
        ("in half precision", "fp16"),
        ("in bf16", "bf16"),
        ("no mixed precision", "fp32"),
        ("without amp", "fp32"),
        ("not in fp16", "fp32"),
        ("mixed precision off", "fp32"),
    ],
)
def test_the_precision_of_a_question_is_heeded(advisor, words, precision):
    answer = advisor.ask(f"lr for dlight batch 9, {words}?")
    assert answer.conditions["precision"] == precision
    assert not any("account" in warning for warning in answer.warnings)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("what lr for realface b5? and cancel job 3", "cancel job 3"),
        ("lr for dlight batch 8 and how do I export it?", "how do I export it"),
        ("is 1e-4 ok for original at batch 6? Then cancel job 2.", "cancel job 2"),
        ("which lr for dlight batch 4? Also, how do I import a csv?", "import a csv"),
        ("what runs of dlight are there? and cancel job 4", "what runs of dlight"),
    ],
)
def test_a_second_wish_that_is_not_answered_is_named(advisor, text, left):
    warnings = " ".join(advisor.ask(text).warnings)
    assert "I left out" in warnings
    assert left in warnings


def test_a_second_wish_that_can_be_answered_is_answered(advisor):
    answer = advisor.ask("LR for batch 5 on RealFace? And what is warm-up?")
    assert [other.intent for other in answer.also] == ["explain_concept"]
    assert not any("left out" in warning for warning in answer.warnings)


@pytest.mark.parametrize(
    ("first", "then", "optimizer", "to"),
    [
        (
            "5e-5 worked at batch 16 for my resnet50, I go to batch 64",
            "with SGD",
            "sgd",
            64,
        ),
        ("1e-4 was fine at batch 8 for sdxl, now batch 32", "and with sgd?", "sgd", 32),
        ("phaze-a: 5e-5 at batch 16, what about batch 8?", "with adamw", "adamw", 8),
        (
            "5e-5 worked at batch 16 for my resnet50, I go to batch 64",
            "and at 128?",
            None,
            128,
        ),
        ("I use 3e-4 at batch 64, want batch 512. what lr?", "with lion", "lion", 512),
    ],
)
def test_a_rate_that_was_carried_over_is_carried_over_anew(
    advisor, first, then, optimizer, to
):
    before = advisor.ask(first)
    after = advisor.ask(then, before.leads_on)
    told, earlier = after.to_dict()["carried_over"], before.to_dict()["carried_over"]
    assert told["from"] == earlier["from"]
    assert told["to_batch_size"] == to
    if optimizer is not None:
        assert after.slots["optimizer"] == optimizer


def test_a_second_follow_up_still_knows_what_worked(advisor):
    answer = advisor.ask("5e-5 worked at batch 16 for my resnet50, I go to batch 64")
    for then in ("with SGD", "and with adamw?"):
        answer = advisor.ask(then, answer.leads_on)
    assert answer.to_dict()["carried_over"]["to_batch_size"] == 64
    assert answer.slots["optimizer"] == "adamw"


@pytest.mark.parametrize(
    "text",
    [
        "batch -4 on dlight, which lr?",
        "is -1e-4 ok for realface at batch 5?",
        "lr for original at batch 0",
        "dlight batch 99999999999 lr?",
        "is lr 0 fine on dlight, batch 8?",
    ],
)
def test_what_cannot_be_is_answered_by_asking_back(advisor, text):
    answer = advisor.ask(text)
    assert answer.intent == "needs_clarification"
    assert answer.text.rstrip().endswith("?")


@pytest.mark.parametrize(
    "text",
    [
        "what does the critical batch do for me",
        "is the language model on",
        "lr for something at batch 8",
        "on monday batch 8 failed",
        "the check that I began this morning at batch 4",
    ],
)
def test_a_word_of_the_language_is_no_model(advisor, text):
    assert advisor.ask(text).to_dict()["unknown_workload"] is None
