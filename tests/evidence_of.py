"""Evidence of a few runs and claims, for tests that have them at hand."""

from collections.abc import Iterable, Sequence

from advisor.evidence.scope import Scope
from advisor.evidence.selecting import Evidence, select_from_shelves, shelve
from knowledge.records import Claim, Run


def select_evidence(
    scope: Scope,
    *,
    runs: Iterable[Run],
    claims: Sequence[Claim],
    leave_out: Iterable[str] = (),
) -> Evidence:
    """Sort them into used, siblings and left out, as the library does."""
    return select_from_shelves(scope, shelve(runs), claims=claims, leave_out=leave_out)
