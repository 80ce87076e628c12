"""What a run can do without when the disk refuses: checkpoints, curves, pictures.

Training goes on and the trouble is said once.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from knowledge.errors import StoreError

Notice = Callable[[str], None]


class DiskTrouble:
    """Lets the disk refuse, and tells `notice` the first time that it does.

    >>> said = []
    >>> trouble = DiskTrouble(said.append)
    >>> for _ in range(2):
    ...     with trouble.tolerated("No checkpoint at step 5"):
    ...         raise OSError(28, "No space left on device")
    >>> len(said), said[0][:49]
    (1, 'No checkpoint at step 5 (No space left on device)')
    """

    def __init__(self, notice: Notice):
        self._notice = notice
        self._said = False

    @contextmanager
    def tolerated(self, what: str) -> Iterator[None]:
        """Go on after a refusal of the disk within the block."""
        try:
            yield
        except (OSError, StoreError) as error:
            if not self._said:
                self._said = True
                reason = getattr(error, "strerror", None) or str(error)
                self._notice(
                    f"{what} ({reason}): the run goes on, and if it is interrupted it "
                    "repeats the steps since its last checkpoint."
                )
