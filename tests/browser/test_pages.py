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
    main = page.get_by_test_id("stMain")
    expect(main.get_by_text(shown).first).to_be_visible()
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


@pytest.mark.parametrize(("mode", "width"), [("light", 1280), ("dark", 390)])
def test_no_page_keeps_anybody_out(
    page: Page, app_url: str, mode: str, width: int
) -> None:
    """Axe finds nothing serious, and nothing sticks out sideways."""
    import_runs(page, app_url)
    one_run = click_a_row(page, app_url)
    page.emulate_media(color_scheme="dark" if mode == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 844})
    found = []
    for path, shown in {**PAGES, one_run: "Settings and origin"}.items():
        open_at(page, app_url, path, shown)
        for one in Axe().run(page, options=OPTIONS).response["violations"]:
            if one["impact"] in BAD:
                found.append((path, one["id"], [n["html"] for n in one["nodes"]]))
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append((path, "wider than the window", []))
    assert found == []


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
