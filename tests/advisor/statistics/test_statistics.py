"""What the statistics promise, on simulated runs, through the path a user takes."""

import numpy as np
import pytest
from scipy.special import expit

from advisor.service import Advisor

HEADER = (
    "workload,optimizer,batch_size,learning_rate,metric_name,metric_value,"
    "steps_or_tokens,source,outcome"
)
BATCHES = (2, 4, 8, 16, 32)


def simulated_rows(seed, n_runs, *, exponent=0.2, spread=0.6, width=0.1):
    """Batch sizes, rates and outcomes about a power law, batch sizes in turn."""
    rng = np.random.default_rng(seed)
    batch = np.resize(BATCHES, n_runs)
    threshold = -10 + exponent * (np.log2(batch) - 3)
    log_rate = threshold + spread * rng.standard_normal(n_runs)
    failed = rng.random(n_runs) < expit((log_rate - threshold) / width)
    return list(zip(batch.tolist(), np.exp2(log_rate).tolist(), failed, strict=True))


def answer(tmp_path, rows_by_workload, workload, batch_size=8):
    lines = [
        f"{name},adam,{batch},{rate!r},,,1000,me,{'diverged' if failed else 'stable'}"
        for name, rows in rows_by_workload.items()
        for batch, rate, failed in rows
    ]
    path = tmp_path / "runs.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    with Advisor.open(":memory:", seeded=False) as advisor:
        report = advisor.import_runs(path)
        assert report.added == len(lines), report
        return advisor.recommend(workload=workload, batch_size=batch_size)


def octaves(r):
    return float(np.log2(r.max_stable.high / r.max_stable.low))


@pytest.mark.parametrize("exponent", [-0.8, 0.8])
def test_twenty_workloads_pull_a_newcomer_of_the_family_with_one_run(
    tmp_path, exponent
):
    rows = {
        f"family/{seed}": simulated_rows(seed, 20, exponent=exponent)
        for seed in range(20)
    }
    rows["family/new"] = [(8, 2.0**-11, False)]
    found = answer(tmp_path, rows, "family/new").exponent.median
    assert found < -0.4 if exponent < 0 else found > 0.4


def test_ten_times_the_runs_narrow_the_interval(tmp_path):
    few = answer(tmp_path, {"w": simulated_rows(0, 12)}, "w")
    many = answer(tmp_path, {"w": simulated_rows(0, 120)}, "w")
    assert octaves(many) < 0.6 * octaves(few)


def test_all_rates_times_k_give_the_answer_times_k(tmp_path):
    rows = simulated_rows(1, 15)
    one = answer(tmp_path, {"w": rows}, "w")
    for k in (1e-3, 37.0):
        other = answer(tmp_path, {"w": [(b, k * x, f) for b, x, f in rows]}, "w")
        ratio = other.learning_rate / one.learning_rate
        assert ratio == pytest.approx(k, rel=0.03)
        ratio = other.max_stable.median / one.max_stable.median
        assert ratio == pytest.approx(k, rel=0.03)


def test_neither_the_order_of_the_rows_nor_a_new_name_changes_the_answer(tmp_path):
    rows = simulated_rows(2, 15)
    one = answer(tmp_path, {"w": rows}, "w")
    turned = answer(tmp_path, {"w": rows[::-1]}, "w")
    renamed = answer(tmp_path, {"another": rows}, "another")
    for other in (turned, renamed):
        assert other.learning_rate == one.learning_rate
        assert other.max_stable == one.max_stable
        assert other.exponent == one.exponent


def test_runs_that_agree_never_widen_the_interval_and_contradictions_do(tmp_path):
    rows = simulated_rows(3, 25)
    threshold = {b: 2 ** (-10 + 0.2 * (float(np.log2(b)) - 3)) for b in BATCHES}
    agreeing, contrary = [], []
    for batch, rate in threshold.items():
        agreeing += [(batch, rate / 1.5, False), (batch, rate * 1.5, True)]
        contrary += [(batch, rate / 2.5, True), (batch, rate * 2.5, False)]
    before = octaves(answer(tmp_path, {"w": rows}, "w"))
    width = before
    for count in (2, 6, 10):
        after = octaves(answer(tmp_path, {"w": rows + agreeing[:count]}, "w"))
        assert after < 1.05 * width
        width = after
    assert octaves(answer(tmp_path, {"w": rows + contrary}, "w")) > 1.1 * before
