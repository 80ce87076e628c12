"""What a store holds for the report: runs, what their curves say, speeds, answers."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from advisor.evidence.trajectories import runs_that_count
from advisor.service import Advisor
from benchmarks.two_seeds.answers import Answers, ask
from knowledge.outcome import RULE_VERSION, SHARPNESS_METRIC, SHARPNESS_MIN, smooth
from knowledge.records import STUDY, Curve, Run, Throughput
from knowledge.study.reading import find_study

END_FRACTION = 0.15  # of a run: the loss it ends with is the mean over so much of it
LEARNED_LOSS = 0.5  # of the digits: about a tenth of them are still wrong


@dataclass(frozen=True)
class Measured:
    """What the curve of a run says beside its outcome; None where it was not watched.

    `steps_to_learn` is the first step at which the smoothed loss is below LEARNED_LOSS.
    `detail_kept` is the sharpness of the last previews by that of the best, 0 to 1, of
    a run that ever drew any.
    """

    training_loss: float | None = None
    validation_loss: float | None = None
    steps_to_learn: int | None = None
    detail_kept: float | None = None
    sharpness: float | None = None
    noise_scale: float | None = None


@dataclass(frozen=True)
class Material:
    """Everything the report rests on; `runs` are ordered by id.

    They are the program's own runs in fp32, judged by today's rule, each once.
    """

    runs: tuple[Run, ...]
    answers: Answers = field(default_factory=Answers)
    measured: Mapping[str, Measured] = field(default_factory=dict)
    throughput: tuple[Throughput, ...] = ()

    def of(self, workload: str, recipe: str) -> list[Run]:
        """Return the runs of one workload under one recipe."""
        return [r for r in self.runs if (r.workload, r.recipe) == (workload, recipe)]

    def about(self, run: Run) -> Measured:
        """Return what a run's curve says."""
        return self.measured.get(run.id, Measured())


def gather_material(advisor: Advisor) -> Material:
    """Return what the advisor's store holds, and what the advisor says of it.

    Raises:
        StudyError: The study's files of curves are damaged.
    """
    runs = usable_runs(advisor.store.runs())
    return Material(
        runs=runs,
        answers=ask(advisor, runs),
        measured=_measured(advisor, runs),
        throughput=tuple(advisor.store.throughput()),
    )


def _measured(advisor: Advisor, runs: Sequence[Run]) -> dict[str, Measured]:
    """What each run's curve says; the study's curves are read in one go."""
    study = find_study() if any(run.source == STUDY for run in runs) else None
    shipped = dict(study.curves()) if study else {}
    return {
        run.id: read_curve(shipped.get(run.id) or advisor.store.curve(run.id))
        for run in runs
    }


def usable_runs(runs: Sequence[Run]) -> tuple[Run, ...]:
    """Return the runs that can be compared: ours, fp32, judged alike, each once."""
    kept = [
        run
        for run in runs
        if run.is_measured
        and run.outcome is not None
        and run.recipe is not None
        and run.precision in (None, "fp32")
        and run.outcome_rule in (None, RULE_VERSION)
    ]
    return tuple(sorted(runs_that_count(kept), key=lambda run: run.id))


def read_curve(curve: Curve) -> Measured:
    """Return what a curve says beside the outcome.

    >>> read_curve(Curve((2.0,) * 40 + (0.1,) * 60)).steps_to_learn
    55
    """
    losses = [loss if math.isfinite(loss) else math.inf for loss in curve.losses]
    end = losses[-max(1, round(END_FRACTION * len(losses))) :]
    course = smooth(losses) if losses else ()
    learned = (i + 1 for i, loss in enumerate(course) if loss < LEARNED_LOSS)
    return Measured(
        training_loss=_finite(sum(end) / len(end)) if end else None,
        validation_loss=_last(curve, "validation_loss"),
        steps_to_learn=next(learned, None),
        detail_kept=_detail_kept(curve),
        sharpness=_last(curve, "sharpness_top"),
        noise_scale=_last(curve, "noise_scale"),
    )


def _last(curve: Curve, name: str) -> float | None:
    points = curve.metrics.get(name, ())
    return _finite(points[-1][1]) if points else None


def _detail_kept(curve: Curve) -> float | None:
    values = [value for _, value in curve.metrics.get(SHARPNESS_METRIC, ())]
    finite = [value if math.isfinite(value) else 0.0 for value in values]
    # A model that never drew more than the mean face has no detail to lose.
    if len(finite) < 2 or max(finite) < SHARPNESS_MIN:
        return None
    return max(0.0, max(finite[-2:]) / max(finite))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
