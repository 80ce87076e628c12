"""A format whose library is missing is refused with the line that installs it."""

import sqlite3
import sys

import pytest

from advisor.cli.main import main
from knowledge.errors import MissingReaderError
from knowledge.importers.choosing import parse_runs

EVENTS = b"\x18" + bytes(11) + b"\x09" + bytes(8) + b"\x1a\x0dbrain.Event:2" + bytes(4)


def _database(path, tables):
    with sqlite3.connect(path) as connection:
        for table in tables:
            connection.execute(f"create table {table} (a)")
    connection.close()


@pytest.fixture
def files(tmp_path):
    """One file of each format, just enough of it to be told."""
    (tmp_path / "tensorboard").write_bytes(EVENTS)
    _database(
        tmp_path / "mlflow", "experiments runs metrics params alembic_version".split()
    )
    (tmp_path / "wandb").write_bytes(b":W&B\xe1\xbe\x00")
    (tmp_path / "optuna").write_text('{"op_code":0,"study_name":"x"}\n')
    return tmp_path


@pytest.mark.parametrize("name", ["tensorboard", "mlflow", "wandb", "optuna"])
@pytest.mark.parametrize("whole_folder", [False, True])
def test_a_missing_library_is_named_with_its_install_line(
    files, name, whole_folder, monkeypatch
):
    for module in list(sys.modules):
        if module.split(".")[0] == name:
            monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, name, None)
    path = files / name
    if whole_folder:
        (files / "folder").mkdir()
        path = path.rename(files / "folder" / name).parent
        (path / "runs.csv").write_text(
            "workload,optimizer,batch_size,learning_rate,metric_name,metric_value,"
            "steps_or_tokens,source\nnet,sgd,8,0.1,loss,1,10,me\n"
        )
    with pytest.raises(MissingReaderError) as caught:
        parse_runs(path)
    assert f'needs the package {name}: pip install "lr-advisor[{name}]".' in str(
        caught.value
    )


def test_of_several_paths_the_good_ones_are_kept_and_the_others_named(
    files, tmp_path, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, "optuna", None)
    good = tmp_path / "good.csv"
    good.write_text(
        "workload,optimizer,batch_size,learning_rate,metric_name,metric_value,"
        "steps_or_tokens,source\nnet,sgd,8,0.1,loss,1,10,me\n"
    )
    store = ["--store", str(tmp_path / "store"), "--no-seeds", "--no-study"]
    paths = [str(files / "optuna"), str(good), str(tmp_path / "nowhere")]
    assert main(["import", *paths, *store]) == 2
    said = capsys.readouterr().err
    assert f"{good}: added 1, already known 0, rejected 0." in said
    assert 'pip install "lr-advisor[optuna]". Nothing of it was kept.' in said
    assert f"There is no file {tmp_path / 'nowhere'}. Nothing of it was kept." in said
