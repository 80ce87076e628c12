"""What `lr-advisor ask` costs from its start to its end on known evidence, in seconds.

`python -m benchmarks.starting` makes a store in a temporary folder, asks once, and then
times the command in new processes, in turns with a Python that loads numpy and DuckDB
and does nothing: the ratio of the two says more than seconds of a busy machine.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.answer import cpu_seconds
from benchmarks.machine import describe_machine
from knowledge.python_process import python_command, python_environment

QUESTION = "what LR for batch 5 on RealFace?"
YARDSTICK = "import numpy, duckdb"


@dataclass(frozen=True)
class Cost:
    """Median seconds of a command: of the processor (user and system) and elapsed."""

    title: str
    n: int
    cpu: float
    wall: float


def measure(
    *, n_calls: int = 7, question: str = QUESTION, folder: Path | None = None
) -> tuple[Cost, Cost]:
    """Return the cost of the command and of the yardstick, timed in turns.

    Args:
        n_calls: Of each.
        question: Asked once before, so its evidence is known and its fit is kept.
        folder: Where to make the store; None: the machine's temporary folder.
    """
    with tempfile.TemporaryDirectory(prefix="starting-", dir=folder) as temporary:
        options = ["--store", str(Path(temporary) / "store"), "ask", question]
        ask = python_command("advisor.cli", *options)
        commands = {
            f'lr-advisor ask "{question}"': ask,
            f'python -c "{YARDSTICK}"': [sys.executable, "-c", YARDSTICK],
        }
        _run(ask)
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
        for _ in range(n_calls):
            for name, command in commands.items():
                times[name].append(_run(command))
    ours, yardstick = (
        Cost(name, n_calls, *map(statistics.median, zip(*found, strict=True)))
        for name, found in times.items()
    )
    return ours, yardstick


def _run(command: Sequence[str]) -> tuple[float, float]:
    """Seconds of the processor and elapsed of one process."""
    start, cpu_start = time.perf_counter(), cpu_seconds()
    environment = python_environment()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    return cpu_seconds() - cpu_start, time.perf_counter() - start


def markdown(ours: Cost, yardstick: Cost) -> str:
    """Return both as Markdown, with the machine named above and the ratio below."""
    lines = [
        f"Machine: {describe_machine()}.",
        "",
        "| command | calls | CPU s | wall s |",
        "| --- | ---: | ---: | ---: |",
    ]
    lines += [
        f"| `{cost.title}` | {cost.n} | {cost.cpu:.2f} | {cost.wall:.2f} |"
        for cost in (ours, yardstick)
    ]
    ratios = ours.cpu / yardstick.cpu, ours.wall / yardstick.wall
    return "\n".join([*lines, "| ratio | | {:.1f} | {:.1f} |".format(*ratios)])


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="where to make the store")
    options = parser.parse_args(arguments)
    print(markdown(*measure(n_calls=options.calls, folder=options.folder)))


if __name__ == "__main__":
    main()
