"""The seeds: complete and faithful to what the two sources say."""

import pytest

from knowledge.claims.seeds import load_seed_claims

CLAIMS = {claim.id.split("/", 1)[1]: claim for claim in load_seed_claims()}


@pytest.mark.parametrize(
    ("key", "workload", "batch_size", "learning_rate", "bound", "ceiling"),
    [
        ("realface-2-stable", "realface", 2, 1e-4, "stable", True),
        ("realface-3-stable", "realface", 3, 8.5e-5, "stable", False),
        ("realface-5-stable", "realface", 5, 6.5e-5, "stable", False),
        ("realface-5-unstable", "realface", 5, 7e-5, "unstable", False),
        ("original-6-stable", "original", 6, 1e-4, "stable", True),
        ("original-12-stable", "original", 12, 6.5e-5, "stable", False),
        ("original-12-unstable", "original", 12, 7e-5, "unstable", False),
        ("dlight-4-stable", "dlight", 4, 1e-4, "stable", True),
        ("dlight-9-stable", "dlight", 9, 6.5e-5, "stable", False),
        ("dlight-9-unstable", "dlight", 9, 7e-5, "unstable", False),
    ],
)
def test_every_report_of_the_forum_is_a_bound(
    key, workload, batch_size, learning_rate, bound, ceiling
):
    claim = CLAIMS[key]
    assert (claim.workload, claim.batch_size) == (workload, batch_size)
    assert (claim.learning_rate, claim.bound) == (learning_rate, bound)
    assert claim.at_tool_ceiling is ceiling
    assert (claim.optimizer, claim.recipe) == ("adam", "faceswap-2021")


def test_there_are_no_other_bounds():
    assert sum(claim.bound is not None for claim in CLAIMS.values()) == 10


def test_the_unstable_report_is_less_reliable_for_models_it_did_not_name():
    assert CLAIMS["realface-5-unstable"].reliability == 0.8
    assert CLAIMS["original-12-unstable"].reliability == 0.5
    assert CLAIMS["dlight-9-unstable"].reliability == 0.5


@pytest.mark.parametrize(
    ("workload", "batch_size"), [("realface", 5), ("original", 12), ("dlight", 9)]
)
def test_the_fastest_batches_are_kept(workload, batch_size):
    claim = CLAIMS[f"{workload}-fastest"]
    assert (claim.quantity, claim.batch_size) == ("fastest_batch", batch_size)


def test_the_claimed_exponents_are_kept():
    assert CLAIMS["inverse"].exponent == -1.0
    assert CLAIMS["linear-scaling"].exponent == 1.0


@pytest.mark.parametrize(("batch_size", "rate"), [(32, 1e-3), (128, 1e-2), (512, 0.1)])
def test_the_articles_rates_are_advice_without_a_workload(batch_size, rate):
    claim = CLAIMS[f"rate-at-{batch_size}"]
    assert (claim.kind, claim.learning_rate, claim.workload) == ("advice", rate, None)


def test_every_claim_names_its_source_and_how_far_it_is_believed():
    for claim in CLAIMS.values():
        assert claim.source_title
        assert 0 < claim.reliability < 1
        assert claim.kind in ("bound", "advice", "hypothesis", "mechanism")
        assert claim.statement.endswith((".", "?"))
