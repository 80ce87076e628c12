"""How a process of ours ended, in words: its exit code and the last it wrote.

Loads no torch. Several processes write into one log, each from its own place on.
"""

import signal
from pathlib import Path

LOG_FILE = "workers.log"  # of a store: its supervisor and its workers
AND_NOW = (
    "when that is put right, resume the runs on the Runs page or with "
    "`lr-advisor jobs resume ID`."
)
_TAIL_BYTES = 20_000
_LONGEST_LINE = 300


def end_in_words(exit_code: int | None, line: str = "") -> str:
    """Return how a process ended, with its last line if it wrote one.

    >>> end_in_words(1, "ModuleNotFoundError: No module named 'torch'")
    "exit code 1: ModuleNotFoundError: No module named 'torch'"
    >>> end_in_words(-9)
    'ended by SIGKILL, often for lack of memory'
    >>> end_in_words(None)
    'ended'
    """
    if exit_code is None:
        how = "ended"
    elif exit_code < 0:
        how = f"ended by {_signal_name(-exit_code)}"
        if exit_code == -9:
            how += ", often for lack of memory"
    else:
        how = f"exit code {exit_code}"
    return f"{how}: {line.rstrip('.')}" if line else how


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def log_size(path: Path) -> int:
    """Return how long a log is by now; 0 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def last_line(path: Path, *, begin: int = 0) -> str:
    """Return the last line of a log from `begin` on; empty where nothing is written."""
    try:
        with path.open("rb") as log:
            log.seek(max(begin, log_size(path) - _TAIL_BYTES))
            text = log.read().decode("utf-8", "replace")
    except OSError:
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:_LONGEST_LINE] if lines else ""
