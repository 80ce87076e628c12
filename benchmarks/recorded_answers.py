"""What the program answers, recorded before a rebuild and compared after it.

`python -m benchmarks.recorded_answers record FILE` asks everything in
`recorded_cases.py` of new stores with the shipped study and writes the answers as one
JSON file; `... compare FILE` asks again and prints each difference with its place and
both values (exit code 1). `record FILE --keep FOLDER` keeps the store too, and
`compare FILE --kept FOLDER` asks a copy of it: old stores answer the same.

The decision to know: only the installed command is used, never a module of ours, so
that this file runs unchanged before and after files move. Left out is what must differ
between two recordings of the same program: ids made by chance, times and measured
seconds. Compare on the machine that recorded: other processors round otherwise.
"""

import argparse
import contextlib
import hashlib
import io
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import entry_points
from itertools import takewhile
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.recorded_cases import (
    AFTERWARDS,
    CASES,
    EXPORTED,
    OBSERVATIONS,
    OLD_STORES,
    RUNS_CSV,
    TRAINED,
)

Recording = dict[str, dict[str, Any]]
Call = Callable[[Sequence[str]], int]

ENVIRONMENT = {
    "LR_ADVISOR_WORKERS": "2",  # plans count the processes that train at once
    "LR_ADVISOR_NO_STUDY": "",
    "LR_ADVISOR_LLM_BASE_URL": "",
    "CUDA_VISIBLE_DEVICES": "",
}
SIGNIFICANT_DIGITS = 6
# Times, and what is measured in seconds: two recordings differ in these.
LEFT_OUT = frozenset(
    "pid created started ended made asked measured seconds examples_per_second "
    "store versions device workers free_disk_gb".split()
)
# Ids made by chance. Those of runs are hashes of what a run is, and stay.
_BY_CHANCE = re.compile(
    r"\b(answer|plan|job|verification|forecast|conversation):[0-9a-f]{8,}\b"
    r"|\b(claim:own)/[0-9a-f]{8,}\b"
)
_TIME = re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?")
# Said of a workload that was timed here a moment ago.
_MEASURED = re.compile(r"\babout [\d.]+ (?:s|min|h)\b")
# What a busy machine was too slow for says nothing of the program: it is asked again.
_TOO_SLOW = re.compile(r"took more than [\d.]+ s\b")
_TRIES = 20
_PLAN = re.compile(r"\bplan:[0-9a-f]+")
_SHOWN_CHARACTERS = 120
_MISSING = "(missing)"


# -- asking ----------------------------------------------------------------------------


class Command:
    """The command `lr-advisor` on one store, called in this process."""

    def __init__(self, folder: Path, main: Call):
        self.folder = folder
        self._main = main

    def __call__(self, arguments: Sequence[str]) -> tuple[int, str, str]:
        """Return exit code, stdout and stderr."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = self._main(["--store", str(self.folder), *arguments])
            except SystemExit as ended:
                code = int(ended.code or 0)
            except Exception as error:  # a bug is recorded like any other answer
                code = 1
                err.write(f"{type(error).__name__}: {error}\n")
        return code, out.getvalue(), err.getvalue()

    def record(self, arguments: Sequence[str]) -> dict[str, Any]:
        """Return a call's exit code, document and sentence, made comparable."""
        for _ in range(_TRIES):
            code, out, err = self(arguments)
            if not _TOO_SLOW.search(err):
                break
        try:
            document = json.loads(out)
        except ValueError:
            document = out.splitlines()
        return {
            "exit_code": code,
            "said": comparable(err.splitlines(), self.folder),
            "document": comparable(document, self.folder),
        }


def find_command() -> Call:
    """Return the function behind the installed command `lr-advisor`."""
    (found,) = entry_points(group="console_scripts", name="lr-advisor")
    main: Call = found.load()
    return main


def comparable(value: Any, folder: Path) -> Any:
    """Return a document without what chance and the clock put into it.

    >>> comparable({"id": "answer:0123456789abcdef", "x": 1 / 3, "pid": 7}, Path("/s"))
    {'id': 'answer:*', 'x': 0.333333}
    """
    if isinstance(value, dict):
        return {
            key: comparable(inner, folder)
            for key, inner in value.items()
            if key not in LEFT_OUT
        }
    if isinstance(value, list):
        return [comparable(inner, folder) for inner in value]
    if isinstance(value, float):
        return float(f"{value:.{SIGNIFICANT_DIGITS}g}")
    if isinstance(value, str):
        text = value.replace(str(folder.parent), "FOLDER")
        text = _BY_CHANCE.sub(lambda m: f"{m[1]}:*" if m[1] else f"{m[2]}/*", text)
        return _TIME.sub("TIME", text)
    return value


def case_name(arguments: Sequence[str]) -> str:
    """Return what a case is called in the recording: its arguments as typed."""
    return " ".join(repr(a) if " " in a or not a else a for a in arguments)


def record_answers(main: Call, folder: Path, *, keep: Path | None = None) -> Recording:
    """Ask everything of new stores inside `folder`; `keep` is where one store stays."""
    recording: Recording = {}
    command = Command(folder / "store", main)
    for kind, cases in CASES.items():
        recording[kind] = _record_all(command, cases)
    recording["exported"] = _record_exports(command, folder)
    recording["imported"] = _record_import(command, folder)
    recording["observed"] = _record_observations(command)
    recording["trained"] = _without_measured(_record_all(command, TRAINED))
    if keep is not None:
        shutil.copytree(command.folder, keep)
    recording["afterwards"] = record_afterwards(command)
    recording["old stores"] = _record_old_stores(main, folder)
    return recording


def record_afterwards(command: Command) -> dict[str, Any]:
    """Ask a store that holds an import, observations, a job and a run of ours."""
    return _record_all(command, AFTERWARDS)


def _record_all(
    command: Command, cases: Sequence[Sequence[str]]
) -> dict[str, dict[str, Any]]:
    recorded = {}
    for arguments in cases:
        sys.stderr.write(".")
        sys.stderr.flush()
        recorded[case_name(arguments)] = command.record(arguments)
    if len(recorded) < len(cases):
        raise ValueError("two cases of one kind have the same name")
    return recorded


def _without_measured(value: Any) -> Any:
    """What was recorded after training, without the times it was found to take."""
    return json.loads(_MEASURED.sub("about *", json.dumps(value)))


def _record_exports(command: Command, folder: Path) -> dict[str, Any]:
    """Each table as a file: its lines' number and the hash of what is in it."""
    recorded = {}
    for table in EXPORTED:
        path = folder / f"{table}.json"
        done = command.record(["export", str(path), "--table", table, "--json"])
        rows = comparable(json.loads(path.read_text(encoding="utf-8")), folder)
        content = json.dumps(rows, sort_keys=True).encode()
        recorded[table] = done | {"sha256": hashlib.sha256(content).hexdigest()}
    return recorded


def _record_import(command: Command, folder: Path) -> dict[str, Any]:
    """A file of runs, tried, imported, and imported again, with what is then said."""
    path = folder / "runs.csv"
    path.write_text(RUNS_CSV, encoding="utf-8")
    calls = {
        "dry run": ["import", str(path), "--dry-run", "--json"],
        "first time": ["import", str(path), "--json"],
        "again": ["import", str(path), "--json"],
        "in words": ["import", str(path)],
    }
    return {name: command.record(arguments) for name, arguments in calls.items()}


def _record_observations(command: Command) -> dict[str, Any]:
    """Sentences that tell of something seen; the offer is approved, then again."""
    recorded = {}
    for text in OBSERVATIONS:
        asked = ["ask", text, "--json"]
        recorded[text] = command.record(asked)
        plan = _PLAN.search(command(asked)[1])
        if plan is not None:
            approve = ["approve", plan[0], "--json"]
            recorded[f"{text} (approved)"] = command.record(approve)
            recorded[f"{text} (approved again)"] = command.record(approve)
    return recorded


def _record_old_stores(main: Call, folder: Path) -> dict[str, Any]:
    """Stores whose tables are of each schema that was released."""
    root = Path(__file__).resolve().parent.parent / "tests"
    recorded = {}
    for schema in sorted(root.rglob("schema_*.sql")):
        command = Command(folder / schema.stem, main)
        command(["workloads", "--no-seeds"])  # makes the folder
        (command.folder / "store.duckdb").unlink()
        with duckdb.connect(str(command.folder / "store.duckdb")) as con:
            con.execute(schema.read_text(encoding="utf-8"))
        for snapshot in (command.folder / "snapshots").glob("*.duckdb"):
            shutil.copyfile(command.folder / "store.duckdb", snapshot)
        for arguments in OLD_STORES:
            name = f"{schema.stem}: {case_name(arguments)}"
            recorded[name] = command.record([*arguments, "--no-seeds"])
    return recorded


# -- comparing -------------------------------------------------------------------------


def differences(before: Any, after: Any, place: str = "") -> Iterator[str]:
    """Yield a line for each difference: its place and both values.

    >>> list(differences({"a": [1, 2], "b": 3}, {"a": [1, 5], "c": 3}))
    ['a[1]: 2 -> 5', 'b: 3 -> (missing)', 'c: (missing) -> 3']
    """
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            inner = f"{place} > {key}" if place else key
            pair = before.get(key, _MISSING), after.get(key, _MISSING)
            yield from differences(*pair, inner)
    elif isinstance(before, list) and isinstance(after, list):
        for i in range(max(len(before), len(after))):
            pair = (
                before[i] if i < len(before) else _MISSING,
                after[i] if i < len(after) else _MISSING,
            )
            yield from differences(*pair, f"{place}[{i}]")
    elif before != after or type(before) is not type(after):
        yield f"{place}: {_shown(before, after)} -> {_shown(after, before)}"


def _shown(value: Any, other: Any) -> str:
    """A value as text; of a long one the part around where it becomes another."""
    text = str(value)
    alike = takewhile(
        lambda pair: pair[0] == pair[1], zip(text, str(other), strict=False)
    )
    common = sum(1 for _ in alike)
    start = max(0, common - _SHOWN_CHARACTERS // 3)
    part = text[start : start + _SHOWN_CHARACTERS]
    before = "…" if start else ""
    return f"{before}{part}{'…' if start + len(part) < len(text) else ''}"


# -- the command -----------------------------------------------------------------------


def count_cases(recording: Recording) -> dict[str, int]:
    """Return how many cases there are of each kind."""
    return {kind: len(cases) for kind, cases in recording.items()}


def load(path: Path) -> Recording:
    """Return a recording that was saved."""
    recording: Recording = json.loads(path.read_text(encoding="utf-8"))
    return recording


def save(recording: Recording, path: Path) -> None:
    """Save a recording so that a line is about one value."""
    text = json.dumps(recording, indent=1, sort_keys=True, ensure_ascii=False)
    path.write_text(f"{text}\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """Record or compare; 1 when something differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    record = commands.add_parser("record", help="ask everything and write the answers")
    record.add_argument("file", type=Path)
    record.add_argument("--keep", type=Path, help="a new folder for the store")
    compare = commands.add_parser("compare", help="ask again and print what differs")
    compare.add_argument("file", type=Path)
    compare.add_argument(
        "--with", dest="newer", type=Path, help="another recording, in place of asking"
    )
    compare.add_argument(
        "--kept", type=Path, help="a kept store: ask a copy of it what is asked last"
    )
    options = parser.parse_args(arguments)
    os.environ.update(ENVIRONMENT)
    if options.command == "record":
        recording = _asked(keep=options.keep)
        save(recording, options.file)
        print(json.dumps(count_cases(recording), indent=1))
        return 0
    before = load(options.file)
    if options.newer is not None:
        after = load(options.newer)
    elif options.kept is not None:
        before = {"afterwards": before["afterwards"]}
        after = _asked_of_a_copy(options.kept)
    else:
        after = _asked()
    found = list(differences(before, after))
    n_cases = sum(count_cases(before).values())
    print("\n".join([*found, f"{len(found)} differences in {n_cases} cases."]))
    return 1 if found else 0


def _asked(*, keep: Path | None = None) -> Recording:
    with tempfile.TemporaryDirectory(prefix="recorded-") as folder:
        return record_answers(find_command(), Path(folder), keep=keep)


def _asked_of_a_copy(kept: Path) -> Recording:
    with tempfile.TemporaryDirectory(prefix="recorded-") as folder:
        command = Command(Path(folder) / "store", find_command())
        shutil.copytree(kept, command.folder)
        return {"afterwards": record_afterwards(command)}


if __name__ == "__main__":
    sys.exit(main())
