"""Runs in bf16: made when asked for, and never mixed up with those in float32."""

from dataclasses import replace

import pytest

from advisor.service import Advisor
from advisor.settings import Settings
from knowledge.errors import BadValueError
from knowledge.outcome import RULE_VERSION
from tests import example_records as examples
from tests.by_hand import work


@pytest.fixture
def advisor(tmp_path, nothing_trains):
    folder = tmp_path / "store"
    with Advisor.open(
        folder, study=False, library=False, settings=Settings(folder, n_workers=1)
    ) as opened:
        yield opened


def test_runs_in_bf16_count_for_answers_about_bf16_alone(advisor):
    verification = advisor.verify(
        "digits_mlp", 32, learning_rate=[1e-3, 30.0], steps=60, precision="bf16"
    )
    work(advisor, verification)
    runs = advisor.store.runs()
    assert {run.precision for run in runs} == {"bf16"}
    assert verification.to_dict()["after"]["basis"] == "measured"
    asked = advisor.recommend("digits_mlp", 32, precision="bf16")
    assert set(asked.evidence.used) >= {run.id for run in runs}
    assert any("mixed precision (bf16)" in caveat for caveat in asked.caveats)
    plain = advisor.recommend("digits_mlp", 32)
    assert {x.reason for x in plain.evidence.excluded if x.id.startswith("run:")} == {
        "another precision (bf16)"
    }
    assert plain.basis not in ("measured", "interpolated")


def test_runs_in_bf16_are_no_siblings_of_anything(advisor):
    mixed = replace(
        examples.REALFACE_RUN, precision="bf16", steps=1000, outcome_rule=RULE_VERSION
    )
    advisor.store.record_run(mixed)
    assert "run:1" not in advisor.recommend("realface@1/8", 5).evidence.used
    advisor.store.record_run(replace(mixed, id="run:2", precision="fp32"))
    assert "run:2" in advisor.recommend("realface@1/8", 5).evidence.used


def test_an_adaptive_search_in_bf16_stays_in_bf16(advisor):
    verification = advisor.verify("digits_mlp", 32, steps=60, runs=2, precision="bf16")
    work(advisor, verification)
    assert [job.config.precision for job in verification.jobs()] == ["bf16"] * 2


@pytest.mark.parametrize(
    ("precision", "device", "said"),
    [("fp8", "cpu", "use fp32 or bf16"), ("bf16", "mps", "use fp32 on mps")],
)
def test_a_precision_that_is_not_there_is_refused(advisor, precision, device, said):
    with pytest.raises(BadValueError, match=said):
        advisor.verify("digits_mlp", 32, precision=precision, device=device)
    assert advisor.queue.jobs() == []
