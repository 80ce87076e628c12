"""What is fastest here -> sentences (pure)."""

from advisor.answers.fastest_batch import BatchChoice, FastestBatch
from advisor.answers.wording import BASIS_WORDS, chance_text, percent, title_of
from advisor.rates import rate_text
from advisor.words import joined

MOST_BATCHES = 12  # listed one by one


def fastest_batch_text(found: FastestBatch) -> str:
    """Return the fastest batch size with a stable rate, and what that rests on."""
    title = title_of(found.report.workload)
    reported = [f"Reported: {claim.statement}" for claim in found.claims]
    if not found.choices:
        return " ".join([_nothing_measured(found), *reported])
    parts = [
        _choice_text(found),
        _fastest_text(found),
        f"Timed here: batch {_batches_text(found)}.",
        *reported,
        f"This is how fast {title} goes through examples, not how fast it learns: a "
        "larger batch takes fewer steps for the same examples.",
    ]
    return " ".join(part for part in parts if part)


def measure_command(workload: str) -> str:
    """Return the command that measures the speed of a workload."""
    return f"lr-advisor speed --workload {workload}"


def _nothing_measured(found: FastestBatch) -> str:
    workload = found.report.workload
    return (
        f"The speed of {title_of(workload)} has not been measured on this machine "
        f"(`{measure_command(workload)}` does it), so I cannot say which batch is "
        "fastest here."
    )


def _choice_text(found: FastestBatch) -> str:
    title, choice = title_of(found.report.workload), found.choice
    if choice is None:
        return (
            f"No batch size of {title} timed here has a known stable rate: none was "
            "run or reported on. Ask for a rate at one of them to have it verified."
        )
    r, m = choice.recommendation, choice.recommendation.max_stable
    text = (
        f"Batch {r.batch_size} is the fastest of {title} here with a known stable "
        f"rate: {choice.speed.examples_per_second:g} {_unit(found)}. "
    )
    if r.learning_rate is not None and m is not None:
        horizon = f" within {r.horizon_steps} steps" if r.horizon_steps else ""
        text += (
            f"Start at {rate_text(r.learning_rate)}: P(stable) "
            f"{chance_text(r.probability_stable)}, half of all runs fail{horizon} near "
            f"{rate_text(m.median)} ({percent(m.level)}: {rate_text(m.low)} to "
            f"{rate_text(m.high)}). This is {BASIS_WORDS[r.basis]}."
        )
    return text


def _fastest_text(found: FastestBatch) -> str:
    top, nearly = found.report.fastest, found.report.nearly_fastest
    if top is None or nearly is None:
        return ""
    by_batch = {choice.speed.batch_size: choice for choice in found.choices}
    parts = []
    if not _is_choice(found.choice, top.batch_size):
        parts.append(
            f"Faster still is batch {top.batch_size} with "
            f"{top.examples_per_second:g} {_unit(found)}, but no rate is known there."
            if found.choice
            else f"The fastest is batch {top.batch_size} with "
            f"{top.examples_per_second:g} {_unit(found)}."
        )
    if nearly.batch_size < top.batch_size:
        share = percent(by_batch[nearly.batch_size].share_of_fastest)
        parts.append(
            f"Batch {nearly.batch_size} already has {share} of the speed of batch "
            f"{top.batch_size}."
        )
    return " ".join(parts)


def _batches_text(found: FastestBatch) -> str:
    points = found.report.points
    sizes = [str(point.batch_size) for point in points]
    text = joined(sizes)
    if len(sizes) > MOST_BATCHES:
        text = f"{sizes[0]} to {sizes[-1]}"
    where = f"one process with one thread on {found.report.device}"
    if any(point.source == "runs" for point in points):
        where += "; those without a measurement from whole runs, which are a bit slower"
    return f"{text} ({where})"


def _is_choice(choice: BatchChoice | None, batch_size: int) -> bool:
    return choice is not None and choice.speed.batch_size == batch_size


def _unit(found: FastestBatch) -> str:
    return "EGs/sec" if found.report.sides == 2 else "examples/sec"
