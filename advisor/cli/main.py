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
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from advisor.cli.arguments import build_parser
from advisor.running.descriptions import describe_workload
from experiments.executors.processes import WORKER_ENVIRONMENT
from experiments.jobs.records import VERIFICATION
from experiments.workloads.registry import find_spec
from knowledge.errors import AdvisorError, SettingsError
from knowledge.python_process import python_command, python_environment

LEAST_FREE_BYTES = 2**18  # less does not hold a run's record and the queue's log
FULL_SECONDS = 10.0
STOPPING_SECONDS = 30.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = build_parser().parse_args(arguments)
    if getattr(options, "command", None) is None:
        build_parser().print_help()
        return 0
    try:
        document, text = _HANDLERS[options.command](options)
    except _EndedBadly as ended:
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


Result = tuple[Any, str]


class _EndedBadly(AdvisorError):
    """A command went its way and its end is an error; the document says how far."""

    def __init__(self, reason: str, document: dict[str, Any]):
        super().__init__(reason)
        self.document = document


def _print(text: str) -> None:
    try:
        print(text)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open(options: argparse.Namespace) -> Any:
    from advisor.service import Advisor

    advisor = Advisor.open(
        options.store,
        seeded=not options.no_seeds,
        study=False if options.no_study else None,
    )
    if advisor.study_problem:
        sys.stderr.write(f"{advisor.study_problem}\n")
    return advisor


def _scope(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "optimizer": options.optimizer,
        "recipe": options.recipe,
        "device": options.device,
        "horizon": options.horizon,
        "risk": options.risk,
        "exclude": options.exclude,
        "precision": options.precision,
    }


def _app(options: argparse.Namespace) -> Result:
    if importlib.util.find_spec("streamlit") is None:
        raise SettingsError("streamlit is not installed: pip install lr-advisor.")
    script = Path(__file__).resolve().parents[2] / "streamlit_app.py"
    environment = python_environment()
    if options.store:
        environment["LR_ADVISOR_STORE"] = str(
            Path(options.store).expanduser().absolute()
        )
    if options.no_seeds:
        environment["LR_ADVISOR_NO_SEEDS"] = "1"
    if options.no_study:
        environment["LR_ADVISOR_NO_STUDY"] = "1"
    with _open(options) as advisor:
        advisor.tend()
        folder = advisor.store.folder
    _draw_faces_ahead()
    _check_port(options.port)
    sys.stderr.write(f"Store: {folder}\n")
    arguments = python_command(
        "streamlit",
        "run",
        str(script),
        f"--server.port={options.port}",
        f"--server.address={options.host}",
        "--server.headless=true",
        "--browser.gatherUsageStats=false",
    )
    if options.host not in ("127.0.0.1", "localhost"):
        arguments.append(f"--server.allowedHosts={options.host}")
    os.chdir(script.parent)  # its .streamlit/config.toml lies there
    os.execve(arguments[0], arguments, environment)


def _check_port(port: int) -> None:
    if not 1 <= port <= 65535:
        raise SettingsError(f"port {port} is not one: give 1 to 65535.")


def _draw_faces_ahead() -> None:
    """Draw the generated faces while the person reads, so the first run need not."""
    subprocess.Popen(
        python_command("experiments.workloads.faces.pictures"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**python_environment(), **WORKER_ENVIRONMENT},
    )


def _ask(options: argparse.Namespace) -> Result:
    from advisor.answers.evidence_rows import row_to_read

    with _open(options) as advisor:
        answer = advisor.ask(
            options.question, context=options.context, exclude=options.exclude
        )
    worded = filter(None, (answer.phrased, answer.phrasing_note))
    lines = [*answer.warnings, answer.text, *worded]
    if answer.rows and not options.json:
        lines.append(_table([row_to_read(row) for row in answer.rows]))
    if answer.evidence:
        lines.append("\nRests on:")
        lines += [f"- {e['summary']} [{e['id']}]" for e in answer.evidence[:12]]
        if len(answer.evidence) > 12:
            lines.append(f"- and {len(answer.evidence) - 12} more (see --json)")
    if answer.proposal is not None:
        store = f" --store {shlex.quote(options.store)}" if options.store else ""
        lines.append(f"\nApprove with: lr-advisor approve {answer.proposal.id}{store}")
    return answer.to_dict(), "\n".join(lines)


def _approve(options: argparse.Namespace) -> Result:
    with _open(options) as advisor:
        done = advisor.approve(options.plan_id)
        advisor.verifications.hand_over()
    lines = [done.text]
    if done.verification_id is not None:
        lines.append(
            f"It is {done.verification_id}; `lr-advisor jobs` tells how it goes."
        )
    return done.to_dict(), "\n".join(lines)


def _recommend(options: argparse.Namespace) -> Result:
    from advisor.answers.wording import recommendation_text

    with _open(options) as advisor:
        r = advisor.recommend(options.workload, options.batch_size, **_scope(options))
    return r.to_dict(), recommendation_text(r)


def _judge(options: argparse.Namespace) -> Result:
    from advisor.answers.wording import judgement_text
    from advisor.checks import check_learning_rate, odd_rate_warning

    warning = odd_rate_warning(check_learning_rate(options.learning_rate))
    if warning:
        sys.stderr.write(f"{warning}\n")
    with _open(options) as advisor:
        j = advisor.judge(
            options.workload,
            options.batch_size,
            options.learning_rate,
            **_scope(options),
        )
    return j.to_dict(), judgement_text(j)


def _max_batch(options: argparse.Namespace) -> Result:
    from advisor.answers.wording import largest_batch_text

    with _open(options) as advisor:
        found = advisor.largest_batch(
            options.workload, options.learning_rate, **_scope(options)
        )
    return found.to_dict(), largest_batch_text(found)


def _scaling(options: argparse.Namespace) -> Result:
    from advisor.scaling.wording import scaling_report_text

    with _open(options) as advisor:
        report = advisor.scaling(options.workload, optimizer=options.optimizer)
    return report.to_dict(), scaling_report_text(report)


def _verify(options: argparse.Namespace) -> Result:
    from advisor.checks import parse_budget

    with _open(options) as advisor:
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
        stuck = None if options.detach else _watch(advisor, verification)
        document = verification.to_dict()
        document["error"] = document["error"] or stuck
    if document["state"] == "failed" or document["error"]:
        reason = document["error"] or "The run failed: see `lr-advisor jobs list`."
        raise _EndedBadly(reason, document)
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


def _speed(options: argparse.Namespace) -> Result:
    from advisor.checks import parse_budget

    with _open(options) as advisor:
        report = advisor.measure_speed(
            options.workload,
            batch_sizes=[x for x in options.batch_size.split(",") if x],
            recipe=options.recipe,
            device=options.device,
            budget_seconds=parse_budget(options.budget) if options.budget else None,
        )
    document = report.to_dict()
    lines = [_table(document["rows"], _SPEED_COLUMNS)]
    if report.stopped:
        lines.append(f"No larger batch was measured: {report.stopped}")
    return document, "\n".join(lines)


_SPEED_COLUMNS = (
    "batch_size n_workers seconds_per_step examples_per_second peak_memory_mb id"
).split()


def _watch(advisor: Any, verification: Any) -> str | None:
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
    lines.append(_table(rows))
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


def _study(options: argparse.Namespace) -> Result:
    from advisor.cli.study import study_command

    with _open(options) as advisor:
        return study_command(advisor, options)


def _jobs(options: argparse.Namespace) -> Result:
    from advisor.running.job_documents import job_dict

    if options.action != "list" and not options.id:
        raise SettingsError(f"jobs {options.action} needs an id: see `jobs list`.")
    with _open(options) as advisor:
        if options.action == "list":
            _say_trouble(advisor)
            jobs = [job_dict(job) for job in advisor.jobs()]
            return jobs, _table(jobs, _JOB_COLUMNS) if jobs else "No jobs."
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
    documents, lines = [], []
    with _open(options) as advisor:
        for path in options.paths:
            report = advisor.import_runs(path, dry_run=options.dry_run)
            documents.append(report.to_dict())
            verb = "would add" if options.dry_run else "added"
            lines.append(
                f"{path}: {verb} {report.added}, already known {report.skipped}, "
                f"rejected {len(report.rejected)}."
            )
            lines += [f"  line {n}: {why}" for n, why in report.rejected[:20]]
            if len(report.rejected) > 20:
                lines.append(f"  and {len(report.rejected) - 20} more (see --json)")
    document = documents[0] if len(documents) == 1 else _merged(documents)
    return document, "\n".join(lines)


def _merged(documents: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "added": sum(d["added"] for d in documents),
        "skipped": sum(d["skipped"] for d in documents),
        "rejected": [r for d in documents for r in d["rejected"]],
        "workloads": sorted({w for d in documents for w in d["workloads"]}),
    }


def _export(options: argparse.Namespace) -> Result:
    with _open(options) as advisor:
        count = advisor.export(options.path, table=options.table)
    document = {"path": options.path, "table": options.table, "rows": count}
    return document, f"Wrote {count} rows of {options.table} to {options.path}."


def _sql(options: argparse.Namespace) -> Result:
    with _open(options) as advisor:
        result = advisor.sql(options.query)
    document = {
        "columns": list(result.columns),
        "rows": [list(row) for row in result.rows],
        "truncated": result.truncated,
    }
    rows = [dict(zip(result.columns, row, strict=True)) for row in result.rows]
    text = _table(rows, result.columns)
    return document, text + ("\n(more rows match)" if result.truncated else "")


def _workloads(options: argparse.Namespace) -> Result:
    if options.action == "list":
        with _open(options) as advisor:
            rows = advisor.workloads()
        return rows, _table(rows)
    if not options.name:
        raise SettingsError("workloads describe needs a name, such as realface.")
    pairs = [option.partition("=") for option in options.option]
    if any(not middle for _, middle, _ in pairs):
        raise SettingsError("Write --option as KEY=VALUE, such as output_size=64.")
    given = {key: value for key, _, value in pairs}
    if find_spec(options.name) is not None:  # known without opening a store
        described = describe_workload(options.name.lower(), given)
    else:
        with _open(options) as advisor:
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
            _check_port(options.port)
            server.check_token(token)
        advisor = _open(options)
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
    with _open(options) as advisor:
        report = advisor.doctor()
    apart = ("problems", "calibration")
    lines = [f"{name}: {value}" for name, value in report.items() if name not in apart]
    lines.append(report["calibration"]["text"])
    lines += [f"PROBLEM: {problem}" for problem in report["problems"]] or ["All well."]
    return report, "\n".join(lines)


def _table(rows: Sequence[dict[str, Any]], columns: Sequence[str] | None = None) -> str:
    """Return rows as aligned columns of text."""
    columns = list(columns or (rows[0] if rows else ()))
    cells = [[_cell(row.get(c)) for c in columns] for row in rows]
    widths = [
        max(len(str(c)), *(len(row[i]) for row in cells), 0)
        for i, c in enumerate(columns)
    ]
    lines = [[str(c) for c in columns], *cells]
    return "\n".join(
        "  ".join(
            cell.ljust(width) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)


_HANDLERS: dict[str, Callable[[argparse.Namespace], Result]] = {
    "app": _app,
    "ask": _ask,
    "approve": _approve,
    "recommend": _recommend,
    "judge": _judge,
    "max-batch": _max_batch,
    "scaling": _scaling,
    "verify": _verify,
    "speed": _speed,
    "study": _study,
    "jobs": _jobs,
    "import": _import,
    "export": _export,
    "sql": _sql,
    "workloads": _workloads,
    "mcp": _mcp,
    "doctor": _doctor,
}


if __name__ == "__main__":
    sys.exit(main())
