"""Environment -> Settings, read once and checked."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs

from experiments.machine import usable_cores
from knowledge.errors import SettingsError
from knowledge.records import PUBLISHED, SHIPPED, STUDY

_BASE_URL = "LR_ADVISOR_LLM_BASE_URL"
_MODEL = "LR_ADVISOR_LLM_MODEL"
_KEY = "LR_ADVISOR_LLM_API_KEY"
_MOST_MODEL_CHARACTERS = 100
_ANSWER_SECONDS = 20.0
EXECUTOR = "LR_ADVISOR_EXECUTOR"


@dataclass(frozen=True)
class LanguageModelSettings:
    """Where a language model answers, and for how long we wait.

    The key is kept out of every text that this record is written into.
    """

    base_url: str
    model: str
    api_key: str | None = field(default=None, repr=False)
    seconds: float = _ANSWER_SECONDS


_LEAVES_OUT = {STUDY: "LR_ADVISOR_NO_STUDY", PUBLISHED: "LR_ADVISOR_NO_LIBRARY"}


@dataclass(frozen=True)
class Settings:
    """What the environment says.

    `executor` names who carries out runs, `n_workers` at once (one thread each).
    `budget_seconds_cap` and `budget_runs_cap` limit one verification; `ships` are the
    kinds of runs that ship with the program and count.
    """

    store_folder: Path
    n_workers: int
    executor: str = "local"
    budget_seconds_cap: float = 7 * 24 * 3600.0
    budget_runs_cap: int = 1000
    ships: frozenset[str] = SHIPPED
    language_model: LanguageModelSettings | None = None

    def shipping(self, **wanted: bool | None) -> "Settings":
        """The same with these kinds of shipped runs, or without; None: as they are."""
        named = {kind for kind in SHIPPED if wanted.get(kind) is not None}
        added = {kind for kind in named if wanted[kind]}
        return replace(self, ships=frozenset(self.ships - named | added))


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of this process.

    Raises:
        SettingsError: A variable holds a value that cannot be used.
    """
    env = os.environ if environment is None else environment
    folder = env.get("LR_ADVISOR_STORE") or str(default_store_folder())
    return Settings(
        store_folder=Path(folder).expanduser(),
        executor=env.get(EXECUTOR) or Settings.executor,
        n_workers=_count(env, "LR_ADVISOR_WORKERS", default=usable_cores()),
        ships=frozenset(kind for kind in SHIPPED if env.get(_LEAVES_OUT[kind]) != "1"),
        language_model=_language_model(env),
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


def _language_model(env: Mapping[str, str]) -> LanguageModelSettings | None:
    """The model to ask; None unless both its address and its name are set."""
    url, model = env.get(_BASE_URL, "").strip(), env.get(_MODEL, "").strip()
    key = env.get(_KEY, "").strip()
    if not url or not model:
        return None
    if not _is_address(url):
        raise SettingsError(
            f"{_BASE_URL} cannot be used: give an address such as "
            "http://127.0.0.1:11434/v1, without a user name, '?' or '#'."
        )
    if len(model) > _MOST_MODEL_CHARACTERS or not re.fullmatch(r"[\w./:@+-]+", model):
        raise SettingsError(
            f"{_MODEL} cannot be used: give the name that the server knows the model "
            "by, without spaces."
        )
    if not re.fullmatch(r"[!-~]*", key):
        raise SettingsError(f"{_KEY} holds characters that no key has.")
    return LanguageModelSettings(url.rstrip("/"), model, key or None)


def _is_address(url: str) -> bool:
    """Whether it is a plain http or https address; others are nothing to send to."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and port != 0
        and parts.username is None
        and not any(c in url for c in "?#")
        and re.fullmatch(r"[!-~]+", url) is not None
    )
