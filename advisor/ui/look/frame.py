"""Around every page: the name, the mark and the style sheet."""

import tomllib
from functools import cache
from pathlib import Path

import streamlit as st

from knowledge.version import program_version

HERE = Path(__file__).parent
MARK, ICON, STYLE, THEME = (
    HERE / name for name in ("mark.svg", "icon.svg", "style.css", "theme.toml")
)


def about() -> str:
    """Return what the menu says of this program."""
    return (
        f"**LR Advisor {program_version()}** suggests a learning rate for your batch "
        "size, shows the evidence, and can run missing experiments on this computer. "
        "Nothing you type or import leaves it."
    )


def render_frame() -> None:
    """Draw the name and the mark at the top left; nothing else is seen of this."""
    colours = theme_colours()[st.context.theme.type or "light"]
    mark = MARK.read_text(encoding="utf-8")
    st.logo(mark.replace("currentColor", colours["textColor"]), size="large")
    names = "\n".join(f"  --{name}: {colour};" for name, colour in colours.items())
    style = STYLE.read_text(encoding="utf-8")
    st.html(f"<style>\n:root {{\n{names}\n}}\n{style}</style>")


@cache
def theme_colours() -> dict[str, dict[str, str]]:
    """Return the colours of `light` and `dark`, as theme.toml has them."""
    theme = tomllib.loads(THEME.read_text(encoding="utf-8"))["theme"]
    return {name: theme[name] for name in ("light", "dark")}
