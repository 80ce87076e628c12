"""What was proposed and waits for a person's yes: a plan's id works once.

A proposal is a file in the store's folder. Who takes it renames it, which one process
alone can do. What fails is put back.
"""

import contextlib
import json
import re
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from advisor.checks import reading_saved
from experiments.jobs.records import verification_id_of
from knowledge.errors import PlanError
from knowledge.inbox import disk_error, write_whole
from knowledge.records import Document

FOLDER = "proposals"
LIFETIME_SECONDS = 7 * 24 * 3600.0
_ID = re.compile(r"plan:([0-9a-f]{12})")
_OPEN, _TAKEN = ".json", ".taken"


class Action(StrEnum):
    """What a proposal would do."""

    VERIFY = "verify"
    CANCEL = "cancel"
    OBSERVATION = "observation"
    RETRACTION = "retraction"


@dataclass(frozen=True)
class Proposal(Document):
    """An action with everything it needs; `summary` says it in a sentence."""

    id: str
    action: Action
    summary: str
    details: Mapping[str, Any]

    @property
    def verification_id(self) -> str:
        """The id under which its verification is started."""
        return verification_id_of(self.id.removeprefix("plan:"))

    @property
    def answer_id(self) -> str:
        """The id under which the answer that proposes it is saved, if it is."""
        return f"answer:{self.id.removeprefix('plan:')}"


class Proposals:
    """The proposals of one store; safe to use from several threads and processes."""

    def __init__(self, store_folder: Path):
        self._folder = store_folder / FOLDER

    def save(
        self, action: Action, summary: str, details: Mapping[str, Any]
    ) -> Proposal:
        """Keep a proposal under a new id.

        Raises:
            StoreError: The disk refuses.
        """
        plan_id = f"plan:{uuid.uuid4().hex[:12]}"
        proposal = Proposal(plan_id, action, summary, dict(details))
        with contextlib.suppress(OSError):
            self._folder.mkdir(exist_ok=True)
        self._forget_old()
        text = json.dumps(proposal.to_dict(), allow_nan=False)
        write_whole(self._path(plan_id, _OPEN), text.encode())
        return _from_text(text)  # as whoever finds it will see it

    def find(self, plan_id: str) -> Proposal:
        """Return a proposal that still waits.

        Raises:
            PlanError: There is none by this id, or it was used.
        """
        path = self._path(plan_id, _OPEN)
        if not self._waits(path):
            raise self._why_not(plan_id)
        return self._loaded(path)

    @contextlib.contextmanager
    def taken(self, plan_id: str) -> Iterator[Proposal]:
        """Take a proposal for good, or put it back if what follows fails.

        Raises:
            PlanError: There is none by this id, or somebody took it.
            StoreError: The disk refuses.
        """
        path, taken = self._path(plan_id, _OPEN), self._path(plan_id, _TAKEN)
        if not self._waits(path):
            raise self._why_not(plan_id)
        try:
            path.rename(taken)
        except FileNotFoundError:  # somebody else was faster
            raise self._why_not(plan_id) from None
        except OSError as error:
            raise disk_error(error, self._folder) from error
        try:
            yield self._loaded(taken)
        except BaseException:
            taken.rename(path)
            raise

    def withdraw(self, plan_id: str) -> None:
        """Close a proposal that nobody wants; one that is closed stays so."""
        with contextlib.suppress(FileNotFoundError):
            self._path(plan_id, _OPEN).rename(self._path(plan_id, _TAKEN))

    def _path(self, plan_id: str, ending: str) -> Path:
        found = _ID.fullmatch(plan_id)
        if found is None:
            raise PlanError(
                f"'{plan_id[:40]}' is no plan's id: it looks like plan:0123456789ab. "
                "Ask for the runs again to get a new one."
            )
        return self._folder / f"{found[1]}{ending}"

    def _waits(self, path: Path) -> bool:
        try:
            return path.stat().st_mtime >= time.time() - LIFETIME_SECONDS
        except FileNotFoundError:
            return False

    def _loaded(self, path: Path) -> Proposal:
        try:
            with reading_saved(f"plan:{path.stem}"):
                return _from_text(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise self._why_not(f"plan:{path.stem}") from None

    def _why_not(self, plan_id: str) -> PlanError:
        if self._path(plan_id, _TAKEN).exists():
            return PlanError(
                f"{plan_id} was used or withdrawn: a plan works once. Ask again for a "
                "new one."
            )
        return PlanError(
            f"No plan {plan_id} waits here: it is unknown or older than "
            f"{LIFETIME_SECONDS / 86400:.0f} days. Ask again for a new one."
        )

    def _forget_old(self) -> None:
        oldest = time.time() - LIFETIME_SECONDS
        for path in self._folder.glob("*"):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < oldest:
                    path.unlink()


def _from_text(text: str) -> Proposal:
    values = json.loads(text)
    return Proposal(**{**values, "action": Action(values["action"])})
