"""What can be said of a workload without building it: a record, without torch."""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

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


def check_spec(spec: WorkloadSpec) -> None:
    """Check what a person wrote of a workload.

    Raises:
        ValueError: A field cannot be right; the text names it.
    """
    may_lack = {field.name for field in fields(spec) if field.default is None}
    for names, rule, expected in _RULES:
        for name in names.split():
            value = getattr(spec, name)
            lacks = value is None and name in may_lack
            if not lacks and not _holds(rule, value):
                raise ValueError(f"its {name} is {value!r}: give {expected}")
    largest = max(spec.usual_batch_sizes)
    if largest > (spec.largest_batch_size or largest):
        raise ValueError(
            f"its usual_batch_sizes go up to {largest}: its largest_batch_size is "
            f"{spec.largest_batch_size}"
        )


def _holds(rule: Callable[[Any], Any], value: object) -> bool:
    try:
        return bool(rule(value))
    except Exception:  # of the wrong type altogether
        return False


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value.strip() != ""


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 1


def _are_sizes(value: Any) -> bool:
    return all(map(_is_count, value)) and list(value) == sorted(set(value))


def _is_cost(value: Any) -> bool:
    fixed, per_example = value
    return bool(min(value) >= 0 and 0 < fixed + per_example < math.inf)


_SIZES = "whole numbers from 1, the smallest first"
_RULES: tuple[tuple[str, Callable[[Any], Any], str], ...] = (
    (
        "name",
        lambda name: _is_text(name) and name == name.lower() and "@" not in name,
        "a text in lower case, no @",
    ),
    ("title module metric data kind", _is_text, "a text"),
    ("goal", lambda goal: goal in ("min", "max"), "min or max"),
    (
        "recipes",
        lambda names: names and all(name in RECIPES for name in names),
        f"names among {', '.join(RECIPES)}",
    ),
    ("usual_batch_sizes", lambda sizes: sizes and _are_sizes(sizes), _SIZES),
    ("timed_batch_sizes", _are_sizes, _SIZES),
    (
        "usual_horizon_steps examples_per_item largest_batch_size",
        _is_count,
        "a whole number from 1",
    ),
    (
        "seconds_per_step proxy_seconds_per_step",
        _is_cost,
        "two numbers of seconds, above 0 together",
    ),
    (
        "seconds_per_look",
        lambda pair: len(pair) == 2 and _is_cost((pair[0], pair[1] or 0.0)),
        "two numbers of seconds, or one and None",
    ),
    (
        "settings_snippet",
        lambda it: it.program and it.template.format(learning_rate="", batch_size=""),
        "a SettingsSnippet with {learning_rate} and {batch_size}",
    ),
)
