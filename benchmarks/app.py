"""How quick the app feels: a real browser, a real server, a store of 100,000 runs.

`python -m benchmarks.app` makes such a store in a temporary folder (or takes that of
`--store`), serves it and times what a person waits for: from the act to the first thing
that can be read, and until nothing is computed any more. In the same browser stands a
page of Streamlit that shows one text: the ratio to it says more than seconds of a busy
machine. How long a new run takes until an answer counts it is timed without a browser.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from advisor.service import Advisor
from benchmarks.machine import describe_machine
from benchmarks.made_up_stores import StoreSize, make_store
from benchmarks.pictures import find_chromium, served, served_by
from knowledge.records import Outcome, Run

SIZE = StoreSize(n_runs=100_000, n_workloads=200, n_families=20)
QUESTION = "What LR for batch 5 on RealFace?"
FOLLOW_UPS = tuple(f"and at batch {n}?" for n in (3, 6, 8, 10, 12, 4, 7, 9, 2, 11))
PAGES = ("History", "Runs", "Evidence", "Track record", "Ask")
PLAIN = "open a plain page"
PLAIN_OPTIONS = ("headless=true", "address=127.0.0.1", "fileWatcherType=none")
PATIENCE_MS = 120_000


@dataclass(frozen=True)
class Wait:
    """What a person waits for: seconds to the first sign, and until all is there."""

    what: str
    first: float
    whole: float


@contextmanager
def served_plain() -> Iterator[str]:
    """The address of a page that shows one text."""
    with tempfile.TemporaryDirectory(prefix="plain-") as folder:
        script = Path(folder) / "plain.py"
        script.write_text("import streamlit as st\n\nst.text('There.')\n")
        options = [f"--server.{o}" for o in PLAIN_OPTIONS]
        command = ["-m", "streamlit", "run", str(script), *options, "--server.port"]
        with served_by(command) as url:
            yield url


def measure(url: str, plain: str, *, turns: int = 30) -> list[Wait]:
    """Return the waits of one visit to the app at an address.

    Args:
        url: Where the app is served.
        plain: Where the plain page is served.
        turns: How many questions the long talk has.
    """
    found: list[Wait] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.set_default_timeout(PATIENCE_MS)
        text = page.get_by_text("There.")
        found.append(_timed(PLAIN, page, lambda: page.goto(plain), text.wait_for))
        box = page.get_by_test_id("stChatInputTextArea")
        found.append(_timed("open the app", page, lambda: page.goto(url), box.wait_for))
        found.append(_asked("first answer", page, QUESTION))
        found.append(_asked("follow-up", page, FOLLOW_UPS[0]))
        for name in PAGES:
            link = page.get_by_role("link", name=name, exact=True).first
            heading = page.get_by_role("heading").first
            found.append(_timed(f"page {name}", page, link.click, heading.wait_for))
        later = [
            _asked(f"turn {n}", page, FOLLOW_UPS[n % len(FOLLOW_UPS)])
            for n in range(3, turns + 1)
        ]
        found += [wait for wait in later if wait.what in ("turn 12", f"turn {turns}")]
        address = page.url
        again = browser.new_page(viewport={"width": 1280, "height": 800})
        again.set_default_timeout(PATIENCE_MS)
        message = again.get_by_test_id("stChatMessage").first
        found.append(
            _timed(
                f"reopen a talk of {turns} turns",
                again,
                lambda: again.goto(address),
                message.wait_for,
            )
        )
        browser.close()
    return found


def _asked(what: str, page: Page, question: str) -> Wait:
    box = page.get_by_test_id("stChatInputTextArea")
    box.fill(question)
    messages = page.get_by_test_id("stChatMessage")
    before = messages.count()

    def is_shown() -> None:
        page.wait_for_function(
            "n => document.querySelectorAll('[data-testid=stChatMessage]').length > n",
            arg=before,
        )

    return _timed(what, page, lambda: box.press("Enter"), is_shown)


def _timed(
    what: str, page: Page, act: Callable[[], object], seen: Callable[[], object]
) -> Wait:
    start = time.perf_counter()
    act()
    seen()
    first = time.perf_counter() - start
    _wait_until_still(page)
    return Wait(what, first, time.perf_counter() - start)


def _wait_until_still(page: Page) -> None:
    """Return when the server computes nothing more for the page."""
    page.wait_for_function(
        "document.querySelector('[data-testid=stApp]')"
        "?.getAttribute('data-test-script-state') === 'notRunning'"
    )


def seconds_until_a_run_counts(folder: Path, *, times: int = 5) -> float:
    """Return the median seconds from recording a run to an answer that counts it."""
    spent = []
    with Advisor.open(folder) as advisor:
        workload = SIZE.workload(0)
        advisor.recommend(workload, 16)
        for seed in range(times):
            run = Run(
                id=f"run:benchmark-app-{seed}",
                workload=workload,
                batch_size=16,
                learning_rate=1e-3,
                optimizer="adam",
                recipe=None,
                source="benchmark",
                seed=seed,
                outcome=Outcome.STABLE,
                steps=2000,
                horizon_steps=2000,
            )
            start = time.perf_counter()
            advisor.store.record_runs([run])
            answer = advisor.recommend(workload, 16)
            spent.append(time.perf_counter() - start)
            if run.id not in answer.evidence.used:
                raise RuntimeError(f"{run.id} does not count.")
    return statistics.median(spent)


def markdown(visits: Sequence[Sequence[Wait]], until_counted: float) -> str:
    """Return medians over visits as a table, with the machine named above."""
    lines = [
        f"Machine: {describe_machine()}. {SIZE.title}; median of {len(visits)} visits.",
        "",
        "| what | first sign, s | whole, s | times a plain page |",
        "| --- | ---: | ---: | ---: |",
    ]
    yardstick = statistics.median(visit[0].whole for visit in visits)
    for waits in zip(*visits, strict=True):
        first = statistics.median(wait.first for wait in waits)
        whole = statistics.median(wait.whole for wait in waits)
        ratio = whole / yardstick
        lines.append(f"| {waits[0].what} | {first:.2f} | {whole:.2f} | {ratio:.1f} |")
    lines.append(
        f"| a new run is counted | | {until_counted:.2f} | "
        f"{until_counted / yardstick:.1f} |"
    )
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path, help="a store that is there already")
    parser.add_argument("--visits", type=int, default=3)
    parser.add_argument("--turns", type=int, default=30)
    options = parser.parse_args()
    with ExitStack() as stack:
        if options.store is None:
            temporary = tempfile.TemporaryDirectory(prefix="app-")
            folder = Path(stack.enter_context(temporary))
            make_store(folder / "store", SIZE)
        else:
            folder = options.store.parent
        url = stack.enter_context(served(folder))
        plain = stack.enter_context(served_plain())
        visits = [
            measure(url, plain, turns=options.turns) for _ in range(options.visits)
        ]
        until_counted = seconds_until_a_run_counts(folder / "store")
    print(markdown(visits, until_counted))


if __name__ == "__main__":
    main()
