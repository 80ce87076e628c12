"""One record of each kind, for tests that change what they are about with `replace`."""

from knowledge.records import Claim, Forecast, Outcome, Run

REALFACE_RUN = Run(
    id="run:1",
    workload="realface@1/16",
    batch_size=5,
    learning_rate=1e-3,
    optimizer="adam",
    recipe="faceswap-2021",
    source="ours",
    seed=1,
    outcome=Outcome.STABLE,
    steps=1000,
    horizon_steps=1000,
)
GRID_RUN = Run(
    id="run:a",
    workload="bench/a",
    batch_size=8,
    learning_rate=1e-3,
    optimizer="adam",
    recipe=None,
    source="test",
    outcome=Outcome.STABLE,
)
CLAIM = Claim(
    id="claim:x/1",
    source="x",
    source_title="An x",
    source_date=None,
    kind="bound",
    statement="It held.",
    reliability=0.8,
)
FORECAST = Forecast(
    id="forecast:1",
    made="2026-11-22T10:00:00",
    job_id="job:1",
    verification_id="verification:1",
    workload="realface@1/16",
    recipe="faceswap-2021",
    optimizer="adam",
    batch_size=5,
    learning_rate=1e-3,
    horizon_steps=150,
    probability_stable=0.8,
    threshold=2e-3,
    threshold_low=1e-3,
    threshold_high=4e-3,
    level=0.9,
    basis="measured",
    n_runs=1,
    n_claims=0,
    n_borrowed=0,
    evidence=(),
    evidence_hash="evidence:1",
    outcome_rule="1",
)
