"""Runs of others, read from a file, into a store: each once."""

from dataclasses import dataclass
from typing import Any

from knowledge.importers.importer import Missing, ParsedFile
from knowledge.progress import say
from knowledge.records import Document, Run, run_body
from knowledge.store.store import Store

RUNS_SHOWN = 100


@dataclass(frozen=True)
class ImportReport(Document):
    """What an import added, knew already and left out, and what it took rows for.

    `runs` are the first of the file, as they are or would be stored. Where something
    is `asked` for, nothing was imported.
    """

    added: int
    skipped: int
    rejected: tuple[tuple[int, str], ...]
    workloads: tuple[str, ...]
    notes: tuple[str, ...] = ()
    format: str = ""
    runs: tuple[Run, ...] = ()
    asked: tuple[Missing, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The JSON document of the contract."""
        rejected = [{"line": n, "reason": why} for n, why in self.rejected]
        runs = [run_body(run)["run"] for run in self.runs]
        return {**super().to_dict(), "rejected": rejected, "runs": runs}


def keep_runs(store: Store, parsed: ParsedFile, *, dry_run: bool) -> ImportReport:
    """Keep the good rows that are new; say what was known and what was left out."""
    ids = [run.id for run in parsed.runs]
    rows = store.rows("select id from runs where id in (select unnest(?))", [ids])
    known = {run_id for (run_id,) in rows}
    new = [run for run in parsed.runs if run.id not in known]
    if not dry_run and new:
        store.record_runs([run for run in new if run.id not in parsed.curves])
        with_curves = [run for run in new if run.id in parsed.curves]
        for number, run in enumerate(with_curves):
            say(f"{number} of {len(with_curves)} runs with their curves saved.")
            store.record_run(run, parsed.curves[run.id])
        say(f"{len(new)} runs saved, taken into the tables.")
        store.ingest_all()
    return ImportReport(
        added=len(new),
        skipped=len(parsed.runs) - len(new),
        rejected=parsed.rejected,
        workloads=tuple(sorted({run.workload for run in parsed.runs})),
        notes=parsed.notes,
        format=parsed.format,
        runs=parsed.runs[:RUNS_SHOWN],
        asked=parsed.asked,
    )
