"""Journeys that a person takes, in Chromium, with real training.

Each begins at the address of the app. What is waited for is waited for long
(conftest.py): how fast a machine is is no matter of these tests.
"""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, TimeoutError, expect

from tests.browser.pressing import PATIENCE_MS, press
from tests.gate import Gate
from tests.waiting import until

pytestmark = pytest.mark.browser
QUESTION = "What LR for batch 5 on RealFace?"


def ask(page: Page, question: str) -> None:
    """Type a question, send it, and wait until its answer stands there."""
    box = page.get_by_test_id("stChatInputTextArea")
    expect(box).to_be_visible()
    before = page.get_by_test_id("stChatMessage").count()
    box.fill(question)
    box.press("Enter")
    expect(page.get_by_test_id("stChatMessage")).to_have_count(before + 2)
    expect(page.get_by_test_id("stSpinner")).to_have_count(0)


def top_link(page: Page, name: str) -> Locator:
    """Return the link at the top that leads to a page."""
    return page.get_by_test_id("stTopNav").get_by_role("link", name=name)


def metric(page: Page, label: str) -> str:
    """Return the value of the last metric with this label, which may be unseen."""
    found = page.get_by_test_id("stMetric").filter(has_text=label).last
    value = found.get_by_test_id("stMetricValue")
    expect(value).to_be_visible()
    return value.inner_text()


def chart(page: Page) -> None:
    """Expect that a chart has been drawn, not only reserved."""
    canvas = page.get_by_test_id("stVegaLiteChart").locator("canvas, svg").first
    expect(canvas).to_be_visible()


def test_asking_verifying_and_being_answered_better(page: Page, gate: Gate) -> None:
    """Ask, read, press Run, watch the training, and see the answer change."""
    ask(page, QUESTION)
    assert float(metric(page, "Start at")) <= 6.5e-5
    chart(page)

    page.get_by_role("button", name="What runs").click()
    sizes = page.get_by_role("textbox", name="Batch sizes, separated by commas")
    sizes.fill("5")
    sizes.press("Enter")
    budget = page.get_by_label("Time budget in seconds")
    budget.fill("30")
    budget.press("Enter")
    expect(page.get_by_text("Time: about 30 s")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Run tests").click()

    expect(page.get_by_text("Running RealFace@1/16 at batch 5")).to_be_visible()
    step = page.get_by_text(re.compile(r"running, step [1-9]\d* of \d+, loss"))
    expect(step.first).to_be_visible()
    expect(page.get_by_role("button", name="Cancel").first).to_be_visible()
    gate.open()

    expect(page.get_by_text("updated with the new runs")).to_be_visible()
    expect(page.get_by_text(re.compile(r"\d new runs? counts?\."))).to_be_visible()
    page.get_by_text("Details", exact=True).click()
    page.get_by_role("tab", name="Evidence").click()
    expect(page.get_by_text(re.compile(r"^Evidence: \d+ runs?, "))).to_be_visible()

    top_link(page, "Runs").click()
    expect(page.get_by_text("Click a row to open it")).to_be_visible()
    page.get_by_role("tab", name="Running").click()
    expect(page.get_by_text("Nothing is running.")).to_be_visible()
    top_link(page, "Ask").click()
    expect(page.get_by_text("updated with the new runs")).to_be_visible()


def test_a_verification_can_be_cancelled_from_the_runs_page(
    page: Page, gate: Gate
) -> None:
    """What was started on one page is stopped on another, and the answer says so."""
    ask(page, "What LR for batch 6 on Original?")
    page.get_by_role("button", name="Run tests").click()
    expect(page.get_by_text(re.compile("^Running Original"))).to_be_visible()
    top_link(page, "Runs").click()
    # While the page changes, the other page's Cancel is still there and does nothing.
    chat = page.get_by_test_id("stChatInputTextArea")
    expect(chat).to_have_count(0)
    expect(page).to_have_title(re.compile(r"^\d+ % · Runs · LR Advisor$"))
    page.get_by_role("button", name="Cancel").first.click()
    expect(page.get_by_text(re.compile("^Running Original"))).to_have_count(0)
    expect(page).to_have_title("Runs · LR Advisor")
    top_link(page, "Ask").click()
    expect(page.get_by_text("Cancelled.")).to_be_visible()


def test_looking_at_the_evidence(page: Page, tmp_path: Path) -> None:
    """Tables, a file to take away, and a query of one's own."""
    tab = page.get_by_role("tab", name="Tables")
    radio = page.get_by_role("radio", name="claims")
    press(top_link(page, "Evidence"), tab)
    press(tab, radio)
    press(radio, page.get_by_text("31 rows"))
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    file = tmp_path / "claims.csv"

    def is_downloaded() -> bool:
        try:
            with page.expect_download(timeout=PATIENCE_MS) as download:
                page.get_by_role("button", name="Download CSV").click()
        except TimeoutError:
            return False
        download.value.save_as(file)
        return True

    until(is_downloaded, what="the table as a file")
    assert "claim:forum-2021/realface-5-stable" in file.read_text()

    query = page.get_by_role("textbox", name="Query")
    press(page.get_by_role("tab", name="SQL"), query)
    query.fill("select count(*) as n from claims")
    query.press("Control+Enter")
    expect(page.get_by_text("1 row", exact=True)).to_be_visible()
    query.fill("drop table claims")
    press(page.get_by_role("button", name="Run query"), page.get_by_test_id("stAlert"))


def test_following_up_and_being_asked_back(page: Page) -> None:
    """A follow-up needs no workload; a question that lacks one is completed."""
    ask(page, QUESTION)
    ask(page, "and at batch 3?")
    expect(page.get_by_text(re.compile("^batch 5 to 3: "))).to_be_visible()
    page.get_by_role("button", name="New conversation").click()
    expect(page.get_by_test_id("stChatMessage")).to_have_count(0)
    ask(page, "what lr at batch 6?")
    original = page.locator("main").get_by_role("radio", name="Original")
    expect(original).to_have_count(1)  # twice while the page is redrawn
    original.click()
    expect(page.get_by_text(re.compile("Original at batch 6\\b")).first).to_be_visible()


def test_a_conversation_is_changed_kept_and_found_again(page: Page) -> None:
    """A chip asks again, a yes keeps an observation, a reload and the history bring
    the conversation back.
    """
    ask(page, QUESTION)
    field = page.get_by_role("textbox", name="Change the batch size")
    press(page.get_by_role("button", name="batch 5"), field)
    field.fill("3")
    field.press("Enter")
    again = "What learning rate for RealFace at batch size 3?"
    expect(page.get_by_text(again, exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile("^batch 5 to 3: "))).to_be_visible()
    expect(field).to_have_count(0)
    expect(page.get_by_test_id("stChatMessage")).to_have_count(2)

    ask(page, "batch 12 at 9e-5 got blurry after 20k its on original")
    expect(page.get_by_text("Waits for your yes")).to_be_visible()
    ask(page, "yes")
    expect(page.get_by_text("Kept as your observation").first).to_be_visible()
    page.reload()
    expect(page.get_by_text(again, exact=True)).to_be_attached()
    expect(page.get_by_text("answered again").first).to_be_visible()

    top_link(page, "History").click()
    search = page.get_by_role("textbox", name="Search")
    search.fill("got blurry")
    search.press("Enter")
    # Only this one, of all that the tests have held in this store.
    expect(page.get_by_role("button", name="More")).to_have_count(1)
    page.get_by_role("button", name=again).first.click()
    expect(page.get_by_text(again, exact=True)).to_be_attached()


def test_a_phone_shows_the_answer_without_scrolling_sideways(page: Page) -> None:
    """The rate is seen first, and nothing sticks out."""
    page.set_viewport_size({"width": 390, "height": 844})
    ask(page, QUESTION)
    expect(page.get_by_role("slider")).to_be_visible()
    chart(page)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390


TOP, FOLD = 70, 900  # pixels: below the bar, and what is to be seen without scrolling


def test_a_question_stands_at_the_top_with_its_answer_and_act_in_sight(
    page: Page,
) -> None:
    """At the first one and at a follow-up; the cursor stays in the input."""
    for number, question in enumerate([QUESTION, "and at batch 3?"]):
        ask(page, question)
        turn = page.locator(f".st-key-ask_turn_{number}")
        act = turn.get_by_role("button", name="Run tests")
        expect(turn.get_by_role("slider")).to_be_visible()
        expect(act).to_be_visible()

        def is_at_the_top(turn: Locator = turn, act: Locator = act) -> bool:
            place, button = turn.bounding_box(), act.bounding_box()
            assert place is not None
            assert button is not None
            return abs(place["y"]) <= TOP and button["y"] + button["height"] <= FOLD

        until(is_at_the_top, what=f"{question} at the top")
        expect(page.get_by_test_id("stChatInputTextArea")).to_be_focused()
    status = page.get_by_role("status").filter(has_text="RealFace at batch 3")
    expect(status).to_be_attached()


def test_the_ruler_is_moved_by_keys_and_by_dragging(page: Page) -> None:
    """It says of each rate how surely it holds, without asking the server."""
    ask(page, QUESTION)
    ruler = page.get_by_role("slider", name="Learning rate to look at")
    expect(ruler).to_have_attribute("aria-valuetext", re.compile("safe, 90 %"))
    ruler.focus()
    ruler.press("End")
    expect(ruler).to_have_attribute("aria-valuetext", re.compile(": no, "))
    box = ruler.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] - 8, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 12, middle)
    page.mouse.up()
    expect(ruler).to_have_attribute("aria-valuetext", re.compile(": safe, "))
