"""What the article says of batch size and rate, judged on the digits (pure)."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median

from advisor.rates import rate_text, round_rate
from advisor.scaling.records import Verdict
from advisor.scaling.verdicts import agreed, ordered_share
from benchmarks.two_seeds.answers import DIGITS, RECIPES, TYPICAL
from benchmarks.two_seeds.digits import (
    LARGE,
    SMALL,
    DigitsSetting,
    Ends,
    ends_of,
    settings_of,
)
from benchmarks.two_seeds.findings import (
    SURE,
    UNLIKELY,
    Finding,
    Table,
    case_title,
    interval_text,
    judge_share,
    query_of,
    query_of_cases,
    rests_on,
    share_text,
)
from benchmarks.two_seeds.material import LEARNED_LOSS, Material
from benchmarks.two_seeds.pictures import picture_best_rates, picture_reached
from knowledge.records import Run

LINEAR, SQUARE_ROOT = 1.0, 0.5
LINEAR_CLAIM = "claim:article/linear-scaling"
NEAR_OCTAVES, FAR_OCTAVES = 1.0, 2.0  # a factor of two from the best; of four
MOST_SETTINGS = 0.7  # of the settings must agree on a typical rate
SLOWER = 1.5  # times as many steps


def article_findings(material: Material) -> list[Finding]:
    """Return every statement of the article, judged."""
    settings = settings_of(material, RECIPES)
    return [
        _linear(material, settings),
        *[_typical(settings, batch, rate) for batch, rate in TYPICAL.items()],
        _small(settings),
        _large(settings),
        _accuracy(settings),
        _too_high(material),
        _adaptive(settings),
        *_advice(),
    ]


def _linear(material: Material, settings: Sequence[DigitsSetting]) -> Finding:
    answers = material.answers
    claim = answers.find_claim(LINEAR_CLAIM)
    verdict = claim.verdict if claim else Verdict.UNDECIDED
    cases, rows = answers.judged(LINEAR_CLAIM), []
    for verdict_here, best in cases:
        stable = answers.find(best, "max_stable")
        rows.append(
            (
                case_title(best),
                interval_text(best.exponent_of_runs),
                share_text(best.share_near(LINEAR)),
                share_text(best.share_near(SQUARE_ROOT)),
                verdict_here,
                interval_text(stable.exponent_of_runs) if stable else "",
                share_text(stable.share_near(LINEAR)) if stable else "",
                rests_on(best),
            )
        )
    said = dict(
        supported="It works for the best rate here",
        contradicted="The best rate does not grow in proportion here",
        undecided="The best rates do not decide it, or it works for some only",
    )
    header = (
        *("workload, recipe", "best rate's exponent", "P(linear)", "P(square root)"),
        *("verdict", "highest stable rate's exponent", "P(linear)", "rests on"),
    )
    return Finding(
        anchor="linear",
        where="at equal steps, here",
        statement="When the batch grows, raise the rate in proportion (the linear "
        "scaling rule).",
        verdict=verdict,
        answer=f"{said[verdict]}: {claim.reason}." if claim else f"{said[verdict]}.",
        claims=(LINEAR_CLAIM,),
        says=(
            "Best is the rate with the best score on held-out data after equally "
            "many steps: accuracy for digits, error for faces. Its exponent comes from "
            "the scores at all batch sizes, the other one from which runs failed.",
            *[
                f"{rule.statement} That is {rule.verdict}."
                for rule in answers.implied_by("article")
            ],
        ),
        tables=(Table(header, tuple(rows)),) if rows else (),
        pictures=picture_best_rates([(s.title, s.answers) for s in settings], TYPICAL),
        open_questions=(
            "Two small models on 1,437 digits, and copies of three face models. The "
            "linear rule was shown at equal epochs, with momentum and warm-up "
            "(arXiv:1706.02677), for longer training on far more data; here every "
            "batch size has equally many steps and no warm-up.",
        ),
        query=query_of_cases([best for _, best in cases]),
    )


def _typical(settings: Sequence[DigitsSetting], batch: int, rate: float) -> Finding:
    rows, verdicts = [], []
    for s in settings:
        best, chance = s.answers.best_rates.get(batch), s.answers.chances[batch]
        if best is None and chance is None:
            continue
        octaves = math.log2(rate / best) if best else None
        verdicts.append(_judge_rate(chance, octaves))
        rows.append(
            (
                s.title,
                share_text(chance) if chance is not None else "",
                rate_text(round_rate(best, digits=2)) if best else "",
                _factor_text(octaves) if octaves is not None else "",
                verdicts[-1],
            )
        )
    n = len(verdicts)
    good, bad = verdicts.count(Verdict.SUPPORTED), verdicts.count(Verdict.CONTRADICTED)
    verdict = Verdict.UNDECIDED
    if n and good >= MOST_SETTINGS * n:
        verdict = Verdict.SUPPORTED
    # Two nets on small digits refute no rate as typical: they say "not here".
    here = "Not here. " if n and bad >= MOST_SETTINGS * n else ""
    header = ("setting", "P(stable)", "best rate", "this rate is", "verdict")
    return Finding(
        anchor=f"rate-{batch}",
        statement=f"A typical rate for a batch of {batch} is {rate:g}.",
        verdict=verdict,
        answer=f"{here}It works and lies within a factor of two of the best in "
        f"{good} of {n} settings; it fails, or is off by more than four, in {bad}."
        if n
        else "No digits runs at this batch size yet.",
        claims=(f"claim:article/rate-at-{batch}",),
        tables=(Table(header, tuple(rows)),) if rows else (),
        open_questions=(
            "No rate is typical of a batch size alone: model, optimizer and length "
            "decide it. The article names none of them.",
        ),
        query=query_of(DIGITS, RECIPES),
    )


def _judge_rate(chance: float | None, octaves: float | None) -> Verdict:
    if (chance is not None and chance <= UNLIKELY) or (
        octaves is not None and abs(octaves) > FAR_OCTAVES
    ):
        return Verdict.CONTRADICTED
    if (chance is None or chance >= SURE) and (
        octaves is not None and abs(octaves) <= NEAR_OCTAVES
    ):
        return Verdict.SUPPORTED
    return Verdict.UNDECIDED


def _factor_text(octaves: float) -> str:
    """How far a rate is from the best one, in words."""
    factor = 2 ** abs(octaves)
    if factor < 1.1:
        return "the best"
    times = f"{factor:.0f}" if factor >= 10 else f"{factor:.2g}"
    return f"{times} times {'too high' if octaves > 0 else 'too low'}"


def _ends_table(found: Mapping[str, Ends]) -> Table:
    header = (
        *("setting", "accuracy, small less large, points", "steps to learn, ratio"),
        *("examples to learn, ratio", "batches"),
    )
    rows = tuple(
        (
            title,
            f"{100 * e.accuracy_gain:+.1f} ± {100 * e.accuracy_error:.1f}",
            "" if e.step_ratio is None else f"{e.step_ratio:.2g}",
            "" if e.example_ratio is None else f"{e.example_ratio:.2g}",
            f"{e.small[0]} to {e.small[-1]}, {e.large[0]} to {e.large[-1]}",
        )
        for title, e in found.items()
    )
    return Table(header, rows)


def _small(settings: Sequence[DigitsSetting]) -> Finding:
    found = {s.title: e for s in settings if (e := ends_of(s))}
    gains = [_judge_gain(e.accuracy_gain, e.accuracy_error) for e in found.values()]
    slower = [
        Verdict.SUPPORTED if e.step_ratio >= SLOWER else Verdict.CONTRADICTED
        for e in found.values()
        if e.step_ratio is not None
    ]
    better, slow = agreed(gains), agreed(slower)
    verdict = better if better == slow else Verdict.UNDECIDED
    words = {Verdict.SUPPORTED: "supported", Verdict.CONTRADICTED: "contradicted"}
    examples = [e.example_ratio for e in found.values() if e.example_ratio]
    thrifty = (
        f" In examples they need {median(examples):.2g} times as many, the other way "
        "round where that is below 1."
        if examples
        else ""
    )
    return Finding(
        anchor="small",
        statement="Small batches give noisy gradients, often generalise better and "
        "converge more slowly.",
        verdict=verdict,
        answer=f"Better on held-out digits: {words.get(better, 'undecided')}. Slower, "
        f"in steps: {words.get(slow, 'undecided')}.{thrifty}"
        if found
        else "No digits runs at small and large batches yet.",
        claims=("claim:article/small-batches",),
        says=(
            f"Small is up to {SMALL}, large from {LARGE}, each batch size at its best "
            "rate and after equally many steps, so that a small batch has seen far "
            f"fewer digits. Learned means a training loss below {LEARNED_LOSS}; the "
            "ratio is that of the smallest by the largest batch.",
        ),
        tables=(_ends_table(found),) if found else (),
        pictures=picture_reached(
            [
                (s.title, {b: (c.mean, c.error) for b, c in s.accuracy.items()})
                for s in settings
            ]
        ),
        open_questions=(
            "Equal steps are not equal work. Whether small batches end better after "
            "equally many examples takes runs of them that are as much longer.",
        ),
        query=query_of(DIGITS, RECIPES),
    )


def _judge_gain(gain: float, error: float) -> Verdict:
    if abs(gain) <= 2 * error:
        return Verdict.UNDECIDED
    return Verdict.SUPPORTED if gain > 0 else Verdict.CONTRADICTED


def _large(settings: Sequence[DigitsSetting]) -> Finding:
    found = {s.title: e for s in settings if (e := ends_of(s))}
    faster = agreed(
        [
            Verdict.SUPPORTED if e.step_ratio >= SLOWER else Verdict.CONTRADICTED
            for e in found.values()
            if e.step_ratio is not None
        ]
    )
    worse = agreed(
        [_judge_gain(e.accuracy_gain, e.accuracy_error) for e in found.values()]
    )
    return Finding(
        anchor="large",
        statement="Large batches give stable gradients and converge faster, and risk "
        "overfitting and poor minima.",
        verdict=faster if faster == worse else Verdict.UNDECIDED,
        answer=f"Faster, in steps: {faster}. Worse on held-out digits: {worse}."
        if found
        else "No digits runs at small and large batches yet.",
        claims=("claim:article/large-batches",),
        says=("The numbers are those of [small batches](#small).",),
        query=query_of(DIGITS, RECIPES),
    )


def _accuracy(settings: Sequence[DigitsSetting]) -> Finding:
    rows, verdicts = [], []
    for s in settings:
        if len(s.accuracy) < 3:
            continue
        top, low = (
            pick(s.accuracy.values(), key=lambda cell: cell.mean) for pick in (max, min)
        )
        gap, error = top.mean - low.mean, math.hypot(top.error, low.error)
        verdicts.append(Verdict.SUPPORTED if gap > 2 * error else Verdict.UNDECIDED)
        rows.append(
            (
                s.title,
                f"{100 * top.mean:.1f} % at {top.batch_size}",
                f"{100 * low.mean:.1f} % at {low.batch_size}",
                f"{100 * gap:.1f} ± {100 * error:.1f}",
            )
        )
    verdict = agreed(verdicts)
    said = dict(
        supported="At equal steps it does, each batch size at its own best rate.",
        undecided="The differences are within what seeds differ by.",
    )
    header = ("setting", "best batch", "worst batch", "difference, points")
    return Finding(
        anchor="accuracy",
        statement="The batch size affects the accuracy that is reached.",
        verdict=verdict,
        answer=said[verdict] if rows else "Too few digits runs yet.",
        claims=("claim:article/batch-affects-accuracy",),
        tables=(Table(header, tuple(rows)),) if rows else (),
        query=query_of(DIGITS, RECIPES),
    )


def _too_high(material: Material) -> Finding:
    """Whether failed runs had the higher rates, at one batch size."""
    bodies: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in material.runs:
        bodies[run.workload, run.recipe or ""].append(run)
    shares = {key: s for key, runs in bodies.items() if (s := ordered_share(runs))}
    verdicts = [judge_share(s, SURE, 0.5) for s in shares.values()]
    good, bad = verdicts.count(Verdict.SUPPORTED), verdicts.count(Verdict.CONTRADICTED)
    verdict = Verdict.UNDECIDED
    if good and not bad and good >= MOST_SETTINGS * len(verdicts):
        verdict = Verdict.SUPPORTED
    elif bad > good:
        verdict = Verdict.CONTRADICTED
    numbers = (
        f"Of two runs at one batch size, one failed and one not, the failed one had "
        f"the higher rate in {min(shares.values()):.0%} to {max(shares.values()):.0%} "
        f"of all pairs ({len(shares)} workloads and recipes, {len(material.runs)} "
        "runs)."
        if shares
        else "Too few runs stayed stable and failed."
    )
    return Finding(
        anchor="too-high",
        statement="A rate that is too high overshoots: training becomes erratic or "
        "diverges.",
        verdict=verdict,
        answer=numbers,
        claims=("claim:article/too-high",),
        query="select workload, recipe, batch_size, learning_rate, stable, degraded, "
        "diverged from trials order by 1, 2, 3, 4",
    )


def _adaptive(settings: Sequence[DigitsSetting]) -> Finding:
    """What the statement could mean is shown; which of it was meant is not known."""
    rows = []
    for s in settings:
        rates = list(s.answers.best_rates.values())
        if s.recipe == "adam" and len(rates) >= 3:
            rows.append((s.title, f"{max(rates) / min(rates):.2g}", str(len(rates))))
    return Finding(
        anchor="adaptive",
        statement="Adaptive methods adjust the rate by themselves.",
        verdict=Verdict.UNDECIDED,
        answer="Too vague to judge: Adam scales each weight's step by itself, and its "
        "rate must still be chosen. The table says how far its best rates at several "
        "batch sizes lie apart, on grids of rates 2 to 2.5 times apart.",
        claims=("claim:article/adaptive-methods",),
        tables=(
            Table(
                ("setting", "highest by lowest best rate", "batch sizes"), tuple(rows)
            ),
        )
        if rows
        else (),
        query=query_of(DIGITS, RECIPES),
    )


def _advice() -> list[Finding]:
    """What is advice and not a statement about the world: no run can refute it."""
    return [
        Finding(
            anchor="powers-of-two",
            statement="Try batch sizes that are powers of two.",
            verdict=Verdict.UNDECIDED,
            answer="Advice on where to look: no run can support or contradict it. The "
            "forum's 3, 5, 9 and 12 train like any other batch size here.",
            claims=("claim:article/powers-of-two",),
        ),
        Finding(
            anchor="monitor",
            statement="Watch training loss and validation accuracy.",
            verdict=Verdict.UNDECIDED,
            answer="Advice, and what every run here does: the outcome of a run is read "
            "off its loss and its measures on held-out data.",
            claims=("claim:article/monitor",),
        ),
        Finding(
            anchor="schedules",
            statement="Use a schedule: step decay, exponential decay, or a warm-up.",
            verdict=Verdict.UNDECIDED,
            answer="Only the warm-up was run, as a [hypothesis of its own](#warm-up); "
            "every other run has a constant rate.",
            claims=("claim:article/schedules",),
            open_questions=("Runs with step or cosine decay near the limit.",),
        ),
    ]
