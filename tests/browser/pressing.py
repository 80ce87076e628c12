"""Pressing something until what it brings is there."""

from playwright.sync_api import Locator, expect

from tests.waiting import until

# Of one try; it is repeated for as long as any machine needs.
PATIENCE_MS = 10_000


def press(target: Locator, shown: Locator) -> None:
    """Press until what it brings is shown: a page that is drawn anew loses presses."""

    def is_shown() -> bool:
        target.click()
        try:
            expect(shown).to_be_visible(timeout=PATIENCE_MS)
        except AssertionError:
            return False
        return True

    until(is_shown, what=f"{shown} after pressing {target}")
