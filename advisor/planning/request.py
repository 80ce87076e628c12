"""What a person asks of a verification, before anything is filled in (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict, Unpack

from advisor.checks import check_batch_size, check_learning_rate, several
from advisor.evidence.scope import NOTHING_ASKED, Asked
from knowledge.errors import BadValueError


class RequestValues(TypedDict, total=False):
    """The keyword arguments of `Advisor.verify` and `Advisor.plan_runs`.

    The budget is wall clock (`budget_seconds`), a number of `runs`, or of `examples` to
    train on (of both sides); unless told a minute, or what one run of each batch size
    takes. Within seconds or examples a run may be stopped early and carried further.
    Runs under `bf16` count for answers about bf16 alone.
    """

    learning_rate: float | str | Sequence[float | str]
    optimizer: str | None
    recipe: str | None
    device: str | None
    precision: str | None
    steps: int | None
    seeds: int
    budget_seconds: float | None
    runs: int | None
    examples: float | None
    data: str | None


@dataclass(frozen=True)
class VerificationRequest:
    """Which runs somebody wants: of these rates, or of rates that are ours to choose.

    `budget_seconds`, `n_runs` or `budget_examples` (of both sides), whichever is used
    up first; None of them: the usual time.
    """

    workload: str
    batch_sizes: tuple[int, ...]
    asked: Asked = NOTHING_ASKED
    learning_rates: tuple[float, ...] = ()
    steps: int | None = None
    n_seeds: int = 1
    budget_seconds: float | None = None
    n_runs: int | None = None
    budget_examples: float | None = None
    data: str | None = None

    @classmethod
    def of(
        cls, workload: str, batch_size: object, **values: Unpack[RequestValues]
    ) -> "VerificationRequest":
        """What the arguments of a public function say, each number checked.

        Raises:
            BadValueError: A number cannot be right, or no batch size is named.
        """
        batches = tuple(dict.fromkeys(map(check_batch_size, several(batch_size))))
        if not batches:
            raise BadValueError("batch_size", "missing", expected="name at least one.")
        rates = map(check_learning_rate, several(values.get("learning_rate")))
        return cls(
            workload=workload,
            batch_sizes=batches,
            asked=Asked.of(
                optimizer=values.get("optimizer"),
                recipe=values.get("recipe"),
                device=values.get("device"),
                precision=values.get("precision"),
            ),
            learning_rates=tuple(dict.fromkeys(rates)),
            steps=values.get("steps"),
            n_seeds=values.get("seeds", 1),
            budget_seconds=values.get("budget_seconds"),
            n_runs=values.get("runs"),
            budget_examples=values.get("examples"),
            data=values.get("data"),
        )

    @property
    def is_unlimited(self) -> bool:
        """Whether nothing says when to stop, so that the usual time holds."""
        limits = (self.budget_seconds, self.n_runs, self.budget_examples)
        return not self.learning_rates and all(limit is None for limit in limits)
