"""A store's runs and claims as evidence, sorted once and kept while nothing is added.

Every question asks for the newest snapshot, so runs that another process added count at
once; only their workloads are sorted again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from advisor.checks import MOST_STEPS, check_device
from advisor.evidence.scope import (
    DEFAULT_RISK,
    PRECISION,
    Asked,
    Scope,
    choose_recipe,
    usual_horizon,
)
from advisor.evidence.selecting import (
    Evidence,
    Shelf,
    Shelves,
    select_from_shelves,
    shelve,
)
from advisor.memory import Memory
from experiments.training.precision import check_precision
from experiments.workloads.registry import BUILT_IN, WORKLOADS, find_spec
from knowledge.claims.seeds import load_seed_claims
from knowledge.errors import BadValueError, UnknownWorkloadError
from knowledge.names import WorkloadName, nearest_names
from knowledge.recipes import RECIPES, is_variant
from knowledge.records import (
    FP16,
    LIBRARY,
    PUBLISHED,
    SHIPPED,
    STUDY,
    TOLD,
    Claim,
    Run,
)
from knowledge.store.store import Store

CaseKey = tuple[str, str | None, str]  # workload, recipe, optimizer

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
    """The evidence in one store; safe to use from several threads.

    It alone leaves out the study's runs, others' published grids or the seeds' claims.
    """

    def __init__(
        self,
        store: Store,
        *,
        seeded: bool,
        ships: Collection[str] = SHIPPED,
    ):
        self._store = store
        self.has_published = seeded and PUBLISHED in ships
        self.left_out_runs = (
            *(() if seeded and STUDY in ships else (STUDY,)),
            *(() if self.has_published else LIBRARY),
        )
        self.left_out_claims = (
            () if seeded else tuple(sorted({c.source for c in load_seed_claims()}))
        )
        self._seeds = () if seeded else tuple(claim.id for claim in load_seed_claims())
        self._shelved = Memory[_Shelved](MAX_SHELVED_RUNS)
        self._settled = Memory[_Settled](MAX_SELECTIONS)
        self._selections = Memory[_Selection](MAX_SELECTIONS)

    def settle(self, workload: str, asked: Asked) -> tuple[Scope, Evidence]:
        """Return what a question is about, filled in, and the evidence that counts.

        Raises:
            UnknownWorkloadError: Nobody knows the workload.
            BadValueError: What was asked for cannot be right.
        """
        name = self.resolve_workload(workload)
        device = check_device(asked.device)
        precision = asked.precision or PRECISION
        if precision != FP16:  # nothing trains in it here, but people tell of it
            check_precision(precision, device=device)
        risk = DEFAULT_RISK if asked.risk is None else asked.risk
        if not 0 < risk < 1:
            raise BadValueError("risk", risk, expected="give a number between 0 and 1.")
        horizon = asked.horizon_steps
        if horizon is not None and not 1 <= horizon <= MOST_STEPS:
            raise BadValueError(
                "horizon", horizon, expected="give a number of steps from 1 to 1e15."
            )
        if asked.recipe is not None and asked.recipe not in RECIPES:
            raise BadValueError(
                "recipe", asked.recipe, expected=f"known are {', '.join(RECIPES)}."
            )
        shelves = self.shelves(name)
        claims = self.claims()
        setting = self._setting(name, shelves, claims, asked)
        scope = Scope(
            workload=name,
            optimizer=setting.optimizer,
            recipe=setting.recipe,
            device=device,
            horizon_steps=horizon or setting.horizon_steps,
            risk=risk,
            precision=precision,
        )
        return scope, self._select(scope, shelves, claims, leave_out=asked.exclude)

    def resolve_workload(self, name: str) -> str:
        """Return the canonical name, or raise UnknownWorkloadError with near ones."""
        stored = self._store.workload_names()
        by_lower = {n.lower(): n for n in stored}
        if name.lower() in by_lower:
            return by_lower[name.lower()]
        try:
            parsed = WorkloadName.parse(name)
        except ValueError as error:
            raise BadValueError("workload", name, expected=f"{error}.") from error
        spec = find_spec(name)
        if spec is not None:
            return WorkloadName(spec.name, parsed.width_divisor).text
        known = self.workload_names()
        near = nearest_names(parsed.base, known)
        raise UnknownWorkloadError(name, known=known[:12], nearest=near)

    def workload_names(self) -> list[str]:
        """Return the names to offer, the built-in ones first.

        Those of others' published grids can be asked about, and nobody looks for them.
        """
        return list(
            dict.fromkeys([*WORKLOADS, *self._store.workload_names(published=False)])
        )

    def workloads(self) -> list[dict[str, Any]]:
        """Return every known workload with how much is known of it."""
        columns = "name title origin runs labelled claims".split()
        rows = self._store.rows(
            "select w.name, w.title, w.origin, "
            "(select count(*) from runs r where r.workload = w.name), "
            "(select count(*) from runs r where r.workload = w.name "
            "and r.outcome in ('stable', 'degraded', 'diverged')), "
            "(select count(*) from claims c where c.workload = w.name) "
            "from workloads w where w.name in (select unnest(?))",
            [self._store.workload_names(published=False)],
        )
        known = {row[0]: dict(zip(columns, row, strict=True)) for row in rows}
        for spec in WORKLOADS.values():  # also those a store has not met
            row = known.setdefault(spec.name, dict.fromkeys(columns, 0))
            origin = "built-in" if spec in BUILT_IN else "added"
            row.update(name=spec.name, title=spec.title, origin=origin)
        return sorted(
            known.values(), key=lambda row: (row["origin"] != "built-in", row["name"])
        )

    def cases_with_evidence(self) -> list[CaseKey]:
        """Return each workload, recipe and optimizer with runs to judge by, or claims.

        Without variants: they are made to scale otherwise than what the claims mean.
        Without others' published grids, whose fits ship (advisor.scaling.published).
        """
        found: list[CaseKey] = self._store.rows(
            "select distinct workload, recipe, optimizer from runs where "
            "(outcome is not null or metric_value is not null) "
            "and source not in (select unnest(?))",
            [[*self.left_out_runs, *LIBRARY]],
        )
        bounds = [c for c in self.claims() if c.bound is not None]
        found += [
            (c.workload, c.recipe, c.optimizer or "adam") for c in bounds if c.workload
        ]
        return sorted({key for key in found if not is_variant(key[1])}, key=str)

    @property
    def left_out_sources(self) -> tuple[str, ...]:
        """Sources of runs and claims that do not count here, such as an unseeded's."""
        return (*self.left_out_runs, *self.left_out_claims)

    def told(self) -> list[Run | Claim]:
        """Return what the person of this store saw themselves, oldest first.

        Runs; claims are what earlier versions kept.
        """
        claims = [claim for claim in self.claims() if claim.source == TOLD]
        claims.sort(key=lambda claim: (claim.source_date or "", claim.id))
        rows = self._store.rows(
            "select id from runs where source = ? order by created, id", [TOLD]
        )
        runs = {run.id: run for run in self.runs_by_id([row[0] for row in rows])}
        return [*claims, *(runs[run_id] for (run_id,) in rows)]

    def runs_of(self, workload: str) -> tuple[Run, ...]:
        """Return the runs of one workload that count, under every recipe."""
        return self.shelves(workload).get(workload.lower(), NO_RUNS).runs

    def not_brought_in(self) -> str | None:
        """Say what is saved that answers do not rest on, if they do not on all."""
        return self._store.not_brought_in()

    def runs_by_id(self, ids: Sequence[str]) -> list[Run]:
        """Return the runs with these ids, ordered by workload, batch size and rate."""
        return self._store.runs_by_id(ids)

    def claims(self) -> list[Claim]:
        """Return the claims that count: without the seeds' when opened unseeded."""
        claims = self._store.claims()
        return [claim for claim in claims if claim.id not in self._seeds]

    def shelves(self, workload: str) -> Shelves:
        """Return the runs of a workload and of all it is pooled with."""
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
        if not self.left_out_runs:
            return runs
        return [run for run in runs if run.source not in self.left_out_runs]

    def _setting(
        self, workload: str, shelves: Shelves, claims: Sequence[Claim], asked: Asked
    ) -> UsualSetting:
        """What was not said of a question, as `choose_recipe` fills it in."""
        key = workload, asked.recipe, asked.optimizer
        shelf = shelves.get(workload.lower(), NO_RUNS)
        known = self._settled.find(key)
        if known is not None and known.shelf is shelf and known.claims == claims:
            return known.setting
        chosen, its_optimizer = choose_recipe(
            workload,
            recipe=asked.recipe,
            optimizer=asked.optimizer,
            runs=shelf.runs,
            claims=claims,
        )
        horizon = usual_horizon(workload, chosen, its_optimizer, shelf.runs)
        setting = UsualSetting(chosen, its_optimizer, horizon)
        self._settled.keep(key, _Settled(shelf, claims, setting))
        return setting

    def _select(
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
