"""Mutations: made in one place or not at all, and tests that end red or green."""

import subprocess

import pytest

from benchmarks.mutations import (
    MUTATIONS,
    Mutation,
    MutationError,
    apply,
    copy_checkout,
    find_tests,
    run_tests,
)

WRONG_SUM = Mutation(
    "no sum", "return a + b", "return a - b", ("test_sums.py",), "four"
)


@pytest.fixture
def checkout(tmp_path):
    """A small program of one function, with its test."""
    files = {
        "product/__init__.py": "",
        "product/deep/sums.py": "def plus(a, b):\n    return a + b\n",
        "tests/test_sums.py": (
            "from product.deep.sums import plus\n\n\n"
            "def test_two_and_two_are_four():\n    assert plus(2, 2) == 4\n"
        ),
        "benchmarks/same.py": "def plus(a, b):\n    return a + b\n",
        "pytest.ini": "[pytest]\npythonpath = .\nmarkers = browser: none here\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_fault_that_a_test_notices_is_red_and_named(checkout):
    tests = find_tests(checkout, WRONG_SUM.tests)
    assert run_tests(checkout, tests, WRONG_SUM.words) == ("green", "")
    assert apply(WRONG_SUM, checkout) == checkout / "product/deep/sums.py"
    first = "tests/test_sums.py::test_two_and_two_are_four"
    assert run_tests(checkout, tests, WRONG_SUM.words) == ("red", first)


def test_a_fault_that_no_test_notices_is_green(checkout):
    tests = find_tests(checkout, ["test_sums.py"])
    apply(Mutation("x", "return a + b", "return b + a", (), "x"), checkout)
    assert run_tests(checkout, tests, "four")[0] == "green"


def test_a_text_that_is_gone_is_said_loudly_and_nothing_is_edited(checkout):
    with pytest.raises(MutationError, match="stands 0 times"):
        apply(Mutation("x", "return a * b", "return a", (), "x"), checkout)


def test_a_text_in_two_places_is_said_with_both(checkout):
    path = checkout / "product/more.py"
    path.write_text("def also(a, b):\n    return a + b\n")
    with pytest.raises(MutationError, match=r"2 times: .*sums\.py.*more\.py"):
        apply(WRONG_SUM, checkout)
    assert "a + b" in path.read_text()


def test_what_is_no_python_afterwards_is_no_mutation(checkout):
    with pytest.raises(MutationError, match="no Python"):
        apply(Mutation("x", "return a + b", "return a +", (), "x"), checkout)


def test_a_test_file_that_is_gone_is_said(checkout):
    with pytest.raises(MutationError, match=r"called test_none\.py"):
        find_tests(checkout, ["test_none.py"])


def test_tests_that_cannot_be_run_are_neither_red_nor_green(checkout):
    with pytest.raises(MutationError, match="ended with 4"):
        run_tests(checkout, ["tests/no_such_file.py"], "x")


def test_a_copy_holds_what_git_tracks_as_it_is_now(checkout, tmp_path_factory):
    git = ["git", "-C", str(checkout)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "product", "tests"], check=True)
    (checkout / "product/deep/sums.py").write_text("changed = 1\n")
    (checkout / "tests/test_sums.py").unlink()
    into = tmp_path_factory.mktemp("copy")
    copy_checkout(checkout, into)
    copied = {str(p.relative_to(into)) for p in into.rglob("*") if p.is_file()}
    assert copied == {"product/__init__.py", "product/deep/sums.py"}
    assert (into / "product/deep/sums.py").read_text() == "changed = 1\n"


def test_every_mutation_has_a_name_of_its_own_and_changes_something():
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS)
    assert all(mutation.old != mutation.new for mutation in MUTATIONS)
