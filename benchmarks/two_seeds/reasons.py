"""Why a rate might fall with the batch: each hypothesis with its own runs (pure)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median

import numpy as np

from advisor.evidence.selecting import has_failed
from advisor.scaling.exponents import HALF_BAND
from advisor.scaling.records import Verdict
from advisor.scaling.verdicts import agreed
from advisor.words import title_of
from benchmarks.two_seeds.answers import DIGITS, RECIPES
from benchmarks.two_seeds.boundaries import (
    Boundary,
    Floats,
    fit_boundary,
    interval,
)
from benchmarks.two_seeds.equal_examples import equal_examples_finding
from benchmarks.two_seeds.findings import (
    FORUM_RECIPE,
    PROXIES,
    SURE,
    UNLIKELY,
    Finding,
    Table,
    interval_text,
    judge_comparison,
    judge_share,
    query_of,
    rates_text,
    share_text,
)
from benchmarks.two_seeds.material import Material
from benchmarks.two_seeds.pairs import Pair, pair_finding, pairs_of
from benchmarks.two_seeds.scores import Line, fit_line
from knowledge.names import WorkloadName

FEWEST_WIDTHS = 3
_WIDTH_DRAWS = 2048


def reason_findings(material: Material) -> list[Finding]:
    """Return each hypothesis judged."""
    return [
        equal_examples_finding(material),
        _summed(material),
        _half_life(material),
        _epsilon(material),
        _betas(material),
        _sharpness(material),
        _noise(material),
        _warm_up(material),
        _one_run(material),
        _width(material),
    ]


def _summed(material: Material) -> Finding:
    sgd = pairs_of(material, DIGITS, "sgd", "sgd-sum")
    adam = pairs_of(material, DIGITS, "adam", "adam-sum")
    verdicts = [_near(pair, -1.0) for pair in sgd] + [_near(p, 0.0) for p in adam]
    verdict = agreed(verdicts) if sgd and adam else Verdict.UNDECIDED
    said = dict(
        supported="So it is: with a summed loss SGD's rate loses a whole power of the "
        "batch, Adam's nothing.",
        contradicted="The differences are others than that.",
        undecided="The runs do not decide it.",
    )
    return pair_finding(
        "summed",
        "A loss summed over the batch takes one off SGD's exponent and nothing off "
        "Adam's.",
        verdict,
        said,
        [*sgd, *adam],
        query=query_of(DIGITS, ["sgd", "sgd-sum", "adam", "adam-sum"]),
        says="For plain descent this is arithmetic: the sum is the mean times the "
        "batch. It explains an inverse rule for programs that sum their loss and use "
        "SGD, not for the forum's, which uses Adam.",
    )


def _near(pair: Pair, expected: float) -> Verdict:
    near = abs(pair.difference - expected) <= HALF_BAND
    return judge_share(float(near.mean()))


def _half_life(material: Material) -> Finding:
    pairs = pairs_of(material, PROXIES, FORUM_RECIPE, "faceswap-2021-halflife")
    return _raises(
        "half-life",
        "Adam forgets per step, so a larger batch has the longer memory in examples; "
        "with a memory held in examples larger batches tolerate more.",
        pairs,
        query=query_of(PROXIES, [FORUM_RECIPE, "faceswap-2021-halflife"]),
        says="Each beta becomes beta^(batch / 4), as arXiv:2507.07101 does with beta2.",
    )


def _epsilon(material: Material) -> Finding:
    pairs = pairs_of(material, PROXIES, FORUM_RECIPE, "faceswap-2021-eps")
    return _raises(
        "epsilon",
        "Gradients shrink as a batch averages, so Adam's epsilon weighs more: a large "
        "one lets larger batches tolerate more.",
        pairs,
        query=query_of(PROXIES, [FORUM_RECIPE, "faceswap-2021-eps"]),
        says="Epsilon 1e-4 instead of 1e-7: as large as the gradients of half of all "
        "weights. It slows every step, so the limit itself moves up too.",
    )


def _raises(
    anchor: str, statement: str, pairs: Sequence[Pair], *, query: str, says: str
) -> Finding:
    verdict = agreed([judge_comparison(pair.chance_steeper) for pair in pairs])
    said = dict(
        supported="So it is here: the exponent is larger with the change.",
        contradicted="The exponent is smaller with the change.",
        undecided="The exponents are too close to tell.",
    )
    return pair_finding(anchor, statement, verdict, said, pairs, query=query, says=says)


def _betas(material: Material) -> Finding:
    pairs = pairs_of(material, PROXIES, FORUM_RECIPE, "faceswap-3")
    moved = [
        Verdict.SUPPORTED
        if pair.chance_more > SURE or pair.chance_more < UNLIKELY
        else Verdict.UNDECIDED
        for pair in pairs
    ]
    verdict = agreed(moved)
    said = dict(
        supported="It is another: the table says by how much.",
        undecided="The limits are too close to tell.",
    )
    return pair_finding(
        "betas",
        "With today's betas (0.9, 0.999) the limit is another than with those of "
        "2021 (0.5, 0.99).",
        verdict,
        said,
        pairs,
        query=query_of(PROXIES, [FORUM_RECIPE, "faceswap-3"]),
        says="The two recipes differ in their SSIM too, so it is not the betas alone.",
    )


def _warm_up(material: Material) -> Finding:
    pairs = [
        *pairs_of(material, DIGITS, "sgd", "sgd-warmup"),
        *pairs_of(material, DIGITS, "adam", "adam-warmup"),
    ]
    verdict = agreed([judge_comparison(p.chance_more) for p in pairs])
    said = dict(
        supported="It does here.",
        contradicted="Here it lowers it.",
        undecided="The limits are too close to tell, or it helps some only.",
    )
    return pair_finding(
        "warm-up",
        "A warm-up raises the highest rate that works.",
        verdict,
        said,
        pairs,
        query=query_of(DIGITS, ["sgd", "sgd-warmup", "adam", "adam-warmup"]),
        says="100 steps of linear warm-up.",
    )


def _sharpness(material: Material) -> Finding:
    rows, verdicts = [], []
    for workload in DIGITS:
        for recipe in RECIPES:
            line, count = _sharpness_line(material, workload, recipe)
            if line is None:
                continue
            chance = line.chance_positive()
            verdicts.append(judge_comparison(chance))
            rows.append(
                (
                    f"{title_of(workload)}, {recipe}",
                    interval_text(line.interval),
                    share_text(chance),
                    str(count),
                )
            )
    verdict = agreed(verdicts)
    said = dict(
        supported="At one rate a larger batch ends where the loss is sharper.",
        contradicted="At one rate a larger batch ends where the loss is flatter.",
        undecided="It does for some, or the differences are too small to tell.",
    )
    header = ("setting", "power of the batch", "P(sharper)", "runs")
    return Finding(
        anchor="sharpness",
        statement="Larger batches lead to sharper places, which tolerate lower rates.",
        verdict=verdict,
        answer=said[verdict] if rows else "No digits runs with their sharpness yet.",
        says=(
            "Sharpness is the largest eigenvalue of the Hessian near the end of runs "
            "that stayed stable. Runs are compared at equal rates and steps.",
        ),
        tables=(Table(header, tuple(rows)),) if rows else (),
        query=query_of(DIGITS, RECIPES),
    )


def _sharpness_line(
    material: Material, workload: str, recipe: str
) -> tuple[Line | None, int]:
    """The slope of log sharpness against log batch, rates apart, and its runs."""
    by_rate: dict[float, list[tuple[float, float]]] = defaultdict(list)
    for run in material.of(workload, recipe):
        sharpness = material.about(run).sharpness
        if sharpness and sharpness > 0 and not has_failed(run):
            point = float(np.log2(run.batch_size)), float(np.log2(sharpness))
            by_rate[run.learning_rate].append(point)
    x: list[float] = []
    y: list[float] = []
    for points in by_rate.values():
        if len({batch for batch, _ in points}) > 1:
            centre = np.mean(points, axis=0)
            x += [batch - float(centre[0]) for batch, _ in points]
            y += [sharpness - float(centre[1]) for _, sharpness in points]
    return (fit_line(x, y) if x else None), len(x)


def _noise(material: Material) -> Finding:
    rows = []
    for workload in DIGITS:
        for recipe in RECIPES:
            scales = [
                scale
                for run in material.of(workload, recipe)
                if (scale := material.about(run).noise_scale) and not has_failed(run)
            ]
            if scales:
                low, high = np.quantile(scales, (0.1, 0.9))
                rows.append(
                    (
                        f"{title_of(workload)}, {recipe}",
                        f"{median(scales):.0f} ({low:.0f} to {high:.0f})",
                        str(len(scales)),
                    )
                )
    return Finding(
        anchor="noise",
        statement="Beyond the noise scale a larger batch brings nothing, and with Adam "
        "the best rate falls.",
        verdict=Verdict.UNDECIDED,
        answer="The noise scale is measured for the digits alone; for the faces it "
        "is not.",
        says=(
            "The batch size at which noise and gradient are equally strong, near the "
            "end of runs that stayed stable, with the middle eight tenths. It grows as "
            "training goes on (arXiv:1812.06162); the falling branch is "
            "arXiv:2405.14578.",
        ),
        tables=(Table(("setting", "noise scale, digits", "runs"), tuple(rows)),)
        if rows
        else (),
        open_questions=(
            "The noise scale of the face models: gradients of several batches at the "
            "same weights, at a few steps of each run.",
        ),
        query=query_of(DIGITS, RECIPES),
    )


def _one_run(material: Material) -> Finding:
    split = several = 0
    for name in PROXIES:
        trials: dict[tuple[int, float, int | None], set[bool]] = defaultdict(set)
        counts: dict[tuple[int, float, int | None], int] = defaultdict(int)
        for run in material.of(name, FORUM_RECIPE):
            trial = run.batch_size, run.learning_rate, run.horizon_steps
            trials[trial].add(has_failed(run))
            counts[trial] += 1
        several += sum(count > 1 for count in counts.values())
        split += sum(len(seen) > 1 for seen in trials.values())
    verdict = Verdict.UNDECIDED
    if several >= 10:
        verdict = Verdict.CONTRADICTED if split >= 0.05 * several else Verdict.SUPPORTED
    return Finding(
        anchor="one-run",
        statement="One run tells whether a rate works.",
        verdict=verdict,
        answer=f"Of {several} pairs of batch size and rate that were run with several "
        f"seeds, {split} worked with one seed and failed with another."
        if several
        else "Nothing was run with several seeds yet.",
        query=query_of(PROXIES, [FORUM_RECIPE]),
    )


def _powers_of_width(widths: Mapping[int, Boundary], batch_size: int) -> Floats:
    """Draws of the power by which the boundary goes with the width.

    Each draw is the slope through one possible boundary of every width, so it is as
    uncertain as the boundaries are.
    """
    chance = np.random.default_rng(0)
    halvings = np.log2(sorted(widths))
    levels = [
        chance.choice(widths[divisor].draws_at(batch_size), _WIDTH_DRAWS)
        for divisor in sorted(widths)
    ]
    slopes = np.polynomial.polynomial.polyfit(halvings, np.array(levels), 1)[1]
    return np.asarray(-slopes)


def _width(material: Material) -> Finding:
    names = sorted({r.workload for r in material.runs if r.recipe == FORUM_RECIPE})
    by_base: dict[str, dict[int, Boundary]] = defaultdict(dict)
    for name in names:
        parsed = WorkloadName.parse(name)
        boundary = fit_boundary(material.of(name, FORUM_RECIPE))
        if boundary is not None:
            by_base[parsed.base][parsed.width_divisor] = boundary
    rows, verdicts, powers = [], [], []
    for base, widths in by_base.items():
        shared = set.intersection(*(set(b.batch_sizes) for b in widths.values()))
        batch = sorted(shared)[len(shared) // 2] if shared else 4
        for divisor, boundary in sorted(widths.items()):
            rows.append(
                (
                    title_of(f"{base}@1/{divisor}"),
                    rates_text(boundary.threshold(batch)),
                    interval_text(interval(boundary.exponents)),
                    f"{boundary.steps:,}",
                    str(len(boundary.runs)),
                )
            )
        same_length = len({b.steps for b in widths.values()}) == 1
        if len(widths) >= FEWEST_WIDTHS and same_length:
            power = _powers_of_width(widths, batch)
            rises = float((power > 0).mean())
            powers.append(
                f"{title_of(base)} {interval_text(interval(power))}, "
                f"P(falls) {share_text(1 - rises)}"
            )
            verdicts.append(judge_comparison(rises))
    # A boundary that falls as the width grows has a negative power of the width.
    turned = {
        Verdict.SUPPORTED: Verdict.CONTRADICTED,
        Verdict.CONTRADICTED: Verdict.SUPPORTED,
        Verdict.UNDECIDED: Verdict.UNDECIDED,
    }
    verdict = turned[agreed(verdicts)]
    said = dict(
        supported=f"It does. Power of the width: {'; '.join(powers)}.",
        contradicted=f"It rises. Power of the width: {'; '.join(powers)}.",
        undecided="It takes three widths at one length to say."
        if not powers
        else f"Not decided. Power of the width: {'; '.join(powers)}.",
    )
    header = ("workload", "limit", "exponent in batch", "steps", "runs")
    return Finding(
        anchor="width",
        statement="Wider copies tolerate lower rates, by a power of the width.",
        verdict=verdict,
        answer=said[verdict],
        says=(
            "The limit is that at the middle batch size all widths share. A power of "
            "-1 halves it with each doubling of the width (arXiv:2203.03466). A model "
            "is decided from a probability of 0.9 on, even if its range reaches past "
            "0; one that is not decided counts for neither side.",
        ),
        tables=(Table(header, tuple(rows)),) if rows else (),
        open_questions=(
            "Full width is four doublings beyond the copies most of this page rests "
            "on, further than any power found here may be carried.",
        ),
        query=query_of(names, [FORUM_RECIPE]) if names else None,
    )
