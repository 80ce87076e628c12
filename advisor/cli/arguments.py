"""The commands of `lr-advisor` and their options."""

import argparse
import sys
from typing import Any, NoReturn

from experiments.executors.executor import EXECUTORS
from knowledge.importers.importer import AUTO, FORMATS
from knowledge.records import Outcome

DESCRIPTION = "The same answers in a terminal: `lr-advisor COMMAND`."
COMMANDS: dict[str, str] = {
    "app": "serve the app in a browser, on this machine only",
    "ask": "answer a question in words (never starts a job)",
    "approve": "carry out a plan that an answer proposed, once",
    "recommend": "the learning rate for a batch size",
    "judge": "whether a learning rate is safe at a batch size",
    "max-batch": "the largest batch size at which a rate is safe",
    "scaling": "how the rate scales with batch size, and what was claimed of it",
    "verify": "make training runs that narrow an answer down",
    "speed": "measure how fast each batch size trains on this machine",
    "study": "run the study that tests the claims, or say how far it is",
    "jobs": "list, show, cancel or resume jobs",
    "import": "bring in runs: tables, logs of trainers and trackers, folders of them",
    "tell": "keep what you saw of a run you made, or take it back",
    "export": "write a table to .csv, .parquet or .json",
    "sql": "run one SELECT, read-only",
    "workloads": "list the workloads, or describe one with its parameter counts",
    "mcp": "serve the answers as tools to a program, such as an agent (MCP)",
    "doctor": "check the store, the versions and the device",
}


MEANINGS: dict[str, str] = {
    "--details": "all that limits the answer, and what it rests on",
    "--workload": "what is trained; `lr-advisor workloads` lists the names",
    "--batch-size": "examples per step, per side for the face models",
    "--learning-rate": "the peak rate, such as 5e-5",
    "--optimizer": "adam, adamw, sgd, ...; else the one with most evidence",
    "--recipe": "what is held fixed, by name; else the one with most evidence",
    "--device": "cpu, cuda or mps; else this machine's",
    "--horizon": "for how many steps the rate should work; else the usual length",
    "--risk": "accepted probability of an unstable run, 0.1 unless told",
    "--precision": "fp32, or bf16: mixed, faster where it is",
    "--steps": "length of each run",
    "--seeds": "seeds per rate, when rates are named",
    "--data": "generated, lfw, or FOLDER_A::FOLDER_B",
    "--executor": "where to run: this machine",
    "--detach": "do not wait for runs",
    "--port": "the port to listen on",
    "--host": "the address to listen on; this machine only unless told",
    "--format": "of the file; else told from its content",
    "--metric": "which column or logged value is the score; else the validation loss",
    "--goal": "min or max: whether less or more of the metric is better",
    "--devices": "how many took part in each step, where the batch is per device",
    "--accumulation": "batches per optimizer step",
    "--map": "which column says a field, such as metric_value=score; repeatable",
    "--rows": "runs: each row is a run; history: each is a moment of one",
    "--outcome-of": "what a state means, such as crashed=diverged; repeatable",
    "--dry-run": "say what would be added, and change nothing",
    "--table": "which table; runs unless told",
    "--option": "an option of the workload, repeatable",
}


TOLD_OPTIONS = "steps failed_at optimizer recipe precision device metric goal".split()
_OF_TOLD = {
    "steps": ("N", "how many steps it took, or was to take"),
    "failed_at": ("N", "the step at which it failed"),
    "precision": ("P", "fp32, bf16, fp16 or another; else not said"),
    "device": ("D", "where it was trained"),
    "metric": ("NAME=VALUE", "its score at the end, such as val_loss=0.39"),
    "goal": ("min|max", "which way the metric is better, where its name is unknown"),
}


class _Parser(argparse.ArgumentParser):
    """A parser whose options say what they are and whose errors are one sentence."""

    def add_argument(self, *names: Any, **options: Any) -> argparse.Action:
        options.setdefault("help", MEANINGS.get(names[0]))
        return super().add_argument(*names, **options)

    def error(self, message: str) -> NoReturn:
        text = message[0].upper() + message[1:]
        sys.stderr.write(f"{text}. See `{self.prog} --help`.\n")
        sys.exit(2)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of every command."""
    parser = _Parser(prog="lr-advisor", description=DESCRIPTION)
    common = _Parser(add_help=False)
    for where in (parser, common):
        unset = argparse.SUPPRESS if where is common else None
        where.add_argument(
            "--store", metavar="FOLDER", default=unset, help="the store folder"
        )
        where.add_argument(
            "--no-seeds",
            action="store_true",
            default=argparse.SUPPRESS if where is common else False,
            help="leave out the claims every new store starts with",
        )
        where.add_argument(
            "--no-study",
            action="store_true",
            default=argparse.SUPPRESS if where is common else False,
            help="leave out the runs of the study that ships with the program",
        )
        where.add_argument(
            "--no-library",
            action="store_true",
            default=argparse.SUPPRESS if where is common else False,
            help="leave out the published grids of others that ship with the program",
        )
        where.add_argument(
            "--json",
            action="store_true",
            default=argparse.SUPPRESS if where is common else False,
            help="print one JSON document",
        )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    sub = {
        name: commands.add_parser(name, help=text, description=text, parents=[common])
        for name, text in COMMANDS.items()
    }
    sub["app"].add_argument("--port", type=int, default=8501)
    sub["app"].add_argument("--host", default="127.0.0.1")
    sub["ask"].add_argument("question")
    sub["ask"].add_argument("--context", help="the previous turn")
    sub["approve"].add_argument("plan_id", metavar="PLAN_ID")
    for name in ("recommend", "judge", "max-batch"):
        _add_scope(sub[name])
    sub["recommend"].add_argument("--batch-size", required=True)
    sub["judge"].add_argument("--batch-size", required=True)
    sub["judge"].add_argument("--learning-rate", required=True)
    sub["max-batch"].add_argument("--learning-rate", required=True)
    sub["scaling"].add_argument("--workload")
    sub["scaling"].add_argument("--optimizer")
    for name in ("ask", "recommend", "judge", "max-batch"):
        sub[name].add_argument("--details", action="store_true")
    _add_exclude(sub["ask"], sub["recommend"], sub["judge"], sub["max-batch"])
    _add_verify(sub["verify"])
    _add_study(sub["study"])
    _add_speed(sub["speed"])
    sub["jobs"].add_argument(
        "action",
        nargs="?",
        default="list",
        choices=("list", "show", "cancel", "resume"),
    )
    sub["jobs"].add_argument("id", nargs="?")
    _add_import(sub["import"])
    _add_tell(sub["tell"])
    sub["export"].add_argument("path", metavar="PATH")
    sub["export"].add_argument("--table", default="runs")
    sub["sql"].add_argument("query", metavar="SELECT")
    sub["workloads"].add_argument(
        "action", nargs="?", default="list", choices=("list", "describe")
    )
    _add_mcp(sub["mcp"])
    sub["workloads"].add_argument("name", nargs="?")
    sub["workloads"].add_argument(
        "--option", action="append", default=[], metavar="KEY=VALUE"
    )
    return parser


def _add_scope(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workload", required=True)
    parser.add_argument("--optimizer")
    parser.add_argument("--recipe")
    parser.add_argument("--device")
    parser.add_argument("--horizon", type=int, metavar="STEPS")
    parser.add_argument("--risk", type=float)
    _add_precision(parser)


# What is said of a file beside its pairs: fields of knowledge.importers FileOptions.
FILE_OPTIONS = (
    "workload batch_size learning_rate optimizer recipe metric goal devices "
    "accumulation rows"
).split()


def _add_import(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", metavar="PATH")
    parser.add_argument("--format", default=AUTO, choices=(AUTO, *FORMATS))
    choices = {"goal": ("min", "max"), "rows": ("runs", "history")}
    for name in FILE_OPTIONS:
        parser.add_argument(f"--{name.replace('_', '-')}", choices=choices.get(name))
    for option, metavar in (("map", "FIELD=COLUMN"), ("outcome-of", "STATE=OUTCOME")):
        parser.add_argument(f"--{option}", action="append", default=[], metavar=metavar)
    parser.add_argument("--dry-run", action="store_true")


def _add_precision(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--precision", help="fp32, or bf16: mixed, faster where it is")


def _add_exclude(*parsers: argparse.ArgumentParser) -> None:
    for parser in parsers:
        parser.add_argument(
            "--exclude",
            action="append",
            default=[],
            metavar="ID",
            help="leave out one run or claim, to see how much it matters",
        )


def _add_verify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workload", required=True)
    parser.add_argument("--batch-size", required=True, metavar="N[,N...]")
    parser.add_argument("--learning-rate", metavar="X[,X...]")
    parser.add_argument("--optimizer")
    parser.add_argument("--recipe")
    parser.add_argument("--device")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--data")
    parser.add_argument("--precision", default="fp32")
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument("--budget", metavar="120s", help="wall clock: 120s, 2m, 1h")
    budget.add_argument("--runs", type=int, help="how many runs to plan")
    budget.add_argument(
        "--examples", type=float, help="how many to train on, over all runs"
    )
    parser.add_argument("--executor", choices=EXECUTORS)
    parser.add_argument("--detach", action="store_true")


def _add_tell(parser: argparse.ArgumentParser) -> None:
    for name in ("workload", "batch-size", "learning-rate"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--outcome", choices=tuple(Outcome), help="how it ended")
    for name in TOLD_OPTIONS:
        metavar, text = _OF_TOLD.get(name, (None, MEANINGS.get(f"--{name}")))
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, metavar=metavar, help=text)
    parser.add_argument("--undo", metavar="ID", help="take back what you told of")


def _add_speed(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workload", required=True)
    parser.add_argument("--batch-size", metavar="N[,N...]", default="")
    parser.add_argument("--recipe")
    parser.add_argument("--device")
    parser.add_argument("--budget", metavar="45s", help="for the steps: 45s, 2m, 1h")


def _add_mcp(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--http", action="store_true", help="over HTTP instead of stdin and stdout"
    )
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="another name by which clients call this server, repeatable",
    )


def _add_study(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action", nargs="?", default="status", choices=("status", "run", "ship")
    )
    parser.add_argument(
        "--full", action="store_true", help="the long study, for days or a GPU"
    )
    parser.add_argument("--budget", metavar="40m", help="wall clock: 90s, 40m, 48h")
    parser.add_argument(
        "--part",
        action="append",
        metavar="NAME",
        help="this part alone, repeatable",
    )
    parser.add_argument("--into", metavar="FOLDER", help="where ship writes the study")
