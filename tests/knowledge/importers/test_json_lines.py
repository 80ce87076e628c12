"""Tables as JSON Lines are read as the same tables in CSV."""

import json

import pandas as pd
import pytest

from knowledge.errors import ImportFileError
from knowledge.importers.choosing import parse_runs
from knowledge.importers.importer import FileOptions

ROWS = [
    {
        "name": f"run {rate:g}",
        "config": {"batch_size": 8, "lr": rate, "optim": {"name": "adamw"}},
        "summary": {"val": {"loss": loss}},
        "state": "finished",
    }
    for rate, loss in ((1e-3, 0.4), (3e-3, 0.3), (1e-2, float("nan")))
]
SAID = {"workload": "net", "optimizer": "adamw"}


@pytest.fixture
def read(tmp_path):
    """Read rows as JSON Lines, under a name that tells nothing."""

    def read(rows, **asked):
        path = tmp_path / "table.txt"
        path.write_text("\n".join(map(json.dumps, rows)) + "\n")
        return parse_runs(path, asked=FileOptions(**asked))

    return read


def without_ids(runs):
    return [{**vars(run), "id": None} for run in runs]


def test_nested_keys_are_columns_joined_by_a_slash(read):
    parsed = read(ROWS, **SAID)
    assert parsed.format == "csv"
    assert [(r.batch_size, r.learning_rate, r.metric_name) for r in parsed.runs] == [
        *((8, 1e-3, "summary/val/loss"), (8, 3e-3, "summary/val/loss")),
        (8, 1e-2, "summary/val/loss"),
    ]
    assert [run.outcome for run in parsed.runs] == [None, None, "diverged"]
    mapped = read(ROWS, workload="net", map={"optimizer": "config/optim/name"})
    assert {run.optimizer for run in mapped.runs} == {"adamw"}


def test_what_no_key_says_is_asked_for(read):
    """The name in a group for the optimizer is the optimizer's."""
    assert [one.field for one in read(ROWS).asked] == ["workload"]


def test_a_table_saved_as_json_lines_is_that_table(read, tmp_path):
    rows = [
        {"model": "m", "opt": "sgd", "bs": 8, "lr": rate, "val_loss": loss, "seed": 1}
        for rate, loss in ((0.1, 0.5), (0.2, None), (0.4, 0.25))
    ]
    table, lines = tmp_path / "runs.csv", tmp_path / "runs.jsonl"
    pd.DataFrame(rows).to_csv(table, index=False)
    pd.DataFrame(rows).to_json(lines, orient="records", lines=True)
    as_csv, as_lines = parse_runs(table), parse_runs(lines)
    assert without_ids(as_lines.runs) == without_ids(as_csv.runs)
    assert [why for _, why in as_lines.rejected] == [why for _, why in as_csv.rejected]


def test_rows_that_lack_keys_have_empty_cells(read):
    rows = [{"lr": 0.1, "bs": 8}, {"lr": 0.2, "bs": 8, "val_loss": 0.5}]
    parsed = read(rows, **SAID)
    assert [run.learning_rate for run in parsed.runs] == [0.2]
    assert [line for line, _ in parsed.rejected] == [1]


def test_a_log_of_one_run_in_json_lines_is_that_run(read):
    rows = [{"epoch": n, "val_loss": 1 / n, "lr": 0.1} for n in range(1, 6)]
    parsed = read(rows, **SAID, batch_size=8)
    (run,) = parsed.runs
    assert (parsed.format, run.steps, run.metric_value) == ("keras", 5, 0.2)


def test_a_line_that_is_no_object_is_named(tmp_path):
    path = tmp_path / "runs.jsonl"
    path.write_text('{"lr": 0.1, "bs": 8}\n[1, 2]\n')
    with pytest.raises(ImportFileError, match="line 2: it is no JSON object"):
        parse_runs(path)
