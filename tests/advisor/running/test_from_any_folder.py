"""The command in a folder of somebody else's with modules of the names we import.

Everything real: the installed command, its processes, a tiny training run.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from knowledge.python_process import OUR_PACKAGES, ROOT
from tests.hostile_folder import make_hostile_folder
from tests.processes import free_port, is_well, stop, wait_for_app

COMMAND = str(Path(sys.executable).with_name("lr-advisor"))
VERIFY = "verify --workload digits_mlp --batch-size 32 --learning-rate 1e-3 --steps 20"
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}

pytestmark = pytest.mark.slow


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """Where somebody works."""
    return make_hostile_folder(tmp_path / "hostile")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where the runs go; nothing that was started for it is left at the end."""
    return tmp_path / "store"


def environment(store: Path, **more: str) -> dict[str, str]:
    """Return the environment of somebody who did not set anything but the store."""
    own = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    return {**own, "LR_ADVISOR_STORE": str(store), **more}


def run(
    hostile: Path, store: Path, *arguments: str, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run the command there."""
    return subprocess.run(
        [COMMAND, *arguments],
        cwd=hostile,
        env=environment(store, **more),
        capture_output=True,
        text=True,
        check=False,
    )


def printed(done: subprocess.CompletedProcess[str]) -> dict:
    """Return the document of a command that went well."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_verification_trains(hostile, store):
    document = printed(run(hostile, store, *VERIFY.split(), "--json"))
    assert document["state"] == "finished"
    assert [r["outcome"] for r in document["runs"]] == ["stable"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("ask", "What learning rate at batch 5 on RealFace?"),
        ("workloads", "describe", "digits_mlp"),
        ("sql", "select count(*) from runs"),
        ("speed", "--workload", "digits_mlp", "--batch-size", "8", "--budget", "1s"),
    ],
    ids=["ask", "describe", "sql", "speed"],
)
def test_other_commands_work(hostile, store, arguments):
    assert printed(run(hostile, store, *arguments, "--json"))


@pytest.mark.parametrize("path", [".", os.pathsep, "HERE"])
def test_a_pythonpath_of_the_current_folder_does_no_harm(hostile, store, path):
    """Many have it set for good; a folder `advisor` there cannot be told from ours."""
    shutil.rmtree(hostile / "advisor")
    path = str(hostile) if path == "HERE" else path
    asked = ("workloads", "describe", "digits_mlp", "--json")
    assert printed(run(hostile, store, *asked, PYTHONPATH=path))["name"] == "digits_mlp"


def test_the_module_works_as_the_command_does(hostile, store):
    """`python -m advisor.cli`, which looks in the current folder first."""
    shutil.rmtree(hostile / "advisor")
    done = subprocess.run(
        [sys.executable, "-m", "advisor.cli", *VERIFY.split(), "--json"],
        cwd=hostile,
        env=environment(store),
        capture_output=True,
        text=True,
        check=False,
    )
    assert printed(done)["state"] == "finished"


def test_a_plain_checkout_starts_processes_of_its_own_code(tmp_path, store):
    """Not those of another version that happens to be installed."""
    checkout = tmp_path / "checkout"
    for name in OUR_PACKAGES:
        shutil.copytree(
            ROOT / name,
            checkout / name,
            ignore=shutil.ignore_patterns("__pycache__", "*.parquet", "*.png"),
        )
    describe = checkout / "experiments" / "describe.py"
    describe.write_text('print(\'{"name": "of the checkout"}\')\n')
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "advisor.cli",
            "workloads",
            "describe",
            "realface",
            "--json",
        ],
        cwd=checkout,
        env=environment(store),
        capture_output=True,
        text=True,
        check=False,
    )
    assert printed(done) == {"name": "of the checkout"}


def test_an_agent_gets_an_answer(hostile, store):
    server = subprocess.Popen(
        [COMMAND, "mcp"],
        cwd=hostile,
        env=environment(store),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    said, errors = server.communicate(json.dumps(HELLO) + "\n")
    assert server.returncode == 0, errors
    (answer,) = map(json.loads, said.splitlines())
    assert "serverInfo" in answer["result"]


@pytest.fixture
def app(hostile, store, tmp_path) -> Iterator[str]:
    """The address of the app, started there."""
    port, log = free_port(), tmp_path / "app.log"
    with log.open("wb") as written:
        server = subprocess.Popen(
            [COMMAND, "app", "--port", str(port)],
            cwd=hostile,
            env=environment(store),
            stdout=written,
            stderr=written,
        )
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for_app(server, url, log)
            yield url
        finally:
            stop(server)


def test_the_app_starts(app):
    assert is_well(app)
