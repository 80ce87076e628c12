"""Whether a person's folders of faces are still what a run began with.

A resumed run reads them again; with other pictures nobody could repeat it.
"""

import hashlib
import json
from pathlib import Path

from experiments.training.run_folder import RunFolder
from knowledge.errors import DataFolderError
from knowledge.inbox import write_whole
from knowledge.records import FOLDER_SEPARATOR


def check_pictures(data: str, folder: RunFolder) -> None:
    """Remember the pictures of a new run; refuse to resume one whose pictures changed.

    Raises:
        DataFolderError: They are not what they were when the run began.
    """
    if FOLDER_SEPARATOR not in data:
        return
    now = {side: _fingerprint(Path(side)) for side in _folders(data)}
    before = _remembered(folder) if folder.checkpoint_path.exists() else {}
    changed = [side for side in now if before.get(side, now[side]) != now[side]]
    if changed:
        raise DataFolderError(
            f"The pictures in '{changed[0]}' are no longer those this run began with: "
            "put them back and resume it, or start a new run."
        )
    write_whole(folder.pictures_path, json.dumps(now, indent=2).encode())


def _folders(data: str) -> list[str]:
    return [side.strip() for side in data.split(FOLDER_SEPARATOR)]


def _fingerprint(folder: Path) -> str:
    """Return a hash of the names, sizes and times of the files; empty without any."""
    try:
        files = [p for p in folder.expanduser().iterdir() if not p.name.startswith(".")]
        facts = sorted((p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in files)
    except OSError:
        return ""  # missing or unreadable: reading the pictures says which
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _remembered(folder: RunFolder) -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads(folder.pictures_path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found
