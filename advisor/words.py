"""Names, times, chances and lists in words, one form each (pure)."""

from collections.abc import Iterable, Sequence

from experiments.workloads.registry import find_spec
from knowledge.names import WorkloadName

RULE_WORDS = {
    "inverse": "inverse",
    "inverse_sqrt": "inverse square root",
    "constant": "constant",
    "sqrt": "square root",
    "linear": "linear",
}


OPTIMIZER_TITLES = {
    "adam": "Adam",
    "adamw": "AdamW",
    "lamb": "LAMB",
    "lars": "LARS",
    "lion": "Lion",
    "rmsprop": "RMSprop",
    "sgd": "SGD",
}


MOST_NAMES = 4  # listed one by one in a sentence


BASIS_WORDS = {
    "measured": "measured at this batch size",
    "interpolated": "read off a fit of the runs",
    "extrapolated": "extrapolated beyond the measured batch sizes",
    "reported": "reported, not measured by us",
    "borrowed": "borrowed from related workloads",
    "none": "no evidence",
}


def joined(words: Iterable[object]) -> str:
    """Return words or numbers as a list in a sentence.

    >>> joined(["a", "b", "c"]), joined([2, 5])
    ('a, b and c', '2 and 5')
    """
    *first, last = map(str, words)
    return f"{', '.join(first)} and {last}" if first else last


def title_of(workload: str) -> str:
    """Return a workload's name as people write it.

    >>> title_of("realface@1/16")
    'RealFace@1/16'
    """
    spec = find_spec(workload)
    if spec is None:
        return workload
    return workload.replace(WorkloadName.parse(workload).base, spec.title)


def optimizer_title(optimizer: str) -> str:
    """Return an optimizer's name as people write it; an unknown one as it came."""
    return OPTIMIZER_TITLES.get(optimizer, optimizer)


def count_text(count: int, one: str, several: str | None = None) -> str:
    """Return a count with its noun.

    >>> count_text(1, "run"), count_text(2, "run")
    ('1 run', '2 runs')
    """
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def duration_text(seconds: float) -> str:
    """Return a length of time in the unit a person would use.

    >>> duration_text(42), duration_text(300), duration_text(9000)
    ('42 s', '5 min', '2.5 h')
    >>> duration_text(0.2)
    '1 s'
    """
    if seconds < 1:
        return "1 s"  # nothing takes no time
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def speed_unit(examples_per_item: int) -> str:
    """Return what a speed is counted in: face models count both sides, as EGs.

    >>> speed_unit(1), speed_unit(2)
    ('examples/sec', 'EGs/sec')
    """
    return "EGs/sec" if examples_per_item == 2 else "examples/sec"


def recipe_words(optimizer: str, recipe: str | None) -> str:
    """Return an optimizer with the recipe it was used in, where one is known.

    >>> recipe_words("sgd", "momentum"), recipe_words("lion", None)
    ('SGD (recipe momentum)', 'Lion')
    """
    title = optimizer_title(optimizer)
    return f"{title} (recipe {recipe})" if recipe else title


def names_text(names: Sequence[str]) -> str:
    """Return workloads by name when they are few, else their number and family.

    >>> names_text(["g/a", "g/b", "g/c", "g/d", "g/e"])
    '5 workloads of the family g'
    """
    if len(names) <= MOST_NAMES:
        return joined(names)
    families = sorted({WorkloadName.parse(name).base.split("/")[0] for name in names})
    if len(families) > 1:
        return f"{len(names)} related workloads"
    return f"{len(names)} workloads of the family {families[0]}"


def rules_text(rules: dict[str, float]) -> str:
    """Return the rules of thumb, likeliest first, with their probabilities."""
    ordered = sorted(rules.items(), key=lambda item: -item[1])
    likely = [(name, share) for name, share in ordered if share >= 0.01]
    words = [f"{RULE_WORDS[name]} {percent(share)}" for name, share in likely]
    if len(likely) < len(ordered):
        rest = [RULE_WORDS[name] for name, share in ordered if share < 0.01]
        words.append(f"{joined(rest)} <1 %")
    text = ", ".join(words)
    return text[0].upper() + text[1:] + "."


def chance_text(probability: float | None) -> str:
    """Return a probability as it is shown everywhere: a whole percent, never certain.

    >>> chance_text(0.901), chance_text(0.999), chance_text(None)
    ('90 %', '>99 %', 'not known')
    """
    return "not known" if probability is None else percent(probability)


def percent(share: float) -> str:
    """Return a share as people say it: nothing here is impossible, and nothing sure.

    >>> percent(0.9), percent(0.001), percent(1.0)
    ('90 %', '<1 %', '>99 %')
    """
    if share < 0.01:
        return "<1 %"
    if share > 0.99:
        return ">99 %"
    return f"{100 * share:.0f} %"


# How a run ended, in the words of every page; `degraded` is worse but finite.
OUTCOME_WORDS = {
    "stable": "held",
    "degraded": "failed",
    "diverged": "failed",
    "incomplete": "stopped early",
}
# The same where it is told apart how runs failed.
OUTCOME_KINDS = {
    **OUTCOME_WORDS,
    "degraded": "failed: got worse",
    "diverged": "failed: diverged",
}
# A shape for each word, for whoever cannot tell colours apart.
OUTCOME_SHAPES = {"held": "\u25cf", "failed": "\u2715", "stopped early": "\u25d0"}
NOT_JUDGED = "\u25cb not judged"


def outcome_text(outcome: str | None, failed_at_step: int | None = None) -> str:
    """Return how a run ended, with a shape in front and the step it failed at.

    >>> outcome_text("stable"), outcome_text("diverged", 1200), outcome_text(None)
    ('● held', '✕ failed at step 1,200', '○ not judged')
    """
    if outcome is None:
        return NOT_JUDGED
    word = OUTCOME_WORDS[outcome]
    at = (
        f" at step {int(failed_at_step):,}"
        if failed_at_step and word == "failed"
        else ""
    )
    return f"{OUTCOME_SHAPES[word]} {word}{at}"


def steps_text(steps: float | None, planned: float | None = None) -> str:
    """Return a number of steps, of how many if they were planned to be more.

    >>> steps_text(84, 1600), steps_text(600, 600), steps_text(None)
    ('84 of 1,600', '600', '')
    """
    if steps is None:
        return ""
    done = f"{int(steps):,}"
    return done if planned in (None, steps) else f"{done} of {int(planned or 0):,}"
