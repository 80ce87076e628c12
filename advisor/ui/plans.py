"""What can be done after an answer: tell how it went, or run tests.

Nothing starts without the press of Run.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from advisor.checks import check_batch_size
from advisor.planning.plan import USUAL_BUDGET_SECONDS, VerificationPlan
from advisor.planning.request import VerificationRequest
from advisor.planning.spec import PlannedRun
from advisor.rates import rate_text
from advisor.service import Advisor
from advisor.ui.closing import focus_next
from advisor.ui.live import render_ended, render_live
from advisor.ui.resources import errors_shown
from advisor.ui.telling import render_telling
from advisor.ui.text import escaped
from advisor.ui.turns import Turn, rejoined
from advisor.words import count_text, duration_text, title_of
from experiments.workloads.registry import find_spec
from knowledge.errors import AdvisorError, BadValueError
from knowledge.names import WorkloadName

PROXY_WIDTHS = (32, 16, 8, 4)
SHORTEST_BUDGET_SECONDS = 10
LONGEST_OVER = 2.0  # times the budget: a run that was begun is finished


@dataclass(frozen=True)
class EditedPlan:
    """The fields of a plan's card as they stand."""

    workload: str
    batch_sizes: tuple[int, ...]
    budget_seconds: float


def render_acts(advisor: Advisor, turns: list[Any], index: int) -> None:
    """Draw what can be done next: tell how it went, run tests; or how those go on."""
    turn: Turn = turns[index]
    if turn.verification_id is not None:
        render_live(advisor, turns, index)
        return
    if turn.ended_id is not None:
        render_ended(advisor, turn)
    plan = turn.answer.offered_plan
    is_runnable = plan is not None and plan.spec is not None
    if turn.single is None and not is_runnable:
        return
    with st.container(key=f"ask_act_{index}", gap="xsmall"), errors_shown():
        row, below = st.container(horizontal=True), st.container()
        if turn.ruler is not None:
            render_telling(advisor, row, turns, index)
        if plan is not None and is_runnable:
            _render_running(advisor, row, below, turns, index)


def _render_running(
    advisor: Advisor, row: Any, below: Any, turns: list[Any], index: int
) -> None:
    """Draw Run, the fields of the plan, and what it costs."""
    turn: Turn = turns[index]
    plan = turn.answer.offered_plan
    assert plan is not None
    button = row.container(width="content")
    popover = row.popover("What runs", icon=":material/tune:", key=f"ask_edit_{index}")
    edited = _edited_plan(popover, plan, index, advisor.settings.budget_seconds_cap)
    problem = None
    if edited is not None:
        try:
            plan = plan_as_edited(advisor, plan, edited)
            check_fits(advisor, plan)
        except AdvisorError as error:
            problem, edited = error, None
    with popover:
        if problem is not None:
            st.error(escaped(str(problem)))
        elif edited is not None:
            _render_planned(plan)
            st.text(time_text(plan))
    pressed = button.button(
        "Run tests",
        key=f"ask_run_{index}",
        type="secondary" if turn.ruler is not None else "primary",
        icon=":material/play_arrow:",
        disabled=edited is None,
        help="Starts training on this computer. It can be cancelled at any time.",
    )
    below.caption(
        escaped(_run_line(turn, plan))
        if edited is not None
        else "Mend the marked field under \u201cWhat runs\u201d first."
    )
    if pressed and edited is not None:
        turns[index] = start(advisor, turn, plan)
        focus_next(f"ask_progress_{index}")
        st.rerun()


def _run_line(turn: Turn, plan: VerificationPlan) -> str:
    """What the tests are, in a line under the button."""
    count = len(plan.runs) + plan.more_runs
    about = "about " if plan.more_runs else ""
    spec = plan.spec
    what = title_of(spec.workload) if spec else ""
    line = (
        f"{about}{count_text(count, 'test')} of {what}, "
        f"{duration_text(plan.estimated_seconds)} on this computer."
    )
    why = "" if turn.answer.plan is not None else f" Why: {plan.reason}"
    return f"{line[0].upper()}{line[1:]}{why}"


def start(advisor: Advisor, turn: Turn, plan: VerificationPlan) -> Turn:
    """Start what the card says and return the turn with its verification.

    What another window started from the same answer is joined while it goes on.

    Raises:
        AdvisorError: It cannot be started as asked.
    """
    joined = rejoined(advisor, turn)
    if joined.verification_id is not None:
        return joined
    verification = advisor.verifications.start(
        plan, verification_id=turn.plan_id, answer_id=turn.answer.answer_id
    )
    if turn.answer.proposal is not None:
        advisor.proposals.withdraw(turn.answer.proposal.id)
    return replace(turn, verification_id=verification.id, ended_id=None, n_over=0)


def start_as_planned(advisor: Advisor, turn: Turn) -> Turn:
    """Start the plan of a turn as it stands, and return the turn.

    Raises:
        AdvisorError: It cannot be started.
    """
    plan = turn.answer.offered_plan
    if plan is None or plan.spec is None:
        return turn
    return start(advisor, turn, plan)


# -- the card --------------------------------------------------------------------------


def time_text(plan: VerificationPlan) -> str:
    """Return how long a plan takes and what the time is used for."""
    time = duration_text(plan.estimated_seconds)
    if plan.spec is None or not plan.spec.is_adaptive:
        return f"Time: at most about {time} on this computer."
    if not plan.more_runs:
        return f"Time: about {time} on this computer."
    return (
        f"Time: about {time} on this computer. The runs listed come first; about "
        f"{plan.more_runs} more follow, each chosen from the results so far."
    )


def plan_as_edited(
    advisor: Advisor, plan: VerificationPlan, edited: EditedPlan
) -> VerificationPlan:
    """Return the plan, made anew where a field was changed."""
    spec = plan.spec
    if spec is None or edited == fields_of(plan):
        return plan
    request = VerificationRequest(
        edited.workload,
        edited.batch_sizes,
        spec.asked,
        learning_rates=spec.learning_rates,
        steps=None if spec.is_adaptive else spec.steps,
        n_seeds=spec.n_seeds,
        budget_seconds=edited.budget_seconds if spec.is_adaptive else None,
        data=spec.data,
    )
    is_same = edited.workload == spec.workload
    return replace(
        advisor.planner.exactly(request),
        reason=plan.reason,
        purpose=plan.purpose if is_same else None,
    )


def fields_of(plan: VerificationPlan) -> EditedPlan:
    """Return the fields of a plan's card before anybody changes them."""
    spec = plan.spec
    if spec is None:
        raise ValueError("a plan without runs has no fields")
    tens = 10.0 * math.ceil(plan.estimated_seconds / 10)
    budget = spec.budget_seconds or max(USUAL_BUDGET_SECONDS, tens)
    return EditedPlan(spec.workload, spec.batch_sizes, float(int(budget)))


def _render_planned(plan: VerificationPlan) -> None:
    grouped: dict[tuple[int, int], list[PlannedRun]] = {}
    for run in plan.runs:
        grouped.setdefault((run.batch_size, run.last_step), []).append(run)
    st.table(
        [
            {
                "Workload": title_of(group[0].workload),
                "Batch size": str(batch),
                "Learning rates": ", ".join(
                    rate_text(run.learning_rate) for run in group
                ),
                "Steps each": str(steps),
                "Time each": f"{duration_text(group[0].estimated_seconds)} or less",
            }
            for (batch, steps), group in grouped.items()
        ],
        hide_index=True,
    )
    if plan.purpose:
        st.caption(escaped(f"Why these: {plan.purpose}."))


def _edited_plan(
    popover: Any, plan: VerificationPlan, index: int, longest_seconds: float
) -> EditedPlan | None:
    """Draw the plan's fields; return their values, None if one is wrong.

    What is wrong is said under the fields, since the open popover covers the card. The
    time has no bounds in its field: the browser would keep a number out of them, and
    the old time would count.
    """
    before = fields_of(plan)
    with popover:
        options = runnable_workloads(before.workload)
        workload = st.selectbox(
            "Workload to run",
            options,
            index=options.index(before.workload),
            format_func=title_of,
            key=f"ask_workload_{index}",
            help="1/16 means every layer is 16 times narrower than in the full model.",
        )
        text = st.text_input(
            "Batch sizes, separated by commas",
            value=", ".join(map(str, before.batch_sizes)),
            key=f"ask_batches_{index}",
        )
        budget = int(before.budget_seconds)
        # Named rates are run whatever they take.
        if plan.spec is not None and plan.spec.is_adaptive:
            budget = st.number_input(
                "Time budget in seconds",
                value=budget,
                step=10,
                key=f"ask_budget_{index}",
            )
        try:
            check_budget(budget, longest_seconds)
            return EditedPlan(workload, batch_sizes_in(text), float(budget))
        except BadValueError as error:
            st.error(escaped(str(error)))
            return None


def check_budget(seconds: int, longest_seconds: float) -> None:
    """Check the time a plan is given.

    Raises:
        BadValueError: It is too short for a run, or longer than is allowed here.
    """
    if not SHORTEST_BUDGET_SECONDS <= seconds <= longest_seconds:
        raise BadValueError(
            "time budget",
            seconds,
            expected=f"give {SHORTEST_BUDGET_SECONDS} to {longest_seconds:,.0f} "
            "seconds.",
        )


def check_fits(advisor: Advisor, plan: VerificationPlan) -> None:
    """Check that a run at each batch size ends within the time of the plan.

    Raises:
        BadValueError: One alone takes longer.
    """
    spec = plan.spec
    if spec is None or spec.budget_seconds is None:
        return
    seconds = advisor.planner.seconds_of(spec)
    for batch in spec.batch_sizes:
        takes = seconds(batch, spec.steps)
        if takes > LONGEST_OVER * spec.budget_seconds:
            raise BadValueError(
                "batch_size",
                batch,
                expected=f"batch {batch} alone takes {duration_text(takes)}; the "
                f"budget is {duration_text(spec.budget_seconds)}.",
            )


def runnable_workloads(target: str) -> list[str]:
    """Return the workload of a plan and the copies of it that may be run instead.

    >>> runnable_workloads("realface@1/16")
    ['realface@1/32', 'realface@1/16', 'realface@1/8', 'realface@1/4']
    """
    spec = find_spec(target)
    if spec is None or not spec.can_shrink:
        return [target]
    base = WorkloadName.parse(target).base
    proxies = [WorkloadName(base, width).text for width in PROXY_WIDTHS]
    return proxies if target in proxies else [*proxies, target]


def batch_sizes_in(text: str) -> tuple[int, ...]:
    """Return the batch sizes of a comma-separated text, each once.

    >>> batch_sizes_in("5, 2, 5")
    (5, 2)

    Raises:
        BadValueError: One is not a batch size, or there is none.
    """
    parts = [part for part in text.replace(",", " ").split() if part]
    if not parts:
        raise BadValueError("batch_size", "missing", expected="name at least one.")
    return tuple(dict.fromkeys(check_batch_size(part) for part in parts))
