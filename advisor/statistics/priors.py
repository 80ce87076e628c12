"""Every prior of the statistics, with its source.

Rates and batch sizes are in log2 units (octaves) unless a name says otherwise. These
are starting beliefs: `advisor.statistics.pooling` re-estimates them from the store's
other workloads of the family before a workload is fitted.
"""

import math

from knowledge.optimizers import Stepping

# --- The threshold: T_B(t) = a + b y + c y^2 + s z_B - d 2^(p y) log2(t / t_ref) ------

# Where half of all runs fail when nothing at all is known of a workload. Adam: the
# public grids' highest usable rates are 1e-4 to 1e-1; short runs here failed from 0.005
# (RealFace at width 1/32) to 0.6 (digits). SGD: digits failed from 0.4 to 1.8 here.
LEVEL_ADAM = (math.log2(4e-3), 3.5)
LEVEL_SGD = (math.log2(0.25), 3.0)
# An optimizer nobody here knows may be either: both, a sd to each side. Our choice.
LEVEL_UNKNOWN = (math.log2(0.03), 5.0)
LEVELS = {
    Stepping.ADAPTIVE: LEVEL_ADAM,
    Stepping.GRADIENT: LEVEL_SGD,
    Stepping.UNKNOWN: LEVEL_UNKNOWN,
}
# Where people report rates of the very family, the level is known better than that.
CLAIMED_LEVEL_SD = 2.5
# How heavy the level's tails are: z counts as z exp(h z^2 / 2), at the same sd (Tukey's
# h). Nets differ by more octaves than a normal of a useful width allows, and runs that
# all hold must open the upper end fast. Our choice, tried on digits (docs/dev/log.md).
LEVEL_TAIL = 0.1
# Slope of the highest stable rate: the highest usable rate grows as batch^0.0 to
# batch^0.5 in 42 public Adam workloads (HPOBench, FCNet, Step Law). SGD is linear
# below the noise scale (arXiv:1706.02677, arXiv:2006.09092).
SLOPE_ADAM = (0.2, 0.35)
SLOPE_SGD = (0.7, 0.35)
SLOPE_UNKNOWN = (0.45, 0.5)
SLOPES = {
    Stepping.ADAPTIVE: SLOPE_ADAM,
    Stepping.GRADIENT: SLOPE_SGD,
    Stepping.UNKNOWN: SLOPE_UNKNOWN,
}
# How heavy the slope's tails are, as the level's: what forums say (a rate that falls as
# 1/batch) lies 3.4 sd from Adam's mean, and thirty runs must be able to show it.
SLOPE_TAIL = 0.2
# Curvature in log batch: the same grids bend by hundredths of an octave per octave^2.
CURVATURE = (0.0, 0.05)
# Width of the boundary: 0.02 to 0.16 octaves in Step Law, up to 0.35 in HPOBench.
LOG_WIDTH = (math.log(0.12), 0.9)
# The same for a family of which nobody reports rates: 0.12 to 0.5 octaves, half of the
# batch sizes at 0.28 or more, in 1,134 runs of digits classifiers of 120 steps. There
# the seed decides whether a net dies in its first steps.
LOG_WIDTH_UNREPORTED = (math.log(0.2), 1.0)
# Scatter of single batch sizes about the smooth law; our reading of the same grids.
LOG_SCATTER = (math.log(0.15), 0.5)
# Octaves the threshold falls per doubling of the steps, cut at zero. Measured here on
# the Original model at width 1/16: about an octave between 200 and 1,500 steps.
TIME_SLOPE = (0.4, 0.3)
# By what power of the batch size that fall goes: how failures come differs with it. In
# digits_cnn under SGD (300 steps) they came at 230 to 300 steps at batch 4 and at 20 to
# 80 at batch 256, at rates next to the threshold. Our choice.
FALL_POWER = (0.0, 0.3)
# Chance that the threshold does not fall with time at all, before any run. With no mass
# at zero an interval for a longer run can never hold the threshold that stays where it
# is. Our choice; benchmarks/failure_times.py shows what it does to the coverage.
STEADY_SHARE = 0.4
# Lapses: a run that fails far below the boundary, or survives far above it. Survivors
# were 0.4 % of runs, up to 4 % in single workloads (Step Law, HPOBench). An informative
# prior near one per cent is the advice of Prins (psi-marginal, psychophysics).
LOGIT_LAPSE = (-4.5, 1.0)
# How often the step of a failure says nothing beyond the outcome although the threshold
# falls: in a minority of failures, give or take. Failures whose steps are all chance
# thereby speak for a threshold that does not fall. Our choice, checked likewise.
LOGIT_TIMELESS = (-1.0, 1.5)
# Power of time by which chance failures come: their density over log2(step) goes as
# step^k, 0 for uniform in the logarithm, 1 for uniform in the step itself.
CHANCE_POWER = (0.3, 0.5)

# Batch size at which a level is meant when nothing has been observed: the middle of
# the face models' usual range (2 to 32 per side).
CENTRE_BATCH_SIZE = 8

# From this many labelled runs, and with no claims beside them, the runs alone set the
# level: its prior is centred on the cut between stable and unstable rates, wide enough
# that the choice of centre is worth less than one run. Our choice.
DATA_CENTRED_RUNS = 12
DATA_CENTRED_SD = 3.0

# Failures this early are not told apart. A dead model is noticed at the second of two
# measurements, which are 20 steps apart or a sixteenth of the horizon, so deaths at the
# first step all bear the same late step; taken at its word, such a step made hundreds
# of made-up runs speak for a threshold that falls.
EARLY_STEPS = 40
EARLY_FRACTION = 1 / 16

# --- Claims -------------------------------------------------------------------------

# A claim's horizon is not stated: as spread as log-uniform from 1e4 to 1e6 steps, what
# a month of training can mean. One unknown length for all claims, not one for each:
# they come from sessions of one kind, so a bracket stays a bracket.
LOG_CLAIM_STEPS = (math.log2(1e5), 1.9)
# A claim sums up many trials, so it bounds the threshold itself, to within about a
# tenth of an octave, and says nothing of how sharp the boundary is. Our choice.
CLAIM_WIDTH = 0.1
# A claim that is off is off by a factor, not by orders of magnitude: the unreliable
# part decays over this many octaves of violation, down to the floor; it spreads a
# bracket over about this many octaves in all. Tuned so that the forum's four bounds
# read as a person would (benchmarks: the forum's case). Our choice.
CLAIM_SOFTNESS = 0.5
CLAIM_FLOOR = 0.004
CLAIM_SPREAD = 1.0
# A run that a person of this store tells of: judged by eye and from memory. It weighs
# about what a claim of reliability 0.7 did, more than advice without an outcome (0.5)
# and less than a month of trials (0.8). Our choice.
TOLD_RELIABILITY = 0.95

# --- Pooling over workloads -----------------------------------------------------------

# A family nobody has measured gets its pooled prior widened by this factor. Our choice.
NEW_FAMILY_WIDENING = 1.5
# Halvings of the widths at which what does not grow with the width limits the rate as
# much as what does. In muP the rate goes as 1/width for hidden layers and not at all
# for the others (arXiv:2203.03466); where the two meet was read off the face models.
WIDTH_CROSSOVER = 4.0
# Power of the width that a family adds to that: wide, since few were seen.
WIDTH_POWER = (0.0, 0.25)
# How far a level strays from that, in octaves over one halving of the widths; it grows
# as a random walk does. Both our choice, tried by benchmarks/widths.py.
WIDTH_WALK = 0.25
# Extra distance of a sibling by its relation, as a share of the base prior's sd.
RELATION_DISTANCE = {"proxy": 0.0, "family": 0.0, "group": 0.5, "other": 1.0}

# --- Planning -------------------------------------------------------------------------

# With fewer runs than this, those in flight included, a run in flight is too open for
# an outcome to be assumed of it: the next one bisects the widest gap. Our choice.
BISECTING_RUNS = 5
# Octaves between two runs in flight at one batch size that are not replicates.
IN_FLIGHT_SEPARATION = 0.15
BELIEVED_RANGE = (0.02, 0.98)

# --- Best rate ----------------------------------------------------------------------

# Law of the best rate, x* = alpha + beta y + gamma y^2, Adam family: the public grids'
# exponents are 0.3 to 0.5 and concave (Step Law rises as B^0.75, levels, then falls).
BEST_SLOPE = (0.4, 0.3)
BEST_CURVATURE = (-0.03, 0.05)
# Level of a newcomer about its family's, and about its own rates when alone: octaves.
BEST_LEVEL_SD = 1.5
BEST_LONE_LEVEL_SD = 3.0
# Scatter of one batch size's optimum about the law, in octaves, as read off Step Law.
BEST_SCATTER = 0.3
# How surely a well-scored batch size shows its own optimum, in octaves: 0.08 in Step
# Law, 0.3 where scores are noisy (HPOBench, FCNet).
BEST_READING_SD = 0.2
# What these count for against siblings: workloads (the law) and optima (the scatter).
BEST_PRIOR_WORKLOADS = 2.0
BEST_PRIOR_OPTIMA = 2.0
# Beyond the batch sizes seen the law bends for these octaves, then runs straight.
BEST_BEND_OCTAVES = 2.0

# Excess log loss in scales, (1 + d^2)^(p/2) - 1 at d octaves: this much steeper above
# the best rate. Scale 0.005 to 0.02 in Step Law, 0.05 to 1 in HPOBench and FCNet.
LOSS_STEEPNESS = 1.3
# A newcomer's curve may be less or more so than its siblings', by these factors.
LOSS_STEEPNESS_FACTORS = (0.65, 1.0, 1.5)
# Powers of the limbs: they bend down (losses that differ by orders), run straight (Step
# Law), or bend up (a parabola).
LOSS_POWERS = (0.4, 1.0, 1.8)
LOG_LOSS_SCALE = (math.log(0.02), 1.5)
LOG_LOSS_SCALE_LEAST_SD = 1.0
# What a workload's own scores show of the scale at first sight, to this sd (log).
LOG_LOSS_ROUGH_SD = 0.8
LOSS_NOISE_SHARE = 0.1  # noise of a score in scales where no sibling shows it
# A curve is known to this share of its height only; a sibling's shape fits a newcomer
# worse than itself, by the second figure (added in squares). Our choice.
LOSS_SHAPE_ERROR = 0.4
LOSS_SHAPE_CARRIED = 0.2
# Beyond so many times the median excess a score says "far off" and no more.
LOSS_CAP = 3.0
# A lone rate says that somebody used it: an octave and a half either way. Our choice.
LONE_RATE_SD = 1.5
# Level and scale of a newcomer have the tails of Student's t with this freedom.
BEST_TAIL_FREEDOM = 3.0
