"""Environment -> Settings, read once and checked."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from experiments.runner import usable_cores
from knowledge.errors import SettingsError


@dataclass(frozen=True)
class Settings:
    """What the environment says.

    `n_workers` training processes at once (one thread each), `budget_seconds_cap` and
    `budget_runs_cap` the most that one verification may ask for; `with_study` tells
    whether stores hold the study that ships with the program.
    """

    store_folder: Path
    n_workers: int
    budget_seconds_cap: float = 7 * 24 * 3600.0
    budget_runs_cap: int = 1000
    with_study: bool = True


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of this process.

    Raises:
        SettingsError: A variable holds a value that cannot be used.
    """
    env = os.environ if environment is None else environment
    folder = env.get("LR_ADVISOR_STORE") or str(default_store_folder())
    return Settings(
        store_folder=Path(folder).expanduser(),
        n_workers=_count(env, "LR_ADVISOR_WORKERS", default=usable_cores()),
        with_study=env.get("LR_ADVISOR_NO_STUDY", "") != "1",
    )


def default_store_folder() -> Path:
    """Return the store in the platform's data folder."""
    return Path(platformdirs.user_data_dir("lr-advisor", appauthor=False)) / "store"


def _count(env: Mapping[str, str], name: str, *, default: int) -> int:
    text = env.get(name, "")
    if not text:
        return default
    if not text.isdigit() or not 1 <= int(text) <= 256:
        raise SettingsError(f"{name} is '{text}': give a whole number from 1 to 256.")
    return int(text)
