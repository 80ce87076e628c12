"""A folder of somebody else's whose modules have the names that we import."""

from pathlib import Path

PACKAGES = ("advisor", "experiments", "knowledge")
MODULES = ("torch", "numpy", "json")


def make_hostile_folder(folder: Path) -> Path:
    """Make the folder; whoever imports anything from it fails."""
    for name in PACKAGES:
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text(raising(name))
    for name in MODULES:
        (folder / f"{name}.py").write_text(raising(name))
    return folder


def raising(name: str) -> str:
    """Return the source of a module that nobody may import."""
    return f"raise RuntimeError('somebody else has a module {name}')\n"
