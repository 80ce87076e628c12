"""The verification plan as a card, and its runs while they go on.

Nothing starts without the press of Run, and a plan's id works once. Progress is a
fragment that reads the queue once a second; when the verification is over, the turn's
answer is computed anew in its place.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from advisor.charts.curves import build_loss_chart
from advisor.checks import check_batch_size
from advisor.rates import rate_text
from advisor.running.job_documents import shown_state
from advisor.running.verification import Verification
from advisor.service import Advisor
from advisor.ui.resources import errors_shown
from advisor.ui.text import count_text, escaped
from advisor.ui.turns import Turn, plan_of, rejoined, updated_turn
from advisor.words import duration_text, title_of
from experiments.jobs.records import Job
from experiments.training.run_folder import RunFolder
from experiments.workloads.registry import find_spec
from knowledge.errors import AdvisorError, BadValueError
from knowledge.names import WorkloadName
from knowledge.records import Outcome, Run

PROXY_WIDTHS = (32, 16, 8, 4)
SHORTEST_BUDGET_SECONDS = 10
# Of a plan nobody gave a time: enough for processes to start and runs to follow up.
USUAL_BUDGET_SECONDS = 60
REFRESH_SECONDS = 2.0
STOPPED_EARLY = (
    "A run that was fine so far was stopped there, to spend the time where it tells "
    "more. It can go on from that step."
)


@dataclass(frozen=True)
class Wish:
    """What Run would start, as it stands in the card."""

    workload: str
    batch_sizes: tuple[int, ...]
    budget_seconds: float


def render_plan(advisor: Advisor, turns: list[Any], index: int) -> None:
    """Draw the plan of a turn, or the progress of its verification."""
    turn: Turn = turns[index]
    if turn.verification_id is not None:
        fragment = st.fragment(render_progress, run_every=REFRESH_SECONDS)
        fragment(advisor, turns, index)
        return
    if turn.ended_id is not None:
        _render_ended(advisor, turn.ended_id)
    plan = plan_of(turn.answer)
    if plan is None or not plan["runs"]:
        return
    with st.container(border=True, key=f"ask_plan_{index}"), errors_shown():
        card, row = st.container(), st.container(horizontal=True)
        button = row.container(width="content")
        wish = _edited_wish(row, plan, index, advisor.settings.budget_seconds_cap)
        with card:
            if wish is None:
                st.text("Run waits: a field under Edit cannot be right.")
            else:
                plan = _plan_as_edited(advisor, turn, plan, wish)
                _render_card(turn, plan, wish)
        pressed = button.button(
            "Run",
            key=f"ask_run_{index}",
            type="primary",
            disabled=wish is None,
            help="Starts training on this computer. It can be cancelled at any time.",
        )
        if pressed and wish is not None:
            turns[index] = start(advisor, turn, plan, wish)
            st.rerun()


def start(advisor: Advisor, turn: Turn, plan: dict[str, Any], wish: Wish) -> Turn:
    """Start what the card says and return the turn with its verification.

    What another window started from the same answer is joined while it goes on.

    Raises:
        AdvisorError: It cannot be started as asked.
    """
    joined = rejoined(advisor, turn)
    if joined.verification_id is not None:
        return joined
    r = turn.answer.recommendation
    rates = _named_rates(turn)
    verification = advisor.verify(
        workload=wish.workload,
        batch_size=wish.batch_sizes,
        learning_rate=rates,
        recipe=r.recipe if r else None,
        device=r.device if r else None,
        steps=plan["runs"][0]["steps"],
        seeds=plan["seeds"] if rates else 1,
        budget_seconds=None if rates else wish.budget_seconds,
        verification_id=turn.plan_id,
        answer_id=turn.answer.answer_id,
    )
    if turn.answer.proposal is not None:
        advisor.proposals.withdraw(turn.answer.proposal.id)
    return replace(turn, verification_id=verification.id, ended_id=None)


def start_as_planned(advisor: Advisor, turn: Turn) -> Turn:
    """Start the plan of a turn as it stands, and return the turn.

    Raises:
        AdvisorError: It cannot be started.
    """
    plan = plan_of(turn.answer)
    if plan is None or not plan["runs"]:
        return turn
    batches = sorted({run["batch_size"] for run in plan["runs"]})
    wish = Wish(plan["runs"][0]["workload"], tuple(batches), float(usual_budget(plan)))
    return start(advisor, turn, plan, wish)


def _named_rates(turn: Turn) -> list[float]:
    """Return the rates that are to be run as they were named, if any."""
    plan = turn.answer.plan
    return list(plan["learning_rates"]) if plan is not None else []


# -- the card --------------------------------------------------------------------------


def _render_card(turn: Turn, plan: dict[str, Any], wish: Wish) -> None:
    """Draw which runs, why, and how long they take."""
    st.markdown("**Make it surer: run it here**")
    if turn.answer.plan is None:
        st.text(f"Why: {plan['reason']}")
    _render_planned(plan["runs"], plan.get("purpose"))
    seconds = plan["estimated_seconds"]
    if _named_rates(turn):
        st.text(f"Time: at most about {duration_text(seconds)} on this computer.")
        return
    st.text(time_text(wish.budget_seconds, seconds))


def time_text(budget_seconds: float, seconds: float) -> str:
    """Return how long a plan takes and what the time is used for.

    >>> time_text(60, 10)[:56]
    'Time: about 60 s on this computer. The runs listed come '
    """
    return (
        f"Time: about {duration_text(max(budget_seconds, seconds))} on this computer. "
        f"The runs listed come first and take {duration_text(seconds)} or less; each "
        "further one is chosen from the results so far, until the time is used up."
    )


def _plan_as_edited(
    advisor: Advisor, turn: Turn, plan: dict[str, Any], wish: Wish
) -> dict[str, Any]:
    """Return the plan, made anew where a field was changed."""
    planned = {(run["workload"], run["batch_size"]) for run in plan["runs"]}
    as_planned = planned == {(wish.workload, batch) for batch in wish.batch_sizes}
    if as_planned and wish.budget_seconds == usual_budget(plan):
        return plan
    edited = advisor.plan_runs(
        wish.workload,
        wish.batch_sizes,
        _named_rates(turn),
        seeds=plan.get("seeds", 1),
        budget_seconds=wish.budget_seconds,
    )
    is_same = planned == {(r["workload"], r["batch_size"]) for r in edited["runs"]}
    return {**edited, "purpose": plan.get("purpose") if is_same else None}


def usual_budget(plan: dict[str, Any]) -> int:
    """Return the time a plan is given: what was asked for, or what its runs take.

    >>> usual_budget({"budget_seconds": None, "estimated_seconds": 72.3})
    80
    """
    asked = plan.get("budget_seconds")
    if asked:
        return max(SHORTEST_BUDGET_SECONDS, int(asked))
    tens = 10 * math.ceil(float(plan["estimated_seconds"]) / 10)
    return max(USUAL_BUDGET_SECONDS, tens)


def _render_planned(runs: list[dict[str, Any]], purpose: str | None) -> None:
    grouped: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for run in runs:
        grouped.setdefault((run["workload"], run["batch_size"]), []).append(run)
    st.table(
        [
            {
                "Workload": title_of(workload),
                "Batch size": str(batch),
                "Learning rates": ", ".join(
                    rate_text(run["learning_rate"]) for run in group
                ),
                "Steps each": str(group[0]["steps"]),
                "Time each": f"{duration_text(group[0]['estimated_seconds'])} or less",
            }
            for (workload, batch), group in grouped.items()
        ],
        hide_index=True,
    )
    if purpose:
        st.caption(escaped(f"Why these: {purpose}."))


def _edited_wish(
    row: Any, plan: dict[str, Any], index: int, longest_seconds: float
) -> Wish | None:
    """Draw the plan's fields in a row; return their values, None if one is wrong.

    What is wrong is said under the fields: the open popover covers the card. The
    field of the time has no bounds of its own, for a number out of them would stay in
    the browser and the time before it would count.
    """
    target = plan["runs"][0]["workload"]
    batches = sorted({run["batch_size"] for run in plan["runs"]})
    with row.popover("Edit", key=f"ask_edit_{index}"):
        options = runnable_workloads(target)
        workload = st.selectbox(
            "Workload to run",
            options,
            index=options.index(target),
            format_func=title_of,
            key=f"ask_workload_{index}",
            help="1/16 means every layer is 16 times narrower than in the full model.",
        )
        text = st.text_input(
            "Batch sizes, separated by commas",
            value=", ".join(map(str, batches)),
            key=f"ask_batches_{index}",
        )
        budget = usual_budget(plan)
        if not plan.get("learning_rates"):  # named rates are run whatever they take
            budget = st.number_input(
                "Time budget in seconds",
                value=budget,
                step=10,
                key=f"ask_budget_{index}",
            )
        try:
            check_budget(budget, longest_seconds)
            return Wish(workload, batch_sizes_in(text), float(budget))
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


# -- progress --------------------------------------------------------------------------


def render_progress(advisor: Advisor, turns: list[Any], index: int) -> None:
    """Draw a verification under way; once it is over, answer the turn anew."""
    turn: Turn = turns[index]
    if turn.verification_id is None:
        return
    with errors_shown():
        advisor.look_after()
        verification = Verification(advisor, turn.verification_id)
        if verification.state == "running":
            with st.container(border=True, key=f"ask_progress_{index}"):
                render_verification(advisor, verification, key=f"ask_{index}")
            return
        turns[index] = updated_turn(advisor, turn)
        st.rerun()


def render_verification(
    advisor: Advisor, verification: Verification, *, key: str
) -> None:
    """Draw the progress of a verification, its runs, their losses, and Cancel."""
    spec, jobs = verification.spec, verification.jobs()
    over = [job for job in jobs if job.is_over]
    active = [job for job in jobs if not job.is_over]
    title, button = st.columns([4, 1], vertical_alignment="center")
    batches = ", ".join(map(str, spec.batch_sizes))
    title.markdown(escaped(f"Running {title_of(spec.workload)} at batch {batches}"))
    if button.button("Cancel", key=f"{key}_cancel"):
        advisor.cancel(verification.id)
        st.rerun()
    length = f" of {duration_text(spec.budget_seconds)}" if spec.budget_seconds else ""
    st.progress(
        verification.progress,
        text=f"{verification.progress:.0%}{length}, "
        f"{count_text(len(over), 'run')} done, {len(active)} to go",
    )
    for job in active:
        st.progress(min(job.progress, 1.0), text=escaped(job_line(job)))
    curves = {
        f"{rate_text(job.config.learning_rate)} at batch {job.config.batch_size}": curve
        for job in active
        if (curve := _live_curve(advisor, job)).losses
    }
    if curves:
        st.altair_chart(
            build_loss_chart(curves),
            width="stretch",
            key=f"{key}_losses",
            alt="Loss of the runs under way against the step.",
        )
    _render_outcomes(advisor, over)
    if any(job.stop_after for job in over):
        st.caption(STOPPED_EARLY)


def job_line(job: Job) -> str:
    """Return a job's state, rate, step and loss in a line."""
    config = job.config
    step = round(job.progress * job.last_step)
    loss = f", loss {job.loss:.4g}" if job.loss is not None else ""
    return (
        f"{shown_state(job)}: {rate_text(config.learning_rate)} at batch "
        f"{config.batch_size}, step {step} of {job.last_step}{loss}"
    )


def outcome_words(run: Run | None) -> str:
    """Return how a run ended, in a few words."""
    if run is None or run.outcome is None:
        return ""
    if run.outcome.is_unstable:
        at = f" at step {run.failed_at_step}" if run.failed_at_step else ""
        return f"{run.outcome}{at}"
    if run.outcome is Outcome.INCOMPLETE:
        return f"fine for {run.steps:,} of {run.horizon_steps or 0:,} steps"
    return str(run.outcome)


def _live_curve(advisor: Advisor, job: Job) -> Any:
    return RunFolder.of_job(advisor.store.folder, job.id).load_curve()


def _render_outcomes(advisor: Advisor, over: list[Job]) -> None:
    if not over:
        return
    runs = {
        run.id: run
        for run in advisor.runs_by_id([job.run_id for job in over if job.run_id])
    }
    st.table(
        [
            {
                "Learning rate": rate_text(job.config.learning_rate),
                "Batch size": str(job.config.batch_size),
                "Outcome": outcome_words(runs.get(job.run_id or "")) or job.state,
                "Steps": str(getattr(runs.get(job.run_id or ""), "steps", "") or ""),
            }
            for job in over
        ],
        hide_index=True,
    )


def _render_ended(advisor: Advisor, verification_id: str) -> None:
    """Draw what a verification that is over did."""
    with errors_shown():
        verification = Verification(advisor, verification_id)
        jobs = verification.jobs()
        if verification.state == "failed":
            st.error(escaped(verification.error or "The runs could not be made."))
        elif verification.state == "cancelled":
            st.warning("Cancelled. The runs that were finished count.")
        else:
            st.success("Finished. The answer and its chart above are updated.")
        with st.expander(
            f"What was run ({count_text(len(jobs), 'run')})", expanded=True
        ):
            _render_outcomes(advisor, jobs)
            if any(job.stop_after for job in jobs):
                st.caption(STOPPED_EARLY)


def unfinished_verifications(advisor: Advisor) -> list[Verification]:
    """Return the verifications that are still going on, oldest first."""
    try:
        opened = advisor.queue.verifications(unfinished=True)
    except AdvisorError:
        return []
    return [Verification(advisor, v.id) for v in opened]
