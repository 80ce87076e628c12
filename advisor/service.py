"""Advisor: the one place that joins the store, the statistics and the job queue.

Everything a person can do in the browser, the terminal or Python goes through here. It
loads neither torch nor streamlit: training happens in processes of its own.
"""

import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from advisor.checks import (
    check_batch_size,
    check_device,
    check_learning_rate,
    this_device,
)
from advisor.conversation import Answer, ask
from advisor.costs import seconds_per_step
from advisor.describing import describe_workload
from advisor.evidence import (
    Evidence,
    Scope,
    choose_recipe,
    select_evidence,
    usual_horizon,
)
from advisor.fitting import Fitter
from advisor.recommendation import (
    Judgement,
    Recommendation,
    VerificationPlan,
    build_judgement,
    build_recommendation,
    find_basis,
)
from advisor.regression import StableLearningRateModel
from advisor.scaling import HALF_BAND, ScalingReport, judge_claims
from advisor.settings import Settings, load_settings
from advisor.verification import (
    NARROW_ENOUGH,
    VerificationSpec,
    next_seed,
    no_runs_planned,
    plan_batches,
    plan_verification,
    steps_for_budget,
    verification_target,
)
from advisor.verifying import (
    Verification,
    ensure_supervisor,
    shown_state,
    start_verification,
)
from experiments.queue import Job, Queue
from experiments.workloads import WORKLOADS, find_spec
from knowledge import inbox
from knowledge.claims import load_seed_claims
from knowledge.errors import (
    BadValueError,
    StoreError,
    UnknownWorkloadError,
    WorkloadUnavailableError,
)
from knowledge.exporting import write_table
from knowledge.importers.csv_runs import parse_runs
from knowledge.migrations import SCHEMA_VERSION
from knowledge.names import WorkloadName, nearest_names
from knowledge.recipes import RECIPES
from knowledge.records import Claim, Curve, Run
from knowledge.sql_box import QueryResult, run_query
from knowledge.store import TABLES, Store

PLAN_BUDGET_SECONDS = 60.0
DEFAULT_RISK = 0.1
_VERSIONED = ("lr-advisor", "torch", "duckdb", "streamlit", "scikit-learn", "altair")


@dataclass(frozen=True)
class ImportReport:
    """What an import added, knew already, and had to leave out with line and reason."""

    added: int
    skipped: int
    rejected: tuple[tuple[int, str], ...]
    workloads: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of the contract."""
        return {
            "added": self.added,
            "skipped": self.skipped,
            "rejected": [{"line": n, "reason": why} for n, why in self.rejected],
            "workloads": list(self.workloads),
        }


@dataclass(frozen=True)
class LargestBatch:
    """The largest batch size at which a rate still holds; None when none does."""

    workload: str
    learning_rate: float
    batch_size: Mapping[str, float] | None
    reason: str
    recommendation: Recommendation | None

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of the contract."""
        return {
            "workload": self.workload,
            "learning_rate": self.learning_rate,
            "batch_size": dict(self.batch_size) if self.batch_size else None,
            "reason": self.reason,
            "recommendation": self.recommendation.to_dict()
            if self.recommendation
            else None,
        }


class Advisor:
    """Answers from a store, and the verification runs that make them surer.

    >>> with Advisor.open(":memory:") as advisor:
    ...     advisor.recommend(workload="realface", batch_size=5).basis
    'reported'
    """

    def __init__(self, store: Store, settings: Settings, *, seeded: bool = True):
        self.store = store
        self.settings = settings
        self.queue = Queue(store.folder)
        self._seeded = seeded
        self._fitter = Fitter()

    @classmethod
    def open(
        cls,
        folder: str | Path | None = None,
        *,
        seeded: bool = True,
        settings: Settings | None = None,
    ) -> Self:
        """Open a store folder, made and seeded if absent; `":memory:"` is temporary.

        Raises:
            StoreError: The folder is no store, of a newer program, or not writable.
        """
        settings = settings or load_settings()
        store = Store(settings.store_folder if folder is None else folder)
        if store.is_new:
            store.record_workloads(
                [
                    {"name": spec.name, "title": spec.title, "origin": "built-in"}
                    for spec in WORKLOADS.values()
                ]
            )
            if seeded:
                store.record_claims(load_seed_claims())
        return cls(store, settings, seeded=seeded)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files."""
        self.queue.close()
        self.store.close()

    # -- answers -----------------------------------------------------------------

    def recommend(
        self,
        workload: str,
        batch_size: int,
        *,
        optimizer: str | None = None,
        recipe: str | None = None,
        device: str | None = None,
        horizon: int | None = None,
        risk: float = DEFAULT_RISK,
        exclude: Sequence[str] = (),
    ) -> Recommendation:
        """Return the rate for a batch size, with its interval, evidence and caveats.

        Args:
            workload: A known name, in any case.
            batch_size: Examples per step (per side for the face models), at least 1.
            optimizer: None: the one with most evidence for the workload.
            recipe: A named recipe, or None for the one with most evidence.
            device: `cpu`, `cuda` or `mps`; None: this machine's.
            horizon: Steps the answer should hold for; None: the workload's usual.
            risk: Accepted probability of an unstable run, between 0 and 1.
            exclude: Ids of runs and claims to leave out, to see what they weigh.

        Raises:
            UnknownWorkloadError: Nobody knows the workload.
            BadValueError: A number cannot be right.
        """
        batch_size = check_batch_size(batch_size)
        scope, evidence = self._evidence(
            workload,
            optimizer=optimizer,
            recipe=recipe,
            device=device,
            horizon=horizon,
            risk=risk,
            exclude=exclude,
        )
        return self._recommend(scope, batch_size, evidence)

    def judge(
        self, workload: str, batch_size: int, learning_rate: float, **scope: Any
    ) -> Judgement:
        """Return P(stable) of a rate at a batch size, and the verdict.

        Keyword arguments as in `recommend`.
        """
        batch_size = check_batch_size(batch_size)
        learning_rate = check_learning_rate(learning_rate)
        what, evidence = self._evidence(workload, **scope)
        recommendation = self._recommend(what, batch_size, evidence)
        model = self._fitter.model(what, evidence)
        return build_judgement(recommendation, learning_rate, model=model)

    def largest_batch(
        self, workload: str, learning_rate: float, **scope: Any
    ) -> LargestBatch:
        """Return the largest batch size at which a rate is still held to be safe.

        Keyword arguments as in `recommend`.
        """
        learning_rate = check_learning_rate(learning_rate)
        what, evidence = self._evidence(workload, **scope)
        knows = evidence.labelled_runs or evidence.own.claims or evidence.siblings
        if not knows:
            return LargestBatch(
                what.workload,
                learning_rate,
                None,
                f"Nothing is known about the stability of {what.workload}: verify a "
                "batch size first.",
                None,
            )
        model = self._fitter.model(what, evidence)
        found = model.largest_batch(learning_rate, what.risk, what.horizon_steps)
        if found is None:
            return LargestBatch(
                what.workload,
                learning_rate,
                None,
                f"None: at no batch size is {learning_rate:g} held to be stable with "
                f"P(stable) of at least {1 - what.risk:g}.",
                self._recommend(what, 1, evidence),
            )
        where = "and beyond, as far as I looked" if found.capped else "by the fit"
        return LargestBatch(
            what.workload,
            learning_rate,
            {
                "median": found.batch_size,
                "low": min(found.low, found.batch_size),
                "high": max(found.high, found.batch_size),
                "level": found.level,
            },
            f"Up to batch {found.batch_size} ({where}) P(stable) of {learning_rate:g} "
            f"stays at least {1 - what.risk:g}.",
            self._recommend(what, max(found.batch_size, 1), evidence),
        )

    def threshold_band(
        self, workload: str, batch_sizes: Sequence[float], **scope: Any
    ) -> list[dict[str, float]]:
        """Return where half of all runs fail over batch sizes, for a chart.

        Keyword arguments as in `recommend`. One row `batch_size, low, median, high`
        (90 %) per batch size, which may lie between whole ones; none when nothing is
        known of the workload's stability.
        """
        what, evidence = self._evidence(workload, **scope)
        knows = evidence.labelled_runs or evidence.own.claims or evidence.siblings
        if not knows:
            return []
        # The fit, which is what costs, is remembered; reading it off takes 1 ms a row.
        model = self._fitter.model(what, evidence)
        found = [
            (float(b), model.threshold(b, what.horizon_steps)) for b in batch_sizes
        ]
        return [
            {"batch_size": b, "low": t.low, "median": t.median, "high": t.high}
            for b, t in found
        ]

    def scaling(
        self, workload: str | None = None, *, optimizer: str | None = None
    ) -> ScalingReport:
        """Return what the evidence says of each claimed scaling rule."""
        if workload is not None:
            return self._scaling_of(workload, optimizer)
        names = self._workloads_with_evidence()
        reports = tuple(self._scaling_of(name, optimizer) for name in names)
        claims = [c for c in self.claims() if c.exponent is not None]
        return ScalingReport(
            workload=None,
            quantity="max_stable",
            exponent=None,
            scaling_rules=None,
            batch_range=None,
            n_runs=sum(r.n_runs for r in reports),
            n_claims=sum(r.n_claims for r in reports),
            optimizer=optimizer,
            held_fixed="each workload by itself; see its entry",
            claims=judge_claims(claims, shares=None, n_runs=0, quantity="max_stable")
            if not reports
            else (),
            deciding_runs=(),
            workloads=reports,
        )

    def _scaling_of(self, workload: str, optimizer: str | None) -> ScalingReport:
        scope, evidence = self._evidence(workload, optimizer=optimizer)
        knows = bool(evidence.labelled_runs or evidence.own.claims or evidence.siblings)
        batches = sorted(
            {r.batch_size for r in evidence.labelled_runs or evidence.scored}
            | {c.batch_size for c in evidence.own.claims if c.batch_size}
        )
        batch = batches[len(batches) // 2] if batches else 8
        r = self._recommend(scope, batch, evidence)
        quantity = r.exponent.quantity if r.exponent else "max_stable"
        claims = [c for c in self.claims() if c.exponent is not None]
        draws = self._fitter.exponent_draws(scope, evidence, batch) if knows else None
        shares = (
            [
                float((abs(draws - (c.exponent or 0.0)) <= HALF_BAND).mean())
                for c in claims
            ]
            if draws is not None
            else None
        )
        n_runs = len(evidence.labelled_runs or evidence.scored)
        recipe = RECIPES.get(scope.recipe or "")
        return ScalingReport(
            workload=scope.workload,
            quantity=quantity or "max_stable",
            exponent=r.exponent,
            scaling_rules=r.scaling_rules,
            batch_range=(batches[0], batches[-1]) if batches else None,
            n_runs=n_runs,
            n_claims=len(evidence.own.claims),
            optimizer=scope.optimizer,
            held_fixed=f"recipe {recipe.name}, steps" if recipe else "as imported",
            claims=judge_claims(
                claims, shares=shares, n_runs=n_runs, quantity=quantity or "max_stable"
            ),
            deciding_runs=r.verification.runs,
        )

    def _workloads_with_evidence(self) -> list[str]:
        rows = self.store.rows(
            "select distinct workload from runs where outcome is not null or "
            "metric_value is not null union select distinct workload from claims "
            "where bound is not null and workload is not null order by 1"
        )
        return [name for (name,) in rows]

    def _evidence(
        self,
        workload: str,
        *,
        optimizer: str | None = None,
        recipe: str | None = None,
        device: str | None = None,
        horizon: int | None = None,
        risk: float = DEFAULT_RISK,
        exclude: Sequence[str] = (),
    ) -> tuple[Scope, Evidence]:
        name = self.resolve_workload(workload)
        if not 0 < risk < 1:
            raise BadValueError("risk", risk, expected="give a number between 0 and 1.")
        if horizon is not None and not 1 <= horizon <= 10**9:
            raise BadValueError(
                "horizon", horizon, expected="give a number of steps from 1 to 1e9."
            )
        if recipe is not None and recipe not in RECIPES:
            raise BadValueError(
                "recipe", recipe, expected=f"known are {', '.join(RECIPES)}."
            )
        runs = self.store.runs(group=WorkloadName.parse(name).group)
        claims = self.claims()
        recipe, optimizer = choose_recipe(
            name, recipe=recipe, optimizer=optimizer, runs=runs, claims=claims
        )
        scope = Scope(
            workload=name,
            optimizer=optimizer,
            recipe=recipe,
            device=check_device(device),
            horizon_steps=horizon or usual_horizon(name, recipe, optimizer, runs),
            risk=risk,
        )
        evidence = select_evidence(scope, runs=runs, claims=claims, leave_out=exclude)
        return scope, evidence

    def _recommend(
        self, scope: Scope, batch_size: int, evidence: Evidence
    ) -> Recommendation:
        model = self._fitter.model(scope, evidence)
        best = self._fitter.best_rate(evidence, batch_size)
        return build_recommendation(
            scope,
            batch_size,
            evidence=evidence,
            model=model,
            best=best,
            verification=self._plan(scope, batch_size, evidence),
        )

    def _plan(
        self, scope: Scope, batch_size: int, evidence: Evidence
    ) -> VerificationPlan:
        target = verification_target(scope)
        reason = self._why_verify(scope, batch_size, evidence)
        if reason is None or target is None:
            return no_runs_planned(reason)
        of, its_evidence = scope, evidence
        if target != scope.workload:
            of, its_evidence = self._evidence(
                target, recipe=scope.recipe, device=scope.device, risk=scope.risk
            )
        batches = plan_batches(scope, batch_size, target)
        return plan_verification(
            scope,
            batch_size,
            model=self._fitter.model(of, its_evidence),
            target=target,
            **self._plan_costs(of, target, batches, its_evidence),
            reason=reason,
            n_workers=self.settings.n_workers,
        )

    def _plan_steps(
        self, target: str, batches: Sequence[int], device: str, runs: Sequence[Run]
    ) -> int:
        per_step = max(
            seconds_per_step(target, b, device=device, runs=runs) for b in batches
        )
        usual = usual_horizon(target, None, "adam", ()) or 2000
        return steps_for_budget(
            PLAN_BUDGET_SECONDS,
            n_workers=self.settings.n_workers,
            seconds_per_step=per_step,
            usual_steps=usual,
        )

    def _why_verify(
        self, scope: Scope, batch_size: int, evidence: Evidence
    ) -> str | None:
        basis = find_basis(evidence, batch_size)
        reasons = {
            "none": "there is no evidence at all.",
            "borrowed": "nothing of this workload itself was ever run or reported.",
            "reported": "it rests on reports, none of them a run of ours.",
            "extrapolated": "the batch size lies outside the measured ones.",
        }
        if basis in reasons:
            return reasons[basis]
        if not evidence.labelled_runs:
            return "no run here tells stable from unstable rates."
        found = self._fitter.model(scope, evidence).threshold(
            batch_size, scope.horizon_steps
        )
        if found.high / found.low > NARROW_ENOUGH:
            return "the interval of the threshold is still wide."
        return None

    # -- evidence ----------------------------------------------------------------

    def claims(self) -> list[Claim]:
        """Return the claims that count: without the seeds' when opened unseeded."""
        claims = self.store.claims()
        if self._seeded:
            return claims
        seeds = {claim.id for claim in load_seed_claims()}
        return [claim for claim in claims if claim.id not in seeds]

    def resolve_workload(self, name: str) -> str:
        """Return the canonical name, or raise UnknownWorkloadError with near ones."""
        stored = self.store.workload_names()
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
        known = list(dict.fromkeys([*WORKLOADS, *stored]))
        near = nearest_names(parsed.base, known)
        raise UnknownWorkloadError(name, known=known[:12], nearest=near)

    def import_runs(self, path: str | Path, *, dry_run: bool = False) -> ImportReport:
        """Read runs from a CSV or Parquet file; good rows are kept, bad ones named.

        Raises:
            ImportFileError: The file is missing, unreadable or lacks columns.
        """
        parsed = parse_runs(Path(path).expanduser())
        ids = [run.id for run in parsed.runs]
        rows = self.store.rows(
            "select id from runs where id in (select unnest(?))", [ids]
        )
        known = {run_id for (run_id,) in rows}
        new = [run for run in parsed.runs if run.id not in known]
        if not dry_run and new:
            self.store.record_runs(new)
            self.store.ingest_all()
        return ImportReport(
            added=len(new),
            skipped=len(parsed.runs) - len(new),
            rejected=parsed.rejected,
            workloads=tuple(sorted({run.workload for run in parsed.runs})),
        )

    def sql(self, query: str, *, max_rows: int = 1000) -> QueryResult:
        """Run one SELECT of a person's own, read-only and within limits."""
        return run_query(self.store.snapshot_path, query, max_rows=max_rows)

    def export(self, path: str | Path, *, table: str = "runs") -> int:
        """Write a table to .csv, .parquet or .json by its ending; return its rows.

        Raises:
            BadValueError: No such table or ending.
            StoreError: The file cannot be written.
        """
        if table not in TABLES:
            raise BadValueError(
                "table", table, expected=f"known are {', '.join(TABLES)}."
            )
        return write_table(self.store.frame(f"select * from {table}"), Path(path))

    def workloads(self) -> list[dict[str, Any]]:
        """Return every known workload with how much is known of it."""
        columns = "name title origin runs labelled claims".split()
        rows = self.store.rows(
            "select w.name, w.title, w.origin, "
            "(select count(*) from runs r where r.workload = w.name), "
            "(select count(*) from runs r where r.workload = w.name "
            "and r.outcome in ('stable', 'degraded', 'diverged')), "
            "(select count(*) from claims c where c.workload = w.name) "
            "from workloads w order by w.origin <> 'built-in', w.name"
        )
        return [dict(zip(columns, row, strict=True)) for row in rows]

    def doctor(self) -> dict[str, Any]:
        """Check the store against its records; say versions, device and what lacks."""
        report = self.store.verify()
        waiting = len(inbox.waiting(self.store.folder))
        problems = list(report.problems)
        if waiting:
            problems.append(
                f"{waiting} records wait to be ingested: is another program holding "
                f"{self.store.folder / 'store.duckdb'} open? Nothing is lost."
            )
        interrupted = [j.id for j in self.jobs() if shown_state(j) == "interrupted"]
        if interrupted:
            problems.append(
                f"{len(interrupted)} jobs lost their worker: `lr-advisor jobs resume "
                f"{interrupted[0]}` goes on with the first."
            )
        return {
            "store": str(self.store.folder),
            "schema_version": SCHEMA_VERSION,
            "generation": self.store.generation,
            "tables": self.store.counts(),
            "records": report.records,
            "outcomes_checked": report.outcomes_checked,
            "versions": {name: _version(name) for name in _VERSIONED},
            "device": this_device(),
            "workers": self.settings.n_workers,
            "free_disk_gb": round(shutil.disk_usage(self.store.folder).free / 1e9, 1),
            "problems": problems,
            "ok": not problems,
        }

    def describe(self, workload: str, options: Mapping[str, str]) -> dict[str, Any]:
        """Return shapes, options and exact parameter counts of a workload."""
        name = self.resolve_workload(workload)
        if find_spec(name) is None:
            raise WorkloadUnavailableError(
                f"{name} was imported: its model is not known here, only its runs."
            )
        return describe_workload(name, options)

    def ask(
        self, question: str, context: str | None = None, *, exclude: Sequence[str] = ()
    ) -> Answer:
        """Return the answer to a question in words; never starts a job."""
        return ask(self, question, context=context, exclude=exclude)

    def runs_by_id(self, ids: Sequence[str]) -> list[Run]:
        """Return the runs with these ids, ordered by workload, batch size and rate."""
        return self.store.runs_by_id(ids)

    def run(self, run_id: str) -> Run:
        """Return one run, or raise RunNotFoundError."""
        return self.store.run(run_id)

    def curve(self, run_id: str) -> Curve:
        """Return the raw curve of one run."""
        return self.store.curve(run_id)

    # -- verification ------------------------------------------------------------

    def verify(
        self,
        workload: str,
        batch_size: int | Sequence[int],
        *,
        learning_rate: float | Sequence[float] = (),
        optimizer: str | None = None,
        recipe: str | None = None,
        device: str | None = None,
        steps: int | None = None,
        seeds: int = 1,
        budget_seconds: float | None = None,
        runs: int | None = None,
        data: str | None = None,
        verification_id: str | None = None,
    ) -> Verification:
        """Start verification runs in processes of their own and return at once.

        Without rates each run is chosen to tell most; with them exactly those are run.
        The budget is wall clock in seconds or a number of runs (120 s when neither is
        said).

        Raises:
            WorkloadUnavailableError: The workload cannot be trained here.
            BadValueError: A number cannot be right.
        """
        scope, evidence = self._evidence(
            workload, optimizer=optimizer, recipe=recipe, device=device
        )
        return start_verification(
            self,
            scope,
            evidence,
            batch_sizes=_several(batch_size),
            learning_rates=_several(learning_rate),
            steps=steps,
            seeds=seeds,
            budget_seconds=budget_seconds,
            runs=runs,
            data=data,
            verification_id=verification_id,
        )

    def plan_runs(
        self,
        workload: str,
        batch_sizes: Sequence[int],
        learning_rates: Sequence[float] = (),
        *,
        optimizer: str | None = None,
        recipe: str | None = None,
        device: str | None = None,
        budget_seconds: float | None = None,
    ) -> dict[str, Any]:
        """Return the runs a verification would make, with their cost; starts nothing.

        A full-size face model on a CPU is planned through a proxy.
        """
        scope, evidence = self._evidence(
            workload, optimizer=optimizer, recipe=recipe, device=device
        )
        target = verification_target(scope)
        if learning_rates and find_spec(scope.workload) is not None:
            target = scope.workload  # a rate that was named belongs to this very size
        if target is None:
            plan = self._plan(scope, batch_sizes[0], evidence)
            return {**plan.to_dict(), "budget_seconds": None}
        if target != scope.workload:
            scope, evidence = self._evidence(target, recipe=scope.recipe, device=device)
        plan = plan_verification(
            scope,
            batch_sizes[0],
            model=self._fitter.model(scope, evidence),
            target=target,
            **self._plan_costs(scope, target, batch_sizes, evidence),
            reason="you asked for it.",
            n_workers=self.settings.n_workers,
            learning_rates=learning_rates,
        )
        return {**plan.to_dict(), "budget_seconds": budget_seconds}

    def _plan_costs(
        self,
        scope: Scope,
        target: str,
        batch_sizes: Sequence[int],
        evidence: Evidence,
    ) -> dict[str, Any]:
        runs = evidence.own.runs
        steps = self._plan_steps(target, batch_sizes, scope.device, runs)
        return {
            "steps": steps,
            "seconds_by_batch": {
                b: steps * seconds_per_step(target, b, device=scope.device, runs=runs)
                for b in batch_sizes
            },
            "first_seed": next_seed(runs, ()),
        }

    def model_for(self, spec: VerificationSpec) -> tuple[StableLearningRateModel, int]:
        """Return the model a wish is planned with, and its number of labelled runs."""
        scope, evidence = self._evidence(
            spec.workload, recipe=spec.recipe, device=spec.device, horizon=spec.steps
        )
        return self._fitter.model(scope, evidence), len(evidence.labelled_runs)

    def jobs(self) -> list[Job]:
        """Return every job of the queue, oldest first."""
        return self.queue.jobs()

    def cancel(self, job_or_verification_id: str) -> None:
        """Stop one job, or a whole verification; what is finished stays."""
        if job_or_verification_id.startswith("verification:"):
            self.queue.cancel_verification(job_or_verification_id)
        else:
            self.queue.cancel(job_or_verification_id)
        self.tend()

    def resume(self, job_id: str) -> None:
        """Queue a failed, cancelled or interrupted job again, from its checkpoint."""
        self.queue.release_lost()
        self.queue.resume(job_id)
        self.tend()

    def tend(self) -> None:
        """Make sure a process looks after unfinished work, also after a crash."""
        ensure_supervisor(self)

    def save_answer(
        self,
        *,
        question: str,
        context: str | None,
        intent: str,
        slots: Mapping[str, Any],
        text: str,
        recommendation: Mapping[str, Any] | None,
        evidence: Sequence[Mapping[str, Any]],
    ) -> str | None:
        """Save an answer and return its id; None when the disk refuses."""
        answer_id = f"answer:{uuid.uuid4().hex[:16]}"
        body = {
            "id": answer_id,
            "asked": datetime.now(UTC)
            .replace(tzinfo=None)
            .isoformat(timespec="seconds"),
            "question": question,
            "context": context,
            "intent": intent,
            "slots": dict(slots),
            "text": text,
            "recommendation": recommendation,
            "evidence": list(evidence),
        }
        try:
            self.store.record_answer(body)
        except StoreError:
            return None
        return answer_id


def _several(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else [value]


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
