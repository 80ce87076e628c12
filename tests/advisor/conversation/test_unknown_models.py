"""A model nobody here has run: what can be said is said, with the ways in."""

import json

import pytest

from advisor.rates import rate_text
from advisor.service import Advisor
from advisor.settings import Settings

HEADER = (
    "workload,optimizer,batch_size,learning_rate,metric_name,metric_value,"
    "steps_or_tokens,source,outcome"
)
UNRELATED = ("original", "realface", "dlight", "digits")


@pytest.fixture(scope="module")
def advisor(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unknown")
    with Advisor.open(
        folder / "store", settings=Settings(folder, n_workers=1)
    ) as opened:
        path = folder / "runs.csv"
        rows = [
            f"yolov8s.pt,sgd,16,{x},mAP50,{y},90,me,"
            for x, y in ((1e-3, 0.5), (0.01, 0.6))
        ]
        path.write_text("\n".join([HEADER, *rows]))
        opened.import_runs(path)
        yield opened


@pytest.mark.parametrize(
    ("question", "model", "ratio"),
    [
        ("5e-5 worked at batch 16 for my resnet50, I go to batch 64", "resnet50", 4),
        ("SDXL LoRA: lr 1e-4 at bs 4, going to bs 16?", "sdxl", 4),
        ("phaze-a: 5e-5 at batch 16, what about batch 8?", "phaze-a", 0.5),
        ("lr 0.1 for batch 256 on resnet-50 with sgd. what for batch 1024?", None, 4),
        ("I use 3e-4 at batch 64, want batch 512. what lr?", None, 8),
        ("5e-4 x batch/512 at batch 64", None, 1 / 8),
    ],
)
def test_a_rate_that_worked_is_carried_over_by_each_rule_and_by_runs(
    advisor, question, model, ratio
):
    answer = advisor.ask(question)
    told = answer.to_dict()
    if model is not None:
        assert told["unknown_workload"] == model
    carried = told["carried_over"]
    assert carried["to_batch_size"] == ratio * carried["from"]["batch_size"]
    rate = carried["from"]["learning_rate"]
    assert carried["rules"] == {
        name: pytest.approx(rate * ratio**power, rel=0.005)
        for name, power in {
            "constant": 0,
            "inverse_sqrt": -0.5,
            "inverse": -1,
            "sqrt": 0.5,
            "linear": 1,
        }.items()
    }
    measured = carried["measured"]
    assert measured["low"] <= measured["median"] <= measured["high"]
    assert measured["rests_on"]
    shown = [rate, *carried["rules"].values()]
    shown += [measured[name] for name in ("low", "median", "high")]
    assert all(rate_text(each) in answer.text for each in shown)
    assert "Nothing here was measured on" in answer.text
    json.dumps(told, allow_nan=False)


def test_runs_of_the_same_kind_of_optimizer_alone_carry_a_rate_over(advisor):
    asked = "lr 0.1 at batch 256 with {}. what for batch 1024?"
    adam, sgd = (
        advisor.ask(asked.format(name)).carried_over.measured
        for name in ("adam", "sgd")
    )
    assert {name.split("/")[0] for name in sgd.rests_on} == {
        *("digits_mlp", "digits_cnn", "cifar10")
    }
    assert any("original" in name for name in adam.rests_on)
    assert any("hpobench" in name for name in adam.rests_on)
    assert sgd.exponent["median"] > adam.exponent["median"]


def test_the_usual_optimizer_is_said_to_be_taken(advisor):
    asked = "my net: 1e-4 at batch 8, what at batch 32"
    assert "No optimizer was named" in advisor.ask(asked).text
    assert "No optimizer was named" not in advisor.ask(f"{asked} with adamw?").text


@pytest.mark.parametrize(
    "question",
    [
        "what lr for SDXL at batch 4?",
        "is 1e-3 safe for my phaze-a at batch 64?",
        "how large may the batch be for phaze-a at 1e-4?",
    ],
)
def test_an_unknown_model_gets_the_ways_in_and_no_list_of_other_models(
    advisor, question
):
    answer = advisor.ask(question)
    assert answer.unknown_workload
    for way in ("import FILE", "lr-advisor tell", "add the model"):
        assert way in answer.text
    options = answer.clarification["options"] if answer.clarification else []
    assert not [name for name in UNRELATED if name in options]


@pytest.mark.parametrize(
    ("question", "batch_size"),
    [
        ("what lr for phaze-a at batch 16?", 16),
        ("is 1e-3 safe for my dfl-sae at batch 8?", 8),
        ("villain, batch 10: which learning rate?", 10),
    ],
)
def test_another_face_model_starts_where_the_most_careful_known_one_does(
    advisor, question, batch_size
):
    answer = advisor.ask(question)
    known = [
        advisor.recommend(name, batch_size).learning_rate
        for name in ("original", "dlight", "realface")
    ]
    assert answer.text.startswith(f"Start at {rate_text(min(known))} at batch")
    assert "nothing here was measured on" in answer.text
    assert answer.evidence
    assert all(rate_text(rate) in answer.text for rate in known)


@pytest.mark.parametrize("model", ["phaze-a", "resnet50", "nanoGPT"])
def test_a_symptom_is_explained_whether_or_not_the_model_is_known(advisor, model):
    tail = " goes NaN at iteration 575000, batch 16, lr 5e-5, mixed precision on"
    general, named = advisor.ask(f"my model{tail}"), advisor.ask(f"{model}{tail}")
    assert named.intent == general.intent == "diagnose"
    assert named.text.startswith(general.text.split("\n\n")[0])
    assert f"No runs of {named.unknown_workload} are stored here" in named.text


@pytest.mark.parametrize("typed", ["yolov8s", "YOLOv8s", "yolov8s.pt"])
def test_the_one_stored_name_that_is_the_same_but_for_its_ending_is_taken(
    advisor, typed
):
    answer = advisor.ask(f"what learning rate for {typed} at batch 16?")
    assert answer.recommendation.workload == "yolov8s.pt"
    assert answer.recommendation.learning_rate == pytest.approx(0.01, rel=0.3)


def test_a_slip_of_the_fingers_is_asked_about(advisor):
    answer = advisor.ask("what learning rate for yolov8x.pt at batch 16?")
    assert answer.clarification["options"] == ["yolov8s.pt"]


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("What do the formulas say? 3e-4 worked at 64, I go to batch 512", "linear"),
        ("the formulas for 0.1 at batch 256 to 1024 with sgd?", "square root"),
        ("what does the step law say for a 124M model on 10B tokens?", "Step Law"),
        ("what do the formulas say for digits_mlp at batch 64?", "unchanged"),
    ],
)
def test_formulas_are_told_with_their_numbers_and_how_far_they_are_off(
    advisor, question, named
):
    answer = advisor.ask(question)
    told = answer.to_dict()
    rates = {f["name"]: f["learning_rate"] for f in told["formulas"]}
    assert rates[named]
    assert all(rate_text(rate) in answer.text for rate in rates.values() if rate)
    assert "off by" in answer.text
    json.dumps(told, allow_nan=False)


@pytest.mark.parametrize(
    "follow_up",
    [
        "and with gradient accumulation on top?",
        "why?",
        "how sure are you?",
        "should I lower the lr or turn off mixed precision?",
    ],
)
def test_every_follow_up_on_an_unknown_model_is_answered(advisor, follow_up):
    first = advisor.ask("SDXL LoRA: lr 1e-4 at bs 4, going to bs 16?")
    assert advisor.ask(follow_up, first.leads_on).text


def test_another_rate_is_set_against_the_one_carried_over(advisor):
    first = advisor.ask("SDXL LoRA: lr 1e-4 at bs 4, going to bs 16?")
    answer = advisor.ask("can I just go with 9e-4?", first.leads_on)
    assert answer.carried_over == first.carried_over
    assert "9e-4 is" in answer.text
    assert "outside that interval" in answer.text


def test_a_pair_told_in_one_turn_is_carried_over_in_the_next(advisor):
    first = advisor.ask("my hydranet trains fine at batch 8 with 1e-4")
    carried = advisor.ask("what lr for batch 32?", first.leads_on).carried_over
    assert (carried.from_batch_size, carried.to_batch_size) == (8, 32)
    assert carried.learning_rate == 1e-4


def test_the_size_asked_about_stays_that_of_the_next_turns(advisor):
    first = advisor.ask("vit-b/16: paper says lr 3e-3 at batch 4096. I can do 256. lr?")
    assert first.leads_on.slots.batch_size == 256
    formula = advisor.ask("the paper uses 5e-4 * batch/512", first.leads_on)
    carried = formula.carried_over
    assert (carried.from_batch_size, carried.to_batch_size) == (512, 256)


def test_where_accumulation_makes_up_for_the_batch_the_rate_is_kept(advisor):
    answer = advisor.ask(
        "whisper-small, batch 16 with lr 1e-5. OOM so batch 4 with accumulation 4, "
        "change the lr?"
    )
    assert answer.text.startswith("Keep 1e-5: ")
    assert "16 as before" in answer.text


def test_a_diagnosis_asks_for_no_model_that_was_named(advisor):
    answer = advisor.ask("loss is nan at batch 64 with lr 3.2 on resnet-50 with sgd")
    assert "Tell me" not in answer.text
    assert not answer.clarification or "model" not in answer.clarification["question"]


def test_a_published_rate_without_a_batch_size_says_for_which_it_is(advisor):
    answer = advisor.ask("vgg16, which lr?")
    size = answer.carried_over.to_batch_size
    assert answer.text.startswith("You named no batch size")
    assert f"batch {size}" in answer.text.split("\n")[0]


def test_runs_are_only_said_to_be_of_an_optimizer_they_were_made_with(advisor):
    asked = "my net: {} 1e-4 at batch 8, what at batch 32"
    assert "With Adam the rate" in advisor.ask(asked.format("adam")).text
    text = advisor.ask(asked.format("adamw")).text
    assert "With AdamW and its like the rate" in text
