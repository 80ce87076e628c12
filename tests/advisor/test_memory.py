"""What is kept for the next question, and what has to go."""

from advisor.memory import Memory


def test_what_was_used_least_goes_first():
    memory = Memory[int](limit=2)
    memory.keep("a", 1)
    memory.keep("b", 2)
    memory.find("a")
    memory.keep("c", 3)
    assert (memory.find("a"), memory.find("b"), memory.find("c")) == (1, None, 3)


def test_weights_count_and_not_the_number_of_values():
    memory = Memory[str](limit=10)
    memory.keep("small", "s", weight=1)
    memory.keep("large", "l", weight=9.5)
    assert memory.find("small") is None
    assert memory.find("large") == "l"


def test_a_value_heavier_than_everything_is_kept_until_the_next():
    memory = Memory[str](limit=1)
    memory.keep("huge", "h", weight=50)
    assert memory.find("huge") == "h"
    memory.keep("next", "n")
    assert memory.find("huge") is None


def test_replacing_a_value_does_not_count_it_twice():
    memory = Memory[int](limit=3)
    memory.keep("b", 0)
    for value in range(20):
        memory.keep("a", value)
    assert (memory.find("a"), memory.find("b")) == (19, 0)


def test_a_result_of_none_is_remembered_as_well():
    calls = []
    memory = Memory[None](limit=3)
    for _ in range(3):
        memory.remember("a", lambda: calls.append(1))
    assert len(calls) == 1
