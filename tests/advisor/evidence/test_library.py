"""A store's evidence, remembered: always that of the newest snapshot."""

import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.evidence.library import Library
from advisor.evidence.scope import Scope
from advisor.evidence.selecting import select_from_shelves, shelve
from advisor.service import Advisor
from knowledge.records import Outcome, Run
from knowledge.store.store import Store
from tests import example_records as examples
from tests.evidence_of import select_evidence

ROOT = Path(__file__).resolve().parents[3]
SCOPE = Scope("bench/a", "adam", None, "cpu", 100)
RUN = replace(examples.GRID_RUN, steps=100, horizon_steps=100)
CLAIM = replace(
    examples.CLAIM,
    workload="bench/a",
    optimizer="adam",
    batch_size=8,
    learning_rate=1e-3,
    bound="stable",
)
FROM_ELSEWHERE = """
import sys
from dataclasses import replace
from knowledge.records import Run
from knowledge.store.store import Store
with Store(sys.argv[1]) as store:
    run = store.runs()[0]
    store.record_run(replace(run, id="run:elsewhere", learning_rate=5e-3))
    if sys.argv[2] == "ingest":
        store.ingest_all()
"""


def labelled(workload: str, *, failing_above: float, start: int = 0) -> list[Run]:
    """Eight runs about a threshold, four of them failed."""
    return [
        replace(
            RUN,
            id=f"run:{workload}-{start + i}",
            workload=workload,
            batch_size=8 if i % 2 else 16,
            learning_rate=failing_above * 2.0 ** ((i - 3.5) / 2),
            outcome=Outcome.DIVERGED if i > 3 else Outcome.STABLE,
            failed_at_step=40 if i > 3 else None,
            seed=start + i,
        )
        for i in range(8)
    ]


@pytest.fixture
def advisor(tmp_path):
    with Advisor.open(tmp_path / "store", seeded=False) as opened:
        opened.store.record_runs(
            [
                *labelled("bench/a", failing_above=1e-3),
                *labelled("bench/b", failing_above=2e-3),
            ]
        )
        yield opened


# -- nothing is stale -----------------------------------------------------------------


@pytest.mark.parametrize("how", ["ingest", "leave"])
def test_a_run_from_another_process_counts_in_the_next_answer(advisor, how):
    """Whether the other process ingested it or left it in the inbox."""
    before = advisor.recommend("bench/a", 8)
    command = [sys.executable, "-c", FROM_ELSEWHERE, str(advisor.store.folder), how]
    subprocess.run(command, check=True, cwd=ROOT)
    after = advisor.recommend("bench/a", 8)
    assert "run:elsewhere" not in before.evidence.used
    assert "run:elsewhere" in after.evidence.used
    assert after.max_stable != before.max_stable


def test_two_advisors_of_one_store_see_each_others_runs(advisor):
    with Advisor.open(advisor.store.folder, seeded=False) as other:
        assert other.recommend("bench/a", 8) == advisor.recommend("bench/a", 8)
        other.store.record_run(replace(RUN, id="run:new", learning_rate=4e-3))
        assert "run:new" in other.recommend("bench/a", 8).evidence.used
        assert advisor.recommend("bench/a", 8) == other.recommend("bench/a", 8)


def test_a_run_of_a_sibling_counts_in_the_next_answer(advisor):
    before = advisor.recommend("bench/a", 8)
    new = labelled("bench/b", failing_above=1e-4, start=8)
    advisor.store.record_runs(new)
    assert advisor.recommend("bench/a", 8).max_stable != before.max_stable


def test_a_claim_counts_until_it_is_retracted(advisor):
    without = advisor.recommend("bench/a", 8)
    advisor.store.record_claims([CLAIM])
    assert CLAIM.id in advisor.recommend("bench/a", 8).evidence.used
    advisor.store.record_retraction(CLAIM.id, reason="misread")
    assert advisor.recommend("bench/a", 8) == without


def test_a_workload_becomes_known_with_its_first_run(advisor):
    advisor.recommend("bench/a", 8)
    advisor.store.record_runs(labelled("bench/new", failing_above=1e-3))
    assert advisor.recommend("BENCH/New", 8).basis == "measured"


def test_what_is_left_out_comes_back_when_it_is_not(advisor):
    whole = advisor.recommend("bench/a", 8)
    left_out = ["run:bench/a-3", "run:bench/b-5"]
    without = advisor.recommend("bench/a", 8, exclude=left_out)
    assert set(left_out) <= {e.id for e in without.evidence.excluded}
    assert not set(left_out) & set(without.evidence.used)
    assert without.max_stable != whole.max_stable
    assert advisor.recommend("bench/a", 8) == whole


def test_risk_horizon_and_batch_size_have_answers_of_their_own(advisor):
    usual = advisor.recommend("bench/a", 8)
    assert advisor.recommend("bench/a", 8, risk=0.01).learning_rate < (
        usual.learning_rate
    )
    longer = advisor.recommend("bench/a", 8, horizon=100_000)
    assert longer.horizon_steps == 100_000
    assert advisor.recommend("bench/a", 16).batch_size == 16
    assert advisor.recommend("bench/a", 8) == usual


# -- remembered -----------------------------------------------------------------------


def test_unchanged_evidence_gives_the_same_answer_again(advisor):
    first = advisor.recommend("bench/a", 8)
    assert advisor.recommend("bench/a", 8) is first


def test_saving_an_answer_does_not_make_the_evidence_new(advisor):
    first = advisor.recommend("bench/a", 8)
    asked = advisor.ask("What learning rate for bench/a at batch 8?")
    assert asked.answer_id is not None
    assert advisor.recommend("bench/a", 8) is first


def test_a_run_of_another_family_does_not_make_the_evidence_new(advisor):
    first = advisor.recommend("bench/a", 8)
    advisor.store.record_runs(labelled("other/x", failing_above=1e-3))
    assert advisor.recommend("bench/a", 8) is first


def test_an_unseeded_library_leaves_the_seeds_claims_out(tmp_path):
    with Advisor.open(tmp_path / "store") as advisor:
        assert advisor.library.claims()
        assert Library(advisor.store, seeded=False).claims() == []
        assert Library(advisor.store, seeded=True).claims() == advisor.library.claims()


def test_only_the_shelf_that_got_a_run_is_made_anew(tmp_path):
    with Store(tmp_path / "store") as store:
        library = Library(store, seeded=False)
        store.record_runs([RUN, replace(RUN, id="run:b", workload="bench/b")])
        first = library.shelves("bench/a")
        assert library.shelves("bench/b") is first
        store.record_run(replace(RUN, id="run:c", workload="bench/b"))
        second = library.shelves("bench/a")
        assert second["bench/a"] is first["bench/a"]
        assert [run.id for run in second["bench/b"].runs] == ["run:b", "run:c"]


def test_threads_that_ask_while_runs_come_in_end_with_the_answer_of_all(advisor):
    """While one thread ingests, others answer from what is published."""
    advisor.store.ingest_all()
    errors: list[Exception] = []

    def ask_and_add(number: int) -> None:
        try:
            for i in range(3):
                run_id = f"run:thread-{number}-{i}"
                advisor.store.record_run(replace(RUN, id=run_id, seed=number))
                advisor.recommend("bench/a", 8)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=ask_and_add, args=[n]) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    advisor.store.ingest_all()
    with Advisor.open(advisor.store.folder, seeded=False) as fresh:
        assert advisor.recommend("bench/a", 8) == fresh.recommend("bench/a", 8)


# -- sorting runs in portions ---------------------------------------------------------

runs_of_a_group = st.lists(
    st.builds(
        Run,
        id=st.integers(0, 10**9).map("run:{}".format),
        workload=st.sampled_from(["bench/a", "Bench/A", "bench/b", "bench/c"]),
        batch_size=st.sampled_from([4, 8]),
        learning_rate=st.sampled_from([1e-3, 2e-3]),
        optimizer=st.sampled_from(["adam", "adamw", "sgd"]),
        recipe=st.sampled_from([None, "house"]),
        source=st.just("test"),
        outcome=st.sampled_from([None, *Outcome]),
        metric_name=st.sampled_from(["loss", "accuracy"]),
        metric_value=st.sampled_from([None, 0.5]),
        goal=st.sampled_from([None, "min"]),
        precision=st.sampled_from([None, "fp16"]),
        job_id=st.sampled_from([None, "job:1"]),
        steps=st.sampled_from([None, 10, 20]),
    ),
    max_size=25,
    unique_by=lambda run: run.id,
)


@settings(max_examples=60, deadline=None)
@given(runs=runs_of_a_group, data=st.data())
def test_runs_shelved_in_portions_give_the_evidence_of_all_at_once(runs, data):
    cut = data.draw(st.integers(0, len(runs)))
    ids = [run.id for run in runs]
    left_out = data.draw(st.lists(st.sampled_from(ids), max_size=3)) if ids else []
    shelves = shelve(runs[:cut])
    select_from_shelves(SCOPE, shelves, claims=[CLAIM])  # has worked out its bodies
    shelves = shelve(runs[cut:], onto=shelves)
    found = select_from_shelves(SCOPE, shelves, claims=[CLAIM], leave_out=left_out)
    shuffled = data.draw(st.permutations(runs))
    expected = select_evidence(SCOPE, runs=shuffled, claims=[CLAIM], leave_out=left_out)
    assert found == expected
    sorted_away = {e.id for e in found.excluded}
    own = {run.id for run in (*found.own.runs, *found.scored)}
    assert not own & (set(left_out) | sorted_away)
    assert set(left_out) <= sorted_away


def test_bodies_with_the_same_runs_have_the_same_key_and_others_another():
    one, two = (
        select_evidence(SCOPE, runs=[RUN], claims=claims).own
        for claims in ([], [CLAIM])
    )
    assert one.key == select_evidence(SCOPE, runs=[RUN], claims=[]).own.key
    assert one.key != two.key
