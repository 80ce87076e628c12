"""The app in a real browser: the server, Chromium, and a page that stays at home.

`--base-url` lets the same journeys check an app that is served already. Without
Chromium they are skipped, but with CI set they fail: there a skip would hide a hole.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
START_SECONDS = 60.0


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
def app_url(base_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the app: the one given, or one with a store of its own."""
    if base_url:
        yield base_url
        return
    folder = tmp_path_factory.mktemp("browser")
    port = free_port()
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "streamlit", "run", "streamlit_app.py"),
                "--server.headless=true",
                "--server.address=127.0.0.1",
                f"--server.port={port}",
                "--browser.gatherUsageStats=false",
                "--server.fileWatcherType=none",
            ],
            cwd=ROOT,
            env={**os.environ, "LR_ADVISOR_STORE": str(folder / "store")},
            stdout=log,
            stderr=log,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_up(f"{url}/_stcore/health", folder / "server.log")
            yield url
        finally:
            stop(server)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_up(url: str, log: Path) -> None:
    """Wait for the server, or fail with what it wrote."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"The app did not come up:\n{log.read_text()[-2000:]}")


def stop(server: subprocess.Popen[bytes]) -> None:
    """End the server and whatever it started that is still at work."""
    try:
        started = psutil.Process(server.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        started = []
    server.terminate()
    server.wait(timeout=20)
    for process in started:
        try:
            process.terminate()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(started, timeout=10)


@pytest.fixture
def page(page: Page, app_url: str) -> Iterator[Page]:
    """A page at the app; afterwards no request may have gone to another host."""
    home = urlsplit(app_url).hostname
    outside: list[str] = []

    def note(url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.hostname != home:
            outside.append(url)

    page.on("request", lambda request: note(request.url))
    page.on("websocket", lambda socket: note(socket.url))
    page.goto(app_url)
    yield page
    assert outside == []
