"""Which runs and claims count for a question, which do not, and why (pure).

A question's fingerprint is workload, recipe (or, for imported runs, optimizer),
precision and batch convention. What differs is left out with its reason or becomes a
sibling that shapes the prior.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from advisor.evidence.comparable_scores import why_not_compared
from advisor.evidence.scope import Exclusion, Scope
from advisor.evidence.trajectories import is_labelled, is_too_short, overtaken_runs
from experiments.workloads.registry import find_spec
from knowledge.names import WorkloadName
from knowledge.optimizers import Stepping, canonical_optimizer, stepping_of
from knowledge.outcome import RULE_VERSION
from knowledge.recipes import RECIPES, is_variant
from knowledge.records import FP32, Claim, Outcome, Run

UNSAID_RECIPE_RELIABILITY = (
    0.8  # another's set-up, not described: believed a little less
)
# A run that nobody called stable, but whose score is finite where others' is not.
SURVIVOR_RELIABILITY = 0.8
FEWEST_SCORED_RATES = 4  # of runs of ours; scores somebody reports count from one
LEFT_OUT = "left out as asked"
OVERTAKEN = "the same run was later carried further"


def content_of(runs: Iterable[Run], claims: Iterable[Claim] = ()) -> str:
    """Return a hash of what a fit reads of rows: the same row may be judged anew."""
    digest = hashlib.sha256()
    for run in runs:
        said = (run.outcome, run.failed_at_step, run.steps, run.horizon_steps)
        digest.update(f"{run.id} {said} {run.metric_value} {run.goal}\n".encode())
    for claim in claims:
        claimed = (claim.batch_size, claim.learning_rate, claim.bound)
        digest.update(f"{claim.id} {claimed} {claim.reliability}\n".encode())
    return digest.hexdigest()


@dataclass(frozen=True)
class Body:
    """Runs and claims that speak of one workload under one recipe."""

    workload: str
    recipe: str | None
    optimizer: str
    runs: tuple[Run, ...] = ()
    claims: tuple[Claim, ...] = ()

    @cached_property
    def key(self) -> tuple[str, str, str]:
        """What a fit of it depends on: whose it is, and a hash of what it says."""
        digest = content_of(self.runs, self.claims)
        return self.workload, self.recipe or self.optimizer, digest


BodyKey = tuple[str, str | None, str]


@dataclass(frozen=True)
class Shelf:
    """The runs of one workload by id, gathered once for all who ask.

    `by_body` and `scored_by_body` hold them as siblings of other workloads, by
    workload, recipe and optimizer; runs in mixed precision are no siblings.
    """

    runs: tuple[Run, ...] = ()

    @cached_property
    def by_body(self) -> Mapping[BodyKey, Body]:
        """The runs with an outcome, as bodies without claims."""
        current = [run for run in self._full if run.id not in self.overtaken]
        grouped = _grouped(told_stability(current))
        return {key: Body(*key, tuple(runs)) for key, runs in grouped.items()}

    @cached_property
    def overtaken(self) -> frozenset[str]:
        """The ids of runs that were later carried further."""
        return frozenset(overtaken_runs(self.runs))

    @cached_property
    def scored_by_body(self) -> Mapping[BodyKey, tuple[Run, ...]]:
        """The runs with scores that compare with each other."""
        grouped = _grouped(run for run in self._full if _is_scored(run))
        return {key: _compared(runs) for key, runs in grouped.items()}

    @cached_property
    def _full(self) -> tuple[Run, ...]:
        return tuple(run for run in self.runs if run.precision in (None, FP32))

    def without(self, unwanted: set[str]) -> "Shelf":
        """This shelf, or one that lacks some runs."""
        kept = tuple(run for run in self.runs if run.id not in unwanted)
        return self if len(kept) == len(self.runs) else Shelf(kept)


Shelves = Mapping[str, Shelf]


@dataclass(frozen=True)
class Evidence:
    """What an answer rests on: the workload's own body, siblings, and what is left out.

    `own.runs` holds labelled and cut-short runs; `scored` those with a metric value.
    """

    own: Body
    scored: tuple[Run, ...]
    siblings: tuple[Body, ...]
    scored_siblings: tuple[tuple[Run, ...], ...]
    excluded: tuple[Exclusion, ...]
    reliability: dict[str, float] = field(default_factory=dict)

    @property
    def labelled_runs(self) -> tuple[Run, ...]:
        """Own runs that held or failed, by their outcome or by a score at the end."""
        return tuple(r for r in self.own.runs if r.outcome is None or is_labelled(r))

    @property
    def tells_stability(self) -> bool:
        """Whether anything says which rates hold: own runs, claims or relatives."""
        return bool(self.own.runs or self.own.claims or self.siblings)

    @property
    def tells_best(self) -> bool:
        """Whether scores say which rate is best: not those of a few runs of ours.

        Runs made to find where training fails are scored too, as a by-product.
        """
        rates = {run.learning_rate for run in self.scored}
        are_by_product = bool(self.labelled_runs) and all(
            run.is_measured for run in self.scored
        )
        return bool(rates) and (not are_by_product or len(rates) >= FEWEST_SCORED_RATES)

    def without_claims(self) -> "Evidence":
        """Return what the runs alone say: a claim is no evidence for itself."""
        bodies = [body for body in self.siblings if body.runs]
        return replace(
            self,
            own=_unclaimed(self.own),
            siblings=tuple(_unclaimed(body) for body in bodies),
        )

    def labelled_at(self, batch_size: int) -> tuple[Run, ...]:
        """Labelled runs at one batch size."""
        return tuple(r for r in self.labelled_runs if r.batch_size == batch_size)


def told_stability(runs: Iterable[Run]) -> list[Run]:
    """Return the runs that say something of stability: those with an outcome.

    Where some outcomes are known (a loss that was not finite in an imported file), the
    other runs that ended with a score survived: without them no rate would seem safe.
    """
    rows = [run for run in runs if not (_says_no_length(run) or is_too_short(run))]
    if all(run.outcome is None for run in rows):
        return []
    return [run for run in rows if run.outcome is not None or _is_scored(run)]


def _says_no_length(run: Run) -> bool:
    """Whether a run was cut short and nobody says after how many steps."""
    return run.outcome is Outcome.INCOMPLETE and not run.steps


def has_failed(run: Run) -> bool:
    """Whether the run ended degraded or diverged."""
    return run.outcome is not None and run.outcome.is_unstable


def shelve(runs: Iterable[Run], *, onto: Shelves | None = None) -> Shelves:
    """Return runs by the lower-case name of their workload, added to earlier ones.

    Shelves that get no run are the same objects as before.
    """
    new: dict[str, list[Run]] = {}
    for run in runs:
        new.setdefault(run.workload.lower(), []).append(_under_one_name(run))
    shelves = dict(onto or {})
    for name, added in new.items():
        earlier = shelves.get(name, Shelf()).runs
        in_order = sorted((*earlier, *added), key=lambda run: run.id)
        shelves[name] = Shelf(tuple(in_order))
    return shelves


def _under_one_name(run: Run) -> Run:
    """The run with its optimizer's one name: earlier stores kept any spelling."""
    name = canonical_optimizer(run.optimizer)
    return run if name == run.optimizer else replace(run, optimizer=name)


def select_from_shelves(
    scope: Scope,
    shelves: Shelves,
    *,
    claims: Sequence[Claim],
    leave_out: Iterable[str] = (),
) -> Evidence:
    """Sort runs and claims of a pooled group into used, siblings and left out."""
    unwanted = set(leave_out)
    own_name = scope.workload.lower()
    counted: list[Run] = []
    scored: list[Run] = []
    others: list[Run] = []
    reliability: dict[str, float] = {}
    excluded = [
        Exclusion(run.id, LEFT_OUT)
        for shelf in (shelves.values() if unwanted else ())
        for run in shelf.runs
        if run.id in unwanted
    ]
    own_shelf = shelves.get(own_name, Shelf())
    for run in own_shelf.without(unwanted).runs:
        reason = _why_not(run, scope)
        if reason is not None:
            excluded.append(Exclusion(run.id, reason))
            others.append(run)
            continue
        if scope.recipe is not None and run.recipe is None:
            reliability[run.id] = UNSAID_RECIPE_RELIABILITY
        if run.id in own_shelf.overtaken:
            excluded.append(Exclusion(run.id, OVERTAKEN))
            continue
        counted.append(run)
        if _is_scored(run):
            scored.append(run)
    excluded.sort(key=lambda exclusion: exclusion.id)
    own = told_stability(counted)
    reliability |= {r.id: SURVIVOR_RELIABILITY for r in own if r.outcome is None}
    compared = _compared(scored)
    not_compared = why_not_compared(scored)
    excluded += [Exclusion(run_id, why) for run_id, why in not_compared.items()]
    used_claims, sibling_claims, not_used = _sort_claims(
        scope, [c for c in claims if c.id not in unwanted]
    )
    excluded += not_used
    excluded += [Exclusion(c.id, LEFT_OUT) for c in claims if c.id in unwanted]
    relatives = [
        shelf.without(unwanted) if unwanted else shelf
        for name, shelf in shelves.items()
        if name != own_name
    ]
    relatives.append(Shelf(tuple(others)))
    return Evidence(
        own=Body(
            scope.workload,
            scope.recipe,
            scope.optimizer,
            tuple(own),
            tuple(used_claims),
        ),
        scored=compared,
        siblings=_bodies(scope, relatives, sibling_claims),
        scored_siblings=_scored_bodies(scope, relatives),
        excluded=tuple(excluded),
        reliability=reliability,
    )


def _unclaimed(body: Body) -> Body:
    return replace(body, claims=()) if body.claims else body


def _why_not(run: Run, scope: Scope) -> str | None:
    """Why a run of the very workload does not count, or None when it does."""
    if run.optimizer != scope.optimizer:
        return f"another optimizer ({run.optimizer})"
    if scope.recipe is not None and run.recipe not in (None, scope.recipe):
        return f"another recipe ({run.recipe}): what was held fixed differs"
    if scope.recipe is None and run.recipe is not None:
        return f"recipe {run.recipe}: the question is about runs without a named one"
    if run.is_measured and run.outcome_rule not in (None, RULE_VERSION):
        return f"judged by an older outcome rule ({run.outcome_rule})"
    if run.precision not in (None, scope.precision):
        return f"another precision ({run.precision})"
    if _says_no_length(run) and run.metric_value is None:
        return "stopped before its end, after nobody knows how many steps"
    if is_too_short(run):
        return f"cancelled after {run.steps or 0} of {run.horizon_steps:,} steps"
    spec = find_spec(scope.workload)
    if spec is not None and run.batch_convention != spec.batch_convention:
        return f"its batch is counted as {run.batch_convention}"
    return None


def _compared(scored: Sequence[Run]) -> tuple[Run, ...]:
    why_not = why_not_compared(scored)
    return tuple(run for run in scored if run.id not in why_not)


def _sort_claims(
    scope: Scope, claims: Sequence[Claim]
) -> tuple[list[Claim], list[Claim], list[Exclusion]]:
    """Part claims with a bound into the workload's own, its relatives' and the rest."""
    used: list[Claim] = []
    siblings: list[Claim] = []
    excluded: list[Exclusion] = []
    for claim in claims:
        if claim.workload is None or claim.bound is None:
            continue
        name = WorkloadName.parse(claim.workload)
        if name.group != scope.name.group:
            continue
        if claim.workload != scope.workload:
            siblings.append(claim)
        elif claim.recipe not in (None, scope.recipe) or (
            claim.optimizer not in (None, scope.optimizer)
        ):
            what = claim.recipe or claim.optimizer
            excluded.append(Exclusion(claim.id, f"made under another recipe ({what})"))
            siblings.append(claim)
        else:
            used.append(claim)
    return used, siblings, excluded


def _bodies(
    scope: Scope, shelves: Iterable[Shelf], claims: Sequence[Claim]
) -> tuple[Body, ...]:
    """Return the siblings that tell something, with what is claimed of them."""
    bodies = {
        key: body
        for shelf in shelves
        for key, body in shelf.by_body.items()
        if _teaches(key, scope)
    }
    for claim in claims:
        optimizer = claim.optimizer or scope.optimizer
        if claim.workload is None or not _step_alike(optimizer, scope.optimizer):
            continue
        key = claim.workload, claim.recipe, optimizer
        body = bodies.get(key, Body(*key))
        bodies[key] = replace(body, claims=(*body.claims, claim))
    return tuple(bodies[key] for key in sorted(bodies, key=str))


def _scored_bodies(
    scope: Scope, shelves: Iterable[Shelf]
) -> tuple[tuple[Run, ...], ...]:
    scored = {
        key: runs
        for shelf in shelves
        for key, runs in shelf.scored_by_body.items()
        if _teaches(key, scope)
    }
    return tuple(scored[key] for key in sorted(scored, key=str))


def _teaches(key: BodyKey, scope: Scope) -> bool:
    """Whether the rates of another body scale with the batch as the asked ones may.

    Variants do not, nor does a mean for a sum under plain descent.
    """
    _, recipe, optimizer = key
    if not _step_alike(optimizer, scope.optimizer):
        return False
    if recipe == scope.recipe:
        return True
    adaptive = stepping_of(optimizer) is Stepping.ADAPTIVE
    return not is_variant(recipe) and (adaptive or not _is_summed(scope.recipe))


def _step_alike(one: str, other: str) -> bool:
    """Whether rates of two optimizers scale alike; of one nobody knows, its own do."""
    how = stepping_of(one)
    return how is stepping_of(other) and (how is not Stepping.UNKNOWN or one == other)


def _is_summed(recipe: str | None) -> bool:
    return recipe in RECIPES and RECIPES[recipe].reduction == "sum"


def _grouped(runs: Iterable[Run]) -> dict[BodyKey, list[Run]]:
    grouped: dict[BodyKey, list[Run]] = {}
    for run in runs:
        key = run.workload, run.recipe, run.optimizer
        grouped.setdefault(key, []).append(run)
    return grouped


def _is_scored(run: Run) -> bool:
    """Whether its score compares with others': that of a run cut short does not."""
    if run.outcome is Outcome.INCOMPLETE:
        return False
    return run.metric_value is not None and run.goal is not None


def find_basis(evidence: Evidence, batch_size: int) -> str:
    """Return the first of the contract's bases that holds.

    What the person told is a report, as a claim is.
    """
    labelled = [run for run in evidence.labelled_runs if not run.is_told]
    here = {has_failed(run) for run in labelled if run.batch_size == batch_size}
    if here == {True, False}:
        return "measured"
    scored = {run.batch_size for run in evidence.scored if not run.is_told}
    if evidence.tells_best and batch_size in scored:
        return "measured"
    own = [run for run in evidence.own.runs if not run.is_told]
    batches = {run.batch_size for run in labelled or own} or scored
    if batches:
        inside = min(batches) <= batch_size <= max(batches)
        return "interpolated" if inside else "extrapolated"
    if evidence.own.claims or evidence.own.runs or evidence.scored:
        return "reported"
    if evidence.siblings or evidence.scored_siblings:
        return "borrowed"
    return "none"
