"""A language model's wording: shown where it holds, else one line and the answer."""

import json
import re
from dataclasses import replace

import pytest

from advisor.answers.brief import tried_text
from advisor.conversation.answer import Answer
from advisor.phrasing.phrasing import may_be_phrased, phrase, put_in_words
from advisor.rates import fit_text
from advisor.service import Advisor
from advisor.settings import LanguageModelSettings, load_settings
from knowledge.errors import SettingsError
from tests.advisor.phrasing.fake_language_model import (
    GOOD,
    INJECT,
    JUDGE,
    LATE,
    MISBEHAVIOURS,
    NOT_SHOWN,
    RECOMMEND,
    TWO,
    VERDICT,
    fails,
    says,
    serve,
)
from tests.advisor.phrasing.test_slots import QUESTIONS

KEY = "sk-a-secret-key"
BASE_URL = "LR_ADVISOR_LLM_BASE_URL"
MODEL = "LR_ADVISOR_LLM_MODEL"
API_KEY = "LR_ADVISOR_LLM_API_KEY"
# Long enough for any machine, where it is not about time; too short where it is.
LONG, SHORT = 600.0, 0.3


@pytest.fixture(scope="module")
def advisor():
    with Advisor.open(":memory:", study=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def answers(advisor) -> dict[str, Answer]:
    questions = (RECOMMEND, JUDGE, TWO, INJECT)
    return {q: advisor.ask(q, save=False) for q in questions}


def settings_for(base_url: str, *, seconds: float = LONG) -> LanguageModelSettings:
    return LanguageModelSettings(base_url, "test-model", KEY, seconds)


@pytest.mark.parametrize("case", MISBEHAVIOURS, ids=lambda case: case.what)
def test_whatever_it_does_the_answer_stands_and_one_line_says_so(answers, case):
    seconds = SHORT if case.fault == LATE else LONG
    with serve(case.behaviour) as fake:
        settings = settings_for(fake.base_url, seconds=seconds)
        found = put_in_words(answers[case.question], settings)
        assert len(fake.requests) <= 1
    assert found.phrased is None
    assert found.phrasing_note == NOT_SHOWN.format(case.fault.format(seconds=seconds))
    assert replace(found, phrasing_note=None) == answers[case.question]
    assert KEY not in found.phrasing_note


@pytest.mark.parametrize(
    ("question", "wording", "shown"),
    [
        (RECOMMEND, GOOD, "For RealFace at batch 5 I would start at {rate}."),
        (INJECT, GOOD, "For RealFace at batch 5 I would start at {rate}."),
        (RECOMMEND, "I suggest **{rate}**. {REST}", "I suggest {rate}."),
        (JUDGE, VERDICT, "Here is the verdict: 7e-5 is probably fine for RealFace"),
        (TWO, "Here you are:\n{rate_1}\n{rate_2}", "RealFace at batch 2: {other}, "),
    ],
)
def test_an_honest_wording_is_shown_with_the_numbers_of_the_answer(
    answers, question, wording, shown
):
    answer = answers[question]
    rates = [fit_text(r.learning_rate) for r in answer.recommendations]
    if len(rates) == 1 and question is not JUDGE:
        rates = [f"{rates[0]}{tried_text(answer.recommendation)}"]
    with serve(says(wording)) as fake:
        found = phrase(answer, settings_for(fake.base_url))
    assert found.text is not None, found.note
    assert shown.format(rate=rates[-1], other=rates[0]) in found.text
    assert "{" not in found.text
    assert "test-model" in found.note


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_kind_of_answer_can_be_put_into_words(advisor, question):
    """The shortest wording that holds: every piece that is required, and no more."""
    answer = advisor.ask(question, save=False)
    with serve(says("Here is the answer for you.\n{REST}")) as fake:
        found = phrase(answer, settings_for(fake.base_url))
    if "{rate}" in said_by(fake):  # it stands inside a sentence
        with serve(says("Here I would start at {rate}.\n{REST}")) as fake:
            found = phrase(answer, settings_for(fake.base_url))
    assert found.text is not None, found.note
    numbers = re.findall(r"\d[\d.,e-]*\d|\d", found.text)
    assert [number for number in numbers if number not in answer.text] == []


def said_by(fake) -> str:
    slots = json.loads(fake.requests[0]["messages"][1]["content"])["slots"]
    return " ".join(f"{{{slot['name']}}}" for slot in slots)


def test_what_is_sent_holds_no_number_and_goes_to_one_address(advisor, answers):
    with serve(says("")) as fake:
        phrase(answers[JUDGE], settings_for(fake.base_url))
        [sent], [headers], [path] = fake.requests, fake.headers, fake.paths
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert set(sent) == {"model", "messages"}
    assert sent["model"] == "test-model"
    asked = json.loads(sent["messages"][1]["content"])
    assert asked["question"] == "Is # safe at batch # on RealFace?"
    shown = [
        asked["question"],
        *(f"{slot['text']} {slot['meaning']}" for slot in asked["slots"]),
    ]
    assert not re.search(r"\d", " ".join(shown))
    assert len(json.dumps(sent)) < 20_000
    assert str(advisor.store.folder) not in json.dumps(sent)


def test_a_redirect_is_not_followed(answers):
    """The key must not reach a host that nobody configured."""
    with (
        serve(says(GOOD)) as elsewhere,
        serve(fails(302, Location=f"{elsewhere.base_url}/chat/completions")) as fake,
    ):
        phrase(answers[RECOMMEND], settings_for(fake.base_url))
        assert elsewhere.requests == []


def test_a_proxy_of_the_environment_sees_nothing(answers, monkeypatch):
    with serve(says(GOOD)) as proxy, serve(says(GOOD)) as fake:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.base_url)
        phrase(answers[RECOMMEND], settings_for(fake.base_url))
        assert proxy.requests == []
        assert len(fake.requests) == 1


def test_nobody_listening_is_one_line(answers):
    with serve(says("")) as fake:
        base_url = fake.base_url
    found = phrase(answers[RECOMMEND], settings_for(base_url))
    assert found.note == NOT_SHOWN.format("it could not be reached, or hung up")


def test_an_untrusted_certificate_or_plain_text_is_refused(answers):
    with serve(says("")) as fake:
        base_url = fake.base_url.replace("http:", "https:")
        found = phrase(answers[RECOMMEND], settings_for(base_url))
    assert found.note == NOT_SHOWN.format("its certificate cannot be trusted")


@pytest.mark.parametrize(
    "question",
    [
        "help",
        "who won the world cup in 2014",
        "best learning rate?",
        "what LR for batch 5?",
        "what lr for nosuchmodel at batch 5?",
        "cancel all jobs",
        "verify realface at batch 5",
        "original batch 8 at 3e-4 ran fine for 20k steps",
    ],
)
def test_refusals_questions_back_and_what_waits_for_a_yes_are_not_put_into_words(
    advisor, question
):
    answer = advisor.ask(question, save=False)
    assert not may_be_phrased(answer)
    with serve(says("Here you are.")) as fake:
        assert put_in_words(answer, settings_for(fake.base_url)) is answer
        assert fake.requests == []


def test_off_means_that_nothing_is_asked_and_nothing_changes(advisor, answers):
    assert advisor.settings.language_model is None
    answer = answers[RECOMMEND]
    assert put_in_words(answer, None) is answer
    document = answer.to_dict()
    assert document["phrased"] is None
    assert document["phrasing_note"] is None


def test_switched_on_an_answer_to_a_question_carries_the_wording(
    advisor, answers, monkeypatch
):
    with serve(says(GOOD)) as fake:
        on = replace(advisor.settings, language_model=settings_for(fake.base_url))
        monkeypatch.setattr(advisor, "settings", on)
        found = advisor.ask(RECOMMEND)
    assert found.phrased is not None
    assert replace(found, phrased=None, phrasing_note=None) == answers[RECOMMEND]
    assert found.to_dict()["phrased"] == found.phrased
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
