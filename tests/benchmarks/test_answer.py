"""The benchmark of answers: it runs, and says what it measured where."""

import pytest

from advisor.reading.parsing import parse_question
from benchmarks import answer
from benchmarks.made_up_stores import StoreSize, batches_of_runs
from knowledge.records import Outcome

SIZE = StoreSize(24, n_workloads=4, n_families=2)


@pytest.fixture(scope="module")
def table():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            answer, "KINDS", {"help": "help", "show runs": "Show runs of {w}"}
        )
        return answer.measure([SIZE], n_calls=3, fresh_process=False)


def test_times_are_positive_and_compared_with_what_is_promised(table):
    assert (table["median_ms"] > 0).all()
    assert (table["p95_ms"] >= table["median_ms"]).all()
    promised = table[table["bar_ms"].notna()]
    assert (promised["ratio"] == promised["p95_ms"] / promised["bar_ms"]).all()
    assert {"parse a question", "another batch of it", "after a new run of it"} <= set(
        promised["question"]
    )


def test_the_markdown_names_the_machine_and_has_a_line_for_each_row(table):
    text = answer.markdown(table)
    assert table.attrs["machine"] in text.splitlines()[0]
    assert "cores" in text.splitlines()[0]
    assert len(text.splitlines()) == 4 + len(table)
    assert "nan" not in text


@pytest.mark.parametrize(
    ("template", "intent"),
    [
        (answer.ANOTHER_BATCH, "recommend_lr"),
        (answer.KINDS["is a rate safe"], "judge_lr"),
        (answer.KINDS["largest batch"], "max_batch_for_lr"),
        (answer.KINDS["which of two"], "compare_models"),
        (answer.KINDS["how it scales"], "scaling_rule"),
        (answer.KINDS["show runs"], "show_runs"),
        (answer.KINDS["what went wrong"], "diagnose"),
        (answer.KINDS["a concept"], "explain_concept"),
        (answer.KINDS["help"], "help"),
    ],
)
def test_a_question_is_of_the_kind_that_its_row_names(template, intent):
    """Else a row would time something cheaper."""
    (text,) = answer.questions(SIZE, template, 1)
    assert parse_question(text, known_workloads=SIZE.workloads).intent == intent


def test_questions_of_a_kind_differ():
    texts = answer.questions(answer.SIZES[0], answer.ANOTHER_BATCH, 60)
    assert len(set(texts)) == 60


def test_the_same_seed_makes_the_same_runs():
    one, two, other = (list(batches_of_runs(SIZE, seed=s)) for s in (1, 1, 2))
    assert one == two
    assert one != other


def test_a_made_up_store_has_the_runs_it_was_asked_for():
    runs = [run for batch in batches_of_runs(SIZE) for run in batch]
    assert len(runs) == len({run.id for run in runs}) == SIZE.n_runs
    assert {run.workload for run in runs} == set(SIZE.workloads)
    assert {run.outcome for run in runs} == {Outcome.STABLE, Outcome.DIVERGED}
