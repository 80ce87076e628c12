"""What the program itself answers about the seeds: asked once, for the whole page.

The one decision to know: verdicts and exponents of claimed rules, best rates and
chances are the program's, from the same functions that `lr-advisor` calls. The page
never judges by a rule of its own what the program judges too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from advisor.evidence.scope import Asked
from advisor.scaling.records import (
    ClaimVerdict,
    Finding,
    ScalingReport,
    Verdict,
    WorkloadVerdict,
)
from advisor.service import Advisor
from knowledge.records import Run

DIGITS = ("digits_mlp", "digits_cnn")
RECIPES = ("sgd", "momentum", "adam")
TYPICAL = {32: 1e-3, 128: 1e-2, 512: 1e-1}  # the article's rates by batch size
Rates = Mapping[int, float]  # by batch size


@dataclass(frozen=True)
class DigitsAnswers:
    """What is answered about one digits model under one recipe.

    Rates are those of the batch sizes that were run; `chances` are P(stable) of the
    article's typical rates.
    """

    best_rates: Rates
    thresholds: Rates
    chances: Mapping[int, float | None]


@dataclass(frozen=True)
class Answers:
    """The referee's report on the store, and the digits by workload and recipe."""

    report: ScalingReport | None = None
    digits: Mapping[tuple[str, str], DigitsAnswers] = field(default_factory=dict)

    def verdict_on(self, claim: str) -> Verdict:
        """Return the referee's verdict on a claim."""
        found = self.find_claim(claim)
        return found.verdict if found else Verdict.UNDECIDED

    def find_claim(self, claim: str) -> ClaimVerdict | None:
        """Return a claim as it was judged, by its id."""
        claims = self.report.claims if self.report else ()
        return next((found for found in claims if found.id == claim), None)

    def implied_by(self, source: str) -> list[ClaimVerdict]:
        """Return the powers that a source's own rates follow, as they were judged."""
        claims = self.report.claims if self.report else ()
        return [found for found in claims if found.implied and found.source == source]

    def judged(self, claim: str) -> list[tuple[Verdict, Finding]]:
        """Return the cases with runs that a claim was judged in, with findings."""
        found = self.find_claim(claim)
        if found is None:
            return []
        return [
            (case.verdict, finding)
            for case in found.by_workload
            if (finding := self.find(case, found.quantity or "max_stable"))
            and finding.n_runs
        ]

    def find(self, case: WorkloadVerdict | Finding, quantity: str) -> Finding | None:
        """Return what is known of an exponent in a case: a workload under a recipe."""
        findings = self.report.findings if self.report else ()
        wanted = case.workload, case.optimizer, case.recipe, quantity
        return next(
            (
                f
                for f in findings
                if (f.workload, f.optimizer, f.recipe, f.quantity) == wanted
            ),
            None,
        )


def ask(advisor: Advisor, runs: Iterable[Run]) -> Answers:
    """Return what the advisor answers about the runs of its store."""
    batches: dict[tuple[str, str], set[int]] = {}
    for run in runs:
        if run.workload in DIGITS and run.recipe in RECIPES:
            batches.setdefault((run.workload, run.recipe), set()).add(run.batch_size)
    return Answers(
        report=advisor.scaling(),
        digits={key: _digits(advisor, key, tried) for key, tried in batches.items()},
    )


def _digits(advisor: Advisor, key: tuple[str, str], tried: set[int]) -> DigitsAnswers:
    workload, recipe = key
    batches = sorted(tried)
    bands = (
        advisor.answers.best_rate_band(workload, batches, Asked(recipe=recipe)),
        advisor.answers.threshold_band(workload, batches, Asked(recipe=recipe)),
    )
    best, thresholds = (
        {int(row["batch_size"]): row["median"] for row in band} for band in bands
    )
    chances = {
        batch: advisor.judge(workload, batch, rate, recipe=recipe).probability_stable
        for batch, rate in TYPICAL.items()
    }
    return DigitsAnswers(best, thresholds, chances)
