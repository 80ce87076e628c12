"""The terminal: one JSON document on stdout, one sentence on stderr, exit codes."""

import json
import re
import shlex
import subprocess
import sys

import pytest

from advisor.cli.arguments import COMMANDS, build_parser
from advisor.cli.main import main
from advisor.conversation.proposals import Action
from advisor.planning.plan import plan_document
from advisor.service import Advisor
from advisor.settings import load_settings
from knowledge.errors import BadValueError
from knowledge.python_process import python_environment
from knowledge.recipes import RECIPES

NUMBER = re.compile(r"(?<![\w@/.])\d+(?:\.\d+)?(?:e-?\d+)?")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return str(tmp_path_factory.mktemp("cli") / "store")


@pytest.fixture
def run(store, capsys):
    """Run a command; return its exit code, stdout and stderr."""

    def call(*arguments: str) -> tuple[int, str, str]:
        try:
            code = main(["--store", store, *arguments])
        except SystemExit as error:
            code = int(error.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_ask_prints_one_json_document_and_nothing_else(run):
    code, out, err = run("ask", "what LR for batch 5 on RealFace?", "--json")
    assert (code, err) == (0, "")
    answer = json.loads(out)
    assert answer["intent"] == "recommend_lr"
    assert answer["slots"]["workload"] == "realface"
    assert answer["recommendation"]["basis"] == "reported"
    assert answer["recommendation"]["learning_rate"] <= 6.5e-5
    assert {e["kind"] for e in answer["evidence"]} == {"claim"}
    assert any("highest setting" in text for text in answer["details"])
    assert answer["answer_id"].startswith("answer:")
    contract = (
        "question intent slots text recommendation recommendations evidence rows "
        "verification clarification answer_id"
    ).split()
    assert set(contract) <= set(answer)


@pytest.mark.parametrize(
    "question",
    [
        "what LR for batch 5 on RealFace?",
        "is 7e-5 safe for original at batch 12",
        "compare original and dlight at batch 9",
        "how big can the batch be at 5e-5 on realface",
        "does the lr go linearly with batch size on dlight?",
        "fastest batch for realface",
        "run a verification for realface batch 5",
    ],
)
def test_every_numeral_in_the_text_stands_in_the_json(run, question):
    _, out, _ = run("ask", question, "--json")
    answer = json.loads(out)
    text = answer.pop("text")
    rest = json.dumps(answer)
    known = {float(n) for n in NUMBER.findall(rest)} | {
        float(n) for n in NUMBER.findall(question)
    }
    known |= {round(100 * n) for n in known if n <= 1}  # shares are said in per cent
    known |= {round(n / u, d) for n in known for u, d in ((1, 0), (60, 0), (3600, 1))}
    missing = [n for n in NUMBER.findall(text) if float(n) not in known]
    assert missing == []


def test_no_seeds_gives_no_rate(tmp_path, capsys):
    folder = str(tmp_path / "bare")
    arguments = ["ask", "what LR for batch 5 on RealFace?", "--no-seeds", "--json"]
    assert main([*arguments, "--store", folder]) == 0
    r = json.loads(capsys.readouterr().out)["recommendation"]
    assert r["basis"] == "none"
    assert r["learning_rate"] is None


def test_a_follow_up_inherits_from_its_context(run):
    context = "what LR for batch 5 on RealFace?"
    _, out, _ = run("ask", "and at batch 3?", "--context", context, "--json")
    answer = json.loads(out)
    assert answer["recommendation"]["batch_size"] == 3
    assert answer["inherited"] == ["workload"]


def test_a_question_without_a_model_is_asked_back(run):
    _, out, _ = run("ask", "best learning rate?", "--json")
    answer = json.loads(out)
    assert answer["intent"] == "needs_clarification"
    assert "RealFace" in answer["clarification"]["options"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["recommend", "--workload", "RealFaces", "--batch-size", "5"], "Did you mean"),
        (
            ["recommend", "--workload", "realface", "--batch-size", "0"],
            "batch_size is 0",
        ),
        (
            ["recommend", "--workload", "realface", "--batch-size", "-4"],
            "batch_size is",
        ),
        (
            ["recommend", "--workload", "realface", "--batch-size", "1e9"],
            "batch_size is",
        ),
        (["recommend", "--workload", "realface", "--batch-size", "five"], "is five"),
        (["recommend", "--workload", "realface"], "required: --batch-size"),
        (["sql", "drop table runs"], "Only one SELECT"),
        (["jobs", "show", "job:none"], "No job 'job:none'"),
        (["jobs", "cancel"], "needs an id"),
        (["import", "/no/such/file.csv"], "There is no file"),
        (["export", "/tmp/x.doc"], "let it end in"),
        (["export", "/tmp/x.csv", "--table", "secrets"], "known are runs"),
        (["workloads", "describe", "realface", "--option", "x"], "KEY=VALUE"),
        (["workloads", "describe", "realface", "--option", "x=1"], "option"),
        (
            ["verify", "--workload", "realface", "--batch-size", "5", "--budget", "x"],
            "x",
        ),
        (["frobnicate"], "invalid choice"),
    ],
)
def test_bad_input_is_one_or_two_sentences_and_exit_code_two(run, arguments, said):
    code, out, err = run(*arguments)
    assert code == 2
    assert out == ""
    assert said in err
    assert "Traceback" not in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("rate", ["0", "-1", "nan", "x"])
def test_a_rate_that_cannot_be_right_is_refused(run, rate):
    command = ["judge", "--workload", "realface", "--batch-size", "5"]
    code, _, err = run(*command, f"--learning-rate={rate}")
    assert code == 2
    assert "learning_rate is" in err


def test_a_rate_that_is_hardly_meant_is_answered_with_a_warning(run):
    command = ["judge", "--workload", "realface", "--batch-size", "5"]
    code, out, err = run(*command, "--learning-rate", "7", "--json")
    assert code == 0
    assert "far above any usual one" in err
    assert json.loads(out)["verdict"] == "unsafe"


def test_a_folder_that_is_no_store_is_refused(tmp_path, capsys):
    (tmp_path / "diary.txt").write_text("x")
    assert main(["--store", str(tmp_path), "doctor"]) == 2
    assert "is not a store" in capsys.readouterr().err


def test_tables_come_out_as_text_and_as_json(run, tmp_path):
    code, out, _ = run("sql", "select id, bound from claims where bound is not null")
    assert code == 0
    assert "claim:forum-2021/realface-2-stable" in out
    path = tmp_path / "claims.json"
    assert run("export", str(path), "--table", "claims")[0] == 0
    assert len(json.loads(path.read_text())) == 31
    report = json.loads(run("doctor", "--json")[1])
    assert report["ok"]
    assert report["calibration"]["forecasts"]["scored"] == 0
    assert report["calibration"]["text"] in run("doctor")[1]
    path = tmp_path / "forecasts.csv"
    assert run("export", str(path), "--table", "forecasts")[0] == 0
    assert path.read_text().startswith("id,made,job_id")
    assert json.loads(run("jobs", "--json")[1]) == []
    names = [w["name"] for w in json.loads(run("workloads", "--json")[1])]
    assert "realface" in names


@pytest.mark.parametrize("command", ["scaling", "workloads", "jobs", "doctor"])
def test_the_text_of_a_command_says_something(run, command):
    assert run(command)[1].strip()


def test_judge_max_batch_and_scaling_answer_as_in_the_contract(run):
    _, out, _ = run(
        "max-batch", "--workload", "realface", "--learning-rate", "3e-5", "--json"
    )
    found = json.loads(out)
    assert found["batch_size"]["median"] >= 1
    assert found["recommendation"]["workload"] == "realface"
    report = json.loads(run("scaling", "--workload", "realface", "--json")[1])
    verdicts = {c["id"]: c["verdict"] for c in report["claims"]}
    assert verdicts["claim:forum-2021/inverse"] == "undecided"
    assert report["quantity"] == "max_stable"


@pytest.mark.parametrize(
    ("name", "options", "total"),
    [
        ("original", [], 82_062_470),
        ("original", ["lowmem=true"], 60_565_126),
        ("realface", [], 238_241_676),
        ("realface", ["input_size=128", "output_size=256"], 394_296_868),
    ],
)
def test_workloads_are_described_with_exact_counts(run, name, options, total):
    flags = [part for option in options for part in ("--option", option)]
    _, out, _ = run("workloads", "describe", name, *flags, "--json")
    assert json.loads(out)["parameters"]["total"] == total


def test_help_names_every_command_and_a_bare_call_prints_it(run):
    code, out, _ = run()
    assert code == 0
    assert all(command in out for command in COMMANDS)


def test_who_carries_out_runs_is_who_was_named(run, monkeypatch):
    """Also in the process that tends the runs, which has our environment."""
    monkeypatch.setenv("LR_ADVISOR_EXECUTOR", "local")
    monkeypatch.setattr("advisor.cli.arguments.EXECUTORS", ("local", "moon"))
    plan = ["--workload", "digits_mlp", "--batch-size", "32", "--executor", "moon"]
    code, out, err = run("verify", *plan, "--detach")
    assert (code, out) == (2, "")
    assert err == "No executor is named 'moon'. Known: local.\n"
    assert load_settings(python_environment()).executor == "moon"
    assert load_settings({}).executor == "local"


@pytest.mark.parametrize(
    ("command", "option"), [("verify", "--executor"), ("import", "--format")]
)
def test_a_choice_that_is_none_is_refused_in_a_sentence(run, command, option):
    code, out, err = run(command, option, "moon", "runs.csv")
    assert (code, out) == (2, "")
    assert f"argument {option}: invalid choice: 'moon'" in err.lower()
    assert err.count("\n") == 1


def test_a_file_is_read_in_the_format_that_is_named(run, tmp_path):
    """Whatever its name says; none is named, as its content tells."""
    path = tmp_path / "runs.parquet"
    path.write_text(
        "workload,optimizer,batch_size,learning_rate,metric_name,metric_value,"
        "steps_or_tokens,source\nlab/net,adam,8,1e-3,loss,0.5,100,lab\n"
    )
    for said in ([], ["--format", "csv"]):
        code, out, _ = run("import", str(path), "--dry-run", "--json", *said)
        assert (code, json.loads(out)["added"]) == (0, 1)
    code, _, err = run("import", str(path), "--format", "parquet")
    assert code == 2
    assert "is not a table of runs" in err


def test_what_a_file_does_not_say_is_asked_for_and_taken_as_options(run, tmp_path):
    """Exit 2 and one sentence with field and option; nothing is kept."""
    path = tmp_path / "grid.csv"
    path.write_text("bs,my_rate,err2,state\n8,0.1,3,odd\n16,0.2,4,odd\n")
    said = ["--workload", "net", "--map", "learning_rate=my_rate", "--metric", "err2"]
    code, out, err = run("import", str(path), *said, "--json")
    assert code == 2
    assert (json.loads(out)["added"], json.loads(out)["runs"]) == (0, [])
    assert json.loads(out)["asked"] == [
        {
            "field": "optimizer",
            "why": "no column says it",
            "option": "--optimizer O",
            "columns": [],
        }
    ]
    assert err == (
        f"{path} does not say the optimizer (no column says it): give --optimizer O.\n"
    )
    said += ["--optimizer", "adam", "--outcome-of", "odd=degraded"]
    code, out, _ = run("import", str(path), *said, "--json")
    report = json.loads(out)
    assert (code, report["added"], report["format"]) == (0, 2, "csv")
    assert [r["outcome"] for r in report["runs"]] == ["degraded", "degraded"]
    code, out, err = run("import", str(path), "--map", "my_rate")
    assert (code, err.count("\n")) == (2, 1)
    assert "Write --map as FIELD=COLUMN" in err


def test_the_installed_command_runs():
    done = subprocess.run(
        [sys.executable, "-m", "advisor.cli", "--help"],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0


def test_an_answer_with_an_offer_says_how_to_approve_it_and_it_works_once(
    run, store, nothing_trains
):
    code, out, _ = run("ask", "verify digits_mlp at batch 32 with lr 0.01")
    assert code == 0
    said = re.search(r"^Approve with: lr-advisor (.+)$", out, flags=re.MULTILINE)
    command = shlex.split(said[1])
    assert command[0] == "approve"
    assert command[2:] == ["--store", store]
    code, out, _ = run(*command[:2])
    assert code == 0
    assert "Started: 1 run of digits_mlp at batch 32" in out
    assert "lr-advisor jobs" in out
    code, out, err = run(*command[:2])
    assert (code, out) == (2, "")
    assert "a plan works once" in err
    jobs = json.loads(run("jobs", "--json")[1])
    assert [job["learning_rate"] for job in jobs] == [0.01]


def test_approving_prints_what_was_done_as_json(run, nothing_trains):
    _, out, _ = run("ask", "batch 8 at 8e-5 got blurry on original", "--json")
    plan_id = json.loads(out)["proposal"]["id"]
    code, out, err = run("approve", plan_id, "--json")
    assert (code, err) == (0, "")
    done = json.loads(out)
    assert (done["plan_id"], done["action"]) == (plan_id, "observation")
    assert done["verification_id"] is None
    (run_id,) = done["ids"]
    assert run_id.startswith("run:told-")


def test_an_answer_without_an_offer_speaks_of_no_approval(run):
    assert "Approve with" not in run("ask", "what LR for batch 5 on RealFace?")[1]


@pytest.mark.parametrize("plan_id", ["plan:0123456789ab", "x", "plan:../../x", ""])
def test_what_is_no_plan_is_refused(run, plan_id):
    code, out, err = run("approve", plan_id)
    assert (code, out) == (2, "")
    assert len(err.strip().splitlines()) == 1


@pytest.fixture
def no_accelerators(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_runs_on_a_device_that_is_not_here_are_refused_and_questions_are_not(
    run, nothing_trains, no_accelerators, device
):
    """Nothing is queued, by command or by a yes to a plan; asking goes on."""
    jobs = run("jobs", "--json")[1]
    asked = ["--workload", "digits_mlp", "--batch-size", "32", "--device", device]
    for command in ("verify", "speed"):
        code, out, err = run(command, *asked)
        assert (code, out) == (2, "")
        assert f"this machine has no {device.upper()} device, so give cpu." in err
    assert run("recommend", *asked)[0] == 0
    assert run("jobs", "--json")[1] == jobs


def test_a_plan_for_a_device_that_is_not_here_is_refused_at_the_yes(
    tmp_path, nothing_trains, no_accelerators
):
    """The same check as for a command, as both start runs in one place."""
    with Advisor.open(tmp_path / "store") as advisor:
        planned = advisor.plan_runs(
            "digits_mlp", 32, learning_rate=0.01, steps=60, device="cuda"
        )
        details = json.loads(json.dumps(plan_document(planned)))
        plan = advisor.proposals.save(Action.VERIFY, "1 run", details)
        with pytest.raises(BadValueError, match="no CUDA device"):
            advisor.approve(plan.id)
        assert advisor.jobs() == []
        assert advisor.proposals.find(plan.id) == plan  # it waits on


@pytest.mark.parametrize("rates", ["", ",,", "1e-3,", " "])
def test_rates_that_were_left_empty_are_no_search(run, nothing_trains, rates):
    """Who names rates means these; a search would spend the time on others."""
    jobs = run("jobs", "--json")[1]
    asked = ["--workload", "digits_mlp", "--batch-size", "32"]
    code, out, err = run("verify", *asked, "--learning-rate", rates)
    assert (code, out) == (2, "")
    assert "lacks a rate" in err
    assert run("jobs", "--json")[1] == jobs


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_the_optimizer_that_was_named_makes_the_runs(
    run, store, nothing_trains, optimizer
):
    asked = [
        "--workload",
        "digits_mlp",
        "--batch-size",
        "32",
        "--learning-rate",
        "0.04",
    ]
    asked += ["--optimizer", optimizer, "--detach", "--json"]
    (job_id,) = json.loads(run("verify", *asked)[1])["jobs"]
    with Advisor.open(store) as advisor:
        recipe = advisor.queue.job(job_id).config.recipe
    assert RECIPES[recipe].optimizer == optimizer


def test_cancelling_what_is_over_says_so(run, nothing_trains):
    """The first cancel ends a waiting job, the second finds nothing to do."""
    asked = [
        "--workload",
        "digits_mlp",
        "--batch-size",
        "32",
        "--learning-rate",
        "0.02",
    ]
    document = json.loads(run("verify", *asked, "--detach", "--json")[1])
    (job_id,) = document["jobs"]
    assert run("jobs", "cancel", job_id)[0] == 0
    code, out, err = run("jobs", "cancel", job_id)
    assert (code, out) == (2, "")
    assert f"{job_id} is already cancelled: there is nothing to cancel." in err


def test_detached_runs_have_no_after(run, nothing_trains):
    """Nothing ran yet, so nothing can have changed."""
    asked = [
        "--workload",
        "digits_mlp",
        "--batch-size",
        "32",
        "--learning-rate",
        "0.03",
    ]
    code, out, _ = run("verify", *asked, "--detach")
    assert code == 0
    assert "before:" in out
    assert "after:" not in out


def test_a_store_that_may_only_be_read_answers_and_takes_no_runs(
    tmp_path, monkeypatch, capsys
):
    """A colleague's store on a shared disk."""
    store = ["--store", str(tmp_path / "store")]
    assert main([*store, "workloads"]) == 0
    for left in (tmp_path / "store").glob("jobs.sqlite*"):
        left.unlink()
    monkeypatch.setattr(
        "experiments.jobs.queue_file.os.access", lambda path, mode: False
    )
    capsys.readouterr()
    scope = ["--workload", "realface", "--batch-size", "5", "--json"]
    assert main([*store, "recommend", *scope]) == 0
    assert json.loads(capsys.readouterr().out)["learning_rate"]
    assert main([*store, "ask", "what lr for realface at batch 5?", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["recommendation"]["learning_rate"]
    assert main([*store, "jobs"]) == 2
    assert "is read-only or you may not write there" in capsys.readouterr().err


def test_a_part_of_the_study_that_did_not_begin_has_taken_no_time(run):
    """It read "1 s", the least that anything done takes."""
    code, out, _ = run("study", "status")
    assert code == 0
    waiting = [line for line in out.splitlines() if "no run yet" in line]
    assert waiting
    assert all("(0 s of " in line for line in waiting)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_says_what_it_is_where_help_is_asked_for(command):
    """The page of commands is not at hand in a terminal."""
    chosen = build_parser()._subparsers._group_actions[0].choices[command]
    unsaid = [a.option_strings for a in chosen._actions if not a.help]
    assert [names for names in unsaid if names] == []
