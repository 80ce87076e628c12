"""`lr-advisor tell`: what a person saw counts, in one sentence, until it is undone."""

import json

import pytest

from advisor.cli.main import main

PLACE = ["--workload", "realface", "--batch-size", "5", "--learning-rate", "2e-5"]


@pytest.fixture
def run(tmp_path, capsys):
    """Run a command on a store; its exit code, output and error output."""

    def call(*arguments: str):
        code = main([*arguments, "--store", str(tmp_path / "store"), "--no-study"])
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


def test_telling_says_what_was_kept_and_undoing_gives_the_answer_before(run):
    asked = ("recommend", "--workload", "realface", "--batch-size", "5", "--json")
    before = run(*asked)[1]
    code, said, _ = run("tell", *PLACE, "--outcome", "diverged", "--failed-at", "900")
    assert code == 0
    assert said.startswith("Kept as your own observation: RealFace at batch 5, 2e-5")
    told_id = said.split("--undo ")[1].split()[0]
    after = json.loads(run(*asked)[1])
    assert after["learning_rate"] < json.loads(before)["learning_rate"]
    assert run("tell", "--undo", told_id)[0] == 0
    assert run(*asked)[1] == before
    assert run("tell", "--undo", told_id)[0] == 2


def test_the_document_holds_the_run_whole(run):
    more = ["--outcome", "stable", "--precision", "amp", "--metric", "val_loss=0.39"]
    document = json.loads(run("tell", *PLACE, *more, "--json")[1])
    assert document["id"] == document["run"]["id"]
    assert document["run"]["precision"] == "fp16"
    assert (document["run"]["metric_value"], document["run"]["goal"]) == (0.39, "min")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--workload", "x"], "--batch-size, --learning-rate, --outcome, or --undo"),
        ([*PLACE, "--outcome", "stable", "--failed-at", "3"], "did not fail"),
        (["--undo", "run:1"], "nothing to do"),
    ],
)
def test_what_is_missing_or_wrong_is_one_sentence(run, arguments, said):
    code, out, error = run("tell", *arguments)
    assert (code, out) == (2, "")
    assert said in error
    assert error.count("\n") == 1
