"""Every error a person can meet, in one tree.

AdvisorError
├─ QuestionError      UnknownWorkloadError · BadValueError
├─ EvidenceError      ImportFileError (MissingReaderError) · StudyError
├─ StoreError         StoreBusyError · StoreVersionError · NotAStoreError
│                     DiskFullError · DamagedTablesError · RunNotFoundError
│                     JobNotFoundError · HistoryError · QueryError
├─ RunError           RunFailedError · RunTimeoutError · WorkloadUnavailableError
│                     DataFolderError
├─ PlanError
└─ SettingsError

A message says what happened with its values, then what to do, in one or two short
sentences. Only the edges (pages, CLI) catch, and they catch `AdvisorError` alone.
"""

from collections.abc import Sequence
from pathlib import Path


class AdvisorError(Exception):
    """Something the person can put right; the text says how."""


class QuestionError(AdvisorError):
    """The question cannot be answered as it was put."""


class UnknownWorkloadError(QuestionError):
    """No such workload; carries the nearest known names."""

    def __init__(self, name: str, *, known: Sequence[str], nearest: Sequence[str]):
        self.name = name
        self.known = tuple(known)
        self.nearest = tuple(nearest)
        hint = f" Did you mean {' or '.join(self.nearest)}?" if self.nearest else ""
        super().__init__(
            f"No workload named '{name}'.{hint} Known: {', '.join(self.known)}."
        )


class BadValueError(QuestionError):
    """A value in the question cannot be right (batch 0, a negative rate, ...)."""

    def __init__(self, name: str, value: object, *, expected: str):
        self.name = name
        self.value = value
        shown = _shown(value)
        shown = shown if len(shown) <= 40 else shown[:37] + "..."
        super().__init__(f"{name} is {shown}: {expected}")


class EvidenceError(AdvisorError):
    """The stored or imported evidence cannot be used."""


class ImportFileError(EvidenceError):
    """A file to import cannot be read at all (single bad rows are only rejected)."""


class MissingReaderError(ImportFileError):
    """The library that reads a format is not installed."""

    def __init__(self, reads: str, package: str, extra: str):
        self.package, self.extra = package, extra
        super().__init__(
            f"Reading {reads} needs the package {package}: "
            f'pip install "lr-advisor[{extra}]".'
        )


class StudyError(EvidenceError):
    """The study that ships with the program cannot be read, or not be written."""


class StoreError(AdvisorError):
    """The store folder cannot be used as it is."""


class StoreBusyError(StoreError):
    """Another program holds the store; what was to be saved waits in the inbox."""


class StoreVersionError(StoreError):
    """The store was written by a newer version of this program."""


class NotAStoreError(StoreError):
    """The folder exists and holds something else."""


class DiskFullError(StoreError):
    """The disk that holds the store has no room left."""


class DamagedTablesError(StoreError):
    """The tables cannot be read; the records they are made from are untouched."""

    def __init__(self, place: Path, error: object):
        said = (str(error).splitlines() or [""])[0][:120]
        super().__init__(
            f"The tables in {place} cannot be read ({said}): run `lr-advisor doctor`, "
            "which rebuilds them. The records are untouched."
        )


class RunNotFoundError(StoreError):
    """No run with that id is stored."""


class JobNotFoundError(StoreError):
    """No job with that id is queued or remembered."""


class HistoryError(StoreError):
    """No such answer or conversation is stored."""


class QueryError(StoreError):
    """A query of the person's own was refused, failed, or took too much."""


class RunError(AdvisorError):
    """A run could not be carried out (divergence is an outcome, not an error)."""


class RunFailedError(RunError):
    """A run stopped by an error; carries the end of its log and the log's path."""


class RunTimeoutError(RunError):
    """Runs were not over in the time somebody waited; they go on by themselves."""


class WorkloadUnavailableError(RunError):
    """The workload is known by name only: it cannot be trained here."""


class DataFolderError(RunError):
    """A folder of faces is missing, empty, or holds something that is no picture."""


class PlanError(AdvisorError):
    """A plan that was to be carried out is unknown, or was used already."""


class SettingsError(AdvisorError):
    """An environment variable or option has a value that cannot be used."""


def _shown(value: object) -> str:
    try:
        return str(value)
    except ValueError:  # Python writes no whole number of thousands of digits
        return "a number of thousands of digits"
