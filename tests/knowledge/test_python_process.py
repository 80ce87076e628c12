"""A Python process of ours imports what is ours and installed, whatever lies about."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from knowledge.python_process import ROOT, python_command, python_environment
from tests.hostile_folder import make_hostile_folder

STARTS_PROCESSES = re.compile(r"sys\.executable")


@pytest.fixture
def hostile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Somebody else's folder, which is the current one."""
    folder = make_hostile_folder(tmp_path / "hostile")
    monkeypatch.chdir(folder)
    return folder


def kept(monkeypatch: pytest.MonkeyPatch, *folders: object) -> list[str]:
    """Return the person's folders that a process of ours still looks in."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, folders)))
    found = python_environment().get("PYTHONPATH", "").split(os.pathsep)
    return [folder for folder in found if folder != str(ROOT)]


def test_our_code_starts_python_in_one_place_only() -> None:
    """Any other way would import from the current folder."""
    files = [
        f
        for room in ("advisor", "experiments", "knowledge")
        for f in (ROOT / room).rglob("*.py")
    ]
    naming = [f for f in files if STARTS_PROCESSES.search(f.read_text("utf-8"))]
    assert [f.relative_to(ROOT).as_posix() for f in naming] == [
        "knowledge/python_process.py"
    ]


@pytest.mark.parametrize("path", ["", ".", f".{os.pathsep}", "experiments"])
def test_what_means_the_current_folder_is_left_out_of_pythonpath(
    hostile: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """An empty entry is the current folder too."""
    assert kept(monkeypatch, path) == []


def test_the_current_folder_by_its_name_is_left_out_too(
    hostile: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Also where it goes by another name."""
    (tmp_path / "alias").symlink_to(hostile)
    assert kept(monkeypatch, hostile, tmp_path / "alias") == []


def test_a_folder_of_somebodys_packages_of_our_names_is_left_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It would hide ours."""
    hostile = make_hostile_folder(tmp_path / "elsewhere")
    assert kept(monkeypatch, hostile) == []


def test_where_torch_may_be_installed_is_kept(
    hostile: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Shared computers offer libraries that way."""
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    assert kept(monkeypatch, libraries, "") == [str(libraries)]


def test_a_current_folder_that_was_deleted_does_no_harm(
    hostile: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """There is nothing in it."""
    libraries, gone = tmp_path / "libraries", tmp_path / "gone"
    libraries.mkdir()
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    try:
        assert kept(monkeypatch, libraries) == [str(libraries)]
    finally:
        os.chdir(hostile)


SPAWNING = """
import multiprocessing, subprocess, sys

def names():
    import json, experiments, knowledge
    return [m.__file__ for m in (json, experiments, knowledge)]

def main():
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(*names(), *pool.apply(names), sep="\\n")
    code = "import json, experiments; print(json.__file__, experiments.__file__)"
    subprocess.run([sys.executable, "-c", code], check=True)

if __name__ == "__main__":
    main()
"""


@pytest.mark.parametrize("path", [None, "", ".", f"{os.pathsep}/nowhere"])
def test_a_process_and_those_it_starts_import_nothing_from_the_current_folder(
    hostile: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, path: str | None
) -> None:
    """Spawned by multiprocessing or by itself."""
    monkeypatch.delenv("PYTHONPATH", raising=False)
    environment = python_environment()
    if path is not None:
        monkeypatch.setenv("PYTHONPATH", path)
        environment = python_environment()
    libraries = tmp_path / "libraries"
    libraries.mkdir()
    (libraries / "spawning.py").write_text(SPAWNING)
    looked_in = environment.get("PYTHONPATH", "").split(os.pathsep)
    environment["PYTHONPATH"] = os.pathsep.join(
        [*filter(None, looked_in), str(libraries)]
    )
    done = subprocess.run(
        python_command("spawning"),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert str(hostile) not in done.stdout
    assert done.stdout.count(str(ROOT / "experiments")) == 3
