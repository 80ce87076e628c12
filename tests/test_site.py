"""The site of the documentation: built without a warning, and no link leads nowhere."""

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

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


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as `make site` builds it."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c"]
    command += ["docs", ".", str(folder / "html"), "-d", str(folder / "read")]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "html"


def test_every_link_of_the_site_leads_to_a_page_and_a_place_on_it(site: Path) -> None:
    """Also in the menu, and to files that lie beside the pages."""
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
    assert broken == []


def test_the_site_opens_with_the_readme_and_its_menu_has_every_page(site: Path) -> None:
    """The menu is made of the links in docs/README.md."""
    start = Page(site / "index.html")
    listed = {(site / link.partition("#")[0]).resolve() for link in start.links}
    written = {
        (site / path.relative_to(ROOT)).with_suffix(".html")
        for path in (ROOT / "docs").rglob("*.md")
        if path != ROOT / "docs" / "README.md"
    }
    assert written - listed == set()


def test_a_page_on_an_idea_shows_none_of_its_fields(site: Path) -> None:
    """They are for the program that finds it."""
    page = site / "knowledge" / "concepts" / "warm-up.html"
    text = page.read_text(encoding="utf-8")
    assert "Warm-up starts with" in text
    assert "keywords:" not in text
