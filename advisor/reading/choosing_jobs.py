"""Which jobs "cancel job 3" or "stop all but the digits ones" means (pure).

"The last one" is the newest; "stop it" alone means all that are not over.
"""

import re
from collections.abc import Sequence

from experiments.jobs.records import Job
from knowledge.names import WorkloadName

_EXCEPT = re.compile(
    r"\b(?:all but|but (?:not|the)|except|excluding|apart from|besides|other than|"
    r"keep|leave)\b"
)
_NUMBERS = re.compile(
    r"(?:\b(?:jobs?|runs?|no|nr|number)\b\s*[:#]?|#)\s*"
    r"((?:\d{1,6}(?:\s*(?:,|and|&|\+)\s*#?)?)+)(?![\w:.-])"
)
_IDS = re.compile(r"\bjob:([0-9a-f]+)\b")
_PLACES = {
    "first": 0,
    "oldest": 0,
    "second": 1,
    "third": 2,
    "fourth": 3,
    "fifth": 4,
    "last": -1,
    "latest": -1,
    "newest": -1,
    "most recent": -1,
}
_PLACE = re.compile(rf"\b(?:{'|'.join(_PLACES)})\b")
# "dont cancel anything", "can i cancel a job later?": nothing is to be stopped.
_NOT_MEANT = re.compile(
    r"\b(?:don'?t|do not|never|not|no need to|without) (?:\w+ ){0,2}?(?:cancel\w*|"
    r"stop\w*|kill\w*|abort\w*)|\b(?:cancel|stop|kill|abort) (?:nothing|none)\b|"
    r"^\W*(?:can|could|may|how|what if|is it)\b.*\b(?:i|one|you|we|possible)\b"
)
_OF_JOBS = re.compile(
    r"\b(?:all|every\w*|it|them|that|this|those|these|jobs?|runs?|running|training|"
    r"tests?|verifications?|experiments?|ones?|queue|rest|now|please|what you)\b"
)
_FEW_WORDS = 2  # "stop", "cancel!"


def choose_jobs(
    text: str,
    jobs: Sequence[Job],
    *,
    workloads: Sequence[str] = (),
    batch_sizes: Sequence[int] = (),
) -> list[Job]:
    """Return those of some unfinished jobs that a text means, oldest first.

    `workloads` and `batch_sizes` are those that the text names.
    """
    said = text.lower()
    if _NOT_MEANT.search(said):
        return []
    listed = _listed(said)
    if listed:
        return [job for job in jobs if listed & {job.id, str(job.number)}]
    exclude = _EXCEPT.search(said) is not None
    if workloads or batch_sizes:
        return [j for j in jobs if _is_named(j, workloads, batch_sizes) is not exclude]
    if place := _PLACE.search(said):
        at = _PLACES[place[0]]
        one = [jobs[at]] if -len(jobs) <= at < len(jobs) else []
        return [job for job in jobs if (job in one) is not exclude]
    is_of_jobs = _OF_JOBS.search(said) or len(said.split()) <= _FEW_WORDS
    return list(jobs) if is_of_jobs else []


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
