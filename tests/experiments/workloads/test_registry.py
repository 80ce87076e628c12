"""How workloads are found: those built in, and those that were added."""

import math
import os
from dataclasses import fields, replace
from pathlib import Path

import pytest

from experiments.workloads.protocol import build_task, describe
from experiments.workloads.registry import (
    BUILT_IN,
    FILES_VARIABLE,
    WORKLOADS,
    Registry,
    examples_per_item,
    find_spec,
    get_spec,
)
from experiments.workloads.spec import SettingsSnippet
from knowledge.errors import SettingsError, UnknownWorkloadError
from knowledge.names import GROUPS, WorkloadName
from knowledge.records import RunConfig

DIGITS = get_spec("digits_mlp")
FILE = """
from experiments.workloads.spec import WorkloadSpec
WORKLOADS = (WorkloadSpec(
    name="NAME", title="Mine", module=__name__, recipes=("sgd",), metric="loss",
    goal="min", data="made", usual_batch_sizes=(8,), usual_horizon_steps=10,
    seconds_per_step=(1e-4, 1e-6), examples_per_item=2),)
def describe(name, options):
    return name
"""
MINE = FILE.replace("NAME", "mine")


@pytest.fixture
def add(tmp_path, monkeypatch):
    """Write a file and name it in the environment, beside those before it."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text)
        before = os.environ.get(FILES_VARIABLE, "")
        monkeypatch.setenv(FILES_VARIABLE, f"{before}{os.pathsep}{path}")
        return path

    return write


def test_every_workload_stands_under_its_name():
    assert {name: spec.name for name, spec in WORKLOADS.items()} == {
        spec.name: spec.name for spec in BUILT_IN
    }


@pytest.mark.parametrize("spec", BUILT_IN, ids=lambda spec: spec.name)
def test_what_a_spec_says_is_what_its_module_does(spec, few_faces):
    """Its metric is among those measured, and its snippet can be filled in."""
    name = f"{spec.name}@1/64" if spec.can_shrink else spec.name
    config = RunConfig(name, spec.recipes[0], 2, 1e-3, seed=1, steps=9, data=spec.data)
    assert spec.metric in build_task(config).measure()
    if snippet := spec.settings_snippet:
        text = snippet.template.format(learning_rate="6.5e-5", batch_size=5)
        assert "6.5e-5" in text
    assert list(spec.usual_batch_sizes) == sorted(spec.usual_batch_sizes)


def test_names_and_specs_agree_on_what_both_say():
    """Names tell how a batch is counted also of what cannot be trained here."""
    for spec in BUILT_IN:
        assert WorkloadName(spec.name).batch_convention == spec.batch_convention
    assert {spec.name for spec in BUILT_IN if spec.kind == "faces"} == set(GROUPS)


def test_a_spec_that_is_registered_is_found():
    registry = Registry(BUILT_IN)
    registry.register(replace(DIGITS, name="mine"))
    assert list(registry)[-1] == "mine"
    assert len(registry) == len(BUILT_IN) + 1
    registry.register(replace(DIGITS, name="mine"))  # again changes nothing
    assert len(registry) == len(BUILT_IN) + 1


NOT_A_TEXT = ("", " ", None, 3)
NOT_A_COUNT = (0, -1, 1.5, "8", None, True)
NOT_SIZES = ((0,), (8, 4), (4, 4), ("8",), 8, None)
NOT_A_COST = ((), (1.0,), (0.0, 0.0), (-1.0, 1.0), ("a", "b"), (math.nan, 1.0), 3)
WRONG = {
    "name": (*NOT_A_TEXT, "Mine", "mine@1/2"),
    "title": NOT_A_TEXT,
    "module": NOT_A_TEXT,
    "metric": NOT_A_TEXT,
    "data": NOT_A_TEXT,
    "kind": ("", 3),
    "recipes": ((), "sgd", ("sgd", "none such"), None),
    "goal": ("lower", "", None),
    "usual_batch_sizes": (*NOT_SIZES, ()),
    "timed_batch_sizes": NOT_SIZES,
    "usual_horizon_steps": NOT_A_COUNT,
    "examples_per_item": NOT_A_COUNT,
    "largest_batch_size": (0, "8", 511),  # it is trained at up to 512
    "seconds_per_step": (*NOT_A_COST, None),
    "proxy_seconds_per_step": NOT_A_COST,
    "seconds_per_look": (*NOT_A_COST, None),
    "settings_snippet": (
        "rate={learning_rate}",
        SettingsSnippet("liner", "{rate}"),
        SettingsSnippet("liner", "{"),
    ),
}


@pytest.mark.parametrize(
    ("field", "value"), [(field, v) for field, values in WRONG.items() for v in values]
)
def test_a_spec_that_cannot_be_right_is_not_taken_and_its_field_is_named(field, value):
    registry = Registry(BUILT_IN)
    with pytest.raises(ValueError, match=rf"its .*{field}"):
        registry.register(replace(DIGITS, **{field: value}))
    assert len(registry) == len(BUILT_IN)


def test_every_field_is_checked_but_the_switches():
    switches = {field.name for field in fields(DIGITS) if field.type is bool}
    assert {field.name for field in fields(DIGITS)} - switches == set(WRONG)


def test_a_name_that_is_taken_is_not_given_twice():
    with pytest.raises(ValueError, match="taken by RealFace"):
        Registry(BUILT_IN).register(replace(DIGITS, name="realface"))


def test_workloads_of_named_files_are_found_and_built_from_there(add):
    add("one.py", FILE.replace("NAME", "one"))
    add("two words.py", FILE.replace("NAME", "two"))
    assert [name for name in WORKLOADS if name in ("one", "two")] == ["one", "two"]
    assert examples_per_item("one") == 2
    assert find_spec("ONE") == get_spec("one")
    assert find_spec("one@1/2") is None  # it says nothing of narrower copies
    assert describe("two") == "two"


def test_without_the_variable_a_workload_is_unknown_again(add, monkeypatch):
    add("one.py", FILE.replace("NAME", "one"))
    assert find_spec("one") is not None
    monkeypatch.delenv(FILES_VARIABLE)
    assert find_spec("one") is None
    assert examples_per_item("one") == 1
    with pytest.raises(UnknownWorkloadError):
        get_spec("one")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("a = 1", "has no attribute 'WORKLOADS'"),
        ("WORKLOADS = [3]", "WORKLOADS holds what is no WorkloadSpec"),
        (FILE.replace("NAME", "realface"), "the name 'realface' is taken by RealFace"),
        (MINE.replace('goal="min"', 'goal="lower"'), "its goal is 'lower': give min"),
        (MINE.replace("(8,)", "()"), r"its usual_batch_sizes is \(\): give whole"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_the_reason(add, text, reason):
    path = add("broken.py", text)
    with pytest.raises(SettingsError, match=reason) as caught:
        find_spec("one")
    assert str(path) in str(caught.value)


def test_a_file_that_is_not_there_is_named_too(monkeypatch, tmp_path):
    monkeypatch.setenv(FILES_VARIABLE, str(tmp_path / "gone.py"))
    with pytest.raises(SettingsError, match=r"gone\.py, which cannot be used"):
        list(WORKLOADS)


def test_the_page_on_adding_a_workload_names_every_field_and_no_other():
    """Who follows the page must get a spec that can be made."""
    page = Path(__file__).parents[3] / "docs" / "how-to" / "add-a-workload.md"
    table = page.read_text(encoding="utf-8").partition("| field | meaning |")[2]
    rows = table.partition("\n\n")[0].splitlines()
    named = [row.split("`")[1] for row in rows if row.startswith("| `")]
    assert sorted(named) == sorted(field.name for field in fields(type(DIGITS)))
