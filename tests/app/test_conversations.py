"""The Ask page as a conversation: chips, yes, no, thumbs, links; the History page."""

import pytest
from streamlit.testing.v1 import AppTest

from advisor.answers.changes import change_line
from advisor.conversation.history import answers_of, list_conversations, saved_answer
from advisor.rates import fit_text
from advisor.service import Advisor
from advisor.ui.turns import Turn
from tests.app.pages import OpenPage, texts

QUESTION = "What LR for batch 5 on RealFace?"
OBSERVED = "batch 8 at 8e-5 got blurry after 20k its on original"


def say(at: AppTest, text: str) -> AppTest:
    """Type something and send it."""
    at.chat_input(key="ask_input").set_value(text).run()
    assert not at.exception
    return at


def chips(at: AppTest) -> list[str]:
    """Return the chips of the turns that are drawn whole."""
    found = [block.proto for block in at.get("popover")]
    return [p.popover.label.replace("\\", "") for p in found if "ask_chip_" in p.id]


def change(at: AppTest, name: str, text: str, *, turn: int = 0) -> AppTest:
    """Type another value into a chip and send it."""
    field = f"ask_edit_{name}_{turn}"
    at.text_input(key=field).set_value(text)
    at.form_submit_button(key=f"{field}_again").click().run()
    assert not at.exception
    return at


# -- chips -----------------------------------------------------------------------------


def test_what_was_said_and_what_was_assumed_are_chips(
    advisor: Advisor, open_page: OpenPage
) -> None:
    at = say(open_page("ask"), "What LR for batch 8 on DLight?")
    r = advisor.recommend("dlight", 8)
    assert chips(at) == [
        "DLight",
        "batch 8",
        "Adam 0.5/0.99 (assumed)",
        f"{r.horizon_steps:,} steps (assumed)",
        "CPU (assumed)",
    ]
    change(at, "horizon_steps", "7000")
    assert "7,000 steps" in chips(at)
    (turn,) = at.session_state["ask_turns"]
    assert turn.answer.conditions == {"horizon_steps": 7_000}
    assert turn.answer.slots["optimizer"] is None


def test_a_changed_chip_is_answered_in_its_place_and_closed(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """It says what the rate was, and what was asked later stays below it."""
    at = change(say(open_page("ask"), QUESTION), "batch_size", "3")
    (turn,) = at.session_state["ask_turns"]
    assert turn.answer.question == "What learning rate for RealFace at batch size 3?"
    assert at.session_state["ask_chip_batch_size_0_sent"] == 1
    assert change_line(turn.change) in texts(at).replace("\\", "")
    assert turn.change.settings == ("batch 5 to 3",)
    say(at, "hello")
    at.session_state["ask_unfolded"].add(0)
    at.run()
    change(at, "batch_size", "6")
    found = [turn.answer.slots["batch_size"] for turn in at.session_state["ask_turns"]]
    assert found == [6, None]


def test_an_answer_whose_chip_was_changed_is_not_opened_again(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """Nor counted in the history; its own link still opens it."""
    at = say(open_page("ask"), "What LR for batch 11 on DLight?")
    (first,) = at.session_state["ask_turns"]
    change(at, "batch_size", "7")
    conversation = at.session_state["ask_conversation"]
    say(at, "and at 4?")
    again = open_page("ask", c=conversation)
    found = [t.answer.slots["batch_size"] for t in again.session_state["ask_turns"]]
    assert found == [7, 4]
    assert list_conversations(advisor.store)[0].n_answers == 2
    linked = open_page("ask", a=first.answer.answer_id)
    (turn,) = linked.session_state["ask_turns"]
    assert turn.answer.slots["batch_size"] == 11


def test_a_slot_that_was_carried_over_is_marked(
    advisor: Advisor, open_page: OpenPage
) -> None:
    at = say(say(open_page("ask"), QUESTION), "and at 9?")
    assert at.session_state["ask_turns"][1].answer.inherited == ("workload",)
    assert chips(at)[:2] == ["RealFace", "batch 9"]


def test_run_length_and_risk_are_chips_that_are_changed_and_taken_out(
    advisor: Advisor, open_page: OpenPage
) -> None:
    at = say(open_page("ask"), "realface batch 5, 20k iterations, risk 5%")
    assert chips(at)[2:4] == ["20,000 steps", "risk 5 %"]
    change(at, "horizon_steps", "50k")
    changed = at.session_state["ask_turns"][0].answer
    assert changed.conditions == {"horizon_steps": 50_000, "risk": 0.05}
    change(at, "risk", "")
    (turn,) = at.session_state["ask_turns"]
    assert turn.answer.conditions == {"horizon_steps": 50_000}
    at = say(at, "and at 9?")
    followed = at.session_state["ask_turns"][1].answer
    assert followed.conditions == {"horizon_steps": 50_000}
    assert "horizon_steps" in followed.inherited


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("batch_size", "-3", "whole number"),
        ("batch_size", "", "too little"),
        ("workload", "realfaec", "Did you mean realface"),
    ],
)
def test_a_chip_that_cannot_be_right_says_why_and_asks_nothing(
    advisor: Advisor, open_page: OpenPage, name: str, text: str, sentence: str
) -> None:
    at = change(say(open_page("ask"), QUESTION), name, text)
    (turn,) = at.session_state["ask_turns"]
    if text:
        assert any(sentence in e.value for e in at.error)
        assert turn.answer.question == QUESTION
    else:  # without a batch size it is still a question, and is asked back
        assert turn.answer.intent == "needs_clarification"


# -- yes and no ------------------------------------------------------------------------


def test_an_observation_is_kept_after_a_typed_yes(
    advisor: Advisor, open_page: OpenPage
) -> None:
    at = say(open_page("ask"), OBSERVED)
    assert (
        "Waits for your yes: Original at batch 8, 8e-5: failed after 20,000 steps."
        in texts(at)
    )
    assert advisor.library.told() == []
    say(at, "yes please")
    assert [run.outcome for run in advisor.library.told()] == ["degraded"]
    assert "Kept as your observation" in texts(at)
    assert advisor.jobs() == []


def test_an_observation_is_kept_after_a_pressed_yes_and_only_once(
    advisor: Advisor, open_page: OpenPage
) -> None:
    at = say(open_page("ask"), OBSERVED)
    at.button(key="ask_yes_0").click().run()
    assert not at.exception
    assert len(advisor.library.told()) == 1
    assert not [b for b in at.button if b.key == "ask_yes_0"]


def test_a_no_keeps_nothing(advisor: Advisor, open_page: OpenPage) -> None:
    at = say(open_page("ask"), OBSERVED)
    at.button(key="ask_no_0").click().run()
    assert advisor.library.told() == []
    at = say(open_page("ask"), OBSERVED)
    say(at, "no thanks")
    assert advisor.library.told() == []
    assert "nothing was started or changed" in texts(at)


def test_a_typed_yes_starts_the_plan_that_is_shown_and_only_once(
    advisor: Advisor, open_page: OpenPage
) -> None:
    at = say(open_page("ask"), "run a test of digits_mlp at batch 32")
    assert advisor.jobs() == []
    say(at, "yes, run it")
    started = len(advisor.jobs())
    assert started > 0
    assert at.session_state["ask_turns"][0].verification_id
    say(at, "yes, run it")
    assert len(advisor.jobs()) == started


def test_polite_words_after_an_answer_start_nothing(
    advisor: Advisor, open_page: OpenPage
) -> None:
    at = say(open_page("ask"), QUESTION)
    for words in ("ok thanks", "right", "fine"):
        say(at, words)
    assert advisor.jobs() == []
    assert len([t for t in at.session_state["ask_turns"] if isinstance(t, Turn)]) == 1


def test_politeness_leaves_a_proposal_open_for_the_yes_that_follows(
    advisor: Advisor, open_page: OpenPage
) -> None:
    at = say(open_page("ask"), OBSERVED)
    say(at, "ok thanks")
    assert advisor.library.told() == []
    assert (
        "Say \u201cyes\u201d for: Original at batch 8, 8e-5: failed after 20,000 steps."
        in texts(at)
    )
    say(at, "yes")
    assert len(advisor.library.told()) == 1
    assert advisor.jobs() == []


def test_a_diagnosis_goes_on_when_what_was_missing_is_named(
    advisor: Advisor, open_page: OpenPage
) -> None:
    at = say(open_page("ask"), "original bs 8, nan after 100 its")
    say(at, "1e-4")
    answer = at.session_state["ask_turns"][1].answer
    assert answer.intent == "diagnose"
    assert answer.diagnosis.batch_size == 8


def test_a_yes_with_no_plan_open_starts_nothing(
    advisor: Advisor, open_page: OpenPage
) -> None:
    at = say(open_page("ask"), "yes, run it")
    assert "No plan is open, so nothing has started." in texts(at)
    assert advisor.jobs() == []


def test_a_second_yes_after_it_was_started_says_that_nothing_is_open(
    advisor: Advisor, open_page: OpenPage
) -> None:
    at = say(open_page("ask"), "what is running?")
    say(at, "yes")
    assert "No plan is open, so nothing was started or changed." in texts(at)
    assert len(at.session_state["ask_turns"]) == 2


def test_a_job_is_cancelled_by_its_number_after_a_yes(
    advisor: Advisor, open_page: OpenPage
) -> None:
    at = say(open_page("ask"), "run a test of digits_mlp at batch 32")
    say(at, "yes")
    at = say(open_page("ask"), "cancel job 1")
    assert advisor.queue.jobs()[0].state == "queued"
    at.button(key="ask_yes_0").click().run()
    assert not at.exception
    assert advisor.queue.jobs()[0].state == "cancelled"


# -- kept ------------------------------------------------------------------------------


def test_a_thumb_is_stored_with_the_answer(
    advisor: Advisor, open_page: OpenPage
) -> None:
    at = say(open_page("ask"), QUESTION)
    answer_id = at.session_state["ask_turns"][0].answer.answer_id
    at.feedback(key="ask_thumb_0").set_value(1).run()
    assert not at.exception
    assert saved_answer(advisor.store, answer_id).thumb == "up"


def test_the_address_of_a_conversation_opens_it_again_without_saving_it_twice(
    advisor: Advisor, open_page: OpenPage
) -> None:
    at = say(say(open_page("ask"), QUESTION), "and at 9?")
    conversation = at.session_state["ask_conversation"]
    count = advisor.store.counts()["answers"]
    again = open_page("ask", c=conversation)
    turns = again.session_state["ask_turns"]
    assert [t.answer.question for t in turns] == [QUESTION, "and at 9?"]
    assert turns[1].answer.slots["workload"] == "realface"
    assert turns[0].answer.answer_id == answers_of(advisor.store, conversation)[0].id
    assert "answered again from today's evidence" in texts(again)
    assert advisor.store.counts()["answers"] == count
    say(again, "and at 12?")
    assert len(answers_of(advisor.store, conversation)) == 3


def test_an_answer_s_link_opens_its_question_and_says_what_was_said_then(
    advisor: Advisor, open_page: OpenPage
) -> None:
    at = say(open_page("ask"), "What LR for batch 8 on Original?")
    answer_id = at.session_state["ask_turns"][0].answer.answer_id
    r = advisor.recommend("original", 8)
    proposal = advisor.ask(OBSERVED).proposal
    assert proposal is not None
    advisor.approve(proposal.id)
    again = open_page("ask", a=answer_id)
    assert f"It said {fit_text(r.learning_rate or 0)} then" in texts(again)


def test_a_link_to_an_unknown_answer_says_so(
    advisor: Advisor, open_page: OpenPage
) -> None:
    at = open_page("ask", a="answer:unknown")
    assert any("ask the question again" in e.value for e in at.error)


def test_a_conversation_is_named_and_another_begun(
    advisor: Advisor, open_page: OpenPage
) -> None:
    at = say(open_page("ask"), QUESTION)
    at.text_input(key="ask_name_text").set_value("Face swap").run()
    at.button(key="ask_name_save").click().run()
    assert list_conversations(advisor.store)[0].name == "Face swap"
    at.button(key="ask_new").click().run()
    assert at.session_state["ask_turns"] == []
    assert at.pills(key="ask_example")


# -- the History page ------------------------------------------------------------------


FIRST, SECOND = "conversation:aaaaaaaaaaaa", "conversation:bbbbbbbbbbbb"


def listed(at: AppTest) -> list[str]:
    """Return the names of the conversations that are listed."""
    opening = [b for b in at.button if (b.key or "").endswith("_open")]
    return [str(b.label) for b in opening]


def test_the_history_lists_searches_and_renames_conversations(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """Each with the rate that was answered, under its day."""
    advisor.ask("what is batch size?", conversation=FIRST)
    answer = advisor.ask(QUESTION, conversation=SECOND)
    assert answer.recommendation is not None
    at = open_page("history")
    assert listed(at) == [QUESTION, "what is batch size?"]
    assert "**Today**" in texts(at)
    assert f"**{fit_text(answer.recommendation.learning_rate or 0)}**" in texts(at)
    at.text_input(key="history_search").set_value("batch size?").run()
    assert listed(at) == ["what is batch size?"]
    at.menu_button(key=f"history_{FIRST}_more").set_value("Rename").run()
    at.text_input(key="history_name").set_value("Basics").run()
    at.button(key="history_name_save").click().run()
    assert not at.exception
    assert {c.name for c in list_conversations(advisor.store)} == {"Basics", QUESTION}


def test_a_deleted_conversation_is_gone_and_can_be_brought_back(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """The others stay, and so does everything else."""
    advisor.ask("what is warm-up?", conversation=FIRST)
    advisor.ask(QUESTION, conversation=SECOND)
    at = open_page("history")
    at.menu_button(key=f"history_{FIRST}_more").set_value("Delete").run()
    assert not at.exception
    assert listed(at) == [QUESTION]
    assert answers_of(advisor.store, FIRST) == []
    at.button(key="history_undo").click().run()
    assert len(listed(at)) == 2
    assert len(answers_of(advisor.store, FIRST)) == 1


def test_a_long_history_comes_in_pages(advisor: Advisor, open_page: OpenPage) -> None:
    """The newest first."""
    for number in range(27):
        advisor.ask("help", conversation=f"conversation:{number:012d}")
    at = open_page("history")
    assert len(listed(at)) == 25
    at.get("pagination")[0].set_value(2).run()
    assert len(listed(at)) == 2


def test_an_empty_history_says_so(advisor: Advisor, open_page: OpenPage) -> None:
    """With a way on."""
    at = open_page("history")
    assert "Nothing was asked yet." in texts(at)
    assert [link.label for link in at.get("page_link")] == ["Ask a question"]


def test_markup_in_a_name_is_only_text(advisor: Advisor, open_page: OpenPage) -> None:
    advisor.ask("help", conversation="conversation:aaaaaaaaaaaa")
    advisor.name_conversation("conversation:aaaaaaaaaaaa", "**bold** <b>x</b>")
    (shown,) = listed(open_page("history"))
    assert r"\*\*bold\*\*" in shown


def test_conversations_survive_the_app_being_started_anew(
    advisor: Advisor, open_page: OpenPage
) -> None:
    at = say(open_page("ask"), QUESTION)
    conversation = at.session_state["ask_conversation"]
    with Advisor.open(advisor.store.folder) as later:
        assert [a.question for a in answers_of(later.store, conversation)] == [QUESTION]
