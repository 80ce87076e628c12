"""The contract's rows: each is checked and becomes a run.

A row's id is the hash of its content and of its number among identical rows, so
importing a file twice adds nothing and 25 equal replicates add 25.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from knowledge.metrics import direction_of
from knowledge.names import WorkloadName
from knowledge.optimizers import canonical_optimizer
from knowledge.records import Outcome, Run, content_id

REQUIRED = (
    "workload optimizer batch_size learning_rate metric_name metric_value "
    "steps_or_tokens source"
).split()
_MAX_TEXT = 200
RUN_NAMED = "run "
Rejected = list[tuple[int, str]]


def runs_of_rows(
    rows: Iterable[tuple[int, Mapping[str, str | None]]],
) -> tuple[list[Run], Rejected]:
    """Return the runs of rows by line; bad rows are rejected with line and reason.

    What a row calls its run is kept as a note.
    """
    runs: list[Run] = []
    rejected: Rejected = []
    seen: Counter[str] = Counter()
    for line, row in rows:
        try:
            values = checked_values(row)
        except ValueError as error:
            rejected.append((line, str(error)))
            continue
        content = content_id("row", values)
        occurrence = seen[content]
        seen[content] += 1
        run_id = content_id("run", {"content": content, "occurrence": occurrence})
        run, name = run_of(run_id, values), row.get("run_name")
        notes = [f"{RUN_NAMED}{name}" if name else None, run.note]
        runs.append(replace(run, note="; ".join(filter(None, notes)) or None))
    return runs, rejected


def checked_values(
    row: Mapping[str, str | None],
) -> dict[str, str | int | float | None]:
    """Check one row's text; ValueError says which value is wrong and how."""
    if None in row:
        raise ValueError("the row has more values than the header has columns")
    text = {k: (v or "").strip() for k, v in row.items()}
    name, metric = text["workload"], text["metric_name"]
    if len(max(text.values(), key=len)) > _MAX_TEXT:
        raise ValueError(f"a value is longer than {_MAX_TEXT} characters")
    WorkloadName.parse(name)
    if not text["optimizer"]:
        raise ValueError("optimizer is empty")
    if not text["source"]:
        raise ValueError("source is empty: say where the run comes from")
    outcome = text.get("outcome", "").lower() or None
    if metric and not text["metric_value"] and outcome is None:
        raise ValueError(
            f"metric_value is empty: without a value of {metric} the row says which "
            "rate was used, not how it went"
        )
    has_value = bool(metric and text["metric_value"])
    value = _number(text["metric_value"], "metric_value") if has_value else None
    if outcome is not None and outcome not in tuple(Outcome):
        raise ValueError(
            f"outcome '{outcome}' is not one of stable, degraded, diverged, "
            f"incomplete: say what it means, as in --outcome-of '{outcome}=diverged'"
        )
    if outcome is None and value is not None and not math.isfinite(value):
        outcome = "diverged"
    return {
        "workload": name,
        "optimizer": text["optimizer"].lower(),
        "batch_size": _whole(text["batch_size"], "batch_size", at_least=1),
        "learning_rate": _rate(text["learning_rate"]),
        "metric_name": metric or None,
        "metric_value": value if value is not None and math.isfinite(value) else None,
        "goal": _goal(text.get("goal", ""), metric),
        "steps": _steps(text["steps_or_tokens"]),
        "source": text["source"],
        "seed": _optional_whole(text.get("seed", ""), "seed"),
        "outcome": outcome,
        "failed_at_step": _optional_whole(
            text.get("failed_at_step", ""), "failed_at_step"
        ),
        "device": text.get("device", "").lower() or None,
        "recipe": text.get("recipe", "") or None,
        "batch_convention": _convention(text.get("batch_convention", ""), name),
    }


def run_of(run_id: str, values: Mapping[str, str | int | float | None]) -> Run:
    """Return checked values as a run; its optimizer's spelling is kept as a note."""
    outcome, written = values["outcome"], str(values["optimizer"])
    optimizer = canonical_optimizer(written)
    return Run(
        id=run_id,
        note=f"optimizer as written: {written}" if optimizer != written else None,
        **{  # type: ignore[arg-type]
            **values,
            "optimizer": optimizer,
            "outcome": Outcome(str(outcome)) if outcome else None,
            "horizon_steps": values["steps"],
        },
    )


def _number(text: str, name: str) -> float:
    if not text:
        raise ValueError(f"{name} is empty")
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{name} '{text}' is not a number") from None


def _whole(text: str, name: str, *, at_least: int) -> int:
    value = _number(text, name)
    if not math.isfinite(value) or value != int(value) or not at_least <= value < 2**53:
        raise ValueError(f"{name} {text} is not a whole number of at least {at_least}")
    return int(value)


def _optional_whole(text: str, name: str) -> int | None:
    return _whole(text, name, at_least=0) if text else None


def _steps(text: str) -> int | None:
    """Steps, tokens or epochs as the source counts them; empty when not said."""
    if not text:
        return None
    value = _number(text, "steps_or_tokens")
    if not math.isfinite(value) or not 0 <= value < 2**63:
        raise ValueError(f"steps_or_tokens {text} is not a number of steps or tokens")
    return round(value) or None


def _rate(text: str) -> float:
    value = _number(text, "learning_rate")
    if not math.isfinite(value) or value <= 0:
        raise ValueError(f"learning_rate {text} is not a positive number")
    return value


def _goal(text: str, metric: str) -> str | None:
    if text:
        if text.lower() not in ("min", "max"):
            raise ValueError(f"goal '{text}' is neither min nor max")
        return text.lower()
    if not metric:
        return None
    goal = direction_of(metric)
    if goal is None:
        raise ValueError(
            f"metric_name '{metric}' does not say whether more is better: "
            "say --goal min or --goal max, or add a goal column"
        )
    return goal


def _convention(text: str, workload: str) -> str:
    if text and text not in ("total", "per_side"):
        raise ValueError(f"batch_convention '{text}' is neither total nor per_side")
    return text or WorkloadName.parse(workload).batch_convention
