"""The contract's CSV: good rows are kept, bad ones named with line and reason."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.errors import ImportFileError
from knowledge.importers.choosing import parse_runs
from knowledge.records import Outcome

HEADER = (
    "workload,optimizer,batch_size,learning_rate,metric_name,metric_value,"
    "steps_or_tokens,source"
)
ROW = "grid/w-1,Adam,16,0.001,val_loss,0.5,1000,a paper"


def parsed(tmp_path, *rows: str, header: str = HEADER):
    path = tmp_path / "runs.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return parse_runs(path)


def test_a_row_becomes_a_run_with_its_source(tmp_path):
    (run,) = parsed(tmp_path, ROW).runs
    assert (run.workload, run.optimizer, run.batch_size) == ("grid/w-1", "adam", 16)
    assert (run.learning_rate, run.metric_value, run.goal) == (0.001, 0.5, "min")
    assert (run.steps, run.source, run.outcome) == (1000, "a paper", None)
    assert not run.is_ours


def test_equal_replicates_are_all_kept_and_importing_again_gives_the_same_ids(tmp_path):
    first = parsed(tmp_path, *[ROW] * 25).runs
    assert len({run.id for run in first}) == 25
    assert parsed(tmp_path, *[ROW] * 25).runs == first


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("w,adam,0,0.001,loss,1,10,s", "batch_size 0 is not a whole number"),
        ("w,adam,five,0.001,loss,1,10,s", "batch_size 'five' is not a number"),
        ("w,adam,2.5,0.001,loss,1,10,s", "batch_size 2.5 is not a whole number"),
        ("w,adam,8,-1,loss,1,10,s", "learning_rate -1 is not a positive number"),
        ("w,adam,8,nan,loss,1,10,s", "learning_rate nan is not a positive number"),
        ("w,adam,8,0.1,height,1,10,s", "does not say whether more is better"),
        ("w,adam,8,0.1,loss,,10,s", "metric_value is empty"),
        (",adam,8,0.1,loss,1,10,s", "a workload name is empty"),
        ("w@half,adam,8,0.1,loss,1,10,s", "a proxy is written NAME@1/W"),
        ("w,adam,8,0.1,loss,1,10,", "source is empty"),
        ("w,,8,0.1,loss,1,10,s", "optimizer is empty"),
        ("w,adam,8,0.1,loss,1,10,s,more", "more values than the header"),
    ],
)
def test_a_bad_row_is_rejected_with_its_line_and_the_good_ones_are_kept(
    tmp_path, row, reason
):
    result = parsed(tmp_path, ROW, row, ROW)
    assert len(result.runs) == 2
    ((line, why),) = result.rejected
    assert line == 3
    assert reason in why


def test_a_metric_that_is_not_finite_means_diverged(tmp_path):
    (run,) = parsed(tmp_path, "w,adam,8,0.1,loss,nan,10,s").runs
    assert run.outcome is Outcome.DIVERGED
    assert run.metric_value is None


def test_a_failure_without_a_score_is_kept_as_the_failure_it_is(tmp_path):
    header = f"{HEADER},outcome"
    row = "w,adam,8,0.1,loss,,420,s,diverged"
    (run,) = parsed(tmp_path, row, header=header).runs
    assert (run.outcome, run.metric_value, run.steps) == (Outcome.DIVERGED, None, 420)


def test_optional_columns_are_read(tmp_path):
    header = f"{HEADER},seed,outcome,failed_at_step,device,recipe,goal,batch_convention"
    row = "w,sgd,8,0.1,odd,1,10,s,3,Degraded,7,CUDA,mine,max,per_side"
    (run,) = parsed(tmp_path, row, header=header).runs
    assert (run.seed, run.outcome, run.failed_at_step) == (3, Outcome.DEGRADED, 7)
    assert (run.device, run.recipe, run.goal) == ("cuda", "mine", "max")
    assert run.batch_convention == "per_side"


def test_face_models_count_their_batch_per_side_unless_said_otherwise(tmp_path):
    (run,) = parsed(tmp_path, "realface,adam,8,0.1,loss,1,10,s").runs
    assert run.batch_convention == "per_side"


@pytest.mark.parametrize(
    ("metric", "goal"),
    [("val_acc", "max"), ("AUC", "max"), ("f1", "max"), ("perplexity", "min")],
)
def test_the_goal_is_read_off_the_metrics_name(tmp_path, metric, goal):
    (run,) = parsed(tmp_path, f"w,adam,8,0.1,{metric},1,10,s").runs
    assert run.goal == goal


def test_a_table_without_any_column_of_a_run_is_refused(tmp_path):
    with pytest.raises(ImportFileError, match=r"none of its columns \(a, b\) is"):
        parsed(tmp_path, "1,2", header="a,b")


def test_a_missing_file_and_a_picture_are_clear_errors(tmp_path):
    with pytest.raises(ImportFileError, match="There is no file"):
        parse_runs(tmp_path / "none.csv")
    picture = tmp_path / "face.csv"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n\xff\xfe\x00")
    with pytest.raises(ImportFileError, match="not a table of runs"):
        parse_runs(picture)
    table = tmp_path / "broken.parquet"
    table.write_bytes(b"no parquet")
    with pytest.raises(ImportFileError, match="not a table of runs"):
        parse_runs(table)


def test_parquet_gives_the_same_runs_as_csv(tmp_path):
    import pandas as pd

    parsed(tmp_path, ROW, ROW)
    pd.read_csv(tmp_path / "runs.csv").to_parquet(tmp_path / "runs.parquet")
    runs = parse_runs(tmp_path / "runs.parquet").runs
    assert [r.learning_rate for r in runs] == [0.001, 0.001]


def test_a_format_nobody_reads_is_refused_with_those_there_are(tmp_path):
    with pytest.raises(ImportFileError, match="'moon': name one of auto, "):
        parse_runs(tmp_path / "runs.csv", "moon")


@given(st.text(max_size=300))
def test_any_text_is_either_read_or_refused_in_a_sentence(text):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.csv"
        path.write_text(f"{HEADER}\n{text}", encoding="utf-8", errors="replace")
        with contextlib.suppress(ImportFileError):
            parse_runs(path)
