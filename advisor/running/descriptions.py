"""A built-in workload's shapes and exact parameter counts, without loading torch.

Counted in a process of its own, since it takes torch to build the model.
"""

import json
import subprocess
from collections.abc import Mapping
from typing import Any

from experiments.workloads.registry import find_spec
from knowledge.errors import (
    BadValueError,
    RunFailedError,
    WorkloadUnavailableError,
)
from knowledge.python_process import python_command, python_environment


def describe_workload(name: str, options: Mapping[str, str]) -> dict[str, Any]:
    """Return the description of a built-in workload as in the contract.

    Raises:
        WorkloadUnavailableError: Only runs of it are known here.
        BadValueError: An option is unknown, or its value not allowed.
        RunFailedError: The model could not be built.
    """
    if find_spec(name) is None:
        raise WorkloadUnavailableError(
            f"{name} was imported: its model is not known here, only its runs."
        )
    pairs = [f"{key}={value}" for key, value in options.items()]
    done = subprocess.run(
        python_command("experiments.describe", name, *pairs),
        capture_output=True,
        text=True,
        check=False,
        env=python_environment(),
    )
    if done.returncode == 2:
        given = ", ".join(pairs) or name
        raise BadValueError("option", given, expected=done.stderr.strip())
    if done.returncode != 0:
        raise RunFailedError(f"{name} could not be built: {done.stderr[-500:]}")
    described: dict[str, Any] = json.loads(done.stdout)
    return described
