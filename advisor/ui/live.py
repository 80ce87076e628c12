"""Tests while they go on, and what came of them.

Progress is a fragment that reads the queue every two seconds. With each run that is
over the ruler of the answer is drawn anew; with the last one, the answer.
"""

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st
from PIL import Image

from advisor.charts.curves import LiveCurve, build_live_chart, describe_live_chart
from advisor.evidence.trajectories import is_too_short
from advisor.rates import rate_text
from advisor.running.job_documents import shown_state
from advisor.running.verification import Verification
from advisor.service import Advisor
from advisor.ui.resources import errors_shown
from advisor.ui.text import escaped
from advisor.ui.turns import Turn, measured_turn, updated_turn
from advisor.words import count_text, duration_text, joined, title_of
from experiments.jobs.records import SPEED, Job
from experiments.training.run_folder import RunFolder
from knowledge.errors import AdvisorError
from knowledge.names import WorkloadName
from knowledge.records import Outcome, Run

REFRESH_SECONDS = 2.0
MOST_PICTURES = 6
# How a sheet of faces is laid out, and how much of it is shown of a run under way.
FACES_IN_A_ROW, SHEET_HEADING, ROWS_SHOWN = 6, 24, 2
FAR = 3.0  # times: from there on rates of a copy look wrong beside those of the model
STOPPED_EARLY = (
    "A run that was fine so far was stopped there, to spend the time where it tells "
    "more. It can go on from that step."
)


@dataclass(frozen=True)
class LiveRun:
    """A job of a verification with its run, once there is one."""

    job: Job
    run: Run | None

    @property
    def label(self) -> str:
        """Its rate and its batch size."""
        config = self.job.config
        return f"{rate_text(config.learning_rate)} at batch {config.batch_size}"

    @property
    def ended(self) -> str:
        """`held`, `failed`, `stopped early`, `running`, or the state of its job."""
        outcome = self.run.outcome if self.run else None
        if outcome is None:
            return shown_state(self.job)
        if outcome is Outcome.INCOMPLETE:
            return "stopped early"
        return "failed" if outcome.is_unstable else "held"


def render_live(advisor: Advisor, turns: list[Any], index: int) -> None:
    """Draw the tests of a turn and keep them fresh."""
    fragment = st.fragment(render_progress, run_every=REFRESH_SECONDS)
    fragment(advisor, turns, index)


def render_progress(advisor: Advisor, turns: list[Any], index: int) -> None:
    """Draw a verification under way; once it is over, answer the turn again."""
    turn: Turn = turns[index]
    if turn.verification_id is None:
        return
    with errors_shown():
        advisor.verifications.look_after()
        verification = advisor.verifications.get(turn.verification_id)
        if verification.state != "running":
            turns[index] = updated_turn(advisor, turn)
            st.rerun()
        n_over = sum(job.run_id is not None for job in verification.jobs())
        if n_over != turn.n_over:
            turns[index] = measured_turn(advisor, turn, n_over)
            st.rerun()
        with st.container(border=True, key=f"ask_progress_{index}"):
            render_verification(advisor, verification, key=f"ask_{index}")
            st.caption(escaped(copy_note(turn, verification)))


def render_verification(
    advisor: Advisor, verification: Verification, *, key: str
) -> None:
    """Draw the progress of a verification, its curves, its faces, and Cancel."""
    spec, tests = verification.spec, live_runs(advisor, verification)
    opened = advisor.queue.verification(verification.id)
    title, button = st.columns([3, 1], vertical_alignment="center")
    batches = ", ".join(map(str, spec.batch_sizes))
    title.markdown(escaped(f"Running {title_of(spec.workload)} at batch {batches}"))
    is_cancelled = opened.cancel is not None
    button.button(
        "Cancelling ..." if is_cancelled else "Cancel",
        key=f"{key}_cancel",
        disabled=is_cancelled,
        on_click=_cancel,
        args=(advisor, verification.id),
    )
    st.progress(
        verification.progress,
        text=progress_text(verification, tests, elapsed=time.time() - opened.created),
    )
    for test in tests:
        if not test.job.is_over:
            st.progress(min(test.job.progress, 1.0), text=escaped(job_line(test.job)))
    render_curves(advisor, tests, key=key)
    render_pictures(advisor, tests)


def _cancel(advisor: Advisor, verification_id: str) -> None:
    with errors_shown():
        advisor.cancel(verification_id)


def live_runs(advisor: Advisor, verification: Verification) -> list[LiveRun]:
    """Return the jobs of a verification with their runs, oldest first."""
    jobs = verification.jobs()
    ids = [job.run_id for job in jobs if job.run_id]
    runs = {run.id: run for run in advisor.library.runs_by_id(ids)} if ids else {}
    return [LiveRun(job, runs.get(job.run_id or "")) for job in jobs]


def progress_text(
    verification: Verification, tests: Sequence[LiveRun], *, elapsed: float
) -> str:
    """Return how much time is left, and which run of how many goes on."""
    spec = verification.spec
    over = sum(test.job.is_over for test in tests)
    active = [test.job for test in tests if not test.job.is_over]
    if active and not over and all(job.progress == 0 for job in active):
        return "Starting PyTorch: it takes a few seconds."
    to_go = sum((job.estimated_seconds or 0) * (1 - job.progress) for job in active)
    at_once = max(spec.n_workers, len(active), 1)
    seconds, about = to_go / at_once, ""
    total = len(tests)
    if spec.budget_seconds:
        seconds, about = max(spec.budget_seconds - elapsed, 0.0), "about "
        total = max(total, over + _runs_in(seconds, at_once, tests))
    first, last = over + 1, over + len(active)
    which = f"run {first}" if last <= first else f"runs {first} to {last}"
    pace = f", {len(active)} at a time" if len(active) > 1 else ""
    left = f"{duration_text(seconds)} left" if seconds >= 1 else "Nearly done"
    return f"{left}, {which} of {about}{max(total, last)}{pace}"


def _runs_in(seconds: float, at_once: int, tests: Sequence[LiveRun]) -> int:
    """How many runs a time holds, each as long as those before."""
    took = [t.job.estimated_seconds for t in tests if t.job.estimated_seconds]
    if not took:
        return 0
    return math.floor(seconds * at_once * len(took) / sum(took))


def copy_note(turn: Turn, verification: Verification) -> str:
    """Return why the rates are far from the answer's; empty where they are near."""
    r, copy = turn.single, verification.before
    limit = copy.get("max_stable") if isinstance(copy, dict) else None
    is_copy = WorkloadName.parse(verification.spec.workload).is_proxy
    if r is None or r.max_stable is None or not limit or not is_copy:
        return ""
    times = limit["median"] / r.max_stable.median
    if times < FAR or r.workload == verification.spec.workload:
        return ""
    return (
        f"These rates are about {times:.2g} times the answer's: this copy of "
        f"{title_of(r.workload)} has narrower layers and breaks at higher rates. What "
        "carries over is how the limit changes with the batch size."
    )


def job_line(job: Job) -> str:
    """Return a job's state, rate, step and loss in a line."""
    config = job.config
    if job.kind == SPEED:
        return f"measuring its speed: {shown_state(job)}, {100 * job.progress:.0f} %"
    place = f"{rate_text(config.learning_rate)} at batch {config.batch_size}"
    if shown_state(job) == "running" and job.progress == 0:
        return f"{place}: starting PyTorch"
    step = round(job.progress * job.last_step)
    loss = f", loss {job.loss:.4g}" if job.loss is not None else ""
    return f"{place}: {shown_state(job)}, step {step:,} of {job.last_step:,}{loss}"


# -- curves and faces ------------------------------------------------------------------


def render_curves(advisor: Advisor, tests: Sequence[LiveRun], *, key: str) -> None:
    """Draw the loss of every test so far, coloured by how it ended."""
    curves = [
        LiveCurve(test.label, test.ended, curve)
        for test in tests
        if (curve := _curve(advisor, test)).losses
    ]
    if not curves:
        return
    st.altair_chart(
        build_live_chart(curves, steps=max(test.job.config.steps for test in tests)),
        width="stretch",
        key=f"{key}_losses",
        alt=describe_live_chart(curves),
    )


def _curve(advisor: Advisor, test: LiveRun) -> Any:
    if test.run is not None:
        return advisor.store.curve(test.run.id)
    return RunFolder.of_job(advisor.store.folder, test.job.id).load_curve()


def render_pictures(advisor: Advisor, tests: Sequence[LiveRun]) -> None:
    """Draw the newest faces of the newest tests, each with its step."""
    found = [
        (test, *pictures[-1])
        for test in tests
        if (pictures := RunFolder.of_job(advisor.store.folder, test.job.id).previews())
    ]
    if not found:
        return
    cells = st.grid(min_column_width=280, gap="xsmall")
    for test, step, path in found[-MOST_PICTURES:]:
        picture = newest_strip(path)
        if picture is not None:
            cells.image(
                picture,
                caption=f"{test.label}, step {step:,}: {test.ended}",
                width="stretch",
                alt=f"Faces of the run at {test.label}, step {step}",
            )


def newest_strip(path: Path) -> Image.Image | None:
    """Return the heading and the first faces of a preview; None if it is not whole."""
    try:
        with Image.open(path) as sheet:
            cell = sheet.width / FACES_IN_A_ROW
            height = min(sheet.height, round(SHEET_HEADING + ROWS_SHOWN * cell))
            return sheet.crop((0, 0, sheet.width, height)).convert("RGB")
    except OSError:
        return None


# -- what came of it -------------------------------------------------------------------


def render_ended(advisor: Advisor, turn: Turn) -> None:
    """Draw what a verification that is over did."""
    if turn.ended_id is None:
        return
    with errors_shown():
        verification = advisor.verifications.get(turn.ended_id)
        tests = live_runs(advisor, verification)
        used = {i for r in turn.answer.recommendations for i in r.evidence.used}
        counted = any(test.run and test.run.id in used for test in tests)
        if verification.state == "failed":
            st.error(escaped(verification.error or "The runs could not be made."))
        elif verification.state == "cancelled":
            st.warning(escaped(cancelled_text(tests)))
        elif counted:
            st.success("Finished. The answer and its ruler above are updated.")
        if verification.state != "cancelled" and not counted:
            st.warning("No run could be counted, so nothing changed.")
        with st.expander(f"What was run ({ended_counts(tests) or 'nothing'})"):
            render_curves(advisor, tests, key=f"ended_{turn.ended_id}")
            _render_outcomes(tests)
            if any(test.job.stop_after for test in tests):
                st.caption(STOPPED_EARLY)


def ended_counts(tests: Sequence[LiveRun]) -> str:
    """Return how many tests ended how, as `2 held, 1 failed`."""
    counts = Counter(test.ended for test in tests)
    return ", ".join(f"{n} {word}" for word, n in counts.items())


def cancelled_text(tests: Sequence[LiveRun]) -> str:
    """Return what a cancelled verification leaves: the same as what counts."""
    runs = [test.run for test in tests if test.run is not None]
    counted = [run for run in runs if not is_too_short(run)]
    short = [run for run in runs if is_too_short(run)]
    said = [
        f"{run.steps or 0} of {run.horizon_steps or 0:,} steps"
        for run in short[: 1 if len({r.steps for r in short}) == 1 else None]
    ]
    if not counted:
        after = f" after {joined(said)}: too short to count" if said else ""
        return f"Cancelled{after}. Nothing changed."
    text = f"Cancelled. {count_text(len(counted), 'run')} that came far enough count"
    text += "s." if len(counted) == 1 else "."
    return f"{text} Too short to count: {joined(said)}." if said else text


def outcome_words(test: LiveRun) -> str:
    """Return how a test ended, in a few words."""
    run = test.run
    if run is None or run.outcome is None:
        return test.ended
    if run.outcome.is_unstable:
        at = f" at step {run.failed_at_step:,}" if run.failed_at_step else ""
        return f"failed{at} ({run.outcome})"
    if run.outcome is Outcome.INCOMPLETE:
        of = f"{run.steps or 0:,} of {run.horizon_steps or 0:,} steps"
        return f"stopped early, fine for {of}"
    return "held"


def _render_outcomes(tests: Sequence[LiveRun]) -> None:
    if not tests:
        return
    st.table(
        [
            {
                "Learning rate": rate_text(test.job.config.learning_rate),
                "Batch size": str(test.job.config.batch_size),
                "Outcome": outcome_words(test),
                "Steps": f"{test.run.steps:,}" if test.run and test.run.steps else "",
            }
            for test in tests
        ],
        hide_index=True,
    )


def unfinished_verifications(advisor: Advisor) -> list[Verification]:
    """Return the verifications that are still going on, oldest first."""
    try:
        opened = advisor.queue.verifications(unfinished=True)
    except AdvisorError:
        return []
    return [advisor.verifications.get(v.id) for v in opened]
