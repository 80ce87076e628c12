"""The list of workloads, and the page that says how to add one to it."""

import re
from dataclasses import fields
from pathlib import Path

from experiments.workloads.registry import WORKLOADS
from experiments.workloads.spec import WorkloadSpec

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "add-a-workload.md"


def test_the_page_on_adding_a_workload_names_every_field_and_no_other():
    """Who follows the page must get a spec that can be made."""
    text = PAGE.read_text(encoding="utf-8")
    table = text.partition("| field | meaning |")[2].partition("\n\n")[0]
    named = re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)
    assert sorted(named) == sorted(field.name for field in fields(WorkloadSpec))


def test_every_workload_stands_under_its_name_with_a_module_of_that_name():
    """As the page says."""
    for name, spec in WORKLOADS.items():
        assert spec.name == name
        assert spec.module == f"experiments.workloads.{name}"
