"""The advisor's functions as tools: one table for the MCP server and a language model.

Reading tools answer at once. Acting ones only propose: they return a plan's id, and
`approve_plan` carries out what a person has said yes to, once. The decision to know:
arguments come from a program that may be wrong, so each is checked like a person's.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from advisor.acting import propose_cancel, propose_runs
from advisor.checks import check_batch_size, check_learning_rate
from advisor.evidence_rows import evidence_of
from advisor.verifying import job_dict
from knowledge.errors import BadValueError

if TYPE_CHECKING:
    from advisor.service import Advisor

Arguments = Mapping[str, Any]
_MOST_ROWS = 100
_MOST_EVIDENCE = 20


@dataclass(frozen=True)
class Tool:
    """A function with its name, what it is for, and the schema of its arguments.

    `acts` marks the one that changes something; `proposes` those that only offer to.
    """

    name: str
    description: str
    properties: Mapping[str, Mapping[str, Any]]
    required: tuple[str, ...]
    call: Callable[["Advisor", Arguments], dict[str, Any]]
    proposes: bool = False
    acts: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        """JSON schema of the arguments."""
        return {
            "type": "object",
            "properties": {name: dict(what) for name, what in self.properties.items()},
            "required": list(self.required),
            "additionalProperties": False,
        }


def call_tool(
    advisor: "Advisor", name: str, arguments: Arguments, *, may_act: bool = True
) -> dict[str, Any]:
    """Return what a tool says.

    Args:
        advisor: Answers from its store.
        name: Of the tool.
        arguments: By name, as its schema has them.
        may_act: Whether the caller may carry out plans.

    Raises:
        BadValueError: No such tool or argument, or a value that cannot be right.
        AdvisorError: As the function itself.
    """
    tool = TOOLS.get(name)
    if tool is None or (tool.acts and not may_act):
        known = ", ".join(t for t in TOOLS if may_act or not TOOLS[t].acts)
        raise BadValueError("tool", name, expected=f"known are {known}.")
    unknown = sorted(set(arguments) - set(tool.properties))
    if unknown:
        expected = f"{name} takes {', '.join(tool.properties) or 'no arguments'}."
        raise BadValueError("argument", unknown[0], expected=expected)
    lacking = [key for key in tool.required if arguments.get(key) is None]
    if lacking:
        raise BadValueError(lacking[0], "missing", expected=f"{name} needs it.")
    return tool.call(advisor, arguments)


# -- reading ---------------------------------------------------------------------------


def _recommend(advisor: "Advisor", given: Arguments) -> dict[str, Any]:
    r = advisor.recommend(
        _text(given, "workload"), check_batch_size(given["batch_size"]), **_scope(given)
    )
    evidence = evidence_of(advisor, [r])[:_MOST_EVIDENCE]
    return {**r.to_dict(), "evidence_shown": list(evidence)}


def _judge(advisor: "Advisor", given: Arguments) -> dict[str, Any]:
    return advisor.judge(
        _text(given, "workload"),
        check_batch_size(given["batch_size"]),
        check_learning_rate(given["learning_rate"]),
        **_scope(given),
    ).to_dict()


def _max_batch(advisor: "Advisor", given: Arguments) -> dict[str, Any]:
    return advisor.largest_batch(
        _text(given, "workload"),
        check_learning_rate(given["learning_rate"]),
        **_scope(given),
    ).to_dict()


def _scaling(advisor: "Advisor", given: Arguments) -> dict[str, Any]:
    workload = _text(given, "workload") if given.get("workload") else None
    return advisor.scaling(workload, optimizer=given.get("optimizer")).to_dict()


def _fastest_batch(advisor: "Advisor", given: Arguments) -> dict[str, Any]:
    found = advisor.fastest_batch(_text(given, "workload"), **_scope(given))
    return dict(found.to_dict())


def _ask(advisor: "Advisor", given: Arguments) -> dict[str, Any]:
    context = given.get("context")
    return advisor.ask(
        _text(given, "question"), None if context is None else str(context)
    ).to_dict()


def _workloads(advisor: "Advisor", given: Arguments) -> dict[str, Any]:
    return {"workloads": advisor.workloads()}


def _jobs(advisor: "Advisor", given: Arguments) -> dict[str, Any]:
    jobs = [job for job in advisor.jobs() if given.get("all") or not job.is_over]
    return {"jobs": [job_dict(job) for job in jobs[-_MOST_ROWS:]]}


def _sql(advisor: "Advisor", given: Arguments) -> dict[str, Any]:
    result = advisor.sql(_text(given, "query"), max_rows=_MOST_ROWS)
    return {
        "columns": list(result.columns),
        "rows": [list(row) for row in result.rows],
        "truncated": result.truncated,
    }


# -- proposing, acting -----------------------------------------------------------------


def _propose_runs(advisor: "Advisor", given: Arguments) -> dict[str, Any]:
    sizes = given["batch_sizes"]
    rates = given.get("learning_rates") or []
    if not isinstance(sizes, list) or not isinstance(rates, list):
        raise BadValueError("batch_sizes", sizes, expected="give a list of numbers.")
    budget = given.get("budget_seconds")
    plan, proposal = propose_runs(
        advisor,
        _text(given, "workload"),
        [check_batch_size(size) for size in sizes],
        [check_learning_rate(rate) for rate in rates],
        **_scope(given),
        budget_seconds=None if budget is None else _seconds(budget),
    )
    return {
        "plan_id": proposal.id if proposal else None,
        "summary": proposal.summary if proposal else plan["reason"],
        "plan": plan,
        "next": "Nothing has started. Show this to the person; after their yes call "
        "approve_plan with the plan's id.",
    }


def _propose_cancel(advisor: "Advisor", given: Arguments) -> dict[str, Any]:
    ids = given["jobs"]
    if not isinstance(ids, list) or not ids:
        raise BadValueError("jobs", ids, expected="give a list of job ids.")
    found = [advisor.queue.job(str(job_id)) for job_id in ids]
    proposal = propose_cancel(advisor, found)
    return {
        "plan_id": proposal.id,
        "summary": proposal.summary,
        "next": "Nothing has been stopped. After the person's yes call approve_plan.",
    }


def _approve(advisor: "Advisor", given: Arguments) -> dict[str, Any]:
    return advisor.approve(_text(given, "plan_id")).to_dict()


def _text(given: Arguments, name: str) -> str:
    value = given[name]
    if not isinstance(value, str) or not value.strip():
        raise BadValueError(name, value, expected="give a text.")
    return value


def _seconds(value: object) -> float:
    if not isinstance(value, int | float) or not 1 <= value <= 24 * 3600:
        raise BadValueError(
            "budget_seconds", value, expected="give 1 to 86,400 seconds."
        )
    return float(value)


def _scope(given: Arguments) -> dict[str, Any]:
    names = ("optimizer", "recipe", "device")
    return {name: str(given[name]) for name in names if given.get(name) is not None}


# -- the table -------------------------------------------------------------------------

_Properties = dict[str, dict[str, Any]]

_WORKLOAD: dict[str, Any] = {
    "type": "string",
    "description": "realface, original, dlight, digits_mlp, digits_cnn, a narrower "
    "copy such as realface@1/16, or an imported name",
}
_BATCH_SIZE: dict[str, Any] = {
    "type": "integer",
    "description": "examples per optimizer step; for the face models per side",
}
_LEARNING_RATE: dict[str, Any] = {"type": "number", "description": "such as 6.5e-5"}
_SCOPE: _Properties = {
    "optimizer": {"type": "string", "description": "adam, adamw, sgd, momentum"},
    "recipe": {"type": "string", "description": "a named recipe; else the usual one"},
    "device": {"type": "string", "enum": ["cpu", "cuda", "mps"]},
}
_SCALING_SCOPE: _Properties = {"workload": _WORKLOAD, "optimizer": _SCOPE["optimizer"]}

TOOLS: dict[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool(
            "recommend",
            "The learning rate for a batch size, with interval, P(stable), evidence "
            "and caveats.",
            {"workload": _WORKLOAD, "batch_size": _BATCH_SIZE, **_SCOPE},
            ("workload", "batch_size"),
            _recommend,
        ),
        Tool(
            "judge",
            "Whether a learning rate is safe at a batch size, with P(stable).",
            {
                "workload": _WORKLOAD,
                "batch_size": _BATCH_SIZE,
                "learning_rate": _LEARNING_RATE,
                **_SCOPE,
            },
            ("workload", "batch_size", "learning_rate"),
            _judge,
        ),
        Tool(
            "max_batch",
            "The largest batch size at which a learning rate is held to be safe.",
            {"workload": _WORKLOAD, "learning_rate": _LEARNING_RATE, **_SCOPE},
            ("workload", "learning_rate"),
            _max_batch,
        ),
        Tool(
            "scaling",
            "How the learning rate goes with the batch size, and what was claimed of "
            "it with a verdict on each claim.",
            _SCALING_SCOPE,
            (),
            _scaling,
        ),
        Tool(
            "fastest_batch",
            "The fastest batch size on this machine at which a stable rate is known.",
            {"workload": _WORKLOAD, **_SCOPE},
            ("workload",),
            _fastest_batch,
        ),
        Tool(
            "ask",
            "A question in plain words, as a person types it; answers with its "
            "numbers and evidence. Starts nothing.",
            {
                "question": {"type": "string"},
                "context": {"type": "string", "description": "the previous turn"},
            },
            ("question",),
            _ask,
        ),
        Tool(
            "workloads",
            "Every known workload with its number of runs.",
            {},
            (),
            _workloads,
        ),
        Tool(
            "jobs",
            "Training jobs that run or wait; with all=true ended ones too.",
            {"all": {"type": "boolean"}},
            (),
            _jobs,
        ),
        Tool(
            "sql",
            "One SELECT over the tables runs, curves, claims, trials, answers, jobs; "
            "read-only, at most 100 rows.",
            {"query": {"type": "string"}},
            ("query",),
            _sql,
        ),
        Tool(
            "propose_runs",
            "Plan verification runs. Starts nothing: returns a plan id to show to the "
            "person.",
            {
                "workload": _WORKLOAD,
                "batch_sizes": {"type": "array", "items": _BATCH_SIZE},
                "learning_rates": {"type": "array", "items": _LEARNING_RATE},
                "budget_seconds": {"type": "number"},
                **_SCOPE,
            },
            ("workload", "batch_sizes"),
            _propose_runs,
            proposes=True,
        ),
        Tool(
            "propose_cancel",
            "Propose to stop jobs by their ids. Stops nothing: returns a plan id.",
            {"jobs": {"type": "array", "items": {"type": "string"}}},
            ("jobs",),
            _propose_cancel,
            proposes=True,
        ),
        Tool(
            "approve_plan",
            "Carry out a proposed plan, once, after the person said yes to it.",
            {"plan_id": {"type": "string"}},
            ("plan_id",),
            _approve,
            acts=True,
        ),
    )
}
