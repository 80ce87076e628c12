"""How right the advice is: writes docs/dev/results/calibration.md.

Three questions: the best rate at a batch size nobody ran (public grids, against rules
of thumb), the thresholds of five batch sizes in few runs (simulation), and failure
times (simulation). The advice is asked for as a user does: `import_runs`, `recommend`.
A part that is not run anew keeps the section it has.
"""

import argparse
import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from advisor.service import Advisor
from benchmarks import failure_times, threshold_search
from benchmarks.grids import (
    SOURCES,
    Grid,
    Question,
    Source,
    data_folder,
    full_questions,
    load_grids,
    relatives,
    sparse_questions,
)
from benchmarks.machine import describe_machine
from benchmarks.rules import RULES, Answer, Seen

PAGE = Path(__file__).resolve().parent.parent / "docs/dev/results/calibration.md"
OURS = "**LR Advisor**"
SEED = 0


def ask_rules(question: Question) -> dict[str, Answer]:
    """Return each rule's answer, in rate units."""
    seen = Seen.of(question.seen, is_score=question.grid.source.is_score)
    asked = float(np.log2(question.batch_size))
    found = {name: rule(seen, asked) for name, rule in RULES.items()}
    return {
        name: Answer(*(float(np.exp2(v)) for v in vars(answer).values()))
        for name, answer in found.items()
    }


class AdvisorOnGrid:
    """One store per workload: every run of its relatives, and the cells of its own.

    What a question may not see is left out by `recommend(exclude=...)`.
    """

    def __init__(self, grid: Grid, grids: dict[str, Grid], folder: Path):
        self._grid = grid
        self._advisor = Advisor.open(folder / "store", seeded=False)
        others = [other.rows for other in relatives(grid, grids)]
        for name, rows in (("own", grid.cells), ("others", pd.concat(others))):
            path = folder / f"{name}.csv"
            rows.to_csv(path, index=False)
            self._advisor.import_runs(path)
        own = self._advisor.store.frame(
            "select id, batch_size, learning_rate from runs where workload = ?",
            [grid.workload],
        )
        self._ids = {
            (int(r.batch_size), float(r.learning_rate)): str(r.id)
            for r in own.itertuples()
        }

    def answer(self, question: Question) -> Answer:
        """Return the recommended best rate and the 80 % interval of the best one."""
        seen = {
            (int(r.batch_size), float(r.learning_rate))
            for r in question.seen.itertuples()
        }
        hidden = [id for cell, id in self._ids.items() if cell not in seen]
        r = self._advisor.recommend(
            self._grid.workload, question.batch_size, exclude=hidden
        )
        if r.best is None or r.learning_rate is None:
            raise RuntimeError(f"no best rate for {self._grid.workload}")
        return Answer(r.learning_rate, r.best.low, r.best.high)

    def close(self) -> None:
        """Let go of the store."""
        self._advisor.close()


def score_source(
    source: Source, folder: Path, *, n_draws: int, is_sparse: bool
) -> pd.DataFrame:
    """Return one row per question and method: regret, error, covered, width."""
    grids = load_grids(source, folder)
    questions: dict[str, list[Question]] = {name: [] for name in grids}
    asked: Iterable[Question] = (
        sparse_questions(grids, n_draws, SEED) if is_sparse else full_questions(grids)
    )
    for question in asked:
        questions[question.grid.workload].append(question)
    rows = []
    for name, grid in grids.items():
        with tempfile.TemporaryDirectory() as scratch:
            ours = AdvisorOnGrid(grid, grids, Path(scratch))
            for question in questions[name]:
                answers = {**ask_rules(question), OURS: ours.answer(question)}
                for method, answer in answers.items():
                    score = question.score(answer.rate, answer.low, answer.high)
                    rows.append({"workload": name, "method": method, **score})
            ours.close()
    return pd.DataFrame(rows)


def grids_table(scores: pd.DataFrame, source: Source) -> str:
    """Return the methods' scores on one source as Markdown."""
    lines = [
        f"| method | mean regret, {source.unit} | p90 | worst | error, factors of 2 "
        "| 80 % intervals cover | width, factors of 2 |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for method, part in scores.groupby("method", sort=False):
        by_workload = part.groupby("workload")["regret"].mean()
        error = by_workload.std(ddof=1) / np.sqrt(len(by_workload))
        has_interval = bool(np.isfinite(part["width"]).any())
        cover = f"{part['covered'].mean():.2f}" if has_interval else ""
        width = f"{part['width'].mean():.2f}" if has_interval else ""
        lines.append(
            f"| {method} | {part['regret'].mean():.3g} ± {error:.2g} "
            f"| {part['regret'].quantile(0.9):.3g} | {part['regret'].max():.3g} "
            f"| {part['error'].median():.2f} | {cover} | {width} |"
        )
    return "\n".join(lines)


def grids_section(folder: Path, n_draws: int) -> str:
    """Return the section on the best rate: every source, few runs and many."""
    parts = [_GRIDS_INTRODUCTION.format(n_draws=n_draws)]
    for is_sparse in (True, False):
        title = "Twelve runs" if is_sparse else "All other batch sizes"
        parts.append(f"### {title}")
        for source in SOURCES:
            scores = score_source(source, folder, n_draws=n_draws, is_sparse=is_sparse)
            count = scores["workload"].nunique()
            asked = len(scores) // scores["method"].nunique()
            said = f"**{source.name}**: {count} workloads, {asked} questions."
            if is_sparse:
                ours = scores[scores["method"] == OURS]["regret"].mean()
                verdict = "met" if ours <= source.bar else "not met"
                said += (
                    f" The goal is a mean regret of at most {source.bar:g}: {verdict}."
                )
            parts += [said, grids_table(scores, source)]
            print(parts[-2], parts[-1], sep="\n", flush=True)
    return "\n\n".join(parts)


_GRIDS_INTRODUCTION = """\
Every batch size of every workload is held out in turn. The store holds all runs of the
source's other workloads (of HPOBench and FCNet: of other data sets only) and, of the
workload asked about, either twelve runs (3 other batch sizes with 4 rates each, drawn
at random, {n_draws} draws) or all runs at other batch sizes; replicates of a cell are
averaged (FCNet: their median). Regret is what the recommended rate, moved to the
nearest one of the held-out grid, loses against the best of that grid. After ± comes the
standard error over workloads; intervals are stretched by half a grid step before they
are judged.

Sources: Step Law (Li et al. 2025, arXiv:2503.04715); HPOBench's neural networks
(Apache-2.0) and FCNet (automl/nas_benchmarks, BSD-3-Clause)."""


def search_section(n_searches: int) -> str:
    """Return the section on the threshold search."""
    table = threshold_search.threshold_search(n_searches=n_searches, seed=SEED)
    return (
        "Simulated workloads with five batch sizes; a method may do 15, 30 or 60 runs "
        f"in all. {n_searches} searches each. The goal is a share within 10 % of .62, "
        ".81 and .88, and 90 % intervals that cover 87 to 95 % (base, lapses, "
        "surge).\n\n" + threshold_search.markdown(table)
    )


def time_section(n_workloads: int) -> str:
    """Return the section on failure times."""
    table = failure_times.failure_times(n_workloads=n_workloads, seed=SEED)
    return (
        "Simulated workloads whose limit falls by so many factors of 2 per doubling of "
        f"the steps; {n_workloads} workloads each. The same model is fed failure "
        "steps, or outcomes alone.\n\n" + failure_times.markdown(table)
    )


SECTIONS = {
    "grids": "The best rate at a batch size nobody ran",
    "search": "Finding the highest stable rate in few runs",
    "time": "Failures that come late",
}

_HEAD = """\
# How right the advice is: every table

In short: [how right is the advice?](../../explanation/calibration.md) This page is
written by `python -m benchmarks.advice`, seeds fixed; the public grids it reads are not
part of this repository. Standard errors follow ±, and a difference inside them is not a
finding. What was tried on the way is in the [log](../log.md); how the fits work is in
[how is a rate chosen?](../../explanation/stable-rates.md)
"""


def write_page(path: Path, made: dict[str, str]) -> None:
    """Write the page with new sections in place of old ones."""
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    parts = [_HEAD]
    for key, title in SECTIONS.items():
        kept = re.search(rf"<!-- {key} -->\n(.*?)<!-- end -->", old, re.DOTALL)
        body = made.get(key) or (kept.group(1).strip() if kept else "Not run yet.")
        parts.append(f"## {title}\n\n<!-- {key} -->\n{body}\n<!-- end -->\n")
    path.write_text("\n".join(parts), encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the parts asked for and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", action="append", choices=list(SECTIONS))
    parser.add_argument("--data", help="folder with the public grids")
    parser.add_argument("--draws", type=int, default=4)
    parser.add_argument("--searches", type=int, default=100)
    parser.add_argument("--workloads", type=int, default=100)
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args(arguments)
    makers: dict[str, Callable[[], str]] = {
        "grids": lambda: grids_section(data_folder(options.data), options.draws),
        "search": lambda: search_section(options.searches),
        "time": lambda: time_section(options.workloads),
    }
    for key in options.part or list(SECTIONS):
        said = f"Machine: {describe_machine()}.\n\n{makers[key]()}"
        write_page(options.page, {key: said})


if __name__ == "__main__":
    main()
