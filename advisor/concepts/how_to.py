"""Answers to "how do I ...?": a sentence with the command, and the page that has more.

A test holds each command against the page it names, so that none outlives it.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class HowTo:
    """What to do in a sentence or two; `page` is a file of this program's docs."""

    asked: re.Pattern[str]
    text: str
    page: str

    @property
    def in_full(self) -> str:
        """The text with its page."""
        return f"{self.text} More in {self.page}."


def _how_to(asked: str, text: str, page: str) -> HowTo:
    return HowTo(re.compile(rf"\b(?:{asked})", re.IGNORECASE), text, f"docs/{page}")


# The first that is asked about is the answer, so what is special stands first.
_IMPORT = (
    "Run `lr-advisor import FILE --workload NAME --dry-run` in a terminal, then again "
    "without `--dry-run`; or upload the file under Evidence, Import. Files of W&B, "
    "Optuna, MLflow, TensorBoard and of trainers are read, and tables with any columns "
    "(`--map FIELD=COLUMN`). What a file does not say is asked for, never guessed."
)
HOW_TOS = (
    _how_to(r"import|upload", _IMPORT, "how-to/import-runs.md"),
    _how_to(
        r"back ?up|restore|(?:move|copy|moving)\b.{0,20}\b(?:store|computer|"
        r"everything)|"
        r"store\b.{0,12}\b(?:disk|kept|is)|where.{0,12}\bstore|(?:update|updating) it|"
        r"conversations? kept|my conversations",
        "A store is one folder, with the conversations in it; `lr-advisor doctor` "
        "prints "
        "where. Copy it while nothing is trained. To restore it, put it back and name "
        "it "
        "with `--store`.",
        "how-to/back-up-a-store.md",
    ),
    _how_to(
        r"uninstall|(?:remove|delete|get rid of)\b.{0,12}\b(?:program|everything|app|"
        r"all of it)\b|my data\b|(?:data|files?) (?:go|kept|stored|saved)\b|cache\b|"
        r"privacy|phone home|telemetry|leaves?\b.{0,12}\b(?:machine|computer)|"
        r"sen[dt]\b.{0,20}\b(?:anywhere|home|internet|outside|cloud)",
        "Everything is in one folder, which `lr-advisor doctor` prints, and a cache of "
        "pictures; delete both to remove it. Nothing leaves this machine unless you "
        "switch on a language model.",
        "how-to/your-data.md",
    ),
    _how_to(
        r"command not found|not found\b|port\b.{0,20}\b(?:taken|use|busy|available)|"
        r"\b40[13]\b|blank page|empty page|page stays|does(?:n'?t| not) "
        r"(?:start|open|work)|wo(?:n'?t|nt) (?:start|open)|disk is full|disk full",
        "`lr-advisor doctor` checks the store and names versions and the device.",
        "how-to/troubleshoot.md",
    ),
    _how_to(
        r"undo|take back|(?:delete|remove|get rid of)\b.{0,24}\b(?:observation|report|"
        r"told|"
        r"entered|mistake)",
        "What you told of a run is taken back with `lr-advisor tell --undo ID`; its id "
        "was shown when it was kept. In chat, say that you take it back. Answers are "
        "then as before.",
        "reference/cli.md",
    ),
    _how_to(
        r"(?:tell|report)\b.{0,30}\b(?:run|saw|you)\b|run i did",
        "Say in chat what you saw and confirm it, or run `lr-advisor tell --workload W "
        "--batch-size N --learning-rate X --outcome O`.",
        "how-to/import-runs.md",
    ),
    _how_to(
        r"(?:add|bring|use)\b.{0,24}\bown (?:model|workload|data ?set|network)|"
        r"add\b.{0,14}\b(?:model|workload|network)|own (?:model|workload)",
        "Runs of a model that is trained elsewhere are imported, no code needed. To "
        "have "
        "it trained here, write a file for it and name it in `LR_ADVISOR_WORKLOADS`.",
        "how-to/add-a-workload.md",
    ),
    _how_to(
        r"export|share\b|to (?:csv|parquet|json)\b",
        "`lr-advisor export runs.csv` writes the table `runs`, as `.csv`, `.parquet` "
        "or "
        "`.json` by the ending of the path; `import` reads it elsewhere.",
        "how-to/import-runs.md",
    ),
    _how_to(
        r"cancel\b|(?:stop|abort|end)\b.{0,24}\b(?:run|check|job|test|verification)|"
        r"stop (?:it|them)",
        'Say "cancel job 3" here and confirm it, or run `lr-advisor jobs cancel ID`. '
        "What was cancelled resumes at its last checkpoint with `jobs resume ID`.",
        "reference/cli.md",
    ),
    _how_to(
        r"mcp|agents?\b|claude|assistant",
        "Start `lr-advisor mcp` from the list of servers of the agent's client. It "
        "takes "
        "the extra `mcp`.",
        "how-to/use-from-an-agent.md",
    ),
    _how_to(
        r"language model|llms?\b|wording",
        "Set `LR_ADVISOR_LLM_BASE_URL` and `LR_ADVISOR_LLM_MODEL` to a server of your "
        "own or another's. Without them nothing is sent anywhere.",
        "how-to/use-a-language-model.md",
    ),
    _how_to(
        r"(?:own |training |my )loop|recorder|lightning|callbacks?|"
        r"record\b.{0,20}\bruns?|"
        r"keras|transformers",
        "Import what your trainer logs: a Lightning `metrics.csv`, a Keras CSV, a "
        "trainer_state.json, or a table. `lr-advisor import PATH... --dry-run` says "
        "what "
        "would be added.",
        "how-to/import-runs.md",
    ),
    _how_to(
        r"bring|load\b|wandb|w&b|mlflow|optuna|tensorboard|trainer_state|"
        r"csv|columns?|formats?\b|folder|get\b.{0,20}\bin(?:to)?\b",
        _IMPORT,
        "how-to/import-runs.md",
    ),
    _how_to(
        r"gpu|cuda|graphics card|video card",
        "Install the build of PyTorch with CUDA (pip finds it on Linux), then add "
        '`--device cuda`, or say "on cuda" here. `lr-advisor doctor` shows what is '
        "found.",
        "how-to/use-a-gpu.md",
    ),
    _how_to(
        r"study",
        "`make study` runs it on two cores in 40 minutes, `make study-full` in 48 "
        "hours; "
        "`lr-advisor study run` takes another budget. `--no-study` leaves it out.",
        "how-to/run-the-study.md",
    ),
    _how_to(
        r"sql|query",
        'Under Evidence, SQL, or with `lr-advisor sql "select * from trials"`: one '
        "SELECT, on a copy.",
        "reference/cli.md",
    ),
    _how_to(
        r"port\b|browser|start the app|open the app|dark mode|server\b",
        "`lr-advisor app` serves the app, at the port that `--port N` names; without a "
        'browser, `lr-advisor ask "..."` answers in the terminal.',
        "reference/cli.md",
    ),
    _how_to(
        r"error|refused",
        "Each message says what was wrong and what to do.",
        "reference/errors.md",
    ),
    _how_to(
        r"workers?\b|second machine|another machine|machines",
        "`LR_ADVISOR_WORKERS` is the number of training processes at once on this "
        "machine.",
        "reference/cli.md",
    ),
    _how_to(
        r"install|start|command line|terminal|json|version|documentation|docs\b|manual|"
        r"verif|check",
        "`make app` installs and serves the app; `lr-advisor --help` lists the "
        "commands, "
        "most of which take `--json`.",
        "install.md",
    ),
)
_ASKS_HOW = re.compile(
    r"\b(?:how|where|way to|possible|can (?:i|it|you)|could (?:i|you)|do i need|is "
    r"there|"
    r"what (?:columns|file|does the import)|import|export|undo)\b",
    re.IGNORECASE,
)


def how_to_text(text: str) -> str | None:
    """Return what to do and where there is more; None where none of it is asked.

    >>> how_to_text("how do I undo what I told you?").endswith("docs/reference/cli.md.")
    True
    """
    if not _ASKS_HOW.search(text):
        return None
    found = next((one for one in HOW_TOS if one.asked.search(text)), None)
    return found.in_full if found else None
