"""The study's files: what goes in comes out, labels hold, damage is one sentence."""

import dataclasses
import math
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.errors import StoreError, StudyError
from knowledge.outcome import RULE_VERSION, judge_curve
from knowledge.records import Curve, Outcome
from knowledge.study import writing
from knowledge.study.reading import find_study, recheck_study
from knowledge.study.writing import rounded_curve, toml_text, write_study
from tests.made_up_study import made_up_curve, made_up_runs, made_up_study


def test_no_folder_and_an_empty_folder_mean_no_study(tmp_path):
    assert find_study(tmp_path / "nowhere") is None
    assert find_study(tmp_path) is None


def test_what_is_written_is_read_again_as_the_studys(tmp_path):
    made = made_up_runs(6)
    written = write_study(tmp_path / "study", made, {"made": "2026-01-02"})
    found = find_study(tmp_path / "study")
    assert found == written
    columns = found.columns()
    assert sorted(columns["id"]) == sorted(run.id for run, _ in made)
    assert set(columns["source"]) == {"study"}
    by_id = {run.id: run for run, _ in made}
    for i, run_id in enumerate(columns["id"]):
        assert columns["learning_rate"][i] == by_id[run_id].learning_rate
        assert columns["outcome"][i] == by_id[run_id].outcome
    assert dict(found.curves()).keys() == by_id.keys()


def test_one_curve_is_read_alone_and_an_unknown_one_is_empty(tmp_path):
    study = made_up_study(tmp_path, 30)
    run, curve = made_up_runs(30)[17]
    read = study.curve(run.id)
    assert read.losses == pytest.approx(curve.losses, rel=1e-3)
    assert read.metrics.keys() == curve.metrics.keys()
    steps = [step for step, _ in read.metrics["output_spread"]]
    assert steps == [step for step, _ in curve.metrics["output_spread"]]
    assert study.curve("run:unknown") == Curve()


def test_the_facts_say_what_was_shipped(tmp_path):
    made_up_study(tmp_path, 5)
    facts = tomllib.loads((tmp_path / "study.toml").read_text())
    assert (facts["format"], facts["runs"], facts["outcome_rule"]) == (
        1,
        5,
        RULE_VERSION,
    )
    assert facts["made"] == "2026-01-02"
    assert set(facts["curves_sha256"]) == {"curves-1.parquet"}


def test_a_run_judged_by_an_older_rule_is_judged_anew(tmp_path):
    run, _ = made_up_runs(1)[0]
    old = dataclasses.replace(run, outcome=Outcome.STABLE, outcome_rule="1")
    fails = made_up_curve(fails=True, steps=300, seed=3)
    columns = write_study(tmp_path, [(old, fails)], {}).columns()
    assert columns["outcome_rule"] == [RULE_VERSION]
    assert columns["outcome"] == ["diverged"]


def test_a_loss_that_is_not_finite_survives(tmp_path):
    run, curve = made_up_runs(1)[0]
    broken = Curve((*curve.losses[:50], math.inf, math.nan))
    study = write_study(tmp_path, [(run, broken)], {})
    assert study.columns()["failed_at_step"] == [51]
    losses = study.curve(run.id).losses
    assert not math.isfinite(losses[50])
    assert math.isnan(losses[51])


def test_large_studies_are_cut_into_files_and_none_is_left_over(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "MAX_FILE_BYTES", 4000)
    study = made_up_study(tmp_path, 12)
    files = sorted(path.name for path in tmp_path.glob("curves-*.parquet"))
    assert len(files) > 1
    assert len(dict(study.curves())) == 12
    monkeypatch.undo()
    made_up_study(tmp_path, 3)
    assert [path.name for path in tmp_path.glob("curves-*")] == ["curves-1.parquet"]


def test_the_same_runs_give_the_same_files_in_whatever_order(tmp_path):
    made = made_up_runs(5)
    first = write_study(tmp_path / "a", made, {})
    second = write_study(tmp_path / "b", reversed(made), {})
    assert first.facts == second.facts


def test_nothing_to_ship_and_runs_without_a_curve_are_named(tmp_path):
    with pytest.raises(StudyError, match="no run to ship"):
        write_study(tmp_path, [], {})
    run, _ = made_up_runs(1)[0]
    with pytest.raises(StudyError, match=f"{run.id} has no curve"):
        write_study(tmp_path, [(run, Curve())], {})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="Cannot write"):
        write_study(tmp_path / "file" / "study", made_up_runs(1), {})


@pytest.mark.parametrize("name", ["runs.parquet", "curves-1.parquet", "study.toml"])
@pytest.mark.parametrize("content", [b"", b"not what it was"])
def test_damage_is_said_in_a_sentence_that_names_the_file(tmp_path, name, content):
    made_up_study(tmp_path, 3)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(StudyError, match=rf"{name} is missing or damaged"):
        read_everything(tmp_path)


def read_everything(folder) -> None:
    study = find_study(folder)
    study.columns()
    list(study.curves())


def test_a_missing_file_is_named_too(tmp_path):
    study = made_up_study(tmp_path, 3)
    run_id = study.columns()["id"][0]
    (tmp_path / "curves-1.parquet").unlink()
    with pytest.raises(StudyError, match=r"curves-1.parquet is missing"):
        study.curve(run_id)


def test_a_study_of_a_newer_version_says_so(tmp_path):
    made_up_study(tmp_path, 1)
    path = tmp_path / "study.toml"
    path.write_text(path.read_text().replace("format = 1", "format = 2"))
    with pytest.raises(StudyError, match="newer version"):
        find_study(tmp_path)


def test_labels_are_checked_against_the_shipped_curves(tmp_path, monkeypatch):
    study = made_up_study(tmp_path, 4)
    monkeypatch.setattr("knowledge.study.reading.FOLDER", tmp_path)
    columns = study.columns()
    stored = {
        i: (o, 300) for i, o in zip(columns["id"], columns["outcome"], strict=True)
    }
    assert recheck_study(stored) == (4, [])
    run_id = columns["id"][0]
    n_checked, problems = recheck_study(
        {run_id: ("degraded", 300), "run:old": ("x", 1)}
    )
    assert n_checked == 1
    assert problems == [
        f"{run_id} is stored as degraded, its curve says {columns['outcome'][0]}"
    ]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.booleans(), st.sampled_from([9, 12, 16, 23]))
def test_rounding_is_as_exact_as_it_says_and_repeating_it_changes_nothing(
    seed, fails, bits
):
    curve = made_up_curve(fails=fails, steps=120, seed=seed)
    rounded = rounded_curve(curve, mantissa_bits=bits)
    assert rounded.losses == pytest.approx(curve.losses, rel=2.0 ** -(bits + 1))
    assert rounded_curve(rounded, mantissa_bits=bits) == rounded


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
def test_shipping_changes_no_verdict(tmp_path_factory, seed, fails):
    run, _ = made_up_runs(1)[0]
    curve = made_up_curve(fails=fails, steps=200, seed=seed)
    run = dataclasses.replace(run, horizon_steps=200, steps=200)
    folder = tmp_path_factory.mktemp("study")
    study = write_study(folder, [(run, curve)], {})
    told, read = judge_curve(curve, 200), judge_curve(study.curve(run.id), 200)
    assert (told.outcome, told.failed_at_step) == (read.outcome, read.failed_at_step)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z_]{1,8}", fullmatch=True),
        st.one_of(
            st.integers(-(2**53), 2**53),
            st.floats(allow_nan=False, allow_infinity=False),
            st.booleans(),
            st.text(st.characters(codec="utf-8", exclude_characters="\x7f")),
            st.lists(st.integers(0, 99)),
        ),
    )
)
def test_the_facts_are_toml_whatever_they_hold(values):
    assert tomllib.loads(toml_text({"part": [values, values]})) == {
        "part": [values, values]
    }
    assert tomllib.loads(toml_text({**values, "table": values})) == (
        {**values, "table": values}
    )
