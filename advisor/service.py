"""Advisor: the one place that joins the store, the statistics and the job queue.

Everything a person can do in the browser, the terminal or Python goes through here. It
loads neither torch nor streamlit: training happens in processes of its own.
"""

import json
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from advisor.answers.answers import Answering
from advisor.checks import check_batch_size, check_device, this_device
from advisor.conversation.acting import Done, approve
from advisor.conversation.answer import Answer
from advisor.conversation.ask import ask
from advisor.conversation.history import saved_answer
from advisor.conversation.proposals import Proposals
from advisor.planning.spec import VerificationSpec
from advisor.running.descriptions import describe_workload
from advisor.running.job_documents import shown_state
from advisor.running.speeds import SpeedReport, measure_speed
from advisor.running.supervision import Tending
from advisor.running.verification import (
    Verification,
    ensure_supervisor,
    start_verification,
)
from advisor.settings import Settings, load_settings
from advisor.track_record.forecasts import build_forecasts
from advisor.track_record.intervals import JobState, StatedInterval
from advisor.track_record.scores import TrackRecord, build_track_record
from experiments.executors.processes import kill_worker
from experiments.jobs.queue import Queue
from experiments.jobs.records import VERIFICATION, Job
from experiments.workloads.registry import WORKLOADS, find_spec
from knowledge import inbox
from knowledge.claims.seeds import load_seed_claims
from knowledge.errors import (
    BadValueError,
    StoreError,
    StudyError,
    WorkloadUnavailableError,
)
from knowledge.importers.csv_runs import parse_runs
from knowledge.inbox import now_text
from knowledge.records import Curve, Run, RunConfig
from knowledge.store.exporting import write_table
from knowledge.store.migrations import SCHEMA_VERSION
from knowledge.store.sql_box import QueryResult, run_query
from knowledge.store.store import Store
from knowledge.store.tables import TABLES
from knowledge.study.reading import find_study
from knowledge.version import PROGRAM, program_version

MOST_NAME_CHARS = 80
_VERSIONED = (PROGRAM, "torch", "duckdb", "streamlit", "scikit-learn", "altair")


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


class Advisor(Answering):
    """Answers from a store, and the verification runs that make them surer.

    >>> with Advisor.open(":memory:") as advisor:
    ...     advisor.recommend(workload="realface", batch_size=5).basis
    'reported'
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        seeded: bool = True,
        with_study: bool = True,
    ):
        super().__init__(store, settings, seeded=seeded, with_study=with_study)
        self.queue = Queue(store.folder)
        self.tending = Tending(store.folder, self.queue)
        self.proposals = Proposals(store.folder)
        self.study_problem: str | None = None

    @classmethod
    def open(
        cls,
        folder: str | Path | None = None,
        *,
        seeded: bool = True,
        study: bool | None = None,
        settings: Settings | None = None,
    ) -> Self:
        """Open a store folder, made and seeded if absent; `":memory:"` is temporary.

        Args:
            folder: The store; None: the one the environment names.
            seeded: Whether the seeds' claims, and with them the study, count.
            study: Whether the study that ships with the program counts; None: unless
                the environment says otherwise. A store that was made without it stays
                without.
            settings: None: those of the environment.

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
        with_study = settings.with_study if study is None else study
        advisor = cls(store, settings, seeded=seeded, with_study=with_study)
        if seeded:
            advisor._bring_in_study(wanted=with_study)
        return advisor

    def _bring_in_study(self, *, wanted: bool) -> None:
        """Give the store the study's runs, once; one that is damaged is left out."""
        if not wanted:
            if self.store.is_new:
                self.store.record_study(None)
            return
        try:
            study = find_study()
            if study and (self.store.is_new or self.store.lacks_study(study)):
                self.store.record_study(study)
        except StudyError as error:
            self.study_problem = str(error)

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

    # -- evidence and questions ---------------------------------------------------

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
        if self.study_problem and self.study_problem not in problems:
            problems.append(self.study_problem)
        if waiting:
            problems.append(
                f"{waiting} records wait to be ingested: is another program holding "
                f"{self.store.folder / 'store.duckdb'} open? Nothing is lost."
            )
        if trouble := self.tending.trouble():
            problems.append(trouble)
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
            "calibration": self.track_record().to_dict(),
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
        self,
        question: str,
        context: str | None = None,
        *,
        conversation: str | None = None,
        exclude: Sequence[str] = (),
        save: bool = True,
    ) -> Answer:
        """Return the answer to a question in words; never starts a job.

        Args:
            question: As typed.
            context: The previous turn, whose slots a follow-up inherits.
            conversation: The id of the conversation it stands in, if any.
            exclude: Ids of runs and claims to leave out.
            save: Whether to keep the answer.
        """
        return ask(
            self,
            question,
            context=context,
            conversation=conversation,
            exclude=exclude,
            save=save,
        )

    def approve(self, plan_id: str) -> Done:
        """Carry out what was proposed under a plan's id; it works once.

        Raises:
            PlanError: The id is unknown or was used.
            AdvisorError: It cannot be done; the proposal waits on.
        """
        return approve(self, plan_id)

    def runs_by_id(self, ids: Sequence[str]) -> list[Run]:
        """Return the runs with these ids, ordered by workload, batch size and rate."""
        return self.store.runs_by_id(ids)

    def run(self, run_id: str) -> Run:
        """Return one run, or raise RunNotFoundError."""
        return self.store.run(run_id)

    def curve(self, run_id: str) -> Curve:
        """Return the raw curve of one run."""
        return self.store.curve(run_id)

    def measure_speed(
        self,
        workload: str,
        *,
        batch_sizes: Sequence[object] = (),
        recipe: str | None = None,
        device: str | None = None,
        budget_seconds: float | None = None,
    ) -> SpeedReport:
        """Time training steps at several batch sizes on this machine, and save it.

        Takes less than a minute for a proxy. None of the batch sizes named: 1 to 32
        for the face models, 4 to 512 for the digits.

        Raises:
            WorkloadUnavailableError: The workload cannot be trained here.
            RunError: Runs are under way, which would share the cores.
            BadValueError: A number cannot be right.
        """
        return measure_speed(
            self,
            self.resolve_workload(workload),
            batch_sizes=[check_batch_size(b) for b in batch_sizes],
            recipe=recipe,
            device=check_device(device),
            budget_seconds=budget_seconds,
        )

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
        examples: float | None = None,
        data: str | None = None,
        precision: str = "fp32",
        verification_id: str | None = None,
        answer_id: str | None = None,
    ) -> Verification:
        """Start verification runs in processes of their own and return at once.

        Without rates each run is chosen to tell most; with them exactly those are run.
        The budget is wall clock in seconds, a number of runs, or a number of examples
        to train on (of both sides); 120 s when none is said. Within seconds or examples
        a run may be stopped early, while it is fine, and carried further where that
        tells more than a new one. Under `bf16` runs are faster where the processor has
        it, and count for answers about bf16 alone. `answer_id` is the saved answer it
        is started from: opened again, that answer shows these runs.

        Raises:
            WorkloadUnavailableError: The workload cannot be trained here.
            BadValueError: A number cannot be right.
        """
        scope, _ = self._evidence(
            workload,
            optimizer=optimizer,
            recipe=recipe,
            device=device,
            precision=precision,
        )
        return start_verification(
            self,
            scope,
            batch_sizes=_several(batch_size),
            learning_rates=_several(learning_rate),
            steps=steps,
            seeds=seeds,
            budget_seconds=budget_seconds,
            runs=runs,
            examples=examples,
            data=data,
            verification_id=verification_id,
            answer_id=answer_id,
        )

    def record_forecasts(
        self,
        spec: VerificationSpec,
        configs: Mapping[str, RunConfig],
        *,
        verification_id: str,
    ) -> None:
        """Save what is expected of runs, by job id; call it before they are queued.

        Raises:
            StoreError: The disk refuses.
        """
        scope, evidence = self._evidence_of(spec)
        model = self._fitter.model(scope, evidence)
        forecasts = build_forecasts(
            configs,
            evidence=evidence,
            model=model,
            made=now_text(),
            verification_id=verification_id,
            code_version=program_version(),
        )
        self.store.record_forecasts(forecasts)

    def track_record(self) -> TrackRecord:
        """Return how well forecasts and intervals held, with what is still open."""
        rows = self.store.rows(
            "select id, state, started, believed_low is not null from jobs"
        )
        jobs = {
            job_id: JobState(state, started and started.isoformat(), is_planned)
            for job_id, state, started, is_planned in rows
        }
        ids = self.store.rows(
            "select id from runs where job_id is not null and outcome is not null"
        )
        answers = self.store.rows(
            "select id, asked, recommendation from answers "
            "where (recommendation->>'$.max_stable.low') is not null order by asked, id"
        )
        stated = [
            StatedInterval.of_answer(answer_id, asked.isoformat(), json.loads(text))
            for answer_id, asked, text in answers
        ]
        return build_track_record(
            self.store.forecasts(),
            [interval for interval in stated if interval is not None],
            runs=self.store.runs_by_id([run_id for (run_id,) in ids]),
            jobs=jobs,
        )

    def jobs(self) -> list[Job]:
        """Return every job of the queue, oldest first."""
        return self.queue.jobs()

    def cancel(self, job_or_verification_id: str) -> None:
        """Stop one job, or a whole verification; what is finished stays."""
        if job_or_verification_id.startswith(VERIFICATION):
            self.queue.cancel_verification(job_or_verification_id)
        else:
            self.queue.cancel(job_or_verification_id)
        for job in self.queue.jobs(unfinished=True):
            if job.cancel is not None and job.progress == 0:
                kill_worker(job.pid)  # still loading: there is no step to keep
        self.queue.release_lost()
        self.tend()

    def resume(self, job_id: str) -> None:
        """Queue a failed, cancelled or interrupted job again, from its checkpoint."""
        self.queue.release_lost()
        self.queue.resume(job_id)
        self.tend()

    def tend(self) -> None:
        """Make sure a process looks after unfinished work, also after a crash."""
        ensure_supervisor(self)

    def look_after(self) -> None:
        """See that somebody still tends unfinished work; what nobody can fails.

        Whoever waits for runs calls it again and again.
        """
        self.tending.look()

    def hand_over(self) -> None:
        """Wait until a process has begun with unfinished work, before leaving it."""
        self.tending.hand_over()

    def save_answer(
        self, answer: Answer, context: str | None, conversation: str | None
    ) -> str | None:
        """Save an answer and return its id; None when the disk refuses."""
        document = answer.to_dict()
        answer_id = f"answer:{uuid.uuid4().hex[:16]}"
        kept = "question intent slots text recommendation evidence".split()
        body = {
            **{name: document[name] for name in kept},
            "id": answer_id,
            "asked": now_text(),
            "context": context,
            "conversation": conversation,
        }
        try:
            self.store.record_answer(body)
        except StoreError:
            return None
        return answer_id

    def rate_answer(self, answer_id: str, thumb: str | None) -> None:
        """Save a thumb (`up` or `down`) with an answer, or take it back with None.

        Raises:
            BadValueError: It is no thumb.
            HistoryError: No such answer is stored.
        """
        if thumb not in ("up", "down", None):
            raise BadValueError("thumb", thumb, expected="give up or down.")
        saved_answer(self.store, answer_id)
        self.store.record_feedback(answer_id, thumb)

    def name_conversation(self, conversation_id: str, name: str) -> None:
        """Give a conversation a name under which it is found again."""
        name = " ".join(name.split())[:MOST_NAME_CHARS]
        if not name:
            raise BadValueError("name", "empty", expected="give a few words.")
        self.store.record_conversation(conversation_id, name)


def _several(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else [value]


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
