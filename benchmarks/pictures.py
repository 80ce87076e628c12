"""`python -m benchmarks.pictures`: makes the app's pictures in docs/pictures again.

An app with a new store is asked in Chromium (the one that CHROMIUM names, or the first
on the path), and what a person would see is kept. The map of outcomes is the app's
chart, drawn without it. Look at them before you commit them.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import vl_convert
from playwright.sync_api import Page, sync_playwright

from advisor.charts.outcome_map import build_outcome_map, panels_by_horizon
from advisor.service import Advisor

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
QUESTION = "What LR for batch 5 on RealFace?"
FOLLOW_UPS = ("and at 9?", "is 1e-4 ok there?")
MAP_OF, MAP_LENGTHS = "realface@1/16", (100, 300, 1_000)
WIDTH, HEIGHT = 1280, 900
PATIENCE_SECONDS = 300


def find_chromium() -> str:
    """Return the path of the browser that takes the pictures."""
    names = "chromium", "chromium-browser", "google-chrome"
    found = [os.environ.get("CHROMIUM"), *map(shutil.which, names)]
    return next(path for path in found if path)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of an app with a new store in this folder."""
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        port = any_port.getsockname()[1]
    command = [sys.executable, "-m", "advisor.cli", "app", "--port", str(port)]
    server = subprocess.Popen([*command, "--store", str(folder / "store")])
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until_served(url)
        yield url
    finally:
        server.terminate()
        server.wait()


def wait_until_served(url: str) -> None:
    """Return when the app answers; TimeoutError if it never does."""
    for _ in range(PATIENCE_SECONDS):
        try:
            with urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(1)
    raise TimeoutError(url)


def ask(page: Page, question: str) -> None:
    """Ask, and wait until the page is at rest."""
    box = page.get_by_test_id("stChatInputTextArea")
    box.fill(question)
    box.press("Enter")
    page.get_by_text(question, exact=True).last.wait_for()
    settle(page)


def settle(page: Page) -> None:
    """Wait until nothing is computed and nothing moves any more."""
    page.wait_for_timeout(1_000)
    page.get_by_test_id("stStatusWidget").wait_for(state="detached")
    page.get_by_test_id("stSpinner").wait_for(state="detached")
    page.wait_for_timeout(2_000)


def picture_the_app(url: str, folder: Path) -> None:
    """Keep the first answer, and a conversation that went on."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.set_default_timeout(1000 * PATIENCE_SECONDS)
        page.goto(url)
        ask(page, QUESTION)
        page.screenshot(path=folder / "answer.png")
        for question in FOLLOW_UPS:
            ask(page, question)
        last = page.get_by_text(FOLLOW_UPS[-1], exact=True).last
        last.evaluate("element => element.scrollIntoView()")
        page.screenshot(path=folder / "conversation.png")
        browser.close()


def picture_the_map(folder: Path) -> None:
    """Keep the map of outcomes at several run lengths."""
    with Advisor.open(":memory:", study=True) as advisor:
        found = advisor.store.runs(workload=MAP_OF)
    runs = [run for run in found if run.outcome and run.recipe == "faceswap-2021"]
    chart = build_outcome_map(panels_by_horizon(runs, MAP_LENGTHS))
    png = vl_convert.vegalite_to_png(json.dumps(chart.to_dict()), scale=1.5)
    (folder / "outcome-map.png").write_bytes(png)


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pictures")
    parser.add_argument("--into", type=Path, default=PICTURES)
    into = parser.parse_args(arguments).into
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as url:
        picture_the_app(url, into)
    picture_the_map(into)
    for name in ("answer", "conversation", "outcome-map"):
        print(into / f"{name}.png")


if __name__ == "__main__":
    main()
