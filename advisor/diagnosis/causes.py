"""The causes of a failed training: which symptom speaks for which, in words (pure).

The ranking is a table of ours and not statistics: only the side of the boundary, what
was changed and when it failed move causes, and no cause gets a number.
`docs/explanation/diagnosis.md` is written from this table.
"""

from dataclasses import dataclass
from enum import StrEnum

from advisor.reading.symptoms import ChangeKind, Symptom


class CauseName(StrEnum):
    """The causes we know."""

    RATE_TOO_HIGH = "rate_too_high"
    AT_THE_EDGE = "at_the_edge"
    RATE_TOO_LOW = "rate_too_low"
    LATE_FAILURE = "late_failure"
    TOO_EARLY = "too_early"
    MODEL_LIMIT = "model_limit"
    SMALL_BATCH_NOISE = "small_batch_noise"
    PASSING_SPIKE = "passing_spike"
    BATCH_CHANGE = "batch_change"
    RATE_CHANGE = "rate_change"
    OPTIMIZER_CHANGE = "optimizer_change"
    OPTIMIZER_LAG = "optimizer_lag"
    MIXED_PRECISION = "mixed_precision"
    RESUMED = "resumed"
    DATA = "data"
    UNBALANCED_DATA = "unbalanced_data"
    SIDES_MIXED_UP = "sides_mixed_up"
    LOSS_FUNCTION = "loss_function"
    SOFTWARE = "software"
    TOO_LITTLE_DATA = "too_little_data"
    MEMORY = "memory"
    SPEED_OF_STEPS = "speed_of_steps"
    RATE_NOT_USED = "rate_not_used"
    SMALL_STEPS = "small_steps"


@dataclass(frozen=True)
class CauseWords:
    """What is said of a cause where no run of ours says more."""

    title: str
    why: str
    change: str
    run: str | None = None
    source: str = "our own choice"


@dataclass(frozen=True)
class Ranking:
    """The causes of one symptom, likeliest first where the rate is well below.

    `rate_at` is the place of a rate too high where nothing is known of the rate; None:
    the symptom does not come from the rate. `first_is_typical`: the first cause is
    likely even if nothing a person said points to it. `can_come_late`: a healthy model
    does not do this. `is_a_loss`: something that was there is gone. `is_normal`:
    nothing is wrong at all.
    """

    causes: tuple[CauseName, ...]
    rate_at: int | None = 0
    first_is_typical: bool = False
    can_come_late: bool = True
    is_a_loss: bool = False
    is_normal: bool = False


C, S = CauseName, Symptom

RANKINGS: dict[Symptom, Ranking] = {
    S.NOT_A_NUMBER: Ranking(
        (C.MIXED_PRECISION, C.DATA, C.LOSS_FUNCTION, C.RESUMED, C.OPTIMIZER_LAG)
    ),
    S.LOSS_UP: Ranking(
        (C.DATA, C.RESUMED, C.OPTIMIZER_LAG, C.MIXED_PRECISION, C.LOSS_FUNCTION)
    ),
    S.LOSS_SWINGS: Ranking(
        (C.SMALL_BATCH_NOISE, C.DATA, C.MIXED_PRECISION, C.RESUMED),
        first_is_typical=True,
    ),
    S.BLURRY: Ranking(
        (C.DATA, C.LOSS_FUNCTION, C.RESUMED, C.TOO_EARLY), is_a_loss=True
    ),
    S.WASHED_OUT: Ranking(
        (C.LOSS_FUNCTION, C.DATA, C.TOO_EARLY, C.MIXED_PRECISION),
        rate_at=1,
        is_a_loss=True,
    ),
    S.CONSTANT_OUTPUT: Ranking(
        (C.TOO_EARLY, C.DATA, C.LOSS_FUNCTION, C.MIXED_PRECISION, C.RESUMED)
    ),
    S.ARTEFACTS: Ranking(
        (C.TOO_EARLY, C.MIXED_PRECISION, C.LOSS_FUNCTION, C.DATA), rate_at=1
    ),
    S.ONE_SIDE: Ranking(
        (C.UNBALANCED_DATA, C.DATA, C.LOSS_FUNCTION), rate_at=1, first_is_typical=True
    ),
    S.SIDES_ALIKE: Ranking(
        (C.SIDES_MIXED_UP, C.TOO_EARLY, C.DATA), rate_at=2, can_come_late=False
    ),
    S.NEVER_SHARP: Ranking(
        (C.RATE_TOO_LOW, C.TOO_EARLY, C.DATA, C.MODEL_LIMIT, C.LOSS_FUNCTION),
        rate_at=2,
        can_come_late=False,
    ),
    S.PLATEAU: Ranking(
        (C.RATE_TOO_LOW, C.MODEL_LIMIT, C.DATA, C.LOSS_FUNCTION, C.TOO_EARLY),
        rate_at=1,
        can_come_late=False,
    ),
    S.SLOW: Ranking(
        (C.RATE_TOO_LOW, C.TOO_EARLY, C.DATA, C.MODEL_LIMIT),
        rate_at=2,
        can_come_late=False,
    ),
    S.SPIKE: Ranking(
        (C.PASSING_SPIKE, C.DATA, C.OPTIMIZER_LAG, C.MIXED_PRECISION),
        rate_at=1,
        first_is_typical=True,
    ),
    S.UNCLEAR: Ranking((C.DATA, C.RESUMED, C.MIXED_PRECISION, C.LOSS_FUNCTION)),
    # These do not come from the rate.
    S.RATE_WITHOUT_EFFECT: Ranking(
        (C.RATE_NOT_USED, C.RESUMED, C.MIXED_PRECISION, C.LOSS_FUNCTION),
        rate_at=None,
        first_is_typical=True,
        can_come_late=False,
    ),
    S.GAINS_AT_LOW_RATE: Ranking(
        (C.SMALL_STEPS,),
        rate_at=None,
        first_is_typical=True,
        can_come_late=False,
        is_normal=True,
    ),
    S.OUT_OF_MEMORY: Ranking(
        (C.MEMORY,), rate_at=None, first_is_typical=True, can_come_late=False
    ),
    S.SLOW_STEPS: Ranking(
        (C.SPEED_OF_STEPS, C.MEMORY),
        rate_at=None,
        first_is_typical=True,
        can_come_late=False,
    ),
    S.ODD_LOSS: Ranking(
        (C.LOSS_FUNCTION, C.DATA),
        rate_at=None,
        first_is_typical=True,
        can_come_late=False,
    ),
    S.OVERFIT: Ranking(
        (C.TOO_LITTLE_DATA, C.DATA),
        rate_at=None,
        first_is_typical=True,
        can_come_late=False,
    ),
}
RATE_IS_ONE_OF_MANY = 2  # a place of the rate from which on it is no first suspect
# Above the boundary, or at it, these explain nothing.
ONLY_BELOW = frozenset(
    {
        C.RATE_TOO_LOW,
        C.TOO_EARLY,
        C.PASSING_SPIKE,
        C.SMALL_BATCH_NOISE,
        C.MODEL_LIMIT,
        C.LATE_FAILURE,
    }
)
# From a nan in the first steps on: a bad value is there before anything is learned.
FIRST_STEPS_ORDER = (C.DATA, C.LOSS_FUNCTION, C.MIXED_PRECISION)
OF_CHANGE: dict[ChangeKind, CauseName] = {
    ChangeKind.BATCH_SIZE: C.BATCH_CHANGE,
    ChangeKind.LEARNING_RATE: C.RATE_CHANGE,
    ChangeKind.OPTIMIZER: C.OPTIMIZER_CHANGE,
    ChangeKind.MIXED_PRECISION: C.MIXED_PRECISION,
    ChangeKind.RESUMED: C.RESUMED,
    ChangeKind.DATA: C.DATA,
    ChangeKind.LOSS_FUNCTION: C.LOSS_FUNCTION,
    ChangeKind.SOFTWARE: C.SOFTWARE,
}
# After these a model seldom recovers by itself: go back to a save from before.
DAMAGING = frozenset(
    {
        S.NOT_A_NUMBER,
        S.LOSS_UP,
        S.CONSTANT_OUTPUT,
        S.BLURRY,
        S.WASHED_OUT,
        S.ONE_SIDE,
    }
)
_STUDY = "our study (the-two-seeds.md)"

SYMPTOM_WORDS: dict[Symptom, str] = {
    S.OUT_OF_MEMORY: "running out of memory",
    S.NOT_A_NUMBER: "a loss that is no number",
    S.ODD_LOSS: "a loss that cannot be right",
    S.SIDES_ALIKE: "both sides looking alike",
    S.CONSTANT_OUTPUT: "the same picture for every face",
    S.LOSS_UP: "a loss that goes up and stays up",
    S.ONE_SIDE: "one side worse than the other",
    S.LOSS_SWINGS: "a loss that swings",
    S.BLURRY: "a preview that loses its sharpness",
    S.WASHED_OUT: "colours that are pale or wrong",
    S.ARTEFACTS: "patterns in the picture",
    S.OVERFIT: "good on what it was trained on and bad on the rest",
    S.NEVER_SHARP: "a preview that never gets sharp",
    S.PLATEAU: "a loss that does not go down",
    S.SLOW: "learning that is slow",
    S.SLOW_STEPS: "steps that take long",
    S.SPIKE: "a spike that passes",
    S.RATE_WITHOUT_EFFECT: "a loss that is the same at every rate",
    S.GAINS_AT_LOW_RATE: "a loss that falls at a very low rate",
    S.UNCLEAR: "a training that goes wrong",
}

CAUSE_WORDS: dict[CauseName, CauseWords] = {
    C.RATE_TOO_HIGH: CauseWords(
        "a learning rate that is too high",
        "Each step overshoots, and what was learned is lost.",
        "Try a warm-up or gradient clipping first, then a lower rate.",
        "The same settings at a lower rate: if that holds, it was the rate.",
        "Tuning Playbook; arXiv:2103.00065",
    ),
    C.AT_THE_EDGE: CauseWords(
        "chance at the edge of what holds",
        "At this rate some seeds hold and others fail.",
        "To keep a rate this high, add a warm-up or gradient clipping first. If it "
        "fails again, lower it.",
        "The same settings with other seeds: if some hold and some fail, it is "
        "the edge.",
        _STUDY,
    ),
    C.RATE_TOO_LOW: CauseWords(
        "a learning rate that is too low",
        "Small steps look like no progress.",
        "Raise the rate, in a copy of the model.",
        "A short run at the higher rate: if the loss falls faster, it was too low.",
        "Tuning Playbook",
    ),
    C.LATE_FAILURE: CauseWords(
        "a failure later than our runs are long",
        "Failures come late and at random steps, so what holds for a while may still "
        "fail.",
        "Go back to a save from before it happened and go on at a lower rate.",
        "A run as long as yours at the same rate.",
        _STUDY,
    ),
    C.TOO_EARLY: CauseWords(
        "too few steps yet",
        "A model first draws everybody's mean face; detail comes much later.",
        "Let it run on, and compare saves some thousands of steps apart.",
        source="knowledge/outcome.py (looks at our previews)",
    ),
    C.MODEL_LIMIT: CauseWords(
        "the model has learned what it can",
        "A loss that has come down and stays down is the usual end of a training.",
        "Judge the preview instead of the loss. A lower rate for the last steps, more "
        "varied pictures or a larger model may bring a little more.",
        source="Tuning Playbook",
    ),
    C.SMALL_BATCH_NOISE: CauseWords(
        "the noise of single batches",
        "The loss of one small batch jumps with the examples that happen to be in it.",
        "Look at the average over some hundred steps. If that falls, all is well.",
        source="arXiv:1812.06162",
    ),
    C.PASSING_SPIKE: CauseWords(
        "a spike that passes is no failure",
        "A few odd pictures in one batch throw the loss up, and training comes back.",
        "Leave it alone. If spikes get more or higher, add gradient clipping.",
        source="arXiv:2003.02218",
    ),
    C.BATCH_CHANGE: CauseWords(
        "the change of the batch size",
        "The optimizer's running averages still fit the batch before.",
        "Go back to the save from before the change, and raise the rate again over "
        "the first steps after it.",
        "The old batch size from the same save: if that holds, it was the change.",
        "arXiv:2507.07101; arXiv:2205.10287",
    ),
    C.RATE_CHANGE: CauseWords(
        "the change of the rate",
        "A sudden change meets running averages that fit the rate before.",
        "Go back to the save from before the change, and change the rate in small "
        "parts.",
        "The old rate from the same save: if that holds, it was the change.",
        "arXiv:1706.02677",
    ),
    C.OPTIMIZER_CHANGE: CauseWords(
        "the change of the optimizer",
        "A rate that suits one optimizer is far too high or too low for another.",
        "Choose a new rate for this optimizer, or go back to the one before.",
        "The old optimizer with the old rate: if that works, it was the change.",
        "Tuning Playbook",
    ),
    C.OPTIMIZER_LAG: CauseWords(
        "the optimizer's memory",
        "When gradients get small, running averages lag behind and a step comes out "
        "too long.",
        "Raise epsilon, or add gradient clipping.",
        "The same save with a larger epsilon: if it holds, it was this.",
        "arXiv:2506.04805",
    ),
    C.MIXED_PRECISION: CauseWords(
        "mixed precision",
        "Half-precision numbers run out at both ends, and a sum or a gradient becomes "
        "no number.",
        "Switch mixed precision off and go on from a save that was good.",
        "The same save without mixed precision: if that holds, it was this.",
        "PyTorch documentation, torch.amp",
    ),
    C.RESUMED: CauseWords(
        "the restart",
        "After a crash the optimizer's memory is often missing or older than the "
        "weights, so its first steps are wrong.",
        "Restart from an earlier backup, with a warm-up of some hundred steps.",
        "The same start from an earlier backup: if that holds, it was the save.",
        "deepfakes/faceswap (optimizer state saved on a clean exit only)",
    ),
    C.DATA: CauseWords(
        "the data",
        "Broken, wrongly aligned or wrongly labelled examples do this at any rate.",
        "Look through the newest examples. With faces, compare the same ones in two "
        "saves: a preview draws others each time.",
        "The same settings on a small set of examples you have looked at.",
        "deepfakes/faceswap (preview faces drawn at random)",
    ),
    C.UNBALANCED_DATA: CauseWords(
        "fewer or poorer pictures on one side",
        "Each side has a decoder of its own, which learns only from that side's "
        "pictures.",
        "Add varied, sharp pictures to the worse side and take out bad ones.",
        "The two sides exchanged: if the other one gets worse, it is the pictures.",
        "deepfakes/faceswap (one decoder a side)",
    ),
    C.SIDES_MIXED_UP: CauseWords(
        "the same pictures on both sides",
        "A folder given twice, or faces of both people in it, leaves nothing to swap.",
        "Check that each folder holds one person, and not the same one.",
        source="deepfakes/faceswap (one decoder a side)",
    ),
    C.LOSS_FUNCTION: CauseWords(
        "the loss function or the mask",
        "A loss that compares structure lets colours drift, and a mask that is empty "
        "or in the wrong place hides what should be learned.",
        "Go back to the loss and the mask that worked, one at a time.",
        "A short new run without mask and with the default loss.",
        "arXiv:1511.08861",
    ),
    C.SOFTWARE: CauseWords(
        "the change of software or machine",
        "Versions differ in defaults, such as the optimizer's betas or how a mask is "
        "used.",
        "Go back to the version that worked, or compare its settings one by one.",
        "The same save under the version before.",
        "deepfakes/faceswap (its betas changed between versions)",
    ),
    C.TOO_LITTLE_DATA: CauseWords(
        "too few or too similar examples",
        "It learns its examples by heart, whatever the rate.",
        "Add varied examples, keep warping and flipping on, or stop earlier.",
        "The same settings with more or more varied examples.",
        "Tuning Playbook",
    ),
    C.MEMORY: CauseWords(
        "the memory of the device",
        "Memory grows with the batch, the picture size and the width of the model.",
        "Lower the batch size, or make up for it with gradient accumulation.",
        source="deepfakes/faceswap",
    ),
    C.SPEED_OF_STEPS: CauseWords(
        "what the device and the loading of pictures can do",
        "The rate has no part in how long a step takes.",
        "Measure how fast each batch size is, and watch whether the device waits for "
        "pictures.",
        "Ask me which batch is fastest, or run `lr-advisor speed`.",
        "advisor/answers/fastest_batch.py",
    ),
    C.RATE_NOT_USED: CauseWords(
        "a rate that does not reach the optimizer",
        "Another rate would change the loss in its last digits at least. A schedule or "
        "a "
        "loaded state sets its own rate, the weights are frozen, or the scaler of "
        "mixed "
        "precision skips every step.",
        "Print the rate that the optimizer holds after some steps, and one weight "
        "before "
        "and after: another rate points to the schedule or the state, an unchanged "
        "weight to frozen layers or skipped steps.",
        "Ten steps from scratch, without schedule and mixed precision, at two rates a "
        "hundred times apart.",
        "PyTorch documentation, torch.optim, torch.amp",
    ),
    C.SMALL_STEPS: CauseWords(
        "small steps, which are slow and not wrong",
        "Any rate below the limit lowers the loss; a small one only takes more steps.",
        "Compare the loss after the same number of steps at rates ten and a hundred "
        "times "
        "higher, and take the best that holds.",
        "The same settings at a rate ten times higher: if the loss falls faster, it "
        "was "
        "too low.",
        "Tuning Playbook",
    ),
}
