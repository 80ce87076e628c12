"""An answer on the Ask page: its sources, its form, its files, and its older turns."""

import pytest
from streamlit.testing.v1 import AppTest

from advisor.answers.changes import change_line
from advisor.conversation.history import answers_of
from advisor.service import Advisor
from advisor.ui.documents import answer_markdown, picture
from advisor.ui.turns import ask_turn, reopened_turns
from tests.app.pages import OpenPage, texts

QUESTION = "What LR for batch 9 on DLight?"


def ask(at: AppTest, question: str) -> AppTest:
    at.chat_input(key="ask_input").set_value(question).run()
    assert not at.exception
    return at


def keys(at: AppTest) -> set[str]:
    return {str(button.key) for button in at.button}


def test_each_mark_opens_what_it_names(advisor: Advisor, open_page: OpenPage) -> None:
    at = ask(open_page("ask"), QUESTION)
    citations = at.session_state["ask_turns"][0].answer.citations
    assert citations
    at.button(key=f"ask_cite_0_{citations[0].number}").click().run()
    assert not at.exception
    assert citations[0].id in texts(at).replace("\\", "")
    assert "Forum post" in texts(at)


def test_a_run_that_is_told_counts_at_once(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """The answer in its place is the new one; it says what changed."""
    at = ask(open_page("ask"), QUESTION)
    before = at.session_state["ask_turns"][0].answer.recommendation.learning_rate
    at.text_input(key="ask_told_0_rate").set_value("3e-5")
    at.radio(key="ask_told_0_ended").set_value("It broke (NaN or only noise)")
    at.number_input(key="ask_told_0_steps").set_value(4000)
    at.form_submit_button(key="ask_told_0_keep").click().run()
    assert not at.exception
    (run,) = advisor.library.told()
    assert (run.learning_rate, run.failed_at_step) == (3e-5, 4000)
    turn = at.session_state["ask_turns"][0]
    assert turn.answer.recommendation.learning_rate < before
    assert change_line(turn.change) in texts(at).replace("\\", "")
    assert "Kept as your own observation" in texts(at)
    assert at.session_state["ask_tell_0_sent"] == 1


def test_a_run_that_was_told_is_undone_beside_the_answer(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """The answer is what it was; nothing is left to undo."""
    at = ask(open_page("ask"), QUESTION)
    before = at.session_state["ask_turns"][0].answer.recommendation.learning_rate
    at.text_input(key="ask_told_0_rate").set_value("4e-5")
    at.radio(key="ask_told_0_ended").set_value("It got blurry or noisy")
    at.form_submit_button(key="ask_told_0_keep").click().run()
    at.button(key="ask_undo_0").click().run()
    assert not at.exception
    assert advisor.library.told() == []
    turn = at.session_state["ask_turns"][0]
    assert turn.answer.recommendation.learning_rate == before
    assert "Taken back" in texts(at)
    assert not [b for b in at.button if b.key == "ask_undo_0"]


def test_how_a_run_ended_is_never_taken_for_granted(
    advisor: Advisor, open_page: OpenPage
) -> None:
    at = ask(open_page("ask"), QUESTION)
    at.form_submit_button(key="ask_told_0_keep").click().run()
    assert at.error[0].value == "Say how it ended."
    assert advisor.library.told() == []


@pytest.mark.parametrize("typed", ["", "much", "-1"])
def test_a_rate_that_cannot_be_right_is_refused_in_the_form(
    advisor: Advisor, open_page: OpenPage, typed: str
) -> None:
    at = ask(open_page("ask"), QUESTION)
    at.text_input(key="ask_told_0_rate").set_value(typed)
    at.radio(key="ask_told_0_ended").set_value("It held")
    at.form_submit_button(key="ask_told_0_keep").click().run()
    assert at.error
    assert advisor.library.told() == []


def test_what_a_person_saw_is_offered_before_the_answer_and_answered_again(
    advisor: Advisor, open_page: OpenPage
) -> None:
    at = ask(open_page("ask"), "batch 9 at 8e-5 got blurry after 30k its on dlight")
    message = at.chat_message[1]
    kinds = [element.type for element in message]
    assert kinds.index("button") < kinds.index("metric")
    before = at.session_state["ask_turns"][0].answer.recommendation.learning_rate
    at.button(key="ask_yes_0").click().run()
    assert not at.exception
    after = at.session_state["ask_turns"][0].answer.recommendation.learning_rate
    assert after < before
    assert "ask_yes_0" not in keys(at)


def test_an_unknown_model_has_three_ways_in(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """Telling one run makes it known, and the question is answered from that."""
    at = ask(open_page("ask"), "What LR for batch 24 on tinyvit?")
    assert "ask_import_0" in keys(at)
    assert "add-a-workload" in texts(at)
    assert at.number_input(key="ask_told_0_batch").value == 24
    at.text_input(key="ask_told_0_rate").set_value("3e-4")
    at.radio(key="ask_told_0_ended").set_value("It held")
    at.form_submit_button(key="ask_told_0_keep").click().run()
    assert not at.exception
    (turn,) = at.session_state["ask_turns"]
    assert turn.answer.unknown_workload is None
    assert turn.single.learning_rate
    assert "ask_import_0" not in keys(at)


def test_earlier_answers_are_short_until_they_are_wanted(
    advisor: Advisor, open_page: OpenPage
) -> None:
    at = ask(ask(open_page("ask"), QUESTION), "and at batch 3?")
    first, second = at.session_state["ask_turns"]
    assert first.answer.text in texts(at)
    assert second.change.settings == ("batch 9 to 3",)
    assert len(at.metric) == 1
    at.button(key="ask_unfold_0").click().run()
    assert not at.exception
    assert len(at.metric) == 2
    assert "ask_unfold_0" not in keys(at)


def test_of_a_reopened_talk_only_the_newest_is_worked_out_whole(
    advisor: Advisor, open_page: OpenPage
) -> None:
    at = ask(ask(open_page("ask"), QUESTION), "and at batch 3?")
    saved = answers_of(advisor.store, at.session_state["ask_conversation"])
    first, second = reopened_turns(advisor, saved)
    assert (first.is_whole, second.is_whole) == (False, True)
    assert (first.chart, first.ruler) == (None, None)
    assert second.change.settings == ("batch 9 to 3",)


def test_a_link_to_no_conversation_says_so(
    advisor: Advisor, open_page: OpenPage
) -> None:
    at = open_page("ask", c="conversation:never")
    assert "no conversation" in at.warning[0].value
    assert at.title
    assert "c" not in at.query_params


def test_an_answer_is_saved_with_its_evidence_and_its_chart(advisor: Advisor) -> None:
    turn = ask_turn(advisor, QUESTION, None)
    document = answer_markdown(turn)
    assert document.startswith(f"# {QUESTION}\n")
    assert turn.answer.text in document.replace("\\", "")
    for claim in turn.claims:
        assert claim.id in document.replace("\\", "")
    assert "## Which rates hold" in document
    assert turn.chart is not None
    assert picture(turn.chart, "png").startswith(b"\x89PNG")
    assert b"<svg" in picture(turn.chart, "svg")[:200]


def test_a_batch_size_that_alone_takes_longer_is_refused_at_its_field(
    advisor: Advisor, open_page: OpenPage
) -> None:
    at = ask(open_page("ask"), QUESTION)
    at.text_input(key="ask_batches_0").set_value("4, 150000").run()
    assert not at.exception
    (said,) = [e.value.replace("\\", "") for e in at.error]
    assert "batch 150000 alone takes" in said
    assert at.button(key="ask_run_0").disabled
