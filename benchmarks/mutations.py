"""Faults made on purpose: each must turn the tests red.

`python -m benchmarks.mutations` copies the checkout for each of them into a temporary
folder, edits one place there, runs the tests that should notice and prints a table;
`--whole` runs `make unit` in their place. Exit code 1 when a fault goes unnoticed.

The decision to know: a place is found by its text in whichever file of the product it
stands, and a text that is not there exactly once is an error, so a mutation survives
files being moved and cannot rot in silence. Tests are named by file for the same
reason.
"""

import argparse
import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOT_THE_PRODUCT = ("tests", "benchmarks", "docs")
_FIRST_FAILED = re.compile(r"^(?:FAILED|ERROR) ([^\n]+?)(?: - |$)", re.MULTILINE)
_ENDED = {0: "green", 1: "red", 2: "red"}  # 2: a module could not be loaded


class MutationError(Exception):
    """A mutation cannot be made, or its tests cannot be run."""


@dataclass(frozen=True)
class Mutation:
    """One fault: where `old` stands, once, there stands `new`.

    `tests` are names of test files, wherever they lie, `words` choose (as pytest's -k)
    those of their tests that should notice.
    """

    name: str
    old: str
    new: str
    tests: tuple[str, ...]
    words: str


_OF_CLAIMS = (
    "statistics/test_threshold.py",
    "statistics/test_fitting.py",
    "test_service.py",
)
_OF_CHECKPOINTS = ("training/test_loop.py", "test_worker.py")

MUTATIONS = (
    Mutation(
        "outcome labels swapped: degraded is called diverged",
        '    DEGRADED = "degraded"\n    DIVERGED = "diverged"\n',
        '    DEGRADED = "diverged"\n    DIVERGED = "degraded"\n',
        ("test_outcome.py",),
        "verdict or degraded or diverged",
    ),
    Mutation(
        "outcome labels swapped: stable is called diverged",
        "return Verdict(Outcome.STABLE, None, f",
        "return Verdict(Outcome.DIVERGED, None, f",
        ("test_outcome.py",),
        "stable",
    ),
    Mutation(
        "outcome labels swapped: a stable run counts as a failure",
        "return self in (Outcome.DEGRADED, Outcome.DIVERGED)",
        "return self not in (Outcome.DEGRADED, Outcome.DIVERGED)",
        ("test_records.py", "test_service.py"),
        "labelled or measured or stable",
    ),
    Mutation(
        "cancel does nothing: the queue forgets it",
        'self._cancel_jobs(con, "id = ?", job_id, now)\n',
        "pass\n",
        ("test_queue.py", "running/test_verification.py"),
        "cancel",
    ),
    Mutation(
        "cancel does nothing: a worker does not hear of it",
        'return bool(rows) and rows[0]["cancel"] is None',
        "return bool(rows)",
        ("test_queue.py", "test_worker.py"),
        "cancel",
    ),
    Mutation(
        "cancel does nothing: a worker hears of it and goes on",
        "        if self._asked_to_stop.is_set():\n            return False\n",
        "",
        ("test_worker.py", "running/test_verification.py"),
        "cancel",
    ),
    Mutation(
        "cancel does nothing: a verification's runs go on",
        'self._cancel_jobs(con, "verification_id = ?", verification_id, now)\n',
        "pass\n",
        ("test_queue.py", "running/test_verification.py"),
        "cancel",
    ),
    Mutation(
        "cancel does nothing: the yes to stopping stops nothing",
        "    for job in stopped:\n        parts.verifications.cancel(job.id)\n",
        "",
        ("test_acting.py",),
        "stop",
    ),
    Mutation(
        "checkpoint not loaded at all",
        "    if not folder.checkpoint_path.exists():\n        return _State(",
        "    if folder.checkpoint_path:\n        return _State(",
        _OF_CHECKPOINTS,
        "resumed or carried or goes_on",
    ),
    Mutation(
        "checkpoint not loaded: the model begins anew",
        '        task.model.load_state_dict(content["model"])\n',
        "",
        _OF_CHECKPOINTS,
        "resumed or carried or goes_on",
    ),
    Mutation(
        "checkpoint not loaded: the optimizer begins anew",
        '        optimizer.load_state_dict(content["optimizer"])\n',
        "",
        _OF_CHECKPOINTS,
        "resumed or carried or goes_on",
    ),
    Mutation(
        "claims ignored by the fit",
        "        claims = check_bounds(bounds)\n",
        "        claims = check_bounds(())\n",
        _OF_CLAIMS,
        "claim or forum",
    ),
    Mutation(
        "claims ignored on their way to the fit",
        "            for claim in body.claims\n"
        "            if claim.batch_size and claim.learning_rate\n",
        "            for claim in body.claims[:0]\n"
        "            if claim.batch_size and claim.learning_rate\n",
        _OF_CLAIMS,
        "claim or forum",
    ),
    Mutation(
        "claims ignored: unstable ones count as stable",
        'holds="stable" if claim.bound == "stable" else "unstable"',
        'holds="stable"',
        _OF_CLAIMS,
        "claim or forum",
    ),
    Mutation(
        "interval constant: of the threshold, as fitted",
        "        low, median, high = np.exp2("
        "_quantiles(draws, weights, central_shares(level)))\n",
        "        low, median, high = np.exp2("
        "_quantiles(draws, weights, central_shares(level)))\n"
        "        low, high = median / 2, median * 2\n",
        ("statistics/test_threshold.py", "test_service.py"),
        "interval or narrow or sharper",
    ),
    Mutation(
        "interval constant: of the threshold, as shown",
        "            round_rate(found.low),\n            round_rate(found.high),\n",
        "            round_rate(found.median / 2),\n"
        "            round_rate(found.median * 2),\n",
        ("test_service.py", "test_shown.py"),
        "interval",
    ),
    Mutation(
        "interval constant: of the best rate, as shown",
        "round_rate(best.median), round_rate(best.low), round_rate(best.high), "
        "best.level",
        "round_rate(best.median), round_rate(best.median / 2), "
        "round_rate(best.median * 2), best.level",
        ("test_service.py", "test_shown.py"),
        "interval",
    ),
    Mutation(
        "interval constant: of the exponent, as fitted",
        "_shares_of(self.exponent_, central_shares(level))\n",
        "np.median(self.exponent_) + np.array([-1, 0, 1])\n",
        ("statistics/test_threshold.py", "scaling/test_verdicts.py"),
        "exponent",
    ),
    Mutation(
        "plan's optimizer dropped on its way from the question",
        "        optimizer=q.slots.optimizer,\n",
        "",
        ("conversation/test_ask.py",),
        "setting",
    ),
    Mutation(
        "plan's optimizer dropped when it is filled in",
        '            recipe=scope.recipe or "",\n',
        "            recipe=trained.recipes[0],\n",
        ("running/test_plans_run_as_shown.py", "conversation/test_acting.py"),
        "plan or optimizer or recipe",
    ),
    Mutation(
        "plan's optimizer dropped by the command",
        "            optimizer=options.optimizer,\n            recipe=options.recipe,\n"
        "            device=options.device,\n            steps=options.steps,\n",
        "            recipe=options.recipe,\n"
        "            device=options.device,\n            steps=options.steps,\n",
        ("cli/test_main.py",),
        "optimizer or recipe",
    ),
    Mutation(
        "the runs that were shown are not those that start",
        "        if not shown or any(",
        "        if shown or any(",
        ("running/test_plans_run_as_shown.py",),
        "shown",
    ),
    Mutation(
        "a module of the statistics imports the service",
        "from advisor.statistics.fitted import FittedThreshold, mean_sd\n",
        "from advisor.statistics.fitted import FittedThreshold, mean_sd\n"
        "import typing\n"
        "if typing.TYPE_CHECKING:\n"
        "    from advisor.service import Advisor\n",
        ("test_architecture.py",),
        "rooms or circle or pure or below",
    ),
)


# -- copying and editing ---------------------------------------------------------------


def product_files(root: Path) -> list[Path]:
    """Return the Python files of the product under a checkout, in order."""
    return [
        path
        for path in sorted(root.rglob("*.py"))
        if not _is_hidden(path.relative_to(root))
        and path.relative_to(root).parts[0] not in NOT_THE_PRODUCT
    ]


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def apply(mutation: Mutation, root: Path) -> Path:
    """Make a mutation in the checkout at `root`; return the file that was edited.

    Raises:
        MutationError: The text is not there exactly once, or what comes out of it is
            no Python.
    """
    found = {
        path: count
        for path in product_files(root)
        if (count := path.read_text(encoding="utf-8").count(mutation.old))
    }
    if sum(found.values()) != 1:
        where = ", ".join(f"{p.relative_to(root)} ({n})" for p, n in found.items())
        raise MutationError(
            f"'{mutation.name}': its text is to stand in the product once, but stands "
            f"{sum(found.values())} times{f': {where}' if where else ''}. "
            f"Set it anew:\n{mutation.old}"
        )
    (path,) = found
    text = path.read_text(encoding="utf-8").replace(mutation.old, mutation.new)
    try:
        ast.parse(text)
    except SyntaxError as error:
        raise MutationError(f"'{mutation.name}' makes no Python: {error}") from error
    path.write_text(text, encoding="utf-8")
    return path


def copy_checkout(root: Path, into: Path) -> None:
    """Copy the files that git tracks, as they are now."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (root / name).exists():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, into / name)


def find_tests(root: Path, names: Sequence[str]) -> list[str]:
    """Return the paths of test files with these names.

    Raises:
        MutationError: There is none by one of the names.
    """
    paths = []
    for name in names:
        found = sorted((root / "tests").rglob(name))
        if not found:
            raise MutationError(f"no test file is called {name}: name another one.")
        paths += [str(path.relative_to(root)) for path in found]
    return paths


# -- running ---------------------------------------------------------------------------


def run_tests(root: Path, tests: Sequence[str] | None, words: str) -> tuple[str, str]:
    """Run tests in a copy; return `red` or `green`, and the first that failed.

    Args:
        root: The copy; it and the processes that its tests start import themselves,
            not the installed checkout.
        tests: Paths; None: `make unit`.
        words: As for pytest's -k.

    Raises:
        MutationError: pytest ended in another way than passed or failed.
    """
    if tests is None:
        venv = sys.prefix  # with its stamp taken as new: nothing is to be installed
        command = ["make", "unit", f"VENV={venv}", "-o", f"{venv}/.dev"]
    else:
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"]
        command += ["-m", "not browser", "-k", words, *tests]
    environment = os.environ | {
        "PYTHONPATH": str(root),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    ended = _ENDED.get(done.returncode)
    failed = _FIRST_FAILED.search(done.stdout)
    if ended is None or (ended == "red" and failed is None):
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise MutationError(f"the tests ended with {done.returncode}:\n{tail}")
    return ended, failed[1] if failed else ""


def judge(
    mutations: Sequence[Mutation], *, changed: bool, whole: bool
) -> tuple[str, str]:
    """Return how the tests of mutations end: `red` or `green`, and what failed first.

    Args:
        mutations: Whose tests to run.
        changed: Whether to make them, too; without, the tests must be green.
        whole: Whether to run `make unit` in place of their own tests.
    """
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        root = Path(folder)
        copy_checkout(ROOT, root)
        for mutation in mutations if changed else ():
            apply(mutation, root)
        names = sorted({name for mutation in mutations for name in mutation.tests})
        words = " or ".join(sorted({f"({mutation.words})" for mutation in mutations}))
        return run_tests(root, None if whole else find_tests(root, names), words)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 when a fault goes unnoticed or cannot be made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--whole", action="store_true", help="run `make unit` for each of them"
    )
    parser.add_argument("--only", default="", metavar="WORDS", help="those so named")
    parser.add_argument(
        "--check", action="store_true", help="make them, but run no tests"
    )
    options = parser.parse_args(arguments)
    chosen = [m for m in MUTATIONS if options.only in m.name]
    wrong = [problem for m in chosen if (problem := _problem(m))]
    if wrong or options.check:
        sys.stderr.write("\n".join([*wrong, f"{len(chosen)} looked at.\n"]))
        return 1 if wrong else 0
    print("| mutation | tests | first that failed |\n| --- | --- | --- |", flush=True)
    ended, failed = judge(chosen, changed=False, whole=options.whole)
    print(f"| none: these are to be green | {ended} | {failed} |", flush=True)
    is_well = ended == "green"
    for mutation in chosen:
        ended, failed = judge([mutation], changed=True, whole=options.whole)
        print(f"| {mutation.name} | {ended} | {failed} |", flush=True)
        is_well &= ended == "red"
    return 0 if is_well else 1


def _problem(mutation: Mutation) -> str | None:
    """Why a mutation cannot be made; None when it can."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        copy_checkout(ROOT, Path(folder))
        try:
            apply(mutation, Path(folder))
            find_tests(Path(folder), mutation.tests)
        except MutationError as error:
            return str(error)
    return None


if __name__ == "__main__":
    sys.exit(main())
