"""Runs judged again: a newer outcome rule is applied to the curves that are kept.

The record stays as it was written; the tables hold the newest rule's word.
"""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

import duckdb

from knowledge.outcome import RULE_VERSION, judge_curve
from knowledge.records import STUDY, Curve

# Runs with a curve that an older rule judged. Those of the shipped study come judged.
JUDGED_BEFORE = (
    "select id, horizon_steps from runs where try_cast(outcome_rule as integer) < "
    f"cast(? as integer) and source <> '{STUDY}' and horizon_steps is not null "
    "and id in (select run_id from curves) order by id"
)
_CURVES = (
    "select run_id, metric, step, value from curves "
    "where run_id in (select unnest(?)) order by run_id, metric, step"
)
_AT_ONCE = 200  # runs whose curves are in memory together, some 100,000 numbers
_NEW_WORD = (
    "update runs set outcome = ?, failed_at_step = ?, note = ?, outcome_rule = ? "
    "where id = ?"
)


def curve_from_rows(rows: Sequence[tuple[str, int, float]]) -> Curve:
    """Build a Curve from rows (metric, step, value) in the order of their steps.

    A `loss` that somebody's log has for some steps only is a metric like others.
    """
    metrics: dict[str, list[tuple[int, float]]] = {}
    for metric, step, value in rows:
        metrics.setdefault(metric, []).append((step, value))
    every_step = [step for step, _ in metrics.get("loss", ())]
    is_ours = every_step == list(range(1, len(every_step) + 1))
    losses = metrics.pop("loss", []) if is_ours else []
    return Curve(
        tuple(value for _, value in losses),
        {name: tuple(points) for name, points in metrics.items()},
    )


def judge_anew(con: duckdb.DuckDBPyConnection) -> int:
    """Judge what an older rule judged, and return how many runs that were.

    The caller holds the transaction.
    """
    older = con.execute(JUDGED_BEFORE, [RULE_VERSION]).fetchall()
    for start in range(0, len(older), _AT_ONCE):
        horizons = dict(older[start : start + _AT_ONCE])
        points = con.execute(_CURVES, [list(horizons)]).fetchall()
        for run_id, rows in groupby(points, key=itemgetter(0)):
            curve = curve_from_rows([row[1:] for row in rows])
            verdict = judge_curve(curve, horizons[run_id])
            con.execute(
                _NEW_WORD,
                [
                    *(verdict.outcome, verdict.failed_at_step, verdict.reason),
                    *(RULE_VERSION, run_id),
                ],
            )
    return len(older)
