"""Which version of this program is running: it is part of what a run is."""

from importlib import metadata

PROGRAM = "lr-advisor"


def program_version() -> str:
    """Return the installed version of this program."""
    return metadata.version(PROGRAM)
