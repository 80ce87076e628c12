"""What can be said of a workload without building it: a record, without torch."""

from dataclasses import dataclass

from knowledge.recipes import RECIPES


@dataclass(frozen=True)
class WorkloadSpec:
    """What can be said of a workload without building it.

    `usual_horizon_steps` is what an answer speaks of when no horizon is asked: the
    length of a training session for full-size face models (the forum's reports), the
    length of a verification run for what is small enough to be trained to the end.
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
    usual_horizon_steps: int
    batch_convention: str
    data: str
    seconds_per_step: tuple[float, float]
    proxy_seconds_per_step: tuple[float, float] | None = None
    seconds_per_look: tuple[float, float | None] = (0.005, None)
    small_enough_for_cpu: bool = True
    largest_batch_size: int | None = None

    @property
    def optimizers(self) -> tuple[str, ...]:
        """The optimizers it can be trained with here, its default first."""
        return tuple(dict.fromkeys(RECIPES[name].optimizer for name in self.recipes))

    @property
    def can_shrink(self) -> bool:
        """Whether there are narrower copies of it, `NAME@1/W`."""
        return self.proxy_seconds_per_step is not None


# The proxies that were timed, and that verification runs of a face model use.
PROXY_WIDTH = 16


PROXY_HORIZON_STEPS = 2_000
