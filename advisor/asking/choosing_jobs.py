"""Which jobs "cancel job 3" or "stop all but the digits ones" means (pure).

Jobs are named by id, by their number in the list, by workload or by batch size; "the
last one" is the newest. Who names nothing means all that are not over.
"""

import re
from collections.abc import Sequence

from experiments.queue import Job
from knowledge.names import WorkloadName

_EXCEPT = re.compile(
    r"\b(?:all but|but (?:not|the)|except|excluding|apart from|besides|other than|"
    r"keep|leave|not the)\b"
)
_NUMBERS = re.compile(
    r"(?:\b(?:jobs?|runs?|no|nr|number)\b\s*[:#]?|#)\s*"
    r"((?:\d{1,6}(?:\s*(?:,|and|&|\+)\s*#?)?)+)(?![\w:.-])"
)
_IDS = re.compile(r"\bjob:([0-9a-f]+)\b")
_LAST = re.compile(r"\b(?:last|latest|newest|most recent)\b")
_FIRST = re.compile(r"\b(?:first|oldest)\b")


def choose_jobs(
    text: str,
    jobs: Sequence[Job],
    *,
    workloads: Sequence[str] = (),
    batch_sizes: Sequence[int] = (),
) -> list[Job]:
    """Return those of some unfinished jobs that a text means, oldest first.

    Args:
        text: What was typed.
        jobs: Those that are not over.
        workloads: The ones that the text names.
        batch_sizes: Likewise.
    """
    said = text.lower()
    listed = _listed(said)
    if listed:
        return [job for job in jobs if listed & {job.id, str(job.number)}]
    exclude = _EXCEPT.search(said) is not None
    if workloads or batch_sizes:
        return [j for j in jobs if _is_named(j, workloads, batch_sizes) is not exclude]
    if _LAST.search(said) or _FIRST.search(said):
        one = jobs[-1:] if _LAST.search(said) else jobs[:1]
        return [job for job in jobs if (job in one) is not exclude]
    return list(jobs)


def named_numbers(text: str) -> list[str]:
    """Return the numbers and ids of jobs that a text names.

    >>> named_numbers("stop jobs 2 and 3")
    ['2', '3']
    """
    return sorted(_listed(text.lower()))


def _listed(said: str) -> set[str]:
    numbers = {n for found in _NUMBERS.findall(said) for n in re.findall(r"\d+", found)}
    return numbers | {f"job:{found}" for found in _IDS.findall(said)}


def _is_named(job: Job, workloads: Sequence[str], batch_sizes: Sequence[int]) -> bool:
    name = job.config.workload
    of_one = (
        not workloads
        or name in workloads
        or WorkloadName.parse(name).base in (workloads)
    )
    return of_one and (not batch_sizes or job.config.batch_size in batch_sizes)
