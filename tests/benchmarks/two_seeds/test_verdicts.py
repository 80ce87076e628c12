"""Verdicts follow the runs: worlds with known rules, and the same runs turned round."""

import re
from collections.abc import Iterable, Sequence

import pytest

from advisor.rates import rate_text
from benchmarks.two_seeds.article import article_findings
from benchmarks.two_seeds.equal_examples import as_many_seen
from benchmarks.two_seeds.findings import (
    Finding,
    Verdict,
)
from benchmarks.two_seeds.forum import forum_findings
from benchmarks.two_seeds.lengths import length_findings
from benchmarks.two_seeds.material import Material, Measured
from benchmarks.two_seeds.reasons import reason_findings
from knowledge.claims.seeds import load_seed_claims
from knowledge.records import Run, Throughput
from tests.benchmarks.two_seeds.worlds import (
    answered_material,
    digit_runs,
    face_runs,
    flipped,
    material_of,
)

NOTHING = material_of([])


def verdicts(findings: Iterable[Finding]) -> dict[str, str]:
    """The verdict of each finding by its short name."""
    return {finding.anchor: finding.verdict for finding in findings}


def forum(runs: Sequence[Run]) -> dict[str, str]:
    """The verdicts on the forum's statements."""
    return verdicts(forum_findings(answered_material(runs)))


# -- the forum -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exponent", "inverse", "half"),
    [
        (-1.0, Verdict.SUPPORTED, Verdict.SUPPORTED),
        (0.5, Verdict.CONTRADICTED, Verdict.CONTRADICTED),
    ],
)
def test_the_inverse_rule_is_judged_by_how_the_boundary_goes(
    exponent: float, inverse: str, half: str
) -> None:
    """A world in which it holds, and one with the square root."""
    found = forum(face_runs(exponent))
    assert found["inverse"] == inverse
    assert found["half"] == half


def test_runs_turned_round_from_batch_5_on_change_verdicts() -> None:
    """The page must follow the outcomes and nothing else."""
    runs = face_runs(0.5)
    turned = [flipped(run) if run.batch_size >= 5 else run for run in runs]
    before, after = forum(runs), forum(turned)
    assert (before["inverse"], after["inverse"]) == (
        Verdict.CONTRADICTED,
        Verdict.UNDECIDED,
    )
    assert (before["half"], after["half"]) == (Verdict.CONTRADICTED, Verdict.UNDECIDED)
    too_high = [
        verdicts(article_findings(answered_material(part)))["too-high"]
        for part in (runs, turned)
    ]
    assert too_high[0] == Verdict.SUPPORTED != too_high[1]


def test_models_that_disagree_leave_a_rule_undecided() -> None:
    """It holds for some and not for others."""
    runs = [*face_runs(-1.0), *face_runs(0.5, workload="realface@1/16")]
    found = forum_findings(answered_material(runs))[0]
    assert found.verdict == Verdict.UNDECIDED
    assert "it holds for some and not for others" in found.answer
    assert {row[0]: row[4] for row in found.tables[0].rows} == {
        "Original@1/16, faceswap-2021": Verdict.SUPPORTED,
        "RealFace@1/16, faceswap-2021": Verdict.CONTRADICTED,
    }


def test_full_size_is_never_decided_by_copies() -> None:
    """However clear they are."""
    assert forum(face_runs(-1.0))["seven-e-5"] == Verdict.UNDECIDED


@pytest.mark.parametrize(
    ("lost", "verdict"), [(0.3, Verdict.SUPPORTED), (0.99, Verdict.CONTRADICTED)]
)
def test_blur_is_judged_by_the_previews_of_failed_runs(
    lost: float, verdict: str
) -> None:
    """Against those of runs that held."""
    runs = face_runs(0.0)
    measured = {
        run.id: Measured(detail_kept=lost if run.failed_at_step else 1.0)
        for run in runs
    }
    assert verdicts(forum_findings(material_of(runs, measured)))["preview"] == verdict


@pytest.mark.parametrize(
    ("peak", "verdict"), [(5, Verdict.SUPPORTED), (16, Verdict.CONTRADICTED)]
)
def test_the_fastest_batch_is_that_of_the_machine_asked(
    peak: int, verdict: str
) -> None:
    """Only full-size speeds of one process count."""
    rows = tuple(
        Throughput(
            id=f"throughput:{batch}",
            measured="2026-01-01T00:00:00",
            machine="x",
            device="cpu",
            workload="realface",
            recipe="faceswap-2021",
            precision="fp32",
            batch_size=batch,
            seconds_per_step=1.0,
            examples_per_second=2.0 if batch == peak else 1.5,
            peak_memory_mb=None,
            n_workers=1,
        )
        for batch in (2, 5, 16)
    )
    found = verdicts(forum_findings(Material((), throughput=rows)))
    assert found["fastest"] == verdict


# -- length ----------------------------------------------------------------------------


def test_late_failures_contradict_that_a_rate_holds_for_good() -> None:
    """And their clock is told from the failure steps."""
    found = length_findings(material_of(face_runs(0.0, fall=0.5)))
    assert verdicts(found) == {
        "length": Verdict.CONTRADICTED,
        "clock": Verdict.SUPPORTED,
    }
    assert "goes on to the longest" in found[0].answer


def test_failures_that_count_examples_are_known_as_such() -> None:
    """At four times the batch they come after a quarter of the steps."""
    runs = face_runs(0.0, fall=0.5, clock=-1.0)
    assert verdicts(length_findings(material_of(runs)))["clock"] == Verdict.CONTRADICTED


# -- equal examples --------------------------------------------------------------------


def test_batch_sizes_are_compared_after_as_many_examples() -> None:
    """A run that failed later than that had held so far."""
    runs = face_runs(0.0)
    table = as_many_seen(material_of(runs))
    assert [row[:4] for row in table] == [
        ("Original@1/16", "6,000", batch, steps)
        for batch, steps in (
            ("2", "3,000"),
            ("4", "1,500"),
            ("8", "750"),
            ("16", "375"),
        )
    ]
    highest = max(run.learning_rate for run in runs)
    assert [row[4] for row in table][-1] == rate_text(highest)
    assert table[0][5] != "none" == table[-1][5]


def test_nothing_is_compared_where_no_two_batch_sizes_saw_as_much() -> None:
    """One batch size alone is no comparison."""
    assert as_many_seen(material_of(face_runs(0.0, batches=(4,)))) == []


# -- the article -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exponent", "verdict"), [(1.0, Verdict.SUPPORTED), (0.0, Verdict.CONTRADICTED)]
)
def test_the_linear_rule_is_judged_by_the_best_rates(
    exponent: float, verdict: str
) -> None:
    """With the same runs the typical rates are near or far."""
    runs, measured = digit_runs(exponent)
    material = answered_material(runs, measured)
    assert verdicts(article_findings(material))["linear"] == verdict


def test_a_typical_rate_is_judged_by_the_best_and_the_boundary() -> None:
    """0.1 at 512 is the best here; 0.001 at 32 is far too low, but only here."""
    runs, measured = digit_runs(0.0)
    found = {f.anchor: f for f in article_findings(answered_material(runs, measured))}
    assert found["rate-512"].verdict == Verdict.SUPPORTED
    assert found["rate-32"].verdict == Verdict.UNDECIDED
    assert found["rate-32"].answer.startswith("Not here.")


@pytest.mark.parametrize(
    ("gain", "verdict"), [(0.05, Verdict.SUPPORTED), (0.0, Verdict.UNDECIDED)]
)
def test_small_batches_must_be_better_and_slower(gain: float, verdict: str) -> None:
    """One of the two is not the statement."""
    runs, measured = digit_runs(0.5, small_gain=gain)
    found = verdicts(article_findings(answered_material(runs, measured)))
    assert found["small"] == verdict
    assert found["accuracy"] == (Verdict.SUPPORTED if gain else Verdict.UNDECIDED)


# -- reasons ---------------------------------------------------------------------------


def test_the_sum_is_judged_by_sgd_and_adam_together() -> None:
    """One power of the batch less for SGD, nothing for Adam."""
    runs: list[Run] = []
    measured: dict[str, Measured] = {}
    for recipe, exponent in (("sgd", 0.7), ("sgd-sum", -0.3), ("adam", 0.4)):
        more, seen = digit_runs(exponent, recipe=recipe)
        runs, measured = [*runs, *more], measured | seen
    without_adam = verdicts(reason_findings(material_of(runs, measured)))
    more, seen = digit_runs(0.4, recipe="adam-sum")
    found = verdicts(reason_findings(material_of([*runs, *more], measured | seen)))
    assert without_adam["summed"] == Verdict.UNDECIDED
    assert found["summed"] == Verdict.SUPPORTED


def test_a_variant_is_compared_with_its_recipe() -> None:
    """The exponent of the half-life recipe is larger by half here."""
    runs = [*face_runs(-0.3), *face_runs(0.2, recipe="faceswap-2021-halflife")]
    found = verdicts(reason_findings(material_of(runs)))
    assert found["half-life"] == Verdict.SUPPORTED
    assert found["epsilon"] == Verdict.UNDECIDED


def test_widths_are_compared_at_one_length_and_batch() -> None:
    """Here the boundary halves with each doubling of the width."""
    runs = [
        run
        for divisor in (8, 16, 32)
        for run in face_runs(
            0.0, workload=f"original@1/{divisor}", level=4e-3 * divisor / 16
        )
    ]
    found = {f.anchor: f for f in reason_findings(material_of(runs))}["width"]
    assert found.verdict == Verdict.SUPPORTED
    assert "Original -0.99 (" in found.answer


def test_a_power_of_the_width_is_as_uncertain_as_its_boundaries() -> None:
    """Three boundaries that lie on a line by chance are no certain line."""
    few = [
        run
        for divisor in (8, 16, 32)
        for run in face_runs(
            0.0, workload=f"original@1/{divisor}", level=4e-3, batches=(2, 4)
        )
        if run.seed == 0
    ]
    found = {f.anchor: f for f in reason_findings(material_of(few))}["width"]
    low, high = re.findall(r"\((-?[\d.]+) to (-?[\d.]+)\)", found.answer)[0]
    assert float(high) - float(low) > 0.1
    assert found.verdict == Verdict.UNDECIDED


# -- all of it -------------------------------------------------------------------------


def all_findings(material: Material) -> list[Finding]:
    """Every finding of the page."""
    return [
        *forum_findings(material),
        *length_findings(material),
        *article_findings(material),
        *reason_findings(material),
    ]


def test_without_a_run_everything_is_undecided() -> None:
    """An empty store has no opinion."""
    assert set(verdicts(all_findings(NOTHING)).values()) == {Verdict.UNDECIDED}


def test_every_claim_of_the_seeds_is_judged_once() -> None:
    """A claim that is forgotten, or judged twice, would be a gap in the page."""
    judged = [claim for f in all_findings(NOTHING) for claim in f.claims]
    assert sorted(judged) == sorted(claim.id for claim in load_seed_claims())


def test_every_finding_has_a_name_of_its_own() -> None:
    """Links are made of them."""
    names = [finding.anchor for finding in all_findings(NOTHING)]
    assert len(names) == len(set(names))
