"""Shared by all tests: stores without shipped runs, unless a test asks for them.

Which runs that study holds changes with each release, and a test that counts runs is
about others. `tests/advisor/test_shipped_study.py` brings a made-up one.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from tests.gate import Gate

# How long an example takes, or takes to draw, says how busy the machine is, not whether
# it is right.
hypothesis.settings.register_profile(
    "no clock", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("no clock")


@pytest.fixture(autouse=True, scope="session")
def stores_without_shipped_runs() -> None:
    """Processes that a test starts inherit it."""
    os.environ.setdefault("LR_ADVISOR_NO_STUDY", "1")
    os.environ.setdefault("LR_ADVISOR_NO_LIBRARY", "1")


@pytest.fixture(autouse=True, scope="session")
def as_many_workers_on_every_machine() -> None:
    """What a plan holds and costs goes with them, and else they go with the cores."""
    os.environ.setdefault("LR_ADVISOR_WORKERS", "2")


@pytest.fixture
def nothing_trains(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process is started: what is queued waits until a test carries it out."""
    from tests.by_hand import start_instead

    start_instead(monkeypatch)


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Gate":
    """Runs that are started from now on stand still at a step, until it is opened."""
    from tests.gate import Gate

    gate = Gate(tmp_path / "gate")
    for name, value in gate.environment.items():
        monkeypatch.setenv(name, value)
    return gate


@pytest.fixture
def n_faces() -> int:
    """How many faces a side `few_faces` draws; a module may have its own number."""
    return 6


@pytest.fixture
def few_faces(monkeypatch: pytest.MonkeyPatch, n_faces: int) -> None:
    """Face models train on a few generated faces, which are quick to draw."""
    from experiments.workloads.faces import task
    from experiments.workloads.faces.pictures import FaceSet, load_faces

    def load_few(data: str, size: int) -> FaceSet:
        return load_faces(data, size, count=n_faces)

    monkeypatch.setattr(task, "load_faces", load_few)
