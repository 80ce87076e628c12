"""What can be said of a workload without building it: a record, without torch."""

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

    `module` has its `build_task` and `describe` (experiments/workloads/protocol.py);
    docs/how-to/add-a-workload.md explains every field.
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
