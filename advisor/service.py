"""Advisor: makes the parts of the program and hands each call to the one it belongs to.

The browser, the terminal, agents and Python go through here. It loads neither torch nor
streamlit.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, Unpack

from advisor.answers.answers import Answers
from advisor.answers.comparison import Comparison
from advisor.answers.fastest_batch import FastestBatch
from advisor.answers.largest_batch import LargestBatch
from advisor.answers.recommendation import Judgement, Recommendation
from advisor.conversation.acting import Done, approve
from advisor.conversation.answer import Answer
from advisor.conversation.ask import ask
from advisor.conversation.history import name_conversation, rate_answer, save_answer
from advisor.conversation.parts import Parts
from advisor.conversation.proposals import Proposals
from advisor.conversation.telling import Told, ToldValues, tell, untell
from advisor.doctor import examine
from advisor.evidence.library import Library
from advisor.evidence.scope import Asked, AskedValues
from advisor.planning.plan import VerificationPlan
from advisor.planning.planner import open_planner
from advisor.planning.request import RequestValues, VerificationRequest
from advisor.reading.question import Question
from advisor.running.descriptions import describe_workload
from advisor.running.speeds import SpeedReport, SpeedValues, measure_speed
from advisor.running.supervision import Supervision
from advisor.running.verification import Verification
from advisor.running.verifications import Verifications
from advisor.scaling.records import ScalingReport
from advisor.scaling.referee import Referee
from advisor.settings import Settings, load_settings
from advisor.statistics.fitting import Fitter
from advisor.track_record.reading import read_track_record
from advisor.track_record.scores import TrackRecord
from experiments.executors.executor import open_executor
from experiments.jobs.queue import Queue
from experiments.jobs.records import Job
from experiments.workloads.registry import BUILT_IN
from knowledge.claims.seeds import load_seed_claims
from knowledge.errors import StudyError
from knowledge.importers.choosing import parse_runs
from knowledge.importers.importer import AUTO, FileOptions
from knowledge.published.reading import find_published
from knowledge.records import PUBLISHED, STUDY
from knowledge.store.exporting import export_table
from knowledge.store.importing import ImportReport, keep_runs
from knowledge.store.sql_box import QueryResult, query_store
from knowledge.store.store import Store
from knowledge.study.reading import ShippedRuns, find_study


class Advisor:
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
        fitter: Fitter | None = None,
    ):
        self.store, self.settings = store, settings
        self.queue = Queue(store.folder)
        self.proposals = Proposals(store.folder)
        self.study_problem: str | None = None
        self.library = Library(store, seeded=seeded, ships=settings.ships)
        self.planner = open_planner(
            store, self.queue, settings, library=self.library, fitter=fitter
        )
        self.answers = Answers(self.library, self.planner.fitter, self.planner)
        self.referee = Referee(self.library, self.planner.fitter, self.planner)
        self.supervision = Supervision(store.folder, self.queue)
        self.verifications = Verifications(
            store,
            self.queue,
            self.planner,
            self.answers,
            self.supervision,
            open_executor(settings.executor, self.queue, n_workers=settings.n_workers),
        )
        self.parts = Parts(
            store=store,
            library=self.library,
            planner=self.planner,
            answers=self.answers,
            referee=self.referee,
            verifications=self.verifications,
            proposals=self.proposals,
        )

    @classmethod
    def open(
        cls,
        folder: str | Path | None = None,
        *,
        seeded: bool = True,
        study: bool | None = None,
        library: bool | None = None,
        settings: Settings | None = None,
        fitter: Fitter | None = None,
    ) -> Self:
        """Open a store folder, made and seeded if absent; `":memory:"` is temporary.

        Args:
            folder: The store; None: the one the environment names.
            seeded: Whether the claims, and with them the study, count.
            study: Whether the shipped study counts; None: as the environment says. A
                store that was made without it stays without.
            library: The same of others' published grids.
            settings: None: those of the environment.
            fitter: Fits shared with other stores of this process; None: its own.

        Raises:
            StoreError: The folder is no store, of a newer program, or not writable.
        """
        settings = settings or load_settings()
        store = Store(settings.store_folder if folder is None else folder)
        if store.is_new:
            _plant(store, seeded=seeded)
        settings = settings.shipping(study=study, library=library)
        advisor = cls(store, settings, seeded=seeded, fitter=fitter)
        if seeded:
            advisor.study_problem = _bring_in_shipped(store, settings.ships)
        return advisor

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the files."""
        self.queue.close()
        self.store.close()

    def recommend(
        self, workload: str, batch_size: int, **asked: Unpack[AskedValues]
    ) -> Recommendation:
        """Return the rate for a batch size, with its interval, evidence and caveats.

        Args:
            workload: A known name, in any case.
            batch_size: Examples per step (per side for the face models), at least 1.
            **asked: What it is to hold for: `AskedValues`.

        Raises:
            UnknownWorkloadError: Nobody knows the workload.
            BadValueError: A number cannot be right.
        """
        return self.answers.recommend(workload, batch_size, Asked.of(**asked))

    def judge(
        self,
        workload: str,
        batch_size: int,
        learning_rate: float,
        **asked: Unpack[AskedValues],
    ) -> Judgement:
        """Return P(stable) and the verdict; keywords as in `recommend`."""
        what = Asked.of(**asked)
        return self.answers.judge(workload, batch_size, learning_rate, what)

    def largest_batch(
        self, workload: str, learning_rate: float, **asked: Unpack[AskedValues]
    ) -> LargestBatch:
        """Return the largest batch size a rate is safe at; as `recommend`."""
        return self.answers.largest_batch(workload, learning_rate, Asked.of(**asked))

    def compare(
        self, workloads: Sequence[str], batch_size: int, **asked: Unpack[AskedValues]
    ) -> Comparison:
        """Return which workload tolerates more, how surely; as `recommend`."""
        return self.answers.compare(workloads, batch_size, Asked.of(**asked))

    def fastest_batch(
        self, workload: str, **asked: Unpack[AskedValues]
    ) -> FastestBatch:
        """Return the fastest batch size here with a known rate; as `recommend`."""
        return self.answers.fastest_batch(workload, Asked.of(**asked))

    def scaling(
        self, workload: str | None = None, *, optimizer: str | None = None
    ) -> ScalingReport:
        """Return what the evidence says of each claimed scaling rule: `Referee`."""
        return self.referee.report(workload, Asked.of(optimizer=optimizer))

    def plan_runs(
        self, workload: str, batch_size: object, **values: Unpack[RequestValues]
    ) -> VerificationPlan:
        """Return the runs a verification would make, with their cost; starts nothing.

        Keyword arguments as in `verify`. Without rates, narrow copies stand for full
        size on a CPU.
        """
        request = VerificationRequest.of(workload, batch_size, **values)
        return self.planner.requested(request)

    def ask(
        self,
        question: str,
        context: Question | str | None = None,
        *,
        conversation: str | None = None,
        exclude: Sequence[str] = (),
        save: bool = True,
    ) -> Answer:
        """Return the answer to a question in words; never starts a job.

        Args:
            question: As typed.
            context: The turn before: an answer's `leads_on`, or its text.
            conversation: The id of the conversation it is part of, if any.
            exclude: Ids of runs and claims to leave out.
            save: Whether to keep the answer.
        """
        answer = ask(self.parts, question, before=context, exclude=exclude)
        if not save:
            return answer
        if self.settings.language_model is not None:
            # Mostly none is switched on, and its checks take a while to load.
            from advisor.phrasing.phrasing import put_in_words

            answer = put_in_words(answer, self.settings.language_model)
        answer_id = save_answer(self.store, answer, context, conversation)
        return replace(answer, answer_id=answer_id)

    def approve(self, plan_id: str) -> Done:
        """Carry out what was proposed, once; PlanError if there is no such plan."""
        return approve(self.parts, plan_id)

    def rate_answer(self, answer_id: str, thumb: str | None) -> None:
        """Save a thumb (`up` or `down`) with an answer, or take it back with None."""
        rate_answer(self.store, answer_id, thumb)

    def name_conversation(self, conversation_id: str, name: str) -> None:
        """Give a conversation a name under which it is found again."""
        name_conversation(self.store, conversation_id, name)

    def import_runs(
        self,
        path: str | Path,
        *,
        file_format: str = AUTO,
        dry_run: bool = False,
        **asked: Any,
    ) -> ImportReport:
        """Read runs of a file or folder; `asked`: what it does not say, FileOptions."""
        file = Path(path).expanduser()
        parsed = parse_runs(file, file_format, FileOptions(**asked))
        return keep_runs(self.store, parsed, dry_run=dry_run)

    def sql(self, query: str, *, max_rows: int = 1000) -> QueryResult:
        """Run one SELECT of a person's own, read-only and within limits."""
        return query_store(self.store, query, max_rows=max_rows)

    def export(self, path: str | Path, *, table: str = "runs") -> int:
        """Write a table to .csv, .parquet or .json by its ending; return its rows.

        Raises:
            BadValueError: No such table or ending.
            StoreError: The file cannot be written.
        """
        return export_table(self.store, Path(path), table=table)

    def workloads(self) -> list[dict[str, Any]]:
        """Return every known workload with how much is known of it."""
        return self.library.workloads()

    def doctor(self) -> dict[str, Any]:
        """Check the store against its records; say versions, device and what lacks."""
        parts = self.store, self.supervision, self.settings
        return examine(*parts, study_problem=self.study_problem)

    def describe(self, workload: str, options: Mapping[str, str]) -> dict[str, Any]:
        """Return shapes, options and exact parameter counts of a workload."""
        return describe_workload(self.library.resolve_workload(workload), options)

    def tell(self, workload: str, **told: Unpack[ToldValues]) -> Told:
        """Keep what a person saw of one run; BadValueError if it cannot be right."""
        return tell(self.parts, workload, told)

    def take_back(self, told_id: str) -> Told:
        """Take back what was told; PlanError if nothing was by this id."""
        return untell(self.parts, told_id)

    def track_record(self) -> TrackRecord:
        """Return how well forecasts and intervals held, with what is still open."""
        return read_track_record(self.store)

    def measure_speed(
        self, workload: str, **values: Unpack[SpeedValues]
    ) -> SpeedReport:
        """Time training steps at several batch sizes on this machine, and save it.

        Takes less than a minute for a proxy. Keyword arguments are `SpeedValues`.
        """
        name, n = self.library.resolve_workload(workload), self.settings.n_workers
        return measure_speed(self.store, self.queue, name, n_workers=n, **values)

    def verify(
        self,
        workload: str,
        batch_size: object,
        *,
        verification_id: str | None = None,
        answer_id: str | None = None,
        **values: Unpack[RequestValues],
    ) -> Verification:
        """Start verification runs in processes of their own and return at once.

        Without rates each run is the most informative; with them those are run.
        Keyword arguments are those of `VerificationRequest`; `answer_id` is the saved
        answer it is started from: opened again, that answer shows these runs.

        Raises:
            WorkloadUnavailableError: The workload cannot be trained here.
            BadValueError: A number cannot be right.
        """
        request = VerificationRequest.of(workload, batch_size, **values)
        return self.verifications.start(
            self.planner.exactly(request),
            verification_id=verification_id,
            answer_id=answer_id,
        )

    def jobs(self) -> list[Job]:
        """Return every job of the queue, oldest first."""
        return self.verifications.jobs()

    def cancel(self, job_or_verification_id: str) -> None:
        """Stop one job, or a whole verification; what is finished stays."""
        self.verifications.cancel(job_or_verification_id)

    def resume(self, job_id: str) -> None:
        """Queue a failed, cancelled or interrupted job again, from its checkpoint."""
        self.verifications.resume(job_id)

    def tend(self) -> None:
        """Make sure a process looks after unfinished work, also after a crash."""
        self.verifications.tend()


def _plant(store: Store, *, seeded: bool) -> None:
    """Give a new store the built-in workloads and, if wanted, the seeds' claims."""
    store.record_workloads(
        [
            {"name": spec.name, "title": spec.title, "origin": "built-in"}
            for spec in BUILT_IN
        ]
    )
    if seeded:
        store.record_claims(load_seed_claims())


def _bring_in_shipped(store: Store, wanted: Collection[str]) -> str | None:
    """Give a store the shipped runs, once; say why damaged ones are left out."""
    problems = []
    for kind in (STUDY, PUBLISHED):
        if kind not in wanted:
            if store.is_new:
                store.decline_shipped(kind)
            continue
        try:
            shipped = _find_shipped(kind)
            if shipped and (store.is_new or store.lacks(shipped)):
                store.record_shipped(shipped)
        except StudyError as error:
            problems.append(str(error))
    return " ".join(problems) or None


def _find_shipped(kind: str) -> ShippedRuns | None:
    return find_study() if kind == STUDY else find_published()
