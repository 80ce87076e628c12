"""Seconds and peak memory of large imports, by the command itself.

`python -m benchmarks.importing [--megabytes 200] [--rows 100000]` writes a folder of
TensorBoard event files and a table of runs, imports both into stores of their own, and
prints what each took on this machine.
"""

import argparse
import os
import random
import struct
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.machine import describe_machine

RUNS, BATCH = 20, 32


def main() -> None:
    """Write, import, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--rows", type=int, default=100_000)
    options = parser.parse_args()
    print(describe_machine(), flush=True)
    with TemporaryDirectory(prefix="lr-advisor-importing-") as place:
        folder = Path(place)
        write_events(folder / "logs", options.megabytes)
        write_table(folder / "runs.csv", options.rows)
        said = ("--workload", "net", "--optimizer", "sgd", "--batch-size", str(BATCH))
        report(folder, "logs", f"TensorBoard, {options.megabytes} MB", *said)
        report(folder, "runs.csv", f"CSV, {options.rows:,} rows")


def write_events(folder: Path, megabytes: int) -> None:
    """Write `RUNS` runs of scalars, in frames without sums, which nothing checks."""
    from tensorboard.compat.proto.event_pb2 import Event

    for number in range(RUNS):
        place = folder / f"run{number}"
        place.mkdir(parents=True)
        rate = 1e-4 * 1.3**number
        with (place / "events.out.tfevents.0.bench").open("wb") as file:
            _frame(file, Event(file_version="brain.Event:2"))
            step = 0
            while file.tell() < megabytes * 2**20 // RUNS:
                step += 1
                event = Event(step=step, wall_time=1.7e9 + step)
                for tag, value in (
                    ("train/loss", 1 / step**0.2 + random.random() / 50),
                    ("train/lr", rate),
                    ("train/grad_norm", 1.0),
                ):
                    event.summary.value.add(tag=tag, simple_value=value)
                _frame(file, event)


def write_table(path: Path, rows: int) -> None:
    """Write a table in the columns of the contract."""
    draw = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        file.write(
            "workload,optimizer,batch_size,learning_rate,metric_name,metric_value,"
            "steps_or_tokens,source,seed\n"
        )
        for number in range(rows):
            batch, rate = 2 ** draw.randint(3, 9), 10 ** draw.uniform(-5, -1)
            loss = draw.uniform(1, 3)
            file.write(
                f"net{number % 20},adamw,{batch},{rate:.3g},val_loss,{loss:.4f},"
                f"1000,benchmark,{number}\n"
            )


def report(folder: Path, name: str, title: str, *said: str) -> None:
    """Import a path into a new store and print seconds and the most memory held."""
    command = (sys.executable, "-m", "advisor.cli", "import", str(folder / name))
    store = ("--store", str(folder / f"store-{name}"), "--no-seeds", "--no-study")
    began = time.monotonic()
    child = subprocess.Popen((*command, *store, *said))
    _, status, used = os.wait4(child.pid, 0)
    seconds = time.monotonic() - began
    unit = 2**20 if sys.platform == "darwin" else 2**10
    print(
        f"{title}: {seconds:.0f} s ({used.ru_utime + used.ru_stime:.0f} s of a "
        f"processor), at most {used.ru_maxrss / unit:.0f} MB, exit {status >> 8}",
        flush=True,
    )


def _frame(file, event) -> None:
    message = event.SerializeToString()
    file.write(struct.pack("<QI", len(message), 0) + message + bytes(4))


if __name__ == "__main__":
    main()
