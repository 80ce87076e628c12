"""What is believed of a threshold, before runs and after: records (pure)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from advisor.statistics import priors


@dataclass(frozen=True)
class Moment:
    """Mean and standard deviation of one parameter."""

    mean: float
    sd: float

    def widened(self, factor: float) -> "Moment":
        """The same mean with the sd multiplied."""
        return Moment(self.mean, self.sd * factor)


@dataclass(frozen=True)
class ThresholdPrior:
    """What is believed of a workload before its own runs.

    `level` is a: log2 of the rate at which half of all runs fail, at the centre batch
    size after `level_steps` (None: the model's `reference_steps`). `y_centre` is log2
    of that batch size; None: the mean of the observed ones, so that an answer does not
    depend on how a batch is counted. `time_slope` is zero with probability
    `steady_share`, else a normal cut at zero. `level_tail` and `slope_tail` are Tukey's
    h (0: normal). The rest in octaves, natural logs and logits.
    """

    level: Moment = Moment(*priors.LEVEL_ADAM)
    slope: Moment = Moment(*priors.SLOPE_ADAM)
    curvature: Moment = Moment(*priors.CURVATURE)
    log_width: Moment = Moment(*priors.LOG_WIDTH)
    log_scatter: Moment = Moment(*priors.LOG_SCATTER)
    time_slope: Moment = Moment(*priors.TIME_SLOPE)
    logit_low: Moment = Moment(*priors.LOGIT_LAPSE)
    logit_high: Moment = Moment(*priors.LOGIT_LAPSE)
    logit_timeless: Moment = Moment(*priors.LOGIT_TIMELESS)
    chance_power: Moment = Moment(*priors.CHANCE_POWER)
    log_claim_steps: Moment = Moment(*priors.LOG_CLAIM_STEPS)
    fall_power: Moment = Moment(*priors.FALL_POWER)
    y_centre: float | None = None
    level_steps: float | None = None
    steady_share: float = priors.STEADY_SHARE
    level_tail: float = 0.0
    slope_tail: float = priors.SLOPE_TAIL

    def moments(self) -> dict[str, Moment]:
        """Every parameter's moment by name, in the model's order."""
        return {name: getattr(self, name) for name in PARAMETERS}

    def with_moments(self, moments: Mapping[str, Moment]) -> "ThresholdPrior":
        """This prior with some parameters replaced."""
        return replace(self, **dict(moments))  # type: ignore[arg-type]


PARAMETERS = (
    "level",
    "slope",
    "curvature",
    "log_width",
    "log_scatter",
    "time_slope",
    "logit_low",
    "logit_high",
    "logit_timeless",
    "chance_power",
    "log_claim_steps",
    "fall_power",
)


@dataclass(frozen=True)
class Interval:
    """A posterior median with the central interval of probability `level`."""

    median: float
    low: float
    high: float
    level: float


@dataclass(frozen=True)
class ThresholdEstimate:
    """The rate at which half of all runs fail, in rate units."""

    median: float
    low: float
    high: float
    level: float
    sd_octaves: float


@dataclass(frozen=True)
class BatchEstimate:
    """The largest batch size at which a rate is still stable with 1 - risk.

    `batch_size` by the posterior predictive P(stable); `median`, `low`, `high` of the
    posterior (0: even a batch of 1 is too risky). `capped`: no limit found up to
    `searched_to`.
    """

    batch_size: int
    median: int
    low: int
    high: int
    level: float
    capped: bool
    searched_to: int


@dataclass(frozen=True)
class PosteriorSummary:
    """Posterior moments of one workload's fit, with the point its level belongs to.

    `steady_share` is the probability that the threshold does not fall with time; the
    moment of `time_slope` is that of its fall if it does.
    """

    moments: Mapping[str, Moment]
    y_centre: float
    reference_steps: float
    n_runs: int
    steady_share: float = priors.STEADY_SHARE
