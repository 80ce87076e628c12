"""How every Python process of ours is started, so that it works from any folder.

The current folder may hold an `experiments` or a `torch.py` of somebody's own. These
processes, and those they start, never look there and find our packages anyway.
"""

import contextlib
import os
import site
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OUR_PACKAGES = ("advisor", "experiments", "knowledge")


def python_command(module: str, *arguments: str) -> list[str]:
    """Return the command `python -m MODULE ...`; start it in `python_environment()`.

    >>> python_command("experiments.jobs.worker", "my-store")[1:]
    ['-P', '-m', 'experiments.jobs.worker', 'my-store']
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def python_environment(base: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a process of ours and of those it starts."""
    environment = dict(os.environ if base is None else base)
    environment["PYTHONSAFEPATH"] = "1"
    folders = list(dict.fromkeys(_module_folders()))
    environment.pop("PYTHONPATH", None)
    if folders:
        environment["PYTHONPATH"] = os.pathsep.join(folders)
    return environment


def _module_folders() -> Iterator[str]:
    """Our own folder where Python does not look by itself, then the person's."""
    by_itself = {*site.getsitepackages(), site.getusersitepackages()}
    if ROOT not in {Path(folder).resolve() for folder in by_itself}:
        yield str(ROOT)
    for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep):
        if _may_stay(folder):
            yield folder


def _may_stay(folder: str) -> bool:
    """Whether a folder of PYTHONPATH is neither the current one nor hides ours."""
    if not os.path.isabs(folder):  # "" and "." are the current folder
        return False
    with contextlib.suppress(OSError):
        if os.path.samefile(folder, os.curdir):
            return False
    return not any((Path(folder) / name).exists() for name in OUR_PACKAGES)
