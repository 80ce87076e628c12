"""`lr-advisor study`: run the study, say how far it is, write it into the program."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from advisor.checks import parse_budget, this_device
from advisor.study.carrying_out import StepStatus, run_study, study_status
from advisor.study.plan import study_plan
from advisor.study.shipping import ship_study
from advisor.words import duration_text
from experiments.jobs.records import VERIFICATION
from knowledge.errors import BadValueError, SettingsError, StudyError
from knowledge.study.reading import ShippedStudy, find_study

if TYPE_CHECKING:
    from advisor.service import Advisor

MIN_BUDGET_SECONDS = 600.0  # each of some twenty parts takes seconds only to start


def study_command(
    advisor: "Advisor", options: argparse.Namespace
) -> tuple[dict[str, Any], str]:
    """Carry out one action and return its JSON document and its text.

    Raises:
        SettingsError: An option is missing or cannot be read.
        StudyError: There is nothing to ship.
    """
    if options.action == "ship":
        if not options.into:
            raise SettingsError("study ship needs --into FOLDER, say knowledge/study.")
        today = datetime.now(UTC).date()
        study = ship_study(advisor.store, Path(options.into).expanduser(), made=today)
        return dict(study.facts), _shipped_text(study, options.into)
    plan = study_plan(full=options.full, device=this_device(), parts=options.part or ())
    budget = parse_budget(options.budget) if options.budget else plan.budget_seconds
    if not MIN_BUDGET_SECONDS <= budget <= advisor.settings.budget_seconds_cap:
        cap = duration_text(advisor.settings.budget_seconds_cap)
        raise BadValueError("budget", options.budget, expected=f"give 10m to {cap}.")
    if options.action == "run":
        statuses = run_study(
            advisor.verifications, plan, budget_seconds=budget, say=_say
        )
    else:
        statuses = study_status(advisor.verifications, plan, budget_seconds=budget)
    document = {
        "study": plan.name,
        "budget_seconds": budget,
        "shipped": _shipped(),
        "parts": [status.to_dict() for status in statuses],
    }
    return document, _status_text(statuses)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _shipped() -> str | None:
    """The id of the study that ships with the program, if one does."""
    try:
        study = find_study()
    except StudyError:
        return None
    return study.id if study else None


def _shipped_text(study: ShippedStudy, folder: str) -> str:
    facts = study.facts
    lines = [
        f"{part['name']}: {part['runs']} runs, {part['stable']} stable, "
        f"{part['degraded'] + part['diverged']} failed"
        for part in facts["parts"]
    ]
    return "\n".join(
        [
            *lines,
            f"Wrote {facts['runs']} runs ({facts['cpu_hours']:g} CPU-hours) to "
            f"{folder} as {study.id}.",
        ]
    )


def _status_text(statuses: list[StepStatus]) -> str:
    lines = []
    for status in statuses:
        said = ", ".join(f"{n} {name}" for name, n in status.outcomes.items())
        spent = duration_text(status.spent_seconds) if said else "0 s"
        share = duration_text(status.budget_seconds)
        lines.append(
            f"{status.step.verification_id.removeprefix(VERIFICATION)}: "
            f"{status.state}, {said or 'no run yet'} ({spent} of {share})"
        )
    done = sum(status.state == "done" for status in statuses)
    return "\n".join([*lines, f"{done} of {len(statuses)} parts are done."])
