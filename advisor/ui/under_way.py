"""What is under way, in a bar on every page: its share, its time left, and Cancel."""

import time
from dataclasses import dataclass

import streamlit as st

from advisor.running.job_documents import shown_state
from advisor.service import Advisor
from advisor.ui import resources
from advisor.ui.text import escaped
from advisor.words import count_text, duration_text, title_of
from experiments.jobs.records import SPEED
from knowledge.errors import AdvisorError

REFRESH_SECONDS = 2.0
# A share too small to tell the time left from.
LEAST_SHARE = 0.03
RUNS_PAGE = "advisor/ui/pages/runs.py"


@dataclass(frozen=True)
class UnderWay:
    """A verification, or a run of its own, that is not over; `share` is 0..1."""

    id: str
    title: str
    share: float
    seconds_left: float | None
    is_cancelled: bool

    @property
    def line(self) -> str:
        """How far it is, in a few words."""
        if self.is_cancelled:
            return f"{self.title}: cancelling ..."
        left = self.seconds_left
        time_left = "starting" if left is None else f"{duration_text(left)} left"
        return f"{self.title}: {100 * self.share:.0f} %, {time_left}"


def seconds_left(share: float, elapsed: float) -> float | None:
    """Return how long what got so far in some time still takes, if that can be told.

    >>> seconds_left(0.25, 10.0), seconds_left(0.01, 1.0)
    (30.0, None)
    """
    return elapsed * (1 - share) / share if share >= LEAST_SHARE else None


def find_under_way(advisor: Advisor, *, now: float) -> list[UnderWay]:
    """Return what is not over, oldest first; runs whose process is gone do not count.

    Raises:
        AdvisorError: The queue cannot be read.
    """
    queue = advisor.queue
    found = []
    for opened in queue.verifications(unfinished=True):
        verification = advisor.verifications.get(opened.id)
        spec, share = verification.spec, verification.progress
        batches = ", ".join(map(str, spec.batch_sizes))
        title = f"{title_of(spec.workload)} at batch {batches}"
        left = seconds_left(share, now - opened.created)
        is_cancelled = opened.cancel is not None
        found.append(UnderWay(opened.id, title, share, left, is_cancelled))
    shown = {one.id for one in found}
    for job in queue.jobs(unfinished=True):
        if job.verification_id in shown or shown_state(job) == "interrupted":
            continue
        model = title_of(job.config.workload)
        title = f"{model} at batch {job.config.batch_size}"
        if job.kind == SPEED:
            title = f"The speed of {model}"
        elapsed = now - (job.started or now)
        left = seconds_left(job.progress, elapsed)
        is_cancelled = job.cancel is not None
        found.append(UnderWay(job.id, title, job.progress, left, is_cancelled))
    return found


def render_under_way(title: str) -> None:
    """Draw the bar while there is something to show; `title` is the page's."""
    try:
        found = find_under_way(resources.advisor(), now=time.time())
    except AdvisorError:
        return  # the page itself says what is wrong
    if found:
        st.fragment(_render_bar, run_every=REFRESH_SECONDS)(title)


def _render_bar(title: str) -> None:
    advisor = resources.advisor()
    with resources.errors_shown():
        found = find_under_way(advisor, now=time.time())
        if not found:
            st.rerun()  # what is over changes the page, and the bar is not drawn again
        st.set_page_config(page_title=window_title(title, found))
        with st.container(key="under_way"):
            _render_one(advisor, found[0])
            if len(found) > 1:
                st.page_link(
                    RUNS_PAGE,
                    label=f"and {count_text(len(found) - 1, 'other')} on the Runs page",
                )


def _render_one(advisor: Advisor, one: UnderWay) -> None:
    row = st.container(horizontal=True, vertical_alignment="center")
    row.progress(min(one.share, 1.0), text=escaped(one.line))
    if row.button(
        "Cancelling" if one.is_cancelled else "Cancel",
        key=f"under_way_{one.id}",
        disabled=one.is_cancelled,
        help="Stops these runs. What is finished stays.",
    ):
        advisor.cancel(one.id)
        st.rerun()


def window_title(title: str, found: list[UnderWay]) -> str:
    """Return the browser's title: how far things are stands in front.

    >>> window_title("Ask", [])
    'Ask · LR Advisor'
    >>> window_title("Ask", [UnderWay("", "", 0.45, 9.0, False)])
    '45 % · Ask · LR Advisor'
    """
    share = f"{100 * found[0].share:.0f} % · " if found else ""
    return f"{share}{title} · LR Advisor"
