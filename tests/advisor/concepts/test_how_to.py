"""What begins with "How do I ...?" is answered with a command and the page that has "
"more."""

import re
from pathlib import Path

import pytest

from advisor.concepts.how_to import HOW_TOS, how_to_text

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("How do I import my wandb export?", "docs/how-to/import-runs.md"),
        ("how can I get my optuna study in here", "docs/how-to/import-runs.md"),
        ("my csv has other columns, how do I map them", "docs/how-to/import-runs.md"),
        ("how do I add my own model", "docs/how-to/add-a-workload.md"),
        ("can I use my own dataset", "docs/how-to/add-a-workload.md"),
        ("how do I use it on a GPU?", "docs/how-to/use-a-gpu.md"),
        ("how do I cancel a run", "docs/reference/cli.md"),
        ("how do I stop a check that runs", "docs/reference/cli.md"),
        ("how do I export the runs", "docs/how-to/import-runs.md"),
        ("how do I undo what I told?", "docs/reference/cli.md"),
        (
            "how do I delete an observation I entered by mistake",
            "docs/reference/cli.md",
        ),
        (
            "how do I move the store to another computer",
            "docs/how-to/back-up-a-store.md",
        ),
        ("how do I connect it to my agent", "docs/how-to/use-from-an-agent.md"),
        (
            "how do I switch on the language model",
            "docs/how-to/use-a-language-model.md",
        ),
        ("how do I run the study again", "docs/how-to/run-the-study.md"),
        ("how can I uninstall this?", "docs/how-to/your-data.md"),
        ("where is my data kept", "docs/how-to/your-data.md"),
        ("can it send my runs anywhere?", "docs/how-to/your-data.md"),
        ("how come the port is taken", "docs/how-to/troubleshoot.md"),
        ("how do I mend a blank page", "docs/how-to/troubleshoot.md"),
        ("how do I install it", "docs/install.md"),
    ],
)
def test_the_page_that_is_asked_about_is_named(text, page):
    assert how_to_text(text).endswith(f"More in {page}.")


@pytest.mark.parametrize("text", ["hello", "what can you do?", "thanks", ""])
def test_what_asks_for_nothing_to_be_done_is_left_to_general_help(text):
    assert how_to_text(text) is None


@pytest.mark.parametrize("how", HOW_TOS, ids=lambda how: how.page)
def test_each_page_exists_and_each_command_stands_in_the_docs(how):
    assert (ROOT / how.page).is_file()
    pages = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]
    written = " ".join(p.read_text(encoding="utf-8") for p in pages)
    for command in re.findall(r"`([^`]+)`", how.text):
        first = " ".join(command.split()[:2])
        assert first in written, command
