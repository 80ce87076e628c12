"""Whether two settings differ, in sentences (pure)."""

from advisor.answers.difference import (
    Difference,
    FirstRuns,
    Origin,
    Side,
    Verdict,
)
from advisor.statistics.two_samples import LEVEL, MOST_RUNS, POWER
from advisor.words import (
    chance_text,
    count_text,
    joined,
    percent,
)


def difference_text(d: Difference, *, where: str = "") -> str:
    """Return what can be said of the two, on what noise floor, and what would tell.

    `where` names what both share: " on digits_mlp at batch 32".
    """
    said = [_verdict_text(d, where), _noise_text(d), _what_would_tell(d)]
    return " ".join(sentence for sentence in said if sentence)


def _verdict_text(d: Difference, where: str) -> str:
    a, b = d.a.name, d.b.name
    if d.verdict is Verdict.NOT_RUN:
        missing = joined([side.name for side in (d.a, d.b) if not side.n_runs])
        return f"Nothing can be said yet{where}: no comparable run at {missing}."
    if d.verdict is Verdict.NOTHING_TO_SAY:
        why = "nothing tells how far scores spread from seed to seed"
        if max(d.a.n_scored, d.b.n_scored) > 1 and d.a.sd is None:
            why = "no two replicates with scores of their own tell how far these spread"
        return (
            f"Nothing can be said yet of {a} and {b}{where}: {_sides_text(d)}, and "
            f"{why}, so the difference may be chance or not."
        )
    if d.verdict is Verdict.NOT_DISTINGUISHABLE:
        return (
            f"Not distinguishable: {a} and {b}{where} may be equally good. "
            f"{_capital(_sides_text(d))}{_interval_text(d)}.{_failures_text(d)}"
        )
    if d.verdict is Verdict.FAILS_LESS:
        return (
            f"A real difference, in failures: {d.better} fails less often{where}: "
            f"{_sides_text(d)}{_interval_text(d)}.{_failures_text(d)}"
        )
    better = b if _scores_favour_b(d) else a
    if d.verdict is Verdict.SCORES_BETTER_FAILS_MORE:
        return (
            f"Not better: where runs of {better} did not fail they score better"
            f"{where}, but more of them fail: {_sides_text(d)}{_interval_text(d)}."
            f"{_failures_text(d)}"
        )
    return (
        f"A real difference: {better} is better{where}, by more than chance from seed "
        "to seed. "
        f"{_capital(_sides_text(d))}{_interval_text(d)}.{_failures_text(d)}"
    )


def _scores_favour_b(d: Difference) -> bool:
    return d.probability_b_better is not None and d.probability_b_better > 0.5


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _sides_text(d: Difference) -> str:
    metric = f" ({d.metric})" if d.metric else ""
    return f"{_side_text(d.a)}, {_side_text(d.b)}{metric}"


def _side_text(side: Side) -> str:
    """One side: its mean score and of how many runs, those that failed named."""
    count = count_text(side.n_runs, "run")
    if side.n_failed:
        count += f", {side.n_failed} failed"
    if side.score is None:
        return f"{side.name} {count}"
    mean = "mean " if side.n_scored > 1 else ""
    return f"{side.name} {mean}{side.score:g} ({count})"


def _interval_text(d: Difference) -> str:
    i = d.difference
    if i is None:
        return ""
    chance = (
        ""
        if d.probability_b_better is None
        else f"; {d.b.name} is better with probability "
        f"{chance_text(d.probability_b_better)}"
    )
    inside = f"({percent(i.level)}: {i.low:g} to {i.high:g}{chance})"
    if i.is_factor:
        return f": that of {d.b.name} is {i.median:g} times that of {d.a.name} {inside}"
    return f": that of {d.b.name} is {_more(i.median)} {inside}"


def _more(value: float) -> str:
    if value == 0:
        return "the same"
    return f"{abs(value):g} {'higher' if value > 0 else 'lower'}"


def _failures_text(d: Difference) -> str:
    more = d.probability_b_fails_more
    if more is None:
        return ""
    side, chance = (d.b, more) if more > 0.5 else (d.a, 1 - more)
    means = " Means are of the runs that did not fail." if d.difference else ""
    return (
        f" {side.name} fails more often with probability {chance_text(chance)}.{means}"
    )


def _noise_text(d: Difference) -> str:
    noise = d.noise
    assumed = (
        " I took a larger score for a better one, since no metric was named."
        if d.is_goal_assumed and d.better is not None
        else ""
    )
    if noise.spread is None:
        return assumed.strip()
    by = "a factor of " if noise.is_factor else ""
    settings = f"{noise.n_settings} setting{'' if noise.n_settings == 1 else 's'}"
    source = {
        Origin.REPLICATES: "from these replicates alone",
        Origin.OTHER_SETTINGS: f"from these and the replicates of {settings} beside "
        "them",
        Origin.KIN: "from these and, for want of replicates of this model, those of "
        f"{settings} of other models, which is a weaker guide",
    }[noise.origin]
    return (
        f"Scores spread by {by}{noise.spread:g} from seed to seed (one standard "
        f"deviation, {source}).{assumed}"
    )


def _what_would_tell(d: Difference) -> str:
    if d.verdict is Verdict.BETTER:
        return "No more seeds are needed to tell that."
    if d.is_distinguishable:
        return ""
    if d.smallest_told is None or d.difference is None:
        return first_runs_text(d.first_runs)
    small = _small_text(d)
    if d.seeds_needed is None:
        return (
            f"If the difference is no larger than it looks, even {MOST_RUNS:,} runs on "
            f"each side would hardly tell. {small}"
        )
    more = [
        f"{d.seeds_needed - side.n_scored} more at {side.name}"
        for side in (d.a, d.b)
        if d.seeds_needed > side.n_scored
    ]
    return (
        f"If the difference is as large as it looks, about {d.seeds_needed} runs on "
        f"each side would tell it ({percent(POWER)} power, {percent(1 - LEVEL)} "
        f"level): {joined(more)}. {small}"
    )


def _small_text(d: Difference) -> str:
    least = f"{d.smallest_told:g}"
    if d.noise.is_factor:
        return f"With the runs there are, one can tell a factor of {least} or more."
    return f"With the runs there are, one can tell a difference of {least} or more."


def first_runs_text(found: tuple[FirstRuns, ...]) -> str:
    """Return how many seeds to start with where nothing tells the spread."""
    first, *more = found
    others = "".join(f", {one.runs} of about {one.spreads:g}" for one in more)
    return (
        f"Run at least {first.runs} seeds of each: they show the spread, and tell a "
        f"difference of about {first.spreads:g} times it{others} ({percent(POWER)} "
        f"power, {percent(1 - LEVEL)} level)."
    )
