"""How workloads are found: those built in, and those that were added."""

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


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": "realface"}, "taken by RealFace"),
        ({"name": "Mine"}, "lower case"),
        ({"name": "mine@1/2"}, "no @"),
        ({"recipes": ("sgd", "none such")}, "no recipe is named 'none such'"),
    ],
)
def test_a_spec_that_cannot_be_asked_about_is_not_taken(change, reason):
    with pytest.raises(ValueError, match=reason):
        Registry(BUILT_IN).register(replace(DIGITS, **change))


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
