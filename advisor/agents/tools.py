"""The advisor's functions as tools: the table that the MCP server has.

Reading tools answer at once, acting ones return a plan's id, and `approve_plan` carries
out what a person has said yes to, once. Each argument is held against its schema.
"""

from typing import TYPE_CHECKING, Any

from advisor.agents.arguments import check_arguments
from advisor.agents.results import short_result
from advisor.agents.tool import Arguments, Tool
from advisor.answers.evidence_rows import evidence_of
from advisor.checks import DEVICES, MAX_BATCH_SIZE, MOST_STEPS
from advisor.conversation.acting import propose_cancel, propose_runs
from advisor.evidence.scope import DEFAULT_RISK, PRECISION
from advisor.planning.request import VerificationRequest
from advisor.rates import LEAST_LEARNING_RATE, MOST_LEARNING_RATE
from advisor.running.job_documents import job_dict
from experiments.workloads.registry import WORKLOADS
from knowledge.errors import BadValueError
from knowledge.recipes import RECIPES
from knowledge.records import PRECISIONS

if TYPE_CHECKING:
    from advisor.service import Advisor


_MOST_ROWS = 100
_MOST_EVIDENCE = 20


def call_tool(advisor: "Advisor", name: str, arguments: Arguments) -> dict[str, Any]:
    """Return what a tool says, as plain JSON values without NaN.

    Raises:
        BadValueError: No such tool or argument, or a value that cannot be right.
        AdvisorError: As the function itself.
    """
    tool = TOOLS.get(name)
    if tool is None:
        raise BadValueError("tool", name, expected=f"known are {', '.join(TOOLS)}.")
    given = check_arguments(name, tool.properties, tool.required, arguments)
    return short_result(tool.call(advisor, given))


# -- reading ---------------------------------------------------------------------------


def _recommend(advisor: "Advisor", given: Arguments) -> dict[str, Any]:
    r = advisor.recommend(given["workload"], given["batch_size"], **_scope(given))
    evidence = evidence_of(advisor.library, [r])
    return {**r.to_dict(), "evidence_shown": evidence[:_MOST_EVIDENCE]}


def _judge(advisor: "Advisor", given: Arguments) -> dict[str, Any]:
    return advisor.judge(
        given["workload"], given["batch_size"], given["learning_rate"], **_scope(given)
    ).to_dict()


def _max_batch(advisor: "Advisor", given: Arguments) -> dict[str, Any]:
    return advisor.largest_batch(
        given["workload"], given["learning_rate"], **_scope(given)
    ).to_dict()


def _scaling(advisor: "Advisor", given: Arguments) -> dict[str, Any]:
    return advisor.scaling(
        given.get("workload"), optimizer=given.get("optimizer")
    ).to_dict()


def _fastest_batch(advisor: "Advisor", given: Arguments) -> dict[str, Any]:
    found = advisor.fastest_batch(given["workload"], **_scope(given))
    return dict(found.to_dict())


def _ask(advisor: "Advisor", given: Arguments) -> dict[str, Any]:
    document = advisor.ask(given["question"], given.get("context")).to_dict()
    if len(document["recommendations"]) == 1:
        document["recommendations"] = []  # it stands under `recommendation`
    return document


def _workloads(advisor: "Advisor", given: Arguments) -> dict[str, Any]:
    return {"workloads": advisor.workloads()}


def _jobs(advisor: "Advisor", given: Arguments) -> dict[str, Any]:
    jobs = [job for job in advisor.jobs() if given.get("all") or not job.is_over]
    return {"jobs": [job_dict(job) for job in reversed(jobs)]}


def _verification(advisor: "Advisor", given: Arguments) -> dict[str, Any]:
    advisor.verifications.look_after()
    verification = advisor.verifications.get(given["verification_id"])
    document = verification.to_dict()
    return {**document, "progress": verification.progress}


def _sql(advisor: "Advisor", given: Arguments) -> dict[str, Any]:
    result = advisor.sql(given["query"], max_rows=_MOST_ROWS)
    return {
        "columns": list(result.columns),
        "rows": [list(row) for row in result.rows],
        "truncated": result.truncated,
    }


# -- proposing, acting -----------------------------------------------------------------


def _propose_runs(advisor: "Advisor", given: Arguments) -> dict[str, Any]:
    request = VerificationRequest.of(
        given["workload"],
        given["batch_sizes"],
        learning_rate=given.get("learning_rates", []),
        budget_seconds=given.get("budget_seconds"),
        **_scope(given),
    )
    plan, proposal = propose_runs(advisor.parts, request)
    if proposal is None:
        return {"plan_id": None, "summary": plan.reason, "plan": plan.to_dict()}
    return {
        "plan_id": proposal.id,
        "summary": proposal.summary,
        "plan": plan.to_dict(),
        "next": "Nothing has started. Show this to the person; after their yes call "
        "approve_plan with this plan_id.",
    }


def _propose_cancel(advisor: "Advisor", given: Arguments) -> dict[str, Any]:
    found = [advisor.queue.job(job_id) for job_id in dict.fromkeys(given["jobs"])]
    if all(job.is_over for job in found):
        return {"plan_id": None, "summary": "All of them are over: nothing to stop."}
    proposal = propose_cancel(advisor.parts, [job for job in found if not job.is_over])
    return {
        "plan_id": proposal.id,
        "summary": proposal.summary,
        "next": "Nothing has been stopped. Show this to the person; after their yes "
        "call approve_plan with this plan_id.",
    }


def _approve(advisor: "Advisor", given: Arguments) -> dict[str, Any]:
    done = advisor.approve(given["plan_id"])
    advisor.verifications.hand_over()
    return done.to_dict()


def _scope(given: Arguments) -> dict[str, Any]:
    return {name: given[name] for name in _SCOPE if name in given}


# -- the table -------------------------------------------------------------------------

_Properties = dict[str, dict[str, Any]]


def _text_schema(description: str, most_chars: int = 200) -> dict[str, Any]:
    return {"type": "string", "description": description, "maxLength": most_chars}


def _list_schema(
    items: dict[str, Any], least: int, description: str, *, most: int = 16
) -> dict[str, Any]:
    return {
        "type": "array",
        "items": items,
        "minItems": least,
        "maxItems": most,
        "description": description,
    }


_WORKLOAD = _text_schema(
    f"What is trained: {', '.join(WORKLOADS)}, a narrower copy of a face model such as "
    "realface@1/16, or an imported name (the tool workloads lists them)."
)
_BATCH_SIZE: dict[str, Any] = {
    "type": "integer",
    "minimum": 1,
    "maximum": MAX_BATCH_SIZE,
    "description": "Examples per optimizer step; for the face models per side.",
}
_LEARNING_RATE: dict[str, Any] = {
    "type": "number",
    "minimum": LEAST_LEARNING_RATE,
    "maximum": MOST_LEARNING_RATE,
    "description": "The peak learning rate, such as 6.5e-5.",
}
_SETTING: _Properties = {
    "optimizer": _text_schema(
        "Such as adam, adamw, sgd or momentum; leave it out for the one with most "
        "evidence."
    ),
    "recipe": {
        "type": "string",
        "enum": list(RECIPES),
        "description": "A named set of optimizer settings; leave it out for the one "
        "with most evidence.",
    },
    "device": {
        "type": "string",
        "enum": list(DEVICES),
        "description": "Where it is trained; leave it out for this machine's.",
    },
    "precision": {
        "type": "string",
        "enum": list(PRECISIONS),
        "description": f"Of the numbers; leave it out for {PRECISION}.",
    },
}
_SCOPE: _Properties = {
    **_SETTING,
    "horizon": {
        "type": "integer",
        "minimum": 1,
        "maximum": MOST_STEPS,
        "description": "For how many steps it is to hold; leave it out for the usual.",
    },
    "risk": {
        "type": "number",
        "minimum": 0.001,
        "maximum": 0.999,
        "description": "The accepted probability that a run fails; leave it out for "
        f"{DEFAULT_RISK:g}.",
    },
    "exclude": _list_schema(
        _text_schema("Such as run:0123456789abcdef.", 100),
        0,
        "Ids of runs and claims to leave out, to see what they weigh.",
        most=100,
    ),
}
_JOB_ID = _text_schema("A job's id, such as job:0123456789ab.", 100)

TOOLS: dict[str, Tool] = {
    tool.name: tool
    for tool in (
        Tool(
            "recommend",
            "The learning rate to start with at a batch size. Returns learning_rate "
            "(null: not known), probability_stable, max_stable (where half of all runs "
            "fail, with its interval), best, basis (measured, interpolated, "
            "extrapolated, reported, borrowed or none), caveats to pass on, the "
            "evidence it rests on, and the runs that would make it surer.",
            {"workload": _WORKLOAD, "batch_size": _BATCH_SIZE, **_SCOPE},
            ("workload", "batch_size"),
            _recommend,
        ),
        Tool(
            "judge",
            "Whether a given learning rate is safe at a batch size: verdict (safe, "
            "risky, unsafe or unknown) and probability_stable. Use it when the person "
            "names a rate.",
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
            "The largest batch size at which a given learning rate is still "
            "safe, with its interval, or the reason why none is known.",
            {"workload": _WORKLOAD, "learning_rate": _LEARNING_RATE, **_SCOPE},
            ("workload", "learning_rate"),
            _max_batch,
        ),
        Tool(
            "scaling",
            "How the stable learning rate scales with batch size: the exponent, the "
            "probability of each rule of thumb (inverse to linear), and each claim "
            "that was made with its verdict. Without a workload it reports on all and "
            "may take ten seconds.",
            {"workload": _WORKLOAD, "optimizer": _SETTING["optimizer"]},
            (),
            _scaling,
        ),
        Tool(
            "fastest_batch",
            "The batch size that trains most examples a second on this machine and has "
            "a known stable rate. Speeds must have been measured here before.",
            {"workload": _WORKLOAD, **_SCOPE},
            ("workload",),
            _fastest_batch,
        ),
        Tool(
            "ask",
            "A question in plain words, as a person types it: rates, comparisons, "
            "concepts, runs, jobs, or what a person saw happen. Returns a text with "
            "the numbers behind it; `clarification` asks back; `proposal` is an offer "
            "that waits for the person's yes (its id goes to approve_plan). The "
            "question is kept in the history. Starts nothing.",
            {
                "question": _text_schema("The person's own words.", 4_000),
                "context": _text_schema(
                    "The previous question, so that a follow-up such as 'and at batch "
                    "3?' is understood.",
                    4_000,
                ),
            },
            ("question",),
            _ask,
            proposes=True,
        ),
        Tool(
            "workloads",
            "Every workload known by name, with how many runs and claims there are.",
            {},
            (),
            _workloads,
        ),
        Tool(
            "jobs",
            "Training jobs that run or wait, the newest first, with state and "
            "progress; with all=true those that ended too.",
            {"all": {"type": "boolean", "description": "Ended jobs as well."}},
            (),
            _jobs,
        ),
        Tool(
            "verification",
            "How an approved plan of runs goes: state, progress, each run with its "
            "outcome, and the recommendation before and after.",
            {
                "verification_id": _text_schema(
                    "As approve_plan returned it, such as verification:0123456789ab.",
                    100,
                )
            },
            ("verification_id",),
            _verification,
        ),
        Tool(
            "sql",
            "One SELECT (DuckDB) over the tables runs, curves, claims, trials, "
            "answers, jobs, forecasts and throughput; read-only, at most "
            f"{_MOST_ROWS} rows, five seconds of the processor. `describe runs` lists "
            "the columns of runs.",
            {"query": _text_schema("One SELECT, DESCRIBE or SUMMARIZE.", 20_000)},
            ("query",),
            _sql,
        ),
        Tool(
            "propose_runs",
            "Plan training runs on this machine that settle a question. Starts "
            "nothing: returns a plan_id and a summary to show to the person. Without "
            "learning_rates each run is the most informative next one.",
            {
                "workload": _WORKLOAD,
                "batch_sizes": _list_schema(_BATCH_SIZE, 1, "The batch sizes to run."),
                "learning_rates": _list_schema(
                    _LEARNING_RATE,
                    0,
                    "To run exactly these rates; else they are chosen.",
                ),
                "budget_seconds": {
                    "type": "number",
                    "minimum": 1,
                    "maximum": 24 * 3600,
                    "description": "Time for all runs together; at least one run of "
                    "each batch size is planned all the same.",
                },
                **_SETTING,
            },
            ("workload", "batch_sizes"),
            _propose_runs,
            proposes=True,
        ),
        Tool(
            "propose_cancel",
            "Propose to stop training jobs. Stops nothing: returns a plan_id and a "
            "summary to show to the person.",
            {"jobs": _list_schema(_JOB_ID, 1, "The jobs to stop (see the tool jobs).")},
            ("jobs",),
            _propose_cancel,
            proposes=True,
        ),
        Tool(
            "approve_plan",
            "Carry out a plan that was proposed, once. Call it only after the person "
            "has seen its summary and said yes to it: it starts training on their "
            "machine, stops jobs, or keeps or takes back an observation of theirs.",
            {"plan_id": _text_schema("Such as plan:0123456789ab.", 100)},
            ("plan_id",),
            _approve,
            acts=True,
        ),
    )
}
