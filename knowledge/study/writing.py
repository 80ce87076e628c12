"""Writing the study that ships with the program (knowledge.study.reading reads it).

Losses are kept as 32-bit numbers with as few leading bits as leave the verdict what it
was. Each run is judged again on writing, so labels can be checked from the files alone.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from knowledge.errors import StudyError
from knowledge.inbox import disk_error, write_whole
from knowledge.outcome import RULE_VERSION, judge_curve
from knowledge.records import STUDY, Curve, Run, finite_or_none
from knowledge.study.reading import FACTS_FILE, FORMAT_VERSION, RUNS_FILE, ShippedStudy

MAX_FILE_BYTES = 900_000  # larger files do not belong into a repository
# Leading bits of the mantissa that are tried in turn. 9 are right within 0.1 %, a
# hundredth of the noise of one step; 23 are all that a 32-bit number has.
MANTISSA_BITS = (9, 12, 16, 23)
_ALL_BITS = 23
_ROW_GROUP = 20  # runs; one curve is read without the others
_POINTS = pa.struct(
    [
        ("name", pa.string()),
        ("steps", pa.list_(pa.int32())),
        ("values", pa.list_(pa.float32())),
    ]
)
_CURVES_SCHEMA = pa.schema(
    [
        ("run_id", pa.string()),
        ("losses", pa.list_(pa.float32())),
        ("metrics", pa.list_(_POINTS)),
    ]
)
_NUMBERS = ["losses.list.element", "metrics.list.element.values.list.element"]


def write_study(
    folder: Path, runs: Iterable[tuple[Run, Curve]], facts: Mapping[str, Any]
) -> ShippedStudy:
    """Write runs, curves and facts as a study and return it; an older one goes.

    `runs` come with their raw curves. `facts` are what else study.toml says: plain
    values, and tables and lists of tables of them.

    Raises:
        StudyError: A verdict would change, or there is nothing to write.
        StoreError: The folder cannot be written.
    """
    shipped = sorted((_ready(*pair) for pair in runs), key=lambda pair: pair[0].id)
    if not shipped:
        raise StudyError("There is no run to ship: only runs with a curve are shipped.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise disk_error(error, folder) from error
    files = {RUNS_FILE: _runs_file([run for run, _ in shipped])}
    curve_files = _curve_files([(run.id, curve) for run, curve in shipped])
    hashes = {name: _sha256(content) for name, content in curve_files.items()}
    facts = {
        **{"format": FORMAT_VERSION, "runs": len(shipped)},
        **{"outcome_rule": RULE_VERSION, "runs_sha256": _sha256(files[RUNS_FILE])},
        **facts,
        "curves_sha256": hashes,
    }
    for name, content in (files | curve_files).items():
        write_whole(folder / name, content)
    # Last: until it is there, what lies beside it counts for nothing.
    write_whole(folder / FACTS_FILE, toml_text(facts).encode())
    for path in folder.glob("curves-*.parquet"):
        if path.name not in curve_files:
            path.unlink()
    return ShippedStudy(folder, facts)


def _ready(run: Run, curve: Curve) -> tuple[Run, Curve]:
    """The run as the study's, judged by today's rule, with its curve cut to size."""
    horizon = run.horizon_steps
    if horizon is None or not curve.losses:
        raise StudyError(f"{run.id} has no curve: only measured runs are shipped.")
    verdict = judge_curve(curve, horizon)
    run = replace(
        run,
        source=STUDY,
        outcome=verdict.outcome,
        failed_at_step=verdict.failed_at_step,
        note=verdict.reason,
        outcome_rule=RULE_VERSION,
        metric_value=finite_or_none(run.metric_value),
    )
    for bits in MANTISSA_BITS:
        shorter = rounded_curve(curve, mantissa_bits=bits)
        again = judge_curve(shorter, horizon)
        if (again.outcome, again.failed_at_step) == (run.outcome, run.failed_at_step):
            return run, shorter
    raise StudyError(
        f"{run.id} is {run.outcome} and would not be with its curve in 32-bit numbers: "
        "leave it out, and tell us."
    )


def rounded_curve(curve: Curve, *, mantissa_bits: int) -> Curve:
    """Return the curve in 32-bit numbers, rounded to so many bits after the first.

    >>> rounded_curve(Curve((1 / 3, float("nan"))), mantissa_bits=9).losses
    (0.33349609375, nan)
    """
    losses = _rounded(curve.losses, mantissa_bits)
    return Curve(
        tuple(losses.tolist()),
        {
            name: tuple(
                zip(
                    [step for step, _ in points],
                    _rounded([value for _, value in points], mantissa_bits).tolist(),
                    strict=True,
                )
            )
            for name, points in curve.metrics.items()
        },
    )


def _rounded(values: Sequence[float], mantissa_bits: int) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # too large for 32 bits is as good as infinite
        numbers = np.asarray(values, dtype=np.float32)
    dropped = np.uint32(_ALL_BITS - mantissa_bits)
    bits = numbers.view(np.uint32)
    half = (np.uint32(1) << dropped) >> np.uint32(1)
    shorter = ((bits + half) >> dropped) << dropped
    return np.where(np.isfinite(numbers), shorter, bits).view(np.float32)


def _runs_file(runs: Sequence[Run]) -> bytes:
    names = [field.name for field in fields(Run)]
    rows = [{name: getattr(run, name) for name in names} for run in runs]
    return _parquet(
        pa.Table.from_pylist([{**row, "outcome": str(row["outcome"])} for row in rows])
    )


def _curve_files(curves: Sequence[tuple[str, Curve]]) -> dict[str, bytes]:
    """The curves in as few files as keep each below MAX_FILE_BYTES, by name."""
    files: dict[str, bytes] = {}
    for n_files in range(1, len(curves) + 1):
        parts = np.array_split(np.arange(len(curves)), n_files)
        files = {
            f"curves-{number}.parquet": _parquet(
                _curve_table([curves[i] for i in part])
            )
            for number, part in enumerate(parts, start=1)
        }
        if max(map(len, files.values())) <= MAX_FILE_BYTES:
            break
    return files


def _curve_table(curves: Sequence[tuple[str, Curve]]) -> pa.Table:
    rows = [
        {
            "run_id": run_id,
            "losses": curve.losses,
            "metrics": [
                {
                    "name": name,
                    "steps": [step for step, _ in points],
                    "values": [value for _, value in points],
                }
                for name, points in curve.metrics.items()
            ],
        }
        for run_id, curve in curves
    ]
    return pa.Table.from_pylist(rows, schema=_CURVES_SCHEMA)


def _parquet(table: pa.Table) -> bytes:
    is_curves = table.schema == _CURVES_SCHEMA
    sink = pa.BufferOutputStream()
    pq.write_table(
        table,
        sink,
        compression="zstd",
        compression_level=19,
        row_group_size=_ROW_GROUP if is_curves else None,
        use_dictionary=not is_curves,
        # The same byte of all numbers side by side: dropped bits then cost nothing.
        use_byte_stream_split=_NUMBERS if is_curves else False,
    )
    content: bytes = sink.getvalue().to_pybytes()
    return content


def toml_text(facts: Mapping[str, Any]) -> str:
    """Return plain values, tables and lists of tables as TOML.

    >>> print(toml_text({"made": "today", "machine": {"cores": 2}}), end="")
    made = "today"
    <BLANKLINE>
    [machine]
    cores = 2
    """
    plain, tables = [], []
    for key, value in facts.items():
        if isinstance(value, Mapping):
            tables += ["", f"[{key}]", *_lines(value)]
        elif (
            isinstance(value, list | tuple) and value and isinstance(value[0], Mapping)
        ):
            for row in value:
                tables += ["", f"[[{key}]]", *_lines(row)]
        else:
            plain += _lines({key: value})
    return "\n".join([*plain, *tables]) + "\n"


def _lines(values: Mapping[str, Any]) -> list[str]:
    """`key = value` lines; JSON writes text, numbers and lists as TOML does."""
    return [
        f"{json.dumps(key) if '.' in key else key} = "
        f"{json.dumps(value, ensure_ascii=False)}"
        for key, value in values.items()
        if value is not None
    ]


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
