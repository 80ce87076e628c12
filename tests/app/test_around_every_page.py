"""What stands around every page: the bar of what is under way, the name, the theme."""

import re
import tomllib
from pathlib import Path

import pytest

from advisor.service import Advisor
from advisor.ui import under_way
from advisor.ui.look import charts
from advisor.ui.look.frame import theme_colours
from advisor.ui.under_way import find_under_way, window_title
from experiments.jobs.records import NewJob
from knowledge.records import RunConfig
from tests.app.pages import OpenPage, texts

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(path.stem for path in (ROOT / "advisor" / "ui" / "pages").glob("*.py"))
# Captions are drawn at this share of the text's strength.
CAPTION_STRENGTH = 0.6


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour, as WCAG 2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [
        p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, as WCAG 2 defines it."""
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


def mixed(colour: str, ground: str, share: float) -> str:
    """Return a colour laid over a ground."""
    pairs = [
        (int(colour[i : i + 2], 16), int(ground[i : i + 2], 16)) for i in (1, 3, 5)
    ]
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)


@pytest.mark.parametrize("name", PAGES)
def test_what_is_under_way_stands_on_every_page(
    advisor: Advisor, open_page: OpenPage, name: str
) -> None:
    """With its share and a button that stops it."""
    verification = advisor.verify("realface@1/16", [3, 7], budget_seconds=60)
    at = open_page(name)
    (bar, *_) = at.get("progress")
    assert bar.proto.text.startswith("RealFace@1/16 at batch 3, 7")
    at.button(key=f"under_way_{verification.id}").click().run()
    assert not at.exception
    assert advisor.queue.verification(verification.id).cancel is not None


@pytest.mark.parametrize("name", PAGES)
def test_no_bar_stands_where_nothing_goes_on(
    advisor: Advisor, open_page: OpenPage, name: str
) -> None:
    at = open_page(name)
    assert not at.get("progress")
    assert not [b for b in at.button if (b.key or "").startswith("under_way")]


def test_the_time_left_is_told_from_how_far_it_got(advisor: Advisor) -> None:
    """Not before it got anywhere; and what was cancelled says so until it is over."""
    config = RunConfig("digits_mlp", "sgd", 8, 1e-2, seed=1, steps=100)
    job_id = advisor.queue.submit(NewJob(config))
    job = advisor.queue.claim("w")
    assert job is not None
    assert job.started is not None
    (one,) = find_under_way(advisor, now=job.started + 5)
    assert one.line == "Digits MLP at batch 8: 0 %, starting"
    advisor.queue.beat(job_id, "w", progress=0.25, loss=1.0)
    (one,) = find_under_way(advisor, now=job.started + 10)
    assert one.line == "Digits MLP at batch 8: 25 %, 30 s left"
    assert window_title("Runs", [one]) == "25 % · Runs · LR Advisor"
    advisor.queue.cancel(job_id)
    (one,) = find_under_way(advisor, now=job.started + 10)
    assert one.line == "Digits MLP at batch 8: cancelling ..."


def test_a_store_that_cannot_be_opened_is_said_once(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By the page, not by the bar above it."""
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("LR_ADVISOR_STORE", str(tmp_path / "file"))
    assert len(open_page("help").error) == 1


def test_a_word_is_looked_up_on_the_help_page(
    advisor: Advisor, open_page: OpenPage
) -> None:
    """And an address leads to it."""
    at = open_page("help")
    assert str(advisor.store.folder) in [code.value for code in at.code]
    at.selectbox(key="word").set_value("warm-up").run()
    assert "warm" in texts(at).lower()


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_every_text_is_readable_by_day_and_by_night(mode: str) -> None:
    """Contrast 4.5 to 1 or more, as WCAG 2 asks of text."""
    colours = theme_colours()[mode]
    for ground in (colours["backgroundColor"], colours["secondaryBackgroundColor"]):
        caption = mixed(colours["textColor"], ground, CAPTION_STRENGTH)
        words = charts.DARK[0] if mode == "dark" else charts.LIGHT[0]
        for text in (colours["textColor"], colours["linkColor"], caption, words):
            assert contrast(text, ground) >= 4.5, (text, ground)


def test_nothing_forces_a_theme_on_the_browser() -> None:
    """The one setting is where the two themes stand."""
    folder = ROOT / "advisor" / "ui"
    config = (folder / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    theme = tomllib.loads(config)["theme"]
    assert list(theme) == ["base"]
    assert (folder / theme["base"]).is_file()


def test_the_app_watches_no_source_files() -> None:
    """Of a folder in which much changes it would say so without end."""
    folder = ROOT / "advisor" / "ui" / ".streamlit"
    config = tomllib.loads((folder / "config.toml").read_text(encoding="utf-8"))
    assert config["server"]["fileWatcherType"] == "none"


def test_the_mark_is_drawn_of_shapes_alone() -> None:
    """No picture of somebody else's, nothing fetched from anywhere."""
    for name in ("mark.svg", "icon.svg"):
        svg = (Path(under_way.__file__).parent / "look" / name).read_text()
        assert not re.search(r"<image|href|url\(", svg)
