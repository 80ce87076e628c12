"""The Ask page: questions, follow-ups, plans, and what happens when it goes wrong."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from advisor.conversation.asking_back import EXAMPLES
from advisor.evidence.scope import Asked
from advisor.rates import fit_text
from advisor.service import Advisor
from advisor.ui import plans, resources
from advisor.ui.turns import Turn, ask_turn
from knowledge.errors import BadValueError, StoreBusyError
from knowledge.names import WorkloadName
from knowledge.outcome import RULE_VERSION
from knowledge.records import Curve, Outcome
from tests.app.pages import OpenPage, proxy_run, texts

QUESTION = "What LR for batch 5 on RealFace?"


def ask(at: AppTest, question: str) -> AppTest:
    """Type a question and send it."""
    at.chat_input(key="ask_input").set_value(question).run()
    assert not at.exception
    return at


def metric(at: AppTest, label: str) -> str:
    """Return the value of the last metric with this label."""
    return [m.value for m in at.metric if m.label == label][-1]


@pytest.mark.parametrize("page", ["ask", "app"])
def test_an_empty_conversation_offers_three_questions(
    advisor: Advisor, open_page: OpenPage, page: str
) -> None:
    """A newcomer sees what this is and can begin without typing."""
    at = open_page(page)
    assert "learning rate" in at.title[0].value
    assert list(at.pills(key="ask_example").options) == list(EXAMPLES)


@pytest.mark.parametrize("page", ["ask", "app"])
def test_a_question_is_answered_with_rate_chart_evidence_and_plan(
    advisor: Advisor, open_page: OpenPage, page: str
) -> None:
    """The happy path, in the page alone and through the app."""
    at = ask(open_page(page), QUESTION)
    r = advisor.recommend("realface", 5)
    assert r.learning_rate is not None
    assert float(metric(at, "Start at")) == r.shown["learning_rate"]
    assert at.get("vega_lite_chart") or at.get("arrow_vega_lite_chart")
    labels = [expander.label for expander in at.expander]
    assert f"Evidence: {r.evidence.n_claims} reports" in labels
    assert any(label.startswith("Limits of the evidence") for label in labels)
    assert "Copy the settings" in labels
    assert at.button(key="ask_run_0").label == "Run"
    shown = texts(at)
    assert "RealFace at batch 5" in shown
    assert "highest setting" in shown


def test_the_evidence_lists_claims_and_the_sql_that_shows_them(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """What an answer rests on is one click away, with ids; the query really works."""
    at = ask(open_page("ask"), QUESTION)
    query = next(code.value for code in at.code if "select * from claims" in code.value)
    rows = advisor.sql(query).rows
    assert len(rows) == advisor.recommend("realface", 5).evidence.n_claims
    assert any("claim:forum-2021/realface-5-stable" in row for row in rows)


def test_an_example_is_asked_when_it_is_pressed(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """A pill is a question."""
    at = open_page("ask")
    at.pills(key="ask_example").set_value(EXAMPLES[1]).run()
    assert not at.exception
    assert any("at batch 6 is" in m.label for m in at.metric)


def test_a_question_in_the_address_is_asked_once(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """A link may carry a question; drawing the page again must not repeat it."""
    at = open_page("ask", q=QUESTION)
    at.run()
    assert len(at.session_state["ask_turns"]) == 1
    assert "q" not in at.query_params


def test_a_chain_of_follow_ups_keeps_the_workload(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """The second follow-up knows what only the first question said."""
    at = ask(open_page("ask"), QUESTION)
    ask(at, "and at batch 3?")
    ask(at, "and batch 12?")
    found = [turn.answer.slots for turn in at.session_state["ask_turns"]]
    assert [slots["batch_size"] for slots in found] == [5, 3, 12]
    assert {slots["workload"] for slots in found} == {"realface"}


def test_help_in_between_does_not_lose_the_thread(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """A turn without slots hands on the context it had."""
    at = ask(open_page("ask"), QUESTION)
    ask(at, "help")
    ask(at, "and at batch 3?")
    assert at.session_state["ask_turns"][-1].answer.slots["workload"] == "realface"


def test_what_is_missing_is_asked_for_with_options(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """Pressing options one after the other completes the question."""
    at = ask(open_page("ask"), "what lr?")
    pills = at.pills(key="ask_option_0")
    assert "RealFace" in pills.options
    pills.set_value("RealFace").run()
    at.pills(key="ask_option_1").set_value("batch 8").run()
    assert not at.exception
    slots = at.session_state["ask_turns"][-1].answer.slots
    assert (slots["workload"], slots["batch_size"]) == ("realface", 8)
    assert metric(at, "Start at")


def test_after_an_unknown_workload_another_may_be_named(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """The batch size that was said is kept for the one that is named."""
    at = ask(open_page("ask"), "What LR for batch 5 on foobarnet?")
    assert "no runs of foobarnet are stored here" in texts(at)
    at = ask(at, "realface")
    assert at.session_state["ask_turns"][-1].answer.slots["batch_size"] == 5


@pytest.mark.parametrize("batch", ["-4", "0"])
def test_an_impossible_batch_size_is_refused_in_a_sentence(
    advisor: Advisor, open_page: OpenPage, batch: str
) -> None:
    """The page says why, and goes on working."""
    at = ask(open_page("ask"), f"What LR for batch {batch} on RealFace?")
    assert f"batch_size is {batch}" in texts(at)
    ask(at, QUESTION)
    assert len(at.session_state["ask_turns"]) == 2


def test_what_a_person_types_is_never_markup(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """Dollar signs, stars and tags come out as they went in."""
    typed = "What *is* $x$ <b>warm-up</b>? :red[no]"
    at = ask(open_page("ask"), typed)
    assert typed in [text.value for text in at.text]
    assert not any("red[no]" in markdown.value for markdown in at.markdown)


def test_several_batch_sizes_are_compared_in_a_table(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """One row for each."""
    at = ask(open_page("ask"), "What LR for RealFace at batch 4 and 8?")
    table = at.table[0].value
    assert list(table["Batch size"]) == ["4", "8"]


@pytest.mark.parametrize(
    "question",
    [
        "What is the largest batch for 5e-5 on RealFace?",
        "Does the learning rate go with the batch size for DLight?",
        "show runs",
        "what is running?",
        "cancel it",
        "help",
        "what is warm-up?",
        "who won the cup?",
        "Is 1e-4 safe for Original at batch 6?",
        "Which batch size is fastest for RealFace?",
        "My loss is nan on RealFace, batch 5, lr 1e-3. Why?",
        "Compare RealFace and Original at batch 8",
        "Run realface at batch 5 with 1e-4",
    ],
)
def test_every_kind_of_question_is_drawn(
    advisor: Advisor, open_page: OpenPage, question: str
) -> None:
    """No intent breaks the page, and each says something."""
    at = ask(open_page("ask"), question)
    assert at.session_state["ask_turns"][0].answer.text
    assert len(at.chat_message) == 2


def test_without_evidence_the_answer_says_so(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    open_page: OpenPage,
    nothing_trains: None,
) -> None:
    """An unseeded store has no rate, and no chart of nothing."""
    with Advisor.open(tmp_path / "bare", seeded=False) as opened:
        monkeypatch.setattr(resources, "advisor", lambda: opened)
        at = ask(open_page("ask"), QUESTION)
        assert metric(at, "Start at") == "no rate yet"
        assert at.session_state["ask_turns"][0].chart is None


def test_a_store_that_cannot_be_opened_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_page: OpenPage
) -> None:
    """A folder that holds something else is named, and nothing else is drawn."""
    (tmp_path / "letters.txt").write_text("not a store")
    monkeypatch.setenv("LR_ADVISOR_STORE", str(tmp_path))
    at = open_page("app")
    assert "is not a store" in at.error[0].value
    assert not at.chat_input


def test_a_wrong_setting_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, open_page: OpenPage
) -> None:
    """The environment is checked before anything is opened."""
    monkeypatch.setenv("LR_ADVISOR_WORKERS", "many")
    assert "LR" in open_page("ask").error[0].value


def test_no_seeds_in_the_environment_leaves_the_claims_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_page: OpenPage
) -> None:
    """The app opens the store as the terminal would."""
    monkeypatch.setenv("LR_ADVISOR_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("LR_ADVISOR_NO_SEEDS", "1")
    at = ask(open_page("ask"), QUESTION)
    assert metric(at, "Start at") == "no rate yet"


# -- verification ----------------------------------------------------------------------


@pytest.fixture
def asked(advisor: Advisor, open_page: OpenPage) -> AppTest:
    """The page after the question whose plan the tests below press."""
    return ask(open_page("ask"), QUESTION)


def test_nothing_starts_before_run_is_pressed(advisor: Advisor, asked: AppTest) -> None:
    """A plan is a proposal."""
    assert advisor.queue.verifications() == []
    assert advisor.jobs() == []


def test_run_starts_the_plan_once(advisor: Advisor, asked: AppTest) -> None:
    """Its workload, its batch sizes, its time; the same plan never starts twice."""
    turn = asked.session_state["ask_turns"][0]
    asked.button(key="ask_run_0").click().run()
    assert not asked.exception
    opened = advisor.queue.verifications()
    assert [v.id for v in opened] == [turn.plan_id]
    spec = opened[0].spec["spec"]
    assert spec["workload"] == "realface@1/16"
    assert spec["batch_sizes"] == [2, 5, 12]
    plan = turn.answer.offered_plan
    assert plan is not None
    assert plan.spec is not None
    assert spec == json.loads(json.dumps(plan.spec.to_dict()))
    jobs = advisor.queue.jobs(verification_id=turn.plan_id)
    assert [(j.config.batch_size, j.config.learning_rate) for j in jobs] == [
        (run.batch_size, run.learning_rate) for run in plan.runs
    ]
    plans.start(advisor, turn, plan)
    assert len(advisor.queue.verifications()) == 1


def test_an_edited_plan_is_what_runs(advisor: Advisor, asked: AppTest) -> None:
    """Workload, batch sizes and budget as they stand in the fields."""
    asked.selectbox(key="ask_workload_0").set_value("realface@1/32")
    asked.text_input(key="ask_batches_0").set_value("5, 7")
    asked.number_input(key="ask_budget_0").set_value(30).run()
    assert not asked.exception
    assert set(asked.table[0].value["Workload"]) == {"RealFace@1/32"}
    asked.button(key="ask_run_0").click().run()
    spec = advisor.queue.verifications()[0].spec["spec"]
    assert spec["workload"] == "realface@1/32"
    assert (spec["batch_sizes"], spec["budget_seconds"]) == ([5, 7], 30)


def said_in_popover(at: AppTest) -> str:
    """Return the one error on the page, which must stand inside the open popover."""
    (said,) = [e.value for popover in at.get("popover") for e in popover.get("error")]
    assert [error.value for error in at.error] == [said]
    return str(said)


@pytest.mark.parametrize("typed", ["", "five", "5, -1", "0"])
def test_a_wrong_batch_size_in_the_plan_cannot_be_run(
    advisor: Advisor, asked: AppTest, typed: str
) -> None:
    """The button waits until the field is right, and the reason stands beside it."""
    asked.text_input(key="ask_batches_0").set_value(typed).run()
    assert said_in_popover(asked).startswith("batch\\_size")
    assert asked.button(key="ask_run_0").disabled
    asked.text_input(key="ask_batches_0").set_value("5").run()
    assert not asked.button(key="ask_run_0").disabled


@pytest.mark.parametrize("seconds", [-5, 0, 1, 99_999_999])
def test_a_wrong_time_in_the_plan_cannot_be_run(
    advisor: Advisor, asked: AppTest, seconds: int
) -> None:
    """The time before it is not run in its place."""
    asked.number_input(key="ask_budget_0").set_value(seconds).run()
    assert not asked.exception
    assert "give 10 to 604,800 seconds" in said_in_popover(asked)
    assert asked.button(key="ask_run_0").disabled
    asked.number_input(key="ask_budget_0").set_value(30).run()
    assert not asked.button(key="ask_run_0").disabled


def test_named_rates_have_no_time_to_edit(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """They are run whatever they take."""
    at = ask(open_page("ask"), "Run digits_mlp at batch 32 with lr 0.01")
    assert not [field for field in at.number_input if field.key == "ask_budget_0"]
    at.button(key="ask_run_0").click().run()
    assert [job.config.learning_rate for job in advisor.jobs()] == [0.01]


def test_progress_can_be_cancelled(advisor: Advisor, asked: AppTest) -> None:
    """Cancelling ends what is queued and says that finished runs count."""
    asked.button(key="ask_run_0").click().run()
    assert "Running RealFace@1/16" in texts(asked)
    asked.button(key="ask_0_cancel").click().run()
    assert all(job.is_over for job in advisor.jobs())
    verification = advisor.queue.verifications()[0]
    advisor.queue.end_verification(verification.id, state="cancelled")
    asked.run()
    assert not asked.exception
    assert "Cancelled" in texts(asked)


def finish(advisor: Advisor, verification_id: str) -> None:
    """Carry a verification out by hand: one run holds, one fails."""
    outcomes = [Outcome.STABLE, Outcome.DIVERGED]
    for number, outcome in enumerate(outcomes, start=1):
        run = proxy_run(number, rate=2e-3 * 4**number, outcome=outcome)
        advisor.store.record_run(run, Curve((1.0, 0.5)))
        job = advisor.queue.claim("test")
        if job is not None:
            advisor.queue.end(job.id, "test", state="finished", run_id=run.id)
    advisor.queue.end_verification(verification_id, state="finished")


def test_when_the_runs_are_over_the_answer_is_made_anew(
    advisor: Advisor, asked: AppTest
) -> None:
    """Same place, marked as updated, with the new runs in its chart."""
    asked.button(key="ask_run_0").click().run()
    before = asked.session_state["ask_turns"][0]
    finish(advisor, before.verification_id)
    asked.run()
    assert not asked.exception
    after = asked.session_state["ask_turns"][0]
    assert after.is_updated
    assert after.verification_id is None
    assert len(after.chart.runs) == 2
    assert {band.workload for band in after.chart.bands} == {
        "realface",
        "realface@1/16",
    }
    shown = texts(asked)
    assert "updated with the new runs" in shown
    assert "realface@1/16" in shown
    assert asked.button(key="ask_run_0").label == "Run"
    assert after.plan_id != before.plan_id


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_runs_that_all_failed_are_not_said_to_have_updated_the_answer(
    advisor: Advisor, asked: AppTest, state: str
) -> None:
    """Also where another window's runs are counted meanwhile."""
    asked.button(key="ask_run_0").click().run()
    turn = asked.session_state["ask_turns"][0]
    while (job := advisor.queue.claim("test")) is not None:
        advisor.queue.end(job.id, "test", state=state, error="no memory")
    advisor.queue.end_verification(turn.verification_id, state=state)
    advisor.store.record_run(proxy_run(1, rate=8e-3, outcome=Outcome.STABLE))
    asked.run()
    assert not asked.exception
    assert asked.session_state["ask_turns"][0].ended_id == turn.verification_id
    assert "no run could be counted" in texts(asked)
    assert "updated with the new runs" not in texts(asked)


def test_the_history_survives_a_change_of_page(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """Looking at the runs must not cost the conversation."""
    at = ask(open_page("app"), QUESTION)
    at.switch_page("advisor/ui/pages/runs.py").run()
    assert not at.exception
    at.switch_page("advisor/ui/pages/ask.py").run()
    assert not at.exception
    assert metric(at, "Start at")


def test_a_restart_mid_run_points_to_what_still_runs(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """A new session has no history, but the verification goes on and is found."""
    advisor.verify("realface@1/16", 5, budget_seconds=30)
    at = open_page("app")
    assert "1 verification from earlier" in at.info[0].value
    at.button(key="ask_see_runs").click().run()
    assert not at.exception
    assert at.title[0].value == "Runs"


def reopened(at: AppTest, open_page: OpenPage) -> AppTest:
    """The same conversation in another window."""
    return open_page("ask", c=at.session_state["ask_conversation"])


def test_a_reopened_conversation_shows_what_runs_and_offers_no_second_run(
    advisor: Advisor, asked: AppTest, open_page: OpenPage
) -> None:
    """Progress and Cancel are back after a reload, and Run is not."""
    asked.button(key="ask_run_0").click().run()
    again = reopened(asked, open_page)
    assert "Running RealFace@1/16" in texts(again)
    assert not [b for b in again.button if b.key == "ask_run_0"]
    again.button(key="ask_0_cancel").click().run()
    assert not again.exception
    assert all(job.is_over for job in advisor.jobs())


def test_a_reopened_conversation_shows_what_was_run(
    advisor: Advisor, asked: AppTest, open_page: OpenPage
) -> None:
    """The runs of a verification that is over stay with their answer."""
    asked.button(key="ask_run_0").click().run()
    turn = asked.session_state["ask_turns"][0]
    finish(advisor, turn.verification_id)
    again = reopened(asked, open_page)
    assert "Finished." in texts(again)
    assert any("What was run" in e.label for e in again.expander)
    assert again.session_state["ask_turns"][0].ended_id == turn.verification_id
    again.button(key="ask_run_0").click().run()
    assert not again.exception
    assert len(advisor.queue.verifications()) == 2


def test_run_in_a_second_window_joins_what_the_first_one_started(
    advisor: Advisor, asked: AppTest, open_page: OpenPage
) -> None:
    """Opened before Run was pressed elsewhere, its button starts nothing twice."""
    other = reopened(asked, open_page)
    asked.button(key="ask_run_0").click().run()
    other.button(key="ask_run_0").click().run()
    assert not other.exception
    assert len(advisor.queue.verifications()) == 1
    assert "Running RealFace@1/16" in texts(other)


def test_a_reopened_request_for_runs_is_not_started_by_a_second_yes(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """What it proposed was carried out: the proposal made anew is withdrawn."""
    at = ask(open_page("ask"), "run a test of digits_mlp at batch 32")
    ask(at, "yes, run it")
    again = reopened(at, open_page)
    ask(again, "yes, run it")
    assert len(advisor.queue.verifications()) == 1
    assert again.session_state["ask_turns"][0].answer.proposal is None


def test_a_verification_that_failed_says_why(advisor: Advisor, asked: AppTest) -> None:
    """The reason of the first run is the reason of all."""
    asked.button(key="ask_run_0").click().run()
    turn = asked.session_state["ask_turns"][0]
    advisor.queue.end_verification(
        turn.verification_id, state="failed", error="The disk is full: make room."
    )
    asked.run()
    assert not asked.exception
    assert "The disk is full" in texts(asked)


def test_a_store_error_while_asking_keeps_the_page_alive(
    advisor: Advisor, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence of the error stands where the answer would."""

    def busy(*_: object, **__: object) -> None:
        raise StoreBusyError("Another program holds the store open: close it there.")

    at = open_page("ask")
    monkeypatch.setattr(advisor, "ask", busy)
    ask(at, QUESTION)
    assert "Another program holds the store open" in texts(at)


# -- turns -----------------------------------------------------------------------------


def follow(advisor: Advisor, turn: Turn, question: str) -> Turn:
    """Ask after a turn, as the page does."""
    return ask_turn(advisor, question, turn.leads_on)


@pytest.mark.parametrize(
    ("first", "then", "intent"),
    [
        ("Is 1e-4 safe for RealFace at batch 3?", "and at batch 5?", "judge_lr"),
        ("Largest batch for 1e-4 on RealFace?", "and 5e-5?", "max_batch_for_lr"),
        (
            "How does the LR scale with batch on DLight?",
            "and RealFace?",
            "scaling_rule",
        ),
        ("Which batch is fastest for DLight?", "and RealFace?", "fastest_batch"),
        (QUESTION, "yes", "run_verification"),
    ],
)
def test_a_follow_up_keeps_the_kind_of_question(
    advisor: Advisor, first: str, then: str, intent: str
) -> None:
    """The turn is handed on as what was asked; yes accepts the plan."""
    turn = follow(advisor, ask_turn(advisor, first, None), then)
    assert turn.answer.intent == intent
    # A yes agrees to the runs that were offered: of the narrow copy.
    assert WorkloadName.parse(turn.answer.slots["workload"]).base == "realface"


def test_only_reports_about_the_workload_itself_are_arrows(advisor: Advisor) -> None:
    """Those about its relatives are evidence, at another level of the rate."""
    turn = ask_turn(advisor, QUESTION, None)
    assert turn.chart is not None
    assert {claim.workload for claim in turn.chart.claims} == {"realface"}
    assert turn.claims[0].workload == "realface"
    assert {claim.id for claim in turn.chart.claims} < {c.id for c in turn.claims}


@pytest.mark.parametrize("workload", ["realface@1/16", "realface"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_chart_is_of_the_precision_that_the_answer_speaks_of(
    advisor: Advisor, workload: str, precision: str
) -> None:
    """Runs and bands alike, also those of a narrower copy beside the full size."""
    advisor.store.record_runs(
        [
            replace(
                proxy_run(i, rate=rate, outcome=outcome),
                precision=kind,
                outcome_rule=RULE_VERSION,
            )
            for i, (kind, rate, outcome) in enumerate(
                [
                    ("fp32", 1e-3, Outcome.STABLE),
                    ("fp32", 8e-3, Outcome.DIVERGED),
                    ("bf16", 1e-5, Outcome.STABLE),
                    ("bf16", 8e-5, Outcome.DIVERGED),
                ]
            )
        ]
    )
    turn = ask_turn(advisor, f"What LR for {workload} at batch 5 in {precision}?", None)
    assert turn.answer.recommendations[0].precision == precision
    assert turn.chart is not None
    assert {run.precision for run in turn.chart.runs} == {precision}
    (band,) = [b for b in turn.chart.bands if b.workload == "realface@1/16"]
    point = band.points[0]
    asked = Asked(precision=precision, horizon_steps=band.horizon_steps)
    rows = advisor.answers.threshold_band("realface@1/16", [point.batch_size], asked)
    assert [vars(point)] == rows


def test_a_named_rate_is_the_one_that_runs(advisor: Advisor) -> None:
    """Asked to run a rate, the plan holds that rate and no budget."""
    turn = ask_turn(advisor, "Run digits_mlp at batch 32 with lr 0.01", None)
    plan = turn.answer.offered_plan
    assert plan is not None
    started = plans.start(advisor, turn, plan)
    jobs = advisor.queue.jobs(verification_id=started.verification_id)
    assert [job.config.learning_rate for job in jobs] == [0.01]


def test_an_answer_without_a_plan_has_none(advisor: Advisor) -> None:
    """Nothing to run is no card."""
    turn = ask_turn(advisor, QUESTION, None)
    r = turn.answer.recommendations[0]
    sure = replace(r, verification=replace(r.verification, needed=False))
    assert replace(turn.answer, recommendations=(sure,)).offered_plan is None


def test_batch_sizes_are_read_from_a_field() -> None:
    """Commas or blanks, each once, in the order they were typed."""
    assert plans.batch_sizes_in(" 5, 2 2,9") == (5, 2, 9)
    with pytest.raises(BadValueError, match="name at least one"):
        plans.batch_sizes_in(" , ")


def test_far_beyond_the_evidence_the_card_shows_the_largest_batch_it_speaks_for(
    advisor: Advisor, open_page: OpenPage
) -> None:
    at = ask(open_page("ask"), "What LR for batch 100000 on RealFace?")
    known = advisor.recommend("realface", 100_000).largest_known
    labels = {metric.label: metric.value for metric in at.metric}
    label = f"At batch {known.batch_size}, the largest I can speak for"
    assert labels[label] == fit_text(known.learning_rate)
    assert "Start at" not in labels
