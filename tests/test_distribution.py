"""What people install: the built package, on its own, far from the repository."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
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


def programs(environment: Path) -> Path:
    """Where an environment keeps what can be called."""
    return environment / ("Scripts" if os.name == "nt" else "bin")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that is built from it.

    From a copy of the checkout, since building leaves folders behind.
    """
    folder = tmp_path_factory.mktemp("package")
    unneeded = shutil.ignore_patterns(".*cache", ".git", ".venv", "build", "dist")
    source = shutil.copytree(ROOT, folder / "source", ignore=unneeded)
    options = "--no-isolation", "--outdir", folder / "dist"
    call(sys.executable, "-m", "build", *options, source, cwd=folder)
    return folder / "dist"


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with the wheel; libraries are those of this one."""
    folder = tmp_path_factory.mktemp("elsewhere") / "env"
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    (wheel,) = built.glob("*.whl")
    options = "--quiet", "--no-deps", "--no-index", wheel
    pip = sys.executable, "-m", "pip", "--python", programs(folder) / "python"
    call(*pip, "install", *options, cwd=folder)
    packages = next(folder.glob("**/site-packages"))
    (packages / "libraries.pth").write_text(f"{LIBRARIES}\n", encoding="utf-8")
    return folder


def test_the_installed_wheel_answers_far_from_the_repository(
    installed: Path, tmp_path: Path
) -> None:
    """With the claims, the study and the published grids that ship in it."""
    command = programs(installed) / "lr-advisor"
    store = "--store", tmp_path / "store", "--json"
    question = "what LR for batch 5 on RealFace?"
    said = json.loads(call(command, "ask", question, *store, cwd=tmp_path))
    assert said["recommendation"]["learning_rate"] == pytest.approx(5.6e-5, rel=0.05)
    count = "select count(distinct split_part(source, ':', 1)) as n from runs"
    found = json.loads(call(command, "sql", count, *store, cwd=tmp_path))
    assert found["rows"] == [[2]]
    home = call(
        programs(installed) / "python",
        *("-c", "import advisor; print(advisor.__path__[0])"),
        cwd=tmp_path,
    )
    assert Path(home.strip()).is_relative_to(installed)


def test_the_wheel_holds_the_settings_of_the_app_and_the_licences(
    installed: Path,
) -> None:
    """Without them the app would look otherwise and answer to any name."""
    packages = next(installed.glob("**/site-packages"))
    home = packages / "advisor" / "ui"  # where the app is started
    text = (home / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    settings = tomllib.loads(text)
    assert settings["server"]["allowedHosts"] == ["localhost", "127.0.0.1"]
    look = settings["theme"]["base"]
    assert look in ("light", "dark") or (home / look).exists()
    assert (packages / "streamlit_app.py").exists()
    (notes,) = packages.glob("lr_advisor-*.dist-info")
    assert {path.name for path in notes.glob("licenses/**/*.*")} >= {"NOTICE.md"}


def test_the_version_is_said_once(built: Path) -> None:
    """In `pyproject.toml`; the newest version of the changelog is it."""
    (sdist,) = built.glob("*.tar.gz")
    version = sdist.name.removeprefix("lr_advisor-").removesuffix(".tar.gz")
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    with tarfile.open(sdist) as archive:
        assert f"lr_advisor-{version}/LICENSE" in archive.getnames()
