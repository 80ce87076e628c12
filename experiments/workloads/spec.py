"""What can be said of a workload without building it: a record, without torch.

Whatever differs between workloads is said here, so that nobody asks for their names.
"""

from dataclasses import dataclass

from knowledge.names import WorkloadName
from knowledge.recipes import RECIPES


@dataclass(frozen=True)
class SettingsSnippet:
    """How a program that trains the workload is told its rate.

    `template` holds `{learning_rate}` and `{batch_size}`.
    """

    program: str
    template: str


@dataclass(frozen=True)
class WorkloadSpec:
    """What can be said of a workload without building it.

    `module` has its `build_task` and `describe` (experiments/workloads/protocol.py).
    `metric` is the one of its metrics that a run is known by, and `goal` whether it is
    to be `min` or `max`. `examples_per_item` tells how many examples one of a batch
    stands for: 2 where two equal batches go into one step, as in the face models.

    `usual_batch_sizes` are those people train at, from the smallest to the largest;
    `timed_batch_sizes` those whose speed is measured, where they are others.
    `usual_horizon_steps` is what an answer speaks of when no horizon is asked: the
    length of a training session where `is_session`, else that of a run to the end.
    `kind` is the word people use for all workloads of its kind together.

    `seconds_per_step` is a first guess of (fixed, per example) cost on one CPU core,
    used until the store holds a timed run; `proxy_seconds_per_step` the same for the
    copy with a sixteenth of the width (measured: docs/log.md). `seconds_per_look` is a
    first guess of what one look at held-back data costs a run, its share of the
    pictures included, at full size and for that copy. `largest_batch_size` is
    the number of examples where a batch holds each at most once; the face models go
    through their faces again and again, so theirs may be of any size.
    """

    name: str
    title: str
    module: str
    recipes: tuple[str, ...]
    metric: str
    goal: str
    data: str
    usual_batch_sizes: tuple[int, ...]
    usual_horizon_steps: int
    seconds_per_step: tuple[float, float]
    is_session: bool = False
    examples_per_item: int = 1
    kind: str | None = None
    timed_batch_sizes: tuple[int, ...] = ()
    proxy_seconds_per_step: tuple[float, float] | None = None
    seconds_per_look: tuple[float, float | None] = (0.005, None)
    small_enough_for_cpu: bool = True
    largest_batch_size: int | None = None
    settings_snippet: SettingsSnippet | None = None

    @property
    def optimizers(self) -> tuple[str, ...]:
        """The optimizers it can be trained with here, its default first."""
        return tuple(dict.fromkeys(RECIPES[name].optimizer for name in self.recipes))

    @property
    def can_shrink(self) -> bool:
        """Whether there are narrower copies of it, `NAME@1/W`."""
        return self.proxy_seconds_per_step is not None

    @property
    def group(self) -> str:
        """The workloads over which slopes are pooled: its name says which."""
        return WorkloadName(self.name).group

    @property
    def batch_convention(self) -> str:
        """How its batches are counted, as it is stored with each run."""
        return "per_side" if self.examples_per_item > 1 else "total"


# The proxies that were timed, and that verification runs of a face model use.
PROXY_WIDTH = 16


PROXY_HORIZON_STEPS = 2_000
