"""Every page as everybody meets it: by keyboard, by day and by night, on a phone."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from advisor.ui.evidence.importing import TEMPLATE
from tests.browser.pressing import press
from tests.waiting import until

pytestmark = pytest.mark.browser
BAD = ("serious", "critical")
# What each address shows once it is drawn.
PAGES = {
    "history": "Search",
    "runs": "Click a row to open it",
    "evidence": "One panel for each",
    "evidence?evidence_tab=Reports": "Click a row to open it",
    "evidence?evidence_tab=Tables": "Download CSV",
    "evidence?evidence_tab=SQL": "Ctrl+Enter runs it",
    "evidence?evidence_tab=Import": "Template as CSV",
    "evidence?evidence_tab=Tell": "Keep it",
    "track-record": "Track record",
    "help": "In a terminal",
}
# Axe says nothing of what it could not decide, and nothing of what is fine.
OPTIONS = {"resultTypes": ["violations"]}


def open_at(page: Page, base: str, path: str, shown: str) -> None:
    """Go to an address and wait until its page is drawn."""
    page.goto(f"{base}/{path}")
    expect(page.locator("main").get_by_text(shown).first).to_be_visible()
    is_done(page)


def is_done(page: Page) -> None:
    """Wait until the page is drawn to its end: before, it has a button to stop it."""
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-script-state", "notRunning")
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)


def import_runs(page: Page, base: str) -> None:
    """Upload the template as it is; a second time adds nothing."""
    open_at(page, base, "evidence?evidence_tab=Import", "Template as CSV")
    file = {"name": "t.csv", "mimeType": "text/csv", "buffer": TEMPLATE.encode()}
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files([file])  # type: ignore[list-item]
    press(
        page.get_by_role("button", name="Import", exact=True),
        page.get_by_role("link", name="Ask about my-model"),
    )


def click_a_row(page: Page, base: str) -> str:
    """Click in the middle of a row of the list; return the address it then has."""
    open_at(page, base, "runs", PAGES["runs"])
    table = page.get_by_test_id("stDataFrame")
    expect(table).to_be_visible()

    def is_open() -> bool:
        table.click(position={"x": 200, "y": 55})
        page.wait_for_timeout(500)
        return "run=run" in page.url

    until(is_open, what="a run opened by a click on its row")
    return page.url.removeprefix(f"{base}/")


def dress(page: Page, mode: str, width: int) -> None:
    """Set the colours and the width of a window."""
    page.emulate_media(color_scheme="dark" if mode == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 844})


def faults(page: Page, width: int) -> list[tuple[str, list[str]]]:
    """What axe calls serious, and a page that sticks out sideways."""
    found = [
        (one["id"], [node["html"] for node in one["nodes"]])
        for one in Axe().run(page, options=OPTIONS).response["violations"]
        if one["impact"] in BAD
    ]
    if page.evaluate("document.documentElement.scrollWidth") > width:
        found.append(("wider than the window", []))
    return found


@pytest.mark.parametrize(("mode", "width"), [("light", 1280), ("dark", 390)])
def test_no_page_keeps_anybody_out(
    page: Page, app_url: str, mode: str, width: int
) -> None:
    """Axe finds nothing serious, and nothing sticks out sideways."""
    import_runs(page, app_url)
    one_run = click_a_row(page, app_url)
    dress(page, mode, width)
    found = {}
    for path, shown in {**PAGES, one_run: "Settings and origin"}.items():
        open_at(page, app_url, path, shown)
        found[path] = faults(page, width)
    assert {path: bad for path, bad in found.items() if bad} == {}


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_no_answer_keeps_anybody_out(
    page: Page, app_url: str, mode: str, width: int
) -> None:
    """With its details, its plan and its form open, and with a table of rates."""
    dress(page, mode, width)
    open_at(page, app_url, "?q=What LR for batch 7 on DLight?", "should last")
    expect(page.get_by_role("button", name="Run tests")).to_be_visible()
    found = {"answer": faults(page, width)}
    page.get_by_text("Details", exact=True).click()
    expect(page.get_by_role("tab", name="Evidence")).to_be_visible()
    found["details"] = faults(page, width)
    for name, shown in (("What runs", "Workload to run"), ("Already", "One run of")):
        button = page.get_by_role("button", name=name)
        button.click()
        expect(page.get_by_text(shown).first).to_be_visible()
        is_done(page)
        found[name] = faults(page, width)
        page.keyboard.press("Escape")
        expect(page.get_by_text(shown)).to_have_count(0)
    open_at(
        page, app_url, "?q=What LR for batch 3, 6 and 9 on DLight?", "Half fail near"
    )
    found["several"] = faults(page, width)
    assert {state: bad for state, bad in found.items() if bad} == {}


def test_the_browser_chooses_between_light_and_dark(page: Page, app_url: str) -> None:
    """Nothing has to be set."""
    ground = "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
    colours = []
    for mode in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if mode == "dark" else "light")
        open_at(page, app_url, "help", PAGES["help"])
        colours.append(page.evaluate(ground))
    assert colours == ["rgb(255, 255, 255)", "rgb(18, 22, 27)"]


def test_the_keyboard_is_seen_on_the_links_at_the_top(page: Page, app_url: str) -> None:
    """A ring of three pixels, not a shade of grey."""
    open_at(page, app_url, "help", PAGES["help"])
    link = page.get_by_role("link", name="Evidence", exact=True)

    def is_reached() -> bool:
        page.keyboard.press("Tab")
        return bool(link.evaluate("link => link === document.activeElement"))

    until(is_reached, what="the link by the keyboard")
    outline = link.evaluate("link => getComputedStyle(link).outline")
    assert re.search(r"3px", outline)
    assert "solid" in outline


def test_a_click_in_a_row_opens_its_run_beside_the_list(
    page: Page, app_url: str
) -> None:
    """Not only on the box, and not below the window; its address leads there again."""
    import_runs(page, app_url)
    address = click_a_row(page, app_url)
    table = page.get_by_test_id("stDataFrame")
    heading = page.get_by_role("heading", name=re.compile(" at batch "))
    expect(heading).to_be_in_viewport()
    place, list_place = heading.bounding_box(), table.bounding_box()
    assert place is not None
    assert list_place is not None
    assert place["x"] >= list_place["x"] + list_place["width"]
    title = heading.inner_text()
    page.goto(f"{app_url}/{address}")
    expect(page.get_by_role("heading", name=title)).to_be_visible()


def test_a_link_at_the_top_opens_its_page_while_a_form_is_open(
    page: Page, app_url: str
) -> None:
    """The click closes the form as well, which must not stop the new page."""
    open_at(page, app_url, "?q=What LR for batch 13 on DLight?", "should last")
    for name, shown in (("batch 13", "Change the batch"), ("Already", "One run of")):
        page.get_by_role("button", name=name).click()
        expect(page.get_by_text(shown).first).to_be_visible()
        page.get_by_role("link", name="Track record", exact=True).click()
        expect(page.get_by_role("heading", name="Track record")).to_be_visible()
        page.get_by_role("link", name="Ask", exact=True).click()
        expect(page.get_by_text("should last").first).to_be_visible()


def test_after_a_press_the_keyboard_goes_on_from_what_came_of_it(
    page: Page, app_url: str
) -> None:
    """The button that was pressed is gone, and the cursor is not back at the top."""
    open_at(page, app_url, "?q=What LR for batch 14 on DLight?", "should last")
    page.get_by_role("button", name="Already").click()
    page.get_by_text("It held", exact=True).click()
    keep = page.get_by_role("button", name="Keep it")
    keep.focus()
    page.keyboard.press("Enter")
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()
    until(lambda: focused(page, "ask_done_0"), what="the cursor at what was kept")
    page.keyboard.press("Tab")
    expect(undo).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Taken back").first).to_be_visible()
    expect(page.get_by_text("One run of")).to_be_hidden()


def focused(page: Page, key: str) -> bool:
    """Whether the cursor is at the container with a key."""
    at = "document.activeElement.classList.contains(name)"
    return bool(page.evaluate(f"name => {at}", f"st-key-{key}"))
