"""A faceswap model folder becomes the run that was trained from scratch."""

import json
import math
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advisor.service import Advisor
from knowledge.errors import BadValueError, ImportFileError
from knowledge.importers.choosing import parse_runs
from knowledge.importers.importer import FileOptions
from knowledge.records import Outcome
from tests.knowledge.importers.any_file import read_or_refuse
from tests.knowledge.importers.faceswap.model_folders import (
    falling,
    session,
    state,
    write_log,
    write_model,
)


@pytest.fixture
def read(tmp_path):
    """Write a state with its logs and read it."""

    def read(document, logs=(), style="2026", **asked):
        path = write_model(tmp_path / "model", document, logs, style=style)
        return parse_runs(path, asked=FileOptions(**asked))

    return read


@pytest.mark.parametrize(
    ("era", "recipe"),
    [
        (2019, "faceswap-2019"),
        (2021, "faceswap-2021"),
        (2024, "faceswap-2021"),
        (2026, "faceswap-3"),
    ],
)
def test_a_state_of_each_era_is_a_run_with_the_recipe_of_its_betas(read, era, recipe):
    parsed = read(state(era, session(era, batch=10, rate=5e-5)))
    (run,) = parsed.runs
    assert parsed.format == "faceswap"
    assert (run.workload, run.optimizer, run.recipe) == ("original", "adam", recipe)
    assert (run.batch_size, run.batch_convention) == (10, "per_side")
    assert (run.learning_rate, run.steps) == (5e-5, 400)
    assert (run.metric_name, run.goal) == ("lowest_avg_loss", "min")
    assert run.metric_value == pytest.approx(0.04)
    assert run.outcome is None


def test_a_model_of_2_x_that_went_on_in_3_is_judged_by_the_start_of_each_session(read):
    parsed = read(state(2026, session(2024), session(2026)), [falling(400)])
    (run,) = parsed.runs
    assert (run.recipe, run.steps) == ("faceswap-2021", 400)
    assert any("session 2 (batch 8 at 5e-05), which went" in n for n in parsed.notes)


@pytest.mark.parametrize(
    ("options", "recipe"),
    [
        ({"loss_function": "mae"}, "faceswap-3, loss_function mae"),
        ({"ada_beta_1": 0.5}, "faceswap-3, ada_beta_1 0.5"),
        ({"gradient_clipping": "autoclip"}, "faceswap-3, gradient_clipping autoclip"),
        ({"loss_weight_2": 50}, "faceswap-3, loss_weight_2 50"),
    ],
)
def test_a_set_up_that_differs_from_the_recipe_does_not_bear_its_name(
    read, options, recipe
):
    document = state(2026, session(2026))
    document["config"] |= options
    document["sessions"]["1"]["config"] |= {
        key: value for key, value in options.items() if key == "loss_function"
    }
    (run,) = read(document).runs
    assert run.recipe == recipe


def test_another_optimizer_is_stored_under_its_one_name(read):
    (run,) = read(state(2021, session(2021), optimizer="rms-prop")).runs
    assert (run.optimizer, run.note) == (
        "rmsprop",
        "optimizer as written: rms-prop",
    )


def test_a_trainer_that_nobody_knows_is_stored_under_its_name_per_side(read):
    document = state(2024, session(2024, mixed_precision=True), name="phaze_a")
    (run,) = read(document).runs
    assert (run.workload, run.batch_convention) == ("phaze_a", "per_side")
    assert run.precision == "fp16"


def test_options_of_the_model_are_kept_with_the_run(read):
    document = state(
        2026, session(2026), name="dlight", output_size=256, details="good"
    )
    (run,) = read(document).runs
    assert run.note == "details good, output_size 256"


CHANGED = (
    *(session(2021), session(2021, iterations=600)),
    *(session(2021, rate=1e-5), session(2021, rate=1e-5), session(2021, batch=16)),
)


def test_sessions_at_one_set_up_are_one_run_and_those_after_a_change_are_none(read):
    logs = [falling(400), falling(600, start=0.06)]
    parsed = read(state(2021, *CHANGED), logs, style="2021")
    (run,) = parsed.runs
    assert (run.steps, run.batch_size, run.learning_rate) == (1000, 8, 5e-5)
    assert run.outcome is Outcome.STABLE
    assert run.metric_name is None
    assert (
        "Not kept of original_state.json: session 3 to 4 (batch 8 at 1e-05), "
        "5 (batch 16 at 5e-05), which went on from weights trained at another set-up "
        "and is no run from scratch."
    ) in parsed.notes


def test_a_score_of_all_sessions_is_not_taken_for_that_of_the_first(read):
    with pytest.raises(ImportFileError, match="which rate was used and not how it we"):
        read(state(2021, *CHANGED))


def test_sessions_that_are_lost_leave_no_run_from_scratch(read):
    document = state(2021, session(2021))
    document["iterations"] = 90_000
    with pytest.raises(ImportFileError, match="how 89600 of its iterations were"):
        read(document)


def test_the_rate_that_the_finder_set_counts_and_not_the_option(read):
    document = state(2026, session(2026), session(2026, rate=2.3e-5), finder=2.3e-5)
    parsed = read(document)
    (run,) = parsed.runs
    assert (run.learning_rate, run.steps) == (2.3e-5, 800)
    assert "rate set by the learning rate finder" in run.note
    assert any("finder set, 2.3e-05" in note for note in parsed.notes)


def test_a_log_that_may_hold_the_search_for_a_rate_is_not_judged(read):
    search = [*falling(900), *[9.0] * 100]
    document = state(2026, session(2026), finder=2.3e-5)
    (run,) = read(document, [[*search, *falling(400)]]).runs
    assert run.outcome is None
    (run,) = read(document, [falling(400)]).runs
    assert run.outcome is Outcome.STABLE


def test_accumulation_counts_into_the_batch_and_the_length(read):
    document = state(2026, session(2026), gradient_accumulation=4)
    parsed = read(document, [falling(400)])
    (run,) = parsed.runs
    assert (run.batch_size, run.steps) == (32, 100)
    assert len(parsed.curves[run.id].losses) == 100
    assert "Its batch size is 8 x 4 accumulation." in parsed.notes


def test_a_rate_that_old_sessions_do_not_keep_is_asked_for(read):
    document = state(2019, session(2019), session(2019))
    parsed = read(document)
    assert [one.field for one in parsed.asked] == ["learning_rate"]
    (run,) = read(document, learning_rate=5e-5).runs
    assert (run.learning_rate, run.steps) == (5e-5, 800)


def test_an_optimizer_and_a_batch_that_are_not_said_are_asked_for(read):
    document = state(2024, session(2024, batch=None))
    del document["config"]["optimizer"]
    parsed = read(document)
    assert [one.field for one in parsed.asked] == ["optimizer", "batch_size"]


@pytest.mark.parametrize("style", ["2021", "2024", "2026"])
def test_the_curves_of_each_era_are_read_with_both_sides(read, style):
    losses = falling(400)
    parsed = read(state(2026, session(2026)), [losses], style=style)
    (run,) = parsed.runs
    curve = parsed.curves[run.id]
    assert curve.losses == pytest.approx(losses, rel=1e-6)
    assert set(curve.metrics) == {"loss_a", "loss_b"}
    assert curve.metrics["loss_b"][-1] == (400, pytest.approx(0.6 * losses[-1]))
    assert (run.outcome, run.steps) == (Outcome.STABLE, 400)


def test_a_loss_that_rose_and_stayed_is_a_failure_at_that_step(read):
    losses = [*falling(600), *[0.5] * 300]
    document = state(2026, session(2026, iterations=1000))
    (run,) = read(document, [losses]).runs
    assert run.outcome is Outcome.DIVERGED
    assert 600 < run.failed_at_step < 640
    assert run.metric_value is None


def test_a_loss_that_was_not_finite_is_a_failure_at_its_iteration(read):
    losses = [*falling(30), math.nan]
    (run,) = read(state(2026, session(2026, iterations=30)), [losses]).runs
    assert (run.outcome, run.failed_at_step) == (Outcome.DIVERGED, 31)


def test_a_log_with_a_gap_says_nothing_of_the_end(read):
    document = state(2026, session(2026, iterations=2000), session(2026))
    for logs in ([falling(2000), None], [falling(900), falling(400)]):
        (run,) = read(document, logs).runs
        assert (run.outcome, run.steps) == (None, 2400)


def test_of_several_event_files_of_a_session_the_last_by_name_counts(read, tmp_path):
    folder = tmp_path / "model" / "original_logs" / "session_1" / "train"
    write_log(folder, [math.nan] * 3, "2026")
    (old,) = folder.iterdir()
    old.rename(folder / "events.out.tfevents.0")
    (run,) = read(state(2026, session(2026)), [falling(400)]).runs
    assert run.outcome is Outcome.STABLE


def test_without_tensorboard_the_install_line_is_named(tmp_path, monkeypatch):
    path = write_model(tmp_path, state(2026, session(2026)), [falling(400)])
    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto.event_pb2", None)
    with pytest.raises(ImportFileError, match=r'pip install "lr-advisor\[tensorboard'):
        parse_runs(path)


def test_a_metric_that_is_not_kept_is_refused(read):
    with pytest.raises(BadValueError, match="it keeps lowest_avg_loss"):
        read(state(2026, session(2026)), metric="val_loss")


def test_a_folder_of_models_is_read_without_backups_and_snapshots(tmp_path):
    early = state(2026, session(2026, iterations=300))
    late = state(2026, session(2026))
    write_model(tmp_path / "one", late, [falling(400)])
    (tmp_path / "one" / "original_state.json.bk").write_text(json.dumps(early))
    write_model(tmp_path / "one_snapshot_300_iters", early, [falling(300)])
    write_model(tmp_path / "two", state(2021, session(2021, rate=1e-5)))
    parsed = parse_runs(tmp_path)
    assert [(run.steps, run.outcome) for run in parsed.runs] == [
        (400, Outcome.STABLE),
        (400, None),
    ]


def test_a_store_keeps_the_curve_and_finds_its_outcome_again(tmp_path):
    losses = [*falling(600), *[0.5] * 300]
    document = state(2021, session(2021, batch=12, rate=1e-4, iterations=900))
    path = write_model(tmp_path / "model", document, [losses], style="2021")
    with Advisor.open(tmp_path / "store", study=False) as advisor:
        report = advisor.import_runs(path)
        assert (report.added, report.format) == (1, "faceswap")
        assert advisor.import_runs(path).skipped == 1
        run_id = report.runs[0].id
        assert len(advisor.store.curve(run_id).losses) == 900
        assert advisor.store.verify().outcomes_checked == 1
        answer = advisor.judge("original", 12, 1e-4)
        assert run_id in json.dumps(answer.to_dict())


NUMBERS = st.one_of(
    st.integers(), st.floats(), st.sampled_from([10**400, -1, 0, True, 1.7e9, 8, 5e-5])
)
LEAVES = st.one_of(st.none(), NUMBERS, st.text(max_size=8), st.booleans())
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner)
    ),
    max_leaves=6,
)
OPTIONS = st.dictionaries(
    st.sampled_from(
        "learning_rate optimizer loss_function gradient_accumulation ada_beta_1 "
        "mixed_precision epsilon_exponent output_size dssim_loss".split()
    ),
    VALUES,
)
SESSIONS = st.dictionaries(
    st.one_of(
        st.sampled_from(["1", "2", "3", "\u00b2", "9" * 30]), st.text(max_size=3)
    ),
    st.one_of(
        VALUES,
        st.fixed_dictionaries(
            {},
            optional={
                "timestamp": VALUES,
                "batchsize": VALUES,
                "iterations": st.one_of(VALUES, st.just(400)),
                "no_logs": VALUES,
                "config": st.one_of(VALUES, OPTIONS),
            },
        ),
    ),
    max_size=4,
)
STATES = st.fixed_dictionaries(
    {"sessions": st.one_of(SESSIONS, VALUES), "name": VALUES},
    optional={
        "iterations": VALUES,
        "lowest_avg_loss": st.one_of(
            VALUES, st.dictionaries(st.sampled_from("ab"), VALUES)
        ),
        "lr_finder": VALUES,
        "config": st.one_of(OPTIONS, VALUES),
    },
)


@given(document=STATES)
def test_any_state_is_read_or_refused_in_a_sentence(document):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "original_state.json"
        path.write_bytes(json.dumps(document).encode("utf-8", errors="replace"))
        for file_format in ("faceswap", "auto"):
            read_or_refuse(path, file_format)


@given(data=st.data())
def test_any_event_file_is_read_or_refused_in_a_sentence(data, a_log):
    cut = data.draw(st.integers(0, len(a_log)))
    junk = data.draw(st.binary(max_size=40))
    with tempfile.TemporaryDirectory() as folder:
        path = write_model(Path(folder), state(2026, session(2026)))
        log = Path(folder) / "original_logs/session_1/train/events.out.tfevents.1"
        log.parent.mkdir(parents=True)
        log.write_bytes(a_log[:cut] + junk + a_log[cut + len(junk) :])
        read_or_refuse(path, "faceswap")


@pytest.fixture(scope="module")
def a_log(tmp_path_factory):
    folder = tmp_path_factory.mktemp("log")
    write_log(folder, falling(5), "2024")
    return next(folder.iterdir()).read_bytes()
