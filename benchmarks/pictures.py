"""`python -m benchmarks.pictures`: makes the app's pictures in docs/pictures again.

An app with a new store is asked in Chromium (the one that CHROMIUM names, or the first
on the path), and what a person would see is kept. The map of outcomes is the app's
chart, drawn without it, and two charts show numbers of the tables in docs/dev/results.
Look at them before you commit them.
"""

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.request import urlopen

import altair as alt
import pandas as pd
import vl_convert
from playwright.sync_api import Page, sync_playwright

from advisor.charts.outcome_map import build_outcome_map, panels_by_horizon
from advisor.service import Advisor

DOCS = Path(__file__).resolve().parent.parent / "docs"
PICTURES, RESULTS = DOCS / "pictures", DOCS / "dev" / "results"
OURS = "LR Advisor"
# The tables that a chart shows, and what it calls each.
REGRETS = {"Step Law dense": "Dense models", "Step Law MoE": "Sparse models (MoE)"}
SEARCHES = {"digits_mlp": "Small network", "digits_cnn": "Small convolutional network"}
SEARCHERS = (OURS, "bisection", "grid", "Optuna TPE", "Optuna GP")
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


def served(folder: Path) -> AbstractContextManager[str]:
    """The address of an app with the store of this folder, a new one if it has none."""
    store = ("--store", str(folder / "store"))
    return served_by(["-m", "advisor.cli", "app", *store, "--port"])


@contextmanager
def served_by(arguments: Sequence[str]) -> Iterator[str]:
    """The address of what Python serves, given a free port as last argument."""
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        port = any_port.getsockname()[1]
    server = subprocess.Popen([sys.executable, *arguments, str(port)])
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


def first_table(page: str, after: str) -> list[list[str]]:
    """Return the cells of the first table of a page of results after some words."""
    text = (RESULTS / page).read_text(encoding="utf-8").split(f"**{after}**", 1)[1]
    lines = re.search(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)
    rows = lines[0].splitlines() if lines else []
    return [[c.strip(" *") for c in row.strip("|").split("|")] for row in rows]


def mean(cell: str) -> float | None:
    """Return the number of a cell that may have a standard error, or none."""
    return float(cell.split(" ±")[0]) if cell else None


def picture_regrets(folder: Path) -> None:
    """Draw what each method loses against the best rate, with twelve runs."""
    rows = [
        {
            "models": title,
            "method": row[0],
            "loss": mean(row[1]),
            "ours": row[0] == OURS,
        }
        for name, title in REGRETS.items()
        for row in first_table("calibration.md", name)[2:]
    ]
    chart = (
        alt.Chart(pd.DataFrame(rows))
        .mark_bar()
        .encode(
            x=alt.X("loss:Q", title="Loss above the best rate, % (each line: tenfold)")
            .scale(type="log", domain=[0.01, 20])
            .axis(values=[0.01, 0.1, 1, 10]),
            x2=alt.datum(0.01),
            y=alt.Y("method:N", title=None, sort=alt.EncodingSortField("loss")),
            color=alt.Color("ours:N", legend=None).scale(
                domain=[True, False], range=["#0072B2", "#B8BEC5"]
            ),
        )
        .properties(width=300)
        .facet(column=alt.Column("models:N", title=None))
    )
    save_svg(chart, folder / "advice-regret.svg")


def picture_searches(folder: Path) -> None:
    """Draw how many limits each way of searching has found, by what it trained."""
    rows = []
    for name, title in SEARCHES.items():
        head, _, *table = first_table("speed.md", name)
        for row in table:
            rows += [
                {"what": title, "method": row[0], "times": at, "share": mean(cell)}
                for at, cell in zip(head[2:], row[2:], strict=True)
                if row[0] in SEARCHERS and cell
            ]
    for row in rows:
        row["times"] = float(row["times"].removesuffix("x"))
    colours = ["#0072B2", "#D55E00", "#999999", "#009E73", "#CC79A7"]
    times = alt.X("times:Q", title="Training, in units of four whole runs a batch size")
    found = alt.Y("share:Q", title="Share of limits found")
    method = alt.Color("method:N", title=None).scale(
        domain=list(SEARCHERS), range=colours
    )
    chart = (
        alt.Chart(pd.DataFrame(rows))
        .mark_line(point=True)
        .encode(
            x=times.scale(type="log", base=2),
            y=found.scale(domain=[0, 1]),
            color=method,
            shape=alt.Shape("method:N", title=None).scale(domain=list(SEARCHERS)),
        )
        .properties(width=300, height=220)
        .facet(column=alt.Column("what:N", title=None))
    )
    save_svg(chart, folder / "search-share.svg")


def save_svg(chart: alt.FacetChart, file: Path) -> None:
    """Write a chart as a picture of lines."""
    file.write_text(vl_convert.vegalite_to_svg(chart.to_dict()), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pictures")
    parser.add_argument("--into", type=Path, default=PICTURES)
    parser.add_argument("--charts", action="store_true", help="only what needs no app")
    options = parser.parse_args(arguments)
    into = options.into
    for picture in (picture_the_map, picture_regrets, picture_searches):
        picture(into)
    if options.charts:
        return
    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as url:
        picture_the_app(url, into)


if __name__ == "__main__":
    main()
