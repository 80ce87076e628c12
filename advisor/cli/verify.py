"""`lr-advisor verify`: runs started, watched until they are over, and told of."""

import argparse
import os
import shutil
import sys
import time
from typing import Any

from advisor.cli.shared import EndedBadly, Result, open_advisor, table
from advisor.settings import EXECUTOR
from knowledge.errors import SettingsError

LEAST_FREE_BYTES = 2**18  # less does not hold a run's record and the queue's log
FULL_SECONDS = 10.0
STOPPING_SECONDS = 30.0


def verify_command(options: argparse.Namespace) -> Result:
    """Start the runs, wait for them unless told not to, and say what came of it."""
    from advisor.checks import parse_budget

    if options.executor:  # also for the process that tends the runs
        os.environ[EXECUTOR] = options.executor
    with open_advisor(options) as advisor:
        verification = advisor.verify(
            options.workload,
            options.batch_size.split(","),
            learning_rate=_rates(options.learning_rate),
            optimizer=options.optimizer,
            recipe=options.recipe,
            device=options.device,
            steps=options.steps,
            seeds=options.seeds,
            budget_seconds=parse_budget(options.budget) if options.budget else None,
            runs=options.runs,
            examples=options.examples,
            data=options.data,
            precision=options.precision,
        )
        if options.detach:
            advisor.verifications.hand_over()
        stuck = None if options.detach else watch(advisor, verification)
        document = verification.to_dict()
        document["error"] = document["error"] or stuck
    if document["state"] == "failed" or document["error"]:
        reason = document["error"] or "The run failed: see `lr-advisor jobs list`."
        raise EndedBadly(reason, document)
    return document, _verification_text(document)


def _rates(text: str | None) -> list[str]:
    """The rates named; none without the option, which leaves the choice to us."""
    if text is None:
        return []
    rates = [part.strip() for part in text.split(",")]
    if not all(rates):
        raise SettingsError(
            f"--learning-rate '{text}' lacks a rate: write 1e-4 or 1e-4,1e-3, or leave "
            "the option out to have rates chosen."
        )
    return rates


def watch(advisor: Any, verification: Any) -> str | None:
    """Wait for the runs and say on stderr how each ended; Ctrl-C cancels.

    Returns why it is of no use to wait longer, or None when they are over.
    """
    seen: set[tuple[str, int]] = set()
    had_room, folder = time.monotonic(), advisor.store.folder
    try:
        while True:
            over = verification.state != "running"
            for job in verification.jobs():
                if job.is_over and (job.id, job.last_step) not in seen:
                    seen.add((job.id, job.last_step))
                    sys.stderr.write(
                        f"{job.id} {job.config.workload} batch {job.config.batch_size} "
                        f"rate {job.config.learning_rate:g}, to step {job.last_step}: "
                        f"{job.state}\n"
                    )
            if over:
                return None
            if shutil.disk_usage(folder).free >= LEAST_FREE_BYTES:
                had_room = time.monotonic()
                advisor.verifications.look_after()
            elif time.monotonic() - had_room > FULL_SECONDS:
                return (
                    f"The runs cannot be saved because the disk holding {folder} is "
                    "full: free some space, and the next `lr-advisor verify` or "
                    "`lr-advisor app` goes on with them."
                )
            time.sleep(0.2)
    except KeyboardInterrupt:
        verification.cancel()
        sys.stderr.write("Cancelling; finished runs stay in the store.\n")
        verification.wait(timeout_seconds=STOPPING_SECONDS)
    return None


def _verification_text(document: dict[str, Any]) -> str:
    shown = "batch_size learning_rate seed steps_done steps outcome".split()
    rows = [{name: run[name] for name in shown} for run in document["runs"]]
    before, after = document["before"], document["after"]
    lines = [f"{document['verification_id']}: {document['state']}"]
    lines.append(table(rows))
    if any(run["outcome"] == "incomplete" for run in document["runs"]):
        lines.append(
            "incomplete: fine so far, stopped there to spend the time where it tells "
            "more."
        )
    answers = [("before", before)]
    if any(run["outcome"] for run in document["runs"]):
        answers.append(("after", after))
    for name, r in answers:
        m = r["max_stable"]
        lines.append(
            f"{name}: rate {r['learning_rate']}, half fail near "
            f"{m['median']} ({m['low']} to {m['high']}), {r['basis']}"
            if m
            else f"{name}: no rate"
        )
    return "\n".join(lines)
