"""The app in a real browser: the server, Chromium, and a page that stays at home.

`--base-url` lets the same journeys check an app that is served already. Without
Chromium they are skipped, but with CI set they fail: there a skip would hide a hole.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.gate import Gate
from tests.processes import free_port, stop, wait_for_app
from tests.waiting import LIMIT_SECONDS

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
LIMIT_MILLISECONDS = 1000 * LIMIT_SECONDS
expect.set_options(timeout=LIMIT_MILLISECONDS)


def find_chromium() -> str | None:
    """Return the system's Chromium, or the one that CHROMIUM names."""
    named = os.environ.get("CHROMIUM")
    found = [named, *map(shutil.which, CHROMIUM_NAMES)]
    return next((path for path in found if path), None)


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: dict[str, Any],
) -> dict[str, Any]:
    """Launch the system's Chromium, quietly and without services of its own."""
    executable = find_chromium()
    if executable is None:
        why = "No Chromium: install Debian's `chromium`, or set CHROMIUM to its path."
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    return {
        **browser_type_launch_args,
        "executable_path": executable,
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
        ],
    }


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    """A laptop's window."""
    return {**browser_context_args, "viewport": {"width": 1280, "height": 900}}


@pytest.fixture(scope="session")
def server_gate(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    """The gate of the app's workers; those of an app served elsewhere know none."""
    return Gate(tmp_path_factory.mktemp("gate") / "gate")


@pytest.fixture
def gate(server_gate: Gate) -> Gate:
    """The gate, closed: runs stay under way until a test opens it or cancels them."""
    server_gate.close()
    return server_gate


@pytest.fixture(scope="session")
def app_url(
    base_url: str, server_gate: Gate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of the app: the one given, or one with a store of its own."""
    if base_url:
        yield base_url
        return
    folder = tmp_path_factory.mktemp("browser")
    port = free_port()
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [
                *(sys.executable, "-P", "-m", "streamlit", "run"),
                str(ROOT / "streamlit_app.py"),
                "--server.headless=true",
                "--server.address=127.0.0.1",
                f"--server.port={port}",
                "--browser.gatherUsageStats=false",
                "--server.fileWatcherType=none",
            ],
            cwd=ROOT / "advisor" / "ui",  # its settings lie there
            env={
                **os.environ,
                **server_gate.environment,
                "LR_ADVISOR_STORE": str(folder / "store"),
            },
            stdout=log,
            stderr=log,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for_app(server, url, folder / "server.log")
            yield url
        finally:
            stop(server)


@pytest.fixture
def page(page: Page, app_url: str) -> Iterator[Page]:
    """A page at the app; afterwards no request may have gone to another host."""
    home = urlsplit(app_url).hostname
    outside: list[str] = []

    def note(url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.hostname != home:
            outside.append(url)

    page.set_default_timeout(LIMIT_MILLISECONDS)
    page.on("request", lambda request: note(request.url))
    page.on("websocket", lambda socket: note(socket.url))
    page.goto(app_url)
    yield page
    assert outside == []
