"""Fits are remembered, and never change what is answered."""

import contextlib
import shutil
import sqlite3
from dataclasses import replace

import pytest

from advisor.service import Advisor
from advisor.statistics import fitting, kept_fits
from advisor.statistics.threshold import StableLearningRateModel
from knowledge.records import Outcome
from tests.advisor.evidence.test_library import RUN, labelled

WORKLOADS = ("bench/a", "bench/b", "bench/c")


@pytest.fixture
def folder(tmp_path):
    """A store with three workloads of one family, eight labelled runs each."""
    with Advisor.open(tmp_path / "store", seeded=False) as advisor:
        for i, name in enumerate(WORKLOADS):
            advisor.store.record_runs(labelled(name, failing_above=1e-3 * 2**i))
        advisor.store.ingest_all()
    return tmp_path / "store"


@pytest.fixture
def fitted(monkeypatch):
    """The workloads that were fitted, in order."""
    names: list[str] = []
    original = fitting.fit_body

    def fit_body(body, *args, **options):
        names.append(body.workload)
        return original(body, *args, **options)

    monkeypatch.setattr(fitting, "fit_body", fit_body)
    return names


def answer(folder):
    """The answer of a process that has just started."""
    with Advisor.open(folder, seeded=False) as advisor:
        return advisor.recommend("bench/a", 8)


def test_a_new_run_costs_one_fit_of_its_own_workload(folder, fitted):
    with Advisor.open(folder, seeded=False) as advisor:
        advisor.recommend("bench/a", 8)
        assert sorted(fitted) == list(WORKLOADS)
        fitted.clear()
        advisor.store.record_run(replace(RUN, id="run:new"))
        advisor.recommend("bench/a", 8)
        assert fitted == ["bench/a"]


def test_a_new_run_of_a_sibling_costs_its_fit_and_the_workloads_own(folder, fitted):
    with Advisor.open(folder, seeded=False) as advisor:
        advisor.recommend("bench/a", 8)
        fitted.clear()
        advisor.store.record_run(replace(RUN, id="run:new", workload="bench/b"))
        advisor.recommend("bench/a", 8)
        assert fitted == ["bench/b", "bench/a"]


def test_judging_and_the_largest_batch_rest_on_the_fit_of_the_answer(folder, fitted):
    with Advisor.open(folder, seeded=False) as advisor:
        advisor.recommend("bench/a", 8)
        fitted.clear()
        advisor.judge("bench/a", 8, 1e-3)
        advisor.judge("bench/a", 16, 2e-3)
        advisor.largest_batch("bench/a", 5e-4)
        advisor.answers.threshold_band("bench/a", [4, 8, 16])
        assert fitted == []


def test_a_new_process_finds_what_was_fitted_and_answers_the_same(folder, fitted):
    cold = answer(folder)
    fitted.clear()
    assert answer(folder) == cold
    assert fitted == []


def test_a_new_process_fits_a_workload_with_a_new_run_alone(folder, fitted):
    answer(folder)
    with Advisor.open(folder, seeded=False) as advisor:
        advisor.store.record_run(replace(RUN, id="run:new"))
    fitted.clear()
    warm = answer(folder)
    assert fitted == ["bench/a"]
    shutil.rmtree(folder / kept_fits.FOLDER)
    assert answer(folder) == warm


@pytest.mark.parametrize("content", ["", "{", "not a database\n" * 100])
def test_a_damaged_file_of_fits_changes_no_answer(folder, content):
    cold = answer(folder)
    (file,) = (folder / kept_fits.FOLDER).glob("*.sqlite")
    file.write_text(content)
    assert answer(folder) == cold


def test_damaged_fits_in_a_sound_file_are_made_again(folder, fitted):
    cold = answer(folder)
    (file,) = (folder / kept_fits.FOLDER).glob("*.sqlite")
    with contextlib.closing(sqlite3.connect(file)) as con, con:
        con.execute("update fits set content = replace(content, 'moments', 'moment')")
        con.execute("delete from models")
    fitted.clear()
    assert answer(folder) == cold
    assert sorted(fitted) == list(WORKLOADS)


def test_a_new_process_reports_on_the_whole_store_without_a_fit(folder, fitted):
    with Advisor.open(folder, seeded=False) as advisor:
        cold = advisor.scaling().to_dict()
    fitted.clear()
    with Advisor.open(folder, seeded=False) as advisor:
        assert advisor.scaling().to_dict() == cold
    assert fitted == []


@pytest.mark.parametrize("judged_anew", ["bench/a", "bench/b"])
def test_runs_judged_anew_under_the_same_ids_are_fitted_anew(
    folder, tmp_path, judged_anew
):
    """A newer rule, or a newer study, changes what a row says and not its name."""
    before = answer(folder)
    with Advisor.open(tmp_path / "newer", seeded=False) as advisor:
        for i, name in enumerate(WORKLOADS):
            factor = 4.0 if name == judged_anew else 1.0
            for run in labelled(name, failing_above=1e-3 * 2**i):
                failed = run.learning_rate > 1e-3 * 2**i * factor
                outcome = Outcome.DIVERGED if failed else Outcome.STABLE
                step = 40 if failed else None
                advisor.store.record_run(
                    replace(run, outcome=outcome, failed_at_step=step)
                )
        advisor.store.ingest_all()
    expected = answer(tmp_path / "newer")
    shutil.rmtree(tmp_path / "newer" / kept_fits.FOLDER)
    shutil.copytree(folder / kept_fits.FOLDER, tmp_path / "newer" / kept_fits.FOLDER)
    found = answer(tmp_path / "newer")
    assert found.learning_rate == expected.learning_rate != before.learning_rate


def test_a_new_run_makes_the_exponents_of_its_family_anew(folder, fitted):
    with Advisor.open(folder, seeded=False) as advisor:
        advisor.scaling()
        fitted.clear()
        advisor.store.record_run(replace(RUN, id="run:new", workload="bench/b"))
        advisor.scaling()
        assert set(fitted) == set(WORKLOADS)


@pytest.mark.parametrize("content", [b"", b"odd"])
def test_damaged_draws_in_a_sound_file_are_made_again(folder, content):
    with Advisor.open(folder, seeded=False) as advisor:
        cold = advisor.scaling().to_dict()
    (file,) = (folder / kept_fits.FOLDER).glob("*.sqlite")
    with contextlib.closing(sqlite3.connect(file)) as con, con:
        con.execute("update draws set content = ?", [content])
    with Advisor.open(folder, seeded=False) as advisor:
        assert advisor.scaling().to_dict() == cold


def test_where_fits_cannot_be_written_the_answer_is_the_same(folder):
    (folder / kept_fits.FOLDER).write_text("in the way")
    first = answer(folder)
    (folder / kept_fits.FOLDER).unlink()
    assert answer(folder) == first


def test_fits_of_another_version_of_the_statistics_are_not_used(
    folder, fitted, monkeypatch
):
    answer(folder)
    fitted.clear()
    monkeypatch.setattr(kept_fits, "_VERSION", "another")
    answer(folder)
    assert sorted(fitted) == list(WORKLOADS)
    (file,) = (folder / kept_fits.FOLDER).glob("*.sqlite")
    assert file.name == "fits-another.sqlite"


@pytest.mark.parametrize("content", [b"", b"odd", b"PK\x05\x06" + b"\0" * 18, "cut"])
def test_a_damaged_model_in_a_sound_file_is_made_again(folder, fitted, content):
    cold = answer(folder)
    (file,) = (folder / kept_fits.FOLDER).glob("*.sqlite")
    with contextlib.closing(sqlite3.connect(file)) as con, con:
        if content == "cut":
            con.execute("update models set content = substr(content, 1, 5000)")
        else:
            con.execute("update models set content = ?", [content])
    fitted.clear()
    assert answer(folder) == cold
    assert fitted == ["bench/a"]


def small_model():
    """A fit of no runs, quickly made."""
    return fitting.fit_body(
        fitting.Body("bench/a", None, "adam"),
        fitting.base_prior("adam"),
        100.0,
        n_particles=16,
    )


def small_summary():
    """What is kept of a sibling's fit."""
    return small_model().summary()


def test_a_model_that_was_kept_is_the_same_model(tmp_path):
    model = StableLearningRateModel(fitting.base_prior("sgd"), 500, n_particles=64)
    model.fit([8, 8, 32], [1e-3, 1e-2, 1e-3], [False, True, False], steps=[500, 9, 20])
    kept_fits.KeptFits(tmp_path).keep_model("key", model)
    found = kept_fits.KeptFits(tmp_path).find_model("key")
    assert found.get_params() == model.get_params()
    assert found.level_prior_ == model.level_prior_
    assert (found.n_runs_, found.n_bounds_, found.y_centre_) == (3, 0, model.y_centre_)
    for batch in (8, 16):
        assert found.threshold(batch, 2000) == model.threshold(batch, 2000)
        assert found.safe_rate(batch) == model.safe_rate(batch)
    assert found.largest_batch(2e-3) == model.largest_batch(2e-3)
    assert found.exponent() == model.exponent()
    assert found.summary() == model.summary()


def test_models_in_the_file_have_a_limit_and_the_oldest_go(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_fits, "MAX_MODELS", 2)
    kept = kept_fits.KeptFits(tmp_path)
    for key in "abc":
        kept.keep_model(key, small_model())
    assert [kept.find_model(key) is not None for key in "abc"] == [False, True, True]


def test_arrays_of_another_model_are_refused():
    model = small_model()
    with pytest.raises(ValueError, match="another model"):
        type(model).from_arrays(model.to_arrays(), prior=model.prior, n_particles=8)


def test_fits_in_the_file_have_a_limit_and_the_oldest_go(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_fits, "MAX_FITS", 2)
    summary = small_summary()
    kept = kept_fits.KeptFits(tmp_path)
    for key in "abc":
        kept.keep({key: summary})
    other = kept_fits.KeptFits(tmp_path)
    assert other.find("abc") == {"b": summary, "c": summary}


def test_a_fit_that_is_kept_again_counts_as_new(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_fits, "MAX_FITS", 2)
    summary = small_summary()
    kept = kept_fits.KeptFits(tmp_path)
    for key in "abac":
        kept.keep({key: summary})
    assert set(kept.find("abc")) == {"a", "c"}


def upper_end(optimizer: str, rates: list[float]) -> float:
    """Where the interval ends after runs at batch 16 that all held."""
    model = StableLearningRateModel(prior=fitting.base_prior(optimizer))
    return model.fit([16] * len(rates), rates, [False] * len(rates)).threshold(16).high


def test_the_optimizer_sets_the_level_before_any_run():
    adam, sgd = fitting.base_prior("adam"), fitting.base_prior("sgd")
    assert sgd.level.mean > adam.level.mean + 4


def test_runs_that_all_hold_open_the_upper_end_by_octaves():
    """Else a search of a net that stands high rates creeps up to them."""
    assert upper_end("adam", [0.005]) > 8 * 0.005
    assert upper_end("adam", [0.005, 0.1]) > 4 * 0.1


def test_a_threshold_as_high_as_measured_on_digits_is_held_possible_at_once():
    """Adam 0.1 to 0.6 and SGD 0.8 to 1.8, by 171 to 459 runs of 120 steps each."""
    assert upper_end("adam", [0.005, 0.02]) > 0.6
    assert upper_end("sgd", [0.25]) > 1.8


def test_claims_set_a_level_with_ordinary_tails():
    claimed = fitting.base_prior("adam", centre_of_claims=-13.5)
    assert claimed.level.mean == -13.5
    assert claimed.level_tail == 0


def test_many_runs_are_fitted_with_fewer_draws_and_few_with_all():
    counts = [fitting.particles_for(n) for n in (1, 12, 64, 100, 1000, 100_000)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == fitting.MAX_PARTICLES
    assert counts[-1] == fitting.MIN_PARTICLES


def test_a_run_with_a_score_alone_changes_the_best_rate_and_fits_no_threshold(
    folder, fitted
):
    scored = [
        replace(
            RUN,
            id=f"run:scored-{i}",
            workload="scored/a",
            outcome=None,
            learning_rate=1e-3 * 2.0**i,
            metric_name="loss",
            metric_value=1.0 + 0.1 * (i - shift) ** 2,
            goal="min",
        )
        for i, shift in ((-2, 0), (-1, 0), (0, 0), (1, 0), (2, 0))
    ]
    with Advisor.open(folder, seeded=False) as advisor:
        advisor.store.record_runs(scored[:4])
        before = advisor.recommend("scored/a", 8)
        better = replace(scored[4], metric_value=0.5)
        advisor.store.record_run(better)
        after = advisor.recommend("scored/a", 8)
        assert after.best.median > before.best.median
        assert not {"bench/a", "bench/b"} & set(fitted)
        assert Outcome.STABLE not in {run.outcome for run in scored}
