"""Is this difference real? From scores that were told, and from stored runs."""

import pytest

from advisor.conversation.proposals import Action
from advisor.service import Advisor
from advisor.settings import Settings

HEADER = (
    "workload,optimizer,batch_size,learning_rate,metric_name,metric_value,"
    "steps_or_tokens,source,outcome"
)
ROWS = [
    *(f"smallnet,sgd,32,0.1,accuracy,{x},100,me," for x in (0.90, 0.91, 0.92)),
    *(f"smallnet,sgd,32,0.2,accuracy,{x},100,me," for x in (0.95, 0.96, 0.97)),
    *(f"smallnet,sgd,32,0.3,accuracy,{x},900,me," for x in (0.98, 0.98)),
    *(f"smallnet,sgd,64,0.1,accuracy,{x},100,me," for x in (0.905, 0.912)),
    *(f"smallnet,sgd,32,0.4,accuracy,{x},100,me,stable" for x in (0.98, 0.981, 0.982)),
    *(f"smallnet,sgd,32,0.4,accuracy,{x},100,me,diverged" for x in (0.1, 0.1)),
]


@pytest.fixture(scope="module")
def advisor(tmp_path_factory):
    folder = tmp_path_factory.mktemp("differences")
    with Advisor.open(
        folder / "store", settings=Settings(folder, n_workers=1)
    ) as opened:
        path = folder / "runs.csv"
        path.write_text("\n".join([HEADER, *ROWS]))
        opened.import_runs(path)
        yield opened


def told(advisor, question, **more):
    answer = advisor.ask(question, **more)
    assert answer.intent == "difference", answer.intent
    return answer, answer.to_dict()["difference"]


def test_stored_replicates_that_differ_are_told_apart(advisor):
    answer, found = told(
        advisor, "is 0.2 really better than 0.1 at batch 32 on smallnet?"
    )
    assert found["distinguishable"]
    assert found["better"] == "2e-1"
    assert (found["a"]["n_runs"], found["b"]["n_runs"]) == (3, 3)
    shown = {row["id"] for row in answer.evidence}
    assert set(found["a"]["runs"] + found["b"]["runs"]) <= set(found["rests_on"])
    assert shown == set(found["rests_on"])
    assert "A real difference: 2e-1 is better" in answer.text


def test_batch_sizes_are_compared_at_the_rate_that_both_were_run_at(advisor):
    answer, found = told(advisor, "does batch 64 really beat batch 32 on smallnet?")
    assert not found["distinguishable"]
    assert answer.text.startswith("Not distinguishable")
    assert found["seeds_needed"] > 3
    assert found["a"]["learning_rate"] == found["b"]["learning_rate"] == 0.1


def test_runs_of_another_length_do_not_compare(advisor):
    answer, found = told(
        advisor, "is 0.3 really better than 0.1 at batch 32 on smallnet?"
    )
    assert found["verdict"] == "not_run"
    assert "Nothing can be said" in answer.text


def test_a_rate_of_which_two_in_five_runs_diverged_is_not_better(advisor):
    answer, found = told(
        advisor, "is 0.4 really better than 0.2 at batch 32 on smallnet?"
    )
    assert found["a"]["n_failed"] == 2
    assert found["better"] is None
    assert answer.text.startswith("Not better")


@pytest.mark.parametrize(
    ("question", "verdict", "better"),
    [
        (
            "val loss 0.412 at lr 1e-3 and 0.405 at 2e-3, is that a real difference?",
            "nothing_to_say",
            None,
        ),
        (
            "batch 16 scored 0.91, 0.92, 0.90 and batch 64 0.93, 0.91: does it matter?",
            "not_distinguishable",
            None,
        ),
        (
            "loss at 1e-3: 0.50 0.51 0.52, at 2e-3: 0.40 0.41 0.42. significant?",
            "better",
            "2e-3",
        ),
        ("97.1 +/- 0.3 vs 95.8 +/- 0.4, 5 seeds each, real?", "better", "the first"),
        (
            "4 of 4 runs at 3e-3 diverged, none of 4 at 1e-3. is 1e-3 really better?",
            "fails_less",
            "1e-3",
        ),
    ],
)
def test_scores_in_the_question_need_no_model(advisor, question, verdict, better):
    answer, found = told(advisor, question)
    assert (found["verdict"], found["better"]) == (verdict, better)
    assert found["rests_on"] == []
    assert answer.evidence == ()


def test_seeds_that_differ_by_a_thousand_are_compared_by_ratio(advisor):
    _, found = told(
        advisor, "loss 1e-3: 0.002 2.0 0.0015; 5e-4: 0.0018 0.0021 0.0019, real?"
    )
    assert found["noise"]["is_factor"]
    assert not found["distinguishable"]


def test_one_run_each_is_told_on_the_noise_floor_of_the_same_metric_alone(advisor):
    same = "accuracy 0.90 at lr 0.1 and 0.97 at lr 0.2 on smallnet batch 32, real?"
    other = same.replace("accuracy", "f1")
    assert told(advisor, same)[1]["noise"]["origin"] == "other_settings"
    assert told(advisor, other)[1]["verdict"] == "nothing_to_say"


def test_how_many_more_seeds_is_asked_of_the_turn_before(advisor):
    first, found = told(advisor, "0.91 0.92 0.90 vs 0.93 0.91, just noise?")
    _, again = told(
        advisor, "how many more seeds would tell?", context=first.leads_on or first.text
    )
    assert again["seeds_needed"] == found["seeds_needed"]


def test_how_many_seeds_is_worked_out_of_a_spread_and_a_difference(advisor):
    answer = advisor.ask("seed std is 0.4, how many seeds to see a difference of 0.3?")
    assert answer.rows == ({"spreads": 0.75, "runs_a_side": 29},)


def test_the_runs_that_would_tell_are_offered_and_wait_for_a_yes(advisor):
    answer, found = told(
        advisor, "is 0.0123 really better than 0.0234 at batch 32 on digits_mlp?"
    )
    assert found["verdict"] == "not_run"
    assert answer.proposal.action is Action.VERIFY
    assert {run.learning_rate for run in answer.plan.runs} == {0.0123, 0.0234}
    assert len(answer.plan.runs) == 6
    assert advisor.jobs() == []


def test_a_model_nobody_knows_and_no_scores_asks_for_them(advisor):
    answer = advisor.ask("resnet50: is 1e-3 really better than 2e-3?")
    assert answer.unknown_workload == "resnet50"
    assert "tell me the scores" in answer.text


def test_every_number_said_is_in_the_record_or_the_question(advisor):
    import json
    import re

    question = "is 0.2 really better than 0.1 at batch 32 on smallnet?"
    answer, _ = told(advisor, question)
    document = answer.to_dict()
    del document["text"]
    known = {
        float(x) for x in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", json.dumps(document))
    }
    known |= {abs(x) for x in known}  # "0.05 lower"
    known |= {100 * x for x in known} | {5.0}  # per cent; 100 less the level
    for number in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e-?\d+)?", answer.text):
        assert any(abs(float(number) - x) < 1e-9 for x in known), number
