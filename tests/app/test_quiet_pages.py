"""Pages say nothing in the terminal, whatever the store holds, and build what is open.

A table or a chart with two types in a column is drawn after all, but Streamlit writes a
traceback of pyarrow for it each time somebody looks.
"""

import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from advisor.charts.outcome_map import Panels
from advisor.conversation.history import list_conversations
from advisor.service import Advisor
from advisor.statistics.fitting import Fitter
from advisor.ui import outcome_maps, resources
from advisor.ui.tables import FILTERS
from knowledge.records import Curve, Outcome, Run
from tests.app.pages import OpenPage, proxy_run, show_tab

QUESTIONS = (
    "what LR for batch 5 on RealFace?",
    "what LR for batch 8 on odd/a?",
    "Show the runs of odd/a",
    "Show the runs of digits_cnn at batch 64",
    "Compare realface and dlight at batch 8",
    "How does the learning rate scale with batch size for digits_mlp?",
    "What is the largest batch for lr 1e-4 on original?",
    "Which batch size is fastest on realface@1/16?",
    "What is warm-up?",
)
# AppTest works outside of any session, which Streamlit remarks upon.
OF_THE_TESTS = "missing ScriptRunContext"
# Values that a table of text and numbers does not hold as they are.
ODD_SQL = (
    "select 'inf'::double as x union all select 1",
    "select [1.5, 'nan'::double] as list, {'a': 1} as struct, null as nothing",
    "select 2::hugeint ^ 100 as a, 170141183460469231731687303715884105727 as b",
    "select true as yes, date '2026-01-01' as day, 1.50::decimal(5, 2) as price",
)


class Heard(logging.Handler):
    """What was logged."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if OF_THE_TESTS in record.getMessage():
            return
        cause = record.exc_info[1] if record.exc_info else ""
        self.lines.append(f"{record.name}: {record.getMessage()} {cause}".strip())


@pytest.fixture
def heard(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[str]]:
    """What the libraries that draw logged; nothing else was written to stderr."""
    # Streamlit's own handlers may hold the stderr of a test that is over.
    monkeypatch.setattr(logging, "raiseExceptions", False)
    handler = Heard()
    loggers = [
        logging.getLogger(name)
        for name in [None, *logging.root.manager.loggerDict]
        if name is None or name.split(".")[0] in ("streamlit", "pyarrow", "altair")
    ]
    for logger in loggers:
        logger.addHandler(handler)
    capfd.readouterr()
    yield handler.lines
    for logger in loggers:
        logger.removeHandler(handler)
    written = capfd.readouterr().err.splitlines()
    assert [line for line in written if OF_THE_TESTS not in line] == []


def odd_runs() -> list[Run]:
    """Runs as other people's files tell of them: with holes, and each with others."""
    bare = Run(
        id="run:odd-0",
        workload="odd/a",
        batch_size=8,
        learning_rate=1.0,
        optimizer="adam",
        recipe=None,
        source="somebody",
    )
    scored = {"metric_name": "loss", "goal": "min"}
    return [
        bare,
        replace(bare, id="run:odd-1", outcome=Outcome.STABLE, steps=100, seed=0),
        replace(bare, id="run:odd-2", outcome=Outcome.DIVERGED, failed_at_step=3),
        replace(bare, id="run:odd-3", outcome=Outcome.INCOMPLETE, batch_size=2**30),
        replace(bare, id="run:odd-4", metric_value=1.0, learning_rate=1e-30, **scored),
        replace(bare, id="run:odd-5", metric_value=-5e300, seed=2**40, **scored),
        replace(bare, id="run:odd-6", workload="ödd & <b>", recipe="$x$", device="tpu"),
        replace(
            bare,
            id="run:odd-7",
            workload="realface",
            outcome=Outcome.DEGRADED,
            failed_at_step=5,
            steps=10,
            horizon_steps=10_000,
        ),
    ]


def fill_oddly(advisor: Advisor) -> None:
    """Odd runs, a measured one with an odd curve, a forecast of it and a speed."""
    advisor.store.record_runs(odd_runs())
    losses = (1.0, float("nan"), float("inf"), 2.0)
    run = replace(proxy_run(1, rate=1e-3, outcome=Outcome.STABLE), seconds=None)
    advisor.store.record_run(run, Curve(losses, {"sharpness": ((1, float("nan")),)}))
    advisor.store.record_run(proxy_run(2, rate=1e-2, outcome=Outcome.DIVERGED))


@pytest.fixture(scope="module", params=["with the study", "empty", "odd"])
def any_store(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    fitter: Fitter,
) -> Iterator[Advisor]:
    """A store as it ships, one without anything, and one with odd runs; all asked."""
    seeded = request.param != "empty"
    folder = tmp_path_factory.mktemp("quiet") / "store"
    with Advisor.open(folder, seeded=seeded, study=seeded, fitter=fitter) as opened:
        if request.param == "odd":
            fill_oddly(opened)
        first = opened.ask("help").answer_id
        for question in QUESTIONS:
            opened.ask(question, conversation=first)
        yield opened


@pytest.fixture
def visited(
    any_store: Advisor, advisor: Advisor, monkeypatch: pytest.MonkeyPatch
) -> Advisor:
    """That store in the place of the cached one."""
    monkeypatch.setattr(resources, "advisor", lambda: any_store)
    return any_store


@pytest.mark.parametrize("name", ["runs", "track_record", "history", "help"])
def test_a_page_writes_nothing_to_the_terminal(
    visited: Advisor, open_page: OpenPage, heard: list[str], name: str
) -> None:
    open_page(name)
    assert heard == []


def test_a_conversation_writes_nothing_to_the_terminal(
    visited: Advisor, open_page: OpenPage, heard: list[str]
) -> None:
    """With every kind of table and chart an answer may have."""
    (conversation,) = list_conversations(visited.store)
    open_page("ask", c=conversation.id)
    assert heard == []


def test_single_runs_write_nothing_to_the_terminal(
    visited: Advisor, open_page: OpenPage, heard: list[str]
) -> None:
    """Ours with curves, those of the study, and those of which little is known."""
    runs = {
        (run.source, run.workload, run.outcome): run for run in visited.store.runs()
    }
    for run in list(runs.values())[:12]:
        open_page("runs", run=run.id)
    assert heard == []


def test_the_evidence_page_writes_nothing_to_the_terminal(
    visited: Advisor, open_page: OpenPage, heard: list[str]
) -> None:
    """Whatever table or map is looked at."""
    at = show_tab(open_page("evidence"), "Tables")
    for table in FILTERS:
        at.segmented_control(key="evidence_table").set_value(table).run()
        assert not at.exception
    show_tab(at, "Reports")
    show_tab(at, "Outcome map")
    for _ in visited.store.rows("select 1 from runs where workload = 'odd/a' limit 1"):
        at.selectbox(key="evidence_map_of").set_value("odd/a").run()
        at.segmented_control(key="evidence_map_by").set_value("run length").run()
        assert not at.exception
    show_tab(at, "Import")
    assert heard == []


@pytest.mark.parametrize("query", ODD_SQL)
def test_the_rows_of_a_query_write_nothing_to_the_terminal(
    advisor: Advisor, open_page: OpenPage, heard: list[str], query: str
) -> None:
    """Whatever types they have."""
    at = show_tab(open_page("evidence"), "SQL")
    at.text_area(key="evidence_sql").set_value(query)
    at.button(key="evidence_run_sql").click().run()
    assert not at.exception
    assert not at.error
    assert heard == []


def test_a_column_of_two_types_would_be_heard(heard: list[str]) -> None:
    """Else the tests above would hold whatever the pages draw."""

    def page() -> None:
        import streamlit as st

        st.dataframe([{"a": 1}, {"a": ""}])

    assert not AppTest.from_function(page).run().exception
    assert len(heard) == 1
    assert "Arrow" in heard[0]


def test_the_map_is_built_only_while_its_tab_is_open(
    advisor: Advisor, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes a while, and most look at something else."""
    built = []
    build = outcome_maps.build_panels

    def count(panels: Panels) -> object:
        built.append(panels)
        return build(panels)

    monkeypatch.setattr(outcome_maps, "build_panels", count)
    advisor.store.record_run(proxy_run(1, rate=1e-3, outcome=Outcome.STABLE))
    at = show_tab(open_page("evidence"), "Tables")
    built.clear()
    at.segmented_control(key="evidence_table").set_value("claims").run()
    assert built == []
    show_tab(at, "SQL")
    assert built == []
    show_tab(at, "Outcome map")
    assert len(built) == 1


def test_what_was_chosen_stays_while_another_tab_is_open(
    advisor: Advisor, open_page: OpenPage
) -> None:
    at = show_tab(open_page("evidence"), "Tables")
    at.segmented_control(key="evidence_table").set_value("claims").run()
    at.multiselect(key="evidence_claims_kind").set_value(["bound"]).run()
    show_tab(at, "SQL")
    at.text_area(key="evidence_sql").set_value("select 1 as one").run()
    show_tab(at, "Tables")
    assert at.segmented_control(key="evidence_table").value == "claims"
    assert at.multiselect(key="evidence_claims_kind").value == ["bound"]
    show_tab(at, "SQL")
    assert at.text_area(key="evidence_sql").value == "select 1 as one"
