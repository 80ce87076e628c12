"""What the forum post says of batch size and rate, judged by the proxies (pure)."""

from collections.abc import Mapping
from statistics import median

import numpy as np

from advisor.evidence.selecting import has_failed
from advisor.scaling.records import Verdict
from advisor.scaling.verdicts import agreed
from advisor.words import title_of
from benchmarks.two_seeds.boundaries import (
    Boundary,
    chance_above,
    differences,
    fit_boundary,
    interval,
)
from benchmarks.two_seeds.findings import (
    FORUM_RECIPE,
    PROXIES,
    Finding,
    Table,
    case_title,
    interval_text,
    judge_comparison,
    query_of,
    query_of_cases,
    rates_text,
    rests_on,
    share_text,
)
from benchmarks.two_seeds.material import Material
from benchmarks.two_seeds.pictures import (
    picture_boundaries,
    picture_map,
)
from experiments.workloads.spec import PROXY_WIDTH

INVERSE = -1.0
INVERSE_CLAIM = "claim:forum-2021/inverse"
# The forum's batch sizes per model: half of the fastest one, and the fastest.
HALF_AND_FASTEST = {"original": (6, 12), "dlight": (4, 9), "realface": (2, 5)}
SAME_SPEED = 0.03  # of EGs/sec: less is not a difference
BLUR_FACTOR = 0.8  # of held runs' kept detail: less is blurrier
_EXPONENT_HEADER = (
    *("workload, recipe", "exponent", "P(falls)"),
    *("P(inverse)", "verdict", "rests on"),
)


def forum_findings(material: Material) -> list[Finding]:
    """Return every statement of the forum post and its reply, judged."""
    boundaries = forum_boundaries(material)
    return [
        _inverse(material, boundaries),
        _half_of_the_fastest(material, boundaries),
        _full_size(boundaries),
        _blur(material),
        _averaging(material),
        _gpu(material),
        _fastest(material),
    ]


def forum_boundaries(material: Material) -> dict[str, Boundary]:
    """Return the fitted boundary of each proxy under the forum's recipe."""
    found = {name: fit_boundary(material.of(name, FORUM_RECIPE)) for name in PROXIES}
    return {name: boundary for name, boundary in found.items() if boundary}


def _inverse(material: Material, boundaries: Mapping[str, Boundary]) -> Finding:
    claim = material.answers.find_claim(INVERSE_CLAIM)
    verdict = claim.verdict if claim else Verdict.UNDECIDED
    cases = sorted(
        material.answers.judged(INVERSE_CLAIM),
        key=lambda case: case[1].recipe != FORUM_RECIPE,
    )
    rows = [
        (
            case_title(found),
            interval_text(found.exponent_of_runs),
            share_text(float((found.draws < 0).mean())),
            share_text(found.share_near(INVERSE)),
            said,
            rests_on(found),
        )
        for said, found in cases
    ]
    said = dict(
        supported="Here the highest rate falls about as the forum says",
        contradicted="Here the highest rate does not fall in proportion to the batch",
        undecided="The runs do not decide it",
    )
    return Finding(
        anchor="inverse",
        where="by narrow copies, not tested at full size",
        statement="The highest usable rate is inversely proportional to the batch "
        "size.",
        verdict=verdict,
        answer=f"{said[verdict]}: {claim.reason}." if claim else f"{said[verdict]}.",
        claims=(INVERSE_CLAIM, "claim:forum-2021/same-ratio"),
        says=(
            "An exponent of -1 is inverse proportion, 0 no dependence, 0.5 the square "
            "root, 1 proportion. It is that of the highest rate that works, when "
            "every batch size runs as long. Ranges are right nine times in ten.",
            "The picture shows the rate at which half of all runs fail, for each "
            "workload by its own runs alone.",
        ),
        tables=(Table(_EXPONENT_HEADER, tuple(rows)),) if rows else (),
        pictures=(
            *picture_boundaries(boundaries, "two-seeds-boundaries"),
            *[
                picture
                for name in boundaries
                for picture in picture_map(material, name, f"map-{name.split('@')[0]}")
            ],
        ),
        open_questions=(
            "Full size. These are copies with a sixteenth of every width: their rates "
            "are much higher, and whether the exponent is the same at full width is "
            "not known. `lr-advisor verify --workload realface --batch-size 2,5` on a "
            "GPU, at 1e-4 to 2e-4 for batch 2 and 5e-5 to 1e-4 for batch 5, with three "
            "seeds and 20,000 steps, would decide it.",
        ),
        query=query_of_cases([found for _, found in cases]),
    )


def _half_of_the_fastest(
    material: Material, boundaries: Mapping[str, Boundary]
) -> Finding:
    rows, chances = [], {}
    for base, (half, fastest) in HALF_AND_FASTEST.items():
        name = f"{base}@1/{PROXY_WIDTH}"
        if name not in boundaries:
            continue
        b = boundaries[name]
        draws = b.draws_at(half), b.draws_at(fastest)
        octaves, chances[name] = differences(*draws), chance_above(*draws)
        rows.append(
            (
                title_of(name),
                f"{half} and {fastest}",
                rates_text(b.threshold(half)),
                rates_text(b.threshold(fastest)),
                interval_text(interval(np.exp2(octaves))),
                share_text(chances[name]),
            )
        )
    verdicts = {n: judge_comparison(c) for n, c in chances.items()}
    verdict = agreed(list(verdicts.values()))
    said = dict(
        supported="So it is in these copies.",
        contradicted="In these copies the larger batch tolerates more.",
        undecided="The two limits are too close to tell, or too few runs.",
    )
    header = (
        *("workload", "batches", "limit at the half"),
        *("limit at the fastest", "ratio", "P(half tolerates more)"),
    )
    return Finding(
        anchor="half",
        statement="Half of the fastest batch tolerates a higher rate than the fastest.",
        verdict=verdict,
        answer=said[verdict],
        claims=tuple(
            f"claim:forum-2021/{claim}"
            for claim in (
                *("realface-2-stable", "original-6-stable", "dlight-4-stable"),
                *("realface-3-stable",),
            )
        ),
        says=(
            "The forum's rates, 1e-4 for the half and 6.5e-5 for the fastest, are in a "
            "ratio of 1.54, or more: 1e-4 was that program's highest setting.",
            *[
                f"{claim.statement} That is {claim.verdict}."
                for claim in material.answers.implied_by("forum-2021")
            ],
        ),
        tables=(Table(header, tuple(rows)),) if rows else (),
        open_questions=("At full size it is not tested: see [above](#inverse).",),
        query=query_of(PROXIES, [FORUM_RECIPE]),
    )


def _full_size(boundaries: Mapping[str, Boundary]) -> Finding:
    rows = [
        (title_of(name), f"{b.uncertain_factor():.2f}", str(len(b.runs)))
        for name, b in boundaries.items()
    ]
    factors = [b.uncertain_factor() for b in boundaries.values()]
    middle = f"{median(factors):.2f}" if factors else ""
    return Finding(
        anchor="seven-e-5",
        statement="At the fastest batch 6.5e-5 works and 7e-5 does not; 1e-4 is the "
        "highest setting.",
        verdict=Verdict.UNDECIDED,
        answer="Full size was not run here."
        + (
            f" In the copies a rate {middle} times higher separates one failure in ten "
            "from nine in ten, so a border between 6.5e-5 and 7e-5 (1.08 times) would "
            "be finer than a few runs can find."
            if factors
            else ""
        ),
        claims=tuple(
            f"claim:forum-2021/{claim}"
            for claim in (
                *("realface-5-stable", "original-12-stable", "dlight-9-stable"),
                *("realface-5-unstable", "original-12-unstable", "dlight-9-unstable"),
                *("slider-ceiling",),
            )
        ),
        tables=(Table(("workload", "from 1 in 10 to 9 in 10", "runs"), tuple(rows)),)
        if rows
        else (),
        open_questions=(
            "The rates themselves belong to full width. RealFace at batch 5 with "
            "6.5e-5, 7e-5 and 1e-4, five seeds each, 20,000 steps or more: days on a "
            "CPU, hours on a GPU.",
            "Nobody has tried more than 1e-4 at batch 2, 4 or 6: one run each at 2e-4 "
            "would say whether 1e-4 was a limit.",
        ),
    )


def _blur(material: Material) -> Finding:
    kept: dict[bool, list[float]] = {True: [], False: []}
    for name in PROXIES:
        for run in material.of(name, FORUM_RECIPE):
            detail = material.about(run).detail_kept
            if detail is not None:
                kept[has_failed(run)].append(detail)
    enough = min(map(len, kept.values())) >= 5
    verdict, answer = (
        Verdict.UNDECIDED,
        "Too few runs with previews, stable and failed, to say.",
    )
    if enough:
        held, lost = (median(kept[key]) for key in (False, True))
        numbers = (
            f"of the detail of their best preview, runs that stayed stable kept "
            f"{held:.0%} at the end (median of {len(kept[False])}), failed ones "
            f"{lost:.0%} ({len(kept[True])})"
        )
        verdict = (
            Verdict.SUPPORTED if lost < BLUR_FACTOR * held else Verdict.CONTRADICTED
        )
        how = (
            "So it is here"
            if verdict == Verdict.SUPPORTED
            else "The previews hardly tell"
        )
        answer = f"{how}: {numbers}."
    return Finding(
        anchor="preview",
        statement="The preview shows it: faces get blurrier at too high a rate.",
        verdict=verdict,
        answer=answer,
        claims=("claim:forum-2021/judged-by-preview",),
        says=(
            "Detail is what is drawn in the place where the original has it. The loss "
            "alone sees most failures first; the forum judged by eye. Runs that failed "
            "before they drew any detail are not counted.",
        ),
        query=query_of(PROXIES, [FORUM_RECIPE]),
    )


def _averaging(material: Material) -> Finding:
    verdict = agreed(
        [
            judge_comparison(float((found.draws < 0).mean()))
            for _, found in material.answers.judged(INVERSE_CLAIM)
            if found.workload in PROXIES and found.recipe == FORUM_RECIPE
        ]
    )
    noise = [
        scale
        for run in material.runs
        if (scale := material.about(run).noise_scale) is not None
        and not has_failed(run)
    ]
    numbers = (
        f" On the digits a batch of about {median(noise):.0f} (median of {len(noise)} "
        "runs at their end) is half noise: below that, averaging does what the reply "
        "says."
        if noise
        else ""
    )
    said = dict(
        supported="The limit falls with the batch here, so something does lower "
        "it; that it is the averaging is not shown.",
        contradicted="A batch does average its examples, but here the rate that works "
        "does not fall with it, so averaging lowers nothing.",
        undecided="Whether larger batches tolerate less is itself not decided here.",
    )
    return Finding(
        anchor="averaging",
        statement="A batch averages its examples, so outliers cancel out: that is why "
        "a larger batch needs a lower rate.",
        verdict=Verdict.UNDECIDED if verdict == Verdict.SUPPORTED else verdict,
        answer=said[verdict] + numbers,
        claims=("claim:forum-2021/averaging",),
        says=(
            "Less noise is an argument for a higher rate, not for a lower one "
            "(arXiv:1812.06162).",
        ),
        open_questions=("The [hypotheses](#why) test other reasons one by one.",),
    )


def _gpu(material: Material) -> Finding:
    on_gpu = [r for r in material.runs if r.device not in (None, "cpu")]
    claim = "claim:forum-2021/gpu-question"
    return Finding(
        anchor="gpu",
        statement="Does it hold on a GPU as well? (Asked, not claimed.)",
        verdict=material.answers.verdict_on(claim),
        answer=f"{len(on_gpu)} of the {len(material.runs)} runs here are of a GPU."
        if on_gpu
        else "No run here was made on a GPU.",
        claims=(claim,),
        says=(
            "Nothing in the mathematics of a step knows its device. What differs is "
            "what is affordable: larger batches, longer runs, mixed precision.",
        ),
        open_questions=(
            "`make study-full` on a machine with a GPU repeats every run of this page "
            "there.",
        ),
    )


def _fastest(material: Material) -> Finding:
    rows, verdicts = [], {}
    for base, (_, claimed) in HALF_AND_FASTEST.items():
        speeds = _speeds(material, base)
        if len(speeds) < 3 or claimed not in speeds:
            continue
        peak = max(speeds, key=lambda batch: (speeds[batch], -batch))
        near = speeds[claimed] >= (1 - SAME_SPEED) * speeds[peak]
        verdicts[base] = Verdict.SUPPORTED if near else Verdict.CONTRADICTED
        rows.append(
            (
                title_of(base),
                str(claimed),
                f"{speeds[claimed]:.2f}",
                str(peak),
                f"{speeds[peak]:.2f}",
            )
        )
    header = (
        *("workload", "forum's fastest", "EGs/sec there"),
        *("fastest here", "EGs/sec there"),
    )
    said = dict(
        supported="On this machine too.",
        contradicted="Not on this machine: which batch is fastest depends on the CPU.",
        undecided="Not decided here: full-size speeds at these batch sizes are not "
        "all measured, and it was said of another CPU.",
    )
    verdict = agreed(list(verdicts.values()))
    return Finding(
        anchor="fastest",
        statement="Original is fastest at batch 12, DLight at 9, RealFace at 5.",
        verdict=verdict,
        answer=said[verdict],
        claims=tuple(f"claim:forum-2021/{base}-fastest" for base in HALF_AND_FASTEST),
        tables=(Table(header, tuple(rows)),) if rows else (),
    )


def _speeds(material: Material, workload: str) -> dict[int, float]:
    """Faces per second of one process, by batch size; the newest measurement counts."""
    newest = sorted(material.throughput, key=lambda row: (row.measured, row.id))
    return {
        row.batch_size: row.examples_per_second
        for row in newest
        if row.workload == workload and row.n_workers == 1
    }
