"""Long work says how far it is to who listens, and not too often."""

from knowledge.progress import SECONDS_BETWEEN, heard_by, say


def test_what_is_over_soon_says_nothing_and_long_work_not_too_much():
    now, heard = 0.0, []
    with heard_by(heard.append, clock=lambda: now):
        say("at once")
        for second in range(1, 6):
            now = float(second)
            say(f"after {second} s")
    say("to nobody")
    assert SECONDS_BETWEEN == 2.0
    assert heard == ["after 2 s", "after 4 s"]
