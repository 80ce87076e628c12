"""How Sphinx makes the site from the Markdown pages: `make site`.

The pages are those of the repository, at the same paths. What a site needs beyond them
is made here: the menu, from the links of docs/README.md, and a start page.
"""

import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LINK = re.compile(r"\]\(([^)#\s:]+)\.md[^)]*\)")

project, release = "LR Advisor", PROJECT["version"]
author = copyright = "the contributors of LR Advisor"
extensions = ["myst_parser"]
root_doc = "README"
include_patterns = [
    *("*.md", "docs/**.md", "knowledge/concepts/*.md"),
    *("knowledge/published/NOTICE.md", "knowledge/study/README.md"),
    "benchmarks/results/*.md",
]
myst_heading_anchors = 4
html_theme = "furo"
html_title = f"{project} {release}"
html_show_copyright = html_copy_source = html_show_sourcelink = False
# Examples show what a terminal says and sentences of SQL: nothing to colour.
suppress_warnings = ["misc.highlighting_failure"]


# Pages whose own links, to pages outside docs/, are the menu below them.
BESIDE = ("docs/explanation/concepts", "docs/reference/data")


def menu(page: str) -> list[tuple[str, list[str]]]:
    """Return the pages that a page links to, section by section, each once."""
    folder = (ROOT / page).parent
    seen = {root_doc, page.removesuffix(".md")}
    sections: list[tuple[str, list[str]]] = []
    for part in re.split(r"^##? ", (ROOT / page).read_text("utf-8"), flags=re.M)[1:]:
        found = []
        for target in LINK.findall(part):
            name = (folder / target).resolve().relative_to(ROOT).as_posix()
            if name not in seen:
                seen.add(name)
                found.append(name)
        sections.append((part.partition("\n")[0], found))
    return sections


def toctree(caption: str, pages: list[str]) -> str:
    """Return what puts pages into the menu and shows nothing."""
    if not pages:
        return ""
    entries = "".join(f"/{page}\n" for page in pages)
    return f"\n\n```{{toctree}}\n:hidden:\n{caption}\n{entries}```\n"


def add_menu(app: Any, name: str, source: list[str]) -> None:
    """Put the menu behind the start page, and the fields of a concept out of sight."""
    if name == root_doc:
        source[0] += toctree("", ["docs/README"])
        for caption, pages in menu("docs/README.md"):
            source[0] += toctree(f":caption: {caption}\n", pages)
    elif name in BESIDE:
        for _, pages in menu(f"{name}.md"):
            beside = [page for page in pages if page.startswith("knowledge/")]
            source[0] += toctree("", beside)
    if name.startswith("knowledge/concepts/"):
        source[0] = re.sub(r"^(keywords|ties|related): .*\n", "", source[0], flags=re.M)


def add_start(app: Any, error: Exception | None) -> None:
    """Make the start page what a folder of pages opens with."""
    if error is None and (page := Path(app.outdir) / "README.html").exists():
        shutil.copyfile(page, page.with_name("index.html"))


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("source-read", add_menu)
    app.connect("build-finished", add_start)
