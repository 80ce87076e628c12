"""The benchmark of starting: it runs the command, and says what it measured where."""

from benchmarks import starting
from tests.hostile_folder import make_hostile_folder


def test_the_command_is_timed_beside_a_python_that_does_nothing(tmp_path):
    ours, yardstick = starting.measure(n_calls=1, question="help", folder=tmp_path)
    assert ours.title == 'lr-advisor ask "help"'
    assert min(ours.cpu, ours.wall, yardstick.cpu, yardstick.wall) > 0
    assert list(tmp_path.iterdir()) == []


def test_it_works_in_a_folder_of_modules_of_our_names(tmp_path, monkeypatch):
    """Also the yardstick: such a folder may hold a `numpy` of its own."""
    monkeypatch.chdir(make_hostile_folder(tmp_path / "hostile"))
    ours, yardstick = starting.measure(n_calls=1, question="help")
    assert (ours.n, yardstick.n) == (1, 1)


def test_the_markdown_names_the_machine_and_the_ratio():
    ours = starting.Cost("a", 7, cpu=0.6, wall=0.9)
    text = starting.markdown(ours, starting.Cost("b", 7, cpu=0.2, wall=0.3))
    assert "cores" in text.splitlines()[0]
    assert text.splitlines()[-1] == "| ratio | | 3.0 | 3.0 |"
