"""One folder per run; nothing else spells the names of its files.

Files are written under a temporary name and renamed. A checkpoint is loaded with
`weights_only`, so a folder from elsewhere runs no code.
"""

import contextlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from knowledge.inbox import disk_error, write_whole
from knowledge.records import Curve, RunConfig

_JOB_ID = re.compile(r"^job:[0-9a-f]{8,32}$")


@dataclass(frozen=True)
class RunFolder:
    """The files of one run."""

    KEPT_NAME: ClassVar[str] = "kept.pt"
    LOG_HEADING: ClassVar[str] = "-- "  # how each attempt begins in the log

    path: Path

    @classmethod
    def of_job(cls, store_folder: Path, job_id: str) -> "RunFolder":
        """The folder of a job's run; ValueError for an id that is not one of ours."""
        if not _JOB_ID.match(job_id):
            raise ValueError(f"'{job_id}' is not a job id")
        return cls(store_folder / "runs" / job_id.replace(":", "-"))

    @property
    def config_path(self) -> Path:
        """Everything the run needs, readable by eye."""
        return self.path / "config.json"

    @property
    def curve_path(self) -> Path:
        """The raw curve so far."""
        return self.path / "curve.json"

    @property
    def checkpoint_path(self) -> Path:
        """Weights, optimizer state, step and curve, to resume from."""
        return self.path / "checkpoint.pt"

    @property
    def kept_path(self) -> Path:
        """The checkpoint of a run that stopped in good health and may go on."""
        return self.path / self.KEPT_NAME

    @property
    def pictures_path(self) -> Path:
        """Which pictures the run began with, where they come from a person's folder."""
        return self.path / "pictures.json"

    @property
    def log_path(self) -> Path:
        """What the worker wrote while it carried out the run."""
        return self.path / "log.txt"

    def preview_path(self, step: int) -> Path:
        """The preview picture of one step."""
        return self.path / f"preview-{step:07d}.png"

    def previews(self) -> list[tuple[int, Path]]:
        """Return `(step, picture)` pairs, in order."""
        return [
            (int(path.stem.split("-")[1]), path)
            for path in sorted(self.path.glob("preview-*.png"))
        ]

    def create(self, config: RunConfig) -> None:
        """Make the folder and write the config."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise disk_error(error, self.path) from error
        text = json.dumps(config.to_dict(), indent=2)
        write_whole(self.config_path, text.encode())

    def load_config(self) -> RunConfig | None:
        """Read the config; None where there is none that can be read."""
        try:
            return RunConfig.from_dict(json.loads(self.config_path.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def save_curve(self, curve: Curve) -> None:
        """Write the curve so far."""
        write_whole(self.curve_path, json.dumps(curve.to_dict()).encode())

    def load_curve(self) -> Curve:
        """Read the curve so far; empty before the first one is written."""
        try:
            body: Mapping[str, Any] = json.loads(self.curve_path.read_bytes())
        except (FileNotFoundError, ValueError):
            return Curve()
        return Curve.from_dict(body)

    def drop_checkpoint(self) -> None:
        """Remove the checkpoint of a run that is over (it may be gigabytes)."""
        for path in (self.checkpoint_path, self.kept_path):
            with contextlib.suppress(OSError):
                os.unlink(path)

    def log_tail(self, *, lines: int = 20) -> str:
        """Return the last lines of the log, for an error message."""
        try:
            text = self.log_path.read_text(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])
