"""What is said of each run before it starts (pure), so that it can be scored later.

A forecast has the numbers that `judge` and `recommend` would give at that moment; where
those know nothing, there is none.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace

from advisor.estimates import LEVEL
from advisor.evidence.selecting import Evidence, find_basis
from advisor.rates import round_rate
from advisor.statistics.threshold import StableLearningRateModel
from knowledge.outcome import RULE_VERSION
from knowledge.records import Forecast, RunConfig, content_id

EVIDENCE_LISTED = (
    200  # ids in one forecast; beyond, their count and hash stand for them
)


def build_forecasts(
    configs: Mapping[str, RunConfig],
    *,
    evidence: Evidence,
    model: StableLearningRateModel,
    made: str,
    verification_id: str | None,
    code_version: str | None,
) -> list[Forecast]:
    """Return a forecast for each run about to be queued of which something is known.

    Args:
        configs: What will be run, by job id; all of one workload and recipe.
        evidence: What is known by now.
        model: Fitted on that evidence.
        made: The time, UTC, ISO.
        verification_id: The verification that planned the runs.
        code_version: Version of this program.
    """
    if not evidence.tells_stability:
        return []
    borrowed = [row.id for body in evidence.siblings for row in body.runs + body.claims]
    own = [row.id for row in evidence.own.runs + evidence.own.claims]
    evidence_hash = content_id("evidence", {"ids": sorted([*own, *borrowed])})
    found = []
    for job_id, config in configs.items():
        basis = find_basis(evidence, config.batch_size)
        if basis == "none":
            continue
        threshold = model.threshold(config.batch_size, config.steps, LEVEL)
        chance = model.probability_stable(
            config.batch_size, config.learning_rate, config.steps
        )
        forecast = Forecast(
            id="",
            made=made,
            job_id=job_id,
            verification_id=verification_id,
            workload=config.workload,
            recipe=config.recipe,
            optimizer=evidence.own.optimizer,
            batch_size=config.batch_size,
            learning_rate=config.learning_rate,
            horizon_steps=config.steps,
            probability_stable=round(chance, 3),
            threshold=round_rate(threshold.median),
            threshold_low=round_rate(threshold.low),
            threshold_high=round_rate(threshold.high),
            level=LEVEL,
            basis=basis,
            n_runs=len(evidence.own.runs),
            n_claims=len(evidence.own.claims),
            n_borrowed=len(borrowed),
            evidence=tuple(own[:EVIDENCE_LISTED]),
            evidence_hash=evidence_hash,
            outcome_rule=RULE_VERSION,
            code_version=code_version,
        )
        found.append(replace(forecast, id=content_id("forecast", asdict(forecast))))
    return found
