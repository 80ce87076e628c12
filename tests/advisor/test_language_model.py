"""A language model's wording: shown where it holds, else one line and the answer."""

import json
import re
from dataclasses import replace

import pytest

from advisor.asking.answer import Answer
from advisor.language_model.checking_form import tidy_wording
from advisor.language_model.checking_words import find_fault
from advisor.language_model.facts import facts_of_answer
from advisor.language_model.phrasing import (
    OFFERED_TOOLS,
    may_be_phrased,
    phrase,
    put_in_words,
)
from advisor.rates import rate_text
from advisor.service import Advisor
from advisor.settings import LanguageModelSettings, load_settings
from knowledge.errors import SettingsError
from tests.advisor.fake_language_model import (
    GOOD,
    INJECT,
    JUDGE,
    LARGEST,
    MISBEHAVIOURS,
    NOT_SHOWN,
    PAGE,
    RECOMMEND,
    TWO,
    Misbehaviour,
    calls,
    fails,
    fault_text,
    page_with_table,
    says,
    says_too_late,
    serve,
    tool_call,
)
from tests.waiting import LIMIT_SECONDS

KEY = "sk-a-secret-key"
BASE_URL = "LR_ADVISOR_LLM_BASE_URL"
MODEL = "LR_ADVISOR_LLM_MODEL"
API_KEY = "LR_ADVISOR_LLM_API_KEY"
ASKED = {JUDGE: 7e-5, LARGEST: 6.5e-5}


@pytest.fixture(scope="module")
def advisor():
    with Advisor.open(":memory:", study=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def answers(advisor) -> dict[str, Answer]:
    questions = (RECOMMEND, JUDGE, TWO, INJECT, LARGEST)
    return {q: advisor.ask(q, save=False) for q in questions}


def settings_for(
    base_url: str, *, seconds: float = LIMIT_SECONDS
) -> LanguageModelSettings:
    return LanguageModelSettings(base_url, "test-model", KEY, seconds)


def numbers_of(answer: Answer) -> dict[str, str]:
    """The answer's own numbers, by the names the table uses."""
    rates = [r.learning_rate for r in answer.recommendations]
    r = answer.recommendations[-1]
    assert r.max_stable is not None
    numbers = {
        "rate": rate_text(rates[-1] or 0),
        "other": rate_text(rates[0] or 0),
        "coarse": f"{rates[-1]:.0e}".replace("e-0", "e-"),
        "half": rate_text(r.max_stable.median),
        "low": rate_text(r.max_stable.low),
        "high": rate_text(r.max_stable.high),
        "asked": rate_text(ASKED.get(answer.question, 1.0)),
        "p": "",
        "seconds": "0.3",
    }
    if answer.judgements:
        numbers["p"] = f"{answer.judgements[0].probability_stable:g}"
    return numbers


def filled(text: str, answer: Answer) -> str:
    numbers = numbers_of(answer)
    return re.sub(r"{(\w+)}", lambda m: numbers[m[1]], text)


def is_about_time(case: Misbehaviour) -> bool:
    return "{seconds}" in case.fault


@pytest.mark.parametrize("case", MISBEHAVIOURS, ids=lambda case: case.what)
def test_whatever_it_does_the_answer_stands_and_one_line_says_so(
    advisor, answers, case
):
    """The reason is that of the page, with this answer's numbers in it.

    A model that is slow goes on for as long as it is waited for.
    """
    answer = answers[case.question]
    numbers = numbers_of(answer)
    with serve(case.build(numbers)) as fake:
        settings = settings_for(
            fake.base_url, seconds=0.3 if is_about_time(case) else LIMIT_SECONDS
        )
        found = phrase(advisor, answer, settings=settings)
    assert found is not None
    assert found.text is None
    assert found.note == NOT_SHOWN.format(fault_text(case.fault, numbers))
    assert "\n" not in found.note
    assert KEY not in found.note
    assert advisor.jobs() == []


def test_the_page_shows_this_table():
    """`python -m tests.advisor.fake_language_model` writes it."""
    page = PAGE.read_text("utf-8")
    assert page == page_with_table(page)


GOOD_WORDINGS = [
    (RECOMMEND, GOOD),
    (RECOMMEND, "I suggest **{rate}** for RealFace with a batch size of 5."),
    (
        RECOMMEND,
        GOOD + " The chance that it stays stable is 90 %. Half of all runs fail near "
        "{half} (90 %: {low} to {high}).",
    ),
    (
        RECOMMEND,
        "- Use {rate} at batch 5\n- Half of the runs fail somewhere between {low} and "
        "{high}\n- This rests on reports, not on runs of ours",
    ),
    (JUDGE, "{asked} at batch 5 is risky (P(stable) {p}). Start at {rate} instead."),
    (
        JUDGE,
        "A rate of {asked} is risky, because half of all runs fail near {half}. "
        "I would start at {rate}.",
    ),
    (TWO, "At batch 2, start at {other}. At batch 5, start at {rate}."),
    (TWO, "Use {other} at batch 2 and {rate} at batch 5 on RealFace."),
    (INJECT, GOOD),
    (LARGEST, "At no batch size is {asked} held to be stable. Start at {rate}."),
]


@pytest.mark.parametrize(("question", "wording"), GOOD_WORDINGS)
def test_an_honest_wording_is_shown(advisor, answers, question, wording):
    answer = answers[question]
    text = filled(wording, answer)
    with serve(says(text)) as fake:
        found = phrase(advisor, answer, settings=settings_for(fake.base_url))
    assert found is not None
    assert found.text == text.replace("**", "")
    assert "test-model" in found.note


def test_the_answer_itself_would_pass(answers):
    """What we say ourselves must not be called invented."""
    for question in (RECOMMEND, JUDGE, TWO, INJECT, LARGEST):
        facts = facts_of_answer(answers[question].to_dict())
        assert find_fault(tidy_wording(answers[question].text), facts) is None


def test_numbers_of_a_tool_may_be_said_with_their_batch_size_and_workload(
    advisor, answers
):
    answer = answers[RECOMMEND]
    at_two = rate_text(advisor.recommend("realface", 2).learning_rate)
    text = filled(GOOD + f" At batch 2, RealFace takes {at_two}.", answer)
    call = tool_call("recommend", {"workload": "realface", "batch_size": 2})
    with serve(calls(call, then=text)) as fake:
        found = phrase(advisor, answer, settings=settings_for(fake.base_url))
    assert found is not None
    assert found.text == text
    with serve(says(text)) as fake:
        found = phrase(advisor, answer, settings=settings_for(fake.base_url))
    assert found is not None
    assert found.text is None, "without the tool's result nobody has said so"


def test_a_number_of_a_tool_needs_its_batch_size_beside_it(advisor, answers):
    answer = answers[RECOMMEND]
    at_two = rate_text(advisor.recommend("realface", 2).learning_rate)
    call = tool_call("recommend", {"workload": "realface", "batch_size": 2})
    text = f"Start at {at_two}. " + filled(GOOD, answer)
    with serve(calls(call, then=text)) as fake:
        found = phrase(advisor, answer, settings=settings_for(fake.base_url))
    assert found is not None
    assert found.text is None


@pytest.mark.parametrize(
    "given",
    [
        {"workload": "realface", "batch_size": "5"},
        {"workload": "realface", "batch_size": True},
        {"workload": "realface", "batch_size": 4242},
        {"workload": "realface", "batch_size": float("nan")},
        {"workload": "realface", "batch_size": 5, "optimizer": "sgd"},
        {"workload": "nosuch", "batch_size": 5},
        {"workload": ["realface"], "batch_size": 5},
        {"batch_size": 5},
        {"workload": "realface", "batch_size": 5, "colour": "red"},
    ],
)
def test_a_tool_that_refuses_says_so_to_the_model_and_the_talk_goes_on(
    advisor, answers, given
):
    answer = answers[RECOMMEND]
    text = filled(GOOD, answer)
    with serve(calls(tool_call("recommend", given), then=text)) as fake:
        found = phrase(advisor, answer, settings=settings_for(fake.base_url))
        told = json.loads(fake.requests[1]["messages"][-1]["content"])
    assert list(told) == ["error"]
    assert found is not None
    assert found.text == text


def test_tool_results_go_back_in_the_form_of_the_interface(advisor, answers):
    answer = answers[RECOMMEND]
    call = tool_call("recommend", {"workload": "realface", "batch_size": 5}, "call_x")
    with serve(calls(call, then=filled(GOOD, answer))) as fake:
        phrase(advisor, answer, settings=settings_for(fake.base_url))
        first, second = fake.requests
    assert [m["role"] for m in second["messages"]] == [
        *("system", "user", "assistant", "tool")
    ]
    assert second["messages"][2]["tool_calls"][0]["id"] == "call_x"
    assert second["messages"][3]["tool_call_id"] == "call_x"
    assert [t["function"]["name"] for t in first["tools"]] == list(OFFERED_TOOLS)
    for tool in first["tools"]:
        assert tool["function"]["parameters"]["additionalProperties"] is False


def test_what_is_sent_is_the_question_the_answer_and_the_key_to_one_address(
    advisor, answers
):
    with serve(says("")) as fake:
        phrase(
            advisor,
            answers[RECOMMEND],
            context="And before?",
            settings=settings_for(fake.base_url),
        )
        [sent], [headers], [path] = fake.requests, fake.headers, fake.paths
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert KEY not in json.dumps(sent)
    assert sent["model"] == "test-model"
    asked = json.loads(sent["messages"][1]["content"])
    assert asked["question"] == RECOMMEND
    assert asked["previous_turn"] == "And before?"
    assert asked["answer"] == answers[RECOMMEND].text
    assert len(json.dumps(sent)) < 40_000
    assert str(advisor.store.folder) not in json.dumps(sent)


def test_a_redirect_is_not_followed(advisor, answers):
    """The key must not reach a host that nobody configured."""
    with (
        serve(says(GOOD)) as elsewhere,
        serve(fails(302, Location=f"{elsewhere.base_url}/chat/completions")) as fake,
    ):
        phrase(advisor, answers[RECOMMEND], settings=settings_for(fake.base_url))
        assert elsewhere.requests == []


def test_a_proxy_of_the_environment_sees_nothing(advisor, answers, monkeypatch):
    with serve(says(GOOD)) as proxy, serve(says(GOOD)) as fake:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.base_url)
        phrase(advisor, answers[RECOMMEND], settings=settings_for(fake.base_url))
        assert proxy.requests == []
        assert len(fake.requests) == 1


def test_nobody_listening_is_one_line(advisor, answers):
    with serve(says("")) as fake:
        base_url = fake.base_url
    found = phrase(advisor, answers[RECOMMEND], settings=settings_for(base_url))
    assert found is not None
    assert found.note == NOT_SHOWN.format("it could not be reached, or hung up")


def test_an_untrusted_certificate_or_plain_text_is_refused(advisor, answers):
    with serve(says("")) as fake:
        base_url = fake.base_url.replace("http:", "https:")
        found = phrase(advisor, answers[RECOMMEND], settings=settings_for(base_url))
    assert found is not None
    assert found.note == NOT_SHOWN.format("its certificate cannot be trusted")


def test_a_good_answer_that_comes_too_late_is_not_shown(advisor, answers):
    text = filled(GOOD, answers[RECOMMEND])
    with serve(says_too_late(text)) as fake:
        settings = settings_for(fake.base_url, seconds=0.2)
        found = phrase(advisor, answers[RECOMMEND], settings=settings)
    assert found is not None
    assert found.note == NOT_SHOWN.format("it did not answer in 0.2 s")


@pytest.mark.parametrize(
    "question",
    [
        "help",
        "who won the world cup in 2014",
        "best learning rate?",
        "what LR for batch 5?",
        "what lr for nosuchmodel at batch 5?",
        "what jobs are running?",
        "verify realface at batch 5",
        "Compare Original and DLight at batch 8",
    ],
)
def test_refusals_questions_back_and_actions_are_not_given_to_a_model(
    advisor, question
):
    """A model that is not asked cannot fill in what a person left open."""
    answer = advisor.ask(question, save=False)
    assert not may_be_phrased(answer)
    with serve(says("Start at 0.5.")) as fake:
        assert phrase(advisor, answer, settings=settings_for(fake.base_url)) is None
        assert fake.requests == []


def test_off_means_that_nothing_is_asked_and_nothing_changes(advisor, answers):
    assert advisor.settings.language_model is None
    answer = answers[RECOMMEND]
    assert put_in_words(advisor, answer) is answer
    document = answer.to_dict()
    assert document["phrased"] is None
    assert document["phrasing_note"] is None


def test_switched_on_only_the_two_fields_change(advisor, answers, monkeypatch):
    answer = answers[RECOMMEND]
    text = filled(GOOD, answer)
    with serve(says(text)) as fake:
        on = replace(advisor.settings, language_model=settings_for(fake.base_url))
        monkeypatch.setattr(advisor, "settings", on)
        found = put_in_words(advisor, answer)
    assert found.phrased == text
    assert replace(found, phrased=None, phrasing_note=None) == answer
    assert found.to_dict()["phrased"] == text
    assert KEY not in json.dumps(found.to_dict())


# -- settings --------------------------------------------------------------------------

ON = {BASE_URL: "http://127.0.0.1:11434/v1/", MODEL: "llama3.1:8b"}


@pytest.mark.parametrize("left_out", [BASE_URL, MODEL])
def test_it_is_off_unless_address_and_model_are_set(left_out):
    settings = load_settings({**ON, API_KEY: KEY, left_out: ""})
    assert settings.language_model is None


def test_address_model_and_key_come_from_the_environment():
    found = load_settings({**ON, API_KEY: f" {KEY}\n"}).language_model
    assert found == LanguageModelSettings("http://127.0.0.1:11434/v1", ON[MODEL], KEY)
    assert load_settings(ON).language_model == replace(found, api_key=None)


def test_the_key_is_in_no_text_of_the_settings():
    settings = load_settings({**ON, API_KEY: KEY})
    assert KEY not in f"{settings} {settings!r} {settings.language_model}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (BASE_URL, "ftp://127.0.0.1/v1"),
        (BASE_URL, "127.0.0.1:11434"),
        (BASE_URL, "file:///etc/hosts"),
        (BASE_URL, "http://"),
        (BASE_URL, "http://[::1"),
        (BASE_URL, "http://127.0.0.1:99999/v1"),
        (BASE_URL, "http://me:secret@127.0.0.1/v1"),
        (BASE_URL, "http://127.0.0.1/v1?key=secret"),
        (BASE_URL, "http://127.0.0.1/v1\r\nX: secret"),
        (MODEL, "two words"),
        (MODEL, "<b>secret</b>"),
        (MODEL, "m" * 101),
        (API_KEY, "secret\r\nX-Evil: 1"),
        (API_KEY, "secret with blanks"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_without_being_shown(name, value):
    with pytest.raises(SettingsError, match=name) as caught:
        load_settings({**ON, name: value})
    assert "secret" not in str(caught.value)
    assert str(caught.value).endswith(".")
