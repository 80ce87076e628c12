"""The same answers in a terminal: `lr-advisor COMMAND`.

Answers go to stdout (with --json one document and nothing else), everything else to
stderr. Exit code 0 done, 2 something the person can put right, 1 our bug.
"""

import os
import sys

# `python -m` and PYTHONPATH=. have Python look in the current folder first, where
# somebody may have an `experiments` or a `json.py` of their own. Before all imports.
_LIBRARY = os.path.dirname(os.__file__)
if os.path.exists(os.curdir) and not os.path.samefile(
    os.curdir, os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
):
    _AHEAD = sys.path[: sys.path.index(_LIBRARY)] if _LIBRARY in sys.path else []
    sys.path[: len(_AHEAD)] = [f for f in _AHEAD if f not in ("", os.getcwd())]

import argparse
import contextlib
import importlib.util
import json
import shlex
from collections.abc import Callable, Sequence
from typing import Any

from advisor.cli.app import app_command
from advisor.cli.arguments import FILE_OPTIONS, TOLD_OPTIONS, build_parser
from advisor.cli.shared import (
    EndedBadly,
    Result,
    asked_values,
    check_port,
    open_advisor,
    table,
)
from advisor.cli.verify import verify_command
from advisor.running.descriptions import describe_workload
from experiments.jobs.records import VERIFICATION
from experiments.workloads.registry import find_spec
from knowledge.errors import AdvisorError, ImportFileError, SettingsError

_MOST_LISTED = 12  # rows of evidence; --json has all of them


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = build_parser().parse_args(arguments)
    if getattr(options, "command", None) is None:
        build_parser().print_help()
        return 0
    try:
        document, text = _HANDLERS[options.command](options)
    except EndedBadly as ended:
        if options.json:
            _print(json.dumps(ended.document, allow_nan=False, ensure_ascii=False))
        sys.stderr.write(f"{ended}\n")
        return 2
    except AdvisorError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("Stopped. What was saved is in the store.\n")
        return 130
    if document is not None:
        _print(
            json.dumps(document, allow_nan=False, ensure_ascii=False)
            if options.json
            else text
        )
    return 0


def _print(text: str) -> None:
    try:
        print(text)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _ask(options: argparse.Namespace) -> Result:
    from advisor.answers.evidence_rows import row_to_read

    with open_advisor(options) as advisor:
        answer = advisor.ask(
            options.question, context=options.context, exclude=options.exclude
        )
    worded = filter(None, (answer.phrased, answer.phrasing_note))
    lines = [*answer.warnings, answer.text, *worded]
    if answer.rows and "largest_batch" not in answer.rows[0]:
        lines.append(table([row_to_read(row) for row in answer.rows]))
    if answer.citations:
        lines.append("")
        lines += [f"[{c.number}] {c.summary} {c.id}" for c in answer.citations]
    if options.details:
        lines += _details(answer.details)
        lines += [f"- {e['summary']} {e['id']}" for e in answer.evidence[:_MOST_LISTED]]
        if len(answer.evidence) > _MOST_LISTED:
            lines.append(f"- and {len(answer.evidence) - _MOST_LISTED} more: --json")
    store = f" --store {shlex.quote(options.store)}" if options.store else ""
    plan = answer.offered_plan
    if answer.proposal is not None:
        lines.append(f"\nApprove with: lr-advisor approve {answer.proposal.id}{store}")
    elif plan is not None and plan.spec is not None:
        lines.append(f"\nRun the tests with: {plan.spec.command}{store}")
    if (answer.details or answer.evidence) and not options.details:
        lines.append("All limits and evidence: --details")
    return answer.to_dict(), "\n".join(lines)


def _details(paragraphs: Sequence[str]) -> list[str]:
    return ["", *(f"- {paragraph}" for paragraph in paragraphs)]


def _approve(options: argparse.Namespace) -> Result:
    with open_advisor(options) as advisor:
        done = advisor.approve(options.plan_id)
        advisor.verifications.hand_over()
    lines = [done.text]
    if done.verification_id is not None:
        lines.append(
            f"It is {done.verification_id}; `lr-advisor jobs` tells how it goes."
        )
    return done.to_dict(), "\n".join(lines)


def _recommend(options: argparse.Namespace) -> Result:
    from advisor.answers.wording import recommendation_details, recommendation_text

    with open_advisor(options) as advisor:
        r = advisor.recommend(
            options.workload, options.batch_size, **asked_values(options)
        )
    more = _details(recommendation_details(r)) if options.details else []
    return r.to_dict(), "\n".join([recommendation_text(r), *more])


def _judge(options: argparse.Namespace) -> Result:
    from advisor.answers.wording import judgement_details, judgement_text
    from advisor.checks import check_learning_rate, odd_rate_warning

    warning = odd_rate_warning(check_learning_rate(options.learning_rate))
    if warning:
        sys.stderr.write(f"{warning}\n")
    with open_advisor(options) as advisor:
        j = advisor.judge(
            options.workload,
            options.batch_size,
            options.learning_rate,
            **asked_values(options),
        )
    more = _details(judgement_details(j)) if options.details else []
    return j.to_dict(), "\n".join([judgement_text(j), *more])


def _max_batch(options: argparse.Namespace) -> Result:
    from advisor.answers.wording import largest_batch_details, largest_batch_text

    with open_advisor(options) as advisor:
        found = advisor.largest_batch(
            options.workload, options.learning_rate, **asked_values(options)
        )
    more = _details(largest_batch_details(found)) if options.details else []
    return found.to_dict(), "\n".join([largest_batch_text(found), *more])


def _scaling(options: argparse.Namespace) -> Result:
    from advisor.scaling.wording import scaling_report_text

    with open_advisor(options) as advisor:
        report = advisor.scaling(options.workload, optimizer=options.optimizer)
    return report.to_dict(), scaling_report_text(report)


def _speed(options: argparse.Namespace) -> Result:
    from advisor.checks import parse_budget

    with open_advisor(options) as advisor:
        report = advisor.measure_speed(
            options.workload,
            batch_sizes=[x for x in options.batch_size.split(",") if x],
            recipe=options.recipe,
            device=options.device,
            budget_seconds=parse_budget(options.budget) if options.budget else None,
        )
    document = report.to_dict()
    lines = [table(document["rows"], _SPEED_COLUMNS)]
    if report.stopped:
        lines.append(f"No larger batch was measured: {report.stopped}")
    return document, "\n".join(lines)


_SPEED_COLUMNS = (
    "batch_size n_workers seconds_per_step examples_per_second peak_memory_mb id"
).split()


def _study(options: argparse.Namespace) -> Result:
    from advisor.cli.study import study_command

    with open_advisor(options) as advisor:
        return study_command(advisor, options)


def _jobs(options: argparse.Namespace) -> Result:
    from advisor.running.job_documents import job_dict

    if options.action != "list" and not options.id:
        raise SettingsError(f"jobs {options.action} needs an id: see `jobs list`.")
    with open_advisor(options) as advisor:
        if options.action == "list":
            _say_trouble(advisor)
            jobs = [job_dict(job) for job in advisor.jobs()]
            return jobs, table(jobs, _JOB_COLUMNS) if jobs else "No jobs."
        if options.action == "cancel":
            _refuse_if_over(advisor, options.id)
            advisor.cancel(options.id)
        elif options.action == "resume":
            advisor.resume(options.id)
            advisor.verifications.hand_over()
        else:
            _say_trouble(advisor)
        if options.id.startswith(VERIFICATION):
            opened = advisor.queue.verification(options.id)
            document = {"id": opened.id, "state": opened.state, "kind": "verification"}
        else:
            document = job_dict(advisor.queue.job(options.id))
    return document, "\n".join(f"{k}: {v}" for k, v in document.items())


def _say_trouble(advisor: Any) -> None:
    if trouble := advisor.supervision.trouble():
        sys.stderr.write(f"{trouble}\n")


def _refuse_if_over(advisor: Any, job_or_verification_id: str) -> None:
    is_verification = job_or_verification_id.startswith(VERIFICATION)
    find = advisor.queue.verification if is_verification else advisor.queue.job
    found = find(job_or_verification_id)
    if found.is_over:
        raise SettingsError(
            f"{found.id} is already {found.state}: there is nothing to cancel."
        )


_JOB_COLUMNS = (
    "id state workload batch_size learning_rate seed progress attempts run_id".split()
)


def _import(options: argparse.Namespace) -> Result:
    from knowledge.importers.importer import asked_sentence
    from knowledge.progress import heard_by

    asked: dict[str, Any] = {
        name: getattr(options, name) for name in FILE_OPTIONS if getattr(options, name)
    }
    asked["map"] = _pairs(options.map, "--map", "metric_value=score")
    asked["outcome_of"] = _pairs(options.outcome_of, "--outcome-of", "crashed=diverged")
    documents, lines, problems = [], [], []
    with open_advisor(options) as advisor, heard_by(_say):
        for path in options.paths:
            try:
                report = advisor.import_runs(
                    path, file_format=options.format, dry_run=options.dry_run, **asked
                )
            except ImportFileError as error:
                if len(options.paths) == 1:
                    raise
                problems.append(f"{error} Nothing of it was kept.")
                documents.append(
                    _NOTHING | {"rejected": [{"line": 0, "reason": str(error)}]}
                )
                continue
            documents.append(report.to_dict())
            if report.asked:
                problems.append(asked_sentence(path, report.asked))
                continue
            lines += _import_lines(path, report, dry_run=options.dry_run)
    document = documents[0] if len(documents) == 1 else _merged(documents)
    if problems:
        raise EndedBadly("\n".join([*lines, *problems]), document)
    return document, "\n".join(lines)


def _import_lines(path: str, report: Any, *, dry_run: bool) -> list[str]:
    verb = "would add" if dry_run else "added"
    rejected = [f"line {n}: {why}" if n else why for n, why in report.rejected[:20]]
    more = len(report.rejected) - len(rejected)
    return [
        f"{path}: {verb} {report.added}, already known {report.skipped}, "
        f"rejected {len(report.rejected)}.",
        *(f"  {note}" for note in (*report.notes, *rejected)),
        *((f"  and {more} more (see --json)",) if more else ()),
    ]


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


_NOTHING: dict[str, Any] = {
    **dict.fromkeys(("added", "skipped"), 0),
    **{n: [] for n in ("workloads", "notes", "runs", "asked")},
    "format": "",
}


def _merged(documents: list[dict[str, Any]]) -> dict[str, Any]:
    asked = {one["field"]: one for d in documents for one in d["asked"]}
    return {
        "added": sum(d["added"] for d in documents),
        "skipped": sum(d["skipped"] for d in documents),
        "rejected": [r for d in documents for r in d["rejected"]],
        "workloads": sorted({w for d in documents for w in d["workloads"]}),
        "notes": [note for d in documents for note in d["notes"]],
        "format": ", ".join(sorted({d["format"] for d in documents} - {""})),
        "runs": [run for d in documents for run in d["runs"]][:100],
        "asked": list(asked.values()),
    }


def _pairs(texts: Sequence[str], option: str, example: str) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    if any(not middle for _, middle, _ in pairs):
        names = {"--option": "KEY=VALUE", "--map": "FIELD=COLUMN"}
        form = names.get(option, "STATE=OUTCOME")
        raise SettingsError(f"Write {option} as {form}, such as {example}.")
    return {key: value for key, _, value in pairs}


def _tell(options: argparse.Namespace) -> Result:
    with open_advisor(options) as advisor:
        if options.undo:
            told = advisor.take_back(options.undo)
        else:
            names = ("workload", "batch_size", "learning_rate", "outcome")
            unsaid = [f"--{n.replace('_', '-')}" for n in names if not vars(options)[n]]
            if unsaid:
                raise SettingsError(f"tell needs {', '.join(unsaid)}, or --undo ID.")
            told = advisor.tell(
                **{n: vars(options)[n] for n in (*names, *TOLD_OPTIONS)}
            )
    if told.run is None:
        return told.to_dict(), told.text
    store = f" --store {shlex.quote(options.store)}" if options.store else ""
    undo = f"`lr-advisor tell --undo {told.id}{store}` takes it back"
    return told.to_dict(), f"{told.text.removesuffix('.')}; {undo}."


def _export(options: argparse.Namespace) -> Result:
    with open_advisor(options) as advisor:
        count = advisor.export(options.path, table=options.table)
    document = {"path": options.path, "table": options.table, "rows": count}
    return document, f"Wrote {count} rows of {options.table} to {options.path}."


def _sql(options: argparse.Namespace) -> Result:
    with open_advisor(options) as advisor:
        result = advisor.sql(options.query)
    document = {
        "columns": list(result.columns),
        "rows": [list(row) for row in result.rows],
        "truncated": result.truncated,
    }
    rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
    text = table(rows, result.columns)
    return document, text + ("\n(more rows match)" if result.truncated else "")


def _workloads(options: argparse.Namespace) -> Result:
    if options.action == "list":
        with open_advisor(options) as advisor:
            rows = advisor.workloads()
        return rows, table(rows)
    if not options.name:
        raise SettingsError("workloads describe needs a name, such as realface.")
    given = _pairs(options.option, "--option", "output_size=64")
    if find_spec(options.name) is not None:  # known without opening a store
        described = describe_workload(options.name.lower(), given)
    else:
        with open_advisor(options) as advisor:
            described = advisor.describe(options.name, given)
    return described, json.dumps(described, indent=2)


def _mcp(options: argparse.Namespace) -> Result:
    if importlib.util.find_spec("mcp") is None:
        raise SettingsError(
            "The MCP server needs the package mcp: install it with pip install -e "
            "'.[mcp]' -c constraints.txt."
        )
    # Whatever prints while things load would spoil the protocol.
    with contextlib.redirect_stdout(sys.stderr):
        from advisor.agents import server

        token = os.environ.get(server.TOKEN_VARIABLE, "")
        if options.http:
            check_port(options.port)
            server.check_token(token)
        advisor = open_advisor(options)
    with advisor:
        if options.http:
            server.serve_http(
                advisor,
                token=token,
                host=options.host,
                port=options.port,
                names=options.allow_host,
            )
        else:
            server.serve_stdio(advisor)
    return None, ""


def _doctor(options: argparse.Namespace) -> Result:
    with open_advisor(options) as advisor:
        report = advisor.doctor()
    apart = ("problems", "calibration")
    lines = [f"{name}: {value}" for name, value in report.items() if name not in apart]
    lines.append(report["calibration"]["text"])
    lines += [f"PROBLEM: {problem}" for problem in report["problems"]] or ["All well."]
    return report, "\n".join(lines)


_HANDLERS: dict[str, Callable[[argparse.Namespace], Result]] = {
    "app": app_command,
    "ask": _ask,
    "approve": _approve,
    "recommend": _recommend,
    "judge": _judge,
    "max-batch": _max_batch,
    "scaling": _scaling,
    "verify": verify_command,
    "speed": _speed,
    "study": _study,
    "jobs": _jobs,
    "import": _import,
    "tell": _tell,
    "export": _export,
    "sql": _sql,
    "workloads": _workloads,
    "mcp": _mcp,
    "doctor": _doctor,
}
