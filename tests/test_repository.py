"""The repository itself: what exists is documented, and every link leads somewhere."""

import argparse
import ast
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import pytest

from advisor.answers.wording import recommendation_text
from advisor.cli.arguments import COMMANDS, build_parser
from advisor.service import Advisor
from advisor.settings import Settings
from experiments.workloads.registry import WORKLOADS
from knowledge import errors
from knowledge.recipes import RECIPES
from knowledge.records import Claim, Forecast, Run, Throughput
from knowledge.store.migrations import migrate
from knowledge.store.tables import TABLES
from tests import waiting
from tests.at_start import sitecustomize
from tests.test_architecture import FLOORS

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
# Said once at the top of the page, or part of every argparse command.
COMMON_OPTIONS = {
    "--help",
    "--json",
    "--store",
    "--no-seeds",
    "--no-study",
    "--no-library",
}
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
FLAGS = re.MULTILINE | re.DOTALL
# Folders whose paths, and packages whose modules, are named in pages and docstrings.
FOLDERS = "knowledge|experiments|advisor|benchmarks|tests|docs"
NAMED_PATH = re.compile(rf"(?<![\w./-])((?:{FOLDERS})/[\w./*-]*[\w*/])")
NAMED_MODULE = re.compile(r"\b((?:knowledge|experiments|advisor|benchmarks)(?:\.\w+)+)")
CODE = re.compile(r"`[^`\n]+`|\]\([^)\s]+\)|python -m [\w.]+")
MAP_LINE = re.compile(r"^(\w+/?) {2,}(\S.*)$", re.MULTILINE)
# Homes and working folders of the machines this was written on, and the folder beside
# the checkout. LR_ADVISOR_SHARED is how a test may be told of it.
PRIVATE = re.compile(r"(?<![\w.])/(?:work|root|home/\w+|Users/\w+|opt)/|\.\./shared\b")
MAY_NAME_SHARED = "LR_ADVISOR_SHARED"
MAX_BYTES = 1_000_000
# Words of ours that readers stumbled over; the glossary says what is said instead.
HOUSE_WORDS = re.compile(
    r"\b(stands?|stood|anew|octaves?|lapses?|siblings?|relatives|boundar(?:y|ies)|thresholds?|"
    r"merely|shall|thin|in place of|held-back|kept back|cut short|goes? (?:as|with)|"
    r"(?:tells?|telling) most|speaks? (?:of|for)|horizons?)\b",
    re.IGNORECASE,
)
# What is not prose: examples, comments with code, names of things, rows of tables.
NOT_PROSE = re.compile(
    r"^```.*?^```|<!--.*?-->|`[^`\n]+`|\]\([^)]*\)|^!\[[^\n]*|^\|[^\n]*|"
    r"^(?:keywords|ties|related|Source):[^\n]*",
    re.MULTILINE | re.DOTALL,
)


def tracked_files() -> list[Path]:
    """Return the files git tracks or would track, that still exist."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: which files belong to it is not known")
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = [name for name in done.stdout.decode().split("\0") if name]
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def pages() -> list[Path]:
    """Return every Markdown page of the repository."""
    return sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])


def sections(page: str) -> dict[str, str]:
    """Return a reference page's second-level sections by title."""
    text = (DOCS / "reference" / page).read_text(encoding="utf-8")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def anchors(page: Path) -> set[str]:
    """Return the anchors that a page's headings make."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    plain = [re.sub(r"[^\w\- ]", "", title.lower()) for title in HEADING.findall(text)]
    return {title.strip().replace(" ", "-") for title in plain}


def subparsers() -> dict[str, argparse.ArgumentParser]:
    """Return the parser of each command."""
    actions = build_parser()._subparsers
    assert actions is not None
    choices = actions._group_actions[0].choices
    assert isinstance(choices, dict)
    return choices


def test_every_command_is_documented_and_nothing_else() -> None:
    """A page that describes a missing command is as bad as the reverse."""
    documented = [title for title in sections("cli.md") if title != "Environment"]
    assert documented == list(COMMANDS) == list(subparsers())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_documented_with_its_command(command: str) -> None:
    """Options are looked up where the command is described."""
    section = sections("cli.md")[command]
    options = {o for a in subparsers()[command]._actions for o in a.option_strings}
    wanted = {o for o in options if o.startswith("--")} - COMMON_OPTIONS
    documented = set(re.findall(r"--[a-z][a-z-]*", section)) - COMMON_OPTIONS
    assert documented == wanted


def test_every_command_that_a_page_shows_can_be_typed() -> None:
    """Whoever copies one must not be told that there is no such option."""
    shown = []
    for page in pages():
        for block in re.findall(r"^```sh\n(.*?)^```", page.read_text("utf-8"), FLAGS):
            one_line = re.sub(r'"[^"]*"', lambda m: m[0].replace("\n", " "), block)
            lines = re.sub(r"\\\n\s*", " ", one_line).splitlines()
            shown += [line for line in lines if re.search(r"\blr-advisor ", line)]
    assert len(shown) >= 30
    refused = []
    for line in shown:
        words = shlex.split(line, comments=True)
        names = [i for i, w in enumerate(words) if w.endswith("lr-advisor")]
        try:
            build_parser().parse_args(words[names[-1] + 1 :] if names else [])
        except SystemExit:
            refused.append(line)
    assert refused == []


def test_every_table_and_column_is_documented_in_order() -> None:
    """The columns are read from a database of the newest schema."""
    documented = {
        title: re.findall(r"^\| `(\w+)` \|", section, flags=re.MULTILINE)
        for title, section in sections("schema.md").items()
    }
    with duckdb.connect(":memory:") as con:
        migrate(con)
        actual = {
            table: [row[0] for row in con.execute(f"describe {table}").fetchall()]
            for table in TABLES
        }
    assert documented == actual


def test_the_documented_tables_hold_the_records() -> None:
    """A field added to a record needs a column, and so a line in the docs."""
    with duckdb.connect(":memory:") as con:
        migrate(con)
        for table, record in (
            *(("runs", Run), ("claims", Claim)),
            ("forecasts", Forecast),
            ("throughput", Throughput),
        ):
            columns = {row[0] for row in con.execute(f"describe {table}").fetchall()}
            assert columns == set(record.__dataclass_fields__)


def test_every_workload_and_recipe_is_documented() -> None:
    """`make docs` writes this page."""
    text = (DOCS / "reference" / "workloads.md").read_text(encoding="utf-8")
    missing = [n for n in (*WORKLOADS, *RECIPES) if f"| `{n}` |" not in text]
    assert not missing, f"run `make docs`: {missing} are not in workloads.md"


def test_every_error_is_documented_and_drawn_in_the_tree() -> None:
    """The tree in the module's docstring is what a developer reads first."""
    text = (DOCS / "reference" / "errors.md").read_text(encoding="utf-8")
    kinds = [
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.AdvisorError)
    ]
    assert [n for n in kinds if f"`{n}`" not in text] == [], "run `make docs`"
    assert [n for n in kinds if n not in (errors.__doc__ or "")] == []


def test_every_environment_variable_is_documented() -> None:
    """What changes the program's behaviour is said in one place."""
    section = sections("cli.md")["Environment"]
    used = {
        name
        for room in ("knowledge", "experiments", "advisor")
        for path in (ROOT / room).rglob("*.py")
        for name in re.findall(r"\bLR_ADVISOR_[A-Z_]+", path.read_text("utf-8"))
    }
    assert {name for name in used if f"`{name}`" not in section} == set()


@pytest.mark.parametrize("page", pages(), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_within_the_repository_resolve(page: Path) -> None:
    """Both the file and the heading a link names must be there."""
    broken = []
    for target in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"https?:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


def is_there(name: str) -> bool:
    """Whether a path, a pattern of paths or a dotted name leads to something of ours.

    Of a dotted name the module must exist, and hold what is named in it.
    """
    if "/" in name:
        return "NAME" in name or any(ROOT.glob(name.rstrip("/")))
    *parts, last = name.split(".")
    path = ROOT.joinpath(*parts, last)
    if last == "NAME" or path.is_dir() or path.with_suffix(".py").exists():
        return True
    homes = (ROOT.joinpath(*parts[:n]).with_suffix(".py") for n in (len(parts), -1))
    return any(
        re.search(rf"\b{last}\b", home.read_text("utf-8"))
        for home in homes
        if home.exists()
    )


def docstrings(path: Path) -> Iterator[str]:
    """Yield the docstrings of a source file, without the examples in them."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, kinds) and (text := ast.get_docstring(node)):
            yield re.sub(r"^ *(>>>|\.\.\.).*$", "", text, flags=re.MULTILINE)


def test_every_path_and_module_a_page_names_exists() -> None:
    """The log is of its days and may name what is gone; so may older versions."""
    broken = []
    for page in pages():
        if page == DOCS / "dev" / "log.md":
            continue
        text = page.read_text(encoding="utf-8")
        if page.name == "CHANGELOG.md":
            text = "## [".join(text.split("\n## [")[:2])
        named = " ".join(CODE.findall(text))
        found = {*NAMED_PATH.findall(named), *NAMED_MODULE.findall(named)}
        broken += [(page.name, name) for name in sorted(found) if not is_there(name)]
    assert broken == []


def test_every_path_and_module_a_docstring_names_exists() -> None:
    """Whoever reads a module goes on where it points."""
    broken = [
        (path.relative_to(ROOT).as_posix(), name)
        for room in ("knowledge", "experiments", "advisor", "benchmarks")
        for path in sorted((ROOT / room).rglob("*.py"))
        for text in docstrings(path)
        for name in (*NAMED_PATH.findall(text), *NAMED_MODULE.findall(text))
        if not is_there(name)
    ]
    assert broken == []


def test_a_name_that_leads_nowhere_is_told_from_one_that_leads_somewhere() -> None:
    """The checks above are worth no more than this."""
    there = "advisor/rates.py advisor/ui/ docs/*.md advisor.rates advisor.ui.pages"
    assert all(map(is_there, there.split()))
    assert is_there("advisor.rates.rate_text")
    gone = "advisor/nowhere advisor/nothing.py docs/*.rst advisor.nowhere.ask"
    assert not any(map(is_there, [*gone.split(), "advisor.rates.no_such_name"]))


@pytest.mark.parametrize(
    "room",
    [
        path.parent
        for package in ("knowledge", "experiments", "advisor", "benchmarks/two_seeds")
        for path in sorted((ROOT / package).rglob("__init__.py"))
    ],
    ids=lambda room: room.relative_to(ROOT).as_posix(),
)
def test_the_map_of_a_room_names_each_of_its_modules_and_no_other(room: Path) -> None:
    """`__init__.py` is where a stranger looks first."""
    modules = {path.stem for path in room.glob("*.py")} - {"__init__"}
    rooms = {f"{path.name}/" for path in room.iterdir() if any(path.glob("*.py"))}
    text = (room / "__init__.py").read_text(encoding="utf-8")
    assert dict(MAP_LINE.findall(text)).keys() == modules | rooms


def test_every_page_can_be_reached_from_the_index() -> None:
    """A page nobody links to is a page nobody reads."""
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    linked = {(DOCS / t.partition("#")[0]).resolve() for t in LINK.findall(index)}
    unlinked = set(DOCS.rglob("*.md")) - linked - {DOCS / "README.md"}
    assert unlinked == set()


@pytest.mark.parametrize(
    "page",
    [
        *(path for path in pages() if DOCS / "dev" not in path.parents),
        *sorted((ROOT / "knowledge" / "concepts").glob("*.md")),
    ],
    ids=lambda p: p.relative_to(ROOT).as_posix(),
)
def test_no_page_for_readers_uses_words_of_our_own(page: Path) -> None:
    """Each has a plain word; pages that explain one of ours may name it."""
    text = NOT_PROSE.sub("", page.read_text(encoding="utf-8"))
    explained = {"octave.md": {"octave", "octaves"}, "horizon.md": {"horizon"}}
    explained["concepts.md"] = explained["octave.md"] | explained["horizon.md"]
    found = {match[0].lower() for match in HOUSE_WORDS.finditer(text)}
    assert found - explained.get(page.name, set()) == set()


def test_the_picture_is_well_formed_and_names_what_it_shows() -> None:
    """A reader who cannot see it gets its title and description."""
    root = ElementTree.parse(DOCS / "explanation" / "architecture.svg").getroot()
    texts = {el.text for el in root.iter() if el.text}
    assert {"knowledge", "experiments", "supervisor", "workers", "inbox/ archive/"} <= (
        texts
    )
    assert root.find("{http://www.w3.org/2000/svg}desc") is not None
    drawn = set(re.findall(r"\w+", " ".join(texts)))
    rooms = {
        path.parent.name
        for package in ("knowledge", "experiments")
        for path in (ROOT / package).glob("*/__init__.py")
    }
    assert rooms - drawn == set()


def test_the_picture_shows_every_room_on_its_floor() -> None:
    """The floors that the test of imports holds, the top one first."""
    root = ElementTree.parse(DOCS / "explanation" / "architecture.svg").getroot()
    heights: dict[float, set[str]] = {}
    for element in root.iter("{http://www.w3.org/2000/svg}text"):
        if element.get("class") == "name" and element.text:
            heights.setdefault(float(element.get("y", 0)), set()).add(element.text)
    drawn = [names for _, names in sorted(heights.items())]
    assert drawn[: len(FLOORS)] == [set(rooms) for rooms in reversed(FLOORS)]


def test_the_answer_in_the_readme_is_what_a_new_store_says(tmp_path: Path) -> None:
    """Word for word; of numbers only the digits may differ between processors."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    pasted = " ".join(text.split("```text\n")[1].split("```")[0].split())
    with Advisor.open(tmp_path / "s", settings=Settings(tmp_path, n_workers=2)) as new:
        said = recommendation_text(new.recommend("realface", 5, device="cpu"))
    number = re.compile(r"\d+(?:\.\d+)?(?:e-\d+)?")
    assert number.sub("#", pasted) == number.sub("#", said)
    rates = re.compile(r"\d+(?:\.\d+)?e-\d+")
    assert list(map(float, rates.findall(pasted))) == pytest.approx(
        list(map(float, rates.findall(said))), rel=0.05
    )


def test_the_proof_in_the_readme_is_what_the_benchmark_found() -> None:
    """The same rows, rounded to two digits."""
    named = {
        "LR Advisor": "LR Advisor",
        "copy of the nearest batch size": "the rate of the nearest batch size",
        **{
            f"{rule} rule": f"{rule} rule"
            for rule in ("square-root", "inverse", "linear")
        },
        "Gaussian process": "Gaussian process",
    }
    row = re.compile(
        r"^\| \**([\w -]+?)\** \| ([\d.]+)(?: %)? ± ([\d.e+-]+)", re.MULTILINE
    )
    results = (DOCS / "dev" / "results" / "calibration.md").read_text("utf-8")
    table = results.split("**Step Law dense**")[1].split("**Step Law MoE**")[0]
    found = {name: (float(m), float(e)) for name, m, e in row.findall(table)}
    readme = (ROOT / "README.md").read_text("utf-8")
    said = {name: (float(m), float(e)) for name, m, e in row.findall(readme)}
    assert said.keys() == set(named.values())
    for name, words in named.items():
        assert said[words] == pytest.approx(found[name], rel=0.06)


def test_no_file_speaks_of_a_machine_or_of_folders_outside() -> None:
    """A clone elsewhere must work, so nothing may depend on where it was written."""
    found = []
    for path in tracked_files():
        if path == Path(__file__).resolve():
            continue
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        allowed = path.is_relative_to(ROOT / "tests") and any(
            MAY_NAME_SHARED in line for line in lines
        )
        found += [
            f"{path.relative_to(ROOT)}:{number}: {match[0]}"
            for number, line in enumerate(lines, start=1)
            if (match := PRIVATE.search(line))
            and not (allowed and "shared" in match[0])
        ]
    assert found == []


def test_no_file_is_larger_than_a_megabyte() -> None:
    """Databases and data sets do not belong into the history."""
    large = [p for p in tracked_files() if p.stat().st_size > MAX_BYTES]
    assert [p.relative_to(ROOT).as_posix() for p in large] == []


def test_every_dependency_is_pinned_and_has_its_reason() -> None:
    """`pip install -c constraints.txt` must give what was tested."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project.get("optional-dependencies", {})
    pins = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pinned = {line.split("==")[0].lower() for line in pins if "==" in line}

    def names(requirements: list[str]) -> set[str]:
        return {re.split(r"[<>=!~\[; ]", r)[0].lower() for r in requirements}

    needed = names(project["dependencies"])
    # An extra may name others of ours, which has no pin.
    optional = {n for extra in extras.values() for n in names(extra)} - {
        project["name"]
    }
    assert needed | optional <= pinned
    reasons = (DOCS / "dev" / "decisions.md").read_text("utf-8")
    table = reasons.split("## Dependencies")[1].split("\n## ")[0]
    first_cells = re.findall(r"^\| ([\w, -]+) \|", table, flags=re.MULTILINE)
    explained = {name.strip() for cell in first_cells for name in cell.split(",")}
    assert needed - explained == set()


def test_pins_are_exact_and_of_no_special_build() -> None:
    """A local build such as 2.13.0+cpu exists on some machines only."""
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    bad = [p for p in pins if not re.fullmatch(r"[\w.-]+==[\w.]+", p)]
    assert bad == []


def test_no_test_takes_a_fixture_that_does_nothing_by_itself_and_leaves_it() -> None:
    """It reads as if the test were about files, variables or output."""
    by_itself = {"tmp_path", "monkeypatch", "capsys"}
    left = []
    for file in (ROOT / "tests").rglob("test_*.py"):
        for test in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(test, ast.FunctionDef):
                names = {
                    node.id for node in ast.walk(test) if isinstance(node, ast.Name)
                }
                taken = {argument.arg for argument in test.args.args}
                if unused := (by_itself & taken) - names:
                    left.append(f"{file.name}: {test.name} {sorted(unused)}")
    assert left == []


def test_no_test_has_a_limit_of_its_own_or_sleeps() -> None:
    """How a test ends must not hang on the machine: it waits for an event, with the one
    limit of `tests/waiting.py`, and pytest ends what hangs in any other way.
    """
    may_sleep = [Path(waiting.__file__), Path(sitecustomize.__file__)]
    odd = []
    for file in (ROOT / "tests").rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            limits = {
                k.arg: k.value for k in call.keywords if "timeout" in (k.arg or "")
            }
            has_own = any(
                isinstance(v, ast.Constant) and v.value for v in limits.values()
            )
            name = ast.unparse(call.func)
            sleeps = name == "time.sleep" and file not in may_sleep
            waits_for_ever = name.endswith(("urlopen", "wait_procs")) and not limits
            if has_own or sleeps or waits_for_ever:
                odd.append(
                    f"{file.relative_to(ROOT)}:{call.lineno}: {ast.unparse(call)}"
                )
    assert odd == []
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    longest = settings["tool"]["pytest"]["ini_options"]["timeout"]
    assert waiting.LIMIT_SECONDS < longest < 2 * waiting.LIMIT_SECONDS
