"""Processes of ours that a test started: found, waited for, and ended."""

import contextlib
import os
import socket
import subprocess
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.waiting import LIMIT_SECONDS, until

AT_START = Path(__file__).resolve().with_name("at_start")
SUPERVISOR, WORKER = "advisor.running.supervisor", "experiments.jobs.worker"


def python_path(*folders: Path) -> str:
    """Where processes look for modules: here first, then as they would anyway."""
    before = filter(None, [os.environ.get("PYTHONPATH")])
    return os.pathsep.join([*map(str, folders), str(AT_START), *before])


def processes(store_folder: Path, module: str | None = None) -> list[psutil.Process]:
    """Return what is at work for a store, of a module or of any, supervisors first."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        line = process.info["cmdline"] or []
        is_asked_for = str(store_folder) in line and module in (None, *line)
        if is_asked_for and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return sorted(found, key=lambda p: SUPERVISOR not in p.info["cmdline"])


def kill_all(store_folder: Path) -> None:
    """End what is at work for a store and what that has started, and wait for it."""
    until(lambda: not _killed(store_folder), what="the end of killed processes")


def _killed(store_folder: Path) -> list[psutil.Process]:
    found = processes(store_folder)
    for process in found:
        with contextlib.suppress(psutil.NoSuchProcess):  # it may end by itself
            process.kill()
    return found


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_app(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Wait until the app answers that it is well; what it wrote is said if it ends."""

    def is_up() -> bool:
        if server.poll() is not None:
            pytest.fail(f"The app did not come up:\n{log.read_text()[-2000:]}")
        return is_well(url)

    until(is_up, what="the app")


def is_well(url: str) -> bool:
    """Whether an app answers that it is well."""
    health = f"{url}/_stcore/health"
    try:
        with urllib.request.urlopen(health, timeout=LIMIT_SECONDS) as answer:
            return bool(answer.read() == b"ok")
    except OSError:
        return False


def stop(server: subprocess.Popen[bytes]) -> None:
    """End a server and whatever it started that is still at work."""
    try:
        started = psutil.Process(server.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        started = []
    server.terminate()
    server.wait(timeout=LIMIT_SECONDS)
    for process in started:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    psutil.wait_procs(started, timeout=LIMIT_SECONDS)
