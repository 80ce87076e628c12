"""The site of the documentation: built without a warning, and no link leads nowhere."""

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent


class Page(HTMLParser):
    """The links of a page and the anchors it offers."""

    def __init__(self, file: Path):
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.links += [named[key] or "" for key in ("href", "src") if key in named]
        self.anchors.add(named.get("id") or "")


def build_site(folder: Path) -> Path:
    """Build the site as `make site` does; a warning is the failure's text."""
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c"]
    command += ["docs", ".", str(folder / "html"), "-d", str(folder / "read")]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "html"


def broken_links(site: Path) -> list[str]:
    """Return the links to pages, files and places on pages that are not there."""
    pages = {file: Page(file) for file in site.rglob("*.html")}
    broken = []
    for file, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            path = (file.parent / unquote(parts.path)).resolve()
            target = path if parts.path else file
            anchors = pages[target].anchors if target in pages else {""}
            place = unquote(parts.fragment)
            if not target.exists() or (target in pages and place not in {"", *anchors}):
                broken.append(f"{file.relative_to(site)}: {link}")
    return broken


def missing_from_menu(site: Path) -> set[Path]:
    """Return the pages of docs/ that the start page does not lead to."""
    start = Page(site / "index.html")
    listed = {(site / link.partition("#")[0]).resolve() for link in start.links}
    written = {
        (site / path.relative_to(ROOT)).with_suffix(".html")
        for path in (ROOT / "docs").rglob("*.md")
    }
    return written - listed


def test_the_site_is_built_without_a_warning_and_leads_everywhere(
    tmp_path: Path,
) -> None:
    """One test, since building takes its time: links, the menu, and a concept page."""
    site = build_site(tmp_path)
    assert broken_links(site) == []
    assert missing_from_menu(site) == set()
    page = site / "knowledge" / "concepts" / "warm-up.html"
    text = page.read_text(encoding="utf-8")
    assert "Warm-up starts with" in text
    assert "keywords:" not in text, "fields are for the program that finds it"
