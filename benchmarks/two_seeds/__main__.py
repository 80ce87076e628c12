"""`python -m benchmarks.two_seeds`: writes docs/explanation/the-two-seeds.md and, with
every table, docs/dev/results/two-sources.md.

Without --store it reads a new store with the study that ships with the program, so
whoever has the repository gets the same page.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from advisor.service import Advisor
from benchmarks.two_seeds.findings import (
    Picture,
)
from benchmarks.two_seeds.material import gather_material
from benchmarks.two_seeds.page import Report, write_report
from knowledge.errors import AdvisorError, SettingsError
from knowledge.inbox import write_whole

PAGE, DETAILS = "explanation/the-two-seeds.md", "dev/results/two-sources.md"
PICTURES = "pictures"
PREFIX = "two-seeds-"


def build_report(advisor: Advisor) -> Report:
    """Return the report on everything the advisor's store holds."""
    return write_report(gather_material(advisor))


def save_report(report: Report, docs: Path) -> None:
    """Write both pages and their pictures below a folder; older pictures of it go.

    Raises:
        SettingsError: What draws the pictures is not installed.
        StoreError: The folder cannot be written.
    """
    drawn = {f"{p.name}.svg": draw_svg(p) for p in report.pictures}
    folder = docs / PICTURES
    for path in (folder, (docs / PAGE).parent, (docs / DETAILS).parent):
        path.mkdir(parents=True, exist_ok=True)
    for name, svg in drawn.items():
        write_whole(folder / name, svg.encode())
    for old in folder.glob(f"{PREFIX}*.svg"):
        if old.name not in drawn:
            old.unlink()
    write_whole(docs / PAGE, report.text.encode())
    write_whole(docs / DETAILS, report.details.encode())


def draw_svg(picture: Picture) -> str:
    """Return a picture as SVG.

    Raises:
        SettingsError: What draws it is not installed.
    """
    try:
        import vl_convert
    except ImportError as error:
        raise SettingsError(
            "The pictures need vl-convert-python, one of the developer's tools: "
            "`make setup` installs it."
        ) from error
    svg: str = vl_convert.vegalite_to_svg(json.dumps(picture.spec))
    return svg


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the report; 0 when done, 2 with a sentence when it cannot be."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.two_seeds",
        description=(__doc__ or "").split("\n")[0],
    )
    parser.add_argument("--store", default=":memory:", help="a store with runs")
    parser.add_argument("--docs", type=Path, default=Path("docs"), help="where to")
    given = parser.parse_args(arguments)
    try:
        with Advisor.open(given.store) as advisor:
            report = build_report(advisor)
        save_report(report, given.docs)
    except AdvisorError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{given.docs / PAGE}, {len(report.pictures)} pictures")
    return 0


if __name__ == "__main__":
    sys.exit(main())
