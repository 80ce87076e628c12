"""The picture in docs/explanation/architecture.md, kept true: who may import whom.

Imports are read from the source, those inside functions too, so a rule fails with the
file and line that breaks it.
"""

import ast
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from advisor.service import Advisor
from tests.waiting import LIMIT_SECONDS

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("knowledge", "experiments", "advisor")
OURS = (*ROOMS, "streamlit_app")
KNOWLEDGE_FOR_EXPERIMENTS = tuple(
    f"knowledge.{name}"
    for name in (
        *("records", "outcome", "errors", "names", "recipes", "inbox", "version"),
        "python_process",
    )
)
# The rooms of `advisor`, bottom first. A module imports only from rooms that stand in a
# row below its own; rooms in one row do not know each other.
FLOORS = (
    ("rates", "estimates", "memory"),
    ("checks",),
    ("evidence", "reading", "words", "settings"),
    ("statistics",),
    ("planning", "track_record"),
    ("answers", "scaling"),
    ("diagnosis", "concepts", "charts", "running"),
    ("conversation", "study", "doctor"),
    ("phrasing",),
    ("service",),
    ("ui", "agents"),
    ("cli",),
)
# Where there are the words of one thing each, and nothing but values come and go.
PURE_ROOMS = (
    *("evidence", "statistics", "planning", "answers", "scaling", "diagnosis"),
    *("reading", "charts"),
)
IMPURE = tuple(
    f"advisor/{name}.py"
    for name in (
        *("evidence/library", "statistics/kept_fits", "statistics/fitting"),
        "planning/timings",
        *("planning/planner", "planning/reach"),
        *("answers/answers", "answers/evidence_rows"),
        "scaling/published",
        *("scaling/findings", "scaling/referee", "reading/learned", "reading/text"),
    )
)
# Only what trains may load torch; these start and count the processes that train.
TORCH_FREE_EXPERIMENTS = (
    *("experiments/workloads/spec.py", "experiments/workloads/registry.py"),
    *("experiments/jobs/records.py", "experiments/jobs/queue.py"),
    *("experiments/jobs/leases.py", "experiments/jobs/queue_file.py"),
    *("experiments/jobs/endings.py", "experiments/executors", "experiments/machine.py"),
    "experiments/training/schedules.py",
)
# Clock, chance, processes, network, files and databases: a pure module knows none.
SIDE_EFFECTS = (
    *"os pathlib shutil subprocess socket sqlite3 tempfile threading time".split(),
    *"random requests urllib duckdb streamlit torch filelock psutil".split(),
    *"knowledge.store knowledge.inbox experiments.executors".split(),
    *"experiments.jobs.worker experiments.training.loop".split(),
    *"experiments.training.run_folder experiments.jobs.queue.Queue".split(),
    *"advisor.service advisor.running advisor.ui".split(),
)
# What a pure module must not even load by way of others of ours. That some of them read
# a file of the program once, or a clock for somebody else, does it no harm.
DATABASES_AND_PROCESSES = (
    *"sqlite3 duckdb psutil subprocess socket filelock torch streamlit".split(),
    *"knowledge.store experiments.jobs.queue experiments.jobs.leases".split(),
    *"experiments.jobs.queue_file experiments.executors".split(),
)
# Sizes beyond which there is a second idea in a thing; each exception has its reason:
# the store is a list of short methods.
MOST_FILES, MOST_CLASS_LINES, MOST_PARAMETERS = 20, 300, 8
LARGER_FOLDERS = ("advisor/reading",)
LARGER_CLASSES = ("Store",)


@dataclass(frozen=True)
class Import:
    """One imported name: `from a import b` is `a.b`, with the place it stands at."""

    file: str
    line: int
    name: str

    def is_of(self, modules: Sequence[str]) -> bool:
        """Whether the name is one of the modules or something inside one."""
        return any(self.name == m or self.name.startswith(f"{m}.") for m in modules)

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.name}"


def imports_of(source: str, file: str) -> Iterator[Import]:
    """Yield every import of a source text, wherever in the file it stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(file, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for alias in node.names:
                yield Import(file, node.lineno, f"{module}.{alias.name}")
        elif isinstance(node, ast.Call) and node.args:
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else ""
            name = called.id if isinstance(called, ast.Name) else name
            first = node.args[0]
            if name in ("import_module", "__import__") and isinstance(
                first, ast.Constant
            ):
                yield Import(file, node.lineno, str(first.value))


@cache  # a file is loaded by way of many
def loaded_with(source: str, file: str) -> list[Import]:
    """Return the imports that are carried out as soon as a source text is loaded.

    Not those inside functions, nor those for type checkers alone.
    """
    late = {
        inner
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        or (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
        for inner in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    return [found for found in imports_of(source, file) if found.line not in late]


def loaded_by_way_of(file: str, sources: Mapping[str, str]) -> list[Import]:
    """Return the imports carried out in a file and in all of ours that it loads.

    Args:
        file: Where to start.
        sources: Each file's source text.
    """
    homes = {module_of(name): name for name in sources}
    found, waiting, seen = [], [file], {file}
    while waiting:
        at = waiting.pop()
        for each in loaded_with(sources[at], at):
            found.append(each)
            home = homes.get(each.name) or homes.get(each.name.rpartition(".")[0])
            if home and home not in seen:
                seen.add(home)
                waiting.append(home)
    return found


def module_of(file: str) -> str:
    """Return the dotted name of a file's module."""
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def our_files() -> list[str]:
    """Return every source file of the program, relative to the repository."""
    found = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    found += ROOT.glob("streamlit_app.py")
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def our_imports() -> list[Import]:
    """Return every import of every source file of the program."""
    return [
        found
        for file in our_files()
        for found in imports_of((ROOT / file).read_text(encoding="utf-8"), file)
    ]


def assert_none(offences: Sequence[Import], why: str) -> None:
    """Fail with one offending line each."""
    assert not offences, "\n".join([why, *map(str, offences)])


def in_room(found: Import, *places: str) -> bool:
    """Whether an import stands in one of the folders or files."""
    return any(
        found.file == p or found.file.startswith(f"{p.rstrip('/')}/") for p in places
    )


def is_pure(file: str) -> bool:
    """Whether a module stands in a pure room or says that it is pure at its top."""
    text = ast.get_docstring(ast.parse((ROOT / file).read_text(encoding="utf-8"))) or ""
    in_pure_room = any(file.startswith(f"advisor/{room}/") for room in PURE_ROOMS)
    return (in_pure_room and file not in IMPURE) or "(pure)" in text.partition("\n\n")[
        0
    ]


def floor_of(name: str) -> int | None:
    """Return the floor of a module of `advisor`, from 1; None of a name of no room."""
    parts = name.split(".")
    for number, rooms in enumerate(FLOORS, 1):
        if len(parts) > 1 and parts[0] == "advisor" and parts[1] in rooms:
            return number
    return None


def room_of(name: str) -> str:
    """Return the room a module or an imported name stands in."""
    return ".".join(name.split(".")[:2])


def modules_of(*places: str) -> list[str]:
    """Return the dotted names of our modules under the given folders or files."""
    return [
        module_of(file) for file in our_files() if in_room(Import(file, 0, ""), *places)
    ]


def loaded_by(modules: Sequence[str], *, suspects: Sequence[str]) -> list[str]:
    """Import modules in a fresh interpreter; return which suspects came along."""
    code = (
        "import importlib, sys\n"
        f"for name in {list(modules)!r}: importlib.import_module(name)\n"
        f"print(*[s for s in {list(suspects)!r} if s in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_imports_are_found_wherever_they_stand() -> None:
    """A rule is worth no more than the reading it rests on."""
    source = (
        "import a.b, c as d\n"
        "from e.f import g, h\n"
        "def late():\n"
        "    from i import j\n"
        "    importlib.import_module('k')\n"
        "    __import__('l')\n"
        "from . import m\n"
    )
    found = {(i.line, i.name) for i in imports_of(source, "x.py")}
    assert found == {
        (1, "a.b"),
        (1, "c"),
        (2, "e.f.g"),
        (2, "e.f.h"),
        (4, "i.j"),
        (5, "k"),
        (6, "l"),
        (7, "..m"),
    }


def test_a_name_that_only_begins_alike_is_another_module() -> None:
    """`knowledge.recordsets` must not pass for `knowledge.records`."""
    assert Import("x.py", 1, "knowledge.records.Run").is_of(["knowledge.records"])
    assert not Import("x.py", 1, "knowledge.recordsets").is_of(["knowledge.records"])


def test_an_offence_is_reported_with_its_file_and_line() -> None:
    """Whoever breaks a rule is told where."""
    with pytest.raises(AssertionError, match=r"store\.py:7 imports torch"):
        assert_none(
            [Import("knowledge/store/store.py", 7, "torch")], "torch has one home"
        )


def test_every_room_has_files_to_check() -> None:
    """A rule over no files would always hold."""
    assert {file.split("/")[0] for file in our_files()} == {*ROOMS, "streamlit_app.py"}


def test_imports_are_absolute() -> None:
    """One name has one home and one spelling."""
    assert_none(
        [i for i in our_imports() if i.name.startswith(".")],
        "Write the whole name of the module.",
    )


def test_knowledge_imports_no_other_room() -> None:
    """Every room speaks in its records, so it stands at the bottom."""
    others = [name for name in OURS if name != "knowledge"]
    assert_none(
        [i for i in our_imports() if in_room(i, "knowledge") and i.is_of(others)],
        "knowledge stands at the bottom and imports none of the other rooms.",
    )


def test_experiments_know_records_and_the_inbox_but_never_the_store() -> None:
    """A crashed worker cannot hurt a store that it does not know."""
    allowed = ("experiments", *KNOWLEDGE_FOR_EXPERIMENTS)
    assert_none(
        [
            i
            for i in our_imports()
            if in_room(i, "experiments") and i.is_of(OURS) and not i.is_of(allowed)
        ],
        f"experiments may import {', '.join(allowed)}, nothing else of ours.",
    )


def test_only_the_app_imports_the_pages() -> None:
    """The answers do not know how they are drawn."""
    assert_none(
        [
            i
            for i in our_imports()
            if i.is_of(["advisor.ui", "streamlit_app"])
            and not in_room(i, "advisor/ui", "streamlit_app.py")
        ],
        "advisor.ui is imported by itself and by streamlit_app.py alone.",
    )


def test_torch_is_loaded_only_by_what_trains() -> None:
    """The chat opens at once on a laptop; a process of its own imports torch."""
    assert_none(
        [
            i
            for i in our_imports()
            if i.is_of(["torch", "torchvision"])
            and (not in_room(i, "experiments") or in_room(i, *TORCH_FREE_EXPERIMENTS))
        ],
        f"torch lives in experiments, but not in {', '.join(TORCH_FREE_EXPERIMENTS)}.",
    )


def test_duckdb_has_its_home_in_knowledge() -> None:
    """Every read-write open stands inside one file lock, in one room."""
    assert_none(
        [
            i
            for i in our_imports()
            if i.is_of(["duckdb"]) and not in_room(i, "knowledge/store")
        ],
        "duckdb has its home in knowledge/store.",
    )


def test_streamlit_has_its_home_in_the_pages() -> None:
    """The same answers come from a terminal and from Python."""
    assert_none(
        [
            i
            for i in our_imports()
            if i.is_of(["streamlit"])
            and not in_room(i, "advisor/ui", "streamlit_app.py")
        ],
        "streamlit has its home in advisor/ui and streamlit_app.py.",
    )


def test_the_mcp_package_has_its_home_in_one_module() -> None:
    """It is an extra: everything else works without it."""
    assert_none(
        [
            i
            for i in our_imports()
            if (i.is_of(["mcp", "mcp_types"]) or i.name == "advisor.agents.server")
            and not in_room(i, "advisor/agents/server.py", "advisor/cli/main.py")
        ],
        "mcp has its home in advisor/agents/server.py, which only the command imports.",
    )


def test_the_modules_named_here_exist() -> None:
    """A renamed module must not slip out of the rules."""
    files = our_files()
    named = (*IMPURE, *TORCH_FREE_EXPERIMENTS)
    missing = [n for n in named if not any(f.startswith(n) for f in files)]
    assert not missing, f"rename them in {Path(__file__).name} too: {missing}"


def test_every_module_of_advisor_stands_in_a_room_of_the_list() -> None:
    """A new room is given its floor first."""
    homeless = [
        module
        for module in modules_of("advisor")
        if module != "advisor" and floor_of(module) is None
    ]
    assert not homeless, f"give them a row in FLOORS: {homeless}"


def test_a_room_imports_only_rooms_below_its_own() -> None:
    """So nothing below the service knows the service; imports for types count."""
    assert_none(
        [
            i
            for i in our_imports()
            if i.file.startswith("advisor/")
            and i.name.startswith("advisor.")
            and room_of(i.name) != room_of(module_of(i.file))
            and (floor_of(i.name) or 0) >= (floor_of(module_of(i.file)) or 0)
        ],
        "A module imports only from rooms below its own: see FLOORS.",
    )


def test_an_import_up_is_told_from_one_down() -> None:
    """The rule above is worth no more than the floors it reads."""
    assert (floor_of("advisor.service.Advisor") or 0) > (
        floor_of("advisor.statistics.threshold") or 0
    )
    assert floor_of("advisor.nowhere.thing") is None


def test_no_module_imports_itself_around_a_circle() -> None:
    """Imports inside functions and for types count as well."""
    sources = {file: (ROOT / file).read_text(encoding="utf-8") for file in our_files()}
    homes = {module_of(file): file for file in sources}
    edges = {
        file: {
            home
            for i in imports_of(text, file)
            if (home := homes.get(i.name) or homes.get(i.name.rpartition(".")[0]))
            and home != file
        }
        for file, text in sources.items()
    }
    while leaves := [file for file, to in edges.items() if not to & edges.keys()]:
        for file in leaves:
            del edges[file]
    assert not edges, f"each of these is imported by what it imports: {sorted(edges)}"


def test_folders_classes_and_functions_hold_one_idea_each() -> None:
    """Beyond these sizes there is a second idea inside."""
    files = our_files()
    modules = [file for file in files if not file.endswith("__init__.py")]  # maps
    per_folder = Counter(str(Path(file).parent) for file in modules)
    offences = [
        f"{folder} holds {count} files"
        for folder, count in per_folder.items()
        if count > MOST_FILES and folder not in LARGER_FOLDERS
    ]
    for file in files:
        for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > MOST_CLASS_LINES and node.name not in LARGER_CLASSES:
                    offences.append(f"{file}: {node.name} has {lines} lines")
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                count = sum(a.arg not in ("self", "cls") for a in given)
                if count > MOST_PARAMETERS:
                    offences.append(f"{file}: {node.name} takes {count} parameters")
    assert not offences, "\n".join(offences)


def test_only_the_rooms_for_it_start_processes() -> None:
    """Whoever reasons starts nothing."""
    assert_none(
        [
            i
            for i in our_imports()
            if i.is_of(["subprocess"])
            and i.file.startswith("advisor/")
            and not in_room(i, "advisor/running", "advisor/cli")
        ],
        "In advisor only running and cli start processes.",
    )


def test_pure_modules_take_and_return_values_only() -> None:
    """Facts at the bottom, pure reasoning in the middle, side effects at the edge."""
    pure = [file for file in our_files() if is_pure(file)]
    assert_none(
        [i for i in our_imports() if in_room(i, *pure) and i.is_of(SIDE_EFFECTS)],
        "A module that calls itself pure has no clock, file, process or database.",
    )


def test_what_a_module_loads_is_followed_through_ours_and_no_further() -> None:
    """Over two modules, not into functions, and around a circle without end."""
    sources = {
        "advisor/a.py": "from advisor.b import thing\nimport numpy\n",
        "advisor/b.py": (
            "import advisor.c\n"
            "if TYPE_CHECKING:\n"
            "    import duckdb\n"
            "def late():\n"
            "    import torch\n"
        ),
        "advisor/c.py": "import sqlite3\nfrom advisor.a import other\n",
    }
    names = [str(i) for i in loaded_by_way_of("advisor/a.py", sources)]
    assert names == [
        "advisor/a.py:1 imports advisor.b.thing",
        "advisor/a.py:2 imports numpy",
        "advisor/b.py:1 imports advisor.c",
        "advisor/c.py:1 imports sqlite3",
        "advisor/c.py:2 imports advisor.a.other",
    ]


def test_pure_modules_load_no_database_and_no_process_by_way_of_others() -> None:
    """Whoever reasons about jobs and runs needs neither the queue nor the store."""
    sources = {file: (ROOT / file).read_text(encoding="utf-8") for file in our_files()}
    assert_none(
        [
            Import(f"{file}, by way of {found.file}", found.line, found.name)
            for file in sources
            if is_pure(file)
            for found in loaded_by_way_of(file, sources)
            if found.is_of(DATABASES_AND_PROCESSES)
        ],
        "A module that calls itself pure loads no database and no process.",
    )


def test_asking_loads_neither_torch_nor_streamlit() -> None:
    """The first answer must not wait for what it does not use."""
    modules = [name for name in modules_of("advisor") if ".ui" not in name]
    assert "advisor.service" in modules
    assert loaded_by(modules, suspects=["torch", "streamlit"]) == []


def test_an_answer_on_known_evidence_loads_only_what_it_needs(tmp_path: Path) -> None:
    """Starting is most of such an answer: it reads, and neither fits nor draws."""
    store, question = str(tmp_path / "store"), "what LR for batch 5 on RealFace?"
    heavy = (
        *"torch streamlit altair pandas pyarrow scipy sklearn skimage PIL".split(),
        *"narwhals joblib networkx mcp asyncio multiprocessing ssl numpy.ma".split(),
        *("advisor.agents.tools", "advisor.phrasing.phrasing"),
        "advisor.charts.threshold",
    )
    with Advisor.open(store) as advisor:
        asked = advisor.ask(question).to_dict()
    code = (
        "import json, sys\n"
        "from advisor.cli.main import main\n"
        f"main(['--store', {store!r}, 'ask', {question!r}, '--json'])\n"
        f"print(json.dumps([name for name in {heavy!r} if name in sys.modules]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    answer, loaded = map(json.loads, done.stdout.splitlines())
    assert answer["text"] == asked["text"]
    assert loaded == []


def test_a_record_with_a_say_in_its_json_is_a_document() -> None:
    """Else who writes a record that holds it would write its bare fields."""
    others = [
        f"{file.relative_to(ROOT)}: {node.name}"
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and node.decorator_list
        if "to_dict" in {getattr(part, "name", None) for part in node.body}
        if "Document" not in map(ast.unparse, node.bases)
    ]
    assert others == []


def test_what_stands_between_two_folders_of_faces_is_written_in_one_place() -> None:
    """Who reads `A::B` asks for the name; what is written thrice is changed once."""
    homes = [
        str(file.relative_to(ROOT))
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value == "::"
    ]
    assert homes == ["knowledge/records.py"]


def test_knowing_and_queueing_runs_loads_no_torch() -> None:
    """Listing workloads and starting workers is done by processes that stay small."""
    modules = [
        "experiments.workloads",
        "experiments.jobs.queue",
        "experiments.executors.processes",
    ]
    assert loaded_by(modules, suspects=["torch", "duckdb", "streamlit"]) == []


def test_a_worker_reaches_its_first_step_without_the_store() -> None:
    """Workers leave record files; only somebody with the store opens a database."""
    assert (
        loaded_by(["experiments.jobs.worker"], suspects=["duckdb", "streamlit"]) == []
    )
