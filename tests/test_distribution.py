"""What people install: the built package, on its own, far from the repository."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LIBRARIES = Path(pytest.__file__).resolve().parents[1]


def call(*command: str | Path, cwd: Path) -> str:
    """Return what a command prints; its words are the failure's where it fails."""
    ours = "PYTHONPATH", "LR_ADVISOR_"
    environment = {k: v for k, v in os.environ.items() if not k.startswith(ours)}
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build_wheel(folder: Path) -> Path:
    """Build the sdist and, from it, the wheel; return the wheel.

    From a copy of the checkout, since building leaves folders behind.
    """
    unneeded = shutil.ignore_patterns(".*cache", ".git", ".venv", "build", "dist")
    source = shutil.copytree(ROOT, folder / "source", ignore=unneeded)
    options = "--no-isolation", "--outdir", folder / "dist"
    call(sys.executable, "-m", "build", *options, source, cwd=folder)
    (wheel,) = (folder / "dist").glob("*.whl")
    return wheel


def install(wheel: Path, environment: Path) -> Path:
    """Install a wheel alone; its libraries are those of this environment.

    Returns:
        The folder of its packages.
    """
    venv.create(environment, with_pip=False, symlinks=os.name != "nt")
    pip = sys.executable, "-m", "pip", "--python", programs(environment) / "python"
    options = "--quiet", "--no-deps", "--no-index", wheel
    call(*pip, "install", *options, cwd=environment)
    packages = next(environment.glob("**/site-packages"))
    (packages / "libraries.pth").write_text(f"{LIBRARIES}\n", encoding="utf-8")
    return packages


def programs(environment: Path) -> Path:
    """Where an environment keeps what can be called."""
    return environment / ("Scripts" if os.name == "nt" else "bin")


def test_the_built_wheel_answers_far_from_the_repository(tmp_path: Path) -> None:
    """With all that ships in it: claims, study, published grids, the app's settings."""
    environment = tmp_path / "env"
    packages = install(build_wheel(tmp_path), environment)
    command = programs(environment) / "lr-advisor"
    store = "--store", tmp_path / "store", "--json"
    question = "what LR for batch 5 on RealFace?"
    said = json.loads(call(command, "ask", question, *store, cwd=tmp_path))
    answer = (ROOT / "README.md").read_text("utf-8").split("```text\n")[1]
    rate = float(re.findall(r"[\d.]+e-\d+", answer)[0])
    assert said["recommendation"]["learning_rate"] == pytest.approx(rate, rel=0.05)
    count = "select count(distinct split_part(source, ':', 1)) as n from runs"
    found = json.loads(call(command, "sql", count, *store, cwd=tmp_path))
    assert found["rows"] == [[2]]
    where = "-c", "import advisor; print(advisor.__path__[0])"
    home = call(programs(environment) / "python", *where, cwd=tmp_path)
    assert Path(home.strip()) == packages / "advisor"

    # Without these an installed app would look otherwise and answer to any name.
    ui = packages / "advisor" / "ui"  # where the app is started
    text = (ui / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    settings = tomllib.loads(text)
    assert settings["server"]["allowedHosts"] == ["localhost", "127.0.0.1"]
    look = settings["theme"]["base"]
    assert look in ("light", "dark") or (ui / look).exists()
    assert (packages / "streamlit_app.py").exists()
    (notes,) = packages.glob("lr_advisor-*.dist-info")
    assert {"LICENSE", "NOTICE.md"} <= {path.name for path in notes.rglob("*")}


def test_the_version_is_that_of_the_changelog_and_of_the_citation() -> None:
    """It is set in `pyproject.toml`."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    version = tomllib.loads(text)["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [{version}]" in changelog
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {version}\n" in citation
