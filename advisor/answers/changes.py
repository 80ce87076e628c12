"""What changed from one answer to the next, in a line (pure)."""

from collections.abc import Callable
from dataclasses import dataclass

from advisor.answers.recommendation import Recommendation
from advisor.estimates import Estimate
from advisor.rates import fit_text
from advisor.words import optimizer_title, title_of
from knowledge.records import Document

_SHOWN: dict[str, tuple[str, Callable[..., str]]] = {
    "workload": ("", title_of),
    "batch_size": ("batch ", str),
    "optimizer": ("", optimizer_title),
    "recipe": ("recipe ", str),
    "device": ("", str.upper),
    "precision": ("", str),
    "horizon_steps": ("", lambda steps: f"{steps:,} steps"),
    "risk": ("risk ", lambda risk: f"{100 * risk:g} %"),
}


@dataclass(frozen=True)
class Change(Document):
    """Two answers beside each other: the setting that changed, and the rates.

    `ratio` is the new rate over the old one. `is_within_doubt` says that each answer's
    limit lies within the other's interval; None where no interval is known.
    """

    settings: tuple[str, ...]
    before: float | None
    after: float | None
    ratio: float | None
    is_within_doubt: bool | None


def change_between(before: Recommendation, after: Recommendation) -> Change:
    """Return what changed from one recommendation to the next."""
    old, new = before.learning_rate, after.learning_rate
    return Change(
        settings=_settings(before, after),
        before=old,
        after=new,
        ratio=new / old if old and new else None,
        is_within_doubt=_is_within(
            before.max_stable or before.best, after.max_stable or after.best
        ),
    )


def change_line(change: Change) -> str:
    """Return the change in a line, as `batch 5 to 3: 5.6e-5 to 6e-5 (+7 %)`."""
    said = _rates(change)
    start = ", ".join(change.settings)
    return f"{start}: {said}" if start else said[0].upper() + said[1:]


def _rates(change: Change) -> str:
    old, new = change.before, change.after
    if old is None or new is None:
        had = "no rate" if old is None else fit_text(old)
        return f"{had} before, {'no rate' if new is None else fit_text(new)} now"
    if fit_text(old) == fit_text(new):
        return f"still {fit_text(new)}"
    said = f"{fit_text(old)} to {fit_text(new)} ({_times(new / old)})"
    if change.is_within_doubt is None:
        return said
    return f"{said}, {'no clear' if change.is_within_doubt else 'a clear'} change"


def _times(ratio: float) -> str:
    """A ratio as people say it.

    >>> _times(1.07), _times(0.81), _times(3.4), _times(0.2)
    ('+7 %', '-19 %', '3.4 times', 'a fifth')
    """
    if 0.5 < ratio < 2:
        return f"{100 * (ratio - 1):+.0f} %"
    if ratio >= 2:
        return f"{ratio:.2g} times" if ratio < 100 else f"{ratio:,.0f} times"
    part = round(1 / ratio)
    named = {2: "half", 3: "a third", 4: "a quarter", 5: "a fifth", 10: "a tenth"}
    return named.get(part, f"1/{part:,}")


def _settings(before: Recommendation, after: Recommendation) -> tuple[str, ...]:
    found = []
    for name, (word, shown) in _SHOWN.items():
        old, new = getattr(before, name), getattr(after, name)
        if old == new or old is None or new is None:
            continue
        if name == "recipe" and before.optimizer != after.optimizer:
            continue  # said by the optimizer
        found.append(f"{word}{shown(old)} to {shown(new)}")
    return tuple(found)


def _is_within(old: Estimate | None, new: Estimate | None) -> bool | None:
    if old is None or new is None:
        return None
    return old.low <= new.median <= old.high and new.low <= old.median <= new.high
