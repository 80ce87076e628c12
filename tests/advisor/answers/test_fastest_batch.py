"""The fastest batch: what was timed here joined with what is known of rates."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from advisor.answers.fastest_batch import build_throughput
from advisor.charts.throughput import build_throughput_chart, describe_throughput_chart
from advisor.planning.costs import guess_run_cost
from advisor.planning.spec import examples_of
from advisor.rates import fit_text
from advisor.running import speeds
from advisor.service import Advisor
from advisor.statistics.fitting import Fitter
from experiments.jobs.queue import Queue
from experiments.machine import machine_name
from knowledge.errors import BadValueError, RunError, WorkloadUnavailableError
from knowledge.records import Run, Throughput

QUESTION = "Which batch is fastest for RealFace on my machine?"


@pytest.fixture(scope="module")
def fitter() -> Fitter:
    """Fits shared by the tests: they depend on the evidence alone."""
    return Fitter()


@pytest.fixture
def advisor(tmp_path: Path, fitter: Fitter) -> Iterator[Advisor]:
    with Advisor.open(
        tmp_path / "store", study=False, library=False, fitter=fitter
    ) as opened:
        yield opened


def speed(batch_size: int, per_second: float, **changes: object) -> Throughput:
    """A measured speed of RealFace on this machine."""
    row = Throughput(
        id=f"throughput:{batch_size}-{per_second:g}-{changes.get('n_workers', 1)}",
        measured="2026-11-22T10:00:00",
        machine=machine_name(),
        device="cpu",
        workload="realface",
        recipe="faceswap-2021",
        precision="fp32",
        batch_size=batch_size,
        seconds_per_step=2 * batch_size / per_second,
        examples_per_second=per_second,
        peak_memory_mb=1000.0 + batch_size,
        n_workers=1,
    )
    return replace(row, **changes)  # type: ignore[arg-type]


RUN = Run(
    id="run:8",
    workload="realface",
    batch_size=8,
    learning_rate=1e-5,
    optimizer="adam",
    recipe="faceswap-2021",
    source="ours",
    steps=100,
    seconds=400.0,
    device="cpu",
)
MEASURED = [speed(2, 1.0), speed(4, 1.5), speed(5, 1.6), speed(16, 1.7)]


def test_the_fastest_batch_with_a_known_rate_is_not_the_fastest_of_all(advisor):
    """RealFace was reported on up to batch 5: beyond it no rate is known."""
    advisor.store.record_throughput(MEASURED)
    found = advisor.fastest_batch("RealFace")
    assert found.report.fastest.batch_size == 16
    assert found.choice.speed.batch_size == 5
    assert found.choice.recommendation == advisor.recommend("realface", 5)
    assert [choice.is_known for choice in found.choices] == [True, True, True, False]


def test_the_answer_names_rate_speed_rows_and_what_was_reported(advisor):
    advisor.store.record_throughput(MEASURED)
    answer = advisor.ask(QUESTION)
    assert answer.intent == "fastest_batch"
    r = advisor.recommend("realface", 5)
    assert "Batch 5 is the fastest" in answer.text
    assert "1.6 EGs/sec" in answer.text
    assert fit_text(r.learning_rate) in answer.text
    assert "Faster still is batch 16" in answer.text
    assert "most EGs/sec on that CPU at batch 5" in answer.text
    assert "not how fast it learns" in answer.text
    ids = {row["ids"] for row in answer.rows}
    assert ids == {row.id for row in MEASURED}
    assert answer.evidence[0]["kind"] == "claim"


def test_every_number_of_the_answer_stands_in_its_json(advisor):
    """Shares stand there as fractions, levels too."""
    advisor.store.record_throughput(MEASURED)
    document = advisor.ask(QUESTION).to_dict()
    text = document.pop("text")
    numbers = r"\d+(?:\.\d+)?(?:e[-+]?\d+)?"
    stored = {float(x) for x in re.findall(numbers, json.dumps(document))}
    stored |= {round(100 * x) for x in stored if x <= 1}
    assert [x for x in re.findall(numbers, text) if float(x) not in stored] == []


def test_without_a_measurement_the_answer_says_so_and_how_to_measure(advisor):
    answer = advisor.ask(QUESTION)
    assert "has not been measured on this machine" in answer.text
    assert "lr-advisor speed --workload realface" in answer.text
    assert answer.recommendations == ()
    assert answer.rows == ()


def test_a_speed_of_another_machine_or_precision_does_not_count(advisor):
    advisor.store.record_throughput(
        [
            speed(4, 9.0, machine="another processor, 64 cores"),
            speed(5, 9.0, precision="bf16"),
            speed(6, 9.0, device="cuda"),
        ]
    )
    assert advisor.fastest_batch("realface").report.points == ()
    known = advisor.planner.timings.run_cost("realface", device="cpu")
    assert known == guess_run_cost("realface")


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_fastest_batch_is_that_of_the_precision_that_was_asked_for(
    advisor, precision
):
    """Steps timed by themselves and whole runs alike, and so the text and the JSON."""
    advisor.store.record_throughput([speed(4, 2.0), speed(5, 9.0, precision="bf16")])
    advisor.store.record_runs(
        [
            replace(RUN, precision="fp32"),
            replace(RUN, id="run:9", batch_size=9, precision="bf16"),
        ]
    )
    timed = {"fp32": [4, 8], "bf16": [5, 9]}[precision]
    found = advisor.ask(f"Which batch is fastest for RealFace in {precision}?").fastest
    assert [point.batch_size for point in found.report.points] == timed
    assert found == advisor.fastest_batch("realface", precision=precision)
    assert found.to_dict()["precision"] == precision


def test_a_precision_that_was_not_timed_is_named(advisor):
    advisor.store.record_throughput([speed(4, 2.0)])
    text = advisor.ask("Which batch is fastest for RealFace in bf16?").text
    assert text.startswith("The speed of RealFace in bf16 has not been measured")


def test_the_newest_measurement_alone_counts_and_runs_fill_what_is_missing(advisor):
    older = speed(4, 1.0, measured="2026-11-21T10:00:00")
    crowded = speed(4, 0.5, n_workers=2)
    advisor.store.record_throughput([older, speed(4, 2.0), crowded])
    advisor.store.record_run(RUN)
    points = advisor.fastest_batch("realface").report.points
    assert [(p.batch_size, p.examples_per_second, p.source) for p in points] == [
        (4, 2.0, "measured"),
        (8, 4.0, "runs"),
    ]


def test_runs_that_came_with_the_program_are_no_timings_of_this_machine(advisor):
    advisor.store.record_runs([replace(RUN, source="study")])
    assert advisor.fastest_batch("realface").report.points == ()


def test_what_was_measured_changes_the_time_of_a_plan_at_once(advisor):
    before = advisor.recommend("realface@1/16", 5).verification
    slow = 10 * before.runs[0].estimated_seconds / before.runs[0].steps
    row = speed(5, 1.0, workload="realface@1/16", seconds_per_step=slow)
    advisor.store.record_throughput([row])
    after = advisor.recommend("realface@1/16", 5).verification
    each = [
        plan.runs[0].estimated_seconds / plan.runs[0].steps for plan in (before, after)
    ]
    assert each[1] > 5 * each[0]


def test_a_plan_says_how_many_runs_its_time_holds(advisor):
    """What the card says is what happens."""
    advisor.store.record_throughput(
        [speed(5, 100.0, workload="original@1/16", seconds_per_step=0.04)]
    )
    for budget in (60.0, 120.0):
        plan = advisor.plan_runs("original@1/16", [5], budget_seconds=budget)
        assert plan.estimated_seconds == budget
        assert len(plan.runs) == advisor.settings.n_workers
        assert len(plan.runs) + plan.more_runs >= 8
        each = sum(map(examples_of, plan.runs)) / len(plan.runs)
        planned = each * (len(plan.runs) + plan.more_runs)
        # It counts the last run's part, and `more_runs` whole ones.
        assert plan.estimated_examples == pytest.approx(planned, abs=each / 2)


def test_the_chart_marks_where_a_rate_is_known_and_labels_the_answer(advisor):
    advisor.store.record_throughput(MEASURED)
    found = advisor.fastest_batch("realface")
    rows = build_throughput_chart(found).to_dict()["data"]["values"]
    assert [row["label"] != "" for row in rows] == [False, False, True, False]
    assert len({row["kind"] for row in rows}) == 2
    assert "4 batch sizes" in describe_throughput_chart(found)


def test_an_order_of_rows_changes_nothing():
    arguments = {"device": "cpu", "precision": "fp32", "machine": "m", "sides": 2}
    one = build_throughput("realface", speeds=MEASURED, runs=[], **arguments)
    two = build_throughput("realface", speeds=MEASURED[::-1], runs=[], **arguments)
    assert one == two
    assert one.nearly_fastest.batch_size == 5


# -- measuring ------------------------------------------------------------------------


def document(**changes: object) -> dict[str, object]:
    """What the measuring process prints."""
    row = {
        "batch_size": 4,
        "n_workers": 1,
        "seconds_per_step": 0.5,
        "examples_per_second": 16.0,
        "peak_memory_mb": 400.0,
    }
    return {
        "machine": machine_name(),
        "device": "cpu",
        "workload": "realface",
        "recipe": "faceswap-2021",
        "precision": "fp32",
        "code_version": "0.1.0",
        "rows": [row],
        "stopped": None,
        **changes,
    }


def test_a_measurement_is_saved_and_answered_from(advisor, monkeypatch):
    monkeypatch.setattr(speeds, "_measure", lambda *_, **__: document())
    report = advisor.measure_speed("realface")
    assert advisor.store.throughput() == list(report.rows)
    assert "Batch 4 is the fastest" in advisor.ask(QUESTION).text


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"batch_sizes": [0]}, BadValueError, "batch_size is 0"),
        ({"budget_seconds": 0.0}, BadValueError, "budget is 0"),
        ({"recipe": "sgd"}, WorkloadUnavailableError, "cannot be trained here"),
    ],
)
def test_what_cannot_be_measured_is_said_in_a_sentence(
    advisor, arguments, error, words
):
    with pytest.raises(error, match=words):
        advisor.measure_speed("realface", **arguments)


def test_an_imported_workload_has_no_speed_here(advisor):
    advisor.store.record_runs([replace(RUN, workload="mine", source="a file")])
    with pytest.raises(WorkloadUnavailableError, match="mine cannot be trained here"):
        advisor.measure_speed("mine")


def test_nothing_is_measured_beside_a_run_or_another_measurement(advisor, monkeypatch):
    def measure_once_more(*_: object, **__: object) -> dict[str, object]:
        with pytest.raises(RunError, match="Another measurement"):
            advisor.measure_speed("realface")
        return document()

    monkeypatch.setattr(speeds, "_measure", measure_once_more)
    advisor.measure_speed("realface")

    monkeypatch.setattr(Queue, "count_unfinished", lambda self: 1)
    with pytest.raises(RunError, match="Runs are under way"):
        advisor.measure_speed("realface")
