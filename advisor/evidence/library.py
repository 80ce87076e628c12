"""A store's runs and claims as evidence, sorted once and kept while nothing is added.

The one decision to know: every question asks the store what its newest snapshot holds,
so runs that another process added count at once. What is kept is used only when the
store hands out the very same runs again; when some were added, only their workloads are
sorted anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from advisor.evidence.scope import Scope, choose_recipe, usual_horizon
from advisor.evidence.selecting import (
    Evidence,
    Shelf,
    Shelves,
    select_from_shelves,
    shelve,
)
from advisor.memory import Memory
from knowledge.claims.seeds import load_seed_claims
from knowledge.names import WorkloadName
from knowledge.records import STUDY, Claim, Run
from knowledge.store.store import Store

NO_RUNS = Shelf()
MAX_SHELVED_RUNS = 200_000
MAX_SELECTIONS = 1000  # lists of what is kept anyway, and of what was left out


@dataclass(frozen=True)
class _Shelved:
    runs: tuple[Run, ...]
    shelves: Shelves


@dataclass(frozen=True)
class _Selection:
    shelves: Shelves
    claims: Sequence[Claim]
    evidence: Evidence


@dataclass(frozen=True)
class UsualSetting:
    """The recipe and optimizer an answer speaks of, and its usual run length."""

    recipe: str | None
    optimizer: str
    horizon_steps: int | None


@dataclass(frozen=True)
class _Settled:
    shelf: Shelf
    claims: Sequence[Claim]
    setting: UsualSetting


class Library:
    """The evidence in one store; safe to use from several threads."""

    def __init__(self, store: Store, *, seeded: bool, with_study: bool = True):
        self._store = store
        self.left_out_sources = () if seeded and with_study else (STUDY,)
        self.left_out_claims = (
            () if seeded else tuple(sorted({c.source for c in load_seed_claims()}))
        )
        self._seeds = () if seeded else tuple(claim.id for claim in load_seed_claims())
        self._shelved = Memory[_Shelved](MAX_SHELVED_RUNS)
        self._settled = Memory[_Settled](MAX_SELECTIONS)
        self._selections = Memory[_Selection](MAX_SELECTIONS)

    def claims(self) -> list[Claim]:
        """Return the claims that count: without the seeds' when opened unseeded."""
        claims = self._store.claims()
        return [claim for claim in claims if claim.id not in self._seeds]

    def shelves(self, workload: str) -> Shelves:
        """Return the runs of a workload and of all it is pooled with.

        The same object again while no run was added to them.
        """
        group = WorkloadName.parse(workload).group
        runs = self._store.runs_of_group(group)
        known = self._shelved.find(group)
        if known is not None and known.runs is runs:
            return known.shelves
        if known is not None and runs[: len(known.runs)] == known.runs:
            shelves = shelve(self._kept(runs[len(known.runs) :]), onto=known.shelves)
        else:
            shelves = shelve(self._kept(runs))
        self._shelved.keep(group, _Shelved(runs, shelves), weight=len(runs))
        return shelves

    def _kept(self, runs: Sequence[Run]) -> Sequence[Run]:
        """The runs that count: without the study's when opened without it."""
        if not self.left_out_sources:
            return runs
        return [run for run in runs if run.source not in self.left_out_sources]

    def setting(
        self,
        workload: str,
        shelves: Shelves,
        claims: Sequence[Claim],
        *,
        recipe: str | None,
        optimizer: str | None,
    ) -> UsualSetting:
        """Return what was not said of a question: `advisor.evidence.scope.choose_recipe`."""
        key = workload, recipe, optimizer
        shelf = shelves.get(workload.lower(), NO_RUNS)
        known = self._settled.find(key)
        if known is not None and known.shelf is shelf and known.claims == claims:
            return known.setting
        chosen, its_optimizer = choose_recipe(
            workload,
            recipe=recipe,
            optimizer=optimizer,
            runs=shelf.runs,
            claims=claims,
        )
        horizon = usual_horizon(workload, chosen, its_optimizer, shelf.runs)
        setting = UsualSetting(chosen, its_optimizer, horizon)
        self._settled.keep(key, _Settled(shelf, claims, setting))
        return setting

    def select(
        self,
        scope: Scope,
        shelves: Shelves,
        claims: Sequence[Claim],
        *,
        leave_out: Sequence[str] = (),
    ) -> Evidence:
        """Return the evidence of a question; the same object while it is unchanged."""
        key = scope, tuple(leave_out)
        known = self._selections.find(key)
        if known is not None and known.shelves is shelves and known.claims == claims:
            return known.evidence
        evidence = select_from_shelves(
            scope, shelves, claims=claims, leave_out=leave_out
        )
        self._selections.keep(key, _Selection(shelves, claims, evidence))
        return evidence
