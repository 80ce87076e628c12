"""A number with its interval, as it leaves the program (pure)."""

from dataclasses import dataclass
from typing import Any

from knowledge.records import Document

LEVEL = 0.9


@dataclass(frozen=True)
class Estimate(Document):
    """A median with its central interval; rates unless `quantity` says otherwise."""

    median: float
    low: float
    high: float
    level: float
    quantity: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The keys of the contract."""
        values = super().to_dict()
        return {k: v for k, v in values.items() if k != "quantity" or v}


def rounded_shares(shares: dict[str, float]) -> dict[str, float]:
    """Round shares to three digits so that they still sum to 1."""
    rounded = {name: round(share, 3) for name, share in shares.items()}
    largest = max(rounded, key=lambda name: rounded[name])
    rest = sum(share for name, share in rounded.items() if name != largest)
    rounded[largest] = round(1.0 - rest, 3)
    return rounded
