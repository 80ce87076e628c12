"""`lr-advisor app`: the server of the pages, in the place of this process."""

import argparse
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from advisor.cli.shared import Result, check_port, open_advisor
from experiments.executors.processes import WORKER_ENVIRONMENT
from knowledge.errors import SettingsError
from knowledge.python_process import python_command, python_environment


def app_command(options: argparse.Namespace) -> Result:
    """Become the server; the store is made first, so that its faults are said here."""
    if importlib.util.find_spec("streamlit") is None:
        raise SettingsError("streamlit is not installed: pip install lr-advisor.")
    check_port(options.port)
    script = Path(__file__).resolve().parents[2] / "streamlit_app.py"
    environment = python_environment()
    if options.store:
        environment["LR_ADVISOR_STORE"] = str(
            Path(options.store).expanduser().absolute()
        )
    if options.no_seeds:
        environment["LR_ADVISOR_NO_SEEDS"] = "1"
    if options.no_study:
        environment["LR_ADVISOR_NO_STUDY"] = "1"
    if options.no_library:
        environment["LR_ADVISOR_NO_LIBRARY"] = "1"
    with open_advisor(options) as advisor:
        advisor.tend()
        folder = advisor.store.folder
    _draw_faces_ahead()
    sys.stderr.write(f"Store: {folder}\n")
    arguments = python_command(
        "streamlit",
        "run",
        str(script),
        f"--server.port={options.port}",
        f"--server.address={options.host}",
        "--server.headless=true",
        "--browser.gatherUsageStats=false",
    )
    if options.host not in ("127.0.0.1", "localhost"):
        arguments.append(f"--server.allowedHosts={options.host}")
    os.chdir(script.parent / "advisor" / "ui")  # .streamlit/config.toml lies there
    os.execve(arguments[0], arguments, environment)


def _draw_faces_ahead() -> None:
    """Draw the generated faces while the person reads, so the first run need not."""
    subprocess.Popen(
        python_command("experiments.workloads.faces.pictures"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**python_environment(), **WORKER_ENVIRONMENT},
    )
