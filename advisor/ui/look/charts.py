"""The colours of all charts, as the theme of the moment has them.

Charts are built without colours for their words and grid; these are added here, for
Streamlit's own are too pale to read. Marks have colours that both grounds bear.
"""

from typing import Any, cast

import altair as alt
import streamlit as st

NAME = "lr-advisor"
# (words, grid) on a light and on a dark ground; words at 4.5 to 1 or more.
LIGHT, DARK = ("#3D444C", "#DDE2E7"), ("#C6CDD5", "#39424D")


@alt.theme.register(NAME, enable=True)
def chart_theme() -> alt.theme.ThemeConfig:
    """Return the colours of words and grids, for the browser that is drawn for."""
    words, grid = DARK if st.context.theme.type == "dark" else LIGHT
    text = {"labelColor": words, "titleColor": words}
    config: dict[str, Any] = {
        "axis": {**text, "gridColor": grid},
        "legend": text,
        "header": text,
        "text": {"color": words},
        # As Streamlit has it; Altair's own theme would make charts 300 pixels wide.
        "view": {"stroke": "transparent"},
    }
    return cast("alt.theme.ThemeConfig", {"config": config})
