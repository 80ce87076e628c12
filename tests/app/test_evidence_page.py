"""The Evidence page: tables with filters and downloads, the query box, import."""

import io
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from advisor.service import Advisor
from advisor.ui.evidence.importing import TEMPLATE, import_upload
from advisor.ui.evidence.kept_queries import (
    FILE,
    KeptQueries,
    load_queries,
    note_run,
    save_query,
)
from advisor.ui.evidence.queries import EXAMPLES
from advisor.ui.tables import (
    FILTERS,
    TableView,
    count_rows,
    csv_bytes,
    load_rows,
    parquet_bytes,
    result_frame,
    values_of,
)
from knowledge.errors import BadValueError, ImportFileError
from knowledge.records import Outcome
from knowledge.store.sql_box import QueryResult
from tests.app.pages import OpenPage, proxy_run, show_tab, texts

CSV = (
    "workload,optimizer,batch_size,learning_rate,metric_name,metric_value,"
    "steps_or_tokens,source\n"
    "mine/a,adam,8,0.001,loss,0.5,100,me\n"
    "mine/a,adam,0,0.001,loss,0.5,100,me\n"
)


@pytest.fixture
def two_runs(advisor: Advisor) -> None:
    """A run that held and one that failed."""
    advisor.store.record_run(proxy_run(1, rate=1e-3, outcome=Outcome.STABLE))
    advisor.store.record_run(proxy_run(2, rate=1e-2, outcome=Outcome.DIVERGED))


def test_an_empty_table_says_where_rows_come_from(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """A new store has reports and no run."""
    at = show_tab(open_page("evidence"), "Tables")
    assert "Runs come from verifications and imports" in texts(at)


@pytest.mark.parametrize("table", FILTERS)
def test_every_table_can_be_looked_at(
    advisor: Advisor, open_page: OpenPage, two_runs: None, table: str
) -> None:
    """With its number of rows."""
    advisor.ask("help")
    at = show_tab(open_page("evidence"), "Tables")
    at.segmented_control(key="evidence_table").set_value(table).run()
    assert not at.exception
    count = count_rows(advisor, TableView(table))
    assert f"**{count:,} row" in texts(at)
    assert len(at.dataframe) == (count > 0)


def test_filters_narrow_rows_and_count(
    advisor: Advisor, open_page: OpenPage, two_runs: None
) -> None:
    """Only what was asked for is counted and shown."""
    at = show_tab(open_page("evidence"), "Tables")
    at.multiselect(key="evidence_runs_outcome").set_value(["diverged"]).run()
    assert not at.exception
    assert "**1 row**" in texts(at)
    assert list(at.dataframe[0].value["outcome"]) == ["✕ failed at step 20"]


def test_claims_show_source_reliability_and_our_reading(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """What is inferred stands in a column of its own."""
    at = show_tab(open_page("evidence"), "Tables")
    at.segmented_control(key="evidence_table").set_value("claims").run()
    columns = set(at.dataframe[0].value.columns)
    assert {"source_title", "reliability", "inferred", "statement"} <= columns


def test_downloads_hold_the_filtered_rows(advisor: Advisor, two_runs: None) -> None:
    """Both files say the same as the table."""
    view = TableView("runs", (("outcome", ("stable",)),))
    frame = load_rows(advisor, view)
    from_csv = pd.read_csv(io.BytesIO(csv_bytes(frame)))
    from_parquet = pd.read_parquet(io.BytesIO(parquet_bytes(frame)))
    assert list(from_csv["id"]) == list(from_parquet["id"]) == list(frame["id"])
    assert len(frame) == 1


def test_a_value_that_looks_like_sql_is_only_a_value(advisor: Advisor) -> None:
    """Filters go in as parameters."""
    view = TableView("runs", (("workload", ("x'; drop table runs; --",)),))
    assert count_rows(advisor, view) == 0
    assert count_rows(advisor, TableView("runs")) == 0


def test_a_column_that_is_no_filter_is_a_mistake_of_ours(advisor: Advisor) -> None:
    """Names never come from a person."""
    with pytest.raises(ValueError, match="not filtered by"):
        values_of(advisor, "runs", "1; select 1")
    with pytest.raises(ValueError, match="not filtered by"):
        TableView("runs", (("nope", ("x",)),)).where()


def test_the_example_query_runs(
    advisor: Advisor, open_page: OpenPage, two_runs: None
) -> None:
    """A newcomer presses the button and sees rows."""
    at = show_tab(open_page("evidence"), "SQL")
    at.button(key="evidence_run_sql").click().run()
    assert not at.exception
    assert not at.error
    assert list(at.dataframe[-1].value["learning_rate"]) == [1e-3, 1e-2]


@pytest.mark.parametrize(
    "query",
    ["delete from runs", "selec 1", "select * from read_csv('/etc/passwd')", ""],
)
def test_a_query_that_is_refused_is_one_sentence(
    advisor: Advisor, open_page: OpenPage, query: str
) -> None:
    """The page stays, and the rows of an earlier query are gone."""
    at = show_tab(open_page("evidence"), "SQL")
    at.button(key="evidence_run_sql").click().run()
    at.text_area(key="evidence_sql").set_value(query)
    at.button(key="evidence_run_sql").click().run()
    assert not at.exception
    assert len(at.error) == 1
    assert at.session_state["evidence_result"] is None


def test_a_long_result_says_that_it_was_cut(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """Nobody takes the first thousand rows for all."""
    at = show_tab(open_page("evidence"), "SQL")
    at.text_area(key="evidence_sql").set_value("select * from range(5000)")
    at.button(key="evidence_run_sql").click().run()
    assert "More rows match" in at.warning[0].value


def test_columns_of_the_same_name_are_told_apart() -> None:
    """A table needs names that differ."""
    result = QueryResult(("a", "a", "a_2"), ((1, 2, 3),), truncated=False)
    frame = result_frame(result)
    assert len(set(frame.columns)) == 3
    assert list(frame.iloc[0]) == [1, 2, 3]


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ((1.5, "inf", None), [1.5, float("inf"), None]),
        (("inf", "info", None), ["inf", "info", None]),
        ((1, "x", True), ["1", "x", "true"]),
        ((True, False, None), [True, False, None]),
        (([1, "ß"], {"a": None}, None), ['[1, "ß"]', '{"a": null}', None]),
        ((2**63, 1), [str(2**63), "1"]),
        ((-(2**63) + 1, 1), [-(2**63) + 1, 1]),
    ],
)
def test_a_column_of_a_result_holds_one_type(
    values: tuple[object, ...], shown: list[object]
) -> None:
    """Streamlit complains in the terminal of any other."""
    rows = tuple((value,) for value in values)
    column = result_frame(QueryResult(("a",), rows, truncated=False))["a"]
    expected = pd.Series(shown, name="a")
    pd.testing.assert_series_equal(column, expected)


def test_a_result_without_rows_still_has_its_columns() -> None:
    """Whoever asks sees what was looked for."""
    frame = result_frame(QueryResult(("a", "b"), (), truncated=False))
    assert list(frame.columns) == ["a", "b"]
    assert frame.empty


def test_an_upload_keeps_good_rows_and_names_bad_ones(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """The report gives line and reason; a second upload adds nothing."""
    at = show_tab(open_page("evidence"), "Import")
    at.file_uploader(key="evidence_upload").set_value(
        ("r.csv", CSV.encode(), "text/csv")
    )
    at.run()
    at.button(key="evidence_import").click().run()
    assert not at.exception
    assert "1 run added, 0 known already, 1 rejected" in at.warning[0].value
    assert list(at.dataframe[-1].value["line"]) == [3]
    at.button(key="evidence_import").click().run()
    assert "0 runs added, 1 known already" in at.warning[0].value
    assert not at.success


def test_what_an_upload_does_not_say_is_asked_for_in_fields_and_previewed(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """Nothing is kept before it is complete; the rows are shown as they would be."""
    at = show_tab(open_page("evidence"), "Import")
    content = b"number,value,params_lr,params_batch_size,state\n0,0.8,1e-3,8,COMPLETE\n"
    at.file_uploader(key="evidence_upload").set_value(("t.csv", content, "text/csv"))
    at.run()
    at.button(key="evidence_import").click().run()
    assert at.error[0].value.startswith("t.csv does not say the workload and the opt")
    at.text_input(key="evidence_said_workload").set_value("net")
    at.text_input(key="evidence_said_optimizer").set_value("adam")
    at.text_input(key="evidence_said_accumulation").set_value("4").run()
    assert not at.dataframe
    at.selectbox(key="evidence_said_goal").set_value("max").run()
    assert "1 run to add" in texts(at)
    assert list(at.dataframe[0].value["batch_size"]) == [32]
    assert count_rows(advisor, TableView("runs")) == 0
    at.button(key="evidence_import").click().run()
    assert not at.exception
    assert "1 run added, 0 known already, 0 rejected" in at.success[0].value
    (run,) = advisor.store.runs()
    assert (run.workload, run.batch_size, run.goal) == ("net", 32, "max")


def test_a_column_of_an_odd_name_is_chosen_among_those_of_the_file(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """What is chosen is what the preview shows; columns of words are no rates."""
    at = show_tab(open_page("evidence"), "Import")
    content = b"model,algo,n,speed,note,val_loss\nnet,lion,24,3e-4,ok,0.7\n"
    at.file_uploader(key="evidence_upload").set_value(("t.csv", content, "text/csv"))
    at.run()
    rate = at.selectbox(key="evidence_column_learning_rate")
    assert rate.options == ["n", "speed"]
    rate.set_value("speed")
    at.selectbox(key="evidence_column_batch_size").set_value("n")
    at.selectbox(key="evidence_column_optimizer").set_value("algo").run()
    assert not at.exception
    assert list(at.dataframe[0].value["learning_rate"]) == ["3e-4"]
    at.button(key="evidence_import").click().run()
    (run,) = advisor.store.runs()
    assert (run.optimizer, run.batch_size, run.metric_value) == ("lion", 24, 0.7)


def test_a_value_of_an_upload_that_cannot_be_right_is_one_sentence(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """The page stays, and nothing is kept."""
    at = show_tab(open_page("evidence"), "Import")
    at.file_uploader(key="evidence_upload").set_value(
        ("r.csv", CSV.encode(), "text/csv")
    )
    at.run()
    at.text_input(key="evidence_said_devices").set_value("many").run()
    assert not at.exception
    at.button(key="evidence_import").click().run()
    (error,) = at.error
    assert "such as 16" in error.value
    assert count_rows(advisor, TableView("runs")) == 0


def test_a_file_that_is_no_table_is_one_sentence(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """Missing columns are named, nothing is added."""
    at = show_tab(open_page("evidence"), "Import")
    at.file_uploader(key="evidence_upload").set_value(
        ("r.csv", b"a,b\n1,2\n", "text/csv")
    )
    at.run()
    at.button(key="evidence_import").click().run()
    assert not at.exception
    assert len(at.error) == 1
    assert count_rows(advisor, TableView("runs")) == 0


def test_the_outcome_map_shows_how_a_workload_s_runs_ended(
    advisor: Advisor, open_page: OpenPage, two_runs: None
) -> None:
    """With the counts in words below the chart."""
    at = show_tab(open_page("evidence"), "Outcome map")
    assert at.selectbox(key="evidence_map_of").value == "realface@1/16"
    assert "RealFace@1/16, faceswap-2021: 1 held, 1 failed." in texts(at)
    at.segmented_control(key="evidence_map_by").set_value("run length").run()
    assert not at.exception
    assert "After 150 steps: 1 held, 1 failed" in texts(at)
    assert at.selectbox(key="evidence_map_recipe").value == "faceswap-2021"


def test_a_map_without_runs_says_where_outcomes_come_from(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """A new store has claims and no run."""
    assert "No run has an outcome yet" in texts(
        show_tab(open_page("evidence"), "Outcome map")
    )


def test_a_run_that_a_person_tells_of_counts_until_it_is_undone(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """With a sentence on what was kept, and a button that takes it back."""
    before = advisor.recommend("realface", 5)
    at = show_tab(open_page("evidence"), "Tell")
    at.text_input(key="evidence_tell_workload").set_value("RealFace")
    at.text_input(key="evidence_tell_batch").set_value("5")
    at.text_input(key="evidence_tell_rate").set_value("2e-5")
    at.selectbox(key="evidence_tell_outcome").set_value("diverged")
    at.text_input(key="evidence_tell_steps").set_value("20000")
    at.button(key="evidence_tell_keep").click().run()
    assert not at.exception
    assert not at.error
    assert "RealFace at batch 5, 2e-5" in at.success[0].value
    assert advisor.recommend("realface", 5).learning_rate < before.learning_rate
    at.button(key="evidence_tell_undo").click().run()
    assert "Taken back" in at.success[0].value
    assert advisor.recommend("realface", 5) == before
    assert not [b for b in at.button if b.key == "evidence_tell_undo"]


def test_a_run_that_cannot_be_right_is_one_sentence_and_keeps_what_was_typed(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """Nothing is kept."""
    at = show_tab(open_page("evidence"), "Tell")
    at.text_input(key="evidence_tell_workload").set_value("mine")
    at.button(key="evidence_tell_keep").click().run()
    assert not at.exception
    assert len(at.error) == 1
    assert at.text_input(key="evidence_tell_workload").value == "mine"
    assert advisor.library.told() == []


# -- queries ---------------------------------------------------------------------------


def test_a_query_is_kept_under_a_name_and_those_that_ran_are_found_again(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """In every later session, too: they lie beside the store."""
    at = show_tab(open_page("evidence"), "SQL")
    at.text_area(key="evidence_sql").set_value("select 41 + 1 as n")
    at.button(key="evidence_run_sql").click().run()
    assert list(at.dataframe[-1].value["n"]) == [42]
    at.text_input(key="evidence_query_name").set_value("Forty-two")
    at.button(key="evidence_query_save").click().run()
    assert not at.exception

    later = show_tab(open_page("evidence"), "SQL")
    saved = later.menu_button(key="evidence_saved_queries")
    assert saved.options == ["Forty-two"]
    saved.set_value("Forty-two").run()
    assert later.text_area(key="evidence_sql").value == "select 41 + 1 as n"
    earlier = later.menu_button(key="evidence_earlier_queries")
    assert earlier.options == ["select 41 + 1 as n"]
    later.selectbox(key="evidence_query_gone").set_value("Forty-two").run()
    later.button(key="evidence_query_delete").click().run()
    assert not later.exception
    assert load_queries(advisor.store.folder).saved == {}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_runs_on_a_new_store(
    advisor: Advisor, open_page: OpenPage, name: str
) -> None:
    """Whoever learns from it must not begin with an error."""
    at = show_tab(open_page("evidence"), "SQL")
    at.menu_button(key="evidence_examples_queries").set_value(name).run()
    assert at.text_area(key="evidence_sql").value == EXAMPLES[name]
    at.button(key="evidence_run_sql").click().run()
    assert not at.exception
    assert not at.error


def test_the_columns_stand_beside_the_box(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """Of whatever table is looked up."""
    at = show_tab(open_page("evidence"), "SQL")
    at.selectbox(key="evidence_columns_of").set_value("forecasts").run()
    assert "probability_stable" in list(at.dataframe[0].value["column"])


@pytest.mark.parametrize("content", [b"", b"[]", b'{"saved": 3}', b"\xff"])
def test_a_damaged_file_of_queries_is_as_good_as_none(
    tmp_path: Path, content: bytes
) -> None:
    """It is a convenience, and no reason for an error."""
    (tmp_path / FILE).write_bytes(content)
    assert load_queries(tmp_path) == KeptQueries()
    note_run(tmp_path, "select 1")
    note_run(tmp_path, "select 2")
    note_run(tmp_path, "select 1")
    assert load_queries(tmp_path).run == ["select 1", "select 2"]
    with pytest.raises(BadValueError):
        save_query(tmp_path, "  ", "select 1")


# -- what a row opens ------------------------------------------------------------------


def click(at: AppTest, row: int, column: str) -> AppTest:
    """Click a cell of the first table on the page."""
    key = str(at.dataframe[0].proto.id).split("-", 2)[2]
    selection = {"rows": [], "columns": [], "cells": [(row, column)]}
    at.session_state[key] = {"selection": selection}
    at.run()
    assert not at.exception
    return at


def test_a_row_of_runs_opens_the_run(
    advisor: Advisor, open_page: OpenPage, two_runs: None
) -> None:
    """Wherever it is clicked."""
    at = click(show_tab(open_page("evidence"), "Tables"), 0, "seed")
    assert at.header[0].value.startswith("RealFace@1/16 at batch 5, 1e-")


def test_reports_carry_the_verdict_of_the_runs_and_open(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """Those that were tested first; without runs nothing is decided."""
    at = show_tab(open_page("evidence"), "Reports")
    rows = at.dataframe[0].value
    assert set(rows["verdict"]) == {"◐ undecided", "○ not tested"}
    assert rows["verdict"][0] == "◐ undecided"
    reports = sum(not name.startswith("implied:") for name in rule_ids(advisor))
    assert len(rows) >= len(advisor.library.claims()) > reports
    place = list(rows["rate"]).index("8.5e-5")
    shown = texts(click(at, place, "source"))
    assert "RealFace at batch 3" in shown
    assert "Our reading: " in shown


def rule_ids(advisor: Advisor) -> list[str]:
    """Return the ids of the rules that are tested."""
    return [verdict.id for verdict in advisor.scaling().claims]


# -- the map and the import ------------------------------------------------------------


def test_the_map_is_first_of_the_model_asked_about_last(
    advisor: Advisor, open_page: OpenPage, two_runs: None
) -> None:
    """Of a narrow copy of it if that is what was run; else of a face model."""
    other = replace(proxy_run(0, rate=1.0, outcome=Outcome.STABLE), workload="mine/b")
    for number in range(5, 9):
        advisor.store.record_run(replace(other, id=f"run:{number}"))
    at = open_page("evidence")
    assert at.selectbox(key="evidence_map_of").value == "realface@1/16"
    advisor.ask("what LR for batch 5 on mine/b?")
    at = open_page("evidence")
    assert at.selectbox(key="evidence_map_of").value == "mine/b"
    advisor.ask("what LR for batch 5 on realface?")
    at = open_page("evidence")
    assert at.selectbox(key="evidence_map_of").value == "realface@1/16"


def test_the_template_can_be_imported_as_it_is(advisor: Advisor) -> None:
    """Whoever fills it in begins with something that works."""
    report = import_upload(advisor, "t.csv", TEMPLATE.encode(), {}, dry_run=True)
    assert (report.added, report.rejected, report.asked) == (3, (), ())


def test_after_an_import_its_model_is_one_click_from_being_asked_about(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """A whole file is green; one with lines left out is not."""
    at = show_tab(open_page("evidence"), "Import")
    upload = ("t.csv", TEMPLATE.encode(), "text/csv")
    at.file_uploader(key="evidence_upload").set_value(upload)
    at.run()
    at.button(key="evidence_import").click().run()
    assert "3 runs added" in at.success[0].value
    (link,) = at.get("page_link")
    assert link.label == "Ask about my-model"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("photo.png", b"\x89PNG\r\n\x1a\n\x00\x00"),
        ("odd:name?.csv", b"a,b\n1,2\n"),
        ("no rows.csv", b""),
    ],
)
def test_a_file_that_is_refused_is_called_as_it_was_uploaded(
    advisor: Advisor, name: str, content: bytes
) -> None:
    """Nobody knows the temporary file."""
    with pytest.raises(ImportFileError) as refused:
        import_upload(advisor, name, content, {}, dry_run=True)
    assert name in str(refused.value)
    assert "lr-advisor-upload" not in str(refused.value)
