"""The table of tools: what each takes and returns, and what it refuses.

The table is what an agent sees, so its schemas are checked against what is done.
"""

import json
import math

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.agents.results import MOST_CHARS, short_result
from advisor.agents.tools import TOOLS, call_tool
from advisor.evidence.scope import AskedValues
from advisor.service import Advisor
from knowledge.errors import (
    AdvisorError,
    BadValueError,
    JobNotFoundError,
    QueryError,
    UnknownWorkloadError,
)

READING = [name for name, tool in TOOLS.items() if not (tool.acts or tool.proposes)]
RIGHT = {
    "recommend": {"workload": "realface", "batch_size": 5},
    "judge": {"workload": "realface", "batch_size": 5, "learning_rate": 6e-5},
    "max_batch": {"workload": "realface", "learning_rate": 3e-5},
    "scaling": {"workload": "realface"},
    "fastest_batch": {"workload": "realface@1/16"},
    "ask": {"question": "what LR for batch 5 on RealFace?"},
    "workloads": {},
    "jobs": {"all": True},
    "verification": {"verification_id": "verification:0123456789ab"},
    "sql": {"query": "select * from claims"},
    "propose_runs": {"workload": "digits_mlp", "batch_sizes": [32]},
    "propose_cancel": {"jobs": ["job:0123456789ab"]},
    "approve_plan": {"plan_id": "plan:0123456789ab"},
}
UNDONE = ("verification", "propose_cancel", "approve_plan")  # nothing is there yet
ANY_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**300)
    | st.floats(allow_nan=True, allow_infinity=True)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def advisor():
    """One store for all: nothing here starts or changes anything that counts."""
    with Advisor.open(":memory:") as opened:
        yield opened


def refused(advisor, name, **arguments) -> str:
    """The sentence with which a call is refused."""
    with pytest.raises(AdvisorError) as caught:
        call_tool(advisor, name, arguments)
    text = str(caught.value)
    assert len(text) < 300
    assert "\n" not in text
    return text


# -- the table -------------------------------------------------------------------------


def test_every_tool_has_a_description_and_arguments_that_are_explained():
    for name, tool in TOOLS.items():
        assert name == tool.name
        assert len(tool.description) > 50
        assert set(tool.required) <= set(tool.properties)
        assert all(what["description"] for what in tool.properties.values()), name


def test_every_schema_is_one_and_allows_the_right_arguments():
    assert set(RIGHT) == set(TOOLS)
    for name, tool in TOOLS.items():
        jsonschema.Draft202012Validator.check_schema(tool.schema)
        jsonschema.validate(RIGHT[name], tool.schema)
        json.dumps(tool.schema, allow_nan=False)


@pytest.mark.parametrize("name", ["recommend", "judge", "max_batch", "fastest_batch"])
def test_whatever_may_be_asked_of_an_answer_may_be_asked_through_a_tool(advisor, name):
    assert AskedValues.__annotations__.keys() <= TOOLS[name].properties.keys()
    asked = {"horizon": 500, "risk": 0.3, "precision": "bf16", "device": "cpu"}
    asked |= {"recipe": "faceswap-3", "optimizer": "adam"}
    used = advisor.recommend("realface", 5, **asked).evidence.used
    asked["exclude"] = [used[-1]]
    method = {"max_batch": "largest_batch"}.get(name, name)
    document = getattr(advisor, method)(**RIGHT[name], **asked).to_dict()
    found = call_tool(advisor, name, {**RIGHT[name], **asked})
    found.pop("evidence_shown", None)
    assert found == short_result(document)


def test_runs_are_proposed_in_the_precision_that_was_named(advisor):
    given = {**RIGHT["propose_runs"], "precision": "bf16"}
    assert call_tool(advisor, "propose_runs", given)["plan"]["precision"] == "bf16"


def test_only_approving_acts():
    assert [name for name, tool in TOOLS.items() if tool.acts] == ["approve_plan"]


# -- results ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in TOOLS if name not in UNDONE])
def test_a_right_call_gives_json_of_a_readable_size(advisor, name):
    document = call_tool(advisor, name, RIGHT[name])
    text = json.dumps(document, allow_nan=False)
    assert len(text) <= MOST_CHARS
    assert json.loads(text) == document


def test_reading_leaves_no_job_and_no_plan(advisor):
    for name in READING:
        if name not in UNDONE:
            call_tool(advisor, name, RIGHT[name])
    assert advisor.jobs() == []
    assert advisor.queue.verifications() == []


def test_recommend_gives_the_rate_with_what_it_rests_on(advisor):
    document = call_tool(advisor, "recommend", RIGHT["recommend"])
    direct = advisor.recommend("realface", 5)
    assert document["learning_rate"] == direct.learning_rate
    assert document["basis"] == "reported"
    assert document["caveats"]
    assert {e["kind"] for e in document["evidence_shown"]} == {"claim"}


def test_judge_gives_a_verdict(advisor):
    assert call_tool(advisor, "judge", RIGHT["judge"])["verdict"] in (
        "safe",
        "risky",
        "unsafe",
        "unknown",
    )


def test_a_question_in_words_is_answered_once_and_not_twice_over(advisor):
    document = call_tool(advisor, "ask", RIGHT["ask"])
    assert document["recommendation"]["workload"] == "realface"
    assert document["recommendations"] == []


def test_a_follow_up_is_understood_from_its_context(advisor):
    document = call_tool(
        advisor,
        "ask",
        {"question": "and at batch 3?", "context": "what LR for batch 5 on RealFace?"},
    )
    assert document["recommendation"]["batch_size"] == 3


def test_a_comparison_keeps_all_its_recommendations(advisor):
    document = call_tool(
        advisor, "ask", {"question": "compare original and dlight at batch 8"}
    )
    assert len(document["recommendations"]) == 2


def test_sql_gives_rows_and_says_when_there_are_more(advisor):
    document = call_tool(advisor, "sql", {"query": "select range as n from range(500)"})
    assert document["columns"] == ["n"]
    assert len(document["rows"]) == 100
    assert document["truncated"]


def test_a_wide_result_keeps_its_columns_beside_its_rows(advisor):
    names = ", ".join(f"{i} as c{i}" for i in range(60))
    document = call_tool(advisor, "sql", {"query": f"select {names}"})
    assert document["rows"] == [list(range(60))]
    assert len(document["columns"]) == 60


def test_a_result_of_many_megabytes_is_cut_and_says_so(advisor):
    document = call_tool(advisor, "sql", {"query": "select repeat('x', 5000000)"})
    (cell,) = document["rows"][0]
    assert cell.endswith("more characters")
    assert len(json.dumps(document)) <= MOST_CHARS


def test_the_columns_of_a_table_can_be_asked_for(advisor):
    rows = call_tool(advisor, "sql", {"query": "describe runs"})["rows"]
    assert "learning_rate" in [row[0] for row in rows]


def test_every_table_that_sql_names_is_there(advisor):
    listed = TOOLS["sql"].description.split("tables ")[1].split(";")[0]
    names = listed.replace(" and ", ", ").split(", ")
    assert len(names) == 8
    for name in names:
        call_tool(advisor, "sql", {"query": f"select * from {name}"})


@settings(deadline=None)  # machines are busy
@given(ANY_JSON)
def test_any_document_becomes_json_of_a_readable_size(value):
    text = json.dumps(short_result({"value": value}), allow_nan=False)
    assert len(text) <= MOST_CHARS


def test_cut_lists_say_how_many_are_missing():
    short = short_result({"ids": list(range(70)), "rows": [[0] * 200]})
    assert short["ids"] == list(range(25))
    assert short["ids_not_shown"] == 45
    assert short["rows"][0][-1] == "... and 100 more"


def test_numbers_that_json_does_not_know_become_null():
    values = [math.nan, math.inf, -math.inf, 1.5]
    assert short_result({"a": values})["a"] == [None, None, None, 1.5]


def test_what_cannot_be_cut_is_refused():
    with pytest.raises(QueryError, match="too large"):
        short_result({f"name {i}": "x" * 90 for i in range(1000)})


# -- what is refused -------------------------------------------------------------------


def test_an_unknown_tool_or_argument_is_named_with_what_there_is(advisor):
    assert "known are recommend, judge" in refused(advisor, "format_disk")
    said = refused(advisor, "jobs", everything=True)
    assert said == "argument is everything: jobs takes all."
    assert "takes no arguments" in refused(advisor, "workloads", x=1)


@pytest.mark.parametrize("name", [name for name in TOOLS if TOOLS[name].required])
def test_a_missing_argument_is_named_also_when_it_is_null(advisor, name):
    for key in TOOLS[name].required:
        lacking = {k: v for k, v in RIGHT[name].items() if k != key}
        assert f"{key} is missing" in refused(advisor, name, **lacking)
        assert f"{key} is missing" in refused(advisor, name, **lacking, **{key: None})


def test_an_optional_argument_that_is_null_counts_as_not_given(advisor):
    given_null = {**RIGHT["recommend"], "optimizer": None, "device": None}
    assert call_tool(advisor, "recommend", given_null) == call_tool(
        advisor, "recommend", RIGHT["recommend"]
    )


def test_arguments_that_are_no_mapping_are_refused(advisor):
    with pytest.raises(BadValueError, match="by name"):
        call_tool(advisor, "jobs", ["all"])


@pytest.mark.parametrize(
    "value",
    [
        *(True, False, 0, -1, 2.5, 10_000_001, 10**30, 10**400, 10**5000, 1e308),
        *(math.nan, math.inf, -math.inf, "five", "", "0x10", [5], {"n": 5}, "nan"),
    ],
    ids=lambda v: type(v).__name__,
)
def test_what_is_no_batch_size_is_refused(advisor, value):
    said = refused(advisor, "recommend", workload="realface", batch_size=value)
    assert "batch_size" in said
    assert "1 to 10,000,000" in said


@pytest.mark.parametrize(
    "value",
    [True, 0, -1e-4, 1e300, 10**400, math.nan, math.inf, "fast", "1,5e-5", [1e-4], {}],
    ids=lambda v: type(v).__name__,
)
def test_what_is_no_learning_rate_is_refused(advisor, value):
    said = refused(
        advisor, "judge", workload="realface", batch_size=5, learning_rate=value
    )
    assert "learning_rate" in said


def test_a_number_written_as_text_is_read_as_the_number(advisor):
    as_text = {"workload": "realface", "batch_size": "5", "learning_rate": "6e-5"}
    assert call_tool(advisor, "judge", as_text) == call_tool(
        advisor, "judge", RIGHT["judge"]
    )


@pytest.mark.parametrize("value", [["realface"], {"a": 1}, 5, True, " ", "x" * 201])
def test_what_is_no_name_is_refused(advisor, value):
    said = refused(advisor, "recommend", workload=value, batch_size=5)
    assert "workload" in said


@pytest.mark.parametrize("name", list(AskedValues.__annotations__))
@pytest.mark.parametrize("value", [[[]], {}, False, "x" * 300])
def test_a_scope_of_the_wrong_kind_is_refused(advisor, name, value):
    said = refused(advisor, "recommend", **RIGHT["recommend"], **{name: value})
    assert said.startswith(f"{name} is ")


def test_names_nobody_knows_are_answered_with_those_that_are_known(advisor):
    with pytest.raises(UnknownWorkloadError, match="Did you mean realface"):
        call_tool(advisor, "recommend", {"workload": "RealFaces", "batch_size": 5})
    said = refused(advisor, "recommend", **RIGHT["recommend"], recipe="nope")
    assert "faceswap-2021" in said
    said = refused(advisor, "recommend", **RIGHT["recommend"], device="tpu")
    assert "cpu, cuda, mps" in said


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("ask", {"question": ["what LR?"]}, "question is"),
        ("ask", {"question": "a" * 4_001}, "at most 4,000 characters"),
        ("ask", {"question": "help", "context": {"a": 1}}, "context is"),
        ("jobs", {"all": "yes"}, "true or false"),
        ("jobs", {"all": 1}, "true or false"),
        ("sql", {"query": 5}, "query is 5"),
        ("sql", {"query": "delete from runs"}, "Only one SELECT"),
        ("sql", {"query": "select 1; drop table runs"}, "Only one SELECT"),
        ("sql", {"query": "copy runs to 'x.csv'"}, "Only one SELECT"),
        ("sql", {"query": "attach 'x.db'"}, "Only one SELECT"),
        ("sql", {"query": "select * from read_text('/etc/passwd')"}, "query failed"),
        ("verification", {"verification_id": "../x"}, "No verification"),
        ("propose_cancel", {"jobs": []}, "a list of 1 to 16"),
        ("propose_cancel", {"jobs": "job:1"}, "a list of 1 to 16"),
        ("propose_cancel", {"jobs": [3]}, "jobs is 3"),
        ("approve_plan", {"plan_id": "plan:../../x"}, "no plan's id"),
        ("approve_plan", {"plan_id": ["plan:0123456789ab"]}, "plan_id is"),
    ],
)
def test_other_wrong_values_are_refused_in_a_sentence(advisor, name, arguments, said):
    assert said in refused(advisor, name, **arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"batch_sizes": []}, "a list of 1 to 16"),
        ({"batch_sizes": 32}, "a list of 1 to 16"),
        ({"batch_sizes": list(range(1, 18))}, "a list of 1 to 16"),
        ({"batch_sizes": [32, True]}, "batch_sizes is True"),
        ({"batch_sizes": [5000]}, "1437 examples"),
        ({"batch_sizes": [32], "learning_rates": [0.0]}, "learning_rates is 0"),
        ({"batch_sizes": [32], "learning_rates": 0.1}, "a list of 0 to 16"),
        ({"batch_sizes": [32], "budget_seconds": True}, "budget_seconds is True"),
        ({"batch_sizes": [32], "budget_seconds": 1e9}, "1 to 86,400"),
        ({"batch_sizes": [32], "budget_seconds": math.nan}, "1 to 86,400"),
    ],
)
def test_runs_that_cannot_be_made_are_not_even_proposed(advisor, arguments, said):
    before = list((advisor.store.folder / "proposals").glob("*"))
    assert said in refused(advisor, "propose_runs", workload="digits_mlp", **arguments)
    assert list((advisor.store.folder / "proposals").glob("*")) == before


@settings(deadline=None)  # machines are busy
@given(st.sampled_from(sorted(TOOLS)), st.data())
def test_whatever_arrives_is_checked_before_anything_is_done(name, data):
    """With no advisor at all: arguments of the wrong kind never reach the work."""
    tool = TOOLS[name]
    key = data.draw(st.sampled_from([*tool.properties, "something else"]))
    value = data.draw(ANY_JSON.filter(lambda v: not isinstance(v, str | None)))
    arguments = {**RIGHT[name], key: value}
    try:
        jsonschema.validate(arguments, tool.schema)
    except jsonschema.ValidationError:
        with pytest.raises(BadValueError):
            call_tool(None, name, arguments)


# -- proposing -------------------------------------------------------------------------


def test_proposed_runs_wait_and_nothing_has_started(advisor):
    document = call_tool(
        advisor, "propose_runs", {**RIGHT["propose_runs"], "budget_seconds": 20}
    )
    waiting = advisor.proposals.find(document["plan_id"])
    assert waiting.summary == document["summary"]
    assert "as many as fit into about 20 s" in document["summary"]
    assert "Nothing has started" in document["next"]
    assert advisor.jobs() == []


def test_a_full_size_face_model_is_planned_through_a_narrow_copy(advisor):
    document = call_tool(
        advisor, "propose_runs", {"workload": "realface", "batch_sizes": [5]}
    )
    assert {run["workload"] for run in document["plan"]["runs"]} == {"realface@1/16"}


def test_what_cannot_be_trained_here_gets_no_plan_id(advisor, tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text(
        "workload,optimizer,batch_size,learning_rate,metric_name,metric_value,"
        "steps_or_tokens,source\nmine,adam,8,0.001,val_loss,0.5,100,me\n"
    )
    advisor.import_runs(path)
    document = call_tool(
        advisor, "propose_runs", {"workload": "mine", "batch_sizes": [8]}
    )
    assert document["plan_id"] is None
    assert "cannot be trained here" in document["summary"]


@pytest.mark.parametrize("asked", [{"recipe": "faceswap-3"}, {"optimizer": "lion"}])
def test_what_cannot_be_trained_so_gets_no_plan_id_either(advisor, asked):
    document = call_tool(advisor, "propose_runs", {**RIGHT["propose_runs"], **asked})
    assert document["plan_id"] is None
    assert document["plan"]["runs"] == []
    assert "cannot be trained" in document["summary"]


def test_a_job_nobody_knows_cannot_be_stopped(advisor):
    with pytest.raises(JobNotFoundError):
        call_tool(advisor, "propose_cancel", RIGHT["propose_cancel"])
