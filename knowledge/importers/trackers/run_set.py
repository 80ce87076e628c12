"""The runs of one tracker's store or folder, each as `one_run` has it.

What no run says is asked for. Where some runs say all, those that do not are left out
by name with the reason: a sweep's parent or an evaluation is in many a store.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from knowledge.errors import ImportFileError
from knowledge.importers.fields import direction, find_fields, plain
from knowledge.importers.importer import FileOptions, Missing, ParsedFile, listed
from knowledge.importers.lightning import RATE_MONITOR
from knowledge.importers.one_run import GRADIENT_NORM, History, run_of_history
from knowledge.importers.peaks import NEAR
from knowledge.importers.trackers.points import PackedCurves, Points
from knowledge.progress import say
from knowledge.records import content_id

_NOTES_SHOWN = 10
_NO_LINE = 0  # a run of a store stands in no line


def runs_of(
    path: Path, histories: Iterable[History], asked: FileOptions, *, source: str
) -> ParsedFile:
    """Return runs with their curves, those left out with the reason, or what lacks.

    Raises:
        ImportFileError: There is no run in it that could be read.
    """
    runs, curves, notes = [], PackedCurves(), Counter[str]()
    rejected: list[tuple[int, str]] = []
    lacking: list[tuple[str, tuple[Missing, ...]]] = []
    seen: Counter[str] = Counter()
    for number, history in enumerate(histories, start=1):
        name = history.name or f"run {number}"
        say(f"{path}: run {number} read, {name[:60]}.")
        try:
            parsed = run_of_history(path, replace(history, source=source), asked)
        except ImportFileError as error:
            why = str(error).removeprefix(f"{path}: ").removeprefix(f"{path} ")
            rejected.append((_NO_LINE, f"{name}: {why}"))
            continue
        if parsed.asked:
            lacking.append((name, parsed.asked))
            continue
        (run,) = parsed.runs
        curve = parsed.curves[run.id]
        if again := seen[run.id]:
            content = {"content": run.id, "occurrence": again}
            run, seen[run.id] = replace(run, id=content_id("run", content)), again + 1
        else:
            seen[run.id] = 1
        runs.append(run)
        curves.add(run.id, curve)
        notes.update(parsed.notes)
    if not runs and lacking:
        best_told = min(lacking, key=lambda one: len(one[1]))[1]
        return ParsedFile(notes=_first(notes), asked=best_told)
    if not runs:
        reasons = "; ".join(why for _, why in rejected[:3]) or "none is in it."
        raise ImportFileError(f"{path} holds no run that can be read: {reasons}")
    for name, lacks in lacking:
        why = f"{listed([m.field.replace('_', ' ') for m in lacks])} not said"
        rejected.append((_NO_LINE, f"{name}: {why}"))
    return ParsedFile(tuple(runs), tuple(rejected), curves, _first(notes))


def history_of(
    name: str,
    settings: Mapping[str, Any],
    logged: Mapping[str, Points],
    **known: Any,
) -> History:
    """Return what a tracker kept of one run, its rates apart from its scores.

    A rate of the settings that the logged ones rise above is no peak, but where some
    schedule began; `known`: more fields of `History`.
    """
    points = {key: values.pairs() for key, values in logged.items()}
    rates = [key for key in points if is_rate(key)]
    flat = flattened(settings)
    notes = []
    if rates:
        watched = points[rates[0]]
        monitor = RATE_MONITOR.fullmatch(rates[0])
        if monitor:
            flat.setdefault("optimizer", monitor[1])
        found = find_fields(flat).get("learning_rate")
        highest = max((rate for _, rate in watched), default=0.0)
        if found and _is_above(highest, flat[found]):
            notes.append(
                f"{found} is {flat.pop(found)}, and the schedule went above it."
            )
    if any(values.is_thinned for values in logged.values()):
        notes.append("Long curves are kept thinned evenly.")
    return History(
        source="",
        settings=flat,
        metrics={key: values for key, values in points.items() if key not in rates},
        rates=points[rates[0]] if rates else (),
        notes=tuple(notes),
        name=name,
        **known,
    )


def is_rate(name: str) -> bool:
    """Whether a logged value is a learning rate.

    >>> is_rate("train/learning_rate"), is_rate("lr-AdamW"), is_rate("loss")
    (True, True, False)
    """
    last = name.rpartition("/")[2]
    return bool(RATE_MONITOR.fullmatch(name)) or "learning_rate" in find_fields(
        [plain(last)]
    )


def is_kept(name: str) -> bool:
    """Whether what was logged under a name says anything of a run here."""
    return bool(direction(name) or GRADIENT_NORM.search(name) or is_rate(name))


def flattened(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return nested settings as text, by their paths and, where one, their own names.

    >>> flattened({"optim": {"name": "SGD"}, "lr": 0.1, "a": None})
    {'lr': '0.1', 'optim.name': 'SGD', 'name': 'SGD'}
    """
    paths = {path: text_of(value) for path, value in _leaves(settings, "")}
    by_leaf: dict[str, set[str]] = {}
    for path, text in paths.items():
        by_leaf.setdefault(path.rpartition(".")[2], set()).add(text)
    plain_ones = {path: text for path, text in paths.items() if "." not in path}
    own_names = {leaf: min(texts) for leaf, texts in by_leaf.items() if len(texts) == 1}
    return {
        **plain_ones,
        **paths,
        **{k: v for k, v in own_names.items() if k not in paths},
    }


def text_of(value: object) -> str:
    """A setting as text; whole numbers without a point.

    >>> text_of(8.0), text_of(1e-4)
    ('8', '0.0001')
    """
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)


def _leaves(value: object, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else str(key))
    elif value is not None and not isinstance(value, list | tuple) and path:
        yield path, value


def _is_above(highest: float, told: str) -> bool:
    try:
        return highest > float(told) * NEAR
    except ValueError:
        return True


def _first(notes: Counter[str]) -> tuple[str, ...]:
    """The notes on runs, each once, and not more than one reads."""
    shown = [
        note if count == 1 else f"{note} (of {count} runs)"
        for note, count in list(notes.items())[:_NOTES_SHOWN]
    ]
    more = len(notes) - len(shown)
    return (*shown, *((f"And {more} more notes like these.",) if more else ()))
