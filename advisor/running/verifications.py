"""Verifications: started, found again, stopped and gone on with."""

from dataclasses import asdict, dataclass

from advisor.answers.answers import Answers
from advisor.planning.plan import VerificationPlan
from advisor.planning.planner import Planner
from advisor.running.supervision import Supervision
from advisor.running.tending import Tending
from advisor.running.verification import Verification, stop
from experiments.executors.executor import Executor
from experiments.jobs.queue import Queue
from experiments.jobs.records import Job
from experiments.training.devices import check_device_here
from knowledge.errors import WorkloadUnavailableError
from knowledge.store.store import Store


@dataclass(frozen=True)
class Verifications:
    """The verifications of one store, and the jobs they queued."""

    store: Store
    queue: Queue
    planner: Planner
    answers: Answers
    supervision: Supervision
    executor: Executor

    def start(
        self,
        plan: VerificationPlan,
        *,
        verification_id: str | None = None,
        answer_id: str | None = None,
    ) -> Verification:
        """Store what is to be carried out, queue its first runs and return at once.

        Args:
            plan: What was shown: its runs are the first to be made.
            verification_id: Under which it is opened, once; None: a new one.
            answer_id: The saved answer it is started from, which then shows these runs.

        Raises:
            WorkloadUnavailableError: The plan has nothing that can be run here.
            BadValueError: The device is not here.
        """
        spec = plan.spec
        if spec is None:
            raise WorkloadUnavailableError(plan.reason)
        check_device_here(spec.device)
        before = self.answers.recommend(spec.workload, spec.batch_sizes[0], spec.asked)
        opened = self.queue.submit_verification(
            {
                "spec": spec.to_dict(),
                "before": before.to_dict(),
                "answer_id": answer_id,
                "first_runs": [asdict(run) for run in plan.runs],
            },
            verification_id=verification_id,
        )
        if not self.queue.jobs(verification_id=opened):
            Tending(self.store, self.queue, self.planner).advance(opened)
        self.tend()
        return self.get(opened)

    def get(self, verification_id: str) -> Verification:
        """Return one of them by its id; it is looked up when it is asked something."""
        return Verification(
            verification_id,
            store=self.store,
            answers=self.answers,
            queue=self.queue,
            supervision=self.supervision,
            executor=self.executor,
        )

    def of_answer(self, answer_id: str | None) -> Verification | None:
        """Return the newest that was started from an answer, if any was."""
        if answer_id is None:
            return None
        for opened in reversed(self.queue.verifications()):
            if opened.spec.get("answer_id") == answer_id:
                return self.get(opened.id)
        return None

    def jobs(self) -> list[Job]:
        """Return every job of the queue, oldest first."""
        return self.queue.jobs()

    def cancel(self, job_or_verification_id: str) -> None:
        """Stop one job, or a whole verification; what is finished stays."""
        stop(job_or_verification_id, self.queue, self.executor)
        self.tend()

    def resume(self, job_id: str) -> None:
        """Queue a failed, cancelled or interrupted job again, from its checkpoint."""
        self.queue.release_lost()
        self.queue.resume(job_id)
        self.tend()

    def tend(self) -> None:
        """Make sure a process looks after unfinished work, also after a crash."""
        self.supervision.start()

    def look_after(self) -> None:
        """See that somebody still tends unfinished work; what nobody can fails.

        Whoever waits for runs calls it again and again.
        """
        self.supervision.look()

    def hand_over(self) -> None:
        """Wait until a process has begun with unfinished work, before leaving it."""
        self.supervision.hand_over()
