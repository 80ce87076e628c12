"""What every workload offers: a task to train, and a description without its memory.

The module that a spec names has `build_task(config)` and `describe(name, options)`.
This file loads no torch, so that parsing options stays cheap.
"""

import importlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol, cast

from experiments.workloads.registry import get_spec
from knowledge.errors import BadValueError
from knowledge.names import WorkloadName
from knowledge.records import Document, RunConfig

if TYPE_CHECKING:
    import torch
    from PIL import Image

OptionValue = int | str | bool
_SWITCH_WORDS = {"on": "true", "yes": "true", "1": "true"} | {
    "off": "false",
    "no": "false",
    "0": "false",
}


class Task(Protocol):
    """One workload made ready for one run: its model, its data and its loss."""

    model: "torch.nn.Module"

    def training_loss(self, step: int) -> "torch.Tensor":
        """The scalar loss of one step's batch, with its graph; steps count from 1.

        The batch is a pure function of (config.seed, step), so a resumed run sees the
        same data. The caller has seeded torch for what the model draws (dropout).
        """
        ...

    def measure(self) -> dict[str, float]:
        """Metrics on held-out data, in evaluation mode; the model is left training.

        Always holds `output_spread`: the standard deviation of the output across
        examples, averaged. Zero means that the output no longer depends on the input.
        """
        ...

    def preview(self) -> "Image.Image | None":
        """What the model makes of held-back data, where a picture tells something."""
        ...


@dataclass(frozen=True)
class Parameters(Document):
    """Trainable parameters: a face model's parts (both decoders) and the total."""

    total: int
    encoder: int | None = None
    decoder_a: int | None = None
    decoder_b: int | None = None

    def to_dict(self) -> dict[str, int]:
        """The counts that exist for this model, the parts before the total."""
        parts = super().to_dict()
        total = parts.pop("total")
        return {k: v for k, v in parts.items() if v is not None} | {"total": total}


@dataclass(frozen=True)
class WorkloadDescription(Document):
    """What `workloads describe` says; shapes are height, width, channels."""

    name: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    options: Mapping[str, OptionValue]
    parameters: Parameters


@dataclass(frozen=True)
class Option:
    """One choice a workload leaves open: a switch, a word, or a number of a range."""

    name: str
    default: OptionValue
    allowed: Sequence[OptionValue]

    def parse(self, text: object) -> OptionValue:
        """Return the allowed value that `text` names, or raise BadValueError.

        >>> Option("nodes", 768, range(768, 1025, 64)).parse(" 832 ")
        832
        """
        word = str(text).strip().lower()
        if isinstance(self.default, bool):
            word = _SWITCH_WORDS.get(word, word)
        for value in self.allowed:
            if str(value).lower() == word:
                return value
        raise BadValueError(self.name, text, expected=f"use {self._allowed_in_words()}")

    def _allowed_in_words(self) -> str:
        if isinstance(self.allowed, range):
            numbers = self.allowed
            return f"{numbers[0]} to {numbers[-1]} in steps of {numbers.step}"
        *first, last = (str(value).lower() for value in self.allowed)
        return f"{', '.join(first)} or {last}"


def resolve_options(
    workload: str, allowed: Iterable[Option], *, given: Mapping[str, object]
) -> dict[str, Any]:
    """Return the value of every option: those given, parsed, and defaults for the rest.

    Raises:
        BadValueError: An option does not exist here, or its value is not allowed.
    """
    known = {option.name: option for option in allowed}
    for name in given:
        if name not in known:
            names = ", ".join(known) or "none"
            raise BadValueError(
                "option", name, expected=f"{workload} does not have it; it has {names}"
            )
    return {
        name: option.parse(given[name]) if name in given else option.default
        for name, option in known.items()
    }


def narrow(filters: int, width_divisor: int) -> int:
    """Return a layer's width in a proxy: divided, made even, at least 4.

    Full size (divisor 1) is left as it is, odd widths included.

    >>> [narrow(f, 16) for f in (1024, 341, 85)], narrow(341, 1)
    ([64, 20, 4], 341)
    """
    if width_divisor == 1:
        return filters
    return max(4, filters // width_divisor // 2 * 2)


def count_parameters(module: "torch.nn.Module") -> int:
    """Return how many numbers of the module are trained."""
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


def build_task(config: RunConfig) -> Task:
    """Build the model and data of one run; the weights depend on the seed alone.

    Raises:
        UnknownWorkloadError: No workload of ours has that name.
        BadValueError: An option or the batch size is not possible.
        DataFolderError: The faces asked for cannot be read.
    """
    return cast(Task, _module_of(config.workload).build_task(config))


def describe(
    workload: str, options: Mapping[str, str] | None = None
) -> WorkloadDescription:
    """Describe a workload or proxy under the given options, without its memory.

    Raises:
        UnknownWorkloadError: No workload of ours has that name.
        BadValueError: An option does not exist or its value is not allowed.
    """
    module = _module_of(workload)
    width_divisor = WorkloadName.parse(workload).width_divisor
    name = WorkloadName(get_spec(workload).name, width_divisor).text
    return cast(WorkloadDescription, module.describe(name, options or {}))


def _module_of(workload: str) -> ModuleType:
    return importlib.import_module(get_spec(workload).module)
